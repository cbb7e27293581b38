//! The keys that payloads are encrypted to (SECURITY row 29).

use josekit::jwk::KeyPair as _;
use josekit::jwk::alg::rsa::RsaKeyPair;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::{RelyingParty, TestServer};

use super::{assert_refused, call, endpoint};

async fn submit(
    rp: &RelyingParty,
    endpoint: &str,
    key_id: &str,
    jwk: &Value,
) -> (StatusCode, Value) {
    let body = json!({
        "key_id": key_id,
        "algorithm": "RSA-OAEP-256",
        "key_type": "RSA",
        "jwk": jwk,
    });
    rp.post(&format!("/v1/webhooks/endpoints/{endpoint}/keys"), body).await
}

fn public(pair: &RsaKeyPair) -> Value {
    serde_json::to_value(pair.to_jwk_public_key()).unwrap()
}

async fn active(rp: &RelyingParty, endpoint: &str) -> Vec<String> {
    let path = format!("/v1/webhooks/endpoints/{endpoint}/keys?is_active=true");
    let (_, body) = rp.get(&path).await;
    let keys = body["data"].as_array().unwrap();
    keys.iter().map(|key| key["key_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_kept_without_anything_but_its_public_members() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let endpoint = endpoint(&rp).await;
    let pair = RsaKeyPair::generate(2048).unwrap();
    let mut jwk = public(&pair);
    jwk["use"] = json!("enc");
    jwk["x5c"] = json!(["AAAA"]);
    let (status, body) = submit(&rp, &endpoint, "2026", &jwk).await;
    assert_eq!(status, 201, "{body}");
    let id = body["data"]["id"].as_str().unwrap();
    assert!(id.starts_with("whk_") && id.len() == 36);
    assert_eq!(
        body["data"],
        json!({
            "id": id,
            "webhook_endpoint_id": endpoint,
            "key_id": "2026",
            "algorithm": "RSA-OAEP-256",
            "key_type": "RSA",
            "jwk": { "kty": "RSA", "n": jwk["n"], "e": "AQAB" },
            "is_active": true,
            "created_at": "2026-05-05T11:00:00.000Z",
            "updated_at": "2026-05-05T11:00:00.000Z",
            "disabled_at": null,
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_key_is_refused_not_echoed_and_not_stored() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let endpoint = endpoint(&rp).await;
    let pair = RsaKeyPair::generate(2048).unwrap();
    let jwk = serde_json::to_value(pair.to_jwk_private_key()).unwrap();
    let refused = submit(&rp, &endpoint, "oops", &jwk).await;
    assert_refused(&refused, 400, "INVALID_JWK");
    let answer = refused.1.to_string();
    let secrets: Vec<&str> =
        ["d", "p", "q"].iter().map(|member| jwk[member].as_str().unwrap()).collect();
    for secret in &secrets {
        assert!(!answer.contains(secret));
    }
    assert_eq!(active(&rp, &endpoint).await, Vec::<String>::new());
    let data = server.stop().await;
    for file in std::fs::read_dir(data.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for secret in &secrets {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn weak_and_foreign_keys_are_refused() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let endpoint = endpoint(&rp).await;
    let weak = public(&RsaKeyPair::generate(1024).unwrap());
    assert_refused(&submit(&rp, &endpoint, "weak", &weak).await, 400, "INVALID_JWK");
    let good = public(&RsaKeyPair::generate(2048).unwrap());
    for (member, value) in
        [("kty", "EC"), ("e", "AQ"), ("use", "sig"), ("alg", "RSA1_5"), ("n", "n+/n")]
    {
        let mut bad = good.clone();
        bad[member] = json!(value);
        assert_refused(&submit(&rp, &endpoint, "bad", &bad).await, 400, "INVALID_JWK");
    }
    for (algorithm, key_type, key_id) in [
        ("RSA-OAEP", "RSA", "k"),
        ("RSA-OAEP-256", "EC", "k"),
        ("RSA-OAEP-256", "RSA", ""),
        ("RSA-OAEP-256", "RSA", &"k".repeat(256)),
    ] {
        let body = json!({
            "key_id": key_id, "algorithm": algorithm, "key_type": key_type, "jwk": good,
        });
        let path = format!("/v1/webhooks/endpoints/{endpoint}/keys");
        assert_refused(&rp.post(&path, body).await, 400, "INVALID_REQUEST");
    }
    assert_refused(&submit(&rp, &endpoint, "bad", &json!("text")).await, 400, "INVALID_REQUEST");
    assert_eq!(active(&rp, &endpoint).await, Vec::<String>::new());
}

/// Two active keys would leave it open which one a payload is encrypted to.
#[tokio::test(flavor = "multi_thread")]
async fn one_key_is_active_at_a_time() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let endpoint = endpoint(&rp).await;
    let jwk = public(&RsaKeyPair::generate(2048).unwrap());
    let (_, first) = submit(&rp, &endpoint, "first", &jwk).await;
    let first = first["data"]["id"].as_str().unwrap();
    submit(&rp, &endpoint, "second", &jwk).await;
    assert_eq!(active(&rp, &endpoint).await, ["second"]);

    let path = format!("/v1/webhooks/keys/{first}");
    let (status, body) = call(&rp, Method::POST, &format!("{path}/reactivate")).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["data"]["is_active"], true);
    assert_eq!(active(&rp, &endpoint).await, ["first"]);

    let (status, body) = call(&rp, Method::POST, &format!("{path}/deactivate")).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["data"]["is_active"], false);
    assert_eq!(body["data"]["disabled_at"], "2026-05-05T11:00:00.000Z");
    assert_eq!(active(&rp, &endpoint).await, Vec::<String>::new());
    let (_, body) = rp.get(&format!("/v1/webhooks/endpoints/{endpoint}/keys")).await;
    assert_eq!(body["data"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_organization_reaches_no_key() {
    let server = TestServer::start().await;
    let owner = server.relying_party().await;
    let stranger = server.relying_party().await;
    let endpoint = endpoint(&owner).await;
    let jwk = public(&RsaKeyPair::generate(2048).unwrap());
    let (_, body) = submit(&owner, &endpoint, "owner", &jwk).await;
    let id = body["data"]["id"].as_str().unwrap();

    assert_refused(&submit(&stranger, &endpoint, "evil", &jwk).await, 404, "NOT_FOUND");
    for action in ["deactivate", "reactivate"] {
        for id in [id, "nonsense"] {
            let path = format!("/v1/webhooks/keys/{id}/{action}");
            assert_refused(&call(&stranger, Method::POST, &path).await, 404, "NOT_FOUND");
        }
    }
    for endpoint in [endpoint.as_str(), "nonsense"] {
        let (status, body) = stranger.get(&format!("/v1/webhooks/endpoints/{endpoint}/keys")).await;
        assert_eq!((status.as_u16(), &body["data"]), (200, &json!([])));
    }
    assert_eq!(active(&owner, &endpoint).await, ["owner"]);
}
