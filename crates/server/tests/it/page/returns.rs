//! The way back to the business.

use axum::Router;
use axum::http::Uri;
use axum::response::{Html, Redirect};
use serde_json::{Value, json};
use testkit::{Created, PhoneSocket, Screen, Visit, ack};
use tokio::net::TcpListener;

use super::Scene;

/// The business's own site; the address to return to.
async fn business() -> String {
    let router = Router::new().fallback(async || Html("<title>Bank</title><p>Welcome back</p>"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/done?order=7", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

impl Scene {
    async fn session_of(&self, redirect_url: &str) -> Created {
        let body = json!({
            "redirect_url": redirect_url,
            "share_fields": { "family_name": { "required": true, "reason": "why" } },
        });
        let (status, body) = self.rp.post("/v1/sessions", body).await;
        assert_eq!(status, 201, "{body}");
        Created::of(body)
    }

    /// A page at its success, in front of the way back.
    async fn succeeded(&self, session: &Created) -> Visit {
        let tab = self.chromium.window(Screen::DESKTOP).await;
        tab.take_time().await;
        let visit = Visit::in_tab(tab, session).await;
        visit.agree().await;
        let handoff = visit.handoff().await;
        let mut phone = PhoneSocket::connect(&self.server, &session.id).await;
        phone.welcome(handoff.confirming_hello("phone", "cross_device"), None).await;
        visit.tab.until_screen("match").await;
        let code = self.server.match_code(&session.id).await.unwrap();
        assert_eq!(phone.choose(&code).await, ack("match_ok"));
        phone.begin().await;
        phone.prove(&self.passport).await;
        visit.tab.until_screen("share").await;
        visit.tab.hold_time().await;
        phone.share(&session.id, &["family_name", "kayle_document_id"]).await;
        visit.tab.until_screen("success").await;
        visit
    }

    async fn redeem(&self, session: &str, code: &str) -> (u16, Value) {
        let path = format!("/v1/sessions/{session}/response-code");
        let (status, body) = self.rp.post(&path, json!({ "response_code": code })).await;
        (status.as_u16(), body)
    }
}

/// The members of an address's query.
fn query(address: &str) -> Vec<(String, String)> {
    let url: url::Url = address.parse().unwrap();
    url.query_pairs().into_owned().collect()
}

fn member(address: &str, name: &str) -> Option<String> {
    query(address).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_moment_people_are_taken_back_with_a_code_that_counts_once() {
    let Some(scene) = Scene::new().await else { return };
    let url = business().await;
    let session = scene.session_of(&url).await;
    let visit = scene.succeeded(&session).await;
    assert!(visit.tab.text().await.contains("You are taken back in"), "{}", visit.tab.text().await);
    visit.tab.evaluate("void testTime.pass(11_000)").await;
    visit.tab.until("location.pathname === '/done'").await;
    let address = visit.tab.read("location.href").await;
    assert_eq!(member(&address, "order").as_deref(), Some("7"));
    assert_eq!(member(&address, "session_id"), Some(session.id.clone()));
    assert_eq!(visit.tab.read("document.referrer").await, "");
    let code = member(&address, "response_code").expect("a response code");
    let (status, body) = scene.redeem(&session.id, &code).await;
    assert_eq!((status, &body["data"]["status"]), (200, &"completed".into()), "{body}");
    let (status, body) = scene.redeem(&session.id, &code).await;
    assert_eq!((status, &body["error"]["code"]), (409, &"RESPONSE_CODE_USED".into()));

    // Who comes back is not sent away again.
    visit.tab.back().await;
    visit.tab.until_screen("success").await;
    visit.tab.until("document.body.innerText.includes('already been taken back')").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_countdown_can_be_stopped() {
    let Some(scene) = Scene::new().await else { return };
    let session = scene.session_of(&business().await).await;
    let visit = scene.succeeded(&session).await;
    visit.tab.click("#return-stop").await;
    visit.tab.pass(60_000).await;
    visit.tab.until("document.body.innerText.includes('You stay here')").await;
    assert!(visit.tab.read("location.pathname").await.contains(&session.id));
    visit.tab.click("#return button").await;
    visit.tab.until("location.pathname === '/done'").await;
    let address = visit.tab.read("location.href").await;
    assert!(member(&address, "response_code").is_some(), "{address}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_countdown_says_what_it_counts_and_that_it_was_stopped() {
    let Some(scene) = Scene::new().await else { return };
    let session = scene.session_of(&business().await).await;
    let visit = scene.succeeded(&session).await;
    let text = async |id: &str| {
        let text = visit.tab.read(&format!("document.getElementById('{id}').textContent")).await;
        text.replace(['\u{2068}', '\u{2069}'], "")
    };
    assert_eq!(text("return-countdown").await, "You are taken back in 10 seconds.");
    visit.tab.pass(9000).await;
    assert_eq!(text("return-countdown").await, "You are taken back in 1 second.");
    visit.tab.click("#return-stop").await;
    assert!(text("announcement").await.starts_with("You stay here"));
}

/// The address alone proves nothing: another browser is sent back without a code.
#[tokio::test(flavor = "multi_thread")]
async fn another_browser_returns_without_a_code() {
    let Some(scene) = Scene::new().await else { return };
    let session = scene.session_of(&business().await).await;
    scene.succeeded(&session).await;
    let tab = scene.chromium.window(Screen::DESKTOP).await;
    tab.stop_time().await;
    let stranger = Visit::in_tab(tab, &session).await;
    stranger.tab.until_screen("success").await;
    stranger.tab.click("#return button").await;
    stranger.tab.until("location.pathname === '/done'").await;
    let address = stranger.tab.read("location.href").await;
    assert_eq!(member(&address, "session_id"), Some(session.id.clone()));
    assert_eq!(member(&address, "response_code"), None);
}

/// The business may redirect wherever it likes, and a browser holds forms to `form-action` on the way.
#[tokio::test(flavor = "multi_thread")]
async fn the_business_may_redirect_to_another_origin() {
    let Some(scene) = Scene::new().await else { return };
    let elsewhere = business().await.replace("127.0.0.1", "localhost");
    let router = Router::new().fallback(async move |uri: Uri| {
        Redirect::permanent(&format!("{elsewhere}&{}", uri.query().unwrap_or_default()))
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/back", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });

    let session = scene.session_of(&url).await;
    let tab = scene.chromium.window(Screen::DESKTOP).await;
    tab.stop_time().await;
    let visit = Visit::in_tab(tab, &session).await;
    visit.agree().await;
    visit.cancel().await;
    visit.tab.until_screen("cancelled").await;
    visit.tab.click("#return button").await;
    visit.tab.until("location.hostname === 'localhost' && location.pathname === '/done'").await;
    let address = visit.tab.read("location.href").await;
    assert_eq!(member(&address, "session_id"), Some(session.id.clone()));
    assert!(member(&address, "response_code").is_some(), "{address}");
    assert_eq!(visit.tab.read("document.referrer").await, "");
}
