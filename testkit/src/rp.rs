//! The relying party: what its server sends to ours.

use domain::id::OrganizationId;
use protocol::{HandoffLink, Hello};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

/// A relying party with an API key.
#[derive(Clone)]
pub struct RelyingParty {
    /// Its organization.
    pub organization: OrganizationId,
    /// Its API key.
    pub key: String,
    base: String,
    client: Client,
}

/// A session as its creator got it.
#[derive(Clone, Debug)]
pub struct Created {
    /// `vs_…`
    pub id: String,
    /// The cancel token.
    pub cancel_token: String,
    /// The whole answer.
    pub body: Value,
}

/// A handoff as the page got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handoff {
    /// `vs_…`
    pub session_id: String,
    /// `va_…`
    pub attempt_id: String,
    /// The token.
    pub token: String,
    /// When the token ends.
    pub expires_at: String,
}

impl RelyingParty {
    pub(crate) fn new(base: String, organization: OrganizationId, key: String) -> Self {
        // A clock that leaps ends connections that idle, and a request on one of them would fail.
        let client = Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
        Self { organization, key, base, client }
    }

    /// The same relying party, asking another server.
    pub fn at(&self, server: &crate::TestServer) -> Self {
        Self::new(server.url(), self.organization.clone(), self.key.clone())
    }

    /// A request with the API key.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.public(method, path).bearer_auth(&self.key)
    }

    /// A request without any credential.
    pub fn public(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// Sends, and reads status and JSON; `null` for an empty body.
    pub async fn send(&self, request: RequestBuilder) -> (StatusCode, Value) {
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        let body =
            if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect(&text) };
        (status, body)
    }

    /// `GET` with the API key.
    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.send(self.request(Method::GET, path)).await
    }

    /// `POST` of JSON with the API key.
    pub async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    /// A session with these share fields (`key → required`).
    pub async fn session(&self, fields: &[(&str, bool)]) -> Created {
        let fields: serde_json::Map<String, Value> = fields
            .iter()
            .map(|(key, required)| {
                ((*key).to_owned(), json!({ "required": required, "reason": format!("why {key}") }))
            })
            .collect();
        let (status, body) = self.post("/v1/sessions", json!({ "share_fields": fields })).await;
        assert_eq!(status, 201, "{body}");
        Created::of(body)
    }

    /// `POST …/handoff`, as a page does.
    pub async fn mint(&self, session: &str) -> (StatusCode, Value) {
        self.send(self.public(Method::POST, &format!("/v1/verify/session/{session}/handoff"))).await
    }

    /// A handoff that must be granted.
    pub async fn handoff(&self, session: &str) -> Handoff {
        let (status, body) = self.mint(session).await;
        assert_eq!(status, 200, "{body}");
        let text = |member: &str| body["data"][member].as_str().unwrap().to_owned();
        Handoff {
            session_id: text("session_id"),
            attempt_id: text("attempt_id"),
            token: text("mobile_write_token"),
            expires_at: text("expires_at"),
        }
    }

    /// The types of all events that were ever recorded for the organization, sorted.
    pub async fn event_types(&self) -> Vec<String> {
        let (status, body) = self.get("/v1/events?limit=100").await;
        assert_eq!(status, 200, "{body}");
        let events = body["data"].as_array().unwrap();
        let mut types: Vec<_> =
            events.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect();
        types.sort();
        types
    }

    /// `GET …/status`.
    pub async fn status(&self, session: &str) -> Value {
        let (status, body) = self
            .send(self.public(Method::GET, &format!("/v1/verify/session/{session}/status")))
            .await;
        assert_eq!(status, 200, "{body}");
        body["data"].clone()
    }
}

impl Created {
    /// The session in the answer to `POST /v1/sessions`.
    pub fn of(body: Value) -> Self {
        let text = |member: &str| body["data"][member].as_str().unwrap().to_owned();
        Self { id: text("id"), cancel_token: text("cancel_token"), body }
    }

    /// The address of its page, with the cancel token behind `#`.
    pub fn url(&self) -> &str {
        self.body["data"]["verification_url"].as_str().unwrap()
    }
}

impl Handoff {
    /// The handoff in a link.
    pub fn of(link: &HandoffLink) -> Self {
        Self {
            session_id: link.session_id().to_owned(),
            attempt_id: link.attempt_id().to_owned(),
            token: link.mobile_write_token().expose().to_owned(),
            expires_at: link.expires_at().to_string(),
        }
    }

    /// The hello of a phone that has neither a key nor a way to confirm.
    pub fn hello(&self, device: &str) -> Hello {
        Hello {
            attempt_id: self.attempt_id.clone(),
            mobile_write_token: self.token.as_str().into(),
            device_id: device.into(),
            app_version: "1.0".to_owned(),
            ..Hello::default()
        }
    }

    /// The hello of a phone that can confirm and was reached by this flow.
    pub fn confirming_hello(&self, device: &str, flow: &str) -> Hello {
        Hello { flow: flow.to_owned(), confirms: true, ..self.hello(device) }
    }

    /// The link that the page would show, with the API's address.
    pub fn link(&self, api: &str) -> String {
        let mut payload = self.payload();
        payload["api"] = json!(api);
        format!("kayle-id://{payload}")
    }

    /// The link of the reference system, which names no API.
    pub fn reference_link(&self) -> String {
        format!("kayle-id://{}", self.payload())
    }

    fn payload(&self) -> Value {
        json!({
            "v": 1,
            "session_id": self.session_id,
            "attempt_id": self.attempt_id,
            "mobile_write_token": self.token,
            "expires_at": self.expires_at,
        })
    }
}
