//! For everyone: without a mouse, without sight, without much of a screen, in other scripts.

use serde_json::json;
use testkit::{Axe, Chromium, Created, Gallery, PhoneSocket, Screen, Tab, TestServer, Visit};

use super::Scene;

/// Goes through every screen as this person sees it, and collects what is wrong with any.
async fn judge(screen: Screen, narrow: bool) {
    let Some(chromium) = Chromium::start().await else { return };
    let Some(axe) = Axe::find() else { return };
    let gallery = Gallery::new(&chromium, screen).await;
    let mut wrong = Vec::new();
    let mut seen = Vec::new();
    gallery
        .show_all(async |name: &str, tab: &Tab| {
            seen.push(name.to_owned());
            for (colours, screen) in [("light", screen), ("dark", screen.dark())] {
                tab.size(screen).await;
                for violation in axe.violations(tab).await {
                    // Without scripts there is no other way to follow a session.
                    if name.starts_with("plain-") && violation.starts_with("meta-refresh: ") {
                        continue;
                    }
                    wrong.push(format!("{name}, {colours}: {violation}"));
                }
            }
            if narrow {
                for (what, screen) in [("320 px", Screen::NARROW), ("400 %", Screen::ZOOMED)] {
                    tab.size(screen).await;
                    for element in beyond_the_edge(tab).await {
                        wrong.push(format!("{name}, {what}: {element} is wider than the window"));
                    }
                }
            }
            for nameless in nameless(tab).await {
                wrong.push(format!("{name}: a {nameless} has no name"));
            }
            tab.size(screen).await;
        })
        .await;
    assert!(seen.len() >= 25, "{seen:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What makes a page scroll sideways.
async fn beyond_the_edge(tab: &Tab) -> Vec<String> {
    let found = tab
        .evaluate("document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('body *')].filter((element) => { const box = element.getBoundingClientRect(); return box.width && (box.right > innerWidth + 1 || box.left < -1); }).map((element) => `${element.tagName}#${element.id}.${element.className}`).concat('page')")
        .await;
    let found = found.as_array().cloned().unwrap_or_default();
    found.iter().filter_map(|element| element.as_str().map(str::to_owned)).collect()
}

/// The controls that a screen reader can say nothing of.
async fn nameless(tab: &Tab) -> Vec<String> {
    let controls = ["button", "link", "textbox", "combobox", "heading", "img", "progressbar"];
    let nodes = tab.accessibility().await;
    let nameless =
        nodes.into_iter().filter(|node| controls.contains(&&*node.role) && node.name.is_empty());
    nameless.map(|node| node.role).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_screen_is_for_everyone_at_a_computer() {
    judge(Screen::DESKTOP, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_screen_is_for_everyone_on_a_phone() {
    judge(Screen::PHONE, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_screen_is_for_everyone_from_right_to_left() {
    judge(Screen::PHONE.reading("ar"), true).await;
}

/// Names may have 120 letters and reasons 200, none of them a space.
#[tokio::test(flavor = "multi_thread")]
async fn the_longest_words_stay_in_a_narrow_window() {
    let Some(chromium) = Chromium::start().await else { return };
    let server = TestServer::start().await;
    let rp = server.relying_party_named(&"W".repeat(120)).await;
    let reason = "W".repeat(200);
    let session = async || {
        let fields = json!({
            "family_name": { "required": true, "reason": reason },
            "nationality_code": { "required": false, "reason": reason },
        });
        let (status, body) = rp.post("/v1/sessions", json!({ "share_fields": fields })).await;
        assert_eq!(status, 201, "{body}");
        Created::of(body)
    };
    let fits = async |tab: &Tab, screen: &str| {
        tab.until_screen(screen).await;
        for narrow in [Screen::NARROW, Screen::ZOOMED] {
            tab.size(narrow).await;
            tab.evaluate(
                "document.querySelectorAll('details').forEach((it) => { it.open = true; })",
            )
            .await;
            assert_eq!(beyond_the_edge(tab).await, [""; 0], "{screen}");
        }
    };
    let visit = Visit::open(&chromium, Screen::DESKTOP, &session().await).await;
    fits(&visit.tab, "consent").await;
    visit.tab.size(Screen::DESKTOP).await;
    visit.decline().await;
    fits(&visit.tab, "declined").await;

    let visit = Visit::agreed(&chromium, Screen::DESKTOP, &session().await).await;
    let handoff = visit.handoff().await;
    fits(&visit.tab, "offer").await;
    let mut phone = PhoneSocket::connect(&server, &visit.session).await;
    phone.welcome(handoff.confirming_hello("phone", "cross_device"), None).await;
    fits(&visit.tab, "match").await;
}

/// What the page says beside its card is as wide as the card, and in line with it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_of_the_connection_stands_in_the_column() {
    let Some(scene) = Scene::new().await else { return };
    let visit = scene.offered().await;
    visit.tab.offline(true).await;
    visit.tab.until("document.getElementById('connection').innerText.trim() !== ''").await;
    let left =
        |element: &str| format!("document.querySelector('{element}').getBoundingClientRect().left");
    let [card, said] =
        [visit.tab.evaluate(&left("main")).await, visit.tab.evaluate(&left("#connection")).await];
    assert!(card.as_f64().unwrap() > 100.0, "{card}");
    assert_eq!(card, said);
}

#[tokio::test(flavor = "multi_thread")]
async fn arabic_runs_from_right_to_left_and_stays_arabic() {
    let Some(scene) = Scene::new().await else { return };
    let arabic = Screen::DESKTOP.reading("ar");
    let visit = Visit::open(&scene.chromium, arabic, &scene.session().await).await;
    let way = "getComputedStyle(document.querySelector('main h1')).direction + document.documentElement.lang + document.documentElement.dir";
    assert_eq!(visit.tab.read(way).await, "rtlarrtl");
    visit.agree().await;
    assert_eq!(visit.tab.read(way).await, "rtlarrtl");
    visit.scan().await;
    visit.tab.click("#cannot-scan > summary").await;
    // What is not Arabic keeps its direction.
    let address = "getComputedStyle(document.querySelector('.address bdi')).unicodeBidi";
    assert_eq!(visit.tab.read(address).await, "isolate");
    visit.cancel().await;
    visit.tab.until_screen("cancelled").await;
    assert_eq!(visit.tab.read(way).await, "rtlarrtl", "also what came live");

    // Who chooses a language keeps it.
    let visit = Visit::open(&scene.chromium, Screen::DESKTOP, &scene.session().await).await;
    visit.tab.evaluate("document.getElementById('lang').value = 'ar'").await;
    visit.tab.click("form.language button").await;
    visit.tab.until("document.documentElement.lang === 'ar'").await;
    visit.agree().await;
    assert_eq!(visit.tab.read(way).await, "rtlarrtl");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyboard_is_enough() {
    let Some(scene) = Scene::new().await else { return };
    let visit = Visit::open(&scene.chromium, Screen::DESKTOP, &scene.session().await).await;
    let tab = &visit.tab;
    tab.until_screen("consent").await;
    tab.press("Tab").await;
    let active = "document.activeElement";
    assert_eq!(
        tab.read(&format!("{active}.getAttribute('href')")).await,
        "#main",
        "past what repeats"
    );
    assert_eq!(tab.evaluate(&format!("{active}.getBoundingClientRect().top >= 0")).await, true);
    tab.press("Enter").await;
    tab.tab_to("form[action*='/consent'] button").await;
    let ring = format!("getComputedStyle({active}).outlineStyle");
    assert_ne!(tab.read(&ring).await, "none", "what has the focus is seen");
    tab.press("Enter").await;
    tab.until_screen("offer").await;
    visit.scan().await;
    tab.tab_to("#copy").await;
    tab.press(" ").await;
    tab.until("document.getElementById('copied').textContent !== ''").await;
    tab.tab_to("#cannot-scan > summary").await;
    tab.press("Enter").await;
    tab.tab_to("#cancel > summary").await;
    tab.press_back_tab().await;
    tab.tab_to("#cancel > summary").await;
    tab.press(" ").await;
    tab.tab_to("#cancel form button").await;
    tab.press("Enter").await;
    tab.until_screen("cancelled").await;
}

/// Who is at an element that goes with its screen is not thrown to the top of the page.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_screen_is_announced_and_takes_the_focus_along() {
    let Some(scene) = Scene::new().await else { return };
    let (visit, mut phone) = scene.matching().await;
    let tab = &visit.tab;
    let said = tab.read("document.getElementById('announcement').textContent").await;
    assert!(said.contains("Choose this number"), "{said}");
    tab.tab_to("#cancel > summary").await;
    let code = scene.server.match_code(&visit.session).await.unwrap();
    phone.choose(&code).await;
    tab.until_screen("connected").await;
    tab.until("document.activeElement.tagName === 'H1'").await;
    assert_eq!(tab.read("document.activeElement.innerText").await, "Your phone is connected");
    // Who is elsewhere stays there.
    tab.evaluate("document.getElementById('lang').focus()").await;
    phone.phase("mobile_connected").await;
    phone.phase("mrz_scanning").await;
    tab.until_screen("reading").await;
    assert_eq!(tab.read("document.activeElement.id").await, "lang");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_moves_for_those_who_ask_for_it() {
    let Some(scene) = Scene::new().await else { return };
    let (visit, mut phone) = scene.matched().await;
    visit.tab.size(Screen::DESKTOP.still()).await;
    let moving = "[...document.querySelectorAll('*')].filter((element) => ['', '::before', '::after'].some((part) => { const style = getComputedStyle(element, part || null); return style.animationName !== 'none' && parseFloat(style.animationDuration) > 0.01 || parseFloat(style.transitionDuration) > 0.01; })).map((element) => element.tagName + '.' + element.className).join()";
    for (phase, screen) in [("mobile_connected", "connected"), ("mrz_scanning", "reading")] {
        phone.phase(phase).await;
        visit.tab.until_screen(screen).await;
        assert_eq!(visit.tab.read(moving).await, "", "{screen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_paper_nothing_is_lost_and_no_button_is_printed() {
    let Some(scene) = Scene::new().await else { return };
    let visit = scene.offered().await;
    visit.tab.size(Screen::DESKTOP.dark().printed()).await;
    let buttons = "[...document.querySelectorAll('button, summary')].filter((element) => element.checkVisibility()).length";
    assert_eq!(visit.tab.evaluate(buttons).await, 0);
    let text = visit.tab.text().await;
    assert!(!text.contains("Scan") && text.contains("Example Bank"), "no code is on paper: {text}");
    let colours = "[getComputedStyle(document.querySelector('h1')).color, getComputedStyle(document.body).backgroundColor].join(' ')";
    let colours = visit.tab.read(colours).await;
    assert!(colours.starts_with("rgb(0, 0, 0)"), "black on white: {colours}");
}
