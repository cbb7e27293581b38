//! Every end, from each side that can bring it about.

use std::time::Duration;

use protocol::ClientMessage;
use reqwest::Method;
use testkit::{PhoneSocket, Screen, Visit, ack};

use super::Scene;

/// Waits for an end, whose words are these and which offers nothing any more.
async fn ended(visit: &Visit, screen: &str, words: &[&str]) {
    visit.tab.until_screen(screen).await;
    let text = visit.tab.text().await;
    for said in words {
        assert!(text.contains(said), "{said}: {text}");
    }
    let left = "!!document.querySelector('#qr, #open-app, #user-code, #cancel, main .number')";
    assert_eq!(visit.tab.evaluate(left).await, false, "{screen} offers nothing");
    assert_eq!(visit.tab.evaluate("document.body.dataset.ended").await, "true");
    assert_eq!(visit.tab.evaluate("document.querySelectorAll('h1').length").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_declines_has_shared_nothing() {
    let Some(scene) = Scene::new().await else { return };
    let visit = Visit::open(&scene.chromium, Screen::DESKTOP, &scene.session().await).await;
    visit.decline().await;
    ended(&visit, "declined", &["You declined", "Nothing was shared"]).await;
    assert_eq!(scene.status(&visit).await, "cancelled");
    // The end is on a new page, and is met there as it is where the page stays.
    let focused = "document.activeElement.localName";
    assert_eq!(visit.tab.evaluate(focused).await, "h1");
    let said = "document.getElementById('announcement').textContent";
    visit.tab.until(&format!("{said}.includes('Nothing was shared')")).await;
    visit.tab.reload().await;
    ended(&visit, "declined", &[]).await;
    assert_eq!(visit.tab.evaluate(focused).await, "body", "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_number_ends_it() {
    let Some(scene) = Scene::new().await else { return };
    let (visit, mut phone) = scene.matching().await;
    let shown = scene.server.match_code(&visit.session).await.unwrap();
    phone.choose(if shown == "00" { "01" } else { "00" }).await;
    ended(&visit, "failed", &["another number was chosen"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn this_was_not_me_ends_it() {
    let Some(scene) = Scene::new().await else { return };
    let (visit, mut phone) = scene.matching().await;
    phone.send(&ClientMessage::NotMe).await;
    ended(&visit, "not_me", &["This was not me"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failed_check_the_same_phone_tries_again_and_may_succeed() {
    let Some(scene) = Scene::new().await else { return };
    let (visit, mut phone) = scene.matched().await;
    scene.fail(&mut phone).await;
    visit.tab.until_screen("retry").await;
    let text = visit.tab.text().await;
    for said in [
        "Try again on the same phone",
        "could not prove that the document is genuine",
        "2 more times",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    drop(phone);
    let handoff = scene.rp.handoff(&visit.session).await;
    let mut phone = PhoneSocket::connect(&scene.server, &visit.session).await;
    phone.welcome(handoff.confirming_hello("phone", "cross_device"), None).await;
    if let Some(code) = scene.server.match_code(&visit.session).await {
        visit.tab.until_screen("match").await;
        phone.choose(&code).await;
    }
    scene.succeed(&visit.session, &mut phone).await;
    ended(&visit, "success", &["You are verified"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_third_failure_no_tries_are_left() {
    let Some(scene) = Scene::new().await else { return };
    let visit = scene.offered().await;
    let mut phone = PhoneSocket::claimed(&scene.server, &visit.handoff().await, "phone").await;
    scene.fail(&mut phone).await;
    for _ in 0..2 {
        let handoff = scene.rp.handoff(&visit.session).await;
        let mut phone = PhoneSocket::claimed(&scene.server, &handoff, "phone").await;
        scene.fail(&mut phone).await;
    }
    let words = [
        "We could not verify you",
        "could not prove that the document is genuine",
        "No tries are left",
    ];
    ended(&visit, "failed", &words).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_about_to_cancel_is_not_held_up_by_the_next_screen() {
    let Some(scene) = Scene::new().await else { return };
    let (visit, mut phone) = scene.matching().await;
    visit.tab.click("#cancel summary").await;
    let code = scene.server.match_code(&visit.session).await.unwrap();
    assert_eq!(phone.choose(&code).await, ack("match_ok"));
    visit.tab.until_screen("connected").await;
    assert_eq!(visit.tab.evaluate("document.getElementById('cancel').open").await, true);
    visit.tab.click("#cancel form button").await;
    ended(&visit, "cancelled", &["You cancelled it"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cancels_on_the_page_ends_it_on_the_phone_too() {
    let Some(scene) = Scene::new().await else { return };
    let visit = scene.offered().await;
    visit.cancel().await;
    ended(&visit, "cancelled", &["You cancelled it", "Nothing was shared"]).await;

    let (visit, mut phone) = scene.matched().await;
    visit.cancel().await;
    ended(&visit, "cancelled", &["You cancelled it"]).await;
    let heard = phone.hear().await;
    assert_eq!(heard.error_code(), "SESSION_CANCELLED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_by_the_business_is_said_to_be_theirs() {
    let Some(scene) = Scene::new().await else { return };
    let visit = scene.offered().await;
    let path = format!("/v1/sessions/{}/cancel", visit.session);
    scene.rp.send(scene.rp.request(Method::POST, &path)).await;
    ended(&visit, "cancelled", &["Example Bank cancelled it"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_time_is_up_the_page_says_so() {
    let Some(scene) = Scene::new().await else { return };
    let visit = scene.offered().await;
    scene.server.clock.advance(Duration::from_secs(60 * 60 + 1));
    ended(&visit, "expired", &["time for this verification is up"]).await;
}
