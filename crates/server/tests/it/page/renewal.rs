//! The code on the page, while time goes by.

use std::time::Duration;

use domain::time::Timestamp;
use server::clock::Clock as _;
use testkit::{PhoneSocket, Visit};

use super::Scene;

const STEP: Duration = Duration::from_secs(5);

impl Scene {
    /// Time goes by for the server and for the page.
    async fn wait(&self, visit: &Visit, span: Duration) {
        self.server.clock.advance(span);
        visit.tab.pass(u64::try_from(span.as_millis()).unwrap()).await;
    }

    /// The code that is shown now, if one is. It must be good.
    async fn living_code(&self, visit: &Visit) -> Option<String> {
        let drawn = "document.querySelector('#qr svg')?.checkVisibility() ?? false";
        if visit.tab.evaluate(drawn).await != true {
            return None;
        }
        let link = visit.scan().await;
        let ends = Timestamp(link.expires_at().as_millisecond());
        assert!(ends > self.server.clock.now(), "a dead code is shown");
        Some(link.mobile_write_token().expose().to_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_renewed_before_it_dies() {
    let Some(scene) = Scene::new().await else { return };
    let visit = scene.offered_in_time().await;
    let first = visit.scan().await;
    let mut seen = vec![first.mobile_write_token().expose().to_owned()];
    for _ in 0..2 * 5 * 60 / STEP.as_secs() {
        scene.wait(&visit, STEP).await;
        let code = scene.living_code(&visit).await.expect("a code is always there");
        if seen.last() != Some(&code) {
            seen.push(code);
        }
    }
    assert!(seen.len() >= 3, "ten minutes take more than two codes");
    PhoneSocket::claimed(&scene.server, &visit.handoff().await, "phone").await;
    visit.tab.until_screen("connected").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_cannot_be_renewed_is_taken_away_before_it_dies() {
    let Some(scene) = Scene::new().await else { return };
    let visit = scene.offered_in_time().await;
    visit.scan().await;
    visit.tab.offline(true).await;
    for _ in 0..5 * 60 / STEP.as_secs() + 1 {
        scene.wait(&visit, STEP).await;
        scene.living_code(&visit).await;
    }
    assert_eq!(scene.living_code(&visit).await, None);
    visit.tab.offline(false).await;
    scene.wait(&visit, 2 * STEP).await;
    assert!(
        visit.scan().await.expires_at().as_millisecond() > scene.server.clock.now().as_millis()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_sleep_no_dead_code_is_shown() {
    let Some(scene) = Scene::new().await else { return };
    let visit = scene.offered_in_time().await;
    let before = visit.scan_text().await;
    let nap = Duration::from_secs(10 * 60);
    scene.server.clock.advance(nap);
    // In the very moment of waking.
    let gone = format!(
        "(testTime.sleep({}), document.querySelector('#qr svg') === null && !document.getElementById('open-app').hasAttribute('href'))",
        nap.as_millis()
    );
    assert_eq!(visit.tab.evaluate(&gone).await, true);
    assert_ne!(visit.scan_text().await, before);
    assert!(scene.living_code(&visit).await.is_some());
}
