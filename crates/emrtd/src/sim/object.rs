//! The LDS security object (9303-10 §4.6.2.3).

use super::key::{digest_identifier, md5_identifier};
use super::{DocumentProfile, Error, Flaw, SimulatedDocument};
use crate::crypto::DigestAlgorithm;
use crate::tlv::{self, Tag};

pub(super) fn security_object(
    document: &SimulatedDocument,
    digest: DigestAlgorithm,
    profile: &DocumentProfile,
) -> Result<Vec<u8>, Error> {
    let flaw = profile.flaw;
    let hasher = match flaw {
        Flaw::Md5GroupHashes => openssl::hash::MessageDigest::md5(),
        _ => digest.message_digest(),
    };
    let mut listed: Vec<(Option<u8>, Vec<u8>)> = Vec::new();
    for (group, file) in document.groups() {
        let mut hash = openssl::hash::hash(hasher, file)?.to_vec();
        if flaw == Flaw::WrongGroupHash(group)
            && let Some(first) = hash.first_mut()
        {
            *first ^= 1;
        }
        let number = match flaw {
            Flaw::NoGroupHash(missing) if missing == group => continue,
            Flaw::RenamedGroup(from, to) if from == group => Some(to.number()),
            Flaw::WrongGroupNumber(wrong) if wrong == group => Some(0xFF),
            Flaw::NoGroupNumber(wrong) if wrong == group => None,
            _ => Some(group.number()),
        };
        if flaw == Flaw::RepeatedGroup(group) {
            listed.push((number, hash.clone()));
        }
        listed.push((number, hash));
    }
    if let Flaw::ExtraGroupHash(group) = flaw {
        let hash = openssl::hash::hash(hasher, b"a file that does not exist")?;
        listed.push((Some(group.number()), hash.to_vec()));
    }
    let entries: Vec<u8> = listed
        .iter()
        .flat_map(|(number, hash)| {
            let number = number.map(|number| tlv::integer(&[number])).unwrap_or_default();
            tlv::sequence(&[&number, &tlv::octet_string(hash)])
        })
        .collect();
    let version = match flaw {
        Flaw::ObjectVersion(version) => tlv::integer(&[version]),
        Flaw::NoObjectVersion => Vec::new(),
        _ => tlv::integer(&[u8::from(profile.lds_version.is_some())]),
    };
    let algorithm = match flaw {
        Flaw::Md5GroupHashes => md5_identifier(),
        Flaw::NoObjectDigest => Vec::new(),
        _ => digest_identifier(digest),
    };
    let text = |text: &str| tlv::tagged(PRINTABLE_STRING, text.as_bytes());
    let info = profile.lds_version.as_ref().map(|lds| {
        // Unicode 4.0.0, which LDS 1.8 refers to.
        tlv::sequence(&[&text(lds), &text("040000")])
    });
    Ok(tlv::sequence(&[
        &version,
        &algorithm,
        &tlv::tagged(Tag::SEQUENCE, &entries),
        &info.unwrap_or_default(),
    ]))
}

/// `77 { … }` around the signed object.
pub(super) fn file(signed: &[u8], flaw: Flaw) -> Vec<u8> {
    let tag = if flaw == Flaw::WrongTemplate { Tag(0x78) } else { crate::lds::sod::TEMPLATE };
    let mut file = tlv::tagged(tag, signed);
    let length_ends = file.len() - signed.len() - 1;
    if let Some(last) = file.get_mut(length_ends) {
        match flaw {
            Flaw::TemplateTooShort => *last = last.wrapping_sub(1),
            Flaw::TemplateTooLong => *last = last.wrapping_add(1),
            _ => {}
        }
    }
    file
}

const PRINTABLE_STRING: Tag = Tag(0x13);
