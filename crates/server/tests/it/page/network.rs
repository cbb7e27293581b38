//! Networks that go and come, pages that are loaded again.

use std::time::Duration;

use testkit::{PhoneSocket, ack};

use super::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_offline_catches_up() {
    let Some(scene) = Scene::new().await else { return };
    let visit = scene.offered_in_time().await;
    let handoff = visit.handoff().await;
    visit.tab.offline(true).await;
    // Another network takes the old one's connections with it, and this one leads nowhere.
    visit.tab.evaluate("dispatchEvent(new Event('online'))").await;
    let said = "document.getElementById('connection').innerText";
    visit.tab.pass(5000).await;
    visit.tab.until(&format!("{said}.includes('No connection')")).await;
    let _phone = PhoneSocket::claimed(&scene.server, &handoff, "phone").await;
    assert_eq!(visit.tab.read("document.body.dataset.screen").await, "offer");
    visit.tab.offline(false).await;
    visit.tab.pass(5000).await;
    visit.tab.until_screen("connected").await;
    visit.tab.until(&format!("{said}.includes('Connected again')")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_loaded_again_is_where_it_was() {
    let Some(scene) = Scene::new().await else { return };
    let visit = scene.offered().await;
    let code = visit.scan_text().await;
    visit.tab.reload().await;
    visit.tab.until_screen("offer").await;
    assert_eq!(visit.scan_text().await, code);
    let (visit, mut phone) = scene.matching().await;
    let shown = scene.server.match_code(&visit.session).await.unwrap();
    visit.tab.reload().await;
    visit.tab.until_screen("match").await;
    assert_eq!(visit.tab.read("document.querySelector('main .number').innerText").await, shown);
    assert_eq!(phone.choose(&shown).await, ack("match_ok"));
    visit.tab.until_screen("connected").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_back_button_leads_to_a_page_that_lives() {
    let Some(scene) = Scene::new().await else { return };
    let visit = scene.offered().await;
    let handoff = visit.handoff().await;
    visit.tab.evaluate("location.href = '/data'").await;
    visit.tab.until("location.pathname === '/data' && document.readyState === 'complete'").await;
    let _phone = PhoneSocket::claimed(&scene.server, &handoff, "phone").await;
    visit.tab.back().await;
    visit.tab.until("location.pathname !== '/data'").await;
    visit.tab.until_screen("connected").await;
}

/// From the event to the page there is no wait that could take 250 ms: the server's clock stands
/// still and so do the page's timers. The page is told, it does not ask.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_hears_of_each_step_by_itself() {
    let Some(scene) = Scene::new().await else { return };
    let tab = scene.chromium.window(testkit::Screen::DESKTOP).await;
    tab.stop_time().await;
    let visit = testkit::Visit::in_tab(tab, &scene.session().await).await;
    visit.agree().await;
    let handoff = visit.handoff().await;
    let mut phone = PhoneSocket::connect(&scene.server, &visit.session).await;
    visit.tab.forget_traffic();
    phone.welcome(handoff.confirming_hello("phone", "cross_device"), None).await;
    visit.tab.until_screen("match").await;
    let code = scene.server.match_code(&visit.session).await.unwrap();
    assert_eq!(phone.choose(&code).await, ack("match_ok"));
    for (phase, screen) in [("mobile_connected", "connected"), ("mrz_scanning", "reading")] {
        assert_eq!(phone.phase(phase).await, ack("phase_ok"));
        visit.tab.until_screen(screen).await;
    }
    let asked: Vec<_> = visit.tab.traffic().into_iter().map(|loaded| loaded.url).collect();
    assert!(asked.iter().all(|url| !url.contains("/live")), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_events_do_not_come_through_the_page_asks() {
    let Some(scene) = Scene::new().await else { return };
    let tab = scene.chromium.window(testkit::Screen::DESKTOP).await;
    tab.take_time().await;
    tab.before_scripts("delete window.EventSource").await;
    let visit = testkit::Visit::in_tab(tab, &scene.session().await).await;
    visit.agree().await;
    let mut phone = PhoneSocket::claimed(&scene.server, &visit.handoff().await, "phone").await;
    visit.tab.until_screen("connected").await;
    phone.phase("mobile_connected").await;
    phone.phase("mrz_scanning").await;
    visit.tab.until_screen("reading").await;
    // What is held back is let go in the end, and asked again.
    scene.server.clock.advance(Duration::from_secs(30));
    phone.phase("mrz_complete").await;
    visit
        .tab
        .until("document.querySelector('main').innerText.includes('Hold the phone still')")
        .await;
}
