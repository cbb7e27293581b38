//! What is served to browsers, without a browser.

use domain::policy::{Policy, UserCodePolicy};
use protocol::{Flow, HandoffLink};
use reqwest::Method;
use server::apps::{AndroidPackages, AppleAppId, Apps};
use testkit::{PageBrowser, PhoneSocket, TestServer, ack};

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
    let html = page.text().await.unwrap().replace(['\u{2068}', '\u{2069}'], "");
    assert!(html.contains("This server is run at 127.0.0.1:"), "{html}");
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

/// What is between two marks, as a browser reads it.
fn between(html: &str, before: &str, after: char) -> String {
    let (_, rest) = html.split_once(before).unwrap_or_else(|| panic!("no {before} in {html}"));
    rest.split(after).next().unwrap().replace("&#38;", "&")
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_a_look_for_news_keeps_the_code_and_says_nothing_twice() {
    let server = TestServer::start().await;
    let session = server.relying_party().await.session(&[]).await.id;
    let (browser, _) = PageBrowser::opened(&server, &session).await;
    let get = async |path: &str| {
        browser.request(Method::GET, path).send().await.unwrap().text().await.unwrap()
    };
    let more = "You have more time now.";
    let page = get(&format!("/{session}?lang=en&plain=1&extended=1")).await;
    assert!(page.contains(more), "{page}");
    let by_itself = between(&page, "http-equiv=\"refresh\" content=\"30;url=", '"');
    let by_hand = between(&page, "<nav class=\"soft after\"><a href=\"", '"');
    for path in [by_itself, by_hand] {
        assert!(!get(&path).await.contains(more), "{path}");
    }
    let code =
        |page: &str| between(page, "<output id=\"user-code\" class=\"typed\" dir=\"ltr\">", '<');
    let page = get(&format!("/{session}?lang=en&plain=1&code=1")).await;
    let by_itself = between(&page, "http-equiv=\"refresh\" content=\"30;url=", '"');
    let by_hand = between(&page, "<nav class=\"soft after\"><a href=\"", '"');
    for path in [by_itself, by_hand] {
        assert_eq!(code(&get(&path).await), code(&page), "{path}");
    }
}

/// With `off` there is no other way for those who have no camera.
#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_the_link_can_be_copied() {
    let server = TestServer::start().await;
    for user_code in [UserCodePolicy::Offered, UserCodePolicy::Off] {
        let policy = Policy { user_code, ..Policy::default() };
        let session = server.relying_party_under(policy).await.session(&[]).await.id;
        let (browser, handoff) = PageBrowser::opened(&server, &session).await;
        let path = format!("/{session}?lang=en&plain=1");
        let page = browser.request(Method::GET, &path).send().await.unwrap().text().await.unwrap();
        let field = between(&page, "<input type=\"text\" id=\"link\"", '>');
        let link = HandoffLink::parse(&between(&field, "value=\"", '"')).unwrap();
        assert_eq!(link.flow(), Some(Flow::CrossDevice));
        assert_eq!(link.mobile_write_token().expose(), handoff.token);
        assert!(field.contains(" readonly") && !field.contains(" hidden"), "{field}");
        assert!(page.contains("Copy the link and open it on your phone"), "{page}");
    }
}

/// Whoever is refused for where they come from has a link that works.
#[tokio::test(flavor = "multi_thread")]
async fn who_comes_from_elsewhere_is_told_to_open_the_link() {
    let server = TestServer::start().await;
    let session = server.relying_party().await.session(&[]).await.id;
    let browser = PageBrowser::new(&server);
    let lost = format!("vs_{}", "a".repeat(64));
    for (id, site, status, said) in [
        (&session, "cross-site", 403, "This did not come from our page"),
        (&lost, "same-origin", 404, "This link does not work"),
    ] {
        let request = browser.request(Method::POST, &format!("/{id}/consent"));
        let request = request.header("sec-fetch-site", site).header("accept", "text/html");
        let answer = request.header("accept-language", "en").send().await.unwrap();
        assert_eq!(answer.status(), status);
        let text = answer.text().await.unwrap();
        assert!(text.contains(&format!("<h1>{said}</h1>")), "{text}");
    }
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
