//! CMS `SignedData` as states write it (9303-10 §4.6.2.2).

use super::Error;
use super::key::{SigningKey, digest_identifier};
use crate::crypto::cms::{CONTENT_TYPE, MESSAGE_DIGEST, SIGNED_DATA, SIGNING_TIME};
use crate::tlv::{self, Oid, Reader, Rules, Tag};
use crate::{UnixSeconds, trust::Certificate};

/// A way in which a security object breaks the rules, to test refusals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// It breaks none.
    #[default]
    None,
    /// The signed `contentType` is that of plain data.
    WrongSignedContentType,
    /// There is no signed `contentType`.
    NoSignedContentType,
    /// There is no signed `messageDigest`.
    NoMessageDigest,
    /// The signed `messageDigest` is of something else.
    WrongMessageDigest,
    /// The signature covers the content itself.
    NoSignedAttributes,
    /// The content is labelled as a master list.
    WrongContentType,
    /// There is no signer.
    NoSigner,
    /// The same signer signs twice.
    TwoSigners,
    /// The signer's certificate is not embedded.
    NoCertificate,
    /// The signer identifier names another certificate.
    WrongSignerId,
    /// The last byte of the signature is another one.
    WrongSignature,
    /// The signature is of the certificate for master lists.
    SignedByMasterListSigner,
    /// The signature is of the CSCA itself.
    SignedByCsca,
}

pub(super) struct Signature<'a> {
    pub(super) certificate: &'a [u8],
    pub(super) embed: &'a [&'a [u8]],
    pub(super) key: &'a SigningKey,
    pub(super) signed_at: Option<UnixSeconds>,
    pub(super) flaw: Flaw,
}

pub(super) fn signed_data(
    content_type: &Oid,
    content: &[u8],
    signature: &Signature<'_>,
) -> Result<Vec<u8>, Error> {
    let flaw = signature.flaw;
    let digest = digest_identifier(signature.key.digest());
    let labelled =
        if flaw == Flaw::WrongContentType { crate::trust::MASTER_LIST } else { *content_type };
    let encapsulated = tlv::sequence(&[
        &tlv::oid_element(&labelled),
        &tlv::explicit(0, &tlv::octet_string(content)),
    ]);
    let certificates = if flaw == Flaw::NoCertificate {
        Vec::new()
    } else {
        tlv::tagged(Tag::context(0), &signature.embed.concat())
    };
    let info = signer_info(content_type, content, signature)?;
    let infos = match flaw {
        Flaw::NoSigner => vec![],
        Flaw::TwoSigners => vec![info.clone(), info],
        _ => vec![info],
    };
    let body = tlv::sequence(&[
        &tlv::integer(&[3]),
        &tlv::set_of(&[digest]),
        &encapsulated,
        &certificates,
        &tlv::set_of(&infos),
    ]);
    Ok(tlv::sequence(&[&tlv::oid_element(&SIGNED_DATA), &tlv::explicit(0, &body)]))
}

fn signer_info(
    content_type: &Oid,
    content: &[u8],
    signature: &Signature<'_>,
) -> Result<Vec<u8>, Error> {
    let flaw = signature.flaw;
    let digest = signature.key.digest();
    let hashed =
        if flaw == Flaw::WrongMessageDigest { &content[..content.len() / 2] } else { content };
    let hash = openssl::hash::hash(digest.message_digest(), hashed)?;
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
    if flaw != Flaw::NoMessageDigest {
        attributes.push(attribute(&MESSAGE_DIGEST, tlv::octet_string(&hash)));
    }
    if let Some(at) = signature.signed_at {
        attributes.push(attribute(&SIGNING_TIME, tlv::time(at)));
    }
    let set = tlv::set_of(&attributes);
    let (covered, written) = if flaw == Flaw::NoSignedAttributes {
        (content, Vec::new())
    } else {
        let mut implicit = set.clone();
        if let Some(tag) = implicit.first_mut() {
            *tag = 0xA0;
        }
        (set.as_slice(), implicit)
    };
    let mut value = signature.key.sign(covered)?;
    if flaw == Flaw::WrongSignature
        && let Some(last) = value.last_mut()
    {
        *last ^= 1;
    }
    Ok(tlv::sequence(&[
        &tlv::integer(&[1]),
        &signer_id(signature.certificate, flaw)?,
        &digest_identifier(digest),
        &written,
        &signature.key.algorithm(),
        &tlv::octet_string(&value),
    ]))
}

fn signer_id(certificate: &[u8], flaw: Flaw) -> Result<Vec<u8>, Error> {
    let parsed = Certificate::from_der(certificate)?;
    let mut serial = parsed.serial().to_vec();
    if flaw == Flaw::WrongSignerId {
        serial.push(1);
    }
    let issuer = Reader::new(parsed.issuer_der(), Rules::Der)
        .read()
        .map_err(crate::trust::CertificateError::from)?
        .raw()
        .to_vec();
    Ok(tlv::sequence(&[&issuer, &tlv::integer(&serial)]))
}

/// 1.2.840.113549.1.7.1
const DATA: Oid = Oid::from_octets(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x01]);
