//! Certificates and CRLs of the profile of 9303-12 §7.1.

use super::Error;
use super::key::SigningKey;
use crate::UnixSeconds;
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
}

/// What a certificate is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Csca,
    /// Looks like a CSCA, and its basic constraints say it is none.
    NotQuiteCsca,
    DocumentSigner,
    MasterListSigner,
}

pub(super) fn certificate(template: &Template<'_>, signer: &SigningKey) -> Result<Vec<u8>, Error> {
    let mut extensions = vec![
        extension(14, false, &tlv::octet_string(&key_id(&template.spki))),
        extension(
            35,
            false,
            &tlv::sequence(&[&tlv::tagged(
                Tag::context_primitive(0),
                &key_id(template.authority_spki),
            )]),
        ),
    ];
    match template.role {
        Role::Csca | Role::NotQuiteCsca => {
            // keyCertSign, cRLSign
            extensions.push(extension(15, true, &tlv::bit_string(&[0x06], 1)));
            let constraints = if template.role == Role::Csca {
                tlv::sequence(&[&tlv::boolean(true), &tlv::integer(&[0])])
            } else {
                tlv::sequence(&[])
            };
            extensions.push(extension(19, true, &constraints));
        }
        Role::DocumentSigner => {
            extensions.push(extension(15, true, &tlv::bit_string(&[0x80], 7)));
            let period = tlv::sequence(&[
                &private_key_time(0, template.not_before),
                &private_key_time(1, template.not_before.plus_days(120)),
            ]);
            extensions.push(extension(16, false, &period));
            let types = [b"P", b"I"].map(|letter| tlv::tagged(PRINTABLE_STRING, letter));
            let list = tlv::sequence(&[&tlv::integer(&[0]), &tlv::set_of(&types)]);
            let oid = tlv::oid_element(&crate::trust::DOCUMENT_TYPES);
            extensions.push(tlv::sequence(&[&oid, &tlv::octet_string(&list)]));
        }
        Role::MasterListSigner => {
            extensions.push(extension(15, true, &tlv::bit_string(&[0x80], 7)));
            let purpose = tlv::oid_element(&crate::trust::MASTER_LIST_SIGNER);
            extensions.push(extension(37, true, &tlv::sequence(&[&purpose])));
        }
    }
    let parts: Vec<&[u8]> = extensions.iter().map(Vec::as_slice).collect();
    let tbs = tlv::sequence(&[
        &tlv::explicit(0, &tlv::integer(&[2])),
        &tlv::integer(template.serial),
        &signer.algorithm(),
        &template.issuer,
        &tlv::sequence(&[&tlv::time(template.not_before), &tlv::time(template.not_after)]),
        &template.subject,
        &template.spki,
        &tlv::explicit(3, &tlv::sequence(&parts)),
    ]);
    signed(&tbs, signer)
}

pub(super) fn crl(
    issuer: &[u8],
    authority_spki: &[u8],
    serials: &[&[u8]],
    this_update: UnixSeconds,
    next_update: Option<UnixSeconds>,
    signer: &SigningKey,
) -> Result<Vec<u8>, Error> {
    let entries: Vec<u8> = serials
        .iter()
        .flat_map(|serial| tlv::sequence(&[&tlv::integer(serial), &tlv::time(this_update)]))
        .collect();
    let revoked =
        if entries.is_empty() { Vec::new() } else { tlv::tagged(Tag::SEQUENCE, &entries) };
    let authority =
        tlv::sequence(&[&tlv::tagged(Tag::context_primitive(0), &key_id(authority_spki))]);
    let extensions = tlv::sequence(&[
        &extension(35, false, &authority),
        &extension(20, false, &tlv::integer(&[1])),
    ]);
    let tbs = tlv::sequence(&[
        &tlv::integer(&[1]),
        &signer.algorithm(),
        issuer,
        &tlv::time(this_update),
        &next_update.map(tlv::time).unwrap_or_default(),
        &revoked,
        &tlv::explicit(0, &extensions),
    ]);
    signed(&tbs, signer)
}

/// `C=…, O=Simulated, CN=…`
pub(super) fn name(country: &str, common_name: &str) -> Vec<u8> {
    let attribute = |number: u8, value: Vec<u8>| {
        let oid = Oid::from_octets(&[0x55, 0x04, number]);
        tlv::set_of(&[tlv::sequence(&[&tlv::oid_element(&oid), &value])])
    };
    tlv::sequence(&[
        &attribute(6, tlv::tagged(PRINTABLE_STRING, country.as_bytes())),
        &attribute(10, tlv::tagged(UTF8_STRING, b"Simulated")),
        &attribute(3, tlv::tagged(UTF8_STRING, common_name.as_bytes())),
    ])
}

fn signed(tbs: &[u8], signer: &SigningKey) -> Result<Vec<u8>, Error> {
    let signature = signer.sign(tbs)?;
    Ok(tlv::sequence(&[tbs, &signer.algorithm(), &tlv::bit_string(&signature, 0)]))
}

fn extension(id_ce: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    let oid = tlv::oid_element(&Oid::from_octets(&[0x55, 0x1D, id_ce]));
    let critical = if critical { tlv::boolean(true) } else { Vec::new() };
    tlv::sequence(&[&oid, &critical, &tlv::octet_string(value)])
}

fn private_key_time(number: u8, at: UnixSeconds) -> Vec<u8> {
    let date = at.date();
    let text = format!("{:04}{:02}{:02}000000Z", date.year(), date.month(), date.day());
    tlv::tagged(Tag::context_primitive(number), text.as_bytes())
}

/// Any stable identifier will do; this one is of the whole key information.
fn key_id(spki: &[u8]) -> [u8; 20] {
    openssl::sha::sha1(spki)
}

const PRINTABLE_STRING: Tag = Tag(0x13);
const UTF8_STRING: Tag = Tag(0x0C);
