//! One envelope for every error, whatever was wrong (issue item 7).

use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::{RelyingParty, TestServer};

fn check(status: StatusCode, body: &Value, expected: u16, code: &str) {
    assert_eq!(status.as_u16(), expected, "{body}");
    assert_eq!(body["data"], Value::Null, "{body}");
    assert!(body.as_object().unwrap().contains_key("data"));
    let error = body["error"].as_object().unwrap();
    assert_eq!(error["code"], code);
    for member in ["message", "hint", "docs"] {
        assert!(!error[member].as_str().unwrap().is_empty(), "{member} of {code}");
    }
    assert!(error["docs"].as_str().unwrap().ends_with(&format!("#{}", code.to_lowercase())));
}

async fn raw(
    rp: &RelyingParty,
    content_type: Option<&str>,
    body: &'static str,
) -> (StatusCode, Value) {
    let mut request = rp.request(Method::POST, "/v1/sessions").body(body);
    if let Some(content_type) = content_type {
        request = request.header(CONTENT_TYPE, content_type);
    }
    rp.send(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_bodies() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let json = Some("application/json");
    for (content_type, body, status, code) in [
        (json, "{", 400, "MALFORMED_JSON"),
        (json, "", 400, "MALFORMED_JSON"),
        (json, "{} {}", 400, "MALFORMED_JSON"),
        (json, "[]", 400, "INVALID_REQUEST"),
        (json, r#" ["https://rp.example/", {}]"#, 400, "INVALID_REQUEST"),
        (json, r#"{"redirect_url": 5}"#, 400, "INVALID_REQUEST"),
        (json, r#"{"share_fields": null}"#, 400, "INVALID_SHARE_FIELDS"),
        (json, r#"{"share_fields": []}"#, 400, "INVALID_SHARE_FIELDS"),
        (json, r#"{"share_fields": {"sex_marker": 1}}"#, 400, "INVALID_SHARE_FIELDS"),
        (
            json,
            r#"{"share_fields": {"shoe": {"required": true, "reason": "r"}}}"#,
            400,
            "UNKNOWN_CLAIM_KEY",
        ),
        (Some("text/plain"), "{}", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (Some("application/x-www-form-urlencoded"), "a=b", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (None, "{}", 415, "UNSUPPORTED_MEDIA_TYPE"),
    ] {
        let (answered, envelope) = raw(&rp, content_type, body).await;
        check(answered, &envelope, status, code);
    }
    let (status, _) = raw(&rp, Some("application/json; charset=utf-8"), "{}").await;
    assert_eq!(status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_members_are_named_with_their_path() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    for (body, path) in [
        (json!({ "redirect": "x" }), "`redirect`"),
        (
            json!({ "share_fields": { "sex_marker": { "required": true, "reason": "r", "why": 1 } } }),
            "`share_fields.sex_marker.why`",
        ),
    ] {
        let (status, body) = rp.post("/v1/sessions", body).await;
        check(status, &body, 400, "INVALID_REQUEST");
        assert!(body["error"]["message"].as_str().unwrap().contains(path), "{body}");
    }
    let (_, body) = rp.post("/v1/sessions", json!({ "redirect_url": 5 })).await;
    assert!(body["error"]["message"].as_str().unwrap().contains("`redirect_url`"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_without_a_body_take_none() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await;
    let cancel = format!("/v1/sessions/{}/cancel", session.id);
    let handoff = format!("/v1/verify/session/{}/handoff", session.id);
    for path in [&cancel, &handoff] {
        let (status, body) = rp.post(path, json!({ "x": 1 })).await;
        check(status, &body, 400, "INVALID_REQUEST");
        let broken =
            rp.request(Method::POST, path).header(CONTENT_TYPE, "application/json").body("{bad");
        let (status, body) = rp.send(broken).await;
        check(status, &body, 400, "MALFORMED_JSON");
    }
    // What the reference's app sends: a content type and no body.
    let empty = rp.request(Method::POST, &handoff).header(CONTENT_TYPE, "application/json");
    assert_eq!(rp.send(empty).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_large_is_413() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let (status, body) =
        rp.post("/v1/sessions", json!({ "redirect_url": "x".repeat(70_000) })).await;
    check(status, &body, 413, "PAYLOAD_TOO_LARGE");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_routes_and_wrong_methods() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    for path in
        ["/v2", "/v1", "/v1/nothing", "/v1/sessions/a/b/c", "/favicon.ico", "/v1/verify/session"]
    {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let (status, body) = rp.send(rp.request(method, path)).await;
            check(status, &body, 404, "ROUTE_NOT_FOUND");
        }
    }
    for path in
        ["/%FF", "/v1/sessions/%FF", "/v1/verify/session/%FF/status", "/v1/verify/session/%FF"]
    {
        let (status, body) = rp.get(path).await;
        check(status, &body, 404, "ROUTE_NOT_FOUND");
    }
    for (method, path) in [
        (Method::DELETE, "/v1/sessions".to_owned()),
        (Method::PUT, "/v1/sessions/x/cancel".to_owned()),
        (Method::GET, format!("/v1/verify/session/vs_{}/handoff", "a".repeat(64))),
    ] {
        let (status, body) = rp.send(rp.request(method, &path)).await;
        check(status, &body, 405, "METHOD_NOT_ALLOWED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_verify_endpoints_use_the_same_envelope() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let nobody = format!("vs_{}", "0".repeat(64));
    for (id, status, code) in
        [("nonsense", 400, "INVALID_SESSION_ID"), (nobody.as_str(), 404, "SESSION_NOT_FOUND")]
    {
        for (method, action) in
            [(Method::POST, "handoff"), (Method::GET, "status"), (Method::GET, "details")]
        {
            let (answered, body) =
                rp.send(rp.public(method, &format!("/v1/verify/session/{id}/{action}"))).await;
            check(answered, &body, status, code);
        }
        let cancel = rp.public(Method::POST, &format!("/v1/verify/session/{id}/cancel"));
        let (answered, body) = rp.send(cancel.json(&json!({ "cancel_token": "t" }))).await;
        check(answered, &body, status, code);
    }
    let (status, body) =
        rp.send(rp.public(Method::GET, &format!("/v1/verify/session/{nobody}"))).await;
    check(status, &body, 426, "WEBSOCKET_REQUIRED");
    for body in [
        json!({}),
        json!({ "cancel_token": "" }),
        json!({ "cancel_token": 5 }),
        json!({ "cancel_token": "t", "x": 1 }),
    ] {
        let request = rp.public(Method::POST, &format!("/v1/verify/session/{nobody}/cancel"));
        let (status, answer) = rp.send(request.json(&body)).await;
        check(status, &answer, 400, "INVALID_REQUEST");
    }
}
