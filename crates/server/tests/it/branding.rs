//! What an organization adds to its pages, and who may frame them.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use domain::branding::{DarkAccent, Edit, FrameAncestors, LightAccent, Logo};
use domain::time::Timestamp;
use reqwest::Method;
use testkit::{Chromium, RelyingParty, Screen, TestServer};

async fn edit(server: &TestServer, rp: &RelyingParty, edits: Vec<Edit>) {
    server.store().edit_branding(&rp.organization, edits, Timestamp(1)).await.unwrap();
}

fn ancestors(origins: &[&str]) -> Edit {
    let origins = origins.iter().map(|origin| origin.parse().unwrap()).collect();
    Edit::FrameAncestors(FrameAncestors::new(origins).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_and_logo_are_served_and_harmless() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await;
    let get = async |path: &str| rp.public(Method::GET, path).send().await.unwrap();
    let (page, logo_path) = (format!("/{}", session.id), format!("/{}/logo", session.id));
    assert!(!get(&page).await.text().await.unwrap().contains("/theme/"));
    assert_eq!(get(&logo_path).await.status(), 404);

    let drawing = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0\"/></svg>".to_vec();
    let edits = vec![
        Edit::Accent(Some(LightAccent::new("#7a1030".parse().unwrap()).unwrap())),
        Edit::AccentDark(Some(DarkAccent::new("#ff9fb5".parse().unwrap()).unwrap())),
        Edit::Logo(Some(Logo::new(drawing.clone()).unwrap())),
    ];
    edit(&server, &rp, edits).await;
    let html = get(&page).await.text().await.unwrap();
    assert!(html.contains("<link rel=\"stylesheet\" href=\"/theme/7a1030-ff9fb5.css\">"), "{html}");
    assert!(html.contains(&format!("<img src=\"{logo_path}\"")), "{html}");

    let theme = get("/theme/7a1030-ff9fb5.css").await;
    assert_eq!(theme.status(), 200);
    assert!(theme.headers()["cache-control"].to_str().unwrap().contains("immutable"));
    assert!(theme.text().await.unwrap().contains("--accent: #7a1030"));
    for refused in ["/theme/ff9fb5-ff9fb5.css", "/theme/7a1030-ff9fb5.js", "/theme/x"] {
        assert_eq!(get(refused).await.status(), 404, "{refused}");
    }
    let logo = get(&logo_path).await;
    assert_eq!(logo.headers()["content-type"], "image/svg+xml");
    assert_eq!(logo.headers()["x-content-type-options"], "nosniff");
    let policy = logo.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{policy}");
    assert_eq!(logo.bytes().await.unwrap(), drawing);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_pages_of_an_organization_name_its_frames() {
    let server = TestServer::start().await;
    let (rp, other) = (server.relying_party().await, server.relying_party().await);
    edit(&server, &rp, vec![ancestors(&["https://bank.example"])]).await;
    let framed = |header: &reqwest::header::HeaderMap| {
        let policy = header["content-security-policy"].to_str().unwrap();
        policy.split("; ").find(|rule| rule.starts_with("frame-ancestors")).unwrap().to_owned()
    };
    let (own, theirs) = (rp.session(&[]).await.id, other.session(&[]).await.id);
    for (path, expected) in [
        (format!("/{own}"), "frame-ancestors https://bank.example"),
        (format!("/{theirs}"), "frame-ancestors 'none'"),
        ("/vs_broken".to_owned(), "frame-ancestors 'none'"),
        ("/data".to_owned(), "frame-ancestors 'none'"),
        (format!("/v1/verify/session/{own}/status"), "frame-ancestors 'none'"),
    ] {
        let answer = rp.public(Method::GET, &path).send().await.unwrap();
        assert_eq!(framed(answer.headers()), expected, "{path}");
    }
    // A cookie that comes back in a frame is given in frames that are allowed, and nowhere else.
    for (id, dest, expected) in [
        (&own, "iframe", Some("SameSite=None; Secure; Partitioned")),
        (&own, "document", None),
        (&theirs, "iframe", None),
    ] {
        let request = rp.public(Method::GET, &format!("/{id}")).header("sec-fetch-dest", dest);
        let answer = request.send().await.unwrap();
        let cookie = answer.headers().get("set-cookie").map(|value| value.to_str().unwrap());
        match expected {
            Some(end) => assert!(cookie.unwrap().ends_with(end), "{cookie:?}"),
            None => assert_eq!(cookie, None, "{dest}"),
        }
    }
}

/// A site on `localhost`, another origin and another site than our server on `127.0.0.1`.
async fn site(framed: String) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let page = format!(
        "<!doctype html><title>Shop</title><iframe src=\"{framed}\" \
         onload=\"document.title='loaded'\"></iframe>"
    );
    let router = Router::new().route("/", get(async move || Html(page.clone())));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_shows_the_page_only_where_it_is_allowed() {
    let Some(chromium) = Chromium::start().await else { return };
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await;
    let url = format!("{}/{}", server.url(), session.id);
    let shop = site(url).await;

    let opened = async || {
        let tab = chromium.window(Screen::DESKTOP).await;
        tab.open(&shop).await;
        tab.until("document.title === 'loaded'").await;
        let frame = tab.frame().await;
        (tab, frame)
    };
    let refused = "location.protocol === 'chrome-error:'";
    opened().await.1.until(refused).await;
    edit(&server, &rp, vec![ancestors(&["https://bank.example"])]).await;
    opened().await.1.until(refused).await;
    edit(&server, &rp, vec![ancestors(&[&shop])]).await;
    let (_tab, frame) = opened().await;
    frame.until_screen("consent").await;
    // What comes after it is for the browser that agreed, so that its cookie came back.
    frame.evaluate("document.querySelector('form[action*=\"/consent\"] button').click()").await;
    frame.until_screen("offer").await;
    frame.until("document.querySelector('#qr svg')").await;
}
