//! The pages that a phone shows without the app.

use protocol::{Flow, HandoffLink};
use server::apps::store_url;
use testkit::{Chromium, PageBrowser, PhoneSocket, Screen, TestServer};

use super::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_without_the_app_is_told_what_to_install_and_shown_no_token() {
    let Some(chromium) = Chromium::start().await else { return };
    let server = TestServer::start_with(|options| {
        options.apps.ios = Some(store_url("https://apps.apple.com/app/id1").unwrap());
        options.apps.android = Some(store_url("https://play.google.com/store/x").unwrap());
    })
    .await;
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await;
    let browser = PageBrowser::opened(&server, &session.id).await.0;
    let (_, handoff) = browser.mint(&session.id).await;
    let carried = handoff["link"].as_str().unwrap();
    let token = HandoffLink::parse(carried).unwrap().mobile_write_token().expose().to_owned();
    // The browser's clock is the machine's, and the server's is the test's.
    let expiry = handoff["expires_at"].as_str().unwrap().replace(':', "%3A");
    let carried = carried.replace(&expiry, "2999-01-01T00%3A00%3A00.000Z");

    let phone = chromium.window(Screen::PHONE).await;
    phone.open(&carried).await;
    phone.until("!document.getElementById('launch-row').hidden").await;
    assert_eq!(phone.evaluate("location.hash").await, "", "the token leaves the address bar");
    assert!(!phone.html().await.contains(&token), "nor is it in the document");
    let header = phone.read("document.querySelector('header .asker').innerText").await;
    assert!(header.starts_with("127.0.0.1"), "no empty bar: {header}");
    assert_eq!(phone.evaluate("document.getElementById('nothing').hidden").await, true);
    let text = phone.text().await;
    assert!(text.contains("Get the app for Android") && !text.contains("iPhone"), "{text}");
    assert!(text.contains("close this page"), "{text}");
    // The button hands the link to the app: caught here, as no app is installed.
    phone
        .evaluate("window.navigation.addEventListener('navigate', (event) => { window.led = event.destination.url; event.preventDefault(); })")
        .await;
    phone.evaluate("document.getElementById('launch').click()").await;
    phone.until("window.led").await;
    let led = phone.evaluate("window.led").await;
    let link = HandoffLink::parse(led.as_str().unwrap()).unwrap();
    assert!(led.as_str().unwrap().starts_with("kayle-id://"));
    assert_eq!((link.flow(), link.session_id()), (Some(Flow::CrossDevice), session.id.as_str()));
    assert_eq!(link.mobile_write_token().expose(), token);
    assert!(!phone.html().await.contains(&token));
    // No app is there. The session's page is on another device: no way leads back to it from here.
    phone.until("document.getElementById('nothing').checkVisibility()").await;
    assert_eq!(phone.evaluate("document.getElementById('way-back').hidden").await, true);

    let api = server.url().replace(':', "%3A").replace('/', "%2F");
    assert!(carried.contains(&api));
    // Someone who comes without a code, or with that of another session or server.
    for link in [
        format!("{}/open/{}", server.url(), session.id),
        carried.replace(&session.id, &format!("vs_{}", "a".repeat(64))).replacen(
            &format!("vs_{}", "a".repeat(64)),
            &session.id,
            1,
        ),
        carried.replace(&api, "https%3A%2F%2Fevil.example"),
    ] {
        let phone = chromium.window(Screen::PHONE).await;
        phone.open(&link).await;
        phone.until("document.body.innerText.includes('Scan the code again')").await;
        assert_eq!(phone.evaluate("document.getElementById('launch-row').hidden").await, true);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone_without_the_app_every_page_has_a_way_on() {
    let Some(scene) = Scene::new().await else { return };
    let session = scene.session().await;
    let phone = scene.chromium.window(Screen::PHONE).await;
    // The server's clock is the test's, and the link is good for the browser too. What the app would be
    // handed is noted and kept from the browser, whose own question would stand before the page.
    phone
        .before_scripts(
            "Date.now = () => 0; navigation.addEventListener('navigate', (event) => { \
             if (!event.destination.url.startsWith('kayle-id:')) return; \
             sessionStorage.led = (sessionStorage.led ?? '') + ' ' + event.destination.url; \
             event.preventDefault(); });",
        )
        .await;
    // In a language that the browser does not ask for.
    phone.open(&format!("{}/{}?lang=de", scene.server.url(), session.id)).await;
    phone.until_screen("consent").await;
    phone.click("form[action*='/consent'] button").await;
    phone.until_screen("offer").await;
    let to_the_app = async || {
        phone.until("document.getElementById('open-app').href.includes('#')").await;
        // What is left before it has loaded is not kept in the history.
        phone.until("document.readyState === 'complete'").await;
        phone.click("#open-app").await;
        phone.until("location.pathname.startsWith('/open/')").await;
        phone.until("document.getElementById('nothing').checkVisibility()").await;
    };
    let is_back = async || {
        phone.until_screen("offer").await;
        phone.until("document.getElementById('open-nothing')").await;
    };
    let led = async || phone.read("sessionStorage.led").await;

    to_the_app().await;
    let first = led().await;
    let link = HandoffLink::parse(&first).unwrap();
    assert_eq!((link.flow(), link.session_id()), (Some(Flow::SameDevice), session.id.as_str()));
    let text = phone.text().await;
    for said in ["Ist nichts passiert?", "Zurück zur Prüfung", "Lieber ein anderes Handy nehmen"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert_eq!(phone.evaluate("document.getElementById('launch-row').hidden").await, false);
    assert!(!phone.html().await.contains(link.mobile_write_token().expose()));
    phone.reload().await;
    phone.until("document.getElementById('nothing').checkVisibility()").await;
    assert_eq!(led().await, first, "an app is opened once, and then when it is asked for");

    phone.click("#way-back a").await;
    is_back().await;
    phone.until("document.getElementById('open-nothing').checkVisibility()").await;
    assert_eq!(phone.read("document.documentElement.lang").await, "de");
    to_the_app().await;
    phone.back().await;
    is_back().await;
    phone.until("document.getElementById('open-nothing').checkVisibility()").await;
    to_the_app().await;
    phone.click("#other-phone").await;
    is_back().await;
    phone.until("document.querySelector('#qr svg').checkVisibility()").await;
    assert_eq!(led().await.matches("kayle-id://").count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_typed_on_a_phone_leads_to_the_app() {
    let Some(scene) = Scene::new().await else { return };
    let visit = scene.offered().await;
    visit.scan().await;
    visit.tab.click("#cannot-scan > summary").await;
    let text = visit.tab.text().await;
    assert!(text.contains(&format!("{}/code", scene.server.url())), "{text}");
    visit.tab.click("#show-user-code").await;
    let shown = "document.getElementById('user-code').textContent";
    visit
        .tab
        .until(&format!(
            "/^[BCDFGHJKLMNPQRSTVWXZ]{{4}}-[BCDFGHJKLMNPQRSTVWXZ]{{4}}$/.test({shown})"
        ))
        .await;
    let code = visit.tab.read(shown).await;
    assert_eq!(
        visit.tab.evaluate("document.activeElement.id").await,
        "user-code",
        "the focus is kept"
    );

    let phone = scene.chromium.window(Screen::PHONE).await;
    phone.open(&format!("{}/code", scene.server.url())).await;
    let field = "form[action*='/code'] input:not([type=hidden])";
    phone.click(field).await;
    let wrong = if code.starts_with('B') { "CCCC-CCCC" } else { "BBBB-BBBB" };
    phone.type_text(wrong).await;
    phone.press("Enter").await;
    phone.until("document.body.innerText.includes('This code is not known')").await;
    phone.evaluate(&format!("document.querySelector({field:?}).value = ''")).await;
    phone.click(field).await;
    // As people type.
    phone.type_text(&code.to_lowercase().replace('-', " ")).await;
    phone.press("Enter").await;
    phone.until("document.querySelector('a[href^=\"kayle-id:\"]')").await;
    let link = phone.read("document.querySelector('a[href^=\"kayle-id:\"]').href").await;
    let link = HandoffLink::parse(&link).unwrap();
    assert_eq!(link.flow(), Some(Flow::CrossDevice), "the page and the phone are two devices");
    assert_eq!(phone.read("document.cookie").await, "");
    let mut socket = PhoneSocket::connect(&scene.server, &visit.session).await;
    let handoff = testkit::Handoff::of(&link);
    socket.welcome(handoff.confirming_hello("phone", "cross_device"), None).await;
    visit.tab.until_screen("match").await;

    // The code has died with the token.
    let late = scene.chromium.window(Screen::PHONE).await;
    late.open(&format!("{}/code", scene.server.url())).await;
    late.click(field).await;
    late.type_text(&code).await;
    late.press("Enter").await;
    late.until("document.body.innerText.includes('This code is not known')").await;
}
