//! The files a state writes beside EF.SOD, DG1 and DG2.

use super::description::{ActiveAuthentication, ChipAuthentication, PaceOffer, Quirks};
use super::keys::ChipKey;
use crate::UnixSeconds;
use crate::crypto::DigestAlgorithm;
use crate::lds::DataGroup;
use crate::lds::security_info::KeyAgreement;
use crate::sim::{Error, Holder};
use crate::tlv::{self, Oid, Tag};

/// EF.COM (9303-10 §4.6.1): LDS 1.7, Unicode 4.0.0, the tags of the data groups.
pub(super) fn com(groups: impl Iterator<Item = DataGroup>) -> Vec<u8> {
    let tags: Vec<u8> = groups.map(template).collect();
    let fields = [
        tlv::tagged(Tag(0x5F01), b"0107"),
        tlv::tagged(Tag(0x5F36), b"040000"),
        tlv::tagged(TAG_LIST, &tags),
    ];
    tlv::tagged(Tag(0x60), &fields.concat())
}

/// EF.ATR/INFO (9303-10 §3.11.2, ISO/IEC 7816-4 §12.1.1): card capabilities,
/// and the most bytes of a command and of a response.
pub(super) fn atr_info(quirks: &Quirks) -> Vec<u8> {
    let mut objects = tlv::tagged(Tag(0x47), &capabilities(quirks));
    if let Some(most) = quirks.extended_length {
        let most = tlv::integer(&most.to_be_bytes());
        objects.extend(tlv::tagged(Tag(0x7F66), &[&most[..], &most].concat()));
    }
    objects
}

/// Selection by name, file identifier and short identifier; data units of one
/// byte; command chaining, and extended lengths as EF.ATR/INFO details.
pub(in crate::sim) fn capabilities(quirks: &Quirks) -> [u8; 3] {
    let lengths = if quirks.extended_length.is_some() { 0xE0 } else { 0x80 };
    let short_ids = if quirks.no_short_ids { 0 } else { 0x04 };
    [0x90 | short_ids, 0x01, lengths]
}

/// `PACEInfo` (9303-11 §9.2.1).
pub(super) fn pace_info(offer: &PaceOffer) -> Vec<u8> {
    let oid = tlv::oid_element(&offer.protocol.oid());
    tlv::sequence(&[&oid, &tlv::integer(&[2]), &tlv::integer(&offer.domain.to_be_bytes())])
}

/// `ChipAuthenticationInfo` (9303-11 §9.2.5).
pub(super) fn chip_authentication_info(offer: &ChipAuthentication) -> Vec<u8> {
    tlv::sequence(&[
        &tlv::oid_element(&offer.protocol.oid()),
        &tlv::integer(&offer.version.to_be_bytes()),
        &key_number(offer.key_id),
    ])
}

/// `ChipAuthenticationPublicKeyInfo` (9303-11 §9.2.6).
pub(super) fn chip_public_key_info(key: &ChipKey, spki: &[u8]) -> Result<Vec<u8>, Error> {
    let agreement = match key.agreement()? {
        KeyAgreement::Dh => 1,
        KeyAgreement::Ecdh => 2,
    };
    let oid = Oid::from_octets(&[0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x01, agreement]);
    Ok(tlv::sequence(&[&tlv::oid_element(&oid), spki, &key_number(key.key_id)]))
}

/// `ActiveAuthenticationInfo` (9303-11 §9.2.4); RSA keys have none.
pub(super) fn active_authentication_info(form: ActiveAuthentication) -> Option<Vec<u8>> {
    let ActiveAuthentication::Ec { digest, .. } = form else { return None };
    let arc = match digest {
        DigestAlgorithm::Sha1 => 1,
        DigestAlgorithm::Sha224 => 2,
        DigestAlgorithm::Sha256 => 3,
        DigestAlgorithm::Sha384 => 4,
        DigestAlgorithm::Sha512 => 5,
    };
    // ecdsa-plain-SHAx of TR-03111
    let plain = Oid::from_octets(&[0x04, 0x00, 0x7F, 0x00, 0x07, 0x01, 0x01, 0x04, 0x01, arc]);
    Some(tlv::sequence(&[
        &tlv::oid_element(&ACTIVE_AUTHENTICATION),
        &tlv::integer(&[1]),
        &tlv::oid_element(&plain),
    ]))
}

/// DG11, DG12 or DG16 with details made up; `None` for any other group.
pub(super) fn details(group: DataGroup, holder: &Holder, at: UnixSeconds) -> Option<Vec<u8>> {
    let name = format!("{}<<{}", holder.surname, holder.given_names).replace(' ', "<");
    let date = at.date();
    let today = format!("{:04}{:02}{:02}", date.year(), date.month(), date.day());
    Some(match group.number() {
        // 9303-10 §4.7.11
        11 => listed(
            group,
            &[
                (Tag(0x5F0E), name.as_bytes()),
                (Tag(0x5F11), b"ZENITH<UTOPIA"),
                (Tag(0x5F42), b"MAIN STREET 1<ZENITH"),
                (Tag(0x5F12), b"+99 123 4567"),
                (Tag(0x5F13), b"ENGINEER"),
            ],
        ),
        // 9303-10 §4.7.12
        12 => listed(
            group,
            &[
                (Tag(0x5F19), b"PASSPORT OFFICE ZENITH"),
                (Tag(0x5F26), today.as_bytes()),
                (Tag(0x5F1B), b"NONE"),
            ],
        ),
        // 9303-10 §4.7.16
        16 => {
            let person = [
                tlv::tagged(Tag(0x5F50), today.as_bytes()),
                tlv::tagged(Tag(0x5F51), name.as_bytes()),
                tlv::tagged(Tag(0x5F52), b"+99 123 4568"),
                tlv::tagged(Tag(0x5F53), b"MAIN STREET 2<ZENITH"),
            ];
            let count = tlv::tagged(Tag::INTEGER, &[1]);
            let fields = [count, tlv::tagged(Tag(0xA1), &person.concat())];
            tlv::tagged(Tag(u32::from(template(group))), &fields.concat())
        }
        _ => return None,
    })
}

/// A template that starts with the list of its tags.
fn listed(group: DataGroup, fields: &[(Tag, &[u8])]) -> Vec<u8> {
    let tags: Vec<u8> = fields.iter().flat_map(|(tag, _)| (tag.0 as u16).to_be_bytes()).collect();
    let mut content = tlv::tagged(TAG_LIST, &tags);
    for (tag, value) in fields {
        content.extend(tlv::tagged(*tag, value));
    }
    tlv::tagged(Tag(u32::from(template(group))), &content)
}

/// The tag of a data group (9303-10 table 38).
fn template(group: DataGroup) -> u8 {
    match group.number() {
        2 => 0x75,
        3 => 0x63,
        4 => 0x76,
        number => 0x60 + number,
    }
}

fn key_number(key_id: Option<u32>) -> Vec<u8> {
    key_id.map(|id| tlv::integer(&id.to_be_bytes())).unwrap_or_default()
}

const TAG_LIST: Tag = Tag(0x5C);
/// 2.23.136.1.1.5
const ACTIVE_AUTHENTICATION: Oid = Oid::from_octets(&[0x67, 0x81, 0x08, 0x01, 0x01, 0x05]);
