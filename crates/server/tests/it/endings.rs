//! How a session ends while a phone is connected (SECURITY rows 20, 24).

use std::time::Duration;

use protocol::{DataKind, ServerMessage, VerdictOutcome};
use reqwest::Method;
use serde_json::json;
use testkit::{Closed, Heard, PhoneSocket, WebhookSink, ack, simulated_passport, within};

use super::start;

/// A guard against hanging. The clock of the test stands still, so whatever comes at all comes at once.
const SOON: Duration = Duration::from_secs(20);

async fn told_and_closed(phone: &mut PhoneSocket, code: &str) {
    let told = within(SOON, "being told", phone.hear()).await;
    assert_eq!(told.error_code(), code);
    let closed = within(SOON, "being closed", phone.hear()).await;
    assert_eq!(closed, Heard::Closed(Closed { code: 1008, reason: code.to_owned() }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_by_the_relying_party_reaches_the_phone_and_nothing_later_counts() {
    let Some(server) = start().await else { return };
    let rp = server.relying_party().await;
    let sink = WebhookSink::register(&rp).await;
    let passport = simulated_passport(&server).await;
    let session = rp.session(&[]).await;
    let handoff = rp.handoff(&session.id).await;
    let mut phone = PhoneSocket::claimed(&server, &handoff, "phone").await;
    phone.begin().await;
    phone.prove(&passport).await;

    let (status, _) =
        rp.send(rp.request(Method::POST, &format!("/v1/sessions/{}/cancel", session.id))).await;
    assert_eq!(status, 204);
    phone
        .send(&protocol::ClientMessage::ShareSelection {
            session_id: session.id.clone(),
            keys: vec!["kayle_document_id".to_owned()],
        })
        .await;
    told_and_closed(&mut phone, "SESSION_CANCELLED").await;

    let delivery = sink.next().await;
    assert_eq!(sink.open(&delivery)["type"], "verification.session.cancelled");
    let (_, body) = rp.get(&format!("/v1/sessions/{}?include_attempts=true", session.id)).await;
    assert_eq!(body["data"]["status"], "cancelled");
    assert_eq!(body["data"]["attempts"][0]["failure_code"], "session_cancelled");
    assert_eq!(
        rp.event_types().await,
        ["verification.session.cancelled"],
        "and nothing else, ever"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_by_token_reaches_the_phone_and_the_token_works_once() {
    let Some(server) = start().await else { return };
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await;
    let handoff = rp.handoff(&session.id).await;
    let mut phone = PhoneSocket::claimed(&server, &handoff, "phone").await;
    let path = format!("/v1/verify/session/{}/cancel", session.id);
    let cancel =
        |token: String| rp.public(Method::POST, &path).json(&json!({ "cancel_token": token }));

    let (status, body) = rp.send(cancel("x".repeat(48))).await;
    assert_eq!(
        (status.as_u16(), body["error"]["code"].as_str()),
        (401, Some("CANCEL_TOKEN_INVALID"))
    );
    assert_eq!(phone.phase("mobile_connected").await, ack("phase_ok"));
    assert_eq!(rp.send(cancel(session.cancel_token.clone())).await.0, 204);
    told_and_closed(&mut phone, "SESSION_CANCELLED").await;
    assert_eq!(
        rp.send(cancel(session.cancel_token.clone())).await.0,
        204,
        "asking again changes nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn expiry_reaches_the_phone_and_the_relying_party() {
    let Some(server) = start().await else { return };
    let rp = server.relying_party().await;
    let sink = WebhookSink::register(&rp).await;
    let session = rp.session(&[]).await;
    let handoff = rp.handoff(&session.id).await;
    let mut phone = PhoneSocket::claimed(&server, &handoff, "phone").await;
    server.clock.advance(Duration::from_secs(3600));
    told_and_closed(&mut phone, "SESSION_EXPIRED").await;
    let delivery = sink.next().await;
    assert_eq!(sink.open(&delivery)["type"], "verification.session.expired");
    let status = rp.status(&session.id).await;
    assert_eq!(status["status"], "expired");
    assert_eq!(status["latest_attempt"]["failure_code"], "session_expired");
    assert_eq!(rp.mint(&session.id).await.1["error"]["code"], "SESSION_EXPIRED");
    let mut late = PhoneSocket::connect(&server, &session.id).await;
    assert_eq!(late.hear().await.error_code(), "SESSION_EXPIRED");
    assert!(matches!(late.hear().await, Heard::Closed(Closed { code: 1000, .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn three_failed_attempts_complete_the_session() {
    let Some(server) = start().await else { return };
    let rp = server.relying_party().await;
    let sink = WebhookSink::register(&rp).await;
    let passport = simulated_passport(&server).await.with_forged_dg1();
    let session = rp.session(&[]).await;
    for remaining in [2, 1, 0] {
        let handoff = rp.handoff(&session.id).await;
        let mut phone = PhoneSocket::claimed(&server, &handoff, "phone").await;
        phone.begin().await;
        phone.upload_passport(&passport).await;
        match phone.phase("nfc_complete").await {
            Heard::Message(ServerMessage::Verdict(verdict)) => {
                assert_eq!(verdict.outcome, VerdictOutcome::Rejected);
                assert_eq!(verdict.reason_code, "passport_authenticity_failed");
                assert_eq!(
                    (verdict.retry_allowed, verdict.remaining_attempts),
                    (remaining > 0, remaining)
                );
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(
            phone.hear().await,
            Heard::Closed(Closed { code: 1008, reason: "passport_authenticity_failed".to_owned() })
        );
        let event = sink.open(&sink.next().await);
        assert_eq!(event["type"], "verification.attempt.failed");
        assert_eq!(event["data"]["failure_code"], "passport_authenticity_failed");
    }
    let status = rp.status(&session.id).await;
    assert_eq!(
        (status["status"].as_str(), status["is_terminal"].as_bool()),
        (Some("completed"), Some(true))
    );
    assert_eq!(rp.mint(&session.id).await.0, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_file_sent_after_the_check_changes_nothing() {
    let Some(server) = start().await else { return };
    let rp = server.relying_party().await;
    let sink = WebhookSink::register(&rp).await;
    let passport = simulated_passport(&server).await;
    let forged = passport.with_forged_dg1();
    let session = rp.session(&[("family_name", true)]).await;
    let handoff = rp.handoff(&session.id).await;
    let mut phone = PhoneSocket::claimed(&server, &handoff, "phone").await;
    phone.begin().await;
    phone.upload_passport(&passport).await;
    // Both are on their way before the first is answered.
    phone
        .send(&protocol::ClientMessage::Phase {
            phase: "nfc_complete".to_owned(),
            error: String::new(),
            progress: 0,
        })
        .await;
    let refused = phone.upload(DataKind::Dg1, 0, 1, &forged.dg1).await;
    assert_eq!(refused, ack("phase_ok"), "the phase is answered first");
    assert_eq!(phone.hear().await.error_code(), "NFC_DATA_PHASE_REQUIRED");
    phone.selfies().await;
    phone.share(&session.id, &["family_name", "kayle_document_id"]).await;
    let event = sink.open(&sink.next().await);
    assert_eq!(event["data"]["claims"]["family_name"], passport.surname.as_str());
}
