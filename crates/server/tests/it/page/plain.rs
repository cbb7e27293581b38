//! The page in a browser without scripts: forms, links and reloads.

use protocol::{Flow, HandoffLink};
use testkit::{PhoneSocket, Screen, Tab, Visit, ack, read_qr_codes};

use super::Scene;

impl Scene {
    async fn without_scripts(&self, screen: Screen) -> Visit {
        let session = self.session().await;
        let tab = self.chromium.window(screen).await;
        tab.scripts(false).await;
        tab.open(session.url()).await;
        tab.until("location.search.includes('plain=1') && document.readyState === 'complete'")
            .await;
        assert_eq!(tab.evaluate("document.scripts.length").await, 0);
        Visit { tab, session: session.id }
    }
}

/// Looks for news, as the page does every few seconds.
async fn look(tab: &Tab, screen: &str) {
    tab.reload().await;
    assert_eq!(tab.read("document.body.dataset.screen").await, screen);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_the_whole_way_is_there() {
    let Some(scene) = Scene::new().await else { return };
    let visit = scene.without_scripts(Screen::DESKTOP).await;
    visit.agree().await;
    let tab = &visit.tab;
    let codes = read_qr_codes(&tab.screenshot_of("#qr").await);
    let [scanned] = &codes[..] else { panic!("one code is drawn, {} are read", codes.len()) };
    let link = HandoffLink::parse(scanned).unwrap();
    assert_eq!(link.flow(), Some(Flow::CrossDevice));
    let refresh = "document.querySelector('meta[http-equiv=refresh]')?.content ?? ''";
    let news = format!("30;url=/{}?lang=en&plain=1", visit.session);
    assert_eq!(tab.read(refresh).await, news);
    look(tab, "offer").await;

    let mut phone = PhoneSocket::connect(&scene.server, &visit.session).await;
    let handoff = testkit::Handoff::of(&link);
    phone.welcome(handoff.confirming_hello("phone", "cross_device"), None).await;
    look(tab, "match").await;
    let shown = scene.server.match_code(&visit.session).await.unwrap();
    assert_eq!(tab.read("document.querySelector('main .number').innerText").await, shown);
    assert_eq!(phone.choose(&shown).await, ack("match_ok"));
    scene.succeed(&visit.session, &mut phone).await;
    look(tab, "success").await;
    assert_eq!(tab.read(refresh).await, "", "nothing can follow");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_one_can_decline_and_cancel() {
    let Some(scene) = Scene::new().await else { return };
    let visit = scene.without_scripts(Screen::DESKTOP).await;
    visit.decline().await;
    visit.tab.until_screen("declined").await;
    let visit = scene.without_scripts(Screen::PHONE).await;
    visit.agree().await;
    let button = visit.tab.read("document.getElementById('open-app').href").await;
    assert_eq!(HandoffLink::parse(&button).unwrap().flow(), Some(Flow::SameDevice));
    visit.cancel().await;
    visit.tab.until_screen("cancelled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_a_code_to_type_is_shown() {
    let Some(scene) = Scene::new().await else { return };
    let visit = scene.without_scripts(Screen::DESKTOP).await;
    visit.agree().await;
    visit.tab.click("form[action$='/code'] button").await;
    visit
        .tab
        .until("/^[A-Z]{4}-[A-Z]{4}$/.test(document.getElementById('user-code').textContent)")
        .await;
}
