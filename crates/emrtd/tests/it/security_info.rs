//! SecurityInfos, DG14 and DG15: what is read, and what is refused where.

use emrtd::crypto::cms::SignedData;
use emrtd::crypto::symmetric::Cipher;
use emrtd::crypto::{Curve, DigestAlgorithm, KeyDescription};
use emrtd::lds::dg14::Dg14;
use emrtd::lds::dg15::{self, Dg15};
use emrtd::lds::security_info::{
    ActiveAuthenticationInfo, ChipAuthenticationInfo, ChipAuthenticationProtocol, KeyAgreement,
    MAX_INFOS, PaceInfo, PaceMapping, PaceProtocol, SecurityInfo, SecurityInfos,
};
use emrtd::lds::sod::Sod;
use emrtd::tlv::{self, ErrorKind, Oid, Tag};
use proptest::prelude::*;

use crate::shared::shared;

const BSI: [u8; 7] = [0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02];

/// EF.CardAccess of a real German passport.
const CARD_ACCESS: &str =
    "31283012060A04007F0007020204020202010202010D3012060A04007F0007020204060202010202010D";

pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

pub(crate) fn bsi(arcs: &[u8]) -> Oid {
    Oid::from_octets(&[&BSI, arcs].concat())
}

fn entry(oid: &Oid, fields: &[&[u8]]) -> Vec<u8> {
    tlv::sequence(&[&tlv::oid_element(oid), &fields.concat()])
}

fn set(entries: &[Vec<u8>]) -> Vec<u8> {
    tlv::tagged(Tag::SET, &entries.concat())
}

#[test]
fn card_access_of_a_german_passport() {
    let infos = SecurityInfos::parse(&hex(CARD_ACCESS), 0).unwrap();
    let pace = |mapping| PaceInfo {
        protocol: PaceProtocol { agreement: KeyAgreement::Ecdh, mapping, cipher: Cipher::Aes128 },
        version: 2,
        parameter_id: Some(13),
    };
    let found: Vec<PaceInfo> = infos.pace().cloned().collect();
    assert_eq!(found, [pace(PaceMapping::Generic), pace(PaceMapping::ChipAuthentication)]);
}

#[test]
fn chip_key_of_appendix_i() {
    // 9303-11 appendix I: a key on a standardized curve.
    let info = hex("30620609 04007F00 07020201 02305230 0C060704 007F0007 01020201 0D034200
         04187270 9494399E 7470A643 1BE25E83 EEE24FEA 568C2ED2 8DB48E05 DB3A610D
         C884D256 A40E35EF CB59BF67 53D3A489 D28C7A4D 973C2DA1 38A6E7A4 A08F68E1 6F02010D");
    let infos = SecurityInfos::parse(&set(&[info]), 0).unwrap();
    let key = infos.chip_public_keys().next().unwrap();
    assert_eq!(key.agreement, KeyAgreement::Ecdh);
    assert_eq!(key.algorithm.oid.to_string(), "0.4.0.127.0.7.1.2");
    assert_eq!(key.algorithm.parameters, Some(vec![2, 1, 13]));
    assert_eq!(key.public_key.len(), 65);
    assert_eq!(key.key_id, Some(13));
    assert_eq!(infos.chip_authentication().count(), 0);
}

#[test]
fn every_protocol_identifier_goes_both_ways() {
    let mut pace = 0;
    let mut chip = 0;
    for family in 0..=8 {
        for cipher in 0..=6 {
            let oid = bsi(&[4, family, cipher]);
            if let Some(protocol) = PaceProtocol::from_oid(&oid) {
                assert_eq!(protocol.oid(), oid);
                pace += 1;
            }
            let oid = bsi(&[3, family, cipher]);
            if let Some(protocol) = ChipAuthenticationProtocol::from_oid(&oid) {
                assert_eq!(protocol.oid(), oid);
                chip += 1;
            }
        }
    }
    assert_eq!((pace, chip), (19, 8), "the lists of 9303-11 §9.2.3 and §9.2.7");
}

#[test]
fn other_entries_are_tolerated() {
    let unknown = Oid::from_octets(&[0x2A, 0x03, 0x04]);
    let aa = Oid::from_octets(&[0x67, 0x81, 0x08, 0x01, 0x01, 0x05]);
    let plain_sha256 = Oid::from_octets(&[0x04, 0, 0x7F, 0, 7, 1, 1, 4, 1, 3]);
    let parameters = tlv::sequence(&[&tlv::oid_element(&unknown), &tlv::null()]);
    let one = tlv::integer(&[1]);
    let two = tlv::integer(&[2]);
    let infos = SecurityInfos::parse(
        &set(&[
            entry(&unknown, &[&tlv::null(), &tlv::null()]),
            entry(&bsi(&[2]), &[&one, &tlv::sequence(&[&tlv::octet_string(&[1, 0x1C])])]),
            entry(&bsi(&[4, 2]), &[&parameters, &two]),
            entry(&bsi(&[3, 2, 4]), &[&two, &tlv::integer(&[0xC3])]),
            entry(&bsi(&[3, 2]), &[&parameters]),
            entry(&aa, &[&one, &tlv::oid_element(&plain_sha256)]),
        ]),
        0,
    )
    .unwrap();
    let kinds: Vec<&SecurityInfo> = infos.iter().collect();
    assert!(matches!(kinds[0], SecurityInfo::Unknown(oid) if *oid == unknown));
    assert!(matches!(kinds[1], SecurityInfo::TerminalAuthentication));
    assert!(matches!(
        kinds[2],
        SecurityInfo::PaceDomainParameters(info)
            if info.parameter_id == Some(2) && info.parameters.oid == unknown
    ));
    let protocol =
        ChipAuthenticationProtocol { agreement: KeyAgreement::Ecdh, cipher: Cipher::Aes256 };
    let chip = ChipAuthenticationInfo { protocol, version: 2, key_id: Some(0xC3) };
    assert_eq!(infos.chip_authentication().collect::<Vec<_>>(), [&chip]);
    assert!(matches!(kinds[4], SecurityInfo::Unknown(oid) if *oid == bsi(&[3, 2])));
    let active = infos.active_authentication().unwrap();
    assert_eq!(active.ecdsa_digest(), Some(DigestAlgorithm::Sha256));
}

#[test]
fn the_digest_of_active_authentication_by_every_name() {
    let digest = |octets: &[u8]| {
        let signature_algorithm = Oid::from_octets(octets);
        ActiveAuthenticationInfo { version: 1, signature_algorithm, offset: 0 }.ecdsa_digest()
    };
    for (arc, expected) in (1..).zip(DigestAlgorithm::ALL) {
        assert_eq!(digest(&[4, 0, 0x7F, 0, 7, 1, 1, 4, 1, arc]), Some(expected));
    }
    assert_eq!(
        digest(&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 3]),
        Some(DigestAlgorithm::Sha384),
        "X9.62"
    );
    assert_eq!(digest(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 11]), None, "RSA");
    assert_eq!(digest(&[4, 0, 0x7F, 0, 7, 1, 1, 4, 1, 6]), None, "RIPEMD-160");
}

#[test]
fn broken_infos_are_refused_where_they_break() {
    let at = |bytes: &[u8]| SecurityInfos::parse(bytes, 100).unwrap_err();
    let mut trailing = hex(CARD_ACCESS);
    trailing.push(0);
    assert_eq!((at(&trailing).kind, at(&trailing).offset), (ErrorKind::TrailingData, 142));
    let whole = hex(CARD_ACCESS);
    assert_eq!(at(&whole[..41]).kind, ErrorKind::Truncated);

    // A known protocol without its version (TR-03105-5.1 LDS_F_07).
    let bare = set(&[entry(&bsi(&[3, 2, 2]), &[])]);
    assert_eq!(at(&bare).kind, ErrorKind::Missing(Tag::INTEGER));
    assert_eq!(at(&bare).offset, 100 + bare.len());
    let one = tlv::integer(&[1]);
    let more = set(&[entry(&bsi(&[3, 2, 2]), &[&one, &one, &one])]);
    assert_eq!(at(&more).kind, ErrorKind::TrailingData);
    let bits = tlv::bit_string(&[4], 3);
    let spki = tlv::sequence(&[&tlv::sequence(&[&tlv::oid_element(&bsi(&[1]))]), &bits]);
    assert!(matches!(at(&set(&[entry(&bsi(&[1, 2]), &[&spki])])).kind, ErrorKind::Value(_)));
}

#[test]
fn the_number_of_infos_is_bounded() {
    let one = entry(&bsi(&[2]), &[]);
    assert!(SecurityInfos::parse(&set(&vec![one.clone(); MAX_INFOS]), 0).is_ok());
    assert!(SecurityInfos::parse(&set(&vec![one; MAX_INFOS + 1]), 0).is_err());
}

#[test]
fn dg14_of_real_passports() {
    let aes = ChipAuthenticationProtocol { agreement: KeyAgreement::Ecdh, cipher: Cipher::Aes128 };
    let austria = ChipAuthenticationInfo { protocol: aes, version: 1, key_id: None };
    for (passport, chip, keys, pace) in [
        ("0464524bab9c", vec![austria], 1, 1),
        ("0b5f3c1d9b5b", vec![], 0, 1),
        // A key and no ChipAuthenticationInfo, as in TR-03110 1.0.
        ("3339ea1a5ee3", vec![], 1, 1),
    ] {
        let Some(file) = shared(&format!("specimens/gmrtd/{passport}/DG14.bin")) else { return };
        let dg14 = Dg14::parse(&file).unwrap();
        let infos = dg14.security_infos();
        assert_eq!(infos.chip_authentication().cloned().collect::<Vec<_>>(), chip);
        assert_eq!(infos.chip_public_keys().count(), keys);
        assert_eq!(infos.pace().count(), pace);
        assert_eq!(infos.active_authentication(), None);
    }
}

#[test]
fn dg14_and_dg15_of_the_reference_data_sets() {
    for set in ["81ffc496d658", "3117999effad", "8952f91bd93b"] {
        let folder = format!("specimens/pymrtd/{set}");
        let Some(file) = shared(&format!("{folder}/DG14.bin")) else { return };
        let dg14 = Dg14::parse(&file).unwrap();
        let infos = dg14.security_infos();
        assert_eq!((infos.iter().count(), infos.chip_public_keys().count()), (3, 1));
        let Some(file) = shared(&format!("{folder}/DG15.bin")) else { return };
        let key = Dg15::parse(&file).unwrap().public_key().description();
        assert_eq!(key, KeyDescription::Rsa { bits: 1024 });
    }
}

#[test]
fn card_security_by_its_content() {
    let Some(file) = shared("specimens/jmrtd/cardsecurity/efcardsecurity.bin") else { return };
    let signed = SignedData::parse(&file, 0).unwrap();
    // A draft of TR-03110 had the key without its SEQUENCE; the standard does not.
    let error = SecurityInfos::parse(&signed.content, signed.content_offset).unwrap_err();
    assert_eq!(error.offset, 137);
    assert!(Sod::parse(&file).is_err(), "also CMS, and no EF.SOD");

    // The other specimen has one damaged byte: its SET is none.
    let Some(file) = shared("specimens/gmrtd/d3297a6d30ed/EF_CardSecurity.der") else { return };
    let signed = SignedData::parse(&file, 0).unwrap();
    let error = SecurityInfos::parse(&signed.content, signed.content_offset).unwrap_err();
    assert_eq!(error.offset, 65);
    let mut mended = signed.content;
    mended[0] = 0x31;
    let infos = SecurityInfos::parse(&mended, 0).unwrap();
    assert!(infos.pace().any(|info| info.protocol.mapping == PaceMapping::ChipAuthentication));
    assert!(infos.chip_public_keys().any(|key| key.key_id == Some(13)));
}

#[test]
fn dg15_names_its_key() {
    let Some(file) = shared("specimens/gmrtd/2b9f0c34ecdb/DG15.bin") else { return };
    let dg15 = Dg15::parse(&file).unwrap();
    assert_eq!(dg15.public_key().description(), KeyDescription::Rsa { bits: 1792 });
}

#[test]
fn dg15_reads_every_curve_named_and_explicit() {
    use openssl::ec::{Asn1Flag, EcGroup, EcKey};
    for curve in Curve::ALL {
        for explicit in [false, true] {
            let mut group = EcGroup::from_curve_name(curve.nid()).unwrap();
            group.set_asn1_flag(if explicit {
                Asn1Flag::EXPLICIT_CURVE
            } else {
                Asn1Flag::NAMED_CURVE
            });
            let spki = EcKey::generate(&group).unwrap().public_key_to_der().unwrap();
            let file = Dg15::write(&spki);
            let found = Dg15::parse(&file).unwrap().public_key().description();
            assert_eq!(found, KeyDescription::Ec { curve, explicit });
            // The last byte belongs to the point: it leaves its curve.
            let mut off = file.clone();
            *off.last_mut().unwrap() ^= 1;
            let key_at = file.len() - spki.len();
            assert_eq!(Dg15::parse(&off).unwrap_err(), dg15::Error::Key(key_at));
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = SecurityInfos::parse(&bytes, 0);
        let _ = Dg14::parse(&bytes);
        let _ = Dg15::parse(&bytes);
    }

    #[test]
    fn any_change_is_read_or_refused_within_the_file(at in 0_usize..42, to in any::<u8>()) {
        let mut bytes = hex(CARD_ACCESS);
        bytes[at] = to;
        if let Err(error) = SecurityInfos::parse(&bytes, 0) {
            prop_assert!(error.offset <= bytes.len());
        }
    }
}
