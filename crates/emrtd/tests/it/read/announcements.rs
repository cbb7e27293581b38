//! What EF.CardAccess announces, takes away, or spells out.

use emrtd::crypto::agreement::Domain;
use emrtd::crypto::symmetric::Cipher;
use emrtd::lds::security_info::{KeyAgreement, PaceMapping, PaceProtocol};
use emrtd::read::{Access, AccessError, Downgrade, MappingProof, ReadErrorKind, ReadPolicy};
use emrtd::tlv::{self, Oid, Reader as Tlv, Rules, Tag};

use super::chip::{Chip, pace_info};
use super::reader::{assert_whole, file, files, generic, password, protocol, read};

/// `PACEDomainParameterInfo` with an identifier of the chip's own.
fn with_own_parameters(protocol: PaceProtocol, family: u8, algorithm: &[u8]) -> Chip {
    let mut chip = Chip::new(files()).with_pace(protocol, 13);
    let kind = Oid::from_octets(&[4, 0, 0x7F, 0, 7, 2, 2, 4, family]);
    let parameters = tlv::sequence(&[&tlv::oid_element(&kind), algorithm, &tlv::integer(&[0x41])]);
    chip.master.insert(0x011C, tlv::set_of(&[pace_info(protocol, 0x41), parameters]));
    chip
}

/// `AlgorithmIdentifier` of an elliptic curve with explicit parameters.
fn explicit_curve(nid: openssl::nid::Nid, generator: Option<&[u8]>) -> Vec<u8> {
    let mut group = openssl::ec::EcGroup::from_curve_name(nid).unwrap();
    group.set_asn1_flag(openssl::ec::Asn1Flag::EXPLICIT_CURVE);
    let key = openssl::ec::EcKey::generate(&group).unwrap();
    let spki = openssl::pkey::PKey::from_ec_key(key).unwrap().public_key_to_der().unwrap();
    let mut fields = Tlv::new(&spki, Rules::Der).expect(Tag::SEQUENCE).unwrap().children().unwrap();
    let mut algorithm = fields.expect(Tag::SEQUENCE).unwrap().raw().to_vec();
    if let Some(other) = generator {
        let domain = Domain::standardized(13).unwrap().generator().unwrap();
        let own = &domain[..];
        let position = algorithm.windows(own.len()).position(|part| part == own).unwrap();
        algorithm[position..position + own.len()].copy_from_slice(other);
    }
    algorithm
}

/// 9303-11 §9.2.2: explicit parameters must not be used unless known to be
/// secure, and the standardized ones are.
#[test]
fn parameters_of_the_chips_own_must_be_standardized_ones() {
    let strict = || ReadPolicy { allow_bac: false, ..ReadPolicy::default() };
    let refused = |mut chip: Chip| {
        let error = read(&mut chip, password(), strict()).unwrap_err();
        assert_eq!(error.kind, ReadErrorKind::Access(AccessError::ProprietaryParameters));
        chip.reset();
        let outcome = read(&mut chip, password(), ReadPolicy::default()).unwrap();
        assert_eq!(outcome.access.downgrade(), Some(Downgrade::PaceUnsupported));
    };
    let brainpool = explicit_curve(openssl::nid::Nid::BRAINPOOL_P256R1, None);
    let mut chip = with_own_parameters(generic(), 2, &brainpool);
    let outcome = read(&mut chip, password(), strict()).unwrap();
    assert_whole(&outcome, &chip);
    refused(with_own_parameters(generic(), 2, &explicit_curve(openssl::nid::Nid::SECP256K1, None)));
    // The right curve with a generator whose logarithm somebody knows.
    let chosen = Domain::standardized(13).unwrap().key_pair(&[5]).unwrap().public().to_vec();
    let chosen = explicit_curve(openssl::nid::Nid::BRAINPOOL_P256R1, Some(&chosen));
    refused(with_own_parameters(generic(), 2, &chosen));

    let dh = protocol(KeyAgreement::Dh, PaceMapping::Generic, Cipher::Aes128);
    let group = openssl::dh::Dh::get_1024_160().unwrap();
    let x942 = Oid::from_octets(&[0x2A, 0x86, 0x48, 0xCE, 0x3E, 0x02, 0x01]);
    let field = |generator: &[u8], order: &[u8]| {
        let numbers = tlv::sequence(&[
            &tlv::integer(&group.prime_p().to_vec()),
            &tlv::integer(generator),
            &tlv::integer(order),
        ]);
        tlv::sequence(&[&tlv::oid_element(&x942), &numbers])
    };
    let generator = group.generator().to_vec();
    let order = group.prime_q().unwrap().to_vec();
    let mut chip = with_own_parameters(dh, 1, &field(&generator, &order));
    chip.pace = Some((dh, 0));
    assert_whole(&read(&mut chip, password(), strict()).unwrap(), &chip);
    refused(with_own_parameters(dh, 1, &field(&[4], &order)));
    refused(with_own_parameters(dh, 1, &field(&generator, &[7])));

    // Two sets under one number mean neither.
    let mut chip = with_own_parameters(generic(), 2, &brainpool);
    let kind = Oid::from_octets(&[4, 0, 0x7F, 0, 7, 2, 2, 4, 2]);
    let twice = tlv::sequence(&[&tlv::oid_element(&kind), &brainpool, &tlv::integer(&[0x41])]);
    let one = pace_info(generic(), 0x41);
    chip.master.insert(0x011C, tlv::set_of(&[one, twice.clone(), twice]));
    let error = read(&mut chip, password(), strict()).unwrap_err();
    assert_eq!(error.kind, ReadErrorKind::Access(AccessError::Unsupported));
}

/// Somebody takes the better protocols out of EF.CardAccess, which is not
/// signed. DG14 still has them.
#[test]
fn a_weakened_card_access_is_a_reported_downgrade() {
    let aes = |mapping, cipher| protocol(KeyAgreement::Ecdh, mapping, cipher);
    let weak = aes(PaceMapping::Generic, Cipher::TripleDes);
    let used = |announced: &[Vec<u8>], signed: &[Vec<u8>]| {
        let mut application = files();
        application.insert(0x010E, tlv::tagged(Tag(0x6E), &tlv::set_of(signed)));
        let mut chip = Chip::new(application).with_pace(weak, 12);
        chip.master.insert(0x011C, tlv::set_of(announced));
        read(&mut chip, password(), ReadPolicy::default()).unwrap().access
    };
    let chip_authentication = MappingProof::NotRun;
    let honest = Access::Pace { protocol: weak, chip_authentication, downgrade: None };
    let caught = Access::Pace {
        protocol: weak,
        chip_authentication,
        downgrade: Some(Downgrade::PaceHidden),
    };
    use std::slice::from_ref;
    let own = pace_info(weak, 12);
    assert_eq!(used(from_ref(&own), from_ref(&own)), honest);
    for better in [
        pace_info(aes(PaceMapping::Generic, Cipher::Aes256), 12),
        pace_info(aes(PaceMapping::ChipAuthentication, Cipher::Aes128), 12),
        pace_info(weak, 18),
    ] {
        assert_eq!(used(from_ref(&own), &[own.clone(), better]), caught);
    }
    // Something worse, or of a kind nobody here speaks, would not have been used.
    for worse in [pace_info(weak, 8), pace_info(aes(PaceMapping::Generic, Cipher::Aes256), 99)] {
        assert_eq!(used(from_ref(&own), &[own.clone(), worse]), honest);
    }
}

#[test]
fn hidden_and_unknown_pace_is_a_reported_downgrade() {
    let mut chip = Chip::new(files());
    chip.application.insert(0x010E, {
        let infos = tlv::set_of(&[pace_info(generic(), 13)]);
        tlv::tagged(Tag(0x6E), &infos)
    });
    let outcome = read(&mut chip, password(), ReadPolicy::default()).unwrap();
    assert_eq!(outcome.access, Access::Bac { downgrade: Some(Downgrade::PaceHidden) });

    let mut chip = Chip::new(files()).with_pace(generic(), 99);
    let outcome = read(&mut chip, password(), ReadPolicy::default()).unwrap();
    assert_eq!(outcome.access, Access::Bac { downgrade: Some(Downgrade::PaceUnsupported) });

    let mut chip = Chip::new(files());
    chip.master.insert(0x011C, file(0x31, 40));
    let outcome = read(&mut chip, password(), ReadPolicy::default()).unwrap();
    let Access::Bac { downgrade } = outcome.access else { panic!() };
    assert!(matches!(downgrade, Some(Downgrade::CardAccessMalformed(_))));
}
