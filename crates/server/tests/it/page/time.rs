//! The time of a session: announced before it ends, and extended on request.

use std::time::Duration;

use testkit::{Screen, Visit};

use super::Scene;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn who_needs_more_time_is_asked_and_gets_it() {
    let Some(scene) = Scene::new().await else { return };
    let session = scene.session().await;
    let tab = scene.chromium.window(Screen::DESKTOP).await;
    tab.stop_time().await;
    let visit = Visit::in_tab(tab, &session).await;
    let warning = "document.getElementById('time').checkVisibility()";
    assert_eq!(visit.tab.evaluate(warning).await, false);
    // The page counts by itself, and the server's time follows below.
    for _ in 0..56 {
        visit.tab.pass(60_000).await;
    }
    visit.tab.until(warning).await;
    let said = visit.tab.read("document.getElementById('announcement').textContent").await;
    assert!(said.contains("This verification ends in about"), "{said}");

    let about = |minutes: &str| {
        let place = "document.getElementById('announcement').textContent";
        format!("{place}.replace(/[\\u2068\\u2069]/g, '').includes('ends in about {minutes}.')")
    };
    assert_eq!(visit.tab.evaluate(&about("5 minutes")).await, true);
    for (more, minutes) in [(130_000, "2 minutes"), (60_000, "1 minute")] {
        visit.tab.pass(more).await;
        visit.tab.until(&about(minutes)).await;
    }
    scene.server.clock.advance(59 * MINUTE);

    visit.tab.click("#time form button").await;
    visit.tab.until(&format!("document.readyState === 'complete' && !{warning}")).await;
    let connection = "document.getElementById('connection').innerText";
    visit.tab.pass(2000).await;
    visit.tab.until(&format!("{connection} === 'You have more time now.'")).await;
    visit.tab.reload().await;
    visit.tab.pass(2000).await;
    assert_eq!(visit.tab.read(connection).await, "", "it is said once");
    // The end that was is no end any more.
    scene.server.clock.advance(10 * MINUTE);
    assert_eq!(scene.status(&visit).await, "created");
    visit.agree().await;
    visit.scan().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn that_more_time_was_had_is_said_by_the_page_that_comes_though_the_old_one_heard_first() {
    let Some(scene) = Scene::new().await else { return };
    let session = scene.session().await;
    let visit = Visit::open(&scene.chromium, Screen::DESKTOP, &session).await;
    scene.server.clock.advance(56 * MINUTE);
    visit.tab.reload().await;
    // The form is sent, and its answer stays away.
    let held = "document.querySelector('#time form').addEventListener('submit', (event) => event.preventDefault())";
    visit.tab.evaluate(held).await;
    visit.tab.click("#time form button").await;
    let sent = format!("fetch('/{}/extend', {{ method: 'POST' }})", visit.session);
    visit.tab.evaluate(&format!("{sent}.then(() => null)")).await;
    visit.tab.until("document.body.dataset.sessionRemainingMs > 3000000").await;
    visit.tab.reload().await;
    visit
        .tab
        .until("document.getElementById('connection').innerText === 'You have more time now.'")
        .await;
    assert_eq!(visit.tab.read("document.activeElement.localName").await, "h1");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_more_time_can_be_had_too() {
    let Some(scene) = Scene::new().await else { return };
    let session = scene.session().await;
    let tab = scene.chromium.window(Screen::DESKTOP).await;
    tab.scripts(false).await;
    let visit = Visit::in_tab(tab, &session).await;
    visit.tab.until("location.search.includes('plain=1')").await;
    scene.server.clock.advance(56 * MINUTE);
    visit.tab.reload().await;
    visit.tab.click("#time form button").await;
    visit.tab.until("document.body.dataset.sessionRemainingMs > 3000000").await;
    scene.server.clock.advance(10 * MINUTE);
    assert_eq!(scene.status(&visit).await, "created");
}
