//! A server that gives no code for now.

use std::time::Duration;

use testkit::{PageBrowser, Screen, Visit};

use super::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_code_is_told_that_there_is_none() {
    let Some(scene) = Scene::new().await else { return };
    let session = scene.session().await;
    // Somebody at the same address uses up what it has.
    let greedy = PageBrowser::new(&scene.server);
    while greedy.mint_at_api(&session.id).await.0 != 429 {}
    // The page would ask again by itself.
    let tab = scene.chromium.window(Screen::DESKTOP).await;
    tab.stop_time().await;
    let visit = Visit::in_tab(tab, &session).await;
    visit.agree().await;
    visit.tab.until("document.getElementById('qr-failed').checkVisibility()").await;
    let waiting = "document.getElementById('qr-waiting').checkVisibility()";
    assert_eq!(visit.tab.evaluate(waiting).await, false);
    let said = visit.tab.read("document.getElementById('announcement').textContent").await;
    assert!(said.contains("could not get a code"), "{said}");

    scene.server.clock.advance(Duration::from_secs(60));
    visit.tab.click("#qr-again").await;
    visit.scan().await;
    let failed = "document.getElementById('qr-failed').checkVisibility()";
    assert_eq!(visit.tab.evaluate(failed).await, false);
}
