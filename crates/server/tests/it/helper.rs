//! `/assets/kayle.js`, in a page of a relying party on another origin, in a real browser.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use testkit::{Chromium, Created, RelyingParty, Screen, Tab, TestServer};
use tokio::net::TcpListener;

/// A page of a relying party. `localhost` and `127.0.0.1` are two sites to a browser.
async fn page_of_relying_party(server: &TestServer) -> String {
    let page = format!(
        "<!doctype html><title>RP</title><button>Verify</button>\
         <script type=\"module\">\
         import {{ open }} from \"{0}/assets/kayle.js\";\
         window.ready = open === window.Kayle.open;\
         document.querySelector(\"button\").onclick = () => window.act();\
         </script>",
        server.url()
    );
    let router = Router::new().route("/", get(move || async { Html(page) }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://localhost:{port}/")
}

struct Scene {
    server: TestServer,
    rp: RelyingParty,
    page: String,
    /// Ends with the browser.
    _chromium: Chromium,
    tab: Tab,
}

impl Scene {
    async fn start() -> Option<Self> {
        let chromium = Chromium::start().await?;
        let server = TestServer::start().await;
        let rp = server.relying_party().await;
        let page = page_of_relying_party(&server).await;
        let tab = chromium.window(Screen::DESKTOP).await;
        // Keeps what the helper opened.
        tab.before_scripts(
            "const opens = window.open; window.popups = []; window.open = (...how) => { const popup = opens.apply(window, how); window.popups.push(popup); return popup; };",
        )
        .await;
        Some(Self { server, rp, page, _chromium: chromium, tab })
    }

    /// Opens the page afresh, and clicks its button: `action` may use `url`.
    async fn click(&self, action: &str) -> Created {
        let session = self.rp.session(&[]).await;
        self.tab.open(&self.page).await;
        self.tab.until("window.ready").await;
        let url = &session.body["data"]["verification_url"];
        self.tab.evaluate(&format!("window.act = () => {{ const url = {url}; {action} }}")).await;
        self.tab.click("button").await;
        session
    }

    async fn popup_is_closed(&self) {
        self.tab.until("window.popups.length === 1 && window.popups[0].closed").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_origin_opens_the_popup_and_learns_the_end() {
    let Some(scene) = Scene::start().await else { return };
    for url in ["url", "new Promise((made) => setTimeout(() => made(url), 300))"] {
        let act = format!("Kayle.open({url}).then((ended) => (window.ended = ended))");
        let session = scene.click(&act).await;
        // Our page cuts itself off from who opened it, which then sees a closed window.
        scene.popup_is_closed().await;
        assert_eq!(scene.tab.evaluate("window.ended === undefined").await, true);
        let path = format!("/v1/sessions/{}/cancel", session.id);
        let (status, _) = scene.rp.send(scene.rp.request(reqwest::Method::POST, &path)).await;
        assert_eq!(status, 204);
        scene.tab.until("window.ended").await;
        let ended = scene.tab.evaluate("window.ended").await;
        assert_eq!(ended, serde_json::json!({ "session_id": session.id, "status": "cancelled" }));
        assert!(scene.tab.read("location.href").await.starts_with(&scene.page));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_popup_becomes_the_whole_page() {
    let Some(scene) = Scene::start().await else { return };
    for act in ["window.open = () => null; Kayle.open(url)", "Kayle.open(url, { mode: 'page' })"] {
        let session = scene.click(act).await;
        let page = format!("{}/{}", scene.server.url(), session.id);
        scene.tab.until(&format!("location.href.startsWith({page:?})")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_ends_when_it_is_told_to_or_has_nothing_to_wait_for() {
    let Some(scene) = Scene::start().await else { return };
    let failed = ".catch((error) => (window.failed = error.name + ': ' + error.message))";
    for (act, name) in [
        (
            "const ended = Kayle.open(url); setTimeout(() => ended.cancel(), 100); ended",
            "AbortError",
        ),
        (
            "const stop = new AbortController(); setTimeout(() => stop.abort(new Error('mine')), 100); Kayle.open(url, { signal: stop.signal })",
            "Error: mine",
        ),
        ("Kayle.open(url.replace(/vs_./, 'vs_!'))", "Error: no such session"),
        ("Kayle.open(url.replace(/vs_.{64}/, 'vs_' + 'a'.repeat(64)))", "Error: no such session"),
    ] {
        scene.click(&format!("{act}{failed}")).await;
        scene.tab.until("window.failed").await;
        let told = scene.tab.read("window.failed").await;
        assert!(told.starts_with(name), "{act}: {told}");
    }
    for (act, name) in [
        ("Kayle.open('javascript:alert(1)')", "TypeError"),
        ("Kayle.open('nonsense')", "TypeError"),
        ("Kayle.open(Promise.reject(new Error('no session')))", "Error: no session"),
    ] {
        scene.click(&format!("{act}{failed}")).await;
        scene.tab.until("window.failed").await;
        let told = scene.tab.read("window.failed").await;
        assert!(told.starts_with(name), "{act}: {told}");
        scene.popup_is_closed().await;
    }
    scene.click(&format!("Kayle.open(url, {{ signal: AbortSignal.abort() }}){failed}")).await;
    scene.tab.until("window.failed").await;
    assert_eq!(scene.tab.evaluate("window.popups.length").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_helper_is_small_and_anybodys_to_load() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let answer = rp.public(reqwest::Method::GET, "/assets/kayle.js").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    for (name, value) in [
        ("content-type", "text/javascript; charset=utf-8"),
        ("access-control-allow-origin", "*"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(answer.headers()[name], value);
    }
    assert!(answer.headers().get("set-cookie").is_none());
    let script = answer.text().await.unwrap();
    assert!(script.len() < 3000, "{}", script.len());
    assert!(script.contains("NO PROOF"));
}
