//! The page, as a real browser shows it. Skipped where no Chromium is installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Method;
use testkit::{PhoneSocket, TestServer};

fn chromium() -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&paths)
        .flat_map(|folder| {
            ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name))
        })
        .find(|path| path.is_file());
    if found.is_none() {
        testkit::skipped("no Chromium on this machine");
    }
    found
}

/// The document as it stands once the page's scripts have come to rest, and a screenshot.
fn render(browser: &Path, url: &str, size: &str, screenshot: &Path) -> String {
    let profile = tempfile::TempDir::new().unwrap();
    let run = |what: &[String]| {
        let output = Command::new(browser)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
            ])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ])
            .args(["--hide-scrollbars", "--virtual-time-budget=1500"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(format!("--window-size={size}"))
            .args(what)
            .arg(url)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    run(&[format!("--screenshot={}", screenshot.display())]);
    run(&["--dump-dom".to_owned()])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_offers_a_code_and_then_follows_the_phone() {
    let Some(browser) = chromium() else { return };
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[("family_name", true), ("given_names", false)]).await;
    let screens = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screens");
    std::fs::create_dir_all(&screens).unwrap();
    let url = session.body["data"]["verification_url"].as_str().unwrap().to_owned();
    let show = async |name: &str, size: &'static str| {
        let (browser, url, file) =
            (browser.clone(), url.clone(), screens.join(format!("{name}.png")));
        tokio::task::spawn_blocking(move || render(&browser, &url, size, &file)).await.unwrap()
    };

    let offer = show("offer", "1000,1100").await;
    assert!(offer.contains("Example Bank asks you to verify yourself"), "{offer}");
    assert!(
        offer.contains("why family_name")
            && offer.contains("(required)")
            && offer.contains("(optional)")
    );
    assert!(offer.contains("<svg"), "the QR code is drawn");
    assert!(!offer.contains(&session.cancel_token), "the cancel token is not in the page");

    let handoff = rp.handoff(&session.id).await;
    let _phone = PhoneSocket::claimed(&server, &handoff, "phone").await;
    let connected = show("connected", "420,800").await;
    assert!(connected.contains("Your phone is connected."), "{connected}");
    assert!(!connected.contains("<svg"), "no code is offered once a phone has claimed the session");

    rp.send(rp.request(Method::POST, &format!("/v1/sessions/{}/cancel", session.id))).await;
    assert!(show("cancelled", "420,800").await.contains("This verification was cancelled."));
    println!("screenshots: {}", screens.display());
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
