//! A page that is opened, and a server that does not say whose it is.

use testkit::{Screen, Tab, Visit};

use super::Scene;

impl Scene {
    /// A person who agrees in this tab, and waits for what the page waits for.
    async fn agrees_in_the_end(&self, tab: Tab) {
        tab.take_time().await;
        tab.before_scripts("testTime.hold()").await;
        let visit = Visit::in_tab(tab, &self.session().await).await;
        for screen in ["consent", "offer"] {
            visit.tab.until_screen(screen).await;
            visit.tab.until("onsubmit !== null").await;
            if screen == "consent" {
                visit.tab.click("form[action*='/consent'] button").await;
            }
            // The document may be another one before all of it has passed.
            visit.tab.evaluate("void testTime.pass(8000)").await;
        }
        visit.scan().await;
    }
}

/// A phone's system may have put the other tab to sleep.
#[tokio::test(flavor = "multi_thread")]
async fn a_tab_that_sleeps_while_it_opens_holds_no_other_one_up() {
    let Some(scene) = Scene::new().await else { return };
    let asleep = scene.chromium.window(Screen::DESKTOP).await;
    asleep.open(&format!("{}/data", scene.server.url())).await;
    let holds = "new Promise((held) => navigator.locks.request('kayle-open', () => { held(true); return new Promise(() => {}); }))";
    assert_eq!(asleep.evaluate(holds).await, true);
    scene.agrees_in_the_end(asleep.beside(Screen::DESKTOP).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_can_agree_while_no_answer_comes_to_the_script() {
    let Some(scene) = Scene::new().await else { return };
    let tab = scene.chromium.window(Screen::DESKTOP).await;
    tab.stall("*/open").await;
    scene.agrees_in_the_end(tab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_that_comes_before_the_page_is_opened_counts() {
    let Some(scene) = Scene::new().await else { return };
    let tab = scene.chromium.window(Screen::TABLET).await;
    tab.take_time().await;
    tab.before_scripts("testTime.hold()").await;
    let visit = Visit::in_tab(tab, &scene.session().await).await;
    visit.agree().await;
    visit.tab.stall("*/open").await;
    visit.tab.reload().await;
    visit.tab.until_screen("offer").await;
    visit.tab.click("#device-question [data-choose=desktop]").await;
    visit.tab.pass(8000).await;
    visit.scan().await;
}

/// Without TLS browsers do not say in `Sec-Fetch-Site` that our script asks, and its origin is not the
/// one that the server has been told is its own. It cannot be served there, and does not give up.
#[tokio::test(flavor = "multi_thread")]
async fn under_an_address_that_is_not_the_servers_own_the_page_stays() {
    let Some(scene) = Scene::new().await else { return };
    let session = scene.session().await;
    let tab = scene.chromium.window(Screen::DESKTOP).await;
    let page = session.url().replace("127.0.0.1", "phone.test");
    tab.before_scripts("sessionStorage.loads = Number(sessionStorage.loads ?? 0) + 1").await;
    // Pages without scripts come with their cookie.
    tab.open(&page.replace('#', "?plain=1#")).await;
    tab.until_screen("consent").await;
    tab.open(&page).await;
    tab.until("onsubmit === null && performance.getEntriesByType('resource').some((entry) => entry.name.endsWith('/open'))").await;
    tab.click("form[action*='/consent'] button").await;
    tab.until_screen("offer").await;
    tab.until("document.getElementById('qr-failed').checkVisibility()").await;
    assert_eq!(tab.read("sessionStorage.loads").await, "3", "none was loaded again");
}
