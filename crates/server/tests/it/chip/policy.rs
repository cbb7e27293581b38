//! What an organization may ask for.

use std::time::Duration;

use domain::policy::{ChipProofPolicy, ExpiredDocuments, Policy, RevocationPolicy};
use emrtd::sim::{ChipDescription, Holder};
use protocol::SecretBytes;
use serde_json::json;

use super::{World, with_active_authentication, with_chip_authentication_alone};

fn chip_proof_required() -> Policy {
    Policy { chip_proof: ChipProofPolicy::Required, ..Policy::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_required_proof_refuses_every_document_without_one() {
    let world = World::under(chip_proof_required()).await;
    // A document that has no key; and one that has, with a phone that cannot relay.
    for description in [ChipDescription::passive(), with_chip_authentication_alone()] {
        let phone = world.phone(&world.issue(&description)).await;
        assert_eq!(world.rejection(phone).await, "passport_chip_proof_missing");
    }
    let mut phone = world.phone(&world.issue(&with_chip_authentication_alone())).await;
    phone.socket.relay(&mut phone.chip).await;
    assert_eq!(world.assurance(phone).await["chip_proof"], "chip_authentication");
    let mut phone = world.phone(&world.issue(&with_active_authentication())).await;
    phone.socket.prove_actively(&mut phone.chip).await;
    assert_eq!(world.assurance(phone).await["chip_proof"], "active_authentication");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_cannot_relay_is_served_and_the_assurance_says_so() {
    let world = World::new().await;
    let phone = world.phone(&world.issue(&with_chip_authentication_alone())).await;
    let assurance = world.assurance(phone).await;
    assert_eq!(assurance["chip_proof"], "none");
    assert_eq!(assurance["chip_authentication"], "not_attempted");
    // A run that was begun and not brought to its end is none.
    let mut phone = world.phone(&world.issue(&with_chip_authentication_alone())).await;
    assert!(!phone.socket.begin_chip_auth().await.is_empty());
    assert_eq!(world.assurance(phone).await["chip_authentication"], "not_attempted");
}

/// Genuine chips with a key in DG14 refuse to use it, some of whole series.
#[tokio::test(flavor = "multi_thread")]
async fn a_chip_that_refuses_chip_authentication_is_no_forgery() {
    let answers = |statuses: &[[u8; 2]]| -> Vec<SecretBytes> {
        statuses.iter().map(|status| status.to_vec().into()).collect()
    };
    let world = World::new().await;
    // At MSE:Set AT, and at GENERAL AUTHENTICATE.
    for refusal in [&[[0x6A, 0x80]][..], &[[0x90, 0x00], [0x63, 0x00]]] {
        let mut phone = world.phone(&world.issue(&ChipDescription::passport())).await;
        phone.socket.prove_actively(&mut phone.chip).await;
        assert_eq!(phone.socket.begin_chip_auth().await.len(), 2);
        let heard = phone.socket.chip_auth(answers(refusal)).await;
        assert!(heard.commands(false).is_empty());
        let assurance = world.assurance(phone).await;
        assert_eq!(assurance["chip_proof"], "active_authentication");
        assert_eq!(assurance["chip_authentication"], "not_attempted");
    }
    // It has proven nothing either.
    let world = World::under(chip_proof_required()).await;
    let mut phone = world.phone(&world.issue(&with_chip_authentication_alone())).await;
    phone.socket.begin_chip_auth().await;
    phone.socket.chip_auth(answers(&[[0x6A, 0x80]])).await;
    assert_eq!(world.rejection(phone).await, "passport_chip_proof_missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn chip_authentication_stands_in_for_a_signature_that_was_not_made() {
    let world = World::new().await;
    let mut phone = world.phone(&world.issue(&ChipDescription::passport())).await;
    phone.socket.relay(&mut phone.chip).await;
    let assurance = world.assurance(phone).await;
    assert_eq!(assurance["chip_proof"], "chip_authentication");
    assert_eq!(assurance["active_authentication"], "not_attempted");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_document_is_refused_unless_the_policy_only_reports_it() {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let holder = Holder { expiry_date: "260505".to_owned(), ..Holder::example() };
    let expiring = ChipDescription { holder, ..ChipDescription::passive() };
    let lenient = Policy { expired_documents: ExpiredDocuments::Report, ..Policy::default() };

    // By the server's clock, the last day is a day of validity.
    let world = World::new().await;
    let assurance = world.assurance(world.phone(&world.issue(&expiring)).await).await;
    assert_eq!(assurance["document_expired"], false);

    let world = World::new().await;
    let chip = world.issue(&expiring);
    world.server.clock.advance(DAY);
    assert_eq!(world.rejection(world.phone(&chip).await).await, "document_expired");

    let world = World::under(lenient).await;
    let chip = world.issue(&expiring);
    world.server.clock.advance(DAY);
    let assurance = world.assurance(world.phone(&chip).await).await;
    assert_eq!(assurance["document_expired"], true);
}

/// Each import takes effect at the next document, without a restart.
#[tokio::test(flavor = "multi_thread")]
async fn strict_revocation_wants_a_current_list() {
    let strict = Policy { revocation: RevocationPolicy::Strict, ..Policy::default() };
    let world = World::under(strict).await;
    let chip = world.issue(&ChipDescription::passive());
    assert_eq!(world.rejection(world.phone(&chip).await).await, "passport_revocation_unknown");
    world.utopia.publish_crl(&world.server, -1).await;
    assert_eq!(world.rejection(world.phone(&chip).await).await, "passport_revocation_unknown");
    world.utopia.publish_crl(&world.server, 30).await;
    let assurance = world.assurance(world.phone(&chip).await).await;
    assert_eq!(assurance["revocation"], "not_revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn revocation_that_is_not_known_is_reported() {
    let world = World::new().await;
    let chip = world.issue(&ChipDescription::passive());
    assert_eq!(world.assurance(world.phone(&chip).await).await["revocation"], "unknown");
    world.utopia.publish_crl(&world.server, -1).await;
    let assurance = world.assurance(world.phone(&chip).await).await;
    assert_eq!(
        (&assurance["revocation"], &assurance["chip_proof"]),
        (&json!("stale"), &json!("none"))
    );
}

/// 9303-3 §7.3.5: such a key is not to be relied upon. The list takes effect without a restart.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_its_state_calls_compromised_proves_nothing() {
    let world = World::new().await;
    let chip = world.issue(&with_active_authentication());
    let mut phone = world.phone(&chip).await;
    phone.socket.prove_actively(&mut phone.chip).await;
    assert_eq!(world.assurance(phone).await["chip_proof"], "active_authentication");

    world.utopia.publish_deviations(&world.server, &[&[1, 4], &[2, 4]]).await;
    let mut phone = world.phone(&chip).await;
    phone.socket.prove_actively(&mut phone.chip).await;
    let assurance = world.assurance(phone).await;
    assert_eq!(assurance["chip_proof"], "none");
    assert_eq!(assurance["active_authentication"], "key_compromised");
    assert_eq!(assurance["deviations"], json!(["aa_key_compromised", "com_inconsistent"]));

    let world = World::under(chip_proof_required()).await;
    world.utopia.publish_deviations(&world.server, &[&[1, 4]]).await;
    let mut phone = world.phone(&world.issue(&with_active_authentication())).await;
    phone.socket.prove_actively(&mut phone.chip).await;
    assert_eq!(world.rejection(phone).await, "passport_chip_proof_missing");
}
