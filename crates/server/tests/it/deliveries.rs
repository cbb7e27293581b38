//! `/v1/webhooks/deliveries`, `/v1/webhooks/events` and `/v1/events` (REFERENCE 1.4).

use domain::organization::Scope;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{RelyingParty, WebhookSink};

use super::start;
use crate::endpoints::{ids, refused, with_scope};

const DELIVERIES: &str = "/v1/webhooks/deliveries";
const EVENTS: [&str; 2] = ["/v1/webhooks/events", "/v1/events"];
/// More looks than any healthy run needs.
const MANY_LOOKS: usize = 10_000;

/// Makes an event; the session it is about.
async fn cancel(rp: &RelyingParty) -> String {
    let session = rp.session(&[]).await;
    let path = format!("/v1/sessions/{}/cancel", session.id);
    let (status, _) = rp.send(rp.request(Method::POST, &path)).await;
    assert_eq!(status, 204);
    session.id
}

/// The first item of the list once it is as wanted.
async fn once(rp: &RelyingParty, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..MANY_LOOKS {
        let (_, body) = rp.get(path).await;
        if wanted(&body["data"][0]) {
            return body["data"][0].clone();
        }
    }
    panic!("{path} did not get there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_is_listed_as_an_event_with_its_delivery() {
    let Some(server) = start().await else { return };
    let rp = server.relying_party().await;
    let sink = WebhookSink::register(&rp).await;
    let session = cancel(&rp).await;
    let sent = sink.next().await;
    let delivery = once(&rp, DELIVERIES, |delivery| delivery["status"] == "succeeded").await;
    let keys = ids(&rp, &format!("/v1/webhooks/endpoints/{}/keys", sink.endpoint)).await;
    let event_id = delivery["event_id"].as_str().unwrap();
    let id = delivery["id"].as_str().unwrap();
    assert_eq!((id.len(), &id[..4]), (68, "whd_"));
    assert_eq!(sent.headers["x-kayle-delivery-id"], id);
    assert_eq!(sink.open(&sent)["metadata"]["event_id"], event_id);
    assert_eq!(
        delivery,
        json!({
            "id": id,
            "event_id": event_id,
            "webhook_endpoint_id": sink.endpoint,
            "webhook_encryption_key_id": keys[0],
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
    let event = json!({
        "id": event_id,
        "type": "verification.session.cancelled",
        "trigger_type": "verification_session",
        "trigger_id": session,
        "created_at": "2026-05-05T11:00:00.000Z",
        "deliveries": [{
            "id": id,
            "webhook_endpoint_id": sink.endpoint,
            "status": "succeeded",
            "last_status_code": 200,
            "attempt_count": 1,
            "last_attempt_at": "2026-05-05T11:00:00.000Z",
        }],
    });
    for path in EVENTS {
        assert_eq!(rp.get(path).await.1["data"], json!([event]));
        assert_eq!(rp.get(&format!("{path}/{event_id}")).await.1["data"], event);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_try_is_told_with_the_time_of_the_next() {
    let Some(server) = start().await else { return };
    let rp = server.relying_party().await;
    let sink = WebhookSink::register(&rp).await;
    sink.answer(503);
    cancel(&rp).await;
    sink.next().await;
    let delivery = once(&rp, DELIVERIES, |delivery| delivery["attempt_count"] == 1).await;
    assert_eq!(delivery["status"], "pending");
    assert_eq!(delivery["last_status_code"], 503);
    assert_eq!(delivery["next_attempt_at"], "2026-05-05T11:00:05.000Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_and_paged() {
    let Some(server) = start().await else { return };
    let rp = server.relying_party().await;
    let (good, bad) = (WebhookSink::register(&rp).await, WebhookSink::register(&rp).await);
    bad.answer(500);
    for _ in 0..2 {
        cancel(&rp).await;
        server.clock.advance(std::time::Duration::from_secs(1));
    }
    for sink in [&good, &bad] {
        sink.next().await;
        sink.next().await;
    }
    let tried = |delivery: &Value| delivery["attempt_count"] == 1;
    for sink in [&good, &bad] {
        let all = format!("{DELIVERIES}?endpoint_id={}", sink.endpoint);
        once(&rp, &all, tried).await;
        let last = ids(&rp, &all).await.remove(0);
        once(&rp, &format!("{all}&starting_after={last}"), tried).await;
    }
    let events = ids(&rp, EVENTS[0]).await;
    let deliveries = ids(&rp, DELIVERIES).await;
    assert_eq!((events.len(), deliveries.len()), (2, 4));
    for (query, count) in [
        (format!("endpoint_id={}", good.endpoint), 2),
        (format!("event_id={}", events[0]), 2),
        (format!("event_id={}&endpoint_id={}", events[0], bad.endpoint), 1),
        ("status=succeeded".to_owned(), 2),
        ("status=pending".to_owned(), 2),
        (format!("status=pending&endpoint_id={}", good.endpoint), 0),
        ("status=failed".to_owned(), 0),
        ("limit=3".to_owned(), 3),
        (format!("starting_after={}", deliveries[0]), 3),
    ] {
        assert_eq!(ids(&rp, &format!("{DELIVERIES}?{query}")).await.len(), count, "{query}");
    }
    for path in EVENTS {
        for (query, count) in [
            ("type=verification.session.cancelled", 2),
            ("type=verification.session.expired", 0),
            ("created_from=2026-05-05T11:00:00.001Z", 1),
            ("created_to=2026-05-05T11:00:00.000Z", 1),
            ("limit=1", 1),
        ] {
            assert_eq!(ids(&rp, &format!("{path}?{query}")).await.len(), count, "{query}");
        }
        let rest = format!("{path}?starting_after={}", events[0]);
        assert_eq!(ids(&rp, &rest).await, events[1..]);
        for bad in ["type=x", "created_from=now", "created_to=now", "starting_after=whd_1"] {
            let path = format!("{path}?{bad}");
            refused(&rp, (Method::GET, &path), None, (400, "INVALID_REQUEST")).await;
        }
    }
    for bad in ["status=open", "endpoint_id=whd_1", "event_id=1", "limit=0", "starting_after=x"] {
        let path = format!("{DELIVERIES}?{bad}");
        refused(&rp, (Method::GET, &path), None, (400, "INVALID_REQUEST")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_and_deliveries_of_others_are_not_there() {
    let Some(server) = start().await else { return };
    let (rp, stranger) = (server.relying_party().await, server.relying_party().await);
    let sink = WebhookSink::register(&rp).await;
    cancel(&rp).await;
    let event = ids(&rp, EVENTS[0]).await.remove(0);
    assert_eq!(ids(&rp, DELIVERIES).await.len(), 1);
    for query in [
        String::new(),
        format!("?endpoint_id={}", sink.endpoint),
        format!("?event_id={event}"),
        format!("?event_id={event}&endpoint_id={}", sink.endpoint),
    ] {
        assert_eq!(ids(&stranger, &format!("{DELIVERIES}{query}")).await, [""; 0], "{query}");
    }
    for path in EVENTS {
        assert_eq!(ids(&stranger, path).await, [""; 0]);
        for id in [&event, &format!("evt_{}", "0".repeat(64)), "nonsense"] {
            let path = format!("{path}/{id}");
            let error = refused(&stranger, (Method::GET, &path), None, (404, "NOT_FOUND")).await;
            assert_eq!(error["message"], "no such event");
        }
    }
    // Its own events go to its own endpoints.
    cancel(&stranger).await;
    assert_eq!(ids(&stranger, EVENTS[0]).await.len(), 1);
    assert_eq!(ids(&stranger, DELIVERIES).await, [""; 0]);
    assert_eq!(ids(&rp, DELIVERIES).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_what_its_scopes_say() {
    let Some(server) = start().await else { return };
    let reader = with_scope(&server, Scope::WebhooksRead).await;
    let neither = with_scope(&server, Scope::SessionsWrite).await;
    let event = format!("{}/evt_{}", EVENTS[0], "0".repeat(64));
    for path in [DELIVERIES, EVENTS[0], EVENTS[1], &event] {
        refused(&neither, (Method::GET, path), None, (403, "FORBIDDEN")).await;
        let (status, _) = reader.send(reader.public(Method::GET, path)).await;
        assert_eq!(status, 401, "{path}");
    }
    for path in [DELIVERIES, EVENTS[0], EVENTS[1]] {
        assert_eq!(ids(&reader, path).await, [""; 0]);
    }
}
