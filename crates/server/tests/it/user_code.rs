//! A code that is typed instead of scanned, and who tries it (SECURITY rows 1, 2, 15, 17).

use std::time::Duration;

use domain::policy::{MatchCodePolicy, Policy, UserCodePolicy};
use protocol::{Flow, HandoffLink};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use testkit::{Database, Handoff, PageBrowser, PhoneSocket, TestServer, ack};
use url::form_urlencoded;

use crate::limits::behind_proxy;

const SECOND: Duration = Duration::from_secs(1);

async fn json(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    (status, response.json().await.unwrap())
}

/// A request with a form, as browsers send it.
fn form(request: RequestBuilder, members: &[(&str, &str)]) -> RequestBuilder {
    let mut body = form_urlencoded::Serializer::new(String::new());
    let body = body.extend_pairs(members).finish();
    request.header("content-type", "application/x-www-form-urlencoded").body(body)
}

fn entry(phone: &PageBrowser, code: &str) -> RequestBuilder {
    form(phone.request(Method::POST, "/code"), &[("code", code)])
}

async fn show(browser: &PageBrowser, session: &str) -> (StatusCode, Value) {
    let path = format!("/{session}/code");
    json(browser.request(Method::POST, &path).send().await.unwrap()).await
}

async fn shown(browser: &PageBrowser, session: &str) -> String {
    let (status, body) = show(browser, session).await;
    assert_eq!(status, 200, "{body}");
    body["user_code"].as_str().unwrap().to_owned()
}

async fn enter(phone: &PageBrowser, code: &str) -> (StatusCode, String) {
    let response = entry(phone, code).send().await.unwrap();
    assert!(response.headers().get("set-cookie").is_none());
    assert_eq!(response.headers()["cache-control"], "no-store");
    let status = response.status();
    (status, response.text().await.unwrap())
}

/// The link of the app in a page.
fn link(page: &str) -> HandoffLink {
    let at = page.find("kayle-id://").unwrap_or_else(|| panic!("no link in {page}"));
    HandoffLink::parse(page[at..].split('"').next().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn where_codes_are_off_none_is_shown_and_none_is_offered() {
    let server = TestServer::start().await;
    for (user_code, offered) in [(UserCodePolicy::Offered, true), (UserCodePolicy::Off, false)] {
        let policy = Policy { user_code, ..Policy::default() };
        let session = server.relying_party_under(policy).await.session(&[]).await.id;
        // A handoff is there, so that nothing else is missing.
        let (browser, _) = PageBrowser::opened(&server, &session).await;
        for path in [format!("/{session}"), format!("/{session}?plain=1&code=1")] {
            let page = browser.request(Method::GET, &path).send().await.unwrap();
            let page = page.text().await.unwrap();
            assert!(page.contains("id=\"scan\""), "{page}");
            assert_eq!(page.contains("code</bdi>"), offered, "{page}");
            let asks = ["id=\"show-user-code\"", "id=\"user-code\""];
            assert_eq!(asks.iter().any(|ask| page.contains(ask)), offered, "{page}");
        }
        let (status, body) = show(&browser, &session).await;
        if !offered {
            assert_eq!(
                (status, &body["error"]["code"]),
                (StatusCode::CONFLICT, &"USER_CODE_OFF".into())
            );
        }
        assert_eq!(status == 200, offered);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_code_leads_to_the_attempt_that_the_page_shows() {
    let server = TestServer::start().await;
    let session = server.relying_party().await.session(&[]).await.id;
    let (browser, handoff) = PageBrowser::opened(&server, &session).await;
    let (status, body) = show(&browser, &session).await;
    assert_eq!(status, 200, "{body}");
    let code = body["user_code"].as_str().unwrap();
    let letters = "BCDFGHJKLMNPQRSTVWXZ";
    assert!(
        code.len() == 9
            && code.chars().enumerate().all(|(at, letter)| match at {
                4 => letter == '-',
                _ => letters.contains(letter),
            }),
        "{code}"
    );
    assert_eq!(body["address"], format!("{}/code", server.url()));
    assert_eq!(body["expires_in_ms"], 300_000);
    assert_eq!(shown(&browser, &session).await, code, "it is the same as long as it is worth it");

    let phone = PageBrowser::new(&server);
    let page = phone.request(Method::GET, "/code").send().await.unwrap();
    assert_eq!((page.status(), page.headers().get("set-cookie")), (StatusCode::OK, None));
    assert!(page.text().await.unwrap().contains("If somebody told you a code"));
    for typed in [code, &code.to_lowercase(), &code.replace('-', " "), &code.replace('-', "")] {
        let (status, page) = enter(&phone, typed).await;
        assert_eq!(status, 200, "{typed}");
        let link = link(&page);
        assert_eq!(
            (link.session_id(), link.attempt_id(), link.flow()),
            (session.as_str(), handoff.attempt_id.as_str(), Some(Flow::CrossDevice))
        );
        assert_eq!(link.mobile_write_token().expose(), handoff.token);
        assert_eq!(page.matches(&handoff.token).count(), 1, "in the link alone");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_with_little_left_is_renewed_and_a_new_code_is_of_the_newest_attempt() {
    let server = TestServer::start().await;
    let session = server.relying_party().await.session(&[]).await.id;
    let (browser, _) = PageBrowser::opened(&server, &session).await;
    let first = shown(&browser, &session).await;
    server.clock.advance(239 * SECOND);
    assert_eq!(shown(&browser, &session).await, first, "more than a minute is left");
    server.clock.advance(SECOND);
    let (_, body) = show(&browser, &session).await;
    assert_ne!(body["user_code"], first);
    assert_eq!(body["expires_in_ms"], 300_000);
    let phone = PageBrowser::new(&server);
    assert_eq!(enter(&phone, &first).await.0, 200, "the old one works until its end");
    server.clock.advance(60 * SECOND);
    assert_eq!(enter(&phone, &first).await.0, 404, "and no longer");
    assert_eq!(enter(&phone, body["user_code"].as_str().unwrap()).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_code_is_worth_nothing_once_a_phone_has_come() {
    let server = TestServer::start().await;
    let session = server.relying_party().await.session(&[]).await.id;
    let (browser, handoff) = PageBrowser::opened(&server, &session).await;
    let code = shown(&browser, &session).await;
    let thief = PageBrowser::new(&server);
    let (_, page) = enter(&thief, &code).await;
    let stolen = link(&page);

    let mut phone = PhoneSocket::connect(&server, &session).await;
    phone.welcome(handoff.confirming_hello("phone", "cross_device"), None).await;
    let (status, page) = enter(&thief, &code).await;
    assert_eq!(status, 404);
    assert!(!page.contains("kayle-id://") && !page.contains(&session), "{page}");
    // What the code gave before is a token that another phone has used.
    let stolen = Handoff {
        session_id: stolen.session_id().to_owned(),
        attempt_id: stolen.attempt_id().to_owned(),
        token: stolen.mobile_write_token().expose().to_owned(),
        expires_at: handoff.expires_at.clone(),
    };
    let (_socket, heard) = PhoneSocket::hello(&server, &stolen, "thief").await;
    assert_ne!(heard, ack("hello_ok"));
    // Nor does the page give another code: the phone that started finishes.
    let (status, body) = show(&browser, &session).await;
    assert_eq!((status.as_u16(), &body["error"]["code"]), (409, &"SESSION_IN_PROGRESS".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thief_of_a_code_who_comes_first_is_stopped_by_the_number_on_the_page() {
    let server = TestServer::start().await;
    let required = Policy { match_code: MatchCodePolicy::Required, ..Policy::default() };
    let rp = server.relying_party_under(required).await;
    let session = rp.session(&[]).await.id;
    let (browser, handoff) = PageBrowser::opened(&server, &session).await;
    let code = shown(&browser, &session).await;
    let (_, page) = enter(&PageBrowser::new(&server), &code).await;
    let stolen = Handoff { token: link(&page).mobile_write_token().expose().to_owned(), ..handoff };

    let (_, heard) = PhoneSocket::hello(&server, &stolen, "thief").await;
    assert_eq!(heard.error_code(), "MATCH_CODE_UNSUPPORTED", "who cannot ask is not served");
    let mut phone = PhoneSocket::connect(&server, &session).await;
    let context = phone.welcome(stolen.confirming_hello("thief", "cross_device"), None).await;
    assert_eq!(phone.phase("mrz_scanning").await.error_code(), "MATCH_CODE_REQUIRED");
    let (_, live) = browser.live(&session, None).await;
    let number = live["match_code"].as_str().unwrap().to_owned();
    let (_, of_thief) = PageBrowser::new(&server).live(&session, None).await;
    assert_eq!(of_thief["match_code"], Value::Null, "the page of the person alone shows it");
    let guess = context.choices.iter().find(|choice| **choice != number).unwrap();
    assert_eq!(phone.choose(guess).await.error_code(), "MATCH_CODE_WRONG");
    assert_ne!(rp.status(&session).await["status"], "in_progress", "one guess, and no other");
    let ended = server.store().read_session(&session.parse().unwrap()).await.unwrap().unwrap();
    assert!(ended.is_terminal());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_nobody_asked_for_opens_nothing() {
    let server = TestServer::start().await;
    let session = server.relying_party().await.session(&[]).await.id;
    let (_, handoff) = PageBrowser::opened(&server, &session).await;
    let keys = domain::key::Keys::derive(&testkit::MASTER);
    let stored = server.store().read_session(&session.parse().unwrap()).await.unwrap().unwrap();
    let attempt = stored.attempt(&handoff.attempt_id.parse().unwrap()).unwrap();
    let code = keys.user_code(&stored.id, &attempt.id, attempt.token.issued_at);
    let phone = PageBrowser::new(&server);
    assert_eq!(enter(&phone, code.reveal()).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_browsers_get_no_code_and_nobody_does_before_the_consent() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await.id;
    let mut browser = PageBrowser::new(&server);
    browser.page(&session).await;
    // Neither without a link nor when one was made beside the page, with a cookie or without.
    for minted in [false, true] {
        if minted {
            rp.handoff(&session).await;
        }
        for page in [&PageBrowser::new(&server), &browser] {
            let (status, body) = show(page, &session).await;
            let told = (status.as_u16(), &body["error"]["code"]);
            assert_eq!(told, (409, &"CONSENT_REQUIRED".into()), "{minted}");
        }
    }
    browser.open(&session).await;
    let mut stranger = PageBrowser::new(&server);
    stranger.page(&rp.session(&[]).await.id).await;
    for other in [&stranger, &PageBrowser::new(&server)] {
        let (status, body) = show(other, &session).await;
        assert_eq!((status.as_u16(), &body["error"]["code"]), (403, &"BROWSER_MISMATCH".into()));
    }
}

/// Each reload without scripts asks for a code, and each code is typed for a while.
#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_a_code_stays_while_it_is_worth_typing() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await.id;
    let (browser, _) = PageBrowser::opened(&server, &session).await;
    let codes = async || {
        let path = format!("/{session}?plain=1&code=1");
        let page = browser.request(Method::GET, &path).send().await.unwrap().text().await.unwrap();
        let part = |before: &str, end: char| {
            let at = page.find(before).unwrap_or_else(|| panic!("no {before} in {page}"));
            page[at + before.len()..].split(end).next().unwrap().to_owned()
        };
        (part(r#"class="typed" dir="ltr">"#, '<'), part(r#"id="open-scheme" href=""#, '"'))
    };
    let first = codes().await;
    for _ in 0..23 {
        server.clock.advance(10 * SECOND);
        let now = codes().await;
        let is_same = now == first;
        assert!(is_same, "{first:?} became {now:?}");
    }
    // A minute is left of it.
    server.clock.advance(10 * SECOND);
    let next = codes().await;
    assert_ne!(next.0, first.0);
    assert_eq!(codes().await, next);
    let found = server.store().read_session(&session.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(found.attempts.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_others_can_ask_for_nothing() {
    let server = TestServer::start().await;
    let session = server.relying_party().await.session(&[]).await.id;
    let (browser, _) = PageBrowser::opened(&server, &session).await;
    let code = shown(&browser, &session).await;
    for path in [format!("/{session}/handoff"), format!("/{session}/code"), "/code".to_owned()] {
        for (site, is_taken) in
            [("cross-site", false), ("same-site", false), ("none", false), ("same-origin", true)]
        {
            let request = browser.request(Method::POST, &path).header("sec-fetch-site", site);
            let response = form(request, &[("code", &code)]).send().await.unwrap();
            assert_eq!(response.status() == 200, is_taken, "{path} from {site}");
            if !is_taken {
                let (status, body) = json(response).await;
                assert_eq!((status.as_u16(), &body["error"]["code"]), (403, &"CROSS_SITE".into()));
            }
        }
        let own = server.url();
        for (origin, is_taken) in [
            ("https://evil.example", false),
            ("https://127.0.0.1", false),
            ("null", true),
            (&own, true),
        ] {
            let request = browser.request(Method::POST, &path).header("origin", origin);
            let response = form(request, &[("code", &code)]).send().await.unwrap();
            assert_eq!(response.status() == 200, is_taken, "{path} from {origin}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_is_stopped_and_others_are_not() {
    let server = TestServer::start_with(behind_proxy).await;
    let session = server.relying_party().await.session(&[]).await.id;
    let mut browser = PageBrowser::through_proxy(&server, "198.51.100.7");
    browser.open(&session).await;
    let code = shown(&browser, &session).await;
    let guesser = PageBrowser::through_proxy(&server, "192.0.2.1");
    for guess in 0..60_usize {
        // Right ones do not count.
        if guess % 20 == 0 {
            assert_eq!(enter(&guesser, &code).await.0, 200);
        }
        let letter = char::from(b"BCDFGHJKLMNPQRSTVWXZ"[guess % 20]);
        assert_eq!(enter(&guesser, &letter.to_string().repeat(8)).await.0, 404);
    }
    let response = entry(&guesser, &code).send().await.unwrap();
    assert_eq!(response.status(), 429, "the right one neither");
    assert_eq!(response.headers()["retry-after"], "1");
    assert!(response.headers()["ratelimit"].to_str().unwrap().starts_with("\"user-code\";r=0"));
    assert!(response.text().await.unwrap().contains("Please wait a minute"));
    let person = PageBrowser::through_proxy(&server, "198.51.100.1");
    assert_eq!(enter(&person, &code).await.0, 200);
    server.clock.advance(SECOND);
    for _ in 0..3 {
        assert_eq!(enter(&guesser, &code).await.0, 200, "who waits as told is served");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_that_could_not_be_looked_up_are_no_guesses() {
    let Some(server) = TestServer::start_on(Database::Postgres).await else { return };
    let client = server.postgres().unwrap().connect().await;
    let phone = PageBrowser::new(&server);
    client.batch_execute("ALTER TABLE attempts RENAME TO away").await.unwrap();
    for _ in 0..61 {
        assert_eq!(entry(&phone, "BBBBBBBB").send().await.unwrap().status(), 500);
    }
    client.batch_execute("ALTER TABLE away RENAME TO attempts").await.unwrap();
    assert_eq!(enter(&phone, "BBBBBBBB").await.0, 404, "one may still be typed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_code_is_not_known_and_large_forms_are_not_read() {
    let server = TestServer::start().await;
    let phone = PageBrowser::new(&server);
    for typed in ["", "-", "BCDF", "<script>", "ÄÖÜß-ÄÖÜß", "BCDFGHJKBCDFGHJKBCDFGHJK"] {
        let (status, page) = enter(&phone, typed).await;
        assert_eq!(status, 404, "{typed}");
        assert!(!page.contains("<script>"), "{page}");
        let kept: String = typed.chars().take(20).collect();
        let kept = kept.replace('<', "&#60;").replace('>', "&#62;");
        assert!(page.contains(&format!("value=\"{kept}\"")), "it can be corrected: {page}");
    }
    let large = "B".repeat(5000);
    let response = entry(&phone, &large).send().await.unwrap();
    assert_eq!(response.status(), 413);
    let request = phone.request(Method::POST, "/code").json(&serde_json::json!({ "code": "B" }));
    assert_eq!(request.send().await.unwrap().status(), 415);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_the_page_shows_the_code() {
    let server = TestServer::start().await;
    let session = server.relying_party().await.session(&[]).await.id;
    let (browser, _) = PageBrowser::opened(&server, &session).await;
    let request = browser.request(Method::POST, &format!("/{session}/code"));
    let response = form(request, &[("lang", "de"), ("plain", "1")]).send().await.unwrap();
    assert_eq!(response.status(), 303);
    let target = response.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(target, format!("/{session}?lang=de&plain=1&code=1"));
    let page = browser.request(Method::GET, &target).send().await.unwrap().text().await.unwrap();
    assert!(page.contains(&shown(&browser, &session).await), "{page}");
}
