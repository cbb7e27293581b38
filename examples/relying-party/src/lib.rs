//! A relying party of Kayle: everything that a business has to do to have its users verified.
//!
//! 1. `start` makes a session through the API and sends the user to its page.
//! 2. `webhook` takes the claims: signed, encrypted, and possibly more than once.
//! 3. `come_back` takes the returning user, and trades the response code for the session.
//! 4. `result` shows what came out, once both agree ([`Verification::outcome`]).
//!
//! The webhook proves *what* was verified. The response code proves *who came back*: without it, a
//! user could send their link to somebody else, and be credited with that person's passport. So
//! neither is enough, and nothing else (the return itself, a popup that closed, a status) counts.
//!
//! To be short, this example keeps its state in memory and stands the user's login for by a cookie.
//! Yours belongs in a database: the verifications, the ids of the events that were seen, the private
//! key and the signing secret. [docs/INTEGRATION.md](../../../docs/INTEGRATION.md) tells the rest.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use josekit::jwe::{self, RSA_OAEP_256};
use josekit::jwk::alg::rsa::RsaKeyPair;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

/// Seconds after which a webhook is one that somebody kept. Each try of Kayle is signed anew.
const MAX_AGE: u64 = 300;
/// A webhook holds at most a portrait and a few lines.
const MAX_WEBHOOK_BYTES: usize = 8 * 1024 * 1024;
/// Seconds for which a verification is remembered: Kayle tries to deliver for 28 hours.
const REMEMBERED: u64 = 30 * 3600;
const MAX_VERIFICATIONS: usize = 10_000;
/// No session has more: three attempts, and an end.
const MAX_EVENTS: usize = 16;

/// What a relying party has to be told.
pub struct Config {
    /// Where Kayle is: `https://verify.example.com`.
    pub kayle: Url,
    /// An API key with the scopes `sessions:write` and `webhooks:write`.
    pub api_key: String,
    /// Where users, and Kayle's webhooks, reach this relying party.
    pub public_url: Url,
}

/// A relying party that is known to Kayle.
#[derive(Clone)]
pub struct RelyingParty(Arc<Shared>);

struct Shared {
    config: Config,
    client: reqwest::Client,
    signing_secret: String,
    key_id: String,
    private_key: RsaKeyPair,
    verifications: Mutex<HashMap<String, Verification>>,
}

/// One session, and what is known of it.
#[derive(Clone)]
pub struct Verification {
    /// Who started it: the only browser that its result may be shown to.
    user: String,
    started: u64,
    /// The session as Kayle gave it for the response code.
    exchanged: Option<Value>,
    /// The user came back, and brought no response code.
    came_without_code: bool,
    /// What webhooks said, by the id of the event.
    events: BTreeMap<String, Value>,
}

/// What came of a verification.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The user has not come back with a good response code, or the webhook has not arrived.
    Waiting,
    /// The user has come back without a response code: from a browser that Kayle does not know, or
    /// one that keeps no cookies. Whatever the webhook says, it may be of somebody else.
    NoCode,
    /// The user who started is the one who was verified; the event that says so.
    Verified(Value),
    /// It ended in another way.
    Refused(String),
}

/// What goes wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Kayle cannot be reached, or does not answer with JSON.
    #[error("Kayle cannot be reached")]
    Unreachable(#[from] reqwest::Error),
    /// Kayle refuses, with its stable code.
    #[error("Kayle answers {0} {1}")]
    Refused(StatusCode, String),
    /// Kayle's answer lacks something.
    #[error("Kayle's answer has no usable {0}")]
    Answer(&'static str),
    /// OpenSSL failed.
    #[error("cryptography failed")]
    Crypto(#[from] openssl::error::ErrorStack),
    /// The encryption key cannot be made or written down.
    #[error("the encryption key cannot be used")]
    Key,
    /// The webhook was not signed by Kayle, or long ago.
    #[error("the webhook's signature is missing, wrong or too old")]
    Signature,
    /// The webhook cannot be decrypted or read.
    #[error("the webhook cannot be decrypted or read")]
    Webhook,
    /// This browser did not start the verification.
    #[error("this verification was not started in this browser")]
    AnotherBrowser,
    /// The response code is wrong or too old.
    #[error("this way back is not valid any more")]
    ResponseCode,
    /// Too many verifications at a time.
    #[error("too many verifications at a time")]
    Busy,
}

impl RelyingParty {
    /// Makes itself known to Kayle: its webhook endpoint, if that is not there yet, and a fresh
    /// encryption key. Yours would keep the key: what is encrypted to the old one is lost here.
    pub async fn register(config: Config) -> Result<Self, Error> {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none());
        // A proxy cannot reach what is on this machine.
        let is_local = matches!(config.kayle.host_str(), Some("localhost" | "127.0.0.1"));
        let client = if is_local { client.no_proxy() } else { client }.build()?;
        let mut shared = Shared {
            config,
            client,
            signing_secret: String::new(),
            key_id: random_hex()?,
            private_key: RsaKeyPair::generate(2048).map_err(|_| Error::Key)?,
            verifications: Mutex::default(),
        };
        let (endpoint, signing_secret) = shared.endpoint().await?;
        shared.signing_secret = signing_secret;
        let jwk = serde_json::to_value(shared.private_key.to_jwk_public_key());
        let key = json!({
            "key_id": shared.key_id,
            "algorithm": "RSA-OAEP-256",
            "key_type": "RSA",
            "jwk": jwk.map_err(|_| Error::Key)?,
        });
        let path = format!("/v1/webhooks/endpoints/{endpoint}/keys");
        shared.call(Method::POST, &path, Some(&key)).await?;
        Ok(Self(Arc::new(shared)))
    }

    /// Everything it serves.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/", get(home))
            .route("/start", post(start))
            .route("/return", get(come_back))
            .route("/result/{session}", get(result))
            .route("/webhook", post(webhook).layer(DefaultBodyLimit::max(MAX_WEBHOOK_BYTES)))
            .with_state(self.clone())
    }

    /// All that is known, by session.
    pub fn verifications(&self) -> HashMap<String, Verification> {
        self.0.verifications().clone()
    }
}

/// `GET /`: who comes here gets a cookie, as they would from a login, and a button.
async fn home(headers: HeaderMap, State(rp): State<RelyingParty>) -> Result<Response, Error> {
    let page = rp.page(
        "Example shop",
        "<p>This shop sells to adults. Show us your passport with your phone.</p>\
         <form method=\"post\" action=\"/start\"><button>Verify me</button></form>",
    );
    if rp.0.user_of(&headers).is_some() {
        return Ok(page);
    }
    // Lax: sent when the user comes back from Kayle, not with what other sites post.
    let (name, secure) = rp.0.cookie();
    let cookie = format!("{name}={}; Path=/; HttpOnly; SameSite=Lax{secure}", random_hex()?);
    Ok(([(header::SET_COOKIE, cookie)], page).into_response())
}

/// `POST /start`: makes a session for this user and sends them to its page.
async fn start(headers: HeaderMap, State(rp): State<RelyingParty>) -> Result<Response, Error> {
    // Without the cookie another site may have posted: to the page with the button.
    let Some(user) = rp.0.user_of(&headers) else { return Ok(Redirect::to("/").into_response()) };
    let field = |required: bool, reason: &str| json!({ "required": required, "reason": reason });
    let body = json!({
        "redirect_url": rp.0.own_url("/return"),
        "share_fields": {
            "age_over_18": field(true, "We sell to adults only"),
            "family_name": field(true, "To open your account"),
            "given_names": field(true, "To open your account"),
            "nationality_code": field(false, "For our statistics"),
            "document_number": field(false, "To find your account again"),
        },
    });
    let session = rp.0.call(Method::POST, "/v1/sessions", Some(&body)).await?;
    rp.0.remember(text(&session, "id")?, user)?;
    Ok(Redirect::to(&text(&session, "verification_url")?).into_response())
}

/// What Kayle adds to `redirect_url`.
#[derive(Deserialize)]
struct Return {
    session_id: String,
    response_code: Option<String>,
}

/// `GET /return`: the user is back.
///
/// First of all it must be the user who started. Somebody else's return would make them that person
/// here (session fixation), and their code is not even looked at. Only then the code is traded, once,
/// from server to server: whoever reads the address later has nothing.
async fn come_back(
    headers: HeaderMap,
    State(rp): State<RelyingParty>,
    Query(Return { session_id, response_code }): Query<Return>,
) -> Result<Redirect, Error> {
    let known = rp.0.of_user(&session_id, &headers)?;
    if response_code.is_none() {
        rp.0.update(&session_id, |known| known.came_without_code = true);
    }
    if let (Some(code), None) = (response_code, known.exchanged) {
        let path = format!("/v1/sessions/{session_id}/response-code");
        let body = json!({ "response_code": code });
        match rp.0.call(Method::POST, &path, Some(&body)).await {
            Ok(session) if session.get("id") == Some(&json!(session_id)) => {
                rp.0.update(&session_id, |known| known.exchanged = Some(session));
            }
            // Two tabs, or the back button: the other one has it.
            Err(Error::Refused(_, code)) if code == "RESPONSE_CODE_USED" => {}
            Err(Error::Refused(_, code))
                if ["RESPONSE_CODE_INVALID", "RESPONSE_CODE_EXPIRED"].contains(&code.as_str()) =>
            {
                return Err(Error::ResponseCode);
            }
            // Kayle is busy, away, or does not know our key: the code is good for five minutes still.
            Err(error) => return Err(error),
            Ok(_) => return Err(Error::Answer("id")),
        }
    }
    // The code leaves the address bar and the history.
    Ok(Redirect::to(&format!("/result/{session_id}")))
}

/// `GET /result/{session}`: what came out, for the user who started.
async fn result(
    headers: HeaderMap,
    State(rp): State<RelyingParty>,
    Path(session): Path<String>,
) -> Result<Response, Error> {
    Ok(match rp.0.of_user(&session, &headers)?.outcome() {
        Outcome::Waiting => {
            let again = [(header::REFRESH, "1")];
            let text =
                "<p>Waiting for the result. If you left the verification, go back to it.</p>";
            (again, rp.page("One moment", text)).into_response()
        }
        Outcome::NoCode => rp.page(
            "We cannot tell that it was you",
            "<p>You came back without a code from the verification. If you began it in another \
             browser, come back from there.</p><p><a href=\"/\">Try again</a></p>",
        ),
        Outcome::Verified(event) => {
            let claims = event.pointer("/data/claims").and_then(Value::as_object);
            let rows: String = claims
                .into_iter()
                .flatten()
                .map(|(claim, value)| {
                    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    format!("<dt>{}</dt><dd>{}</dd>", escape(claim), escape(&value))
                })
                .collect();
            rp.page("You are verified", &format!("<dl>{rows}</dl>"))
        }
        Outcome::Refused(why) => {
            let text = format!("<p>The verification ended: {}.</p>", escape(&why));
            rp.page("You are not verified", &(text + "<p><a href=\"/\">Try again</a></p>"))
        }
    })
}

/// `POST /webhook`: Kayle tells what it found.
///
/// Any 2xx ends the delivery, so it is stored before it is answered. Anything else is tried again.
async fn webhook(
    State(rp): State<RelyingParty>,
    headers: HeaderMap,
    body: String,
) -> Result<StatusCode, Error> {
    let signature = headers.get("X-Kayle-Signature").and_then(|value| value.to_str().ok());
    check_signature(&rp.0.signing_secret, signature.unwrap_or_default(), &body, now())?;
    let event = decrypt(&rp.0.private_key, &rp.0.key_id, &body)?;
    let id = |pointer| event.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let event_id = id("/metadata/event_id").ok_or(Error::Webhook)?;
    let session = id("/metadata/verification_session_id").ok_or(Error::Webhook)?;
    rp.0.update(&session, |known| {
        // A delivery may come more than once, and the events of a session in any order.
        if known.events.len() < MAX_EVENTS {
            known.events.entry(event_id).or_insert(event);
        }
    });
    Ok(StatusCode::NO_CONTENT)
}

impl Verification {
    /// What came out: only if the user's own response code and the webhook say the same.
    pub fn outcome(&self) -> Outcome {
        let Some(session) = &self.exchanged else {
            return if self.came_without_code { Outcome::NoCode } else { Outcome::Waiting };
        };
        let attempts = session.get("attempts").and_then(Value::as_array);
        let succeeded = attempts
            .into_iter()
            .flatten()
            .find(|attempt| attempt.get("status") == Some(&json!("succeeded")));
        let Some(attempt) = succeeded.and_then(|attempt| attempt.get("id")) else {
            let status = session.get("status").and_then(Value::as_str).unwrap_or_default();
            return Outcome::Refused(match status {
                "completed" => "your document was not accepted".to_owned(),
                other => other.to_owned(),
            });
        };
        let says_so = |event: &&Value| {
            event.get("type") == Some(&json!("verification.attempt.succeeded"))
                && event.pointer("/metadata/verification_attempt_id") == Some(attempt)
        };
        let Some(event) = self.events.values().find(says_so) else { return Outcome::Waiting };
        // Verified is not approved: what was verified is now yours to judge. So is what it rests on:
        // `data.assurance` says whether the chip was proven to be no copy, and more.
        if event.pointer("/data/claims/age_over_18") != Some(&Value::Bool(true)) {
            return Outcome::Refused("you must be 18".to_owned());
        }
        Outcome::Verified(event.clone())
    }
}

impl Shared {
    /// The endpoint of this URL and its signing secret; made if it is not there.
    async fn endpoint(&self) -> Result<(String, String), Error> {
        let url = json!(self.own_url("/webhook"));
        let path = "/v1/webhooks/endpoints";
        let mut page = format!("{path}?limit=100");
        loop {
            let known = self.call(Method::GET, &page, None).await?;
            let known = known.as_array().ok_or(Error::Answer("list of endpoints"))?;
            if let Some(endpoint) = known.iter().find(|known| known.get("url") == Some(&url)) {
                let id = text(endpoint, "id")?;
                let reveal = format!("{path}/{id}/signing-secret/reveal");
                let revealed = self.call(Method::POST, &reveal, None).await?;
                return Ok((id, text(&revealed, "signing_secret")?));
            }
            let Some(last) = known.last() else { break };
            page = format!("{path}?limit=100&starting_after={}", text(last, "id")?);
        }
        let made = self.call(Method::POST, path, Some(&json!({ "url": url }))).await?;
        let endpoint = made.get("endpoint").ok_or(Error::Answer("endpoint"))?;
        Ok((text(endpoint, "id")?, text(&made, "signing_secret")?))
    }

    /// Calls the API: the `data` of its answer, or the code of its error.
    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Error> {
        let url = self.config.kayle.join(path).map_err(|_| Error::Answer("id"))?;
        let mut request = self.client.request(method, url).bearer_auth(&self.config.api_key);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let mut answer: Value = answer.json().await?;
        if status.is_success() {
            return answer.get_mut("data").map(Value::take).ok_or(Error::Answer("data"));
        }
        let code = answer.pointer("/error/code").and_then(Value::as_str).unwrap_or_default();
        Err(Error::Refused(status, code.to_owned()))
    }

    fn own_url(&self, path: &str) -> String {
        let base = self.config.public_url.as_str();
        format!("{}{path}", base.trim_end_matches('/'))
    }

    fn verifications(&self) -> MutexGuard<'_, HashMap<String, Verification>> {
        self.verifications.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, session: String, user: String) -> Result<(), Error> {
        let started = now();
        let mut verifications = self.verifications();
        if verifications.len() >= MAX_VERIFICATIONS {
            verifications.retain(|_, known| started.abs_diff(known.started) < REMEMBERED);
        }
        if verifications.len() >= MAX_VERIFICATIONS {
            return Err(Error::Busy);
        }
        let known = Verification {
            user,
            started,
            exchanged: None,
            came_without_code: false,
            events: BTreeMap::new(),
        };
        verifications.insert(session, known);
        Ok(())
    }

    /// Name and further attribute of the cookie. Browsers take `__Host-` from this host alone.
    fn cookie(&self) -> (&'static str, &'static str) {
        match self.config.public_url.scheme() {
            "https" => ("__Host-example_shop_user", "; Secure"),
            _ => ("example_shop_user", ""),
        }
    }

    /// The user of a request. Yours has a login.
    fn user_of(&self, headers: &HeaderMap) -> Option<String> {
        // With HTTP/2 each cookie may have a header of its own.
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|all| all.to_str().ok());
        let mut pairs =
            cookies.flat_map(|all| all.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let (_, user) = pairs.find(|(name, _)| *name == self.cookie().0)?;
        (user.len() == 64).then(|| user.to_owned())
    }

    /// The session, if the user of this request started it.
    fn of_user(&self, session: &str, headers: &HeaderMap) -> Result<Verification, Error> {
        let user = self.user_of(headers).ok_or(Error::AnotherBrowser)?;
        let known = self.verifications().get(session).cloned().ok_or(Error::AnotherBrowser)?;
        if equal(&known.user, &user) { Ok(known) } else { Err(Error::AnotherBrowser) }
    }

    /// Changes what is known of a session; one that is not ours is no matter.
    fn update(&self, session: &str, change: impl FnOnce(&mut Verification)) {
        if let Some(known) = self.verifications().get_mut(session) {
            change(known);
        }
    }
}

/// Checks `t=<Unix seconds>,v1=<hex of HMAC-SHA256 over t, a dot and the body>`, before anything of
/// the body is believed. The key is the whole secret, `whsec_` included.
pub fn check_signature(secret: &str, signature: &str, body: &str, now: u64) -> Result<(), Error> {
    let parts = signature.strip_prefix("t=").and_then(|rest| rest.split_once(",v1="));
    let (time, code) = parts.ok_or(Error::Signature)?;
    let key = PKey::hmac(secret.as_bytes())?;
    let mut signer = Signer::new(MessageDigest::sha256(), &key)?;
    signer.update(format!("{time}.{body}").as_bytes())?;
    let expected = hex(&signer.sign_to_vec()?);
    let is_fresh = time.parse().is_ok_and(|time| now.abs_diff(time) <= MAX_AGE);
    if equal(code, &expected) && is_fresh { Ok(()) } else { Err(Error::Signature) }
}

/// Decrypts the JWE, in the one way that was agreed on: `RSA-OAEP-256` and `A256GCM`.
fn decrypt(key: &RsaKeyPair, key_id: &str, body: &str) -> Result<Value, Error> {
    let key = RSA_OAEP_256.decrypter_from_jwk(&key.to_jwk_private_key()).map_err(|_| Error::Key)?;
    let (plain, header) = jwe::deserialize_compact(body, &key).map_err(|_| Error::Webhook)?;
    if header.content_encryption() != Some("A256GCM") || header.key_id() != Some(key_id) {
        return Err(Error::Webhook);
    }
    serde_json::from_slice(&plain).map_err(|_| Error::Webhook)
}

/// Compares secrets, in a time that does not tell where they differ.
fn equal(one: &str, other: &str) -> bool {
    one.len() == other.len() && openssl::memcmp::eq(one.as_bytes(), other.as_bytes())
}

#[allow(clippy::disallowed_methods, reason = "the one place where randomness comes from")]
fn random_hex() -> Result<String, Error> {
    let mut bytes = [0; 32];
    openssl::rand::rand_bytes(&mut bytes)?;
    Ok(hex(&bytes))
}

/// Unix seconds.
#[allow(clippy::disallowed_methods, reason = "the one place where the time comes from")]
fn now() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text(value: &Value, member: &'static str) -> Result<String, Error> {
    value.get(member).and_then(Value::as_str).map(str::to_owned).ok_or(Error::Answer(member))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl RelyingParty {
    fn page(&self, title: &str, content: &str) -> Response {
        // Browsers hold the redirect that answers a form to `form-action` too: Kayle must be in it.
        let kayle = self.0.config.kayle.origin().ascii_serialization();
        document(title, content, &format!("'self' {kayle}"))
    }
}

fn document(title: &str, content: &str, forms: &str) -> Response {
    let policy =
        format!("default-src 'none'; base-uri 'none'; form-action {forms}; frame-ancestors 'none'");
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, &policy),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><main><h1>{title}</h1>{content}</main></html>"
    );
    (headers, html).into_response()
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Signature => StatusCode::UNAUTHORIZED,
            Self::Webhook | Self::ResponseCode => StatusCode::BAD_REQUEST,
            Self::AnotherBrowser => StatusCode::FORBIDDEN,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unreachable(_) | Self::Refused(..) | Self::Answer(_) => StatusCode::BAD_GATEWAY,
            Self::Crypto(_) | Self::Key => StatusCode::INTERNAL_SERVER_ERROR,
        };
        tracing::warn!(%status, error = &self as &dyn std::error::Error, "refused");
        let again = match self {
            Self::Unreachable(_) | Self::Refused(..) => "<p>Load this page again in a moment.</p>",
            _ => "",
        };
        let says = escape(&self.to_string());
        let text = format!("<p>{says}.</p>{again}<p><a href=\"/\">Start again</a></p>");
        (status, document("This did not work", &text, "'none'")).into_response()
    }
}
