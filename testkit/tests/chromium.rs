//! What drives the browser does what it says.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use testkit::{Axe, Chromium, Screen, Seen};
use tokio::net::TcpListener;

const PAGE: &str = r#"<!doctype html><html lang="en"><head><title>Page</title>
<style>@media (prefers-reduced-motion: reduce) { p { color: rgb(1, 2, 3) } } @media print { p { color: rgb(4, 5, 6) } }</style></head><body>
<main><h1>Page</h1><p id="said">nothing</p>
<form action="/sent"><label>Word <input name="word"></label><button>Send</button></form>
<button id="b" type="button">Press</button></main>
<script>
said = document.getElementById("said"); fired = [];
document.getElementById("b").onclick = () => { said.textContent = "pressed"; };
begun = Date.now();
setTimeout(() => fired.push("once"), 60000);
beat = setInterval(() => { fired.push("beat"); if (fired.length > 9) clearInterval(beat); }, 25000);
ask = () => fetch("/asked", { method: "POST", body: "a body" }).then(() => "up", () => "down");
</script></body></html>"#;

const BAD: &str = "<!doctype html><html><body><img src=\"data:,\"></body></html>";

async fn site() -> String {
    let sent = async |uri: axum::http::Uri| Html(format!("<title>s</title><p>{uri}</p>"));
    let router = Router::new()
        .route("/", get(Html(PAGE)))
        .route("/bad", get(Html(BAD)))
        .route("/sent", get(sent))
        .route("/asked", axum::routing::post("answer"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_hands_looks_and_time_reach_the_page() {
    let Some(chromium) = Chromium::start().await else { return };
    let url = site().await;
    let tab = chromium.window(Screen::DESKTOP.reading("pl")).await;
    tab.take_time().await;
    tab.open(&url).await;
    assert_eq!(tab.evaluate("navigator.language").await, "pl");

    tab.click("#b").await;
    tab.until("said.textContent === 'pressed'").await;
    tab.evaluate("said.textContent = ''").await;
    tab.tab_to("#b").await;
    tab.press(" ").await;
    tab.until("said.textContent === 'pressed'").await;
    let colour = "getComputedStyle(said).color";
    assert_eq!(tab.evaluate(colour).await, "rgb(0, 0, 0)");
    tab.look(Screen::DESKTOP.still()).await;
    assert_eq!(tab.evaluate(colour).await, "rgb(1, 2, 3)");
    tab.look(Screen::DESKTOP.printed()).await;
    assert_eq!(tab.evaluate(colour).await, "rgb(4, 5, 6)");
    tab.look(Screen::ZOOMED).await;
    assert_eq!(tab.evaluate("[innerWidth, devicePixelRatio]").await, serde_json::json!([320, 4]));

    assert_eq!(tab.evaluate("fired.length").await, 0);
    tab.pass(61_000).await;
    assert_eq!(tab.evaluate("fired.join()").await, "beat,beat,once");
    assert_eq!(tab.evaluate("Date.now() - begun >= 61000").await, true);
    tab.sleep(3_600_000).await;
    assert_eq!(tab.evaluate("fired.length").await, 3, "timers sleep too");
    assert_eq!(tab.evaluate("new Date() - begun >= 3661000").await, true);
    tab.pass(1_000_000).await;
    assert_eq!(tab.evaluate("fired.length").await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_network_of_a_tab_is_seen_and_can_be_cut() {
    let Some(chromium) = Chromium::start().await else { return };
    let url = site().await;
    let tab = chromium.window(Screen::PHONE).await;
    tab.open(&format!("{url}#secret")).await;
    assert_eq!(tab.evaluate("ask()").await, "up");
    tab.offline(true).await;
    assert_eq!(tab.evaluate("ask()").await, "down");
    assert_eq!(tab.evaluate("navigator.onLine").await, false);
    tab.offline(false).await;
    assert_eq!(tab.evaluate("ask()").await, "up");
    let traffic = tab.traffic();
    let page = traffic.iter().find(|loaded| loaded.url == url).unwrap();
    let size = u64::try_from(PAGE.len()).unwrap();
    assert!(page.complete && page.bytes > size && page.bytes < size + 500, "{page:?}");
    let asked = traffic.iter().find(|loaded| loaded.method == "POST").unwrap();
    assert_eq!(asked.body.as_deref(), Some("a body"));
    assert_eq!(asked.referrer.as_deref(), Some(&*url));
    assert!(tab.addresses().contains(&format!("{url}#secret")), "{:?}", tab.addresses());
    assert!(tab.history().await.contains(&format!("{url}#secret")));

    let other = tab.beside(Screen::PHONE).await;
    other.open(&url).await;
    tab.evaluate("document.cookie = 'a=b'").await;
    assert_eq!(other.evaluate("document.cookie").await, "a=b", "tabs share a profile");
    let stranger = chromium.window(Screen::PHONE).await;
    stranger.open(&url).await;
    assert_eq!(stranger.evaluate("document.cookie").await, "", "windows do not");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_forms_are_what_is_left() {
    let Some(chromium) = Chromium::start().await else { return };
    let tab = chromium.window(Screen::DESKTOP).await;
    tab.scripts(false).await;
    tab.open(&site().await).await;
    assert_eq!(tab.evaluate("typeof ask").await, "undefined");
    tab.click("input").await;
    tab.type_text("pear").await;
    tab.press("Enter").await;
    tab.until("document.body.innerText.includes('/sent?word=pear')").await;
    tab.back().await;
    tab.until("document.querySelector('input')").await;
    tab.reload().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_found_and_what_is_right_is_not() {
    let Some(chromium) = Chromium::start().await else { return };
    let url = site().await;
    let tab = chromium.window(Screen::DESKTOP).await;
    tab.open(&url).await;
    let button = Seen { role: "button".to_owned(), name: "Press".to_owned() };
    assert!(tab.accessibility().await.contains(&button));
    let Some(axe) = Axe::find() else { return };
    assert_eq!(axe.violations(&tab).await, Vec::<String>::new());
    tab.open(&format!("{url}bad")).await;
    let found = axe.violations(&tab).await;
    for rule in ["image-alt", "html-has-lang", "document-title"] {
        assert!(found.iter().any(|line| line.starts_with(rule)), "{found:?}");
    }
}
