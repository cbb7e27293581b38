//! Consent and the webhook (REFERENCE 4.9, 6, 7).

use protocol::ServerMessage;
use serde_json::json;
use testkit::{Heard, PhoneSocket, TestServer, WebhookSink, simulated_passport};

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_selected_is_delivered_signed_and_encrypted() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let sink = WebhookSink::register(&rp).await;
    let passport = simulated_passport(&server).await;
    let session = rp
        .session(&[
            ("family_name", true),
            ("given_names", false),
            ("age_over_18", true),
            ("document_photo", false),
        ])
        .await;
    let handoff = rp.handoff(&session.id).await;
    let mut phone = PhoneSocket::claimed(&server, &handoff, "phone").await;
    phone.begin().await;
    phone.prove(&passport).await;

    for (keys, code) in [
        (vec![], "SHARE_SELECTION_REQUIRED"),
        (vec!["date_of_birth"], "SHARE_SELECTION_INVALID_FIELD"),
        (vec!["family_name", "kayle_document_id"], "SHARE_SELECTION_MISSING_REQUIRED"),
    ] {
        assert_eq!(phone.share(&session.id, &keys).await.error_code(), code);
    }
    assert_eq!(phone.share("vs_other", &["family_name"]).await.error_code(), "INVALID_SESSION_ID");
    let selection = ["kayle_document_id", "document_photo", "family_name", "age_over_18"];
    let ready = phone.share(&session.id, &selection).await;
    let sorted = ["age_over_18", "document_photo", "family_name", "kayle_document_id"];
    match &ready {
        Heard::Message(ServerMessage::ShareReady { session_id, keys }) => {
            assert_eq!(
                (session_id, keys.as_slice()),
                (&session.id, sorted.map(str::to_owned).as_slice())
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(phone.share(&session.id, &["family_name"]).await, ready, "the first answer stands");

    let delivery = sink.next().await;
    assert_eq!(delivery.headers["content-type"], "application/jose");
    assert_eq!(delivery.headers["x-kayle-event"], "verification.attempt.succeeded");
    assert!(delivery.headers["x-kayle-delivery-id"].starts_with("whd_"));
    assert!(sink.is_signed(&delivery), "{:?}", delivery.headers);
    let event = sink.open(&delivery);
    let claims = &event["data"]["claims"];
    assert_eq!(claims["family_name"], passport.surname.as_str());
    assert_eq!(claims["age_over_18"], true);
    assert!(claims["kayle_document_id"].as_str().unwrap().starts_with("kdid_"));
    assert!(claims.get("given_names").is_none(), "what was not selected is absent");
    assert_eq!(event["data"]["selected_field_keys"], json!(sorted));
    assert_eq!(event["data"]["assurance"]["face_match"], "off");
    assert_eq!(event["data"]["assurance"]["chip_proof"], "none");
    assert_eq!(event["metadata"]["verification_session_id"], session.id.as_str());
    assert_eq!(event["metadata"]["verification_attempt_id"], handoff.attempt_id.as_str());
    let status = rp.status(&session.id).await;
    assert_eq!(
        (status["status"].as_str(), status["latest_attempt"]["status"].as_str()),
        (Some("completed"), Some("succeeded"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_must_opt_out_of_the_face_match() {
    let server = TestServer::start().await;
    let rp = server
        .relying_party_with(
            domain::policy::Policy::default(),
            domain::organization::Scope::ALL.to_vec(),
        )
        .await;
    let (status, body) = rp.post("/v1/sessions", json!({})).await;
    assert_eq!(
        (status.as_u16(), body["error"]["code"].as_str()),
        (409, Some("FACE_MATCH_UNAVAILABLE"))
    );
}
