//! Endpoints and their signing secrets.

use std::time::Duration;

use domain::organization::Scope;
use domain::policy::Policy;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::TestServer;

use super::{URL, assert_refused, call, endpoint, patch};

const ALL_TYPES: [&str; 4] = [
    "verification.attempt.succeeded",
    "verification.attempt.failed",
    "verification.session.expired",
    "verification.session.cancelled",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_created_endpoint_has_the_documented_shape() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let body = json!({ "url": URL, "name": "  Production  " });
    let (status, body) = rp.post("/v1/webhooks/endpoints", body).await;
    assert_eq!(status, 201, "{body}");
    let secret = body["data"]["signing_secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() == 38);
    let shown = &body["data"]["endpoint"];
    let id = shown["id"].as_str().unwrap();
    assert!(id.starts_with("whe_") && id.len() == 36);
    let expected = json!({
        "id": id,
        "organization_id": rp.organization.as_str(),
        "name": "Production",
        "url": URL,
        "enabled": true,
        "subscribed_event_types": ALL_TYPES,
        "created_at": "2026-05-05T11:00:00.000Z",
        "updated_at": "2026-05-05T11:00:00.000Z",
        "disabled_at": null,
    });
    assert_eq!(*shown, expected);
    let (status, read) = rp.get(&format!("/v1/webhooks/endpoints/{id}")).await;
    assert_eq!((status.as_u16(), &read["data"]), (200, &expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_changes_member_by_member() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let path = format!("/v1/webhooks/endpoints/{}", endpoint(&rp).await);
    server.clock.advance(Duration::from_secs(1));

    let types = json!([ALL_TYPES[2], ALL_TYPES[0], ALL_TYPES[2]]);
    let change = json!({ "name": "x", "enabled": false, "subscribed_event_types": types });
    let (status, body) = patch(&rp, &path, change).await;
    assert_eq!(status, 200, "{body}");
    let changed = &body["data"];
    assert_eq!(changed["name"], "x");
    assert_eq!(changed["url"], URL);
    assert_eq!(changed["enabled"], false);
    assert_eq!(changed["disabled_at"], "2026-05-05T11:00:01.000Z");
    assert_eq!(changed["updated_at"], "2026-05-05T11:00:01.000Z");
    assert_eq!(changed["subscribed_event_types"], json!([ALL_TYPES[0], ALL_TYPES[2]]));

    let (_, body) = patch(&rp, &path, json!({ "name": null, "enabled": true })).await;
    assert_eq!(body["data"]["name"], Value::Null);
    assert_eq!(body["data"]["disabled_at"], Value::Null);
    assert_eq!(body["data"]["subscribed_event_types"], json!([ALL_TYPES[0], ALL_TYPES[2]]));

    for empty in [json!({}), json!({ "url": null }), json!({ "enabled": null })] {
        assert_refused(&patch(&rp, &path, empty).await, 400, "INVALID_REQUEST");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_endpoints_are_refused_and_not_stored() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let stored = format!("/v1/webhooks/endpoints/{}", endpoint(&rp).await);
    for url in [
        "http://rp.example/hook",
        "https://user:pw@rp.example/",
        "https://rp.example/#top",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:10.0.0.1]/",
        "https://metadata.google.internal/",
        "file:///etc/passwd",
        "no url",
    ] {
        let created = rp.post("/v1/webhooks/endpoints", json!({ "url": url })).await;
        assert_refused(&created, 400, "WEBHOOK_URL_REJECTED");
        let changed = patch(&rp, &stored, json!({ "url": url })).await;
        assert_refused(&changed, 400, "WEBHOOK_URL_REJECTED");
    }
    for body in [
        json!({}),
        json!({ "url": 1 }),
        json!({ "url": URL, "name": "  " }),
        json!({ "url": URL, "name": "n".repeat(121) }),
        json!({ "url": URL, "enabled": "yes" }),
        json!({ "url": URL, "subscribed_event_types": ["verification.attempt.*"] }),
        json!({ "url": URL, "secret": "chosen" }),
    ] {
        let created = rp.post("/v1/webhooks/endpoints", body).await;
        assert_refused(&created, 400, "INVALID_REQUEST");
    }
    let (_, body) = rp.get("/v1/webhooks/endpoints").await;
    let endpoints = body["data"].as_array().unwrap();
    assert_eq!(endpoints.len(), 1);
    assert_eq!(endpoints[0]["url"], URL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_revealed_rotated_and_never_stored_in_the_clear() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let (_, body) = rp.post("/v1/webhooks/endpoints", json!({ "url": URL })).await;
    let id = body["data"]["endpoint"]["id"].clone();
    let first = body["data"]["signing_secret"].as_str().unwrap().to_owned();
    let path = format!("/v1/webhooks/endpoints/{}/signing-secret", id.as_str().unwrap());

    let (status, body) = call(&rp, Method::POST, &format!("{path}/reveal")).await;
    assert_eq!(status, 200);
    assert_eq!(body["data"], json!({ "endpoint_id": id, "signing_secret": first }));

    let (status, body) = call(&rp, Method::POST, &format!("{path}/rotate")).await;
    assert_eq!(status, 200);
    let second = body["data"]["signing_secret"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    let (_, body) = call(&rp, Method::POST, &format!("{path}/reveal")).await;
    assert_eq!(body["data"]["signing_secret"], second.as_str());

    let data = server.stop().await;
    let mut files = 0;
    for file in std::fs::read_dir(data.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        files += usize::from(!bytes.is_empty());
        for secret in [&first, &second] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
        }
    }
    assert!(files > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_paged_and_filtered() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(endpoint(&rp).await);
    }
    ids.sort();
    patch(&rp, &format!("/v1/webhooks/endpoints/{}", ids[0]), json!({ "enabled": false })).await;

    let (_, body) = rp.get("/v1/webhooks/endpoints?limit=2").await;
    assert_eq!(body["pagination"], json!({ "limit": 2, "has_more": true, "next_cursor": ids[1] }));
    let (_, body) =
        rp.get(&format!("/v1/webhooks/endpoints?limit=2&starting_after={}", ids[1])).await;
    assert_eq!(body["data"][0]["id"], ids[2].as_str());
    assert_eq!(body["pagination"], json!({ "limit": 2, "has_more": false, "next_cursor": null }));
    let (_, body) = rp.get("/v1/webhooks/endpoints?enabled=false").await;
    assert_eq!(body["data"].as_array().unwrap().len(), 1);
    assert_eq!(body["data"][0]["id"], ids[0].as_str());
    for query in ["limit=0", "limit=101", "enabled=maybe", "starting_after=x"] {
        let refused = rp.get(&format!("/v1/webhooks/endpoints?{query}")).await;
        assert_refused(&refused, 400, "INVALID_REQUEST");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_endpoint_is_gone() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let path = format!("/v1/webhooks/endpoints/{}", endpoint(&rp).await);
    let (status, body) = call(&rp, Method::DELETE, &path).await;
    assert_eq!((status.as_u16(), body), (204, Value::Null));
    assert_refused(&call(&rp, Method::DELETE, &path).await, 404, "NOT_FOUND");
    assert_refused(&rp.get(&path).await, 404, "NOT_FOUND");
}

/// Whose endpoint it is does not show: a stranger gets the answer for one that does not exist.
#[tokio::test(flavor = "multi_thread")]
async fn another_organization_finds_nothing() {
    let server = TestServer::start().await;
    let owner = server.relying_party().await;
    let stranger = server.relying_party().await;
    let path = format!("/v1/webhooks/endpoints/{}", endpoint(&owner).await);
    let absent = format!("/v1/webhooks/endpoints/whe_{}", "0".repeat(32));
    let change = json!({ "url": "https://evil.example/" });
    for target in [path.as_str(), absent.as_str(), "/v1/webhooks/endpoints/nonsense"] {
        assert_refused(&stranger.get(target).await, 404, "NOT_FOUND");
        assert_refused(&patch(&stranger, target, change.clone()).await, 404, "NOT_FOUND");
        assert_refused(&call(&stranger, Method::DELETE, target).await, 404, "NOT_FOUND");
        for action in ["reveal", "rotate"] {
            let action = format!("{target}/signing-secret/{action}");
            assert_refused(&call(&stranger, Method::POST, &action).await, 404, "NOT_FOUND");
        }
    }
    let (_, body) = stranger.get("/v1/webhooks/endpoints").await;
    assert_eq!(body["data"], json!([]));
    let (_, body) = owner.get(&path).await;
    assert_eq!(body["data"]["url"], URL);
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_does_not_include_changing_or_revealing() {
    let server = TestServer::start().await;
    let reader = server.relying_party_with(Policy::default(), vec![Scope::WebhooksRead]).await;
    let (status, _) = reader.get("/v1/webhooks/endpoints").await;
    assert_eq!(status, 200);
    let refused = reader.post("/v1/webhooks/endpoints", json!({ "url": URL })).await;
    assert_refused(&refused, 403, "FORBIDDEN");
    let path = format!("/v1/webhooks/endpoints/whe_{}/signing-secret/reveal", "0".repeat(32));
    assert_refused(&call(&reader, Method::POST, &path).await, 403, "FORBIDDEN");
    let sessions = server.relying_party_with(Policy::default(), vec![Scope::SessionsWrite]).await;
    assert_refused(&sessions.get("/v1/webhooks/endpoints").await, 403, "FORBIDDEN");
}
