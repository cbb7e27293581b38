//! Active authentication: every algorithm, real traces, and forgeries.

use std::sync::LazyLock;

use emrtd::crypto::{Curve, DigestAlgorithm};
use emrtd::lds::DataGroup;
use emrtd::lds::dg14::Dg14;
use emrtd::lds::dg15::{self, Dg15};
use emrtd::sim::{DocumentProfile, Holder, IssuingState, StateProfile};
use emrtd::tlv::{self, Oid};
use emrtd::trust::TrustStore;
use emrtd::verify::{
    ActiveAlgorithm, ActiveFailure, DocumentFiles, PassivelyAuthenticated, active, passive,
};
use openssl::bn::BigNum;
use openssl::ec::{Asn1Flag, EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::pkey::Private;
use openssl::rsa::{Padding, Rsa};
use proptest::prelude::*;

use crate::security_info::hex;
use crate::shared::{NOW, vector};
use crate::trust::{certificate, vouched};

const CHALLENGE: [u8; 8] = [0xF1, 0x73, 0x58, 0x99, 0x74, 0xBF, 0x40, 0xC6];

/// A document with further data groups, signed by a simulated state.
pub(crate) fn proven(groups: &[(DataGroup, Vec<u8>)]) -> PassivelyAuthenticated<DocumentFiles> {
    static UTOPIA: LazyLock<(IssuingState, TrustStore)> = LazyLock::new(|| {
        let state = IssuingState::new(StateProfile::utopia(), NOW).unwrap();
        let trust = TrustStore::builder().add_csca(certificate(state.csca()), vouched()).build();
        (state, trust)
    });
    let (state, trust) = &*UTOPIA;
    let profile = DocumentProfile { more_groups: groups.to_vec(), ..DocumentProfile::passport() };
    let document = state.issue(&Holder::example(), &profile).unwrap();
    passive(document.into_files(), trust, NOW).unwrap()
}

fn with_rsa(key: &Rsa<Private>) -> PassivelyAuthenticated<DocumentFiles> {
    proven(&[(DataGroup::DG15, Dg15::write(&key.public_key_to_der().unwrap()))])
}

static RSA: LazyLock<Rsa<Private>> = LazyLock::new(|| Rsa::generate(1024).unwrap());

/// `header ‖ M1 ‖ H(M1 ‖ challenge) ‖ trailer`, as long as the modulus.
fn representative(
    len: usize,
    header: u8,
    digest: DigestAlgorithm,
    challenge: [u8; 8],
    trailer: &[u8],
) -> Vec<u8> {
    let m1 = vec![0x5A; len - 1 - digest.output_len() - trailer.len()];
    let hash = digest.digest(&[&m1[..], &challenge].concat()).unwrap();
    [&[header][..], &m1, &hash, trailer].concat()
}

fn sign(key: &Rsa<Private>, message: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; key.size() as usize];
    key.private_encrypt(message, &mut signature, Padding::NONE).unwrap();
    signature
}

fn negate(key: &Rsa<Private>, signature: &[u8]) -> Vec<u8> {
    let mut negated = BigNum::new().unwrap();
    negated.checked_sub(key.n(), &BigNum::from_slice(signature).unwrap()).unwrap();
    negated.to_vec_padded(key.size() as i32).unwrap()
}

const TRAILERS: [(DigestAlgorithm, &[u8]); 6] = [
    (DigestAlgorithm::Sha1, &[0xBC]),
    (DigestAlgorithm::Sha1, &[0x33, 0xCC]),
    (DigestAlgorithm::Sha256, &[0x34, 0xCC]),
    (DigestAlgorithm::Sha512, &[0x35, 0xCC]),
    (DigestAlgorithm::Sha384, &[0x36, 0xCC]),
    (DigestAlgorithm::Sha224, &[0x38, 0xCC]),
];

#[test]
fn rsa_with_every_trailer_and_either_root() {
    for bits in [1024, 1536, 2048] {
        let key = Rsa::generate(bits).unwrap();
        let document = with_rsa(&key);
        for (digest, trailer) in TRAILERS {
            let message = representative(bits as usize / 8, 0x6A, digest, CHALLENGE, trailer);
            let signature = sign(&key, &message);
            for response in [negate(&key, &signature), signature] {
                let proof = active(&document, CHALLENGE, &response).unwrap();
                assert_eq!(proof.algorithm(), ActiveAlgorithm::Rsa { bits, digest });
                assert_eq!(proof.challenge(), CHALLENGE);
                assert!(proof.is_for(&document, CHALLENGE));
            }
        }
    }
}

#[test]
fn a_proof_is_for_one_document_and_one_challenge() {
    let document = with_rsa(&RSA);
    let message = representative(128, 0x6A, DigestAlgorithm::Sha256, CHALLENGE, &[0x34, 0xCC]);
    let response = sign(&RSA, &message);
    let proof = active(&document, CHALLENGE, &response).unwrap();
    assert!(!proof.is_for(&document, [0; 8]));
    assert_eq!(active(&document, [0; 8], &response), Err(ActiveFailure::Signature));
    // The same key and files, issued again: another EF.SOD.
    let other = with_rsa(&RSA);
    assert!(!proof.is_for(&other, CHALLENGE));
    // Reading the document further does not make it another one.
    let read = document.into_document(NOW).unwrap();
    assert!(proof.is_for(&read, CHALLENGE));
    assert_eq!(active(&read, CHALLENGE, &response), Ok(proof));
}

#[test]
fn the_trace_of_a_real_chip() {
    let trace = vector("apdu/gmrtd_activeauth_active_auth_TestDoActiveAuth.txt");
    let trace = String::from_utf8(trace).unwrap();
    let values: Vec<Vec<u8>> = trace
        .lines()
        .filter_map(|line| line.strip_prefix("= ")?.split_once(' '))
        .map(|(_, value)| hex(value))
        .collect();
    let [encryption, mac, counter, challenge, dg15, _, signature, ..] = &values[..] else {
        panic!()
    };
    let response = plain_response(encryption, mac, counter, &trace);
    assert_eq!(&response, signature);

    let document = proven(&[(DataGroup::DG15, dg15.clone())]);
    let challenge: [u8; 8] = challenge[..].try_into().unwrap();
    let proof = active(&document, challenge, &response).unwrap();
    let expected = ActiveAlgorithm::Rsa { bits: 1792, digest: DigestAlgorithm::Sha256 };
    assert_eq!(proof.algorithm(), expected);
    assert_eq!(active(&document, CHALLENGE, &response), Err(ActiveFailure::Signature));
}

/// The answer under 3DES secure messaging, decrypted (9303-11 §9.8.6).
fn plain_response(encryption: &[u8], mac: &[u8], counter: &[u8], trace: &str) -> Vec<u8> {
    use emrtd::crypto::symmetric::{Cipher, Key, unpad};
    let answer = trace.lines().find_map(|line| line.strip_prefix("< ")).map(hex).unwrap();
    let mut reader = tlv::Reader::new(&answer[..answer.len() - 2], tlv::Rules::Ber);
    let cryptogram = reader.expect(tlv::Tag(0x87)).unwrap();
    let protected = reader.offset() + 4;
    reader.expect(tlv::Tag(0x99)).unwrap();
    let code = reader.expect(tlv::Tag(0x8E)).unwrap();
    let counter = u64::from_be_bytes(counter.try_into().unwrap()) + 2;
    let input = [&counter.to_be_bytes()[..], &answer[..protected]].concat();
    let mac = Key::new(Cipher::TripleDes, mac).unwrap();
    assert!(mac.verify_mac(&input, code.content()).unwrap());
    let key = Key::new(Cipher::TripleDes, encryption).unwrap();
    let padded = key.cbc_decrypt(&[0; 8], &cryptogram.content()[1..]).unwrap();
    unpad(&padded, 8).unwrap().to_vec()
}

#[test]
fn rsa_representatives_of_another_form_are_refused() {
    let document = with_rsa(&RSA);
    let check = |message: &[u8]| active(&document, CHALLENGE, &sign(&RSA, message)).unwrap_err();
    let sha256 = DigestAlgorithm::Sha256;
    let good = representative(128, 0x6A, sha256, CHALLENGE, &[0x34, 0xCC]);

    // Full recovery; padding in place of M1; the headers of other schemes.
    for header in [0x4A, 0x6B, 0x4B, 0x2A, 0x00, 0x01] {
        let message = representative(128, header, sha256, CHALLENGE, &[0x34, 0xCC]);
        assert_eq!(check(&message), ActiveFailure::Representative, "{header:02X}");
    }
    // Padding BB..BA before a shorter M1.
    let m1 = [0x5A; 20];
    let hash = sha256.digest(&[&m1[..], &CHALLENGE].concat()).unwrap();
    let mut padded = vec![0x6B];
    padded.extend(vec![0xBB; 128 - 1 - 1 - 20 - 32 - 2]);
    padded.extend([&[0xBA][..], &m1, &hash, &[0x34, 0xCC]].concat());
    assert_eq!(check(&padded), ActiveFailure::Representative);
    // Bytes after the trailer: the digest moves, the last byte is no trailer.
    let mut trailing = good.clone();
    trailing.remove(1);
    trailing.push(0x0C);
    assert_eq!(check(&trailing), ActiveFailure::Representative);
    // The digest of other bytes than M1 ‖ challenge.
    let mut moved = good.clone();
    moved.remove(1);
    moved.insert(126, 0x34);
    assert_eq!(check(&moved), ActiveFailure::Signature);
    // Digest identifiers: RIPEMD-160, Whirlpool, and 34 read as a decimal.
    for id in [0x31, 0x32, 0x37, 0x22, 34, 51, 52, 53, 56] {
        let message = representative(128, 0x6A, sha256, CHALLENGE, &[id, 0xCC]);
        let expected = match id {
            // 51..=56 are 33..=38 in hexadecimal; only 34 is SHA-256.
            0x34 => continue,
            0x33 | 0x35 | 0x36 | 0x38 => ActiveFailure::Signature,
            id => ActiveFailure::Trailer(id),
        };
        assert_eq!(check(&message), expected, "{id:02X}");
    }
    // A digest that the trailer does not name.
    for (digest, _) in TRAILERS {
        for (named, trailer) in TRAILERS {
            let message = representative(128, 0x6A, digest, CHALLENGE, trailer);
            let found = active(&document, CHALLENGE, &sign(&RSA, &message));
            assert_eq!(found.is_ok(), digest == named, "{digest} {trailer:02X?}");
        }
    }
}

#[test]
fn answers_of_another_length_are_refused() {
    let document = with_rsa(&RSA);
    let message = representative(128, 0x6A, DigestAlgorithm::Sha1, CHALLENGE, &[0xBC]);
    let signature = sign(&RSA, &message);
    let zero_first = [&[0], &signature[..]].concat();
    let zero_last = [&signature[..], &[0]].concat();
    for wrong in [&zero_first[..], &zero_last, &signature[..127], &[]] {
        let expected = ActiveFailure::Length { expected: 128, found: wrong.len() };
        assert_eq!(active(&document, CHALLENGE, wrong), Err(expected));
    }
    // The same residue, above the modulus.
    let mut above = BigNum::new().unwrap();
    above.checked_add(RSA.n(), &BigNum::from_slice(&signature).unwrap()).unwrap();
    if let Ok(above) = above.to_vec_padded(128) {
        assert_eq!(active(&document, CHALLENGE, &above), Err(ActiveFailure::Signature));
    }
    assert_eq!(active(&document, CHALLENGE, &[0xFF; 128]), Err(ActiveFailure::Signature));
    assert!(active(&document, CHALLENGE, &[0; 128]).is_err());
}

fn document_with_exponent(exponent: u32) -> PassivelyAuthenticated<DocumentFiles> {
    let n = RSA.n().to_owned().unwrap();
    let e = BigNum::from_u32(exponent).unwrap();
    let key = Rsa::from_public_components(n, e).unwrap();
    proven(&[(DataGroup::DG15, Dg15::write(&key.public_key_to_der().unwrap()))])
}

#[test]
fn keys_with_which_anyone_can_sign_are_refused() {
    // With e = 1 the representative is its own signature.
    let message = representative(128, 0x6A, DigestAlgorithm::Sha256, CHALLENGE, &[0x34, 0xCC]);
    for exponent in [0, 1, 2, 4, 65_536] {
        let document = document_with_exponent(exponent);
        let failure = active(&document, CHALLENGE, &message).unwrap_err();
        let is_refused = matches!(
            failure,
            ActiveFailure::RsaExponent | ActiveFailure::Dg15(dg15::Error::Key(_))
        );
        assert!(is_refused, "e = {exponent}: {failure:?}");
    }
    for bits in [512, 768, 1016] {
        let key = Rsa::generate(bits).unwrap();
        let len = key.size() as usize;
        let message = representative(len, 0x6A, DigestAlgorithm::Sha1, CHALLENGE, &[0xBC]);
        let failure = active(&with_rsa(&key), CHALLENGE, &sign(&key, &message));
        assert_eq!(failure, Err(ActiveFailure::RsaLength(bits)), "{bits} bits");
    }
    let uneven = with_rsa(&Rsa::generate(1028).unwrap());
    assert_eq!(active(&uneven, CHALLENGE, &[0; 129]), Err(ActiveFailure::RsaLength(1028)));
}

#[test]
fn exponent_three_is_sound() {
    let e = BigNum::from_u32(3).unwrap();
    let key = Rsa::generate_with_e(1024, &e).unwrap();
    let message = representative(128, 0x6A, DigestAlgorithm::Sha256, CHALLENGE, &[0x34, 0xCC]);
    assert!(active(&with_rsa(&key), CHALLENGE, &sign(&key, &message)).is_ok());
}

#[test]
fn another_chip_of_the_same_state_does_not_pass() {
    let other = Rsa::generate(1024).unwrap();
    let message = representative(128, 0x6A, DigestAlgorithm::Sha256, CHALLENGE, &[0x34, 0xCC]);
    assert!(active(&with_rsa(&RSA), CHALLENGE, &sign(&other, &message)).is_err());
}

#[test]
fn a_document_without_dg15_or_with_a_broken_one_proves_nothing() {
    assert_eq!(active(&proven(&[]), CHALLENGE, &[0; 128]), Err(ActiveFailure::NoKey));
    let spki = RSA.public_key_to_der().unwrap();
    for (file, at) in [
        (Dg15::write(&spki[..spki.len() - 1]), 3),
        ([Dg15::write(&spki), vec![0]].concat(), Dg15::write(&spki).len()),
        (spki.clone(), 0),
    ] {
        let document = proven(&[(DataGroup::DG15, file)]);
        let failure = active(&document, CHALLENGE, &[0; 128]).unwrap_err();
        let ActiveFailure::Dg15(dg15::Error::Structure(error)) = failure else {
            panic!("{failure:?}")
        };
        assert_eq!(error.offset, at);
    }
}

fn ec_key(curve: Curve, explicit: bool) -> EcKey<Private> {
    let mut group = EcGroup::from_curve_name(curve.nid()).unwrap();
    group.set_asn1_flag(if explicit { Asn1Flag::EXPLICIT_CURVE } else { Asn1Flag::NAMED_CURVE });
    EcKey::generate(&group).unwrap()
}

fn plain(key: &EcKey<Private>, digest: DigestAlgorithm, challenge: [u8; 8]) -> Vec<u8> {
    let hash = digest.digest(&challenge).unwrap();
    let signature = EcdsaSig::sign(&hash, key).unwrap();
    let half = key.group().order_bits().div_ceil(8) as i32;
    let part = |number: &openssl::bn::BigNumRef| number.to_vec_padded(half).unwrap();
    [part(signature.r()), part(signature.s())].concat()
}

/// DG14 naming a plain ECDSA of TR-03111 by its last arc.
fn dg14_naming(arc: u8) -> Vec<u8> {
    let active = Oid::from_octets(&[0x67, 0x81, 0x08, 0x01, 0x01, 0x05]);
    let algorithm = Oid::from_octets(&[0x04, 0, 0x7F, 0, 7, 1, 1, 4, 1, arc]);
    Dg14::write(&[tlv::sequence(&[
        &tlv::oid_element(&active),
        &tlv::integer(&[1]),
        &tlv::oid_element(&algorithm),
    ])])
}

fn with_ec(key: &EcKey<Private>, dg14: Option<Vec<u8>>) -> PassivelyAuthenticated<DocumentFiles> {
    let dg15 = Dg15::write(&key.public_key_to_der().unwrap());
    let mut groups = vec![(DataGroup::DG15, dg15)];
    groups.extend(dg14.map(|file| (DataGroup::DG14, file)));
    proven(&groups)
}

#[test]
fn ecdsa_on_every_curve_with_every_named_digest() {
    for curve in Curve::ALL {
        for explicit in [false, true] {
            let key = ec_key(curve, explicit);
            for (arc, digest) in (1..).zip(DigestAlgorithm::ALL) {
                let document = with_ec(&key, Some(dg14_naming(arc)));
                let response = plain(&key, digest, CHALLENGE);
                let proof = active(&document, CHALLENGE, &response).unwrap();
                let expected = ActiveAlgorithm::Ecdsa { curve, digest, digest_by_trial: false };
                assert_eq!(proof.algorithm(), expected);
                let failure = active(&document, [0; 8], &response);
                assert_eq!(failure, Err(ActiveFailure::Signature));
            }
        }
    }
}

#[test]
fn the_digest_that_dg14_names_is_the_only_one() {
    let key = ec_key(Curve::P256, false);
    let document = with_ec(&key, Some(dg14_naming(3)));
    for digest in DigestAlgorithm::ALL {
        let found = active(&document, CHALLENGE, &plain(&key, digest, CHALLENGE));
        assert_eq!(found.is_ok(), digest == DigestAlgorithm::Sha256, "{digest}");
    }
    // RIPEMD-160, which 9303-11 §6.1.2.3 forbids.
    let document = with_ec(&key, Some(dg14_naming(6)));
    let response = plain(&key, DigestAlgorithm::Sha256, CHALLENGE);
    let failure = active(&document, CHALLENGE, &response).unwrap_err();
    assert!(matches!(failure, ActiveFailure::Algorithm { offset, .. } if offset > 0));
    let document = with_ec(&key, Some(vec![0x6E, 0x01, 0x31]));
    let failure = active(&document, CHALLENGE, &response).unwrap_err();
    assert!(matches!(failure, ActiveFailure::Dg14(_)));
}

#[test]
fn without_a_named_digest_those_that_fit_the_key_are_tried() {
    use DigestAlgorithm as D;
    for (curve, longest) in [
        (Curve::P192, D::Sha1),
        (Curve::P224, D::Sha224),
        (Curve::BrainpoolP256r1, D::Sha256),
        (Curve::BrainpoolP320r1, D::Sha256),
        (Curve::P384, D::Sha384),
        (Curve::P521, D::Sha512),
    ] {
        let key = ec_key(curve, true);
        for dg14 in [None, Some(Dg14::write(&[]))] {
            let document = with_ec(&key, dg14);
            for digest in D::ALL {
                let found = active(&document, CHALLENGE, &plain(&key, digest, CHALLENGE));
                if digest > longest {
                    assert_eq!(found, Err(ActiveFailure::Signature), "{curve} {digest}");
                } else {
                    let expected = ActiveAlgorithm::Ecdsa { curve, digest, digest_by_trial: true };
                    assert_eq!(found.unwrap().algorithm(), expected);
                }
            }
        }
    }
}

#[test]
fn ecdsa_in_another_format_is_refused() {
    let key = ec_key(Curve::P256, false);
    let document = with_ec(&key, Some(dg14_naming(3)));
    let hash = DigestAlgorithm::Sha256.digest(&CHALLENGE).unwrap();
    let der = EcdsaSig::sign(&hash, &key).unwrap().to_der().unwrap();
    let expected = ActiveFailure::Length { expected: 64, found: der.len() };
    assert_eq!(active(&document, CHALLENGE, &der), Err(expected));

    let good = plain(&key, DigestAlgorithm::Sha256, CHALLENGE);
    let mut order = BigNum::new().unwrap();
    let mut context = openssl::bn::BigNumContext::new().unwrap();
    key.group().order(&mut order, &mut context).unwrap();
    let order = order.to_vec_padded(32).unwrap();
    let (r, s) = good.split_at(32);
    for (r, s) in [
        (&[0; 32][..], s),
        (r, &[0; 32][..]),
        (&[0; 32], &[0; 32]),
        (&order, s),
        (r, &order),
        (&order, &order),
        (&[0xFF; 32], &[0xFF; 32]),
        (s, r),
    ] {
        let response = [r, s].concat();
        assert_eq!(active(&document, CHALLENGE, &response), Err(ActiveFailure::Signature));
    }
}

#[test]
fn a_key_of_another_kind_does_not_open_the_other_check() {
    // An RSA signature for a document whose DG15 is elliptic, and the reverse.
    let key = ec_key(Curve::BrainpoolP512r1, false);
    let message = representative(128, 0x6A, DigestAlgorithm::Sha256, CHALLENGE, &[0x34, 0xCC]);
    let signature = sign(&RSA, &message);
    let failure = active(&with_ec(&key, None), CHALLENGE, &signature);
    assert_eq!(failure, Err(ActiveFailure::Signature));
    let signature = plain(&key, DigestAlgorithm::Sha512, CHALLENGE);
    assert!(active(&with_rsa(&RSA), CHALLENGE, &signature).is_err());
}

#[test]
fn errors_name_the_file_and_nothing_personal() {
    let failure = ActiveFailure::Dg15(dg15::Error::Key(4));
    assert_eq!(failure.to_string(), "DG15: not a usable RSA or elliptic-curve key at byte 4");
    assert_eq!(
        ActiveFailure::Trailer(0x31).to_string(),
        "the chip's answer names the digest 31, which is not supported"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_flipped_bit_is_fatal(bit in 0_usize..1024, in_challenge in 0_usize..64) {
        static CASES: LazyLock<[(PassivelyAuthenticated<DocumentFiles>, Vec<u8>); 2]> =
            LazyLock::new(|| {
                let message =
                    representative(128, 0x6A, DigestAlgorithm::Sha512, CHALLENGE, &[0x35, 0xCC]);
                let key = ec_key(Curve::BrainpoolP512r1, true);
                let signature = plain(&key, DigestAlgorithm::Sha512, CHALLENGE);
                [(with_rsa(&RSA), sign(&RSA, &message)), (with_ec(&key, None), signature)]
            });
        for (document, signature) in &*CASES {
            prop_assert!(active(document, CHALLENGE, signature).is_ok());
            let mut changed = signature.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(active(document, CHALLENGE, &changed).is_err());
            let challenge = (u64::from_be_bytes(CHALLENGE) ^ (1 << in_challenge)).to_be_bytes();
            prop_assert_eq!(
                active(document, challenge, signature),
                Err(ActiveFailure::Signature)
            );
        }
    }

    #[test]
    fn any_flipped_bit_of_the_key_is_fatal(bit in 0_usize..1024) {
        // Even when a state had signed the changed key.
        let message = representative(128, 0x6A, DigestAlgorithm::Sha256, CHALLENGE, &[0x34, 0xCC]);
        let mut modulus = RSA.n().to_vec();
        modulus[bit / 8] ^= 1 << (bit % 8);
        let n = BigNum::from_slice(&modulus).unwrap();
        let e = RSA.e().to_owned().unwrap();
        let key = Rsa::from_public_components(n, e).unwrap();
        let file = Dg15::write(&key.public_key_to_der().unwrap());
        let document = proven(&[(DataGroup::DG15, file)]);
        prop_assert!(active(&document, CHALLENGE, &sign(&RSA, &message)).is_err());
    }

    #[test]
    fn any_bytes_are_refused(response in proptest::collection::vec(any::<u8>(), 0..300)) {
        static DOCUMENT: LazyLock<PassivelyAuthenticated<DocumentFiles>> =
            LazyLock::new(|| with_rsa(&RSA));
        prop_assert!(active(&DOCUMENT, CHALLENGE, &response).is_err());
    }
}
