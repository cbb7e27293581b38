//! Where webhooks arrive.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use josekit::jwe::RSA_OAEP_256;
use josekit::jwk::alg::rsa::RsaKeyPair;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::{RelyingParty, within};

/// One request that arrived.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Its body: a JWE.
    pub body: String,
    /// What the sink answered.
    pub answered: u16,
}

/// An HTTP server that takes webhooks for one endpoint.
pub struct WebhookSink {
    /// Where it listens.
    pub url: String,
    /// The endpoint's id.
    pub endpoint: String,
    /// The endpoint's signing secret.
    pub secret: String,
    key: RsaKeyPair,
    deliveries: tokio::sync::Mutex<mpsc::UnboundedReceiver<Delivery>>,
    answer: Arc<Mutex<StatusCode>>,
}

#[derive(Clone)]
struct Inbox {
    sender: mpsc::UnboundedSender<Delivery>,
    answer: Arc<Mutex<StatusCode>>,
}

impl WebhookSink {
    /// Opens a port, and registers it with an encryption key for all events.
    pub async fn register(rp: &RelyingParty) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhook", listener.local_addr().unwrap());
        let (sender, receiver) = mpsc::unbounded_channel();
        let answer = Arc::new(Mutex::new(StatusCode::OK));
        let inbox = Inbox { sender, answer: Arc::clone(&answer) };
        let router = Router::new().route("/webhook", post(take)).with_state(inbox);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let (status, body) = rp.post("/v1/webhooks/endpoints", json!({ "url": url })).await;
        assert_eq!(status, 201, "{body}");
        let endpoint = body["data"]["endpoint"]["id"].as_str().unwrap().to_owned();
        let secret = body["data"]["signing_secret"].as_str().unwrap().to_owned();
        let key = RsaKeyPair::generate(2048).unwrap();
        let mut jwk = serde_json::to_value(key.to_jwk_public_key()).unwrap();
        jwk["use"] = json!("enc");
        let key_body = json!({ "key_id": "rp-key-1", "algorithm": "RSA-OAEP-256", "key_type": "RSA", "jwk": jwk });
        let (status, body) = rp
            .send(
                rp.request(Method::POST, &format!("/v1/webhooks/endpoints/{endpoint}/keys"))
                    .json(&key_body),
            )
            .await;
        assert_eq!(status, 201, "{body}");
        Self { url, endpoint, secret, key, deliveries: tokio::sync::Mutex::new(receiver), answer }
    }

    /// What the sink answers from now on; with 102 it holds requests and never answers.
    pub fn answer(&self, status: u16) {
        *self.answer.lock().unwrap() = StatusCode::from_u16(status).unwrap();
    }

    /// The next request.
    pub async fn next(&self) -> Delivery {
        let mut deliveries = self.deliveries.lock().await;
        within(Duration::from_secs(45), "a webhook delivery", deliveries.recv()).await.unwrap()
    }

    /// Whether a request has arrived that was not taken yet.
    pub async fn is_empty(&self) -> bool {
        self.deliveries.lock().await.is_empty()
    }

    /// Whether the delivery carries a signature made with the endpoint's secret (REFERENCE 7.3).
    pub fn is_signed(&self, delivery: &Delivery) -> bool {
        let header = &delivery.headers["x-kayle-signature"];
        let (time, signature) = header.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
        let key = PKey::hmac(self.secret.as_bytes()).unwrap();
        let mut signer = Signer::new(MessageDigest::sha256(), &key).unwrap();
        signer.update(format!("{time}.{}", delivery.body).as_bytes()).unwrap();
        domain::key::hex(&signer.sign_to_vec().unwrap()) == signature
    }

    /// The decrypted payload.
    pub fn open(&self, delivery: &Delivery) -> Value {
        let decrypter = RSA_OAEP_256.decrypter_from_jwk(&self.key.to_jwk_private_key()).unwrap();
        let (plain, header) =
            josekit::jwe::deserialize_compact(&delivery.body, &decrypter).unwrap();
        assert_eq!(header.key_id(), Some("rp-key-1"));
        serde_json::from_slice(&plain).unwrap()
    }
}

async fn take(State(inbox): State<Inbox>, headers: HeaderMap, body: String) -> StatusCode {
    let headers = headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
        .collect();
    let answer = *inbox.answer.lock().unwrap();
    if answer == StatusCode::PROCESSING {
        return std::future::pending().await;
    }
    let _ = inbox.sender.send(Delivery { headers, body, answered: answer.as_u16() });
    answer
}
