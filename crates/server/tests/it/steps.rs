//! What a person does at the page, through its forms (SECURITY rows 8, 15, 16, 33).

use std::time::Duration;

use domain::branding::{DOMAIN_LIFETIME, Edit, FrameAncestors, VerifiedDomain};
use domain::policy::{BrowserBinding, Policy as Rules};
use domain::time::Timestamp;
use reqwest::header::{self, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};
use server::clock::Clock as _;
use testkit::{PageBrowser, PhoneSocket, RelyingParty, TestServer, way_on};

/// A browser that keeps the cookie and follows nothing by itself.
struct Person {
    client: Client,
    base: String,
    cookie: Option<HeaderValue>,
}

impl Person {
    fn at(server: &TestServer) -> Self {
        // No connection is kept: the clock is moved past the time that one may be idle.
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .pool_max_idle_per_host(0)
            .build()
            .unwrap();
        Self { client, base: server.url(), cookie: None }
    }

    /// One whose browser was given a cookie, and is bound to the session if none was.
    async fn opened(server: &TestServer, session: &str) -> Self {
        let mut person = Self::at(server);
        let path = format!("/{session}/open");
        assert_eq!(person.post(&path, "").await.json::<Value>().await.unwrap()["again"], true);
        assert_eq!(person.post(&path, "").await.json::<Value>().await.unwrap()["again"], false);
        person
    }

    async fn get(&mut self, path: &str) -> (StatusCode, String) {
        let request = self.client.get(format!("{}{path}", self.base)).header("accept", "text/html");
        let answer = self.send(request).await;
        (answer.status(), answer.text().await.unwrap())
    }

    /// One that has a cookie, from another session.
    async fn elsewhere(server: &TestServer, rp: &RelyingParty) -> Self {
        Self::opened(server, &rp.session(&[]).await.id).await
    }

    async fn post(&mut self, path: &str, form: &str) -> Response {
        let request = self
            .client
            .post(format!("{}{path}", self.base))
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.to_owned());
        self.send(request).await
    }

    /// Takes a step and gives where it leads.
    async fn step(&mut self, path: &str, form: &str) -> String {
        let answer = self.post(path, form).await;
        assert_eq!(answer.status(), 303, "{path}");
        answer.headers()[header::LOCATION].to_str().unwrap().to_owned()
    }

    /// Presses the button that leads back to the business.
    async fn way_back(&mut self, session: &str) -> String {
        let answer = self.post(&format!("/{session}/return"), "").await;
        assert_eq!(answer.status(), 200);
        way_on(&answer.text().await.unwrap()).expect("a way back")
    }

    async fn send(&mut self, mut request: reqwest::RequestBuilder) -> Response {
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let answer = request.send().await.unwrap();
        if let Some(cookie) = answer.headers().get(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            self.cookie = Some(HeaderValue::from_str(pair).unwrap());
        }
        answer
    }
}

async fn with_redirect(rp: &RelyingParty) -> String {
    let body = json!({ "redirect_url": "https://bank.example/back?state=7&session_id=evil" });
    let (status, body) = rp.post("/v1/sessions", body).await;
    assert_eq!(status, 201, "{body}");
    body["data"]["id"].as_str().unwrap().to_owned()
}

async fn session_of(rp: &RelyingParty, id: &str) -> Value {
    rp.get(&format!("/v1/sessions/{id}")).await.1["data"].clone()
}

#[tokio::test]
async fn a_look_at_the_page_binds_nothing_and_opening_it_does() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[("family_name", true)]).await.id;
    let mut preview = Person::at(&server);
    assert_eq!(preview.get(&format!("/{session}")).await.0, 200);
    assert_eq!(preview.cookie, None, "a page with scripts gets its cookie when it opens");

    Person::opened(&server, &session).await;
    let (status, text) = preview.get(&format!("/{session}?lang=de")).await;
    assert_eq!(status, 403);
    assert!(text.contains("lang=\"de\""), "{text}");
    let mut stranger = Person::elsewhere(&server, &rp).await;
    for other in [&mut Person::at(&server), &mut stranger] {
        let refused = other.post(&format!("/{session}/open"), "").await;
        assert_eq!(refused.status(), 403);
        assert!(!refused.headers().contains_key(header::SET_COOKIE));
        assert_eq!(refused.json::<Value>().await.unwrap()["error"]["code"], "BROWSER_MISMATCH");
    }
    for step in ["consent", "decline", "cancel", "extend"] {
        let refused = stranger.post(&format!("/{session}/{step}"), "cancel_token=wrong").await;
        assert_eq!(refused.status(), 403, "{step}");
    }
}

/// Scripts that only know the id, and browsers that keep no cookies.
#[tokio::test]
async fn nobody_agrees_or_declines_for_a_person_whose_browser_is_not_known() {
    let server = TestServer::start().await;
    for binding in [BrowserBinding::WhenOpened, BrowserBinding::Required] {
        let policy = Rules { browser_binding: binding, ..Rules::default() };
        let rp = server.relying_party_under(policy).await;
        let session = rp.session(&[("family_name", true)]).await.id;
        for step in ["consent", "decline", "cancel", "extend"] {
            let mut nobody = Person::at(&server);
            let path = format!("/{session}/{step}");
            let answer = nobody.post(&path, "lang=en").await;
            assert_eq!(answer.status(), 307, "{step}: a cookie first");
            let again = answer.headers()[header::LOCATION].to_str().unwrap().to_owned();
            assert_eq!(again, format!("{path}?cookie=given"));
            nobody.cookie = None;
            let answer = nobody.post(&again, "lang=en").await;
            assert_eq!(answer.status(), 403, "{step}");
            assert!(answer.headers().get(header::SET_COOKIE).is_none());
            assert!(answer.text().await.unwrap().contains("cookies"), "{step}");
        }
        let untouched = session_of(&rp, &session).await;
        assert_eq!(
            (&untouched["consent"], &untouched["status"]),
            (&Value::Null, &"created".into())
        );
        let mut person = Person::opened(&server, &session).await;
        let (_, text) = person.get(&format!("/{session}")).await;
        assert!(text.contains("data-screen=\"consent\""), "the person is asked: {text}");
    }
}

#[tokio::test]
async fn who_agrees_before_the_script_has_got_a_cookie_agrees_with_the_next_request() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[("family_name", true)]).await.id;
    let mut person = Person::at(&server);
    let answer = person.post(&format!("/{session}/consent"), "lang=fr").await;
    let again = answer.headers()[header::LOCATION].to_str().unwrap().to_owned();
    assert_eq!(person.step(&again, "lang=fr").await, format!("/{session}?lang=fr"));
    assert_eq!(session_of(&rp, &session).await["consent"]["locale"], "fr");
    let (status, _) = Person::at(&server).get(&format!("/{session}")).await;
    assert_eq!(status, 403, "and is bound");
}

/// The form is sent before the script runs, and each is answered with a cookie of its own.
#[tokio::test]
async fn whichever_cookie_comes_last_is_the_one_that_is_bound() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[("family_name", true)]).await.id;
    let (page, open) = (format!("/{session}"), format!("/{session}/open"));
    let mut person = Person::at(&server);
    let answer = person.post(&format!("{page}/consent"), "").await;
    let again = answer.headers()[header::LOCATION].to_str().unwrap().to_owned();
    let given = person.cookie.clone().unwrap();
    let mut script = Person::at(&server);
    assert_eq!(script.post(&open, "").await.json::<Value>().await.unwrap()["again"], true);
    assert_ne!(script.cookie.as_ref(), Some(&given));

    // The script's answer comes while the form is sent once more.
    let answer = person.post(&again, "").await;
    assert_eq!(answer.status(), 303);
    let kept = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    assert_eq!(kept.split(';').next().unwrap(), given.to_str().unwrap());
    assert!(kept.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{kept}");
    let mut late = Person::at(&server);
    assert_eq!(late.post(&open, "").await.status(), 403, "the script's question comes after it");
    assert_eq!(late.cookie, None);

    let (status, text) = person.get(&page).await;
    assert!(status == 200 && text.contains("data-screen=\"offer\""), "{text}");
    let steady = person.post(&format!("{page}/extend"), "").await;
    assert!(!steady.headers().contains_key(header::SET_COOKIE), "it is set for that step alone");
}

#[tokio::test]
async fn without_binding_a_phone_that_has_come_takes_nothing_from_the_page() {
    let server = TestServer::start().await;
    let policy = Rules { browser_binding: BrowserBinding::Off, ..Rules::default() };
    let rp = server.relying_party_under(policy).await;
    let session = rp.session(&[("family_name", true)]).await.id;
    let mut person = Person::at(&server);
    person.step(&format!("/{session}/consent"), "lang=de").await;
    assert_eq!(session_of(&rp, &session).await["consent"]["locale"], "de");
    let _phone = PhoneSocket::claimed(&server, &rp.handoff(&session).await, "phone").await;
    server.clock.advance(Duration::from_secs(30 * 60));
    let before = session_of(&rp, &session).await["expires_at"].clone();
    person.step(&format!("/{session}/extend"), "").await;
    assert_ne!(session_of(&rp, &session).await["expires_at"], before);
    for step in ["decline", "cancel"] {
        let wrong = person.post(&format!("/{session}/{step}"), "cancel_token=guess").await;
        assert_eq!(wrong.status(), 404, "who sends a token has to have the right one");
    }
    assert_eq!(session_of(&rp, &session).await["status"], "in_progress");
    person.step(&format!("/{session}/cancel"), "").await;
    assert_eq!(session_of(&rp, &session).await["status"], "cancelled");
}

/// A link of the API brought a phone before the page was opened: there is nobody whose page could do
/// anything, but whoever has the cancel token.
#[tokio::test]
async fn who_comes_after_the_phone_is_offered_no_step_and_told_no_untruth() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let created = rp.session(&[("family_name", true)]).await;
    let page = format!("/{}", created.id);
    let _phone = PhoneSocket::claimed(&server, &rp.handoff(&created.id).await, "phone").await;
    let mut late = Person::opened(&server, &created.id).await;
    server.clock.advance(Duration::from_secs(57 * 60));
    for (plain, may_have_token) in [("", true), ("?plain=1", false)] {
        let (status, text) = late.get(&format!("{page}{plain}")).await;
        assert!(status == 200 && text.contains("ends in about"), "{text}");
        assert!(!text.contains("/extend\""), "{text}");
        for offer in ["/cancel\"", "Cancel here"] {
            assert_eq!(text.contains(offer), may_have_token, "{offer} {text}");
        }
    }
    for person in [&mut late, &mut Person::at(&server)] {
        for step in ["consent", "decline", "cancel", "extend"] {
            for form in ["", "cancel_token=guess"] {
                let refused = person.post(&format!("{page}/{step}"), form).await;
                assert_eq!(refused.status(), 403, "{step}");
                assert!(!refused.headers().contains_key(header::SET_COOKIE), "{step}");
                let text = refused.text().await.unwrap();
                assert!(text.contains("before this page was opened"), "{step}: {text}");
            }
        }
    }
    assert_eq!(session_of(&rp, &created.id).await["status"], "in_progress");
    let token = format!("cancel_token={}", created.cancel_token);
    late.step(&format!("{page}/decline"), &token).await;
    assert_eq!(session_of(&rp, &created.id).await["status"], "cancelled");
}

#[tokio::test]
async fn who_holds_the_session_keeps_the_steps_when_a_phone_has_come() {
    let server = TestServer::start().await;
    let session = server.relying_party().await.session(&[]).await.id;
    let (holder, handoff) = PageBrowser::opened(&server, &session).await;
    let _phone = PhoneSocket::claimed(&server, &handoff, "phone").await;
    for (browser, acts) in [(&holder, true), (&PageBrowser::new(&server), false)] {
        let page = browser.request(Method::GET, &format!("/{session}?plain=1"));
        let answer = page.send().await.unwrap();
        assert_eq!(answer.status(), 200, "anybody may follow");
        let text = answer.text().await.unwrap();
        for step in ["extend", "cancel"] {
            let form = format!("action=\"/{session}/{step}\"");
            assert_eq!(text.contains(&form), acts, "{step}: {text}");
        }
    }
}

#[tokio::test]
async fn after_the_end_nobody_is_called_another_browser() {
    let server = TestServer::start().await;
    let policy = Rules { browser_binding: BrowserBinding::Required, ..Rules::default() };
    let rp = server.relying_party_under(policy).await;
    let session = rp.session(&[("family_name", true)]).await.id;
    let mut person = Person::opened(&server, &session).await;
    for step in ["decline", "decline", "cancel", "extend", "consent"] {
        let to = person.step(&format!("/{session}/{step}"), "lang=en").await;
        assert_eq!(to, format!("/{session}?lang=en"), "{step}");
    }
}

#[tokio::test]
async fn a_domain_is_shown_as_verified_for_ninety_days() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let (name, at) = ("bank.example".parse().unwrap(), server.clock.now());
    let edit = Edit::VerifiedDomain(Some(VerifiedDomain { name, at }));
    server.store().edit_branding(&rp.organization, vec![edit], at).await.unwrap();
    for (later, is_shown) in
        [(DOMAIN_LIFETIME - Duration::from_secs(1), true), (Duration::from_secs(1), false)]
    {
        server.clock.advance(later);
        let session = rp.session(&[("family_name", true)]).await.id;
        let (_, text) = Person::at(&server).get(&format!("/{session}?lang=en")).await;
        assert_eq!(text.contains("bank.example"), is_shown, "{text}");
    }
}

#[tokio::test]
async fn consent_is_recorded_in_the_language_it_was_read_in() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[("family_name", true)]).await.id;
    let mut person = Person::opened(&server, &session).await;
    let (_, text) = person.get(&format!("/{session}?lang=ar")).await;
    assert!(text.contains("dir=\"rtl\"") && text.contains("data-screen=\"consent\""), "{text}");
    assert!(session_of(&rp, &session).await["consent"].is_null());

    let to = person.step(&format!("/{session}/consent"), "lang=ar").await;
    assert_eq!(to, format!("/{session}?lang=ar"));
    let (_, text) = person.get(&to).await;
    assert!(text.contains("data-screen=\"offer\""), "{text}");
    let consent = session_of(&rp, &session).await["consent"].clone();
    assert_eq!(consent["locale"], "ar");
    assert!(consent["version"].as_str().is_some_and(|version| !version.is_empty()));
    person.step(&format!("/{session}/consent"), "lang=fr").await;
    assert_eq!(session_of(&rp, &session).await["consent"], consent, "the first one stands");
}

#[tokio::test]
async fn whoever_declines_is_told_so_and_so_is_the_business() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[("family_name", true)]).await.id;
    let mut person = Person::opened(&server, &session).await;
    let to = person.step(&format!("/{session}/decline"), "lang=en").await;
    let (_, text) = person.get(&to).await;
    assert!(text.contains("data-screen=\"declined\""), "{text}");
    assert!(text.contains("You can close this page"), "there is nowhere to return to");
    assert_eq!(session_of(&rp, &session).await["status"], "cancelled");
    // Too late for anything else, and the page says why.
    for step in ["consent", "cancel", "extend", "return"] {
        let to = person.step(&format!("/{session}/{step}"), "").await;
        assert_eq!(to, format!("/{session}?lang=en"), "{step}");
    }
}

#[tokio::test]
async fn nothing_is_taken_from_the_pages_of_others() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[("family_name", true)]).await.id;
    let mut person = Person::opened(&server, &session).await;
    for step in ["open", "consent", "decline", "cancel", "extend", "return"] {
        for site in ["cross-site", "same-site", "none"] {
            let request = person
                .client
                .post(format!("{}/{session}/{step}", server.url()))
                .header("sec-fetch-site", site);
            let refused = person.send(request).await;
            assert_eq!(refused.status(), 403, "{step} {site}");
            assert_eq!(refused.json::<Value>().await.unwrap()["error"]["code"], "CROSS_SITE");
        }
        // Browsers that do not say the site name the origin.
        for origin in ["https://evil.example", "http://127.0.0.1:1", "http://127.0.0.1"] {
            let url = format!("{}/{session}/{step}", server.url());
            let refused = person.send(person.client.post(url).header("origin", origin)).await;
            assert_eq!(refused.status(), 403, "{step} {origin}");
            assert_eq!(refused.json::<Value>().await.unwrap()["error"]["code"], "CROSS_SITE");
        }
        let request = person
            .client
            .post(format!("{}/{session}/{step}", server.url()))
            .json(&json!({ "cancel_token": "x" }));
        assert_eq!(person.send(request).await.status(), 415, "{step}");
    }
    assert_eq!(session_of(&rp, &session).await["status"], "created");
}

/// A form of another site comes without the cookie, which a new one must not replace.
#[tokio::test]
async fn a_form_of_another_site_gets_no_cookie() {
    let server = TestServer::start().await;
    let session = server.relying_party().await.session(&[]).await.id;
    let nobody = Person::at(&server);
    let navigation = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let forms: [&[(&str, &str)]; 3] = [
        &[("accept", navigation)],
        &[("accept", navigation), ("origin", "null")],
        &[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "navigate")],
    ];
    let scripts: [&[(&str, &str)]; 3] = [
        &[("accept", "*/*")],
        &[("accept", "*/*"), ("origin", &server.url())],
        &[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")],
    ];
    let post = async |step: &str, headers: &[(&str, &str)]| {
        let url = format!("{}/{session}/{step}", server.url());
        let request = headers
            .iter()
            .fold(nobody.client.post(url), |request, (name, value)| request.header(*name, *value));
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.headers().contains_key(header::SET_COOKIE))
    };
    for (headers, is_form) in
        forms.map(|form| (form, true)).into_iter().chain(scripts.map(|script| (script, false)))
    {
        let expected = if is_form { (403, false) } else { (200, true) };
        assert_eq!(post("open", headers).await, expected, "{headers:?}");
    }
    let [old, of_no_origin, ours] = forms;
    for step in ["consent", "decline", "cancel", "extend"] {
        // It may be a form of another site.
        for headers in [old, of_no_origin] {
            assert_eq!(post(step, headers).await, (403, false), "{step} {headers:?}");
        }
        assert_eq!(post(step, ours).await, (307, true), "{step}");
        assert_eq!(post(&format!("{step}?cookie=given"), ours).await, (403, false), "{step}");
    }
}

#[tokio::test]
async fn the_way_back_carries_a_code_for_the_browser_that_came_and_for_no_other() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = with_redirect(&rp).await;
    let mut person = Person::opened(&server, &session).await;
    let back = format!("/{session}/return");
    assert_eq!(person.step(&back, "").await, format!("/{session}?lang=en"), "not before the end");

    person.step(&format!("/{session}/cancel"), "").await;
    let page = person.client.get(format!("{}/{session}", server.url())).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("form-action 'self';"), "{policy}");
    assert!(page.text().await.unwrap().contains("data-screen=\"cancelled\""));

    let to = url_of(&person.way_back(&session).await);
    assert_eq!(to.0, "https://bank.example/back");
    assert_eq!(
        to.1[..2],
        [("state".to_owned(), "7".to_owned()), ("session_id".to_owned(), session.clone())]
    );
    let [(name, code)] = &to.1[2..] else { panic!("{to:?}") };
    assert_eq!(name, "response_code");

    let mut stranger = Person::at(&server);
    stranger.post(&format!("/{session}/open"), "").await;
    let theirs = url_of(&stranger.way_back(&session).await);
    assert_eq!(theirs.1.len(), 2, "a stranger goes back and proves nothing: {theirs:?}");

    let path = format!("/v1/sessions/{session}/response-code");
    let body = json!({ "response_code": code });
    assert_eq!(rp.post(&path, body).await.0, 200);
    let again = url_of(&person.way_back(&session).await);
    assert_eq!(again.1.len(), 2, "the code was redeemed: {again:?}");
}

/// Forms are held to `form-action` through all redirects, and the business may redirect anywhere.
#[tokio::test]
async fn the_way_back_is_a_document_and_no_redirect() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = with_redirect(&rp).await;
    let mut person = Person::opened(&server, &session).await;
    person.step(&format!("/{session}/cancel"), "").await;
    let answer = person.post(&format!("/{session}/return"), "lang=de").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    assert_eq!(answer.headers()[header::REFERRER_POLICY], "no-referrer");
    let text = answer.text().await.unwrap();
    assert!(text.contains("<html lang=\"de\""), "{text}");
    let to = way_on(&text).unwrap();
    assert!(to.contains("response_code="), "{to}");
    let link = format!("href=\"{}\"", to.replace('&', "&#38;"));
    assert!(text.contains(&link), "who follows no refresh follows the link: {text}");
}

fn url_of(text: &str) -> (String, Vec<(String, String)>) {
    let (address, query) = text.split_once('?').unwrap();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    (address.to_owned(), pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

#[tokio::test]
async fn without_scripts_the_page_has_all_it_needs() {
    let server = TestServer::start().await;
    let session = server.relying_party().await.session(&[("family_name", true)]).await.id;
    let mut person = Person::at(&server);
    let (_, text) = person.get(&format!("/{session}?plain=1")).await;
    assert!(person.cookie.is_some() && !text.contains("<script"), "{text}");
    let to = person.step(&format!("/{session}/consent"), "lang=en&plain=1").await;
    assert_eq!(to, format!("/{session}?lang=en&plain=1"));
    let (_, text) = person.get(&to).await;
    assert!(text.contains("<svg xmlns") && text.contains("/open/"), "{text}");
    let (_, text) = person.get(&format!("{to}&code=1")).await;
    assert!(text.contains("id=\"user-code\""), "{text}");

    let mut stranger = Person::at(&server);
    let (status, text) = stranger.get(&to).await;
    assert!(status == 403 && !text.contains("<svg xmlns"), "{text}");
}

#[tokio::test]
async fn more_time_is_given_to_whoever_asks_at_the_page() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[("family_name", true)]).await.id;
    let mut person = Person::opened(&server, &session).await;
    let before = session_of(&rp, &session).await["expires_at"].clone();
    server.clock.advance(Duration::from_secs(57 * 60));
    let (_, text) = person.get(&format!("/{session}?plain=1")).await;
    assert!(text.contains("ends in about \u{2068}3\u{2069} minutes"), "{text}");
    person.step(&format!("/{session}/extend"), "").await;
    assert_ne!(session_of(&rp, &session).await["expires_at"], before);
    server.clock.advance(Duration::from_secs(57 * 60));
    assert_eq!(session_of(&rp, &session).await["status"], "created");
}

#[tokio::test]
async fn the_host_says_what_it_is_to_people_and_to_programs() {
    let server = TestServer::start().await;
    let mut person = Person::at(&server);
    let (status, text) = person.get("/?lang=uk").await;
    assert!(status == 200 && text.contains("<html lang=\"uk\""), "{text}");
    let (status, text) = person.get("/data?lang=pl").await;
    assert!(status == 200 && text.contains("<html lang=\"pl\""), "{text}");
    let answer = person.client.get(format!("{}/", server.url())).send().await.unwrap();
    assert_eq!(answer.headers()[header::VARY], "accept, accept-language");
    assert_eq!(answer.json::<Value>().await.unwrap()["data"]["status"], "healthy");
}

#[tokio::test]
async fn without_scripts_and_cookies_there_is_a_way_where_nothing_is_bound() {
    let server = TestServer::start().await;
    let policy = Rules { browser_binding: BrowserBinding::Off, ..Rules::default() };
    let rp = server.relying_party_under(policy).await;
    let session = rp.session(&[("family_name", true)]).await.id;
    let mut person = Person::at(&server);
    let to = person.step(&format!("/{session}/consent"), "lang=en&plain=1").await;
    person.cookie = None;
    let (_, text) = person.get(&to).await;
    assert!(text.contains("<svg xmlns") && text.contains("/open/"), "{text}");
    person.cookie = None;
    let to = person.step(&format!("/{session}/code"), "lang=en&plain=1").await;
    person.cookie = None;
    let (_, text) = person.get(&to).await;
    assert!(text.contains("id=\"user-code\""), "{text}");
}

#[tokio::test]
async fn who_has_had_all_the_time_there_is_is_offered_no_more() {
    let server = TestServer::start().await;
    let session = server.relying_party().await.session(&[("family_name", true)]).await.id;
    let mut person = Person::opened(&server, &session).await;
    let extend = format!("/{session}/extend");
    for _ in 0..10 {
        let to = person.step(&extend, "lang=en&plain=1").await;
        assert_eq!(to, format!("/{session}?lang=en&plain=1&extended=1"));
    }
    let (_, text) = person.get(&format!("/{session}?plain=1&extended=1")).await;
    assert!(text.contains("You have more time now."), "{text}");
    assert!(text.contains("ends in about") && !text.contains(&extend), "{text}");
    let to = person.step(&extend, "lang=en&plain=1").await;
    assert_eq!(to, format!("/{session}?lang=en&plain=1"), "nothing was given");
    server.clock.advance(Duration::from_secs(56 * 60));
    let (_, text) = person.get(&format!("/{session}?plain=1&extended=1")).await;
    assert!(!text.contains("You have more time now."), "{text}");
}

/// A person with a browser gets words, and programs the envelope; the status is the same.
#[tokio::test]
async fn what_is_refused_to_a_person_is_said_in_words() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let origins = vec!["https://bank.example".parse().unwrap()];
    let frames = Edit::FrameAncestors(FrameAncestors::new(origins).unwrap());
    server.store().edit_branding(&rp.organization, vec![frames], Timestamp(1)).await.unwrap();
    let session = rp.session(&[("family_name", true)]).await.id;
    Person::opened(&server, &session).await;
    let mut stranger = Person::elsewhere(&server, &rp).await;
    for (method, path, status) in [
        (Method::POST, format!("/{session}/cancel"), 403),
        (Method::POST, format!("/{session}/code"), 403),
        (Method::POST, "/vs_broken/cancel".to_owned(), 404),
        (Method::POST, "/code".to_owned(), 404),
    ] {
        let request = stranger.client.request(method, format!("{}{path}", server.url()));
        let answer = stranger.send(request.header(header::ACCEPT, "text/html")).await;
        assert_eq!(answer.status(), status, "{path}");
        let kind = answer.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
        assert!(kind.starts_with("text/html"), "{path}: {kind}");
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        let is_framed = policy.contains("frame-ancestors https://bank.example");
        assert_eq!(is_framed, path.contains(&session), "{path}: {policy}");
        let text = answer.text().await.unwrap();
        // Another language of it can be had.
        let (_, action) = text.split_once("<form method=\"get\" action=\"").expect(&path);
        let action = action.split('"').next().unwrap();
        let (status, _) = stranger.get(&format!("{action}?lang=de")).await;
        assert!(status == 200 || (status == 403 && action.contains(&session)), "{action} {status}");
    }
    // A step is no address: whoever loads it is led to the page.
    let (status, _) = stranger.get(&format!("/{session}/cancel?lang=de")).await;
    assert_eq!(status, 303);
    let plain = stranger.client.get(format!("{}/{session}/cancel", server.url()));
    assert_eq!(stranger.send(plain).await.status(), 405);
}

#[tokio::test]
async fn who_is_too_fast_is_told_so_in_words() {
    let server = TestServer::start().await;
    let session = server.relying_party().await.session(&[("family_name", true)]).await.id;
    let person = Person::at(&server);
    let url = format!("{}/{session}", server.url());
    for _ in 0..10_000 {
        let request = person.client.get(&url).header(header::ACCEPT, "text/html;q=1, */*");
        let answer = request.send().await.unwrap();
        if answer.status() == 429 {
            assert!(answer.headers().contains_key(header::RETRY_AFTER));
            assert!(answer.headers().contains_key("ratelimit"));
            let text = answer.text().await.unwrap();
            assert!(text.contains("Too many requests") && text.contains("<h1"), "{text}");
            return;
        }
    }
    panic!("never refused");
}
