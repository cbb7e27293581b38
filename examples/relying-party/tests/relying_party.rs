//! The relying party, attacked: by strangers, by forged and repeated webhooks, by returns.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use josekit::jwe::{JweHeader, RSA_OAEP_256};
use josekit::jwk::Jwk;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use relying_party::{Config, RelyingParty, check_signature};
use reqwest::{Client, header, redirect};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

const SECRET: &str = "whsec_0123456789abcdef0123456789abcdef";

/// As much of Kayle's API as a relying party sees.
#[derive(Clone, Default)]
struct Kayle(Arc<Mutex<Recorded>>);

#[derive(Default)]
struct Recorded {
    key: Value,
    sessions: Vec<Value>,
    codes: Vec<String>,
    /// What the next exchanges answer.
    attempts: Value,
    status: String,
    /// What the next exchange is refused with, whatever the code.
    refusal: Option<(StatusCode, &'static str)>,
    endpoint: Option<Value>,
}

struct Parties {
    kayle: Kayle,
    relying_party: RelyingParty,
    url: String,
    client: Client,
}

async fn serve(router: Router) -> (String, TcpListener, Router) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    (format!("http://{}", listener.local_addr().unwrap()), listener, router)
}

impl Kayle {
    async fn start(&self) -> Url {
        let router = Router::new()
            .route("/v1/webhooks/endpoints", get(Self::endpoints).post(Self::endpoint))
            .route("/v1/webhooks/endpoints/{id}/signing-secret/reveal", post(Self::reveal))
            .route("/v1/webhooks/endpoints/{id}/keys", post(Self::key))
            .route("/v1/sessions", post(Self::session))
            .route("/v1/sessions/{id}/response-code", post(Self::exchange))
            .with_state(self.clone());
        let (url, listener, router) = serve(router).await;
        tokio::spawn(async move { axum::serve(listener, router).await });
        url.parse().unwrap()
    }

    async fn endpoints(State(kayle): State<Self>) -> Json<Value> {
        let known: Vec<Value> = kayle.0.lock().unwrap().endpoint.clone().into_iter().collect();
        Json(json!({ "data": known }))
    }

    async fn endpoint(State(kayle): State<Self>, Json(body): Json<Value>) -> Json<Value> {
        let endpoint = json!({ "id": "whe_1", "url": body["url"] });
        assert!(kayle.0.lock().unwrap().endpoint.replace(endpoint.clone()).is_none());
        Json(json!({ "data": { "endpoint": endpoint, "signing_secret": SECRET } }))
    }

    async fn reveal() -> Json<Value> {
        Json(json!({ "data": { "endpoint_id": "whe_1", "signing_secret": SECRET } }))
    }

    async fn key(State(kayle): State<Self>, Json(body): Json<Value>) -> Json<Value> {
        kayle.0.lock().unwrap().key = body;
        Json(json!({ "data": {} }))
    }

    async fn session(State(kayle): State<Self>, Json(body): Json<Value>) -> Json<Value> {
        let mut kayle = kayle.0.lock().unwrap();
        kayle.sessions.push(body);
        let id = format!("vs_{}", kayle.sessions.len());
        let url = format!("https://kayle.example/{id}");
        Json(json!({ "data": { "id": id, "verification_url": url } }))
    }

    /// Each code is good once; `wrong` never is.
    async fn exchange(
        State(kayle): State<Self>,
        Path(id): Path<String>,
        Json(body): Json<Value>,
    ) -> Response {
        let mut kayle = kayle.0.lock().unwrap();
        let code = body["response_code"].as_str().unwrap().to_owned();
        let refuse = |status, code: &str| {
            (status, Json(json!({ "data": null, "error": { "code": code } }))).into_response()
        };
        if let Some((status, code)) = kayle.refusal.take() {
            return refuse(status, code);
        }
        if kayle.codes.contains(&code) {
            return refuse(StatusCode::CONFLICT, "RESPONSE_CODE_USED");
        }
        if code == "wrong" {
            return refuse(StatusCode::BAD_REQUEST, "RESPONSE_CODE_INVALID");
        }
        kayle.codes.push(code);
        let data = json!({ "id": id, "status": kayle.status, "attempts": kayle.attempts });
        Json(json!({ "data": data })).into_response()
    }

    /// An event as Kayle sends it: its signature and its body.
    fn webhook(&self, secret: &str, sent: u64, event: &Value) -> (String, String) {
        let key = self.0.lock().unwrap().key.clone();
        let jwk = Jwk::from_map(key["jwk"].as_object().unwrap().clone()).unwrap();
        let mut header = JweHeader::new();
        header.set_content_encryption("A256GCM");
        header.set_key_id(key["key_id"].as_str().unwrap());
        let encrypter = RSA_OAEP_256.encrypter_from_jwk(&jwk).unwrap();
        let plain = event.to_string();
        let body = josekit::jwe::serialize_compact(plain.as_bytes(), &header, &encrypter).unwrap();
        (sign(secret, sent, &body), body)
    }
}

fn sign(secret: &str, sent: u64, body: &str) -> String {
    let key = PKey::hmac(secret.as_bytes()).unwrap();
    let mut signer = Signer::new(MessageDigest::sha256(), &key).unwrap();
    signer.update(format!("{sent}.{body}").as_bytes()).unwrap();
    let code = signer.sign_to_vec().unwrap();
    let hex: String = code.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={sent},v1={hex}")
}

#[allow(clippy::disallowed_methods, reason = "the relying party runs by the machine's clock")]
fn now() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

fn succeeded(event: &str, session: &str, name: &str) -> Value {
    json!({
        "type": "verification.attempt.succeeded",
        "data": { "claims": { "family_name": name, "age_over_18": true } },
        "metadata": {
            "event_id": event,
            "verification_session_id": session,
            "verification_attempt_id": "va_1",
        },
    })
}

impl Parties {
    async fn start() -> Self {
        let kayle = Kayle::default();
        {
            let mut recorded = kayle.0.lock().unwrap();
            recorded.attempts = json!([{ "id": "va_1", "status": "succeeded" }]);
            recorded.status = "completed".to_owned();
        }
        let base = kayle.start().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let public_url = url.parse().unwrap();
        let config = Config { kayle: base, api_key: "kk_1".to_owned(), public_url };
        let relying_party = RelyingParty::register(config).await.unwrap();
        let router = relying_party.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let client =
            Client::builder().no_proxy().redirect(redirect::Policy::none()).build().unwrap();
        Self { kayle, relying_party, url, client }
    }

    async fn get(&self, cookie: &str, path: &str) -> reqwest::Response {
        let request = self.client.get(format!("{}{path}", self.url));
        request.header(header::COOKIE, cookie).send().await.unwrap()
    }

    async fn text(&self, cookie: &str, path: &str) -> String {
        self.get(cookie, path).await.text().await.unwrap()
    }

    /// A browser with a cookie of its own.
    async fn browser(&self) -> String {
        let home = self.get("", "/").await;
        let cookie = home.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        cookie.split(';').next().unwrap().to_owned()
    }

    /// Presses the button; the session.
    async fn start_session(&self, cookie: &str) -> String {
        let request = self.client.post(format!("{}/start", self.url));
        let sent = request.header(header::COOKIE, cookie).send().await.unwrap();
        assert_eq!(sent.status(), 303);
        let to = sent.headers()[header::LOCATION].to_str().unwrap().to_owned();
        to.strip_prefix("https://kayle.example/").expect(&to).to_owned()
    }

    async fn deliver(&self, signature: &str, body: &str) -> u16 {
        let request = self.client.post(format!("{}/webhook", self.url));
        let request = request.header("X-Kayle-Signature", signature).body(body.to_owned());
        request.send().await.unwrap().status().as_u16()
    }

    async fn tell(&self, event: &Value) -> u16 {
        let (signature, body) = self.kayle.webhook(SECRET, now(), event);
        self.deliver(&signature, &body).await
    }

    fn codes(&self) -> Vec<String> {
        self.kayle.0.lock().unwrap().codes.clone()
    }
}

#[tokio::test]
async fn a_result_needs_both_the_return_and_the_webhook() {
    let parties = Parties::start().await;
    let user = parties.browser().await;
    let event = |session: &str| succeeded("evt_1", session, "ERIKSSON");
    // In either order.
    let first = parties.start_session(&user).await;
    let result = format!("/result/{first}");
    let way_back = format!("/return?session_id={first}&response_code=one");
    assert_eq!(parties.tell(&event(&first)).await, 204);
    assert!(parties.text(&user, &result).await.contains("One moment"), "no code was exchanged");
    let back = parties.get(&user, &way_back).await;
    assert_eq!(
        (back.status().as_u16(), &back.headers()[header::LOCATION]),
        (303, &result.parse().unwrap())
    );
    assert!(parties.text(&user, &result).await.contains("ERIKSSON"));

    let second = parties.start_session(&user).await;
    let result = format!("/result/{second}");
    parties.get(&user, &format!("/return?session_id={second}&response_code=two")).await;
    assert!(parties.text(&user, &result).await.contains("One moment"), "no webhook arrived");
    // A success of another attempt is not the one of the exchange.
    let mut other = event(&second);
    other["metadata"]["verification_attempt_id"] = json!("va_2");
    other["metadata"]["event_id"] = json!("evt_2");
    assert_eq!(parties.tell(&other).await, 204);
    assert!(parties.text(&user, &result).await.contains("One moment"));
    assert_eq!(parties.tell(&event(&second)).await, 204);
    assert!(parties.text(&user, &result).await.contains("You are verified"));
    let asked = parties.kayle.0.lock().unwrap().sessions[0].clone();
    assert_eq!(asked["redirect_url"], format!("{}/return", parties.url));
}

#[tokio::test]
async fn a_return_counts_in_the_browser_that_started_alone() {
    let parties = Parties::start().await;
    let (attacker, victim) = (parties.browser().await, parties.browser().await);
    let session = parties.start_session(&attacker).await;
    assert_eq!(parties.tell(&succeeded("evt_1", &session, "VICTIM")).await, 204);
    let way_back = format!("/return?session_id={session}&response_code=code");
    for stranger in [victim.as_str(), "", "example_shop_user=", "other=1"] {
        assert_eq!(parties.get(stranger, &way_back).await.status(), 403, "{stranger}");
        assert_eq!(parties.get(stranger, &format!("/result/{session}")).await.status(), 403);
    }
    assert!(parties.codes().is_empty(), "the code of a stranger is not spent");
    // Who started has no code, and learns nothing: not with a wrong one, nor without one.
    for (query, status, says) in
        [("&response_code=wrong", 400, "One moment"), ("", 303, "We cannot tell that it was you")]
    {
        let way_back = format!("/return?session_id={session}{query}");
        assert_eq!(parties.get(&attacker, &way_back).await.status(), status);
        let result = parties.get(&attacker, &format!("/result/{session}")).await;
        // Nothing comes by itself any more for who has come without a code.
        assert_eq!(result.headers().contains_key(header::REFRESH), !query.is_empty());
        let result = result.text().await.unwrap();
        assert!(result.contains(says) && !result.contains("VICTIM"), "{result}");
    }
    assert_eq!(parties.get(&victim, "/return?session_id=vs_unknown").await.status(), 403);
}

#[tokio::test]
async fn a_return_again_spends_nothing_and_loses_nothing() {
    let parties = Parties::start().await;
    let user = parties.browser().await;
    let session = parties.start_session(&user).await;
    let way_back = format!("/return?session_id={session}&response_code=once");
    for _ in 0..3 {
        assert_eq!(parties.get(&user, &way_back).await.status(), 303);
    }
    assert_eq!(parties.codes(), ["once"]);
    parties.tell(&succeeded("evt_1", &session, "ERIKSSON")).await;
    assert!(parties.text(&user, &format!("/result/{session}")).await.contains("ERIKSSON"));
}

#[tokio::test]
async fn a_code_that_kayle_did_not_judge_is_not_lost() {
    let parties = Parties::start().await;
    let user = parties.browser().await;
    let session = parties.start_session(&user).await;
    parties.tell(&succeeded("evt_1", &session, "ERIKSSON")).await;
    let way_back = format!("/return?session_id={session}&response_code=good");
    for (status, code) in [
        (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED"),
        (StatusCode::UNAUTHORIZED, "UNAUTHORIZED"),
        (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR"),
    ] {
        parties.kayle.0.lock().unwrap().refusal = Some((status, code));
        let back = parties.get(&user, &way_back).await;
        assert_eq!(back.status(), 502, "{code}");
        let page = back.text().await.unwrap();
        assert!(page.contains("Load this page again") && !page.contains("not valid"), "{page}");
    }
    assert_eq!(parties.get(&user, &way_back).await.status(), 303);
    assert!(parties.text(&user, &format!("/result/{session}")).await.contains("ERIKSSON"));

    let late = parties.start_session(&user).await;
    parties.kayle.0.lock().unwrap().refusal = Some((StatusCode::GONE, "RESPONSE_CODE_EXPIRED"));
    let back = parties.get(&user, &format!("/return?session_id={late}&response_code=late")).await;
    assert_eq!(back.status(), 400);
    assert!(back.text().await.unwrap().contains("not valid any more"));
}

#[tokio::test]
async fn a_code_that_comes_after_a_return_without_one_counts() {
    let parties = Parties::start().await;
    let user = parties.browser().await;
    let session = parties.start_session(&user).await;
    parties.tell(&succeeded("evt_1", &session, "ERIKSSON")).await;
    for code in ["", "&response_code=one", ""] {
        parties.get(&user, &format!("/return?session_id={session}{code}")).await;
    }
    assert!(parties.text(&user, &format!("/result/{session}")).await.contains("ERIKSSON"));
}

#[tokio::test]
async fn a_cookie_is_found_among_headers_of_other_cookies() {
    let parties = Parties::start().await;
    let user = parties.browser().await;
    let session = parties.start_session(&user).await;
    let request = parties.client.get(format!("{}/result/{session}", parties.url));
    let request = request.header(header::COOKIE, "theme=dark").header(header::COOKIE, &user);
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_forged_kept_or_repeated_webhook_changes_nothing() {
    let parties = Parties::start().await;
    let user = parties.browser().await;
    let session = parties.start_session(&user).await;
    parties.get(&user, &format!("/return?session_id={session}&response_code=one")).await;
    let forged = succeeded("evt_0", &session, "FORGED");
    let (signature, body) = parties.kayle.webhook("whsec_other", now(), &forged);
    assert_eq!(parties.deliver(&signature, &body).await, 401);
    let (signature, body) = parties.kayle.webhook(SECRET, now() - 400, &forged);
    assert_eq!(parties.deliver(&signature, &body).await, 401);
    let (signature, body) = parties.kayle.webhook(SECRET, now(), &forged);
    assert_eq!(parties.deliver("", &body).await, 401);
    assert_eq!(parties.deliver(&signature, &body.replace('.', "x.")).await, 401);
    // Signed, but not encrypted to the key of the endpoint.
    let plain = forged.to_string();
    assert_eq!(parties.deliver(&sign(SECRET, now(), &plain), &plain).await, 400);
    let result = format!("/result/{session}");
    assert!(parties.text(&user, &result).await.contains("One moment"));

    assert_eq!(parties.tell(&succeeded("evt_1", &session, "FIRST")).await, 204);
    assert_eq!(parties.tell(&succeeded("evt_1", &session, "SECOND")).await, 204);
    let shown = parties.text(&user, &result).await;
    assert!(shown.contains("FIRST") && !shown.contains("SECOND"), "{shown}");
    // An event of a session that is not ours is taken, and does nothing.
    assert_eq!(parties.tell(&succeeded("evt_9", "vs_other", "OTHER")).await, 204);
    assert_eq!(parties.relying_party.verifications().len(), 1);
}

#[tokio::test]
async fn what_was_verified_is_judged_and_shown_as_text() {
    let parties = Parties::start().await;
    let user = parties.browser().await;
    let end = async |code: &str, event: &dyn Fn(&str) -> Value| {
        let session = parties.start_session(&user).await;
        parties.get(&user, &format!("/return?session_id={session}&response_code={code}")).await;
        parties.tell(&event(&session)).await;
        parties.text(&user, &format!("/result/{session}")).await
    };
    let child = end("a", &|session| {
        let mut event = succeeded("evt_1", session, "CHILD");
        event["data"]["claims"]["age_over_18"] = json!(false);
        event
    });
    let child = child.await;
    assert!(child.contains("you must be 18") && !child.contains("CHILD"), "{child}");
    let markup =
        end("b", &|session| succeeded("evt_2", session, "<script>alert(1)</script>")).await;
    assert!(markup.contains("&lt;script&gt;") && !markup.contains("<script>"), "{markup}");
    for (status, says) in [("completed", "not accepted"), ("cancelled", "cancelled")] {
        {
            let mut kayle = parties.kayle.0.lock().unwrap();
            kayle.status = status.to_owned();
            kayle.attempts = json!([{ "id": "va_1", "status": "failed" }]);
        }
        let page = end(status, &|session| succeeded("evt_3", session, "FAILED")).await;
        assert!(page.contains("You are not verified") && page.contains(says), "{page}");
    }
}

#[tokio::test]
async fn another_site_cannot_start_for_a_user() {
    let parties = Parties::start().await;
    // Browsers leave a Lax cookie out of what another site posts.
    let posted = parties.client.post(format!("{}/start", parties.url)).send().await.unwrap();
    assert_eq!(
        (posted.status().as_u16(), &posted.headers()[header::LOCATION]),
        (303, &"/".parse().unwrap())
    );
    assert!(parties.kayle.0.lock().unwrap().sessions.is_empty());
    let home = parties.get("", "/").await;
    let policy = home.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("form-action 'self' http://127"),
        "{policy}"
    );
}

#[tokio::test]
async fn a_known_endpoint_is_used_again() {
    let parties = Parties::start().await;
    let base = parties.kayle.start().await;
    let key = parties.kayle.0.lock().unwrap().key.clone();
    let public_url = parties.url.parse().unwrap();
    let config = Config { kayle: base, api_key: "kk_1".to_owned(), public_url };
    RelyingParty::register(config).await.unwrap();
    assert_ne!(parties.kayle.0.lock().unwrap().key["key_id"], key["key_id"]);
}

/// REFERENCE C.1.
#[test]
fn the_vector_of_the_reference_is_accepted_for_five_minutes() {
    const SENT: u64 = 1_714_914_000;
    let secret = format!("whsec_{}", "e".repeat(32));
    let signature =
        format!("t={SENT},v1=3b6b5510026be4a4c92e2d008dd01c4c7748ef1bfcb85a629da3951405dd7b36");
    let check = |signature: &str, body: &str, now| check_signature(&secret, signature, body, now);
    for now in [SENT, SENT - 300, SENT + 300] {
        check(&signature, "payload", now).unwrap();
    }
    for now in [SENT - 301, SENT + 301, 0, u64::MAX] {
        assert!(check(&signature, "payload", now).is_err());
    }
    assert!(check(&signature, "Payload", SENT).is_err());
    assert!(check(&signature.replace("t=17", "t=18"), "payload", SENT).is_err());
    assert!(check(&signature.to_uppercase(), "payload", SENT).is_err());
    for malformed in ["", "t=", "t=1,v1=", &signature[..signature.len() - 1]] {
        assert!(check(malformed, "payload", SENT).is_err(), "{malformed}");
    }
}
