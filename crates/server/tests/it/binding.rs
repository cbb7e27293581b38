//! The browser that opened a session holds it until a phone has claimed it (SECURITY rows 12, 14
//! and 15).

use std::net::Ipv4Addr;
use std::time::Duration;

use domain::policy::{BrowserBinding, Policy};
use protocol::ShareField;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use testkit::{PageBrowser, PhoneSocket, TestServer, within};

/// Another network than the one of `127.0.0.1`.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 1, 1);

fn refused(answer: (StatusCode, Value)) -> (u16, String) {
    let (status, body) = answer;
    (status.as_u16(), body["error"]["code"].as_str().unwrap_or_default().to_owned())
}

fn mismatch() -> (u16, String) {
    (403, "BROWSER_MISMATCH".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_session_id_opens_nothing_that_a_browser_holds() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await;
    let (owner, handoff) = PageBrowser::opened(&server, &session.id).await;

    let nobody = PageBrowser::new(&server);
    // A browser with a cookie of its own, from another session's page.
    let mut other = PageBrowser::new(&server);
    other.open(&rp.session(&[]).await.id).await;
    assert!(other.cookie.is_some() && other.cookie != owner.cookie);
    for thief in [&nobody, &other] {
        assert_eq!(refused(thief.mint(&session.id).await), mismatch());
        assert_eq!(refused(thief.mint_at_api(&session.id).await), mismatch());
        assert_eq!(refused(thief.details(&session.id).await), mismatch());
        let cancelled = thief.cancel(&session.id, &session.cancel_token).await;
        assert_eq!(refused(cancelled), mismatch(), "the token alone is not enough");
        let page = thief.request(Method::GET, &format!("/{}", session.id)).send().await.unwrap();
        assert_eq!(page.status(), 403);
        assert!(page.headers().get(header::SET_COOKIE).is_none());
        assert!(!page.text().await.unwrap().contains("Example Bank"), "not even who asks");
    }
    assert_eq!(rp.status(&session.id).await["status"], "created", "status stays public");

    assert_eq!(owner.mint_at_api(&session.id).await.1["data"]["attempt_id"], handoff.attempt_id);
    assert_eq!(owner.details(&session.id).await.0, 200);
    assert_eq!(owner.cancel(&session.id, &session.cancel_token).await.0, 204);
    assert_eq!(rp.status(&session.id).await["status"], "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_relying_party_cancels_whatever_is_bound() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await;
    PageBrowser::opened(&server, &session.id).await;
    let (status, _) = rp.post(&format!("/v1/sessions/{}/cancel", session.id), json!({})).await;
    assert!(status.is_success());
    assert_eq!(rp.status(&session.id).await["status"], "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_preview_binds_nothing() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await;
    let mut preview = PageBrowser::new(&server);
    assert_eq!(preview.page(&session.id).await, 200);
    assert!(preview.cookie.is_some(), "it could come back");
    let head = preview.request(Method::HEAD, &format!("/{}", session.id)).send().await.unwrap();
    assert_eq!(head.status(), 200);

    let (person, _) = PageBrowser::opened(&server, &session.id).await;
    assert_eq!(refused(preview.mint(&session.id).await), mismatch());
    assert_eq!(person.details(&session.id).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_browsers_that_race_one_wins() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    for _ in 0..5 {
        let session = rp.session(&[]).await;
        let mut browsers = Vec::new();
        for _ in 0..4 {
            let mut browser = PageBrowser::new(&server);
            assert_eq!(browser.page(&session.id).await, 200);
            browsers.push(browser);
        }
        let [a, b, c, d] = &browsers[..] else { unreachable!() };
        let answers = tokio::join!(
            a.agree(&session.id),
            b.agree(&session.id),
            c.agree(&session.id),
            d.agree(&session.id)
        );
        let statuses = [answers.0, answers.1, answers.2, answers.3];
        let winners = statuses.iter().filter(|status| **status == 303).count();
        assert_eq!(winners, 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 403).count(), 3);
        for (browser, agreed) in browsers.iter().zip(statuses) {
            let expected = if agreed == 303 { 200 } else { 403 };
            assert_eq!(browser.mint(&session.id).await.0, expected, "for good");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_first_claim_a_bare_retry_works_and_its_token_serves_the_device_alone() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let passport = testkit::simulated_passport(&server).await;
    let session = rp.session(&[]).await;
    let (_, handoff) = PageBrowser::opened(&server, &session.id).await;
    let mut phone = PhoneSocket::claimed(&server, &handoff, "phone").await;
    phone.begin().await;
    phone.upload_passport(&passport.with_forged_dg1()).await;
    assert_eq!(phone.phase("nfc_complete").await.rejection(), "passport_authenticity_failed");

    // The reference app tries again with a bare request.
    let again = rp.handoff(&session.id).await;
    assert_ne!(again.attempt_id, handoff.attempt_id);
    let (_, heard) = PhoneSocket::hello(&server, &again, "thief").await;
    assert_eq!(heard.error_code(), "HANDOFF_DEVICE_MISMATCH");
    PhoneSocket::claimed(&server, &again, "phone").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_comes_after_a_claim_binds_nothing() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await;
    let handoff = rp.handoff(&session.id).await;
    let mut phone = PhoneSocket::connect(&server, &session.id).await;
    phone.claim(&handoff, "phone").await;
    let mut late = PageBrowser::new(&server);
    assert_eq!(late.page(&session.id).await, 200);
    assert_eq!(refused(late.mint(&session.id).await), (409, "SESSION_IN_PROGRESS".to_owned()));
    let context = phone.welcome(handoff.confirming_hello("phone", "cross_device"), None).await;
    assert_eq!((context.browser.as_str(), context.network.as_str()), ("", "unknown"));
    assert!(context.choices.is_empty(), "no page could show a code");
}

/// The phisher's way around the match code: links of a session that no page has opened.
#[tokio::test(flavor = "multi_thread")]
async fn where_a_browser_is_required_nobody_but_the_page_gets_links() {
    let server = TestServer::start().await;
    let required = Policy { browser_binding: BrowserBinding::Required, ..Policy::default() };
    let rp = server.relying_party_under(required).await;
    let session = rp.session(&[]).await;
    let page_required = || (403, "PAGE_REQUIRED".to_owned());

    let mut person = PageBrowser::new(&server);
    let nobody = PageBrowser::new(&server);
    assert_eq!(refused(nobody.mint_at_api(&session.id).await), page_required());
    assert_eq!(refused(nobody.mint(&session.id).await), page_required(), "a page without a cookie");
    assert_eq!(person.page(&session.id).await, 200);
    assert_eq!(refused(person.mint_at_api(&session.id).await), page_required(), "beside the page");
    let path = format!("/v1/sessions/{}?include_attempts=true", session.id);
    assert_eq!(rp.get(&path).await.1["data"]["attempts"], json!([]), "nothing was minted");

    let handoff = person.open(&session.id).await;
    assert_eq!(refused(nobody.mint_at_api(&session.id).await), mismatch());
    assert_eq!(person.mint_at_api(&session.id).await.0, 200);
    let mut phone = PhoneSocket::connect(&server, &session.id).await;
    let context = phone.welcome(handoff.confirming_hello("phone", "cross_device"), None).await;
    assert_eq!(context.choices.len(), 3, "and the code is asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_browser_is_required_a_bare_retry_works_after_the_first_claim() {
    let server = TestServer::start().await;
    let required = Policy { browser_binding: BrowserBinding::Required, ..Policy::default() };
    let rp = server.relying_party_under(required).await;
    let passport = testkit::simulated_passport(&server).await;
    let session = rp.session(&[]).await;
    let (_, handoff) = PageBrowser::opened(&server, &session.id).await;
    let mut phone = PhoneSocket::claimed(&server, &handoff, "phone").await;
    phone.begin().await;
    phone.upload_passport(&passport.with_forged_dg1()).await;
    assert_eq!(phone.phase("nfc_complete").await.rejection(), "passport_authenticity_failed");
    PhoneSocket::claimed(&server, &rp.handoff(&session.id).await, "phone").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_binding_the_session_id_is_enough() {
    let server = TestServer::start().await;
    let off = Policy { browser_binding: BrowserBinding::Off, ..Policy::default() };
    let rp = server.relying_party_under(off).await;
    let session = rp.session(&[]).await;
    PageBrowser::opened(&server, &session.id).await;
    let stranger = PageBrowser::new(&server);
    assert_eq!(stranger.mint_at_api(&session.id).await.0, 200);
    assert_eq!(stranger.details(&session.id).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_is_for_this_host_and_its_server_alone() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await;
    let mut browser = PageBrowser::new(&server);
    let open = format!("/{}/open", session.id);
    let page = browser.request(Method::POST, &open).send().await.unwrap();
    let cookie = page.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; HttpOnly; SameSite=Lax", "http has no Secure cookies");
    let secret = pair.strip_prefix("kayle_browser=").unwrap();
    assert_eq!(secret.len(), 64);

    // A browser that has one keeps it: other tabs hold sessions with it.
    browser.cookie = Some(pair.to_owned());
    let again = browser.request(Method::GET, &format!("/{}", session.id)).send().await.unwrap();
    assert!(again.headers().get(header::SET_COOKIE).is_none());
    // What is no secret of ours binds nothing and is replaced.
    for planted in ["kayle_browser=", "kayle_browser=guessable", &format!("{pair}; {pair}")] {
        browser.cookie = Some(planted.to_owned());
        let minted = refused(browser.mint(&session.id).await);
        assert_eq!(minted, (409, "CONSENT_REQUIRED".to_owned()), "as without a cookie");
        assert_eq!(browser.agree(&session.id).await, 307, "and another is given with the consent");
        let page = browser.request(Method::POST, &open).send().await.unwrap();
        assert!(page.headers().get(header::SET_COOKIE).is_some(), "{planted}");
    }
    PageBrowser::opened(&server, &session.id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_phone_is_told_who_asks_for_what_and_where_it_was_opened() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    for (from, network) in [(Ipv4Addr::LOCALHOST, "same"), (ELSEWHERE, "different")] {
        let session = rp.session(&[("family_name", true), ("given_names", false)]).await;
        let mut browser = PageBrowser::from(&server, from);
        let handoff = browser.open(&session.id).await;
        let mut phone = PhoneSocket::connect(&server, &session.id).await;
        let context = phone.welcome(handoff.confirming_hello("phone", "cross_device"), None).await;
        assert_eq!(context.organization_name, "Example Bank");
        assert_eq!((context.browser.as_str(), context.os.as_str()), ("Firefox", "Windows"));
        assert_eq!(context.place, "", "no proxy said anything");
        assert_eq!(context.network, network);
        let field = |key: &str, required| ShareField {
            key: key.to_owned(),
            reason: format!("why {key}"),
            required,
        };
        let asked = [field("family_name", true), field("given_names", false)];
        assert_eq!(context.fields[..2], asked, "the document id comes after them");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_hears_of_a_claim_at_once() {
    let server = TestServer::start().await;
    let session = server.relying_party().await.session(&[]).await.id;
    let (browser, handoff) = PageBrowser::opened(&server, &session).await;
    let (_, before) = browser.live(&session, None).await;
    assert_eq!((&before["claimed"], &before["match_code"]), (&false.into(), &Value::Null));
    let (_, again) = browser.live(&session, Some("another")).await;
    assert_eq!(again, before, "what has not been seen is not held back");

    // The clock stands still: what is held back comes with the news, or not at all.
    let seen = before["revision"].as_str().unwrap();
    let held = browser.live(&session, Some(seen));
    let claimed = async {
        let mut phone = PhoneSocket::connect(&server, &session).await;
        let context = phone.welcome(handoff.confirming_hello("phone", "cross_device"), None).await;
        (phone, context.choices)
    };
    let ((_, news), (_phone, choices)) =
        within(Duration::from_secs(20), "news", async { tokio::join!(held, claimed) }).await;
    assert_eq!(news["claimed"], true);
    assert!(choices.contains(&news["match_code"].as_str().unwrap().to_owned()), "{choices:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_news_is_held_back_for_twenty_seconds() {
    let server = TestServer::start().await;
    let session = server.relying_party().await.session(&[]).await.id;
    let (browser, _) = PageBrowser::opened(&server, &session).await;
    let (_, before) = browser.live(&session, None).await;
    let held = browser.live(&session, before["revision"].as_str());
    let passing = async {
        for _ in 0..60 {
            // Something else is asked in between, so that the other request has come.
            browser.request(Method::GET, "/healthz").send().await.unwrap();
            server.clock.advance(Duration::from_secs(1));
        }
    };
    let ((_, after), ()) =
        within(Duration::from_secs(20), "an answer", async { tokio::join!(held, passing) }).await;
    assert_eq!(after["revision"], before["revision"]);
}
