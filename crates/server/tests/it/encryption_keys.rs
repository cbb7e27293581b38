//! `/v1/webhooks/endpoints/…/keys` and `/v1/webhooks/keys` (REFERENCE 1.4).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::organization::Scope;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{RelyingParty, TestServer, WebhookSink};

use crate::endpoints::{endpoint, ids, refused, with_scope};

const INVALID_JWK: (u16, &str) = (400, "INVALID_JWK");
const NOT_FOUND: (u16, &str) = (404, "NOT_FOUND");

/// An odd number of that many bits, as a JWK holds it. No key is ever generated for it.
fn modulus(bits: usize) -> String {
    let mut bytes = vec![0xa5; bits.div_ceil(8)];
    bytes[0] = 1 << ((bits - 1) % 8);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn body(key_id: &str) -> Value {
    json!({
        "key_id": key_id, "algorithm": "RSA-OAEP-256", "key_type": "RSA",
        "jwk": { "kty": "RSA", "n": modulus(2048), "e": "AQAB" },
    })
}

/// The path of the keys of a new endpoint.
async fn keys_path(rp: &RelyingParty) -> String {
    let (endpoint, _) = endpoint(rp, json!({ "url": "https://rp.example/hook" })).await;
    format!("/v1/webhooks/endpoints/{}/keys", endpoint["id"].as_str().unwrap())
}

async fn add(rp: &RelyingParty, path: &str, body: Value) -> Value {
    let (status, answer) = rp.post(path, body).await;
    assert_eq!(status, 201, "{answer}");
    answer["data"].clone()
}

async fn switch(rp: &RelyingParty, key: &Value, action: &str) -> Value {
    let path = format!("/v1/webhooks/keys/{}/{action}", key["id"].as_str().unwrap());
    let (status, answer) = rp.send(rp.request(Method::POST, &path)).await;
    assert_eq!(status, 200, "{answer}");
    answer["data"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_the_documented_shape_and_keeps_public_members_only() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let path = keys_path(&rp).await;
    let mut submitted = body("rp-1");
    for (member, value) in [("use", "enc"), ("alg", "RSA-OAEP-256"), ("kid", "theirs")] {
        submitted["jwk"][member] = json!(value);
    }
    let key = add(&rp, &path, submitted).await;
    let id = key["id"].as_str().unwrap();
    assert_eq!((id.len(), &id[..4]), (36, "whk_"));
    assert_eq!(
        key,
        json!({
            "id": id,
            "webhook_endpoint_id": path.split('/').nth(4).unwrap(),
            "key_id": "rp-1",
            "algorithm": "RSA-OAEP-256",
            "key_type": "RSA",
            "jwk": { "kty": "RSA", "n": modulus(2048), "e": "AQAB" },
            "is_active": true,
            "created_at": "2026-05-05T11:00:00.000Z",
            "updated_at": "2026-05-05T11:00:00.000Z",
            "disabled_at": null,
        })
    );
    assert_eq!(rp.get(&path).await.1["data"], json!([key]));
}

#[tokio::test(flavor = "multi_thread")]
async fn unsafe_keys_are_refused() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let path = keys_path(&rp).await;
    for (member, value) in [
        ("d", json!("AQAB")),
        ("p", json!("AQAB")),
        ("q", json!("AQAB")),
        ("dp", json!("AQAB")),
        ("dq", json!("AQAB")),
        ("qi", json!("AQAB")),
        ("oth", json!([])),
        ("k", json!("AQAB")),
        ("kty", json!("EC")),
        ("kty", json!("oct")),
        ("kty", Value::Null),
        ("n", json!(modulus(1024))),
        ("n", json!(modulus(2047))),
        ("n", json!(modulus(4097))),
        ("n", Value::Null),
        ("e", json!("AQ")),
        ("use", json!("sig")),
        ("alg", json!("RSA-OAEP")),
        ("key_ops", json!(["verify"])),
    ] {
        let mut submitted = body("rp-1");
        submitted["jwk"][member] = value.clone();
        let error = refused(&rp, (Method::POST, &path), Some(submitted), INVALID_JWK).await;
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(&format!("jwk.{member}")), "{member}: {message}");
        assert!(!message.contains("AQAB"), "no part of a key is repeated");
    }
    assert_eq!(ids(&rp, &path).await, [""; 0]);
    let mut longest = body("rp-1");
    longest["jwk"]["n"] = json!(modulus(4096));
    add(&rp, &path, longest).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_bodies_are_refused() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let path = keys_path(&rp).await;
    for (member, value) in [
        ("key_id", json!("")),
        ("key_id", json!("x".repeat(256))),
        ("key_id", json!("rp\u{0}-1\n")),
        ("key_id", Value::Null),
        ("algorithm", json!("RSA-OAEP")),
        ("algorithm", json!("dir")),
        ("key_type", json!("EC")),
        ("jwk", json!("text")),
        ("is_active", json!(true)),
    ] {
        let mut submitted = body("rp-1");
        submitted[member] = value;
        refused(&rp, (Method::POST, &path), Some(submitted), (400, "INVALID_REQUEST")).await;
    }
    assert_eq!(ids(&rp, &path).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_is_active_at_most() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let (path, other) = (keys_path(&rp).await, keys_path(&rp).await);
    let elsewhere = add(&rp, &other, body("elsewhere")).await;
    let first = add(&rp, &path, body("first")).await;
    server.clock.advance(std::time::Duration::from_secs(1));
    let second = add(&rp, &path, body("second")).await;
    let active = async || ids(&rp, &format!("{path}?is_active=true")).await;
    let id = |key: &Value| key["id"].as_str().unwrap().to_owned();
    assert_eq!(active().await, [id(&second)]);

    let on = switch(&rp, &first, "reactivate").await;
    assert_eq!(on["is_active"], true);
    assert_eq!(active().await, [id(&first)]);
    let off = switch(&rp, &first, "deactivate").await;
    let at = "2026-05-05T11:00:01.000Z";
    assert_eq!((&off["is_active"], &off["disabled_at"]), (&json!(false), &json!(at)));
    assert_eq!(active().await, [""; 0]);
    let again = switch(&rp, &first, "deactivate").await;
    assert_eq!(again, off, "asking again changes nothing");

    let mut all = vec![id(&first), id(&second)];
    all.sort();
    assert_eq!(ids(&rp, &path).await, all);
    assert_eq!(ids(&rp, &format!("{path}?is_active=false")).await, all);
    assert_eq!(ids(&rp, &format!("{path}?limit=1&starting_after={}", all[0])).await, all[1..]);
    assert_eq!(ids(&rp, &other).await, [id(&elsewhere)]);
    assert_eq!(ids(&rp, &format!("{other}?is_active=true")).await, [id(&elsewhere)]);
    for bad in ["is_active=maybe", "limit=101", "starting_after=whe_1"] {
        let path = format!("{path}?{bad}");
        refused(&rp, (Method::GET, &path), None, (400, "INVALID_REQUEST")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_active_key_nothing_is_sent() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let sink = WebhookSink::register(&rp).await;
    let keys = format!("/v1/webhooks/endpoints/{}/keys", sink.endpoint);
    let key = rp.get(&keys).await.1["data"][0].clone();
    switch(&rp, &key, "deactivate").await;
    let unsent = rp.session(&[]).await;
    rp.post(&format!("/v1/sessions/{}/cancel", unsent.id), json!({})).await;
    let (_, body) = rp.get("/v1/webhooks/deliveries").await;
    assert_eq!(body["data"][0]["status"], "failed");
    assert_eq!(body["data"][0]["last_error"], "no_encryption_key");

    switch(&rp, &key, "reactivate").await;
    let sent = rp.session(&[]).await;
    rp.post(&format!("/v1/sessions/{}/cancel", sent.id), json!({})).await;
    let event = sink.open(&sink.next().await);
    assert_eq!(event["metadata"]["verification_session_id"], sent.id.as_str(), "{event}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_others_are_not_there() {
    let server = TestServer::start().await;
    let (rp, stranger) = (server.relying_party().await, server.relying_party().await);
    let path = keys_path(&rp).await;
    let inactive = add(&rp, &path, body("first")).await;
    let active = add(&rp, &path, body("second")).await;
    let before = rp.get(&path).await.1["data"].clone();

    let error = refused(&stranger, (Method::POST, &path), Some(body("x")), NOT_FOUND).await;
    assert_eq!(error["message"], "no such webhook endpoint");
    assert_eq!(ids(&stranger, &path).await, [""; 0]);
    let nobodys = format!("whk_{}", "0".repeat(32));
    for (key, action) in [
        (active["id"].as_str().unwrap(), "deactivate"),
        (inactive["id"].as_str().unwrap(), "reactivate"),
        (&nobodys, "deactivate"),
        (&nobodys, "reactivate"),
        ("nonsense", "reactivate"),
    ] {
        let path = format!("/v1/webhooks/keys/{key}/{action}");
        let error = refused(&stranger, (Method::POST, &path), None, NOT_FOUND).await;
        assert_eq!(error["message"], "no such encryption key");
    }
    assert_eq!(rp.get(&path).await.1["data"], before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_what_its_scopes_say() {
    let server = TestServer::start().await;
    let reader = with_scope(&server, Scope::WebhooksRead).await;
    let writer = with_scope(&server, Scope::WebhooksWrite).await;
    let path = keys_path(&writer).await;
    let key = add(&writer, &path, body("rp-1")).await;
    let forbidden = (403, "FORBIDDEN");
    let neither = with_scope(&server, Scope::SessionsWrite).await;
    refused(&neither, (Method::GET, &path), None, forbidden).await;
    refused(&reader, (Method::POST, &path), Some(body("x")), forbidden).await;
    for action in ["deactivate", "reactivate"] {
        let path = format!("/v1/webhooks/keys/{}/{action}", key["id"].as_str().unwrap());
        refused(&reader, (Method::POST, &path), None, forbidden).await;
    }
    assert_eq!(ids(&reader, &path).await, [""; 0]);
}
