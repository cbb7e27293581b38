//! The page, as a real browser shows it. Skipped where no Chromium is installed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use phone::{Confirmation, Holder, Outcome, Phone, PhoneDocument, ShareChoice, SoftwareDeviceKey};
use protocol::{Flow, HandoffContext, HandoffLink, SecretBytes, ShareRequest};
use reqwest::Method;
use server::apps::{AndroidPackages, AppleAppId, Apps, store_url};
use testkit::{
    Chromium, Created, PageBrowser, PhoneSocket, Screen, Tab, TestServer, ack, read_qr_codes,
    simulated_passport,
};

/// Where people look at what was drawn.
fn screens() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screens");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Takes the four pictures of a screen: desktop and phone, light and dark.
async fn picture(tab: &Tab, name: &str) {
    for (kind, screen) in [("desktop", Screen::DESKTOP), ("phone", Screen::PHONE)] {
        // Only the size: another user agent would be another browser.
        let screen = Screen { user_agent: "", ..screen };
        for (colours, screen) in [("light", screen), ("dark", screen.dark())] {
            tab.look(screen).await;
            let file = screens().join(format!("{name}-{kind}-{colours}.png"));
            std::fs::write(file, tab.screenshot().await).unwrap();
        }
    }
    tab.look(Screen::DESKTOP).await;
}

fn url_of(session: &Created) -> &str {
    session.body["data"]["verification_url"].as_str().unwrap()
}

const STATE: &str = "document.getElementById('state').textContent";

/// A person with a phone in the hand, in front of the page.
struct AtThePage {
    number: mpsc::Receiver<String>,
    asked: mpsc::Sender<HandoffContext>,
}

impl Holder for AtThePage {
    fn choose(&mut self, _: &ShareRequest) -> ShareChoice {
        ShareChoice::All
    }

    fn confirm(&mut self, context: &HandoffContext) -> Option<Confirmation> {
        self.asked.send(context.clone()).unwrap();
        self.number.recv().ok().map(Confirmation::Choice)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_the_page_leads_a_phone_through_to_the_end() {
    let Some(chromium) = Chromium::start().await else { return };
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[("family_name", true), ("given_names", false)]).await;
    let passport = simulated_passport(&server).await;

    let page = chromium.window(Screen::DESKTOP).await;
    page.open(url_of(&session)).await;
    page.until("document.querySelector('#qr svg')").await;
    let text = page.text().await;
    assert!(text.contains("Example Bank asks you to verify yourself"), "{text}");
    assert!(text.contains("why family_name"));
    assert!(text.contains("(required)") && text.contains("(optional)"));
    assert!(!page.html().await.contains(&session.cancel_token), "the cancel token stays away");
    picture(&page, "offer").await;

    // Read off the screen, as a camera does.
    let codes = read_qr_codes(&page.screenshot().await);
    let [scanned] = &codes[..] else { panic!("one code is drawn, {} are read", codes.len()) };
    let path = format!("{}/open/{}#handoff=", server.url(), session.id);
    assert!(scanned.starts_with(&path), "{scanned}");
    let link = HandoffLink::parse(scanned).unwrap();
    assert_eq!(link.flow(), Some(Flow::CrossDevice));
    assert_eq!(link.api().unwrap().as_str(), format!("{}/", server.url()));
    let button = page.evaluate("document.getElementById('open').href").await;
    let button = HandoffLink::parse(button.as_str().unwrap()).unwrap();
    assert_eq!(button.flow(), Some(Flow::SameDevice));
    assert_eq!(button.mobile_write_token(), link.mobile_write_token());
    let fallback = page.evaluate("document.getElementById('open-app').href").await;
    assert!(fallback.as_str().unwrap().starts_with("kayle-id://"));

    let stranger = chromium.window(Screen::DESKTOP).await;
    stranger.open(url_of(&session)).await;
    let refused = stranger.text().await;
    assert!(refused.contains("opened in another browser"), "{refused}");
    assert!(refused.contains("Go back to the browser in which you opened it first"), "{refused}");
    picture(&stranger, "other-browser").await;

    let (tell, number) = mpsc::channel();
    let (asked, questions) = mpsc::channel();
    let phone = tokio::spawn({
        let files =
            [("DG1.bin", passport.dg1), ("DG2.bin", passport.dg2), ("EF_SOD.bin", passport.sod)];
        let document = PhoneDocument::from_files(files).unwrap();
        let selfies = [(); 3].map(|()| SecretBytes::from(b"selfie".to_vec()));
        let key = Arc::new(SoftwareDeviceKey::from_bytes(&[7; 32]).unwrap());
        let api = link.api().unwrap().clone();
        let phone = Phone::new(link, "".into(), "1.0".to_owned(), document, selfies);
        async move {
            let mut holder = AtThePage { number, asked };
            phone.with_device_key(key).run_with(&api, &mut holder).await.unwrap()
        }
    });
    page.until("document.getElementById('match-code').textContent !== ''").await;
    assert_eq!(
        page.evaluate("!!document.querySelector('#qr svg')").await,
        false,
        "no code is left"
    );
    picture(&page, "match-code").await;
    let shown = page.evaluate("document.getElementById('match-code').innerText").await;
    let shown = shown.as_str().unwrap().to_owned();
    let context = tokio::task::spawn_blocking(move || questions.recv().unwrap()).await.unwrap();
    assert!(context.choices.contains(&shown), "{shown}");
    assert_eq!(
        (context.browser.as_str(), context.organization_name.as_str()),
        ("Chrome", "Example Bank")
    );

    // The page is no longer a secret, and the number still is.
    stranger.open(url_of(&session)).await;
    stranger.until(&format!("{STATE} !== ''")).await;
    assert!(stranger.text().await.contains("Your phone is connected."));
    assert!(!stranger.html().await.contains(&format!(">{shown}<")));

    tell.send(shown).unwrap();
    let outcome = phone.await.unwrap();
    assert!(matches!(outcome, Outcome::Shared { .. }), "{outcome:?}");
    page.until(&format!("{STATE}.startsWith('Done.')")).await;
    assert_eq!(page.evaluate("document.getElementById('match').hidden").await, true);
    picture(&page, "success").await;
    println!("screenshots: {}", screens().display());
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_phone_itself_the_page_offers_a_button() {
    let Some(chromium) = Chromium::start().await else { return };
    let server = TestServer::start().await;
    let session = server.relying_party().await.session(&[("family_name", true)]).await;
    let phone = chromium.window(Screen::PHONE).await;
    phone.open(url_of(&session)).await;
    phone.until("!document.getElementById('open-row').hidden").await;
    assert_eq!(phone.evaluate("document.getElementById('other-phone').open").await, false);
    let text = phone.text().await;
    assert!(text.contains("Open the app") && text.contains("Open it another way"), "{text}");
    picture(&phone, "offer-on-a-phone").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_says_what_to_do_at_every_end() {
    let Some(chromium) = Chromium::start().await else { return };
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let page = chromium.window(Screen::DESKTOP).await;
    let offered = async || {
        let session = rp.session(&[("family_name", true)]).await;
        page.open(url_of(&session)).await;
        page.until("document.querySelector('#qr svg')").await;
        let link = page.evaluate("document.getElementById('open').href").await;
        (session, HandoffLink::parse(link.as_str().unwrap()).unwrap())
    };
    let hello = |link: &HandoffLink| protocol::Hello {
        attempt_id: link.attempt_id().to_owned(),
        mobile_write_token: link.mobile_write_token().clone(),
        device_id: "phone".into(),
        flow: "cross_device".to_owned(),
        confirms: true,
        ..Default::default()
    };
    let ends = [
        ("wrong-number", "another number was chosen"),
        ("not-me", "This verification was cancelled"),
        ("cancelled", "This verification was cancelled"),
    ];
    for (name, expected) in ends {
        let (session, link) = offered().await;
        if name == "cancelled" {
            let path = format!("/v1/sessions/{}/cancel", session.id);
            rp.send(rp.request(Method::POST, &path)).await;
        } else {
            let mut socket = PhoneSocket::connect(&server, &session.id).await;
            let welcome = socket.ask(&protocol::ClientMessage::Hello(hello(&link))).await;
            assert_eq!(welcome, ack("hello_ok"));
            page.until("document.getElementById('match-code').textContent !== ''").await;
            let shown = page.evaluate("document.getElementById('match-code').textContent").await;
            let wrong = if shown == "00" { "01" } else { "00" };
            let message = match name {
                "not-me" => protocol::ClientMessage::NotMe,
                _ => protocol::ClientMessage::MatchChoice { choice: wrong.to_owned() },
            };
            socket.send(&message).await;
        }
        page.until(&format!("{STATE}.includes('{expected}')")).await;
        let text = page.text().await;
        assert!(text.contains("go back to the business"), "{text}");
        assert_eq!(page.evaluate("document.getElementById('pair').hidden").await, true);
        picture(&page, name).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_without_the_app_is_told_what_to_install_and_shown_no_token() {
    let Some(chromium) = Chromium::start().await else { return };
    let server = TestServer::start_with(|options| {
        options.apps.ios = Some(store_url("https://apps.apple.com/app/id1").unwrap());
        options.apps.android = Some(store_url("https://play.google.com/store/x").unwrap());
    })
    .await;
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await;
    let browser = PageBrowser::opened(&server, &session.id).await.0;
    let (_, handoff) = browser.mint(&session.id).await;
    let carried = handoff["link"].as_str().unwrap();
    let token = HandoffLink::parse(carried).unwrap().mobile_write_token().expose().to_owned();
    // The browser's clock is the machine's, and the server's is the test's.
    let expiry = handoff["expires_at"].as_str().unwrap().replace(':', "%3A");
    let carried = carried.replace(&expiry, "2999-01-01T00%3A00%3A00.000Z");

    let phone = chromium.window(Screen::PHONE).await;
    phone.open(&carried).await;
    phone.until("!document.getElementById('launch-row').hidden").await;
    assert_eq!(phone.evaluate("location.hash").await, "", "the token leaves the address bar");
    assert!(!phone.html().await.contains(&token), "nor is it in the document");
    let text = phone.text().await;
    assert!(text.contains("Get the app for Android") && !text.contains("iPhone"), "{text}");
    assert!(text.contains("close this page"), "{text}");
    picture(&phone, "open").await;
    // The button hands the link to the app: caught here, as no app is installed.
    phone
        .evaluate("window.navigation.addEventListener('navigate', (event) => { window.led = event.destination.url; event.preventDefault(); })")
        .await;
    phone.evaluate("document.getElementById('launch').click()").await;
    phone.until("window.led").await;
    let led = phone.evaluate("window.led").await;
    let link = HandoffLink::parse(led.as_str().unwrap()).unwrap();
    assert!(led.as_str().unwrap().starts_with("kayle-id://"));
    assert_eq!((link.flow(), link.session_id()), (Some(Flow::CrossDevice), session.id.as_str()));
    assert_eq!(link.mobile_write_token().expose(), token);
    assert!(!phone.html().await.contains(&token));

    let api = server.url().replace(':', "%3A").replace('/', "%2F");
    assert!(carried.contains(&api));
    // Someone who comes without a code, or with that of another session or server.
    for link in [
        format!("{}/open/{}", server.url(), session.id),
        carried.replace(&session.id, &format!("vs_{}", "a".repeat(64))).replacen(
            &format!("vs_{}", "a".repeat(64)),
            &session.id,
            1,
        ),
        carried.replace(&api, "https%3A%2F%2Fevil.example"),
    ] {
        let phone = chromium.window(Screen::PHONE).await;
        phone.open(&link).await;
        phone.until(&format!("{STATE}.includes('Scan the code again')")).await;
        assert_eq!(phone.evaluate("document.getElementById('launch-row').hidden").await, true);
        picture(&phone, "open-without-code").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_vouches_for_apps_comes_from_the_settings() {
    let server = TestServer::start_with(|options| {
        let package = format!("com.example.app={}", "ab".repeat(32));
        options.apps = Apps {
            apple_ids: AppleAppId::parse_list("A1B2C3D4E5.com.example.app").unwrap(),
            android_packages: AndroidPackages::parse(&package).unwrap(),
            ..Apps::default()
        };
    })
    .await;
    let bare = TestServer::start().await;
    let paths = ["/.well-known/apple-app-site-association", "/.well-known/assetlinks.json"];
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = async |server: &TestServer, path: &str| {
        let response = client.get(format!("{}{path}", server.url())).send().await.unwrap();
        let json = response.headers()["content-type"] == "application/json";
        let status = response.status().as_u16();
        (status, json, response.json::<serde_json::Value>().await.unwrap())
    };
    for path in paths {
        let (status, json, body) = get(&bare, path).await;
        assert_eq!((status, json, &body["error"]["code"]), (404, true, &"ROUTE_NOT_FOUND".into()));
    }
    let (status, json, apple) = get(&server, paths[0]).await;
    assert_eq!((status, json), (200, true));
    let detail = &apple["applinks"]["details"][0];
    assert_eq!(detail["appIDs"], serde_json::json!(["A1B2C3D4E5.com.example.app"]));
    assert_eq!(detail["components"][0]["/"], "/open/*");
    let (status, json, android) = get(&server, paths[1]).await;
    assert_eq!((status, json), (200, true));
    assert_eq!(android[0]["relation"][0], "delegate_permission/common.handle_all_urls");
    assert_eq!(android[0]["target"]["package_name"], "com.example.app");
    let fingerprint = vec!["AB"; 32].join(":");
    assert_eq!(android[0]["target"]["sha256_cert_fingerprints"], serde_json::json!([fingerprint]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_without_an_app_to_name_names_who_runs_it() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    // The same for every session, also one that is not there: nothing is looked up.
    let path = format!("/open/vs_{}", "a".repeat(64));
    let page = rp.public(Method::GET, &path).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(
        page.headers()["content-security-policy"].to_str().unwrap().contains("script-src 'self'")
    );
    assert!(page.headers().get("set-cookie").is_none(), "a scanned link binds no browser");
    let html = page.text().await.unwrap();
    assert!(html.contains("This server is run at 127.0.0.1."), "{html}");
    assert!(html.contains("<noscript>") && !html.contains("<script>"));
    for (path, status) in [("/open/vs_broken", 404), ("/open/", 404), ("/open/x", 404)] {
        let answer = rp.public(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_is_for_the_browser_that_opened_the_session() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await;
    let (browser, handoff) = PageBrowser::opened(&server, &session.id).await;
    let live = async |browser: &PageBrowser| {
        let request = browser.request(Method::GET, &format!("/{}/live", session.id));
        rp.send(request).await
    };
    let stranger = {
        let other = rp.session(&[]).await;
        PageBrowser::opened(&server, &other.id).await.0
    };
    let (status, body) = live(&stranger).await;
    assert_eq!((status.as_u16(), &body["error"]["code"]), (403, &"BROWSER_MISMATCH".into()));
    let (_, before) = live(&browser).await;
    assert_eq!((&before["claimed"], &before["match_code"]), (&false.into(), &().into()));

    let mut phone = PhoneSocket::connect(&server, &session.id).await;
    let hello = handoff.confirming_hello("phone", "cross_device");
    assert_eq!(phone.ask(&protocol::ClientMessage::Hello(hello)).await, ack("hello_ok"));
    let (_, mine) = live(&browser).await;
    assert_eq!((&mine["claimed"], &mine["status"]), (&true.into(), &"in_progress".into()));
    let code = mine["match_code"].as_str().unwrap();
    assert!(code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
    assert_eq!(mine["phone"]["network"], "same");
    assert_eq!(mine["phone"]["device_proof"], false);
    let anybody = PageBrowser::new(&server);
    for other in [&stranger, &anybody] {
        let (status, theirs) = live(other).await;
        assert_eq!((status.as_u16(), &theirs["claimed"]), (200, &true.into()));
        assert_eq!((&theirs["match_code"], &theirs["phone"]), (&().into(), &().into()));
    }
    let choice = code.to_owned();
    // The challenge and the page's description come first.
    phone.hear().await;
    phone.hear().await;
    assert_eq!(phone.ask(&protocol::ClientMessage::MatchChoice { choice }).await, ack("match_ok"));
    assert_eq!(
        live(&browser).await.1["match_code"],
        serde_json::Value::Null,
        "once chosen it is gone"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_safe_to_serve() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await;
    let page = rp.public(Method::GET, &format!("/{}", session.id)).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    for rule in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe"));
    for (name, value) in [
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(page.headers()[name], value);
    }
    let html = page.text().await.unwrap();
    assert!(!html.contains("<script>") && !html.contains("style="), "nothing inline");

    let lost = rp.public(Method::GET, "/vs_broken").send().await.unwrap();
    assert_eq!(lost.status(), 404);
    assert!(lost.text().await.unwrap().contains("This link does not work"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reason_is_text_and_never_markup() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let (status, body) = rp
        .post(
            "/v1/sessions",
            serde_json::json!({ "share_fields": { "sex_marker": { "required": true, "reason": "<img src=x onerror=alert(1)>" } } }),
        )
        .await;
    assert_eq!(status, 201);
    let path = format!("/{}", body["data"]["id"].as_str().unwrap());
    let html = rp.public(Method::GET, &path).send().await.unwrap().text().await.unwrap();
    assert!(!html.contains("<img"), "{html}");
}
