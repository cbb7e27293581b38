//! What a page costs to load, and what it tells to whom.

use protocol::HandoffLink;
use testkit::{PhoneSocket, Screen, Visit};

use super::Scene;

/// What the first load may take, in bytes on the network.
const BUDGET: u64 = 60_000;
/// And what that and the code, which comes after the consent, may take, without the news.
const WITH_THE_CODE: u64 = 70_000;

#[tokio::test(flavor = "multi_thread")]
async fn the_first_load_is_light() {
    let Some(scene) = Scene::new().await else { return };
    for language in ["en", "uk"] {
        let screen = Screen::DESKTOP.reading(language);
        let tab = scene.chromium.window(screen).await;
        // A first event that is late would have the page ask for the same by another way.
        tab.stop_time().await;
        let visit = Visit::in_tab(tab, &scene.session().await).await;
        visit.tab.until_screen("consent").await;
        visit.tab.until("performance.getEntriesByType('resource').some((entry) => entry.name.endsWith('/open'))").await;
        let consent: u64 = visit.tab.traffic().iter().map(|loaded| loaded.bytes).sum();
        assert!(consent > 10_000 && consent < BUDGET, "{language}: {consent} bytes");
        // And with the code, which is not there yet at first.
        visit.agree().await;
        visit.scan().await;
        // How much of the news has come by now, which say the same again, is a matter of chance.
        let mut traffic = visit.tab.traffic();
        traffic.retain(|loaded| !loaded.url.contains("/events"));
        let whole: u64 = traffic.iter().map(|loaded| loaded.bytes).sum();
        println!("{language}: {consent} bytes for the consent, {whole} with the code");
        assert!(whole < WITH_THE_CODE, "{language}: {whole} bytes: {traffic:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_holds_a_secret_and_nobody_else_is_asked() {
    let Some(scene) = Scene::new().await else { return };
    let session = scene.session().await;
    assert!(session.url().contains(&session.cancel_token));
    let visit = Visit::agreed(&scene.chromium, Screen::DESKTOP, &session).await;
    let link = visit.scan().await;
    visit.tab.click("#cannot-scan > summary").await;
    let mut phone =
        PhoneSocket::claimed(&scene.server, &testkit::Handoff::of(&link), "phone").await;
    scene.fail(&mut phone).await;
    visit.tab.until_screen("retry").await;
    visit.cancel().await;
    visit.tab.until_screen("cancelled").await;

    let traffic = visit.tab.traffic();
    assert!(traffic.len() > 5, "{traffic:?}");
    let secrets = [session.cancel_token.as_str(), link.mobile_write_token().expose()];
    for loaded in &traffic {
        assert!(loaded.url.starts_with(&scene.server.url()), "a third party: {}", loaded.url);
        assert_eq!(loaded.referrer, None, "{}", loaded.url);
        // A fragment goes to nobody; the first one is the link that the business gave.
        for secret in secrets {
            assert!(!loaded.url.contains(secret), "{}", loaded.url);
        }
    }
    let now = visit.tab.read("location.href").await;
    let history = visit.tab.history().await;
    for address in history.iter().chain([&now]) {
        assert!(!secrets.iter().any(|secret| address.contains(secret)), "{address}");
        assert!(HandoffLink::parse(address).is_err(), "{address}");
    }
    assert!(!visit.tab.html().await.contains(&session.cancel_token));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cancel_token_leaves_the_address_at_once() {
    let Some(scene) = Scene::new().await else { return };
    let session = scene.session().await;
    let visit = Visit::open(&scene.chromium, Screen::DESKTOP, &session).await;
    visit.tab.until_screen("consent").await;
    assert_eq!(visit.tab.read("location.hash").await, "");
    assert!(!visit.tab.history().await.iter().any(|url| url.contains(&session.cancel_token)));
    visit.tab.reload().await;
    visit.decline().await;
    visit.tab.until_screen("declined").await;
}
