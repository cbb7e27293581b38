use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use reqwest::header::{COOKIE, LOCATION, REFRESH, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, Url};
use serde_json::json;
use testkit::PageBrowser;

use super::{Kayle, Ran};

fn assert_whole(report: &serde_json::Value) {
    let claims = &report["webhook"]["data"]["claims"];
    assert_eq!(report["webhook"]["type"], "verification.attempt.succeeded");
    assert_eq!(claims["family_name"], "ERIKSSON");
    assert_eq!(claims["given_names"], "ANNA MARIA");
    assert_eq!(claims["age_over_18"], true);
    assert_eq!(report["signature_verified"], true);
    assert_eq!(report["claims_match"], true);
    let assurance = &report["webhook"]["data"]["assurance"];
    assert_eq!(assurance["face_match"], "off");
    assert_eq!(assurance["chip_proof"], "chip_authentication");
    assert_eq!(assurance["active_authentication"], "proven");
    assert_eq!(assurance["phone_reported"]["access"], "pace_gm");
    assert!(report["steps"].as_array().unwrap().len() >= 8);
}

#[test]
fn a_whole_verification_runs_and_leaves_nothing() {
    let kayle = Kayle::new();
    let temporary = kayle.path("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let run =
        |args: &[&str]| Ran::from(kayle.command(args).env("TMPDIR", &temporary).output().unwrap());
    let ran = run(&["demo", "--json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let report = ran.json();
    assert_whole(&report);
    let assurance = &report["webhook"]["data"]["assurance"];
    for (key, value) in [
        ("device_proof", json!(true)),
        ("match_code", json!("confirmed")),
        ("same_network", json!(true)),
        ("flow", json!("cross_device")),
        ("browser_bound", json!(true)),
    ] {
        assert_eq!(assurance[key], value, "{key}");
    }
    let told = report["steps"].to_string();
    for step in [
        "another browser is refused",
        "response code exchanged",
        "APDUs",
        "challenge signed",
        "key agreement relayed",
        "protected command relayed",
    ] {
        assert!(told.contains(step), "{step}: {told}");
    }
    assert!(report["duration_ms"].as_u64().unwrap() < 20_000);

    let human = run(&["demo"]);
    assert_eq!(human.code, Some(0), "{}", human.stderr);
    for expected in [
        "/vs_",
        "█",
        "ERIKSSON",
        "simulated",
        "Face match is off",
        "match_code     confirmed",
        "STEP",
    ] {
        assert!(human.stdout.contains(expected), "{expected}: {}", human.stdout);
    }
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
    assert!(!kayle.path("kayle-data").exists());
}

/// The person of an interactive demo, at their browser.
struct Person {
    client: Client,
    shop: String,
    cookie: String,
}

impl Person {
    async fn at(shop: &str) -> Self {
        let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        let home = client.get(shop).send().await.unwrap();
        let cookie = home.headers()[SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Self { client, shop: shop.to_owned(), cookie }
    }

    async fn go(&self, method: Method, url: &str) -> Response {
        self.client.request(method, url).header(COOKIE, &self.cookie).send().await.unwrap()
    }

    /// Presses the button of the start page: where the server is, and the session.
    async fn start(&self) -> (String, String) {
        let started = self.go(Method::POST, &format!("{}start", self.shop)).await;
        let page = Url::parse(started.headers()[LOCATION].to_str().unwrap()).unwrap();
        (page.origin().ascii_serialization(), page.path().trim_start_matches('/').to_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interactive_demo_is_a_persons_to_walk() {
    let kayle = Kayle::new();
    let mut demo = kayle
        .command(&["demo", "--interactive", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(demo.stderr.take().unwrap()).lines().map_while(Result::ok);
    let shop = lines.find(|line| line.starts_with("http://127.0.0.1:")).unwrap();
    let command = lines.find(|line| line.contains(" phone LINK ")).unwrap();

    let person = Person::at(&shop).await;
    let (kayle_url, session) = person.start().await;
    let mut browser = PageBrowser::at(&kayle_url);
    browser.page(&session).await;
    let step = async |browser: &PageBrowser, name: &str| {
        let path = format!("/{session}/{name}");
        browser.request(Method::POST, &path).send().await.unwrap()
    };
    if browser.cookie.is_none() {
        let given = step(&browser, "open").await;
        let cookie = given.headers()[SET_COOKIE].to_str().unwrap();
        browser.cookie = Some(cookie.split(';').next().unwrap().to_owned());
    }
    assert_eq!(step(&browser, "open").await.status(), 200);
    assert!(step(&browser, "consent").await.status().is_redirection());
    let (status, handoff) = browser.mint(&session).await;
    assert_eq!(status, 200, "{handoff}");

    // "Copy link", pasted into the command.
    let command = command.replace("LINK", &format!("'{}'", handoff["link"].as_str().unwrap()));
    let mut phone = Command::new("sh")
        .arg("-c")
        .arg(format!("{command} --match-code -"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut seen: Option<String> = None;
    let code = loop {
        let (_, live) = browser.live(&session, seen.as_deref()).await;
        if let Some(code) = live["match_code"].as_str() {
            break code.to_owned();
        }
        seen = live["revision"].as_str().map(str::to_owned);
    };
    writeln!(phone.stdin.take().unwrap(), "{code}").unwrap();
    let phone = phone.wait_with_output().unwrap();
    assert!(phone.status.success(), "{}", String::from_utf8_lossy(&phone.stderr));

    let way_back = step(&browser, "return").await.headers()[LOCATION].to_str().unwrap().to_owned();
    let back = person.go(Method::GET, &way_back).await;
    let result = back.headers()[LOCATION].to_str().unwrap();
    let result = format!("{}{}", shop.trim_end_matches('/'), result);
    // The demo ends when the result was shown.
    while person.go(Method::GET, &result).await.headers().contains_key(REFRESH) {}
    let ran = Ran::from(demo.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(0));
    assert_whole(&ran.json());
}

#[test]
fn an_interrupted_demo_leaves_nothing() {
    let kayle = Kayle::new();
    let temporary = kayle.path("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let mut demo = kayle
        .command(&["demo", "--interactive"])
        .env("TMPDIR", &temporary)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.is_ok_and(|line| line.contains(" phone "))));
    assert!(std::fs::read_dir(&temporary).unwrap().count() > 0);
    let killed = Command::new("kill").args(["-INT", &demo.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(demo.wait().unwrap().code(), Some(1));
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
}
