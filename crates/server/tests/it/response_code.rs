//! The way back to the relying party: the address proves nothing, the response code does, once
//! (SECURITY row 16).

use std::time::Duration;

use domain::id::SessionId;
use domain::organization::Scope;
use domain::policy::Policy;
use domain::session::{RESPONSE_CODE_LIFETIME, RETURN_LIFETIME};
use reqwest::{Method, header};
use serde_json::{Value, json};
use testkit::{PageBrowser, RelyingParty, TestServer, WebhookSink, way_on, within};

use super::start;

/// A guard against hanging.
const SOON: Duration = Duration::from_secs(20);

/// What somebody put into the relying party's address is not taken for ours.
const REDIRECT: &str =
    "http://localhost:3000/back?x=1&response_code=planted&session_id=vs_planted#done";

async fn session(rp: &RelyingParty) -> String {
    let (status, body) = rp.post("/v1/sessions", json!({ "redirect_url": REDIRECT })).await;
    assert_eq!(status, 201, "{body}");
    assert_eq!(body["data"]["consent"], Value::Null);
    body["data"]["id"].as_str().unwrap().to_owned()
}

/// A form of the page, and where it leads.
async fn post(browser: &PageBrowser, session: &str, step: &str) -> String {
    let form = browser.request(Method::POST, &format!("/{session}/{step}"));
    let form = form.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = form.body("lang=de").send().await.unwrap();
    if step == "return" && answer.status() == 200 {
        return way_on(&answer.text().await.unwrap()).unwrap();
    }
    assert_eq!(answer.status(), 303, "{step}");
    answer.headers()[header::LOCATION].to_str().unwrap().to_owned()
}

/// The browser that opened a session, which the person then cancelled.
async fn ended(server: &TestServer, session: &str) -> PageBrowser {
    let mut browser = PageBrowser::new(server);
    assert_eq!(browser.page(session).await, 200);
    post(&browser, session, "consent").await;
    post(&browser, session, "cancel").await;
    browser
}

fn members(address: &str, name: &str) -> Vec<String> {
    let url: url::Url = address.parse().unwrap();
    let query = url.query_pairs().into_owned();
    query.filter(|(key, _)| key == name).map(|(_, value)| value).collect()
}

/// Goes back; the response code, if there is one.
async fn go_back(browser: &PageBrowser, session: &str) -> Option<String> {
    let address = post(browser, session, "return").await;
    assert!(address.starts_with("http://localhost:3000/back?x=1&"), "{address}");
    assert_eq!(members(&address, "session_id"), [session], "ours alone");
    let mut codes = members(&address, "response_code");
    assert!(codes.len() <= 1 && codes.first().is_none_or(|code| code != "planted"), "{address}");
    codes.pop()
}

async fn redeem(rp: &RelyingParty, session: &str, code: &str) -> (u16, Value) {
    let path = format!("/v1/sessions/{session}/response-code");
    let (status, body) = rp.post(&path, json!({ "response_code": code })).await;
    (status.as_u16(), body)
}

async fn refused(rp: &RelyingParty, session: &str, code: &str) -> (u16, String) {
    let (status, body) = redeem(rp, session, code).await;
    assert_eq!(body["data"], Value::Null, "nothing is told");
    (status, body["error"]["code"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_that_opened_the_session_takes_a_code_back_that_counts_once() {
    let Some(server) = start().await else { return };
    let rp = server.relying_party().await;
    let sink = WebhookSink::register(&rp).await;
    let id = session(&rp).await;
    let browser = ended(&server, &id).await;
    let code = go_back(&browser, &id).await.expect("a code");

    let (status, body) = redeem(&rp, &id, &code).await;
    assert_eq!(status, 200, "{body}");
    let view = &body["data"];
    assert_eq!((&view["id"], &view["status"]), (&json!(id), &json!("cancelled")));
    assert_eq!(view["attempts"], json!([]));
    assert_eq!(view["consent"]["locale"], "de");
    assert!(view["consent"]["version"].is_string() && view["consent"]["given_at"].is_string());
    let replayed = refused(&rp, &id, &code).await;
    assert_eq!(replayed, (409, "RESPONSE_CODE_USED".to_owned()));
    assert_eq!(go_back(&browser, &id).await, None, "there is no second one");

    let delivery = sink.next().await;
    let payload = sink.open(&delivery);
    assert_eq!(payload["data"], json!({ "reason": "cancelled_by_person" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_address_has_no_code() {
    let Some(server) = start().await else { return };
    let rp = server.relying_party().await;
    let id = session(&rp).await;
    let mut browser = PageBrowser::new(&server);
    assert_eq!(browser.page(&id).await, 200);
    post(&browser, &id, "consent").await;
    let early = post(&browser, &id, "return").await;
    assert!(early.starts_with(&format!("/{id}")), "back at the page: it has not ended: {early}");
    post(&browser, &id, "cancel").await;

    let nobody = PageBrowser::new(&server);
    let mut other = PageBrowser::new(&server);
    other.page(&session(&rp).await).await;
    assert!(other.cookie.is_some() && other.cookie != browser.cookie);
    for stranger in [&nobody, &other] {
        assert_eq!(go_back(stranger, &id).await, None);
    }
    for guess in ["", "planted", &id, &"a".repeat(49)] {
        assert_eq!(refused(&rp, &id, guess).await, (400, "RESPONSE_CODE_INVALID".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_taken_from_its_relying_party_for_its_session_in_time() {
    let Some(server) = start().await else { return };
    let rp = server.relying_party().await;
    let id = session(&rp).await;
    let browser = ended(&server, &id).await;
    let first = go_back(&browser, &id).await.unwrap();
    let code = go_back(&browser, &id).await.unwrap();
    let invalid = (400, "RESPONSE_CODE_INVALID".to_owned());
    assert_eq!(refused(&rp, &id, &first).await, invalid, "another took its place");

    let other = session(&rp).await;
    go_back(&ended(&server, &other).await, &other).await.unwrap();
    assert_eq!(refused(&rp, &other, &code).await, invalid, "a code of another session");
    let stranger = server.relying_party().await;
    assert_eq!(refused(&stranger, &id, &code).await, (404, "SESSION_NOT_FOUND".to_owned()));
    let policy = Policy { face_match: domain::policy::FaceMatch::Off, ..Policy::default() };
    let reader = server.relying_party_with(policy, vec![Scope::SessionsRead]).await;
    assert_eq!(refused(&reader, &id, &code).await.0, 403, "reading is not enough");

    server.clock.advance(RESPONSE_CODE_LIFETIME);
    assert_eq!(refused(&rp, &id, &code).await, (410, "RESPONSE_CODE_EXPIRED".to_owned()));
    let fresh = go_back(&browser, &id).await.unwrap();
    assert_eq!(redeem(&rp, &id, &fresh).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn which_browser_it_was_is_forgotten_some_hours_later() {
    let Some(server) = start().await else { return };
    let rp = server.relying_party().await;
    let id = session(&rp).await;
    let browser = ended(&server, &id).await;
    assert!(go_back(&browser, &id).await.is_some());
    server.clock.advance(RETURN_LIFETIME);
    let id: SessionId = id.parse().unwrap();
    let forgotten = async {
        while server.store().read_session(&id).await.unwrap().unwrap().returner.is_some() {
            tokio::task::yield_now().await;
        }
    };
    within(SOON, "being forgotten", forgotten).await;
    assert_eq!(go_back(&browser, id.as_str()).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_of_any_page_read_the_status_and_nothing_else() {
    let Some(server) = start().await else { return };
    let rp = server.relying_party().await;
    let id = session(&rp).await;
    let path = format!("/v1/verify/session/{id}");
    let ask = async |method: Method, path: &str| {
        let request = rp.public(method, path).header(header::ORIGIN, "https://shop.example");
        let answer = request.send().await.unwrap();
        let headers = answer.headers();
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
        let allowed = headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN).cloned();
        (answer.status().as_u16(), allowed.map(|origin| origin.to_str().unwrap().to_owned()))
    };
    let any = Some("*".to_owned());
    let status = format!("{path}/status");
    assert_eq!(ask(Method::GET, &status).await, (200, any.clone()));
    assert_eq!(ask(Method::OPTIONS, &status).await, (204, any));
    for other in ["details", "handoff", "cancel"] {
        let asked = ask(Method::OPTIONS, &format!("{path}/{other}")).await;
        assert_eq!(asked, (405, None), "{other}");
    }
    assert_eq!(ask(Method::GET, &format!("{path}/details")).await, (200, None));
    assert_eq!(ask(Method::GET, &format!("/{id}")).await, (200, None));
}
