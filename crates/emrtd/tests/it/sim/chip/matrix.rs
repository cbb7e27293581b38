//! Every option of access, proofs, sizes and lengths: read whole, and proven.

use emrtd::crypto::symmetric::Cipher;
use emrtd::crypto::{Curve, DigestAlgorithm};
use emrtd::lds::DataGroup;
use emrtd::lds::security_info::{
    ChipAuthenticationProtocol, KeyAgreement, PaceMapping, PaceProtocol,
};
use emrtd::mrz::Format;
use emrtd::read::apdu::{CommandApdu, StatusWord};
use emrtd::read::secure_messaging::SecureMessagingError;
use emrtd::read::{Access, ChannelError, MappingProof, Password, ReadPolicy, Reader};
use emrtd::sim::{
    ActiveAuthentication, ChipAuthentication, ChipDescription, PaceOffer, Personalisation, Quirks,
    Trailer,
};
use emrtd::verify::{ActiveAlgorithm, ChipAlgorithm, TerminalKey};

use super::{
    CHALLENGE, assert_whole, authenticate_actively, authenticate_chip, can, chip, exchange, issue,
    mrz, prove, random, read, run,
};

/// Standardized domain parameters (9303-11 §9.5.1).
const PRIME_FIELDS: [u32; 3] = [0, 1, 2];
const CURVES: [u32; 11] = [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18];
const P224: u32 = 10;

/// A chip with short files and no proofs, to try access with.
fn short() -> ChipDescription {
    let mut description = ChipDescription::passive();
    description.document.portrait.truncate(300);
    description.can = Some("500540".to_owned());
    description
}

fn groups() -> impl Iterator<Item = (KeyAgreement, u32)> {
    let fields = PRIME_FIELDS.into_iter().map(|id| (KeyAgreement::Dh, id));
    fields.chain(CURVES.into_iter().map(|id| (KeyAgreement::Ecdh, id)))
}

fn offers() -> Vec<PaceOffer> {
    let mut offers = Vec::new();
    for (agreement, domain) in groups() {
        for mapping in
            [PaceMapping::Generic, PaceMapping::Integrated, PaceMapping::ChipAuthentication]
        {
            for cipher in Cipher::ALL {
                let exists = match mapping {
                    PaceMapping::Generic => true,
                    PaceMapping::Integrated => domain != P224,
                    PaceMapping::ChipAuthentication => {
                        agreement == KeyAgreement::Ecdh && cipher != Cipher::TripleDes
                    }
                };
                if exists {
                    let protocol = PaceProtocol { agreement, mapping, cipher };
                    offers.push(PaceOffer { protocol, domain });
                }
            }
        }
    }
    offers
}

fn assert_access(access: Access, offer: PaceOffer) {
    let Access::Pace { protocol, chip_authentication: proof, .. } = access else {
        panic!("BAC instead of {offer:?}");
    };
    let is_mapped = offer.protocol.mapping == PaceMapping::ChipAuthentication;
    let expected = if is_mapped { MappingProof::Unvouched } else { MappingProof::NotRun };
    assert_eq!((protocol, proof), (offer.protocol, expected));
}

#[test]
fn every_pace_by_zone_and_by_number() {
    let offers = offers();
    assert_eq!(offers.len(), 14 * 4 + 13 * 4 + 11 * 3);
    for (index, offer) in offers.into_iter().enumerate() {
        let personalisation = issue(&ChipDescription { pace: vec![offer], ..short() });
        let password = if index % 2 == 0 { mrz(&personalisation) } else { can(&personalisation) };
        let name = format!("{offer:?}");
        let outcome = read(&mut chip(&personalisation), password, ReadPolicy::default());
        let outcome = outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_access(outcome.access, offer);
        assert_whole(&outcome, &personalisation, &name);
    }
}

#[test]
fn several_paces_on_one_chip() {
    let offer = |mapping, cipher, domain| PaceOffer {
        protocol: PaceProtocol { agreement: KeyAgreement::Ecdh, mapping, cipher },
        domain,
    };
    // The same protocol in two groups has to be told apart by their numbers.
    let pace = vec![
        offer(PaceMapping::Generic, Cipher::TripleDes, 12),
        offer(PaceMapping::Generic, Cipher::Aes256, 13),
        offer(PaceMapping::Generic, Cipher::Aes256, 17),
        offer(PaceMapping::Integrated, Cipher::Aes128, 12),
    ];
    let personalisation = issue(&ChipDescription { pace, ..short() });
    let policy = ReadPolicy::default();
    let outcome = read(&mut chip(&personalisation), mrz(&personalisation), policy).unwrap();
    let Access::Pace { protocol, .. } = outcome.access else { panic!("BAC") };
    assert_eq!(protocol.cipher, Cipher::Aes256);
}

#[test]
fn every_size_by_every_password() {
    let long = |format| match format {
        // Such numbers go on in the optional data.
        Format::Td1 => "L898902C3XYZ1",
        Format::Td2 | Format::Td3 => "L898902C",
    };
    for format in [Format::Td1, Format::Td2, Format::Td3] {
        for preset in [ChipDescription::passport(), ChipDescription::card(), ChipDescription::old()]
        {
            let mut description = preset.with_format(format);
            description.holder.document_number = long(format).to_owned();
            let personalisation = issue(&description);
            let mut passwords: Vec<Password> = vec![mrz(&personalisation)];
            if personalisation.can().is_some() {
                passwords.push(can(&personalisation));
            }
            for password in passwords {
                let outcome = read(&mut chip(&personalisation), password, ReadPolicy::default());
                let outcome = outcome.unwrap();
                assert_whole(&outcome, &personalisation, &format.to_string());
                let document = prove(&outcome).unwrap().into_document(crate::shared::NOW).unwrap();
                assert_eq!(document.get().mrz().format(), format);
                assert_eq!(document.get().mrz().text(), personalisation.mrz());
            }
        }
    }
}

/// Reads, and proves the chip actively.
fn signed(description: &ChipDescription) -> ActiveAlgorithm {
    let personalisation = issue(description);
    let mut chip = chip(&personalisation);
    let mut reader = Reader::new(mrz(&personalisation), ReadPolicy::default());
    assert!(run(&mut chip, &mut reader).unwrap());
    let outcome = reader.outcome().unwrap();
    assert_whole(&outcome, &personalisation, "active authentication");
    let document = prove(&outcome).unwrap();
    authenticate_actively(&mut chip, &mut reader, &document).unwrap().algorithm()
}

#[test]
fn every_active_authentication() {
    let mut trailers = vec![Trailer::Implicit];
    trailers.extend(DigestAlgorithm::ALL.map(Trailer::Explicit));
    for (index, trailer) in trailers.into_iter().enumerate() {
        let bits = if index % 2 == 0 { 1024 } else { 2048 };
        for lesser in [false, true] {
            let active = Some(ActiveAuthentication::Rsa { bits, trailer, lesser });
            let digest = match trailer {
                Trailer::Implicit => DigestAlgorithm::Sha1,
                Trailer::Explicit(digest) => digest,
            };
            let algorithm = signed(&ChipDescription { active_authentication: active, ..short() });
            assert_eq!(algorithm, ActiveAlgorithm::Rsa { bits, digest });
        }
    }
    for (domain, curve) in CURVES.into_iter().zip(STANDARDIZED_CURVES) {
        let digest = DigestAlgorithm::ALL[domain as usize % 5];
        let active = Some(ActiveAuthentication::Ec { curve, digest });
        let algorithm = signed(&ChipDescription { active_authentication: active, ..short() });
        let digest_by_trial = false;
        assert_eq!(algorithm, ActiveAlgorithm::Ecdsa { curve, digest, digest_by_trial });
    }
}

/// In the order of [`CURVES`].
const STANDARDIZED_CURVES: [Curve; 11] = [
    Curve::P192,
    Curve::BrainpoolP192r1,
    Curve::P224,
    Curve::BrainpoolP224r1,
    Curve::P256,
    Curve::BrainpoolP256r1,
    Curve::BrainpoolP320r1,
    Curve::P384,
    Curve::BrainpoolP384r1,
    Curve::BrainpoolP512r1,
    Curve::P521,
];

/// Reads, and proves the chip by chip authentication.
fn authenticated(personalisation: &Personalisation) -> ChipAlgorithm {
    let mut chip = chip(personalisation);
    let mut reader = Reader::new(mrz(personalisation), ReadPolicy::default());
    assert!(run(&mut chip, &mut reader).unwrap());
    let outcome = reader.outcome().unwrap();
    assert_whole(&outcome, personalisation, "chip authentication");
    let document = prove(&outcome).unwrap();
    let proof = authenticate_chip(&mut chip, &mut reader, &document).unwrap();
    assert!(proof.is_for(&document, CHALLENGE));
    proof.algorithm()
}

#[test]
fn the_session_of_before_is_dead_after_chip_authentication() {
    for cipher in [Cipher::TripleDes, Cipher::Aes128] {
        let mut description = ChipDescription::passport();
        description.chip_authentication[0].protocol.cipher = cipher;
        let personalisation = issue(&description);
        let mut chip = chip(&personalisation);
        let mut reader = Reader::new(mrz(&personalisation), ReadPolicy::default());
        assert!(run(&mut chip, &mut reader).unwrap());
        let document = prove(&reader.outcome().unwrap()).unwrap();
        for command in
            TerminalKey::generate(&document, CHALLENGE, &mut random(3)).unwrap().commands()
        {
            let response = exchange(&mut chip, &mut reader, &command).unwrap();
            assert_eq!(response.status, StatusWord::OK, "answered under the old keys");
        }
        let read = CommandApdu::new(0, 0xB0, 0x81, 0).expecting(8);
        let error = exchange(&mut chip, &mut reader, &read).unwrap_err();
        let incorrect = SecureMessagingError::Unprotected(StatusWord::SECURE_MESSAGING_INCORRECT);
        assert_eq!(error, ChannelError::SecureMessaging(incorrect));
    }
}

#[test]
fn every_chip_authentication() {
    for (agreement, domain) in groups() {
        for cipher in Cipher::ALL {
            for version in [1, 2] {
                let protocol = ChipAuthenticationProtocol { agreement, cipher };
                let offer = ChipAuthentication { protocol, version, domain, key_id: None };
                let description = ChipDescription { chip_authentication: vec![offer], ..short() };
                let algorithm = authenticated(&issue(&description));
                assert_eq!(algorithm, ChipAlgorithm { protocol, version });
            }
        }
    }
}

#[test]
fn several_chip_authentication_keys_on_one_chip() {
    let offer = |cipher, domain, key_id| {
        let protocol = ChipAuthenticationProtocol { agreement: KeyAgreement::Ecdh, cipher };
        ChipAuthentication { protocol, version: 1, domain, key_id: Some(key_id) }
    };
    for (first, second) in [(Cipher::TripleDes, Cipher::Aes192), (Cipher::Aes256, Cipher::Aes256)] {
        let offers = vec![offer(first, 12, 1), offer(second, 13, 2), offer(Cipher::Aes128, 12, 1)];
        let description = ChipDescription { chip_authentication: offers, ..short() };
        let algorithm = authenticated(&issue(&description));
        assert_eq!(algorithm.protocol.cipher, second.max(first));
    }
}

#[test]
fn every_way_of_reading() {
    let mut description = ChipDescription::passport();
    // Beyond 32767 bytes READ BINARY needs its odd instruction.
    description.document.portrait.resize(40_000, 0x5A);
    description.details.extend(DataGroup::new(16));
    let quirks = Quirks::default();
    let mut many = vec![quirks];
    for max_block in [64, 160, 222] {
        many.push(Quirks { max_block: Some(max_block), ..quirks });
    }
    for response_piece in [16, 100, 255] {
        many.push(Quirks { response_piece: Some(response_piece), ..quirks });
    }
    many.extend([
        Quirks { no_short_ids: true, ..quirks },
        Quirks { exact_lengths: true, ..quirks },
        Quirks { unprotected_errors: true, max_block: Some(160), ..quirks },
        Quirks { response_piece: Some(64), exact_lengths: true, ..quirks },
    ]);
    for extended_length in [None, Some(300), Some(2048), Some(u16::MAX)] {
        for quirks in &many {
            for is_old in [false, true] {
                // A long response in tiny pieces has no end to this reader.
                if quirks.response_piece.is_some_and(|len| len < 255) && extended_length.is_some() {
                    continue;
                }
                description.quirks = Quirks { extended_length, ..*quirks };
                description.pace =
                    if is_old { Vec::new() } else { ChipDescription::passport().pace };
                let personalisation = issue(&description);
                for extended in [false, true] {
                    let policy =
                        ReadPolicy { extended, max_block: 60_000, ..ReadPolicy::default() };
                    let name = format!("{:?} {extended}", description.quirks);
                    let mut chip = chip(&personalisation);
                    let mut reader = Reader::new(mrz(&personalisation), policy);
                    let end = run(&mut chip, &mut reader);
                    assert!(end.unwrap_or_else(|error| panic!("{name}: {error}")), "{name}");
                    let outcome = reader.outcome().unwrap();
                    assert_whole(&outcome, &personalisation, &name);
                    let document = prove(&outcome).unwrap();
                    authenticate_actively(&mut chip, &mut reader, &document).unwrap();
                    authenticate_chip(&mut chip, &mut reader, &document).unwrap();
                }
            }
        }
    }
}
