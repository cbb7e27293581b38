//! The relying party's receiver of webhooks (REFERENCE 7): its port, its key, its checks.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use domain::key::hex;
use domain::time::Timestamp;
use josekit::jwe::{self, RSA_OAEP_256};
use josekit::jwk::alg::rsa::RsaKeyPair;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

use super::relying_party::{RelyingParty, text};
use crate::cli::failure::{Code, Failure};

const KEY_ID: &str = "demo-key";
const KEY_BITS: u32 = 2048;
/// A request that is older is one that somebody kept.
const MAX_AGE_SECONDS: u64 = 300;
const MAX_WAITING: usize = 16;

/// A receiver on a port of its own.
pub(super) struct Receiver {
    pub(super) url: String,
    key: RsaKeyPair,
    secret: std::sync::OnceLock<String>,
    deliveries: Mutex<mpsc::Receiver<Delivery>>,
    server: JoinHandle<std::io::Result<()>>,
}

/// A request as it arrived.
pub(super) struct Delivery {
    signature: String,
    body: String,
}

/// A webhook whose signature was verified, decrypted.
pub(super) struct Opened {
    pub(super) payload: Value,
}

impl Receiver {
    pub(super) async fn start() -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::io("the webhook receiver", &error);
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
        let url = format!("http://{}/webhook", listener.local_addr().map_err(failed)?);
        let (sender, deliveries) = mpsc::channel(MAX_WAITING);
        let router = Router::new().route("/webhook", post(take)).with_state(sender);
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        let key = RsaKeyPair::generate(KEY_BITS)
            .map_err(|error| Failure::new(Code::Demo, error.to_string(), "no key was made"))?;
        let deliveries = Mutex::new(deliveries);
        Ok(Self { url, key, secret: std::sync::OnceLock::new(), deliveries, server })
    }

    /// Makes an endpoint of this receiver, with its public key.
    pub(super) async fn register(&self, relying_party: &RelyingParty) -> Result<(), Failure> {
        let endpoint = json!({ "url": self.url, "name": "demo" });
        let data =
            relying_party.call(Method::POST, "/v1/webhooks/endpoints", Some(&endpoint)).await?;
        let id = text(data.get("endpoint").unwrap_or(&Value::Null), "id")?;
        // Registered once, before anything is received.
        let _ = self.secret.set(text(&data, "signing_secret")?);
        let mut jwk = serde_json::to_value(self.key.to_jwk_public_key())
            .map_err(|error| Failure::new(Code::Demo, error.to_string(), "the key is no JWK"))?;
        if let Value::Object(members) = &mut jwk {
            members.insert("use".into(), "enc".into());
        }
        let key = json!({
            "key_id": KEY_ID,
            "algorithm": "RSA-OAEP-256",
            "key_type": "RSA",
            "jwk": jwk,
        });
        let path = format!("/v1/webhooks/endpoints/{id}/keys");
        relying_party.call(Method::POST, &path, Some(&key)).await?;
        Ok(())
    }

    /// The next request.
    pub(super) async fn next(&self) -> Result<Delivery, Failure> {
        self.deliveries.lock().await.recv().await.ok_or_else(|| wrong("the receiver has ended"))
    }

    /// Verifies the signature, then decrypts.
    pub(super) fn open(&self, delivery: &Delivery, now: Timestamp) -> Result<Opened, Failure> {
        let secret = self.secret.get().ok_or_else(|| wrong("no endpoint is registered"))?;
        check_signature(secret, delivery, now)?;
        let decrypter = RSA_OAEP_256
            .decrypter_from_jwk(&self.key.to_jwk_private_key())
            .map_err(|error| wrong(error.to_string()))?;
        let (plain, header) = jwe::deserialize_compact(&delivery.body, &decrypter)
            .map_err(|_| wrong("the webhook cannot be decrypted"))?;
        if header.key_id() != Some(KEY_ID) {
            return Err(wrong("the webhook names another key"));
        }
        let payload = serde_json::from_slice(&plain)
            .map_err(|_| wrong("the decrypted webhook is no JSON"))?;
        Ok(Opened { payload })
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Opened {
    pub(super) fn event(&self) -> Option<&str> {
        self.payload.get("type")?.as_str()
    }

    pub(super) fn session(&self) -> Option<&str> {
        self.payload.pointer("/metadata/verification_session_id")?.as_str()
    }

    pub(super) fn claim(&self, key: &str) -> Option<&Value> {
        self.payload.get("data")?.get("claims")?.get(key)
    }

    /// The strongest proof of the chip.
    pub(super) fn chip_proof(&self) -> Option<&str> {
        self.payload.pointer("/data/assurance/chip_proof")?.as_str()
    }

    /// A line of the assurance, as text; `null` where it is not known.
    pub(super) fn assurance(&self, key: &str) -> String {
        let line = self.payload.get("data").and_then(|data| data.get("assurance")?.get(key));
        match line {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => Value::Null.to_string(),
        }
    }

    pub(super) fn pretty(&self) -> String {
        serde_json::to_string_pretty(&self.payload).unwrap_or_default()
    }
}

async fn take(
    State(sender): State<mpsc::Sender<Delivery>>,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    let signature = headers.get("X-Kayle-Signature").and_then(|value| value.to_str().ok());
    let delivery = Delivery { signature: signature.unwrap_or_default().to_owned(), body };
    match sender.send(delivery).await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// `t=<Unix seconds>,v1=<hex of HMAC-SHA256 over t, a dot and the body>` (REFERENCE 7.3).
fn check_signature(secret: &str, delivery: &Delivery, now: Timestamp) -> Result<(), Failure> {
    let (time, code) = delivery
        .signature
        .strip_prefix("t=")
        .and_then(|rest| rest.split_once(",v1="))
        .ok_or_else(|| wrong("the webhook has no X-Kayle-Signature"))?;
    let expected = hmac_hex(secret, &format!("{time}.{}", delivery.body))
        .map_err(|error| wrong(error.to_string()))?;
    let same =
        code.len() == expected.len() && openssl::memcmp::eq(code.as_bytes(), expected.as_bytes());
    if !same {
        return Err(wrong("the webhook's signature is wrong"));
    }
    // Under the signature, so believed only now.
    let fresh =
        time.parse::<i64>().is_ok_and(|sent| sent.abs_diff(now.as_seconds()) <= MAX_AGE_SECONDS);
    if fresh { Ok(()) } else { Err(wrong("the webhook is too old")) }
}

fn hmac_hex(secret: &str, message: &str) -> Result<String, openssl::error::ErrorStack> {
    let key = PKey::hmac(secret.as_bytes())?;
    let mut signer = Signer::new(MessageDigest::sha256(), &key)?;
    signer.update(message.as_bytes())?;
    Ok(hex(&signer.sign_to_vec()?))
}

fn wrong(what: impl Into<String>) -> Failure {
    Failure::new(Code::Demo, what, "this must not happen; please report it")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    const NOW: Timestamp = Timestamp(1_714_914_000_000);

    /// REFERENCE C.1.
    fn vector() -> (String, Delivery) {
        let signature =
            "t=1714914000,v1=3b6b5510026be4a4c92e2d008dd01c4c7748ef1bfcb85a629da3951405dd7b36";
        let delivery = Delivery { signature: signature.to_owned(), body: "payload".to_owned() };
        (format!("whsec_{}", "e".repeat(32)), delivery)
    }

    #[test]
    fn the_reference_vector_is_accepted() {
        let (secret, delivery) = vector();
        check_signature(&secret, &delivery, NOW).unwrap();
    }

    #[test]
    fn what_was_changed_or_kept_is_refused() {
        let (secret, delivery) = vector();
        let changed = Delivery { body: "Payload".to_owned(), ..delivery };
        assert!(check_signature(&secret, &changed, NOW).is_err());
        let (_, delivery) = vector();
        assert!(check_signature("whsec_other", &delivery, NOW).is_err());
        assert!(check_signature(&secret, &delivery, Timestamp(NOW.0 + 301_000)).is_err());
        let later = Delivery { signature: delivery.signature.replace("t=17", "t=18"), ..delivery };
        assert!(check_signature(&secret, &later, NOW).is_err());
        let (_, delivery) = vector();
        let unsigned = Delivery { signature: String::new(), ..delivery };
        assert!(check_signature(&secret, &unsigned, NOW).is_err());
    }
}
