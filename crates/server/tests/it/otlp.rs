//! Traces, as a collector hears them.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use tokio::net::TcpListener;

use crate::process::Scene;

/// What was exported, with its headers, one entry for each request.
type Exports = Arc<Mutex<Vec<(HeaderMap, Vec<u8>)>>>;

async fn take(State(exports): State<Exports>, headers: HeaderMap, body: Bytes) {
    exports.lock().unwrap().push((headers, body.into()));
}

/// A collector on loopback: its base URL, and what it was sent.
async fn collector() -> (String, Exports) {
    let exports = Exports::default();
    let router = Router::new().route("/base/v1/traces", post(take)).with_state(exports.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/base", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, exports)
}

fn environment(endpoint: String) -> Vec<(&'static str, String)> {
    vec![
        ("KAYLE_LOG", "error".to_owned()),
        ("KAYLE_OTLP_ENDPOINT", endpoint),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=kayle".to_owned()),
    ]
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_gets_spans_and_nothing_personal() {
    let (endpoint, exports) = collector().await;
    let mut scene = Scene::start_with(environment(endpoint)).await;
    let session = scene.rp.session(&[("family_name", true)]).await;
    let handoff = scene.rp.handoff(&session.id).await;
    scene.phone(&handoff, &[]);
    let event = scene.sink.open(&scene.sink.next().await);
    let log = scene.end_and_read_log();
    assert!(log.is_empty(), "{}", String::from_utf8_lossy(&log));

    let exports = exports.lock().unwrap();
    assert!(exports.iter().all(|(headers, _)| headers["content-type"] == "application/x-protobuf"));
    assert!(exports.iter().all(|(headers, _)| headers["x-tenant"] == "kayle"));
    let sent: Vec<u8> = exports.iter().flat_map(|(_, body)| body.clone()).collect();
    for there in [
        "service.name",
        "request_id",
        "/v1/sessions",
        "/v1/verify/session/{id}/handoff",
        "socket",
        "message",
        "nfc_complete",
        "proof",
        "webhook",
        "verification.attempt.succeeded",
    ] {
        assert!(holds(&sent, there), "no span has {there}");
    }
    let family_name = event["data"]["claims"]["family_name"].as_str().unwrap();
    for canary in [
        &session.id,
        &session.cancel_token,
        &handoff.attempt_id,
        &handoff.token,
        &scene.rp.key,
        &scene.sink.secret,
        scene.master_secret.trim(),
        family_name,
        "127.0.0.1",
        "listening",
    ] {
        assert!(!holds(&sent, canary), "a span has {canary}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_holds_up_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let mut scene = Scene::start_with(environment(endpoint)).await;
    let session = scene.rp.session(&[("family_name", true)]).await;
    let handoff = scene.rp.handoff(&session.id).await;
    scene.phone(&handoff, &[]);
    scene.sink.next().await;
    scene.end_and_read_log();
}
