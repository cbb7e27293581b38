//! `/v1/webhooks/endpoints` (REFERENCE 1.4).

use domain::organization::Scope;
use domain::policy::{FaceMatch, Policy};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::{RelyingParty, TestServer, WebhookSink};

const PATH: &str = "/v1/webhooks/endpoints";

/// Asks, and checks the status and the code of the error, if there is to be one.
pub(crate) async fn refused(
    rp: &RelyingParty,
    (method, path): (Method, &str),
    body: Option<Value>,
    expected: (u16, &str),
) -> Value {
    let mut request = rp.request(method.clone(), path);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let (status, answer) = rp.send(request).await;
    let got = (status.as_u16(), answer["error"]["code"].as_str());
    assert_eq!(got, (expected.0, Some(expected.1)), "{method} {path}: {answer}");
    answer["error"].clone()
}

/// An endpoint of the relying party, and its signing secret.
pub(crate) async fn endpoint(rp: &RelyingParty, body: Value) -> (Value, String) {
    let (status, answer) = rp.post(PATH, body).await;
    assert_eq!(status, 201, "{answer}");
    let secret = answer["data"]["signing_secret"].as_str().unwrap().to_owned();
    (answer["data"]["endpoint"].clone(), secret)
}

/// The ids of a list that must be had.
pub(crate) async fn ids(rp: &RelyingParty, path: &str) -> Vec<String> {
    let (status, answer) = rp.get(path).await;
    assert_eq!(status, 200, "{path}: {answer}");
    let items = answer["data"].as_array().unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// A relying party of an organization of its own, whose key holds one scope.
pub(crate) async fn with_scope(server: &TestServer, scope: Scope) -> RelyingParty {
    server
        .relying_party_with(Policy { face_match: FaceMatch::Off, ..Policy::default() }, vec![scope])
        .await
}

async fn patch(rp: &RelyingParty, id: &str, body: Value) -> (StatusCode, Value) {
    rp.send(rp.request(Method::PATCH, &format!("{PATH}/{id}")).json(&body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_has_the_documented_shape() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let (created, secret) = endpoint(&rp, json!({ "url": "https://rp.example/hook" })).await;
    let id = created["id"].as_str().unwrap();
    assert_eq!((id.len(), &id[..4]), (36, "whe_"));
    assert_eq!((secret.len(), &secret[..6]), (38, "whsec_"));
    assert_eq!(
        created,
        json!({
            "id": id,
            "organization_id": rp.organization.as_str(),
            "name": null,
            "url": "https://rp.example/hook",
            "enabled": true,
            "subscribed_event_types": [
                "verification.attempt.succeeded", "verification.attempt.failed",
                "verification.session.expired", "verification.session.cancelled",
            ],
            "created_at": "2026-05-05T11:00:00.000Z",
            "updated_at": "2026-05-05T11:00:00.000Z",
            "disabled_at": null,
        })
    );
    let (status, read) = rp.get(&format!("{PATH}/{id}")).await;
    assert_eq!((status.as_u16(), &read["data"]), (200, &created), "the secret is shown once");

    let (off, _) = endpoint(
        &rp,
        json!({
            "url": "http://127.0.0.1:1/hook", "name": "  Test  ", "enabled": false,
            "subscribed_event_types": [
                "verification.session.expired", "verification.attempt.failed",
                "verification.session.expired",
            ],
        }),
    )
    .await;
    assert_eq!((&off["name"], &off["enabled"]), (&json!("Test"), &json!(false)));
    assert_eq!(off["disabled_at"], "2026-05-05T11:00:00.000Z");
    let subscribed = json!(["verification.attempt.failed", "verification.session.expired"]);
    assert_eq!(off["subscribed_event_types"], subscribed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_changes_what_it_names() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let first = json!({ "url": "https://rp.example/hook", "name": "Production" });
    let (mut expected, _) = endpoint(&rp, first).await;
    let id = expected["id"].as_str().unwrap().to_owned();
    for (second, body, changes) in [
        (1, json!({ "name": "Staging" }), vec![("name", json!("Staging"))]),
        (2, json!({ "url": "https://rp.example/2" }), vec![("url", json!("https://rp.example/2"))]),
        (
            3,
            json!({ "enabled": false }),
            vec![("enabled", json!(false)), ("disabled_at", json!("2026-05-05T11:00:03.000Z"))],
        ),
        // It was switched off before: that time stays.
        (4, json!({ "enabled": false, "name": null }), vec![("name", Value::Null)]),
        (
            5,
            json!({ "enabled": true }),
            vec![("enabled", json!(true)), ("disabled_at", Value::Null)],
        ),
        (6, json!({ "subscribed_event_types": [] }), vec![("subscribed_event_types", json!([]))]),
    ] {
        server.clock.advance(std::time::Duration::from_secs(1));
        let (status, answer) = patch(&rp, &id, body).await;
        assert_eq!(status, 200, "{answer}");
        expected["updated_at"] = json!(format!("2026-05-05T11:00:0{second}.000Z"));
        for (member, value) in changes {
            expected[member] = value;
        }
        assert_eq!(answer["data"], expected);
        assert_eq!(rp.get(&format!("{PATH}/{id}")).await.1["data"], expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_bodies_change_nothing() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let (before, _) = endpoint(&rp, json!({ "url": "https://rp.example/hook" })).await;
    let path = format!("{PATH}/{}", before["id"].as_str().unwrap());
    let invalid = (400, "INVALID_REQUEST");
    for body in [
        json!({ "name": "" }),
        json!({ "name": " " }),
        json!({ "name": "x".repeat(121) }),
        json!({ "name": 1 }),
        json!({ "name": "a\u{0}b" }),
        json!({ "name": "a\nb" }),
        json!({ "name": "a\u{85}b" }),
        json!({ "enabled": null }),
        json!({ "enabled": "yes" }),
        json!({ "subscribed_event_types": null }),
        json!({ "subscribed_event_types": ["verification.session.created"] }),
        json!({ "signing_secret": "whsec_mine" }),
    ] {
        refused(&rp, (Method::PATCH, &path), Some(body.clone()), invalid).await;
        let mut body = body;
        body["url"] = json!("https://rp.example/other");
        refused(&rp, (Method::POST, PATH), Some(body), invalid).await;
    }
    refused(&rp, (Method::PATCH, &path), Some(json!({})), invalid).await;
    refused(&rp, (Method::PATCH, &path), Some(json!({ "url": null })), invalid).await;
    refused(&rp, (Method::POST, PATH), Some(json!({})), invalid).await;
    assert_eq!(rp.get(&path).await.1["data"], before);
    assert_eq!(ids(&rp, PATH).await.len(), 1);
}

/// SSRF: neither at creation nor by a change (SECURITY row on webhook targets).
#[tokio::test(flavor = "multi_thread")]
async fn urls_that_lead_inside_are_refused() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let (before, _) = endpoint(&rp, json!({ "url": "https://rp.example/hook" })).await;
    let path = format!("{PATH}/{}", before["id"].as_str().unwrap());
    for url in [
        "",
        "rp.example/hook",
        "ftp://rp.example/",
        "http://rp.example/hook",
        "https://user:password@rp.example/",
        "https://rp.example/#fragment",
        "https://10.0.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://2852039166/",
        "https://0xa9.0xfe.0xa9.0xfe/",
        "https://[::ffff:10.0.0.1]/",
        "https://[fd00::1]/",
        "https://printer.local/",
        "https://metadata.internal/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
    ] {
        let rejected = (400, "WEBHOOK_URL_REJECTED");
        let error = refused(&rp, (Method::POST, PATH), Some(json!({ "url": url })), rejected).await;
        assert!(url.is_empty() || !error.to_string().contains(url), "{error}");
        refused(&rp, (Method::PATCH, &path), Some(json!({ "url": url })), rejected).await;
    }
    assert_eq!(rp.get(&path).await.1["data"], before);
    assert_eq!(ids(&rp, PATH).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_secret_is_the_one_that_is_revealed_and_signs() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let mut sink = WebhookSink::register(&rp).await;
    let path = format!("{PATH}/{}/signing-secret", sink.endpoint);
    let reveal = async || {
        let (status, answer) = rp.post(&format!("{path}/reveal"), json!({})).await;
        assert_eq!(
            (status.as_u16(), answer["data"]["endpoint_id"].as_str()),
            (200, Some(sink.endpoint.as_str()))
        );
        answer["data"]["signing_secret"].as_str().unwrap().to_owned()
    };
    assert_eq!(reveal().await, sink.secret);
    let (status, answer) = rp.post(&format!("{path}/rotate"), json!({})).await;
    assert_eq!(status, 200, "{answer}");
    let rotated = answer["data"]["signing_secret"].as_str().unwrap().to_owned();
    assert_ne!(rotated, sink.secret);
    assert_eq!(reveal().await, rotated);

    let session = rp.session(&[]).await;
    rp.post(&format!("/v1/sessions/{}/cancel", session.id), json!({})).await;
    let delivery = sink.next().await;
    assert!(!sink.is_signed(&delivery), "the old secret signs nothing");
    sink.secret = rotated;
    assert!(sink.is_signed(&delivery));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_endpoint_is_gone_with_its_keys_and_deliveries() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let sink = WebhookSink::register(&rp).await;
    let kept = WebhookSink::register(&rp).await;
    let session = rp.session(&[]).await;
    rp.post(&format!("/v1/sessions/{}/cancel", session.id), json!({})).await;
    let keys = ids(&rp, &format!("{PATH}/{}/keys", sink.endpoint)).await;
    assert_eq!((keys.len(), ids(&rp, "/v1/webhooks/deliveries").await.len()), (1, 2));

    let path = format!("{PATH}/{}", sink.endpoint);
    let (status, body) = rp.send(rp.request(Method::DELETE, &path)).await;
    assert_eq!((status.as_u16(), body), (204, Value::Null));
    let gone = (404, "NOT_FOUND");
    refused(&rp, (Method::GET, &path), None, gone).await;
    let error = refused(&rp, (Method::DELETE, &path), None, gone).await;
    assert_eq!(error["message"], "no such webhook endpoint");
    let key = format!("/v1/webhooks/keys/{}/reactivate", keys[0]);
    let error = refused(&rp, (Method::POST, &key), None, gone).await;
    assert_eq!(error["message"], "no such encryption key");
    assert_eq!(ids(&rp, PATH).await, [kept.endpoint.as_str()]);
    assert_eq!(ids(&rp, "/v1/webhooks/deliveries").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_and_paged() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let mut on = Vec::new();
    for number in 0..4 {
        let body = json!({ "url": "https://rp.example/", "enabled": number != 0 });
        let (endpoint, _) = endpoint(&rp, body).await;
        on.extend((number != 0).then(|| endpoint["id"].as_str().unwrap().to_owned()));
    }
    on.sort();
    assert_eq!(ids(&rp, &format!("{PATH}?enabled=true")).await, on);
    assert_eq!(ids(&rp, &format!("{PATH}?enabled=false")).await.len(), 1);
    let (_, first) = rp.get(&format!("{PATH}?enabled=true&limit=2")).await;
    let cursor = first["pagination"]["next_cursor"].as_str().unwrap();
    assert_eq!((first["pagination"]["has_more"].as_bool(), cursor), (Some(true), on[1].as_str()));
    let rest = format!("{PATH}?enabled=true&limit=2&starting_after={cursor}");
    assert_eq!(ids(&rp, &rest).await, on[2..]);
    for bad in ["enabled=maybe", "limit=0", "starting_after=vs_1"] {
        refused(&rp, (Method::GET, &format!("{PATH}?{bad}")), None, (400, "INVALID_REQUEST")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_twenty_endpoints_at_most() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let body = json!({ "url": "https://rp.example/" });
    for _ in 0..20 {
        endpoint(&rp, body.clone()).await;
    }
    let too_many = (409, "TOO_MANY_ENDPOINTS");
    let error = refused(&rp, (Method::POST, PATH), Some(body.clone()), too_many).await;
    assert!(!error["hint"].as_str().unwrap().is_empty());
    endpoint(&server.relying_party().await, body.clone()).await;
    let id = ids(&rp, PATH).await.remove(0);
    rp.send(rp.request(Method::DELETE, &format!("{PATH}/{id}"))).await;
    endpoint(&rp, body).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_of_others_are_not_there() {
    let server = TestServer::start().await;
    let (rp, stranger) = (server.relying_party().await, server.relying_party().await);
    let (before, secret) = endpoint(&rp, json!({ "url": "https://rp.example/hook" })).await;
    let path = format!("{PATH}/{}", before["id"].as_str().unwrap());
    let nobodys = format!("{PATH}/whe_{}", "0".repeat(32));
    for path in [&path, &nobodys, &format!("{PATH}/nonsense")] {
        for (method, action, body) in [
            (Method::GET, "", None),
            (Method::PATCH, "", Some(json!({ "enabled": false }))),
            (Method::DELETE, "", None),
            (Method::POST, "/signing-secret/reveal", None),
            (Method::POST, "/signing-secret/rotate", None),
        ] {
            let path = format!("{path}{action}");
            refused(&stranger, (method, &path), body, (404, "NOT_FOUND")).await;
        }
    }
    assert_eq!(ids(&stranger, PATH).await, [""; 0]);
    assert_eq!(rp.get(&path).await.1["data"], before);
    let (_, revealed) = rp.post(&format!("{path}/signing-secret/reveal"), json!({})).await;
    assert_eq!(revealed["data"]["signing_secret"], secret.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_what_its_scopes_say() {
    let server = TestServer::start().await;
    let reader = with_scope(&server, Scope::WebhooksRead).await;
    let writer = with_scope(&server, Scope::WebhooksWrite).await;
    let neither = with_scope(&server, Scope::SessionsWrite).await;
    let (made, _) = endpoint(&writer, json!({ "url": "https://rp.example/" })).await;
    let one = format!("{PATH}/{}", made["id"].as_str().unwrap());
    let (reveal, rotate) =
        (format!("{one}/signing-secret/reveal"), format!("{one}/signing-secret/rotate"));
    for (method, path, reads) in [
        (Method::GET, PATH, true),
        (Method::GET, &one, true),
        (Method::POST, PATH, false),
        (Method::PATCH, &one, false),
        (Method::DELETE, &one, false),
        (Method::POST, &reveal, false),
        (Method::POST, &rotate, false),
    ] {
        // Whoever may write may read.
        for rp in [&reader, &neither].into_iter().skip(usize::from(reads)) {
            refused(rp, (method.clone(), path), Some(json!({})), (403, "FORBIDDEN")).await;
        }
        let (status, _) = neither.send(neither.public(method, path).json(&json!({}))).await;
        assert_eq!(status, 401, "{path}");
    }
    for rp in [&reader, &writer] {
        assert_eq!(ids(rp, PATH).await.len(), usize::from(rp.key == writer.key));
    }
}
