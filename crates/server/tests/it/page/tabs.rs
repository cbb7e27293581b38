//! One session in more than one tab, and in more than one browser.

use testkit::{PhoneSocket, Screen, Visit};

use super::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_tab_follows_the_same_phone() {
    let Some(scene) = Scene::new().await else { return };
    let session = scene.session().await;
    let first = Visit::agreed(&scene.chromium, Screen::DESKTOP, &session).await;
    let second = Visit::in_tab(first.tab.beside(Screen::DESKTOP).await, &session).await;
    second.tab.until_screen("offer").await;
    assert_eq!(
        first.scan().await.mobile_write_token(),
        second.scan().await.mobile_write_token(),
        "a second tab does not take the code of the first away"
    );
    let mut phone = PhoneSocket::connect(&scene.server, &session.id).await;
    let hello = first.handoff().await.confirming_hello("phone", "cross_device");
    phone.welcome(hello, None).await;
    let shown = scene.server.match_code(&session.id).await.unwrap();
    for visit in [&first, &second] {
        visit.tab.until_screen("match").await;
        let number = visit.tab.read("document.querySelector('main .number').innerText").await;
        assert_eq!(number, shown);
    }
}

/// Two tabs that are opened together are one browser, whichever answer comes first.
#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_that_are_opened_at_once_are_one_browser() {
    let Some(scene) = Scene::new().await else { return };
    for _ in 0..5 {
        let session = scene.session().await;
        let one = scene.chromium.window(Screen::DESKTOP).await;
        let other = one.beside(Screen::DESKTOP).await;
        let (one, other) =
            tokio::join!(Visit::in_tab(one, &session), Visit::in_tab(other, &session));
        one.agree().await;
        other.tab.until_screen("offer").await;
        let (left, right) = tokio::join!(one.scan_text(), other.scan_text());
        assert_eq!(left, right);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_browser_is_sent_back_to_the_first() {
    let Some(scene) = Scene::new().await else { return };
    let session = scene.session().await;
    let visit = Visit::agreed(&scene.chromium, Screen::DESKTOP, &session).await;
    let stranger = scene.chromium.window(Screen::DESKTOP).await;
    stranger.open(session.url()).await;
    let refused = stranger.text().await;
    assert!(refused.contains("opened in another browser"), "{refused}");
    assert!(!refused.contains("Example Bank"), "nor is said who asks: {refused}");

    // Once a phone has come the page is no secret, and the number still is.
    let mut phone = PhoneSocket::connect(&scene.server, &session.id).await;
    let hello = visit.handoff().await.confirming_hello("phone", "cross_device");
    phone.welcome(hello, None).await;
    visit.tab.until_screen("match").await;
    let shown = scene.server.match_code(&session.id).await.unwrap();
    stranger.open(session.url()).await;
    stranger.until_screen("connected").await;
    assert!(!stranger.html().await.contains(&format!(">{shown}<")));
}

/// Whatever tab is looked at: where a phone has come, no other is let in.
#[tokio::test(flavor = "multi_thread")]
async fn once_a_phone_has_come_no_tab_offers_a_code() {
    let Some(scene) = Scene::new().await else { return };
    let session = scene.session().await;
    let first = Visit::agreed(&scene.chromium, Screen::DESKTOP, &session).await;
    let second = Visit::in_tab(first.tab.beside(Screen::DESKTOP).await, &session).await;
    second.tab.until_screen("offer").await;
    let mut phone = PhoneSocket::claimed(&scene.server, &first.handoff().await, "phone").await;
    scene.fail(&mut phone).await;
    for visit in [&first, &second] {
        visit.tab.until_screen("retry").await;
    }
    // The phone asks for its next attempt.
    scene.rp.handoff(&session.id).await;
    let late = Visit::in_tab(first.tab.beside(Screen::PHONE).await, &session).await;
    for visit in [&first, &second, &late] {
        visit.tab.until_screen("claimed").await;
        let offered = "!!document.querySelector('#qr, #open-app, #user-code, #copy')";
        assert_eq!(visit.tab.evaluate(offered).await, false);
        let text = visit.tab.text().await;
        assert!(text.contains("Continue on the phone that started"), "{text}");
        assert!(text.contains("ask Example Bank for a new verification"), "{text}");
    }
}
