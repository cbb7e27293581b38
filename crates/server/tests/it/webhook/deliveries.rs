//! Deliveries and events, from the cancelled session to the sink.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{RelyingParty, TestServer, WebhookSink};

use super::{assert_refused, call, endpoint};

/// More looks than any healthy run needs.
const MANY_LOOKS: usize = 20_000;

async fn cancelled_session(rp: &RelyingParty) -> String {
    let session = rp.session(&[("family_name", true)]).await;
    let (status, _) = call(rp, Method::POST, &format!("/v1/sessions/{}/cancel", session.id)).await;
    assert_eq!(status, 204);
    session.id
}

/// The deliveries once there are as many as wanted with this status.
async fn deliveries(rp: &RelyingParty, status: &str, count: usize) -> Vec<Value> {
    for _ in 0..MANY_LOOKS {
        let (_, body) = rp.get(&format!("/v1/webhooks/deliveries?status={status}")).await;
        let found = body["data"].as_array().unwrap();
        if found.len() == count {
            return found.clone();
        }
    }
    panic!("there are not {count} deliveries that are {status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_and_its_delivery_can_be_followed() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let sink = WebhookSink::register(&rp).await;
    let session = cancelled_session(&rp).await;

    let arrived = sink.next().await;
    let payload = sink.open(&arrived);
    assert_eq!(payload["type"], "verification.session.cancelled");
    assert_eq!(payload["data"], json!({}));
    assert_eq!(payload["metadata"]["verification_session_id"], session.as_str());
    let event = payload["metadata"]["event_id"].as_str().unwrap();

    let delivery = deliveries(&rp, "succeeded", 1).await.remove(0);
    assert_eq!(delivery["id"], arrived.headers["x-kayle-delivery-id"].as_str());
    assert!(delivery["webhook_encryption_key_id"].as_str().unwrap().starts_with("whk_"));
    assert_eq!(
        delivery,
        json!({
            "id": delivery["id"],
            "event_id": event,
            "webhook_endpoint_id": sink.endpoint,
            "webhook_encryption_key_id": delivery["webhook_encryption_key_id"],
            "status": "succeeded",
            "attempt_count": 1,
            "next_attempt_at": null,
            "last_status_code": 200,
            "last_attempt_at": "2026-05-05T11:00:00.000Z",
            "last_error": null,
            "created_at": "2026-05-05T11:00:00.000Z",
            "updated_at": "2026-05-05T11:00:00.000Z",
        })
    );

    let expected = json!({
        "id": event,
        "type": "verification.session.cancelled",
        "trigger_type": "verification_session",
        "trigger_id": session,
        "created_at": "2026-05-05T11:00:00.000Z",
        "deliveries": [{
            "id": delivery["id"],
            "webhook_endpoint_id": sink.endpoint,
            "status": "succeeded",
            "last_status_code": 200,
            "attempt_count": 1,
            "last_attempt_at": "2026-05-05T11:00:00.000Z",
        }],
    });
    for base in ["/v1/webhooks/events", "/v1/events"] {
        let (_, body) = rp.get(&format!("{base}/{event}")).await;
        assert_eq!(body["data"], expected);
        let (_, body) = rp.get(&format!("{base}?type=verification.session.cancelled")).await;
        assert_eq!(body["data"], json!([expected]));
        let (_, body) = rp.get(&format!("{base}?type=verification.session.expired")).await;
        assert_eq!(body["data"], json!([]));
        let (_, body) = rp.get(&format!("{base}?created_from=2026-05-05T11:00:00.001Z")).await;
        assert_eq!(body["data"], json!([]));
    }
    for query in [
        format!("event_id={event}&endpoint_id={}", sink.endpoint),
        format!("event_id=evt_{}", "0".repeat(64)),
        "status=failed".to_owned(),
    ] {
        let (_, body) = rp.get(&format!("/v1/webhooks/deliveries?{query}")).await;
        let expected = usize::from(query.contains("endpoint_id"));
        assert_eq!(body["data"].as_array().unwrap().len(), expected, "{query}");
    }
}

/// An endpoint without a key gets nothing, and the relying party can see why.
#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_without_a_key_says_so() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    endpoint(&rp).await;
    cancelled_session(&rp).await;
    let delivery = deliveries(&rp, "failed", 1).await.remove(0);
    assert_eq!(delivery["last_error"], "no_encryption_key");
    assert_eq!(delivery["webhook_encryption_key_id"], Value::Null);
    assert_eq!(delivery["last_status_code"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_organization_sees_neither_event_nor_delivery() {
    let server = TestServer::start().await;
    let owner = server.relying_party().await;
    let stranger = server.relying_party().await;
    endpoint(&owner).await;
    cancelled_session(&owner).await;
    let delivery = deliveries(&owner, "failed", 1).await.remove(0);
    let event = delivery["event_id"].as_str().unwrap();
    for list in ["/v1/webhooks/deliveries", "/v1/webhooks/events", "/v1/events"] {
        let (status, body) = stranger.get(list).await;
        assert_eq!((status.as_u16(), &body["data"]), (200, &json!([])));
    }
    for id in [event, "nonsense"] {
        assert_refused(&stranger.get(&format!("/v1/events/{id}")).await, 404, "NOT_FOUND");
    }
    for query in ["deliveries?status=lost", "events?type=x", "events?created_to=now"] {
        let refused = stranger.get(&format!("/v1/webhooks/{query}")).await;
        assert_refused(&refused, 400, "INVALID_REQUEST");
    }
}
