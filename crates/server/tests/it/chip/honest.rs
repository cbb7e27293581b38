//! Honest chips and phones.

use emrtd::crypto::symmetric::Cipher;
use emrtd::crypto::{Curve, DigestAlgorithm};
use emrtd::lds::security_info::KeyAgreement;
use emrtd::sim::{ActiveAuthentication, ChipDescription, Trailer};
use protocol::ClientMessage;
use serde_json::json;
use testkit::{PhoneSocket, ack};

use super::{World, with_active_authentication, with_chip_authentication};

#[tokio::test(flavor = "multi_thread")]
async fn a_chip_that_opens_a_session_with_the_servers_key_is_authenticated() {
    let world = World::new().await;
    for (agreement, cipher, version, domain, algorithm, times) in [
        // MSE:Set KAT is one command, MSE:Set AT and GENERAL AUTHENTICATE are two.
        (KeyAgreement::Ecdh, Cipher::TripleDes, 1, 12, "chip authentication v1, ECDH, 3DES", 2),
        (KeyAgreement::Ecdh, Cipher::Aes256, 1, 13, "chip authentication v1, ECDH, AES-256", 2),
        (KeyAgreement::Dh, Cipher::Aes128, 1, 2, "chip authentication v1, DH, AES-128", 2),
        (KeyAgreement::Ecdh, Cipher::Aes128, 2, 12, "chip authentication v2, ECDH, AES-128", 2),
    ] {
        let chip = world.issue(&with_chip_authentication(agreement, cipher, version, domain));
        let mut phone = world.phone(&chip).await;
        assert_eq!(phone.socket.relay(&mut phone.chip).await, times, "{algorithm}");
        let assurance = world.assurance(phone).await;
        assert_eq!(assurance["chip_proof"], "chip_authentication");
        assert_eq!(assurance["chip_proof_algorithm"], algorithm);
        assert_eq!(assurance["chip_authentication"], "proven");
        assert_eq!(assurance["active_authentication"], "not_offered");
        assert_eq!(assurance["phone_reported"], json!(null));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chip_that_signs_the_challenge_is_authenticated() {
    let world = World::new().await;
    let digest = DigestAlgorithm::Sha256;
    for (form, algorithm) in [
        (
            ActiveAuthentication::Rsa {
                bits: 2048,
                trailer: Trailer::Explicit(digest),
                lesser: true,
            },
            "RSA-2048 ISO 9796-2 with SHA-256",
        ),
        (
            ActiveAuthentication::Rsa { bits: 1024, trailer: Trailer::Implicit, lesser: false },
            "RSA-1024 ISO 9796-2 with SHA-1",
        ),
        (ActiveAuthentication::Ec { curve: Curve::P256, digest }, "plain ECDSA P-256 with SHA-256"),
    ] {
        let description =
            ChipDescription { active_authentication: Some(form), ..with_active_authentication() };
        let mut phone = world.phone(&world.issue(&description)).await;
        phone.socket.prove_actively(&mut phone.chip).await;
        let assurance = world.assurance(phone).await;
        assert_eq!(assurance["chip_proof"], "active_authentication");
        assert_eq!(assurance["chip_proof_algorithm"], algorithm);
        assert_eq!(assurance["active_authentication"], "proven");
        assert_eq!(assurance["chip_authentication"], "not_offered");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_strongest_proof_is_named_and_the_phones_word_beside_it() {
    let world = World::new().await;
    let mut phone = world.phone(&world.issue(&ChipDescription::passport())).await;
    phone.socket.prove_actively(&mut phone.chip).await;
    let report = ClientMessage::ChipAccess {
        access: "pace_gm".to_owned(),
        downgrade: String::new(),
        mapping: "not_run".to_owned(),
    };
    assert_eq!(phone.socket.ask(&report).await, ack("chip_access_received"));
    // It is told once; another story is heard out and forgotten.
    let other = ClientMessage::ChipAccess {
        access: "pace_cam".to_owned(),
        downgrade: "pace_hidden".to_owned(),
        mapping: "proven".to_owned(),
    };
    assert_eq!(phone.socket.ask(&other).await, ack("chip_access_received"));
    phone.socket.relay(&mut phone.chip).await;
    let assurance = world.assurance(phone).await;
    assert_eq!(assurance["chip_proof"], "chip_authentication");
    assert_eq!(assurance["active_authentication"], "proven");
    assert_eq!(assurance["chip_authentication"], "proven");
    let reported = json!({"access": "pace_gm", "downgrade": null, "pace_cam": "not_run"});
    assert_eq!(assurance["phone_reported"], reported);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_chip_cannot_give_is_said() {
    let world = World::new().await;
    let mut phone = world.phone(&world.issue(&ChipDescription::passive())).await;
    assert_eq!(phone.socket.relay(&mut phone.chip).await, 0, "there is nothing to relay");
    let assurance = world.assurance(phone).await;
    assert_eq!(assurance["chip_proof"], "none");
    assert_eq!(assurance["chip_proof_algorithm"], json!(null));
    assert_eq!(assurance["active_authentication"], "not_offered");
    assert_eq!(assurance["chip_authentication"], "not_offered");
}

/// The session with the chip is over after the first try, so the phone opens another.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_tag_begins_again_and_the_last_run_counts() {
    let world = World::new().await;
    let mut phone = world.phone(&world.issue(&ChipDescription::passport())).await;
    phone.socket.prove_actively(&mut phone.chip).await;
    let commands = phone.socket.begin_chip_auth().await;
    let answers = phone.chip.relay(&commands, false);
    assert_eq!(phone.socket.chip_auth(answers).await.commands(true).len(), 1);
    // A run that fails, because the tag was lost before the protected command.
    let heard = phone.socket.chip_auth(vec![vec![0x69, 0x88].into()]).await;
    assert!(heard.commands(false).is_empty());
    phone.chip.reopen();
    assert_eq!(phone.socket.relay(&mut phone.chip).await, 2);
    assert_eq!(world.assurance(phone).await["chip_proof"], "chip_authentication");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_proves_the_chip_anew() {
    let world = World::new().await;
    let mut phone = world.phone(&world.issue(&ChipDescription::passport())).await;
    phone.socket.prove_actively(&mut phone.chip).await;
    phone.socket.relay(&mut phone.chip).await;
    phone.socket = PhoneSocket::claimed(&world.server, &phone.handoff, "phone").await;
    phone.chip.reopen();
    phone.socket.begin().await;
    phone.socket.upload_chip(&phone.chip).await;
    phone.socket.prove_actively(&mut phone.chip).await;
    let assurance = world.assurance(phone).await;
    assert_eq!(assurance["chip_proof"], "active_authentication", "nothing is carried over");
    assert_eq!(assurance["chip_authentication"], "not_attempted");
}
