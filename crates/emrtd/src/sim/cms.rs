//! CMS `SignedData` as states write it (9303-10 §4.6.2.2).

use super::key::{SigningKey, digest_identifier, md5_identifier, md5_with_rsa, pss_algorithm};
use super::{Error, Flaw};
use crate::crypto::DigestAlgorithm;
use crate::crypto::cms::{CONTENT_TYPE, MESSAGE_DIGEST, SIGNED_DATA, SIGNING_TIME};
use crate::tlv::{self, Oid, Reader, Rules, Tag};
use crate::{UnixSeconds, trust::Certificate};

/// How [`signed_data`] signs.
pub(super) struct Signature<'a> {
    pub(super) certificate: &'a [u8],
    pub(super) embed: &'a [&'a [u8]],
    pub(super) key: &'a SigningKey,
    pub(super) signed_at: Option<UnixSeconds>,
    pub(super) style: Style,
    pub(super) flaw: Flaw,
}

/// The choices that CMS leaves to the signer.
#[derive(Clone, Copy, Default)]
pub(super) struct Style {
    /// The `digestAlgorithm`, when not that of the signature.
    pub(super) digest: Option<DigestAlgorithm>,
    /// The signature algorithm names the kind of key only.
    pub(super) key_algorithm: bool,
    /// The signer is named by its subject key identifier.
    pub(super) by_key_id: bool,
    /// BER with indefinite lengths and a segmented content.
    pub(super) indefinite: bool,
}

pub(super) fn signed_data(
    content_type: &Oid,
    content: &[u8],
    signature: &Signature<'_>,
) -> Result<Vec<u8>, Error> {
    let flaw = signature.flaw;
    let wrap = if signature.style.indefinite { indefinite } else { tlv::tagged };
    let digest = signature.style.digest.unwrap_or(signature.key.digest());
    let version = match flaw {
        Flaw::SignedDataVersion(version) => tlv::integer(&[version]),
        Flaw::NoSignedDataVersion => Vec::new(),
        _ => tlv::integer(&[3]),
    };
    let digests = match flaw {
        Flaw::NoDigestAlgorithms => Vec::new(),
        Flaw::EmptyDigestAlgorithms => tlv::set_of(&[]),
        Flaw::Md5Announced => tlv::set_of(&[md5_identifier()]),
        _ => tlv::set_of(&[digest_identifier(digest)]),
    };
    let label = match flaw {
        Flaw::WrongContentType => tlv::oid_element(&crate::trust::MASTER_LIST),
        Flaw::NoContentType => Vec::new(),
        _ => tlv::oid_element(content_type),
    };
    let octets = if signature.style.indefinite {
        let segments: Vec<u8> = content.chunks(100).flat_map(tlv::octet_string).collect();
        indefinite(Tag::OCTET_STRING_CONSTRUCTED, &segments)
    } else {
        tlv::octet_string(content)
    };
    let encapsulated = wrap(Tag::SEQUENCE, &[label, wrap(Tag::context(0), &octets)].concat());
    let certificates = if flaw == Flaw::NoCertificate {
        Vec::new()
    } else {
        wrap(Tag::context(0), &signature.embed.concat())
    };
    let info = signer_info(content_type, content, digest, signature)?;
    let infos = match flaw {
        Flaw::NoSigner => vec![],
        Flaw::TwoSigners => vec![info.clone(), info],
        _ => vec![info],
    };
    let body = [version, digests, encapsulated, certificates, tlv::set_of(&infos)].concat();
    let wrapped = wrap(Tag::context(0), &wrap(Tag::SEQUENCE, &body));
    Ok(wrap(Tag::SEQUENCE, &[tlv::oid_element(&SIGNED_DATA), wrapped].concat()))
}

fn signer_info(
    content_type: &Oid,
    content: &[u8],
    digest: DigestAlgorithm,
    signature: &Signature<'_>,
) -> Result<Vec<u8>, Error> {
    let Signature { key, flaw, style, .. } = *signature;
    let version = match flaw {
        Flaw::SignerVersion(version) => tlv::integer(&[version]),
        Flaw::NoSignerVersion => Vec::new(),
        _ => tlv::integer(&[if style.by_key_id { 3 } else { 1 }]),
    };
    let digest_algorithm = match flaw {
        Flaw::Md5Digest => md5_identifier(),
        Flaw::NoDigestAlgorithm => Vec::new(),
        _ => digest_identifier(digest),
    };
    let attributes = signed_attributes(content_type, content, digest, signature)?;
    let (covered, written) = if flaw == Flaw::NoSignedAttributes {
        (content, Vec::new())
    } else {
        let mut implicit = attributes.clone();
        if let Some(tag) = implicit.first_mut() {
            *tag = 0xA0;
        }
        (attributes.as_slice(), implicit)
    };
    let salt_len = key.digest().output_len() as u8;
    let algorithm = match flaw {
        Flaw::Md5Signature => md5_with_rsa(),
        Flaw::PssTrailer => pss_algorithm(&digest_identifier(key.digest()), salt_len, Some(2)),
        Flaw::PssSaltLength => pss_algorithm(&digest_identifier(key.digest()), salt_len - 1, None),
        Flaw::PssMask => pss_algorithm(&md5_identifier(), salt_len, None),
        _ if style.key_algorithm => key.key_algorithm(),
        _ => key.algorithm(),
    };
    let mut value =
        if flaw == Flaw::Md5Signature { key.sign_with_md5(covered)? } else { key.sign(covered)? };
    if flaw == Flaw::WrongSignature
        && let Some(last) = value.last_mut()
    {
        *last ^= 1;
    }
    let value = if flaw == Flaw::NoSignature { Vec::new() } else { tlv::octet_string(&value) };
    let id = signer_id(signature)?;
    Ok(tlv::sequence(&[&version, &id, &digest_algorithm, &written, &algorithm, &value]))
}

fn signed_attributes(
    content_type: &Oid,
    content: &[u8],
    digest: DigestAlgorithm,
    signature: &Signature<'_>,
) -> Result<Vec<u8>, Error> {
    let flaw = signature.flaw;
    let hashed =
        if flaw == Flaw::WrongMessageDigest { &content[..content.len() / 2] } else { content };
    let hash = match flaw {
        Flaw::Md5Digest => openssl::hash::hash(openssl::hash::MessageDigest::md5(), hashed)?,
        _ => openssl::hash::hash(digest.message_digest(), hashed)?,
    };
    let attribute = |oid: &Oid, value: Vec<u8>| {
        tlv::sequence(&[&tlv::oid_element(oid), &tlv::set_of(&[value])])
    };
    let mut attributes = Vec::new();
    match flaw {
        Flaw::NoSignedContentType => {}
        Flaw::WrongSignedContentType => {
            attributes.push(attribute(&CONTENT_TYPE, tlv::oid_element(&DATA)));
        }
        _ => attributes.push(attribute(&CONTENT_TYPE, tlv::oid_element(content_type))),
    }
    let copies = match flaw {
        Flaw::NoMessageDigest => 0,
        Flaw::TwoMessageDigests => 2,
        _ => 1,
    };
    for _ in 0..copies {
        attributes.push(attribute(&MESSAGE_DIGEST, tlv::octet_string(&hash)));
    }
    if let Some(at) = signature.signed_at {
        attributes.push(attribute(&SIGNING_TIME, tlv::time(at)));
    }
    Ok(tlv::set_of(&attributes))
}

fn signer_id(signature: &Signature<'_>) -> Result<Vec<u8>, Error> {
    let wrong = matches!(signature.flaw, Flaw::WrongSignerId | Flaw::WrongSignerIdAmongTwo);
    // One that cannot be read has whatever identifier; it is refused anyway.
    let Ok(parsed) = Certificate::from_der(signature.certificate) else {
        return Ok(tlv::sequence(&[&tlv::sequence(&[]), &tlv::integer(&[1])]));
    };
    if signature.style.by_key_id {
        let mut id = parsed.subject_key_id().unwrap_or_default().to_vec();
        if let Some(last) = id.last_mut() {
            *last ^= u8::from(wrong);
        }
        return Ok(tlv::tagged(Tag::context_primitive(0), &id));
    }
    let mut serial = parsed.serial().to_vec();
    if wrong {
        serial.push(1);
    }
    let issuer = Reader::new(parsed.issuer_der(), Rules::Der)
        .read()
        .map_err(crate::trust::CertificateError::from)?
        .raw()
        .to_vec();
    Ok(tlv::sequence(&[&issuer, &tlv::integer(&serial)]))
}

/// An element of indefinite length (X.690 §8.1.3.6), which BER allows.
fn indefinite(tag: Tag, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag.0 as u8, 0x80];
    out.extend_from_slice(content);
    out.extend_from_slice(&[0, 0]);
    out
}

/// 1.2.840.113549.1.7.1
const DATA: Oid = Oid::from_octets(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x01]);
