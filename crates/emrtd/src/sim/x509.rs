//! Certificates and CRLs of the profile of 9303-12 §7.1.

use super::key::{SigningKey, digest_identifier, md5_with_rsa};
use super::{CertificateFlaw as Flaw, CrlFlaw, Error};
use crate::UnixSeconds;
use crate::crypto::DigestAlgorithm;
use crate::tlv::{self, Oid, Tag};

/// What goes into a certificate.
pub(super) struct Template<'a> {
    pub(super) serial: &'a [u8],
    pub(super) issuer: Vec<u8>,
    pub(super) subject: Vec<u8>,
    pub(super) not_before: UnixSeconds,
    pub(super) not_after: UnixSeconds,
    pub(super) spki: Vec<u8>,
    pub(super) authority_spki: &'a [u8],
    pub(super) role: Role,
    pub(super) flaw: Flaw,
}

/// What a certificate is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Csca,
    DocumentSigner,
    MasterListSigner,
    DeviationListSigner,
}

pub(super) fn certificate(template: &Template<'_>, signer: &SigningKey) -> Result<Vec<u8>, Error> {
    let flaw = template.flaw;
    let version = match flaw {
        Flaw::NoVersion => Vec::new(),
        Flaw::Version(number) => tlv::explicit(0, &tlv::integer(&[number])),
        _ => tlv::explicit(0, &tlv::integer(&[2])),
    };
    let algorithm = if flaw == Flaw::Md5Signature { md5_with_rsa() } else { signer.algorithm() };
    let inside = match flaw {
        Flaw::NoSignatureElement => Vec::new(),
        Flaw::AlgorithmsDiffer => other_than(&algorithm),
        _ => algorithm.clone(),
    };
    let validity = if flaw == Flaw::GeneralizedTime {
        tlv::sequence(&[&four_digits(template.not_before), &four_digits(template.not_after)])
    } else {
        tlv::sequence(&[&tlv::time(template.not_before), &tlv::time(template.not_after)])
    };
    let spki = if flaw == Flaw::Md5PublicKey {
        relabelled(&template.spki)?
    } else {
        template.spki.clone()
    };
    let or_nothing = |missing: Flaw, part: Vec<u8>| if flaw == missing { Vec::new() } else { part };
    let tbs = tlv::sequence(&[
        &version,
        &or_nothing(Flaw::NoSerial, tlv::integer(template.serial)),
        &inside,
        &or_nothing(Flaw::NoIssuer, template.issuer.clone()),
        &or_nothing(Flaw::NoValidity, validity),
        &template.subject,
        &or_nothing(Flaw::NoPublicKey, spki),
        &tlv::explicit(3, &tlv::sequence(&[&extensions(template).concat()])),
    ]);
    let outside = match flaw {
        Flaw::NoSignatureAlgorithm => Vec::new(),
        Flaw::ParametersDiffer => with_other_parameters(&algorithm)?,
        _ => algorithm,
    };
    let mut value =
        if flaw == Flaw::Md5Signature { signer.sign_with_md5(&tbs)? } else { signer.sign(&tbs)? };
    if flaw == Flaw::WrongSignature
        && let Some(last) = value.last_mut()
    {
        *last ^= 1;
    }
    let unused = u8::from(flaw == Flaw::UnusedBits);
    let value = or_nothing(Flaw::NoSignatureValue, tlv::bit_string(&value, unused));
    Ok(tlv::sequence(&[&tbs, &outside, &value]))
}

fn extensions(template: &Template<'_>) -> Vec<Vec<u8>> {
    let flaw = template.flaw;
    let mut extensions = Vec::new();
    if flaw != Flaw::NoSubjectKeyId {
        extensions.push(extension(14, false, &tlv::octet_string(&key_id(&template.spki))));
    }
    let authority = match flaw {
        Flaw::EmptyAuthorityKeyId => Vec::new(),
        Flaw::WrongAuthorityKeyId => authority_key_id(b"another key"),
        _ => authority_key_id(template.authority_spki),
    };
    if !matches!(flaw, Flaw::NoAuthorityKeyId | Flaw::OtherIssuerAlone) {
        extensions.push(extension(35, false, &tlv::sequence(&[&authority])));
    }
    let usage = match (flaw, template.role) {
        (Flaw::WrongKeyUsage, _) => tlv::bit_string(&[0x20], 5),
        (Flaw::MalformedKeyUsage, _) => tlv::integer(&[1]),
        // keyCertSign, cRLSign
        (_, Role::Csca) => tlv::bit_string(&[0x06], 1),
        _ => tlv::bit_string(&[0x80], 7),
    };
    if flaw != Flaw::NoKeyUsage {
        extensions.push(extension(15, flaw != Flaw::KeyUsageNotCritical, &usage));
    }
    let is_ca = (template.role == Role::Csca) != (flaw == Flaw::WrongBasicConstraints);
    if is_ca {
        let constraints = tlv::sequence(&[&tlv::boolean(true), &tlv::integer(&[0])]);
        extensions.push(extension(19, true, &constraints));
    } else if template.role == Role::Csca {
        extensions.push(extension(19, true, &tlv::sequence(&[])));
    }
    match template.role {
        Role::Csca => {}
        Role::DocumentSigner => {
            let period = tlv::sequence(&[
                &private_key_time(0, template.not_before),
                &private_key_time(1, template.not_before.plus_days(120)),
            ]);
            extensions.push(extension(16, false, &period));
            let types = [b"P", b"I"].map(|letter| tlv::tagged(PRINTABLE_STRING, letter));
            let list = tlv::sequence(&[&tlv::integer(&[0]), &tlv::set_of(&types)]);
            extensions.push(named_extension(&crate::trust::DOCUMENT_TYPES, false, &list));
        }
        Role::MasterListSigner => {
            let purpose = tlv::oid_element(&crate::trust::MASTER_LIST_SIGNER);
            extensions.push(extension(37, true, &tlv::sequence(&[&purpose])));
        }
        Role::DeviationListSigner => {
            let purpose = tlv::oid_element(&DEVIATION_LIST_SIGNER);
            extensions.push(extension(37, true, &tlv::sequence(&[&purpose])));
        }
    }
    match flaw {
        Flaw::OtherPurpose => {
            let purpose = tlv::oid_element(&DEVIATION_LIST_SIGNER);
            extensions.push(extension(37, true, &tlv::sequence(&[&purpose])));
        }
        Flaw::UnknownCritical => {
            extensions.push(named_extension(&UNKNOWN_EXTENSION, true, &tlv::null()));
        }
        Flaw::RepeatedExtension => extensions.extend(extensions.first().cloned()),
        _ => {}
    }
    extensions
}

/// What goes into a CRL.
pub(super) struct CrlTemplate<'a> {
    pub(super) issuer: &'a [u8],
    pub(super) authority_spki: &'a [u8],
    pub(super) serials: &'a [&'a [u8]],
    pub(super) this_update: UnixSeconds,
    pub(super) next_update: Option<UnixSeconds>,
    pub(super) flaw: CrlFlaw,
}

pub(super) fn crl(template: &CrlTemplate<'_>, signer: &SigningKey) -> Result<Vec<u8>, Error> {
    let flaw = template.flaw;
    let date = tlv::time(template.this_update);
    let entries: Vec<u8> = template
        .serials
        .iter()
        .flat_map(|serial| tlv::sequence(&[&tlv::integer(serial), &date]))
        .collect();
    let revoked =
        if entries.is_empty() { Vec::new() } else { tlv::tagged(Tag::SEQUENCE, &entries) };
    let authority = tlv::sequence(&[&authority_key_id(template.authority_spki)]);
    let restriction = match flaw {
        CrlFlaw::Delta => extension(27, true, &tlv::integer(&[1])),
        // onlyContainsCACerts
        CrlFlaw::PartialScope => {
            let only = tlv::tagged(Tag::context_primitive(2), &[0xFF]);
            extension(28, true, &tlv::sequence(&[&only]))
        }
        _ => Vec::new(),
    };
    let extensions = tlv::sequence(&[
        &extension(35, false, &authority),
        &extension(20, false, &tlv::integer(&[1])),
        &restriction,
    ]);
    let algorithm = if flaw == CrlFlaw::Md5Signature { md5_with_rsa() } else { signer.algorithm() };
    let tbs = tlv::sequence(&[
        &tlv::integer(&[1]),
        &algorithm,
        template.issuer,
        &date,
        &template.next_update.map(tlv::time).unwrap_or_default(),
        &revoked,
        &tlv::explicit(0, &extensions),
    ]);
    let mut value = if flaw == CrlFlaw::Md5Signature {
        signer.sign_with_md5(&tbs)?
    } else {
        signer.sign(&tbs)?
    };
    if flaw == CrlFlaw::WrongSignature
        && let Some(last) = value.last_mut()
    {
        *last ^= 1;
    }
    let mut list = tlv::sequence(&[&tbs, &algorithm, &tlv::bit_string(&value, 0)]);
    if flaw == CrlFlaw::TrailingData {
        list.push(0);
    }
    Ok(list)
}

/// `C=…, O=Simulated, CN=…`; the country is left out when empty.
pub(super) fn name(country: &str, common_name: &str) -> Vec<u8> {
    let attribute = |number: u8, value: Vec<u8>| {
        let oid = Oid::from_octets(&[0x55, 0x04, number]);
        tlv::set_of(&[tlv::sequence(&[&tlv::oid_element(&oid), &value])])
    };
    let country = if country.is_empty() {
        Vec::new()
    } else {
        attribute(6, tlv::tagged(PRINTABLE_STRING, country.as_bytes()))
    };
    tlv::sequence(&[
        &country,
        &attribute(10, tlv::tagged(UTF8_STRING, b"Simulated")),
        &attribute(3, tlv::tagged(UTF8_STRING, common_name.as_bytes())),
    ])
}

fn extension(id_ce: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    named_extension(&Oid::from_octets(&[0x55, 0x1D, id_ce]), critical, value)
}

fn named_extension(oid: &Oid, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { tlv::boolean(true) } else { Vec::new() };
    tlv::sequence(&[&tlv::oid_element(oid), &critical, &tlv::octet_string(value)])
}

fn authority_key_id(spki: &[u8]) -> Vec<u8> {
    tlv::tagged(Tag::context_primitive(0), &key_id(spki))
}

fn private_key_time(number: u8, at: UnixSeconds) -> Vec<u8> {
    let date = at.date();
    let text = format!("{:04}{:02}{:02}000000Z", date.year(), date.month(), date.day());
    tlv::tagged(Tag::context_primitive(number), text.as_bytes())
}

fn four_digits(at: UnixSeconds) -> Vec<u8> {
    let date = at.date();
    let text = format!("{:04}{:02}{:02}000000Z", date.year(), date.month(), date.day());
    tlv::tagged(Tag::GENERALIZED_TIME, text.as_bytes())
}

/// ECDSA with SHA-384 or, if it is that, with SHA-512.
fn other_than(algorithm: &[u8]) -> Vec<u8> {
    let ecdsa = |arc| {
        let oid = Oid::from_octets(&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, arc]);
        tlv::sequence(&[&tlv::oid_element(&oid)])
    };
    let other = ecdsa(3);
    if other == algorithm { ecdsa(4) } else { other }
}

/// The same algorithm with the digest identifier of SHA-1 for parameters.
fn with_other_parameters(algorithm: &[u8]) -> Result<Vec<u8>, Error> {
    let oid = first_child(algorithm)?;
    Ok(tlv::sequence(&[&oid, &digest_identifier(DigestAlgorithm::Sha1)]))
}

/// A `SubjectPublicKeyInfo` with the algorithm RSA with MD5.
fn relabelled(spki: &[u8]) -> Result<Vec<u8>, Error> {
    let algorithm = first_child(spki)?;
    let at = spki.windows(algorithm.len()).position(|window| window == algorithm).unwrap_or(0);
    let key = spki.get(at + algorithm.len()..).unwrap_or(&[]);
    Ok(tlv::sequence(&[&md5_with_rsa(), key]))
}

fn first_child(encoded: &[u8]) -> Result<Vec<u8>, Error> {
    let read = || {
        let outer = tlv::Reader::new(encoded, tlv::Rules::Der).read()?;
        Ok::<_, tlv::Error>(outer.children()?.read()?.raw().to_vec())
    };
    read().map_err(|error| Error::Certificate(error.into()))
}

/// Any stable identifier will do; this one is of the whole key information.
fn key_id(spki: &[u8]) -> [u8; 20] {
    openssl::sha::sha1(spki)
}

const PRINTABLE_STRING: Tag = Tag(0x13);
const UTF8_STRING: Tag = Tag(0x0C);
/// 2.23.136.1.1.8, id-icao-mrtd-security-DeviationListSigningKey
const DEVIATION_LIST_SIGNER: Oid = Oid::from_octets(&[0x67, 0x81, 0x08, 0x01, 0x01, 0x08]);
/// 1.3.6.1.5.5.7.1.99, which stands for nothing.
const UNKNOWN_EXTENSION: Oid = Oid::from_octets(&[0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x63]);
