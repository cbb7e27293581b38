//! Copies without keys, and phones that lie.

use emrtd::crypto::agreement::Domain;
use emrtd::crypto::symmetric::Cipher;
use emrtd::lds::dg14::Dg14;
use emrtd::read::SecureMessaging;
use emrtd::read::apdu::{CommandApdu, ResponseApdu, StatusWord};
use emrtd::sim::{ChipDescription, Dishonesty};
use protocol::{ClientMessage, DataKind, SecretBytes, limits};
use testkit::{ChipOnReader, Heard, PhoneSocket, ack};

use super::{World, with_active_authentication, with_chip_authentication_alone};

const ACTIVE_FAILED: &str = "passport_active_authentication_failed";
const CHIP_FAILED: &str = "passport_chip_authentication_failed";
const NOT_GENUINE: &str = "passport_authenticity_failed";

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_without_the_private_keys_proves_nothing() {
    let world = World::new().await;
    let copy = |description| world.issue(&description).with(Dishonesty::Copy).unwrap();

    let mut phone = world.phone(&copy(with_active_authentication())).await;
    phone.socket.prove_actively(&mut phone.chip).await;
    assert_eq!(world.rejection(phone).await, ACTIVE_FAILED);

    let mut phone = world.phone(&copy(with_chip_authentication_alone())).await;
    phone.socket.relay(&mut phone.chip).await;
    assert_eq!(world.rejection(phone).await, CHIP_FAILED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_is_missing_or_cut_off_is_refused() {
    let world = World::new().await;
    let chip = world.issue(&with_active_authentication());
    assert_eq!(world.rejection(world.phone(&chip).await).await, ACTIVE_FAILED);

    let mut phone = world.phone(&chip).await;
    let challenge = phone.socket.challenge();
    let signature = phone.chip.sign(&challenge);
    phone.socket.upload_signature(&challenge, &signature[..signature.len() - 1]).await;
    assert_eq!(world.rejection(phone).await, ACTIVE_FAILED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_over_another_challenge_is_refused() {
    let world = World::new().await;
    let chip = world.issue(&with_active_authentication());
    // One that the phone chose.
    let mut phone = world.phone(&chip).await;
    let signature = phone.chip.sign(b"PHONE'S ");
    phone.socket.upload_signature(b"PHONE'S ", &signature).await;
    assert_eq!(world.rejection(phone).await, ACTIVE_FAILED);

    // The same under the name of the server's.
    let mut phone = world.phone(&chip).await;
    let challenge = phone.socket.challenge();
    phone.socket.upload_signature(&challenge, &signature).await;
    assert_eq!(world.rejection(phone).await, ACTIVE_FAILED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_for_an_earlier_socket_is_refused() {
    let world = World::new().await;
    let mut phone = world.phone(&world.issue(&with_active_authentication())).await;
    let earlier = phone.socket.challenge();
    let signature = phone.chip.sign(&earlier);
    phone.socket = PhoneSocket::claimed(&world.server, &phone.handoff, "phone").await;
    assert_ne!(phone.socket.challenge(), earlier);
    phone.socket.begin().await;
    phone.socket.upload_chip(&phone.chip).await;
    phone.socket.upload_signature(&earlier, &signature).await;
    assert_eq!(world.rejection(phone).await, ACTIVE_FAILED);
}

/// A second hello on one socket makes a new challenge, and the run of chip authentication is gone.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_proven_before_a_second_hello_counts_after_it() {
    let world = World::new().await;
    let mut phone = world.phone(&world.issue(&with_chip_authentication_alone())).await;
    phone.socket.relay(&mut phone.chip).await;
    phone.socket.claim(&phone.handoff, "phone").await;
    phone.socket.begin().await;
    phone.socket.upload_chip(&phone.chip).await;
    let assurance = world.assurance(phone).await;
    assert_eq!(assurance["chip_proof"], "none");
    assert_eq!(assurance["chip_authentication"], "not_attempted");
}

/// A new start does not undo a wrong answer; only a proof does.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_answer_is_not_forgotten_at_a_new_start() {
    let world = World::new().await;
    let copy = world.issue(&ChipDescription::passport()).with(Dishonesty::Copy).unwrap();
    let refused = || vec![SecretBytes::from(vec![0x6A, 0x80])];

    let mut phone = world.phone(&copy).await;
    phone.socket.relay(&mut phone.chip).await;
    assert!(!phone.socket.begin_chip_auth().await.is_empty());
    assert_eq!(world.rejection(phone).await, CHIP_FAILED);

    let mut phone = world.phone(&copy).await;
    phone.socket.relay(&mut phone.chip).await;
    assert!(!phone.socket.begin_chip_auth().await.is_empty());
    assert!(phone.socket.chip_auth(refused()).await.commands(false).is_empty());
    assert_eq!(world.rejection(phone).await, CHIP_FAILED);
}

/// The phone knows the chip's public key and may choose a key of its own, which is all that the
/// reference's transcript takes. It does not know the server's.
#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_makes_up_the_chips_answers_fails() {
    let world = World::new().await;
    let chip = world.issue(&with_chip_authentication_alone());
    let reader = ChipOnReader::read(&chip);
    let (_, dg14) = reader.files().find(|(kind, _)| *kind == DataKind::Dg14).unwrap();
    let dg14 = Dg14::parse(dg14).unwrap();
    let key = dg14.security_infos().chip_public_keys().next().unwrap();
    // Brainpool P-256, the curve of the preset.
    let domain = Domain::standardized(13).unwrap();
    let own = domain.key_pair(&[0x22; 32]).unwrap();
    let secret = domain.agree(&own, &domain.public_key(&key.public_key).unwrap()).unwrap();
    let mut session = SecureMessaging::from_secret(&secret, Cipher::Aes128).unwrap();
    // As if it had taken the server's command.
    session.protect(&CommandApdu::new(0, 0xA4, 0x02, 0x0C)).unwrap();
    let ok = ResponseApdu { data: Vec::new().into(), status: StatusWord::OK };
    let made_up = session.protect_response(&ok, 0xA4).unwrap().encode();
    for answer in [made_up, vec![0x90, 0x00], vec![], vec![0x69, 0x88], vec![0; 64]] {
        let mut phone = world.phone(&chip).await;
        let commands = phone.socket.begin_chip_auth().await;
        let accepted = commands.iter().map(|_| vec![0x90, 0x00].into()).collect();
        assert_eq!(phone.socket.chip_auth(accepted).await.commands(true).len(), 1);
        let heard = phone.socket.chip_auth(vec![answer.into()]).await;
        assert!(heard.commands(false).is_empty(), "nothing is said of the outcome");
        assert_eq!(world.rejection(phone).await, CHIP_FAILED);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_and_signatures_of_another_session_are_worth_nothing() {
    let world = World::new().await;
    let chip = world.issue(&ChipDescription::passport());
    let mut genuine = world.phone(&chip).await;
    let challenge = genuine.socket.challenge();
    let signature = genuine.chip.sign(&challenge);
    let commands = genuine.socket.begin_chip_auth().await;
    let agreed = genuine.chip.relay(&commands, false);
    let protected = genuine.socket.chip_auth(agreed.clone()).await.commands(true);
    let proven = genuine.chip.relay(&protected, true);

    let mut thief = world.phone(&chip).await;
    let own = thief.socket.challenge();
    thief.socket.upload_signature(&own, &signature).await;
    assert_eq!(world.rejection(thief).await, ACTIVE_FAILED);

    let mut thief = world.phone(&chip).await;
    thief.socket.prove_actively(&mut thief.chip).await;
    thief.socket.begin_chip_auth().await;
    thief.socket.chip_auth(agreed.clone()).await.commands(true);
    thief.socket.chip_auth(proven.clone()).await;
    assert_eq!(world.rejection(thief).await, CHIP_FAILED);

    // Nor are those of an earlier run of the same session.
    genuine.socket.upload_signature(&challenge, &signature).await;
    genuine.socket.begin_chip_auth().await;
    genuine.socket.chip_auth(agreed).await.commands(true);
    genuine.socket.chip_auth(proven).await;
    assert_eq!(world.rejection(genuine).await, CHIP_FAILED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_signature_is_refused_beside_a_proof() {
    let world = World::new().await;
    let mut phone = world.phone(&world.issue(&ChipDescription::passport())).await;
    let signature = phone.chip.sign(b"another!");
    let challenge = phone.socket.challenge();
    phone.socket.upload_signature(&challenge, &signature).await;
    phone.socket.relay(&mut phone.chip).await;
    assert_eq!(world.rejection(phone).await, ACTIVE_FAILED);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_change_after_the_proof_do_not_inherit_it() {
    let world = World::new().await;
    let (with_chip, stolen) = (
        world.issue(&with_chip_authentication_alone()),
        ChipOnReader::read(&world.issue(&with_chip_authentication_alone())),
    );
    // One file of another genuine document.
    let mut phone = world.phone(&with_chip).await;
    phone.socket.relay(&mut phone.chip).await;
    for (kind, bytes) in stolen.files().filter(|(kind, _)| *kind == DataKind::Dg14) {
        phone.socket.upload_whole(kind, bytes).await;
    }
    assert_eq!(world.rejection(phone).await, NOT_GENUINE);

    // All of them: genuine together, and not what was proven.
    let mut phone = world.phone(&with_chip).await;
    phone.socket.relay(&mut phone.chip).await;
    phone.socket.upload_chip(&stolen).await;
    assert_eq!(world.rejection(phone).await, CHIP_FAILED);

    // The same bytes again are the same document.
    let mut phone = world.phone(&with_chip).await;
    phone.socket.relay(&mut phone.chip).await;
    phone.socket.upload_chip(&phone.chip).await;
    assert_eq!(world.assurance(phone).await["chip_proof"], "chip_authentication");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transcript_of_the_reference_earns_nothing() {
    let world = World::new().await;
    let mut phone = world.phone(&world.issue(&with_chip_authentication_alone())).await;
    phone.socket.upload_whole(DataKind::ChipAuth, &[1; 146]).await;
    let assurance = world.assurance(phone).await;
    assert_eq!(assurance["chip_proof"], "none");
    assert_eq!(assurance["chip_authentication"], "not_attempted");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_the_state_signed_cannot_be_left_out() {
    let world = World::new().await;
    let chip = world.issue(&ChipDescription::passport());
    for hidden in [DataKind::Dg14, DataKind::Dg15] {
        let session = world.rp.session(&[("family_name", true)]).await;
        let handoff = world.rp.handoff(&session.id).await;
        let mut socket = PhoneSocket::claimed(&world.server, &handoff, "phone").await;
        socket.begin().await;
        for (kind, bytes) in ChipOnReader::read(&chip).files().filter(|(kind, _)| *kind != hidden) {
            socket.upload_whole(kind, bytes).await;
        }
        assert!(socket.begin_chip_auth().await.is_empty(), "an unproven document has no key");
        assert_eq!(socket.phase("nfc_complete").await.rejection(), NOT_GENUINE);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_out_of_order_are_refused_and_change_nothing() {
    const OUT_OF_ORDER: &str = "CHIP_AUTH_OUT_OF_ORDER";
    let answer = || SecretBytes::from(vec![0x90, 0x00]);
    let world = World::new().await;
    let mut phone = world.phone(&world.issue(&ChipDescription::passport())).await;
    phone.socket.prove_actively(&mut phone.chip).await;
    assert_eq!(phone.socket.chip_auth(vec![answer()]).await.error_code(), OUT_OF_ORDER);
    let commands = phone.socket.begin_chip_auth().await;
    let too_many = vec![answer(); commands.len() + 1];
    assert_eq!(phone.socket.chip_auth(too_many).await.error_code(), OUT_OF_ORDER);
    let answers = phone.chip.relay(&commands, false);
    let protected = phone.socket.chip_auth(answers).await.commands(true);
    let heard = phone.socket.chip_auth(vec![answer(), answer()]).await;
    assert_eq!(heard.error_code(), OUT_OF_ORDER);
    let answers = phone.chip.relay(&protected, true);
    assert!(phone.socket.chip_auth(answers.clone()).await.commands(false).is_empty());
    assert_eq!(phone.socket.chip_auth(answers).await.error_code(), OUT_OF_ORDER);
    let flood = vec![answer(); limits::CHIP_APDUS + 1];
    assert_eq!(phone.socket.chip_auth(flood).await.error_code(), "DECODE_FAILED");
    assert_eq!(world.assurance(phone).await["chip_proof"], "chip_authentication");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_begins_five_times_at_most() {
    let world = World::new().await;
    let mut phone = world.phone(&world.issue(&with_chip_authentication_alone())).await;
    for _ in 0..4 {
        assert!(!phone.socket.begin_chip_auth().await.is_empty());
    }
    // A second hello is no new budget.
    phone.socket.claim(&phone.handoff, "phone").await;
    phone.socket.begin().await;
    phone.socket.upload_chip(&phone.chip).await;
    assert_eq!(phone.socket.relay(&mut phone.chip).await, 2);
    for _ in 0..3 {
        assert!(phone.socket.begin_chip_auth().await.is_empty());
    }
    let assurance = world.assurance(phone).await;
    assert_eq!(assurance["chip_proof"], "chip_authentication", "the last run still counts");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_relay_has_its_place_in_the_conversation() {
    let world = World::new().await;
    let session = world.rp.session(&[("family_name", true)]).await;
    let handoff = world.rp.handoff(&session.id).await;
    let begin = ClientMessage::ChipAuth { answers: vec![] };
    let access = |access: &str, downgrade: &str| ClientMessage::ChipAccess {
        access: access.to_owned(),
        downgrade: downgrade.to_owned(),
        mapping: String::new(),
    };
    let mut socket = PhoneSocket::connect(&world.server, &session.id).await;
    assert_eq!(socket.ask(&begin).await.error_code(), "HELLO_REQUIRED");
    socket.claim(&handoff, "phone").await;
    for message in [&begin, &access("bac", "")] {
        assert_eq!(socket.ask(message).await.error_code(), "NFC_DATA_PHASE_REQUIRED");
    }
    socket.begin().await;
    assert!(socket.begin_chip_auth().await.is_empty(), "there are no files yet");
    for unknown in [access("", ""), access("PACE", ""), access("bac", "no reason")] {
        assert_eq!(socket.ask(&unknown).await.error_code(), "CHIP_ACCESS_INVALID");
    }
    assert_eq!(socket.ask(&access("bac", "pace_hidden")).await, ack("chip_access_received"));
}

/// Everything is sent at once: what comes behind `nfc_complete` finds the phase over.
#[tokio::test(flavor = "multi_thread")]
async fn chip_authentication_that_races_the_verdict_comes_too_late() {
    let world = World::new().await;
    let mut phone = world.phone(&world.issue(&with_chip_authentication_alone())).await;
    let commands = phone.socket.begin_chip_auth().await;
    let answers = phone.chip.relay(&commands, false);
    let complete = ClientMessage::Phase {
        phase: "nfc_complete".to_owned(),
        error: String::new(),
        progress: 0,
    };
    phone.socket.send(&complete).await;
    phone.socket.send(&ClientMessage::ChipAuth { answers }).await;
    phone.socket.send(&ClientMessage::ChipAuth { answers: vec![] }).await;
    assert_eq!(phone.socket.hear().await, ack("phase_ok"));
    for _ in 0..2 {
        assert_eq!(phone.socket.hear().await.error_code(), "NFC_DATA_PHASE_REQUIRED");
    }
    let assurance = world.assurance(phone).await;
    assert_eq!(assurance["chip_proof"], "none");
    assert_eq!(assurance["chip_authentication"], "not_attempted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_displaced_socket_proves_nothing_for_the_one_that_took_over() {
    let world = World::new().await;
    let mut phone = world.phone(&world.issue(&with_chip_authentication_alone())).await;
    let commands = phone.socket.begin_chip_auth().await;
    let answers = phone.chip.relay(&commands, false);
    let mut newer = PhoneSocket::claimed(&world.server, &phone.handoff, "phone").await;
    let mut heard = phone.socket.chip_auth(answers.clone()).await;
    while !matches!(heard, Heard::Closed(_)) {
        heard = phone.socket.hear().await;
    }
    newer.begin().await;
    newer.upload_chip(&phone.chip).await;
    assert_eq!(newer.chip_auth(answers).await.error_code(), "CHIP_AUTH_OUT_OF_ORDER");
}
