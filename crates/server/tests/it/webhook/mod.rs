//! `/v1/webhooks` and `/v1/events` (REFERENCE 1.4 and 7).

mod deliveries;
mod encryption_keys;
mod endpoints;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::RelyingParty;

const URL: &str = "https://rp.example/hook";

/// An endpoint that must be created; its id.
async fn endpoint(rp: &RelyingParty) -> String {
    let (status, body) = rp.post("/v1/webhooks/endpoints", json!({ "url": URL })).await;
    assert_eq!(status, 201, "{body}");
    body["data"]["endpoint"]["id"].as_str().unwrap().to_owned()
}

/// A request without a body.
async fn call(rp: &RelyingParty, method: Method, path: &str) -> (StatusCode, Value) {
    rp.send(rp.request(method, path)).await
}

async fn patch(rp: &RelyingParty, path: &str, body: Value) -> (StatusCode, Value) {
    rp.send(rp.request(Method::PATCH, path).json(&body)).await
}

/// Asserts an error of the envelope.
fn assert_refused((status, body): &(StatusCode, Value), expected: u16, code: &str) {
    assert_eq!(*status, expected, "{body}");
    assert_eq!(body["data"], Value::Null);
    assert_eq!(body["error"]["code"], code, "{body}");
}
