//! From the page to the phone.

use std::io::Write as _;
use std::process::{Command, Stdio};

use domain::policy::{Policy, UserCodePolicy};
use phone::Outcome;
use protocol::{Flow, HandoffLink};
use testkit::{Screen, Visit, read_qr_codes, skipped};

use super::{Client, Scene};

/// What zbar reads in a picture; `None`, with a line that says so, where it is not installed.
fn read_with_zbar(png: &[u8]) -> Option<String> {
    let mut command = Command::new("zbarimg");
    command.args(["--quiet", "--raw", "-Sbinary", "-Sdisable", "-Sqrcode.enable", "-"]);
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let Ok(mut zbar) = pipes else {
        skipped("no zbarimg on this machine");
        return None;
    };
    zbar.stdin.take().unwrap().write_all(png).unwrap();
    let output = zbar.wait_with_output().unwrap();
    Some(String::from_utf8(output.stdout).unwrap().trim_end().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_the_page_leads_a_phone_through_to_the_end() {
    let Some(scene) = Scene::new().await else { return };
    let session = scene.session().await;
    let page = Visit::open(&scene.chromium, Screen::DESKTOP, &session).await;
    page.tab.until_screen("consent").await;
    let text = page.tab.text().await;
    for said in
        ["Example Bank asks you to verify yourself", "why family_name", "Required", "Optional"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!page.tab.html().await.contains(&session.cancel_token), "the cancel token stays away");
    page.agree().await;

    // Read off the screen, as a camera does.
    let scanned = page.scan_text().await;
    let picture = page.tab.screenshot().await;
    if let Some(read) = read_with_zbar(&picture) {
        assert_eq!(read, scanned, "two readers read the same");
    }
    let dark = Screen::DESKTOP.dark();
    page.tab.size(dark).await;
    assert_eq!(
        read_qr_codes(&page.tab.screenshot().await),
        std::slice::from_ref(&scanned),
        "also in the dark"
    );
    let side = page.tab.evaluate("document.querySelector('#qr svg').getBoundingClientRect().width");
    assert!(side.await.as_f64().unwrap() >= 240.0);
    let path = format!("{}/open/{}#handoff=", scene.server.url(), session.id);
    assert!(scanned.starts_with(&path), "{scanned}");
    let link = HandoffLink::parse(&scanned).unwrap();
    assert_eq!(link.flow(), Some(Flow::CrossDevice));
    assert_eq!(link.api().unwrap().as_str(), format!("{}/", scene.server.url()));

    let phone = Client::start(link, &scene.passport);
    page.tab.until_screen("match").await;
    assert_eq!(
        page.tab.evaluate("!!document.querySelector('#qr')").await,
        false,
        "no code is left"
    );
    let (phone, context) = phone.question().await;
    assert_eq!(context.organization_name, "Example Bank");
    let shown = scene.server.match_code(&session.id).await.unwrap();
    assert!(context.choices.contains(&shown), "{shown}");
    let number = page.tab.read("document.querySelector('main .number').innerText").await;
    assert_eq!(number, shown, "the page shows the number");

    let outcome = phone.finish(&shown).await;
    assert!(matches!(outcome, Outcome::Shared { .. }), "{outcome:?}");
    page.tab.until_screen("success").await;
    // The foot of the page names a port, which may hold the same digits.
    let said = page.tab.read("document.querySelector('main').innerText").await;
    assert!(said.contains("You are verified") && !said.contains(&shown), "{said}");
    assert_eq!(page.tab.evaluate("document.title").await, "Done");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_phone_itself_one_button_leads_to_the_app() {
    let Some(scene) = Scene::new().await else { return };
    let session = scene.session().await;
    let page = Visit::agreed(&scene.chromium, Screen::PHONE, &session).await;
    let link = page.button().await;
    assert_eq!(link.flow(), Some(Flow::SameDevice));
    for (id, shown) in [("on-this-device", true), ("scan", false), ("open-nothing", false)] {
        let seen = format!("document.getElementById('{id}').checkVisibility()");
        assert_eq!(page.tab.evaluate(&seen).await, shown, "{id}");
    }
    let outcome = Client::start(link, &scene.passport).finish("").await;
    assert!(matches!(outcome, Outcome::Shared { .. }), "{outcome:?}");
    page.tab.until_screen("success").await;
}

/// No app took the link: the page is still there a moment later, and says what can be done.
#[tokio::test(flavor = "multi_thread")]
async fn when_no_app_opens_the_page_says_so() {
    let Some(scene) = Scene::new().await else { return };
    let page = Visit::agreed(&scene.chromium, Screen::PHONE, &scene.session().await).await;
    page.button().await;
    // A phone without the app opens the link as a page; here the person stays, as with a scheme
    // that nothing claims.
    page.tab
        .evaluate("document.getElementById('open-app').addEventListener('click', (event) => event.preventDefault())")
        .await;
    page.tab.click("#open-app").await;
    page.tab.until("document.getElementById('open-nothing').checkVisibility()").await;
    let scheme = page.tab.read("document.getElementById('open-scheme').href").await;
    assert_eq!(HandoffLink::parse(&scheme).unwrap().flow(), Some(Flow::SameDevice));
    assert!(scheme.starts_with("kayle-id://"), "{scheme}");
    page.tab.click("[data-choose=desktop]:not(#device-question *)").await;
    assert_eq!(page.scan().await.flow(), Some(Flow::CrossDevice), "another phone can scan");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tablet_is_asked() {
    let Some(scene) = Scene::new().await else { return };
    let page = Visit::agreed(&scene.chromium, Screen::TABLET, &scene.session().await).await;
    page.tab.until("document.getElementById('device-question').checkVisibility()").await;
    let shown = "['on-this-device', 'scan'].filter((id) => document.getElementById(id).checkVisibility()).join()";
    assert_eq!(page.tab.evaluate(shown).await, "", "nothing is guessed");
    page.tab.click("#device-question [data-choose=desktop]").await;
    page.scan().await;
    assert_eq!(page.tab.evaluate(shown).await, "scan");

    // An iPad says that it is a Mac.
    let mac = Screen {
        user_agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
        ..Screen::TABLET
    };
    let tab = scene.chromium.window(mac).await;
    tab.before_scripts("Object.defineProperty(navigator, 'platform', { get: () => 'MacIntel' })")
        .await;
    let page = Visit::in_tab(tab, &scene.session().await).await;
    page.agree().await;
    page.tab.until("document.getElementById('device-question').checkVisibility()").await;
    page.tab.click("#device-question [data-choose=phone]").await;
    assert_eq!(page.tab.evaluate(shown).await, "on-this-device");
    assert_eq!(page.button().await.flow(), Some(Flow::SameDevice));
}

/// Where no code can be typed there is nothing else to carry.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_a_browser_does_not_copy_can_be_copied_by_hand() {
    let Some(scene) = Scene::new().await else { return };
    let policy = Policy { user_code: UserCodePolicy::Off, ..Policy::default() };
    let session = scene.server.relying_party_under(policy).await.session(&[]).await;
    let tab = scene.chromium.window(Screen::DESKTOP).await;
    tab.take_time().await;
    let denied = "{ get: () => ({ writeText: () => Promise.reject(new Error()) }) }";
    tab.before_scripts(&format!("Object.defineProperty(navigator, 'clipboard', {denied})")).await;
    let page = Visit::in_tab(tab, &session).await;
    page.agree().await;
    let scanned = page.scan_text().await;
    let shown = "document.getElementById('link').checkVisibility()";
    assert_eq!(page.tab.evaluate(shown).await, false);
    page.tab.click("#copy").await;
    page.tab.until("document.activeElement.id === 'link' && document.activeElement.value").await;
    let selected = "(({ value, selectionStart, selectionEnd }) => value.slice(selectionStart, selectionEnd))(document.activeElement)";
    assert_eq!(page.tab.read(selected).await, scanned);
    let said = page.tab.read("document.getElementById('copied').innerText").await;
    assert!(said.contains("Copy the link") && !said.contains("type"), "{said}");
    // It goes before it is dead, and nobody is left without a place.
    page.tab.offline(true).await;
    for _ in 0..5 {
        page.tab.pass(60_000).await;
    }
    page.tab.until("document.activeElement.id === 'copy'").await;
    assert_eq!(page.tab.evaluate(shown).await, false);
    assert_eq!(page.tab.read("document.getElementById('link').value").await, "");
    page.tab.click("#copy").await;
    page.tab.until("document.getElementById('copied').innerText !== ''").await;
}
