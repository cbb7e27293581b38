//! Chip authentication by the server: every protocol, real traces, and phones
//! and chips that lie.

use std::sync::atomic::{AtomicU64, Ordering};

use emrtd::crypto::Curve;
use emrtd::crypto::agreement::{Domain, KeyPair};
use emrtd::crypto::kdf::{self, KeyUse};
use emrtd::crypto::symmetric::{Cipher, Key};
use emrtd::lds::DataGroup;
use emrtd::lds::dg14::Dg14;
use emrtd::lds::security_info::{ChipAuthenticationProtocol, KeyAgreement};
use emrtd::read::SecureMessaging;
use emrtd::read::apdu::{CommandApdu, ResponseApdu, StatusWord};
use emrtd::read::secure_messaging::SecureMessagingError;
use emrtd::tlv::{self, Oid, Reader, Rules, Tag};
use emrtd::verify::{
    ChipAlgorithm, ChipChallenge, ChipFailure, DocumentFiles, PassivelyAuthenticated, TerminalKey,
};
use openssl::bn::{BigNum, BigNumContext};
use openssl::dh::Dh;
use openssl::ec::{Asn1Flag, EcGroup, EcKey, EcPoint};
use proptest::prelude::*;

use crate::active::proven;
use crate::security_info::{bsi, hex};
use crate::shared::{shared, vector};

const OK: &[u8] = &[0x90, 0x00];
const NONCE: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
/// Of the connection.
const CHALLENGE: [u8; 8] = *b"CHALLENG";

/// Other bytes at every call.
fn random(buffer: &mut [u8]) {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    for chunk in buffer.chunks_mut(32) {
        let call = CALLS.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        chunk.copy_from_slice(&openssl::sha::sha256(&call)[..chunk.len()]);
    }
}

/// A chip's side of chip authentication.
struct Chip {
    domain: Domain,
    pair: KeyPair,
    protocol: ChipAuthenticationProtocol,
    version: u32,
}

impl Chip {
    fn new(domain: Domain, cipher: Cipher, version: u32) -> Self {
        let pair = domain.generate(&mut random).unwrap();
        let agreement =
            if domain.curve().is_some() { KeyAgreement::Ecdh } else { KeyAgreement::Dh };
        let protocol = ChipAuthenticationProtocol { agreement, cipher };
        Self { domain, pair, protocol, version }
    }

    fn on(curve: Curve, cipher: Cipher, version: u32) -> Self {
        Self::new(Domain::ec(curve).unwrap(), cipher, version)
    }

    fn document(&self, spki: &[u8]) -> PassivelyAuthenticated<DocumentFiles> {
        let info = info(self.protocol, self.version as u8, None);
        let key = key_info(self.protocol.agreement, spki, None);
        proven(&[(DataGroup::DG14, Dg14::write(&[info, key]))])
    }

    /// Answers the key agreement; the session that follows.
    fn agree(&self, commands: &[CommandApdu]) -> (Vec<Vec<u8>>, SecureMessaging) {
        let is_3des = self.protocol.cipher == Cipher::TripleDes && self.version == 1;
        let public = if is_3des {
            let [command] = commands else { panic!("MSE:Set KAT alone") };
            assert_eq!(command.header(), [0x00, 0x22, 0x41, 0xA6]);
            value(&command.data, &[Tag(0x91)])
        } else {
            let [template, command] = commands else { panic!("MSE:Set AT and another") };
            assert_eq!(template.header(), [0x00, 0x22, 0x41, 0xA4]);
            assert_eq!(value(&template.data, &[Tag(0x80)]), self.protocol.oid().octets());
            assert_eq!(command.header(), [0x00, 0x86, 0x00, 0x00]);
            assert_eq!(command.expected, 256);
            value(&command.data, &[Tag(0x7C), Tag(0x80)])
        };
        let terminal = self.domain.public_key(&public).unwrap();
        let mut secret = self.domain.agree(&self.pair, &terminal).unwrap().to_vec();
        let mut answers = vec![OK.to_vec(); commands.len()];
        if self.version == 2 {
            secret.extend(NONCE);
            let token = self.token(&secret, &public);
            answers[1] = v2_answer(&NONCE, &token);
        }
        (answers, SecureMessaging::from_secret(&secret, self.protocol.cipher).unwrap())
    }

    fn token(&self, secret: &[u8], public: &[u8]) -> [u8; 8] {
        let tag = match self.protocol.agreement {
            KeyAgreement::Dh => Tag(0x84),
            KeyAgreement::Ecdh => Tag(0x86),
        };
        let fields = [tlv::oid_element(&self.protocol.oid()), tlv::tagged(tag, public)].concat();
        let key = kdf::derive(secret, KeyUse::Mac, self.protocol.cipher).unwrap();
        key.mac(&tlv::tagged(Tag(0x7F49), &fields)).unwrap()
    }
}

fn v2_answer(nonce: &[u8], token: &[u8]) -> Vec<u8> {
    let fields = [tlv::tagged(Tag(0x81), nonce), tlv::tagged(Tag(0x82), token)].concat();
    [&tlv::tagged(Tag(0x7C), &fields), OK].concat()
}

fn answer(session: &mut SecureMessaging, command: &[u8], status: StatusWord) -> Vec<u8> {
    let command = CommandApdu::parse(command).unwrap();
    let plain = session.unprotect_command(&command).unwrap();
    assert_eq!(plain.header(), [0x00, 0xA4, 0x02, 0x0C], "SELECT by file identifier");
    assert_eq!(plain.data.as_slice(), [0x01, 0x0E], "DG14");
    let response = ResponseApdu { data: Vec::new().into(), status };
    session.protect_response(&response, 0xA4).unwrap().encode()
}

/// The content of nested elements.
fn value(data: &[u8], path: &[Tag]) -> Vec<u8> {
    path.iter().fold(data.to_vec(), |data, tag| {
        let mut reader = Reader::new(&data, Rules::Der);
        reader.expect(*tag).unwrap().content().to_vec()
    })
}

fn info(protocol: ChipAuthenticationProtocol, version: u8, key_id: Option<u8>) -> Vec<u8> {
    let mut fields = tlv::oid_element(&protocol.oid());
    fields.extend(tlv::integer(&[version]));
    fields.extend(key_id.map(|id| tlv::integer(&[id])).unwrap_or_default());
    tlv::sequence(&[&fields])
}

fn key_info(agreement: KeyAgreement, spki: &[u8], key_id: Option<u8>) -> Vec<u8> {
    let arc = if agreement == KeyAgreement::Dh { 1 } else { 2 };
    let mut fields = [&tlv::oid_element(&bsi(&[1, arc])), spki].concat();
    fields.extend(key_id.map(|id| tlv::integer(&[id])).unwrap_or_default());
    tlv::sequence(&[&fields])
}

fn ec_spki(pair: &KeyPair, curve: Curve, explicit: bool) -> Vec<u8> {
    let mut group = EcGroup::from_curve_name(curve.nid()).unwrap();
    group.set_asn1_flag(if explicit { Asn1Flag::EXPLICIT_CURVE } else { Asn1Flag::NAMED_CURVE });
    let mut context = BigNumContext::new().unwrap();
    let point = EcPoint::from_bytes(&group, pair.public(), &mut context).unwrap();
    EcKey::from_public_key(&group, &point).unwrap().public_key_to_der().unwrap()
}

fn standardized_spki(id: u8, public: &[u8]) -> Vec<u8> {
    let oid = Oid::from_octets(&[0x04, 0x00, 0x7F, 0x00, 0x07, 0x01, 0x02]);
    let algorithm = tlv::sequence(&[&tlv::oid_element(&oid), &tlv::integer(&[id])]);
    tlv::sequence(&[&algorithm, &tlv::bit_string(public, 0)])
}

const X942: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3E, 0x02, 0x01];
const PKCS3: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x03, 0x01];

fn dh_spki(oid: &[u8], parameters: &[&[u8]], public: &[u8]) -> Vec<u8> {
    let numbers: Vec<u8> = parameters.iter().flat_map(|number| tlv::integer(number)).collect();
    let oid = tlv::oid_element(&Oid::from_octets(oid));
    let algorithm = tlv::sequence(&[&oid, &tlv::sequence(&[&numbers])]);
    tlv::sequence(&[&algorithm, &tlv::bit_string(&tlv::integer(public), 0)])
}

/// Runs the whole protocol between the server and an honest chip and phone.
fn run(chip: &Chip, spki: &[u8]) -> Result<ChipAlgorithm, ChipFailure> {
    let document = chip.document(spki);
    let (challenge, mut session) = start(chip, &document)?;
    let response = answer(&mut session, challenge.command(), StatusWord::OK);
    let proof = challenge.verify(&response)?;
    assert!(proof.is_for(&document, CHALLENGE));
    assert_eq!(proof.document(), document.digest());
    Ok(proof.algorithm())
}

fn start(
    chip: &Chip,
    document: &PassivelyAuthenticated<DocumentFiles>,
) -> Result<(ChipChallenge, SecureMessaging), ChipFailure> {
    let terminal = TerminalKey::generate(document, CHALLENGE, &mut random)?;
    let (answers, session) = chip.agree(&terminal.commands());
    Ok((terminal.agree(&slices(&answers))?, session))
}

fn slices(answers: &[Vec<u8>]) -> Vec<&[u8]> {
    answers.iter().map(Vec::as_slice).collect()
}

#[test]
fn every_curve_cipher_and_version() {
    for curve in Curve::ALL {
        for cipher in Cipher::ALL {
            for version in [1, 2] {
                let chip = Chip::on(curve, cipher, version);
                for explicit in [false, true] {
                    let spki = ec_spki(&chip.pair, curve, explicit);
                    let protocol = chip.protocol;
                    assert_eq!(run(&chip, &spki), Ok(ChipAlgorithm { protocol, version }));
                }
            }
        }
    }
}

#[test]
fn standardized_domain_parameters() {
    for id in (0..=2).chain(8..=18) {
        let chip = Chip::new(Domain::standardized(id).unwrap(), Cipher::Aes128, 1);
        let public = match chip.protocol.agreement {
            KeyAgreement::Ecdh => chip.pair.public().to_vec(),
            KeyAgreement::Dh => tlv::integer(chip.pair.public()),
        };
        assert!(run(&chip, &standardized_spki(id as u8, &public)).is_ok(), "{id}");
    }
}

#[test]
fn prime_fields_with_every_cipher_and_encoding() {
    let group = Dh::get_2048_224().unwrap();
    let prime = group.prime_p().to_vec();
    let order = group.prime_q().unwrap().to_vec();
    let generator = group.generator().to_vec();
    for cipher in Cipher::ALL {
        for version in [1, 2] {
            let domain = Domain::dh(&prime, &generator, &order).unwrap();
            let chip = Chip::new(domain, cipher, version);
            let public = chip.pair.public();
            let x942 = dh_spki(X942, &[&prime, &generator, &order], public);
            assert!(run(&chip, &x942).is_ok());
            let pkcs3 = dh_spki(PKCS3, &[&prime, &generator], public);
            assert!(run(&chip, &pkcs3).is_ok());
        }
    }
    // A safe prime, where PKCS #3 leaves the order out as well.
    let prime = BigNum::get_rfc3526_prime_2048().unwrap();
    let mut half = BigNum::new().unwrap();
    half.rshift1(&prime).unwrap();
    let domain = Domain::dh(&prime.to_vec(), &[2], &half.to_vec()).unwrap();
    let chip = Chip::new(domain, Cipher::TripleDes, 1);
    assert!(run(&chip, &dh_spki(PKCS3, &[&prime.to_vec(), &[2]], chip.pair.public())).is_ok());
}

#[test]
fn a_copy_without_the_private_key_does_not_pass() {
    for cipher in Cipher::ALL {
        for version in [1, 2] {
            let chip = Chip::on(Curve::BrainpoolP256r1, cipher, version);
            let copy = Chip::on(Curve::BrainpoolP256r1, cipher, version);
            let document = chip.document(&ec_spki(&chip.pair, Curve::BrainpoolP256r1, true));
            match start(&copy, &document) {
                Err(failure) => assert_eq!((failure, version), (ChipFailure::WrongToken, 2)),
                Ok((challenge, mut session)) => {
                    // The copy cannot even read the command, and makes an answer up.
                    assert_eq!(version, 1);
                    let command = CommandApdu::parse(challenge.command()).unwrap();
                    let failure = session.unprotect_command(&command).unwrap_err();
                    assert_eq!(failure, SecureMessagingError::WrongMac);
                    let response = ResponseApdu { data: Vec::new().into(), status: StatusWord::OK };
                    let response = session.protect_response(&response, 0xA4).unwrap();
                    assert_eq!(
                        challenge.verify(&response.encode()),
                        Err(ChipFailure::SecureMessaging(SecureMessagingError::WrongMac))
                    );
                }
            }
        }
    }
}

#[test]
fn a_phone_with_its_own_terminal_key_does_not_pass() {
    // W6 of the reference: DG14's key is public, and the phone has a key pair.
    let chip = Chip::on(Curve::P256, Cipher::Aes128, 1);
    let document = chip.document(&ec_spki(&chip.pair, Curve::P256, false));
    let terminal = TerminalKey::generate(&document, CHALLENGE, &mut random).unwrap();
    let own = chip.domain.generate(&mut random).unwrap();
    let public = chip.domain.public_key(chip.pair.public()).unwrap();
    let secret = chip.domain.agree(&own, &public).unwrap();
    let mut session = SecureMessaging::from_secret(&secret, Cipher::Aes128).unwrap();
    let challenge = terminal.agree(&[OK, OK]).unwrap();
    session.protect(&CommandApdu::new(0, 0xA4, 0x02, 0x0C)).unwrap();
    let response = ResponseApdu { data: Vec::new().into(), status: StatusWord::OK };
    let response = session.protect_response(&response, 0xA4).unwrap().encode();
    let expected = ChipFailure::SecureMessaging(SecureMessagingError::WrongMac);
    assert_eq!(challenge.verify(&response), Err(expected));
}

#[test]
fn an_answer_of_another_session_does_not_pass() {
    let chip = Chip::on(Curve::P256, Cipher::Aes256, 1);
    let document = chip.document(&ec_spki(&chip.pair, Curve::P256, false));
    let (first, mut session) = start(&chip, &document).unwrap();
    let response = answer(&mut session, first.command(), StatusWord::OK);
    let (second, _) = start(&chip, &document).unwrap();
    assert_ne!(first.command(), second.command());
    let wrong_mac = ChipFailure::SecureMessaging(SecureMessagingError::WrongMac);
    assert_eq!(second.verify(&response), Err(wrong_mac));
    assert!(first.verify(&response).is_ok());

    // Nor does the second answer of the right one.
    let (challenge, mut chips) = start(&chip, &document).unwrap();
    answer(&mut chips, challenge.command(), StatusWord::OK);
    let late = ResponseApdu { data: Vec::new().into(), status: StatusWord::OK };
    let late = chips.protect_response(&late, 0xA4).unwrap().encode();
    assert_eq!(challenge.verify(&late), Err(wrong_mac));
}

#[test]
fn a_refusal_of_the_chip_itself_proves_it_too() {
    let chip = Chip::on(Curve::P256, Cipher::TripleDes, 1);
    let document = chip.document(&ec_spki(&chip.pair, Curve::P256, false));
    let (challenge, mut session) = start(&chip, &document).unwrap();
    let response = answer(&mut session, challenge.command(), StatusWord::NOT_FOUND);
    assert!(challenge.verify(&response).is_ok());
}

#[test]
fn answers_without_protection_do_not_pass() {
    use SecureMessagingError as E;
    let chip = Chip::on(Curve::P256, Cipher::Aes128, 1);
    let document = chip.document(&ec_spki(&chip.pair, Curve::P256, false));
    for (response, expected) in [
        (hex("9000"), E::Unprotected(StatusWord::OK)),
        (hex("6988"), E::Unprotected(StatusWord::SECURE_MESSAGING_INCORRECT)),
        (hex("99029000 9000"), E::NoMac),
        (hex("99029000 8E00 9000"), E::WrongMac),
        (hex("99029000 8E08 0000000000000000 9000"), E::WrongMac),
        (hex("8E08 0000000000000000 9000"), E::WrongMac),
    ] {
        let (challenge, _) = start(&chip, &document).unwrap();
        assert_eq!(challenge.verify(&response), Err(ChipFailure::SecureMessaging(expected)));
    }
    // The command's own MAC, sent back.
    let (challenge, _) = start(&chip, &document).unwrap();
    let command = CommandApdu::parse(challenge.command()).unwrap();
    let mac = command.data[command.data.len() - 10..].to_vec();
    let reflected = [&hex("99029000")[..], &mac, OK].concat();
    assert!(challenge.verify(&reflected).is_err());
    for empty in [&[][..], &[0x90]] {
        let (challenge, _) = start(&chip, &document).unwrap();
        assert!(matches!(challenge.verify(empty), Err(ChipFailure::Apdu(_))));
    }
}

#[test]
fn a_key_agreement_that_did_not_happen_is_refused() {
    let chip = Chip::on(Curve::P256, Cipher::Aes128, 1);
    let document = chip.document(&ec_spki(&chip.pair, Curve::P256, false));
    let agree = |answers: &[&[u8]]| {
        TerminalKey::generate(&document, CHALLENGE, &mut random)
            .unwrap()
            .agree(answers)
            .unwrap_err()
    };
    for found in [0, 1, 3] {
        let expected = ChipFailure::Answers { expected: 2, found };
        assert_eq!(agree(&vec![OK; found]), expected);
    }
    assert_eq!(agree(&[OK, &[0x63, 0x00]]), ChipFailure::Refused(StatusWord(0x6300)));
    assert_eq!(agree(&[&[0x6A, 0x88]]), ChipFailure::Refused(StatusWord(0x6A88)));
    assert_eq!(agree(&[&[0x6A, 0x88], OK]), ChipFailure::Refused(StatusWord(0x6A88)));
    assert!(matches!(agree(&[OK, &[0x90]]), ChipFailure::Apdu(_)));
}

#[test]
fn version_2_needs_its_token() {
    let chip = Chip::on(Curve::P256, Cipher::Aes192, 2);
    let document = chip.document(&ec_spki(&chip.pair, Curve::P256, false));
    for wrong in [
        OK.to_vec(),
        hex("7C00 9000"),
        hex("7C0A 8108 0102030405060708 9000"),
        hex("7C0A 8208 0102030405060708 9000"),
        v2_answer(&[], &[0; 8]),
        v2_answer(&NONCE[..7], &[0; 8]),
        [&v2_answer(&NONCE, &[0; 8])[..22], &[0x00, 0x90, 0x00]].concat(),
    ] {
        let terminal = TerminalKey::generate(&document, CHALLENGE, &mut random).unwrap();
        let failure = terminal.agree(&[OK, &wrong]).unwrap_err();
        assert!(matches!(failure, ChipFailure::AuthenticationData(_)), "{failure:?}");
    }
    for token in [&[][..], &[0; 8], &[0; 16]] {
        let terminal = TerminalKey::generate(&document, CHALLENGE, &mut random).unwrap();
        let failure = terminal.agree(&[OK, &v2_answer(&NONCE, token)]).unwrap_err();
        assert_eq!(failure, ChipFailure::WrongToken);
    }
}

#[test]
fn a_proof_is_for_one_document_and_one_connection() {
    let chip = Chip::on(Curve::P256, Cipher::Aes128, 1);
    let spki = ec_spki(&chip.pair, Curve::P256, false);
    let (document, other) = (chip.document(&spki), chip.document(&spki));
    let (challenge, mut session) = start(&chip, &document).unwrap();
    let response = answer(&mut session, challenge.command(), StatusWord::OK);
    let proof = challenge.verify(&response).unwrap();
    assert!(proof.is_for(&document, CHALLENGE) && !proof.is_for(&other, CHALLENGE));
    assert!(!proof.is_for(&document, *b"another!"));
    assert_eq!(proof.algorithm().to_string(), "chip authentication v1, ECDH, AES-128");
}

fn chosen(entries: &[Vec<u8>]) -> Result<(ChipAlgorithm, Vec<CommandApdu>), ChipFailure> {
    let document = proven(&[(DataGroup::DG14, Dg14::write(entries))]);
    let terminal = TerminalKey::generate(&document, CHALLENGE, &mut random)?;
    Ok((terminal.algorithm(), terminal.commands()))
}

fn ecdh(cipher: Cipher) -> ChipAuthenticationProtocol {
    ChipAuthenticationProtocol { agreement: KeyAgreement::Ecdh, cipher }
}

#[test]
fn the_best_usable_protocol_is_chosen() {
    let chip = Chip::on(Curve::P256, Cipher::Aes128, 1);
    let spki = ec_spki(&chip.pair, Curve::P256, false);
    let key = |id| key_info(KeyAgreement::Ecdh, &spki, id);
    let entry = |cipher, version, id| info(ecdh(cipher), version, id);
    use Cipher::{Aes128, Aes256, TripleDes};
    for (entries, cipher, version) in [
        (vec![entry(TripleDes, 1, None), entry(Aes128, 1, None), key(None)], Aes128, 1),
        (vec![entry(Aes256, 2, None), entry(TripleDes, 1, None), key(None)], TripleDes, 1),
        (vec![entry(Aes256, 10, None), entry(Aes128, 2, None), key(None)], Aes128, 2),
        // The number of the only key may stand in one place alone.
        (vec![entry(Aes128, 1, Some(7)), key(None)], Aes128, 1),
        (vec![entry(Aes128, 1, None), key(Some(7))], Aes128, 1),
        // A chip of TR-03110 1.0.
        (vec![key(None)], TripleDes, 1),
    ] {
        let (algorithm, _) = chosen(&entries).unwrap();
        assert_eq!(algorithm, ChipAlgorithm { protocol: ecdh(cipher), version });
    }
    // TR-03105-5.1 LDS_F_06, and ISO7816_D_13.
    assert_eq!(chosen(&[entry(Aes128, 10, None), key(None)]), Err(ChipFailure::NotOffered));
    let mismatch = [entry(Aes128, 1, Some(1)), key(Some(2))];
    assert_eq!(chosen(&mismatch), Err(ChipFailure::NotOffered));
    assert_eq!(chosen(&[entry(Aes128, 1, None)]), Err(ChipFailure::NotOffered));
    assert_eq!(chosen(&[]), Err(ChipFailure::NotOffered));
}

#[test]
fn the_key_is_named_when_the_chip_numbers_it() {
    let chip = Chip::on(Curve::P384, Cipher::Aes128, 1);
    let other = Chip::on(Curve::P256, Cipher::Aes128, 1);
    let keys = [
        key_info(KeyAgreement::Ecdh, &ec_spki(&other.pair, Curve::P256, false), Some(1)),
        key_info(KeyAgreement::Ecdh, &ec_spki(&chip.pair, Curve::P384, false), Some(0x90)),
    ];
    let entry = info(ecdh(Cipher::Aes128), 1, Some(0x90));
    let (_, commands) = chosen(&[entry, keys[0].clone(), keys[1].clone()]).unwrap();
    assert_eq!(commands[0].data.as_slice(), hex("800A04007F00070202030202 840190"));
    assert_eq!(value(&commands[1].data, &[Tag(0x7C), Tag(0x80)]).len(), 97, "P-384");
    // Also with 3DES, behind the public key.
    let entry = info(ecdh(Cipher::TripleDes), 1, Some(1));
    let (_, commands) = chosen(&[entry, keys[0].clone(), keys[1].clone()]).unwrap();
    assert_eq!(commands[0].data[..2], [0x91, 65]);
    assert_eq!(commands[0].data[67..], [0x84, 0x01, 0x01]);
}

#[test]
fn unusable_keys_are_refused() {
    let chip = Chip::on(Curve::P256, Cipher::Aes128, 1);
    let mut off_curve = ec_spki(&chip.pair, Curve::P256, false);
    *off_curve.last_mut().unwrap() ^= 1;
    let compressed = standardized_spki(12, &[&[0x02], &chip.pair.public()[1..33]].concat());
    let infinity = standardized_spki(12, &[0x00]);
    let unknown_set = standardized_spki(7, chip.pair.public());
    for spki in [&off_curve, &compressed, &infinity, &unknown_set] {
        let key = key_info(KeyAgreement::Ecdh, spki, None);
        assert!(matches!(chosen(&[key]), Err(ChipFailure::Key(at)) if at > 0));
    }
    let group = Dh::get_1024_160().unwrap();
    let (prime, order) = (group.prime_p().to_vec(), group.prime_q().unwrap().to_vec());
    let generator = group.generator().to_vec();
    let mut minus_one = prime.clone();
    *minus_one.last_mut().unwrap() -= 1;
    let good = [&prime[..], &generator, &order];
    // A sound group, and too small: the first Oakley group.
    let small = BigNum::get_rfc2409_prime_768().unwrap();
    let mut half = BigNum::new().unwrap();
    half.rshift1(&small).unwrap();
    let (small, half) = (small.to_vec(), half.to_vec());
    assert!(Domain::dh(&small, &[2], &half).unwrap().public_key(&[4]).is_ok());
    for spki in [
        // Values of a small order, with which the secret would be known.
        dh_spki(X942, &good, &[0]),
        dh_spki(X942, &good, &[1]),
        dh_spki(X942, &good, &minus_one),
        dh_spki(X942, &good, &prime),
        dh_spki(X942, &[&prime, &[1], &order], &generator),
        dh_spki(X942, &[&prime, &generator], &generator),
        dh_spki(X942, &[&small, &[2], &half], &[4]),
        dh_spki(PKCS3, &[&small, &[2]], &[4]),
        dh_spki(&[0x2A, 0x03], &good, &generator),
        // A key on a curve that says it is in a prime field.
        ec_spki(&chip.pair, Curve::P256, false),
    ] {
        let key = key_info(KeyAgreement::Dh, &spki, None);
        assert!(matches!(chosen(&[key]), Err(ChipFailure::Key(_))));
    }
    // The parameters of the other kind of group.
    let field =
        standardized_spki(2, &tlv::integer(&Dh::get_2048_256().unwrap().generator().to_vec()));
    let curve = standardized_spki(12, chip.pair.public());
    for (agreement, spki) in [(KeyAgreement::Ecdh, field), (KeyAgreement::Dh, curve)] {
        assert!(matches!(chosen(&[key_info(agreement, &spki, None)]), Err(ChipFailure::Key(_))));
    }
    // One unusable key does not hide another.
    let good = key_info(KeyAgreement::Ecdh, &ec_spki(&chip.pair, Curve::P256, false), Some(1));
    let bad = key_info(KeyAgreement::Ecdh, &off_curve, Some(2));
    let infos = [info(ecdh(Cipher::Aes256), 1, Some(2)), info(ecdh(Cipher::Aes128), 1, Some(1))];
    let [first, second] = infos;
    let (algorithm, _) = chosen(&[first, second, good, bad]).unwrap();
    assert_eq!(algorithm.protocol, ecdh(Cipher::Aes128));
}

#[test]
fn a_document_without_dg14_or_with_a_broken_one_proves_nothing() {
    let generate = |groups: &[(DataGroup, Vec<u8>)]| {
        TerminalKey::generate(&proven(groups), CHALLENGE, &mut random).map(|_| ()).unwrap_err()
    };
    assert_eq!(generate(&[]), ChipFailure::NoKey);
    let broken = generate(&[(DataGroup::DG14, hex("6E023100 00"))]);
    assert_eq!(broken.to_string(), "DG14: bytes follow the end of the structure at byte 4");
}

#[test]
fn dg14_of_real_passports() {
    for (path, expected) in [
        ("gmrtd/0464524bab9c", Ok((Cipher::Aes128, 2))),
        ("gmrtd/3339ea1a5ee3", Ok((Cipher::TripleDes, 1))),
        ("gmrtd/0b5f3c1d9b5b", Err(ChipFailure::NotOffered)),
        ("pymrtd/81ffc496d658", Ok((Cipher::TripleDes, 1))),
    ] {
        let Some(file) = shared(&format!("specimens/{path}/DG14.bin")) else { return };
        let document = proven(&[(DataGroup::DG14, file)]);
        let found = TerminalKey::generate(&document, CHALLENGE, &mut random)
            .map(|terminal| (terminal.algorithm().protocol.cipher, terminal.commands().len()));
        assert_eq!(found, expected, "{path}");
    }
}

/// Sessions with real Austrian and German passports, whose terminal key is known.
#[test]
fn the_traces_of_real_chips() {
    for name in ["TestChipAuthAT", "TestChipAuthDE"] {
        let trace = vector(&format!("apdu/gmrtd_chipauth_chip_auth_{name}.txt"));
        let trace = String::from_utf8(trace).unwrap();
        let lines = |prefix: &str| -> Vec<Vec<u8>> {
            let value = |line: &str| hex(line.rsplit(' ').next().unwrap());
            trace.lines().filter(|line| line.starts_with(prefix)).map(value).collect()
        };
        let constants = lines("= const");
        let [encryption, mac, counter, private, ..] = &constants[..] else { panic!() };
        let (commands, responses) = (lines("> "), lines("< "));
        let dg14 = lines("= dg14bytes").remove(0);
        let document = proven(&[(DataGroup::DG14, dg14)]);

        let mut known = |buffer: &mut [u8]| buffer.copy_from_slice(private);
        let terminal = TerminalKey::generate(&document, CHALLENGE, &mut known).unwrap();
        let key = |octets| Key::new(Cipher::Aes128, octets).unwrap();
        let mut phone = SecureMessaging::from_keys(key(encryption), key(mac), counter).unwrap();
        let mut answers = Vec::new();
        for (index, command) in terminal.commands().iter().enumerate() {
            let protected = phone.protect(command).unwrap().encode().unwrap();
            assert_eq!(protected, commands[index]);
            let response = ResponseApdu::parse(&responses[index]).unwrap();
            answers.push(phone.unprotect(&response).unwrap().encode());
        }
        let challenge = terminal.agree(&slices(&answers)).unwrap();
        assert_eq!(challenge.command(), commands[2]);
        let proof = challenge.verify(&responses[2]).unwrap();
        assert!(proof.is_for(&document, CHALLENGE));
        let expected = ChipAlgorithm { protocol: ecdh(Cipher::Aes128), version: 1 };
        assert_eq!(proof.algorithm(), expected);
    }
}

/// Appendix C.3 of the reference's description: known keys on both sides.
#[test]
fn known_secret_and_token_of_version_2() {
    let domain = Domain::ec(Curve::P256).unwrap();
    let pair = domain.key_pair(&[0x11; 32]).unwrap();
    let terminal_pair = domain.key_pair(&[0x22; 32]).unwrap();
    let dg14 = hex(
        "6e7b3179300f060a04007f000702020302020201023066060904007f0007020201023059301306072a8648ce
         3d020106082a8648ce3d030107034200040217e617f0b6443928278f96999e69a23a4f2c152bdf6d6cdf66e5
         b80282d4ed194a7debcb97712d2dda3ca85aa8765a56f45fc758599652f2897c65306e5794",
    );
    assert!(dg14.ends_with(pair.public()));
    let other = domain.public_key(terminal_pair.public()).unwrap();
    let mut secret = domain.agree(&pair, &other).unwrap().to_vec();
    let expected = "ccfc261f58193c98ca4ad4a53bbac6f0ee29bc4d48438090446908622ca79af6";
    assert_eq!(secret, hex(expected));
    secret.extend(NONCE);
    let mac = kdf::derive(&secret, KeyUse::Mac, Cipher::Aes128).unwrap();
    assert_eq!(mac.octets(), hex("c0c7e5b3ede7ea0c71c1602d5047a296"));

    let document = proven(&[(DataGroup::DG14, dg14)]);
    let terminal = || {
        TerminalKey::generate(&document, CHALLENGE, &mut |buffer: &mut [u8]| buffer.fill(0x22))
            .unwrap()
    };
    let answer_with = |token: &str| v2_answer(&NONCE, &hex(token));
    // The reference made the token over the object identifier of the key.
    let failure = terminal().agree(&[OK, &answer_with("5aee19d7a733eaa9")]).unwrap_err();
    assert_eq!(failure, ChipFailure::WrongToken);
    let challenge = terminal().agree(&[OK, &answer_with("e02b6fbcb61d643b")]).unwrap();
    let mut session = SecureMessaging::from_secret(&secret, Cipher::Aes128).unwrap();
    let response = answer(&mut session, challenge.command(), StatusWord::OK);
    assert!(challenge.verify(&response).is_ok());
}

#[test]
fn any_flipped_bit_of_the_answer_is_fatal() {
    for (cipher, version) in [(Cipher::TripleDes, 1), (Cipher::Aes128, 2)] {
        let chip = Chip::on(Curve::P256, cipher, version);
        let document = chip.document(&ec_spki(&chip.pair, Curve::P256, false));
        for bit in 0..16 * 8 {
            let (challenge, mut session) = start(&chip, &document).unwrap();
            let mut response = answer(&mut session, challenge.command(), StatusWord::OK);
            assert_eq!(response.len(), 16);
            response[bit / 8] ^= 1 << (bit % 8);
            assert!(challenge.verify(&response).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn debug_shows_no_key() {
    let chip = Chip::on(Curve::P256, Cipher::Aes128, 1);
    let document = chip.document(&ec_spki(&chip.pair, Curve::P256, false));
    let mut known = |buffer: &mut [u8]| buffer.fill(0x22);
    let terminal = TerminalKey::generate(&document, CHALLENGE, &mut known).unwrap();
    let shown = format!("{terminal:?}");
    assert!(shown.contains("redacted") && !shown.contains("34, 34"), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_refused(
        agreement in proptest::collection::vec(any::<u8>(), 0..80),
        response in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        for version in [1, 2] {
            let chip = Chip::on(Curve::P256, Cipher::Aes128, version);
            let document = chip.document(&ec_spki(&chip.pair, Curve::P256, false));
            let terminal = TerminalKey::generate(&document, CHALLENGE, &mut random).unwrap();
            prop_assert!(terminal.agree(&[OK, &agreement]).is_err() || agreement.ends_with(OK));
            let (challenge, _) = start(&chip, &document).unwrap();
            prop_assert!(challenge.verify(&response).is_err());
        }
    }
}
