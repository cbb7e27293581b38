use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, REFRESH, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use testkit::way_on;

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
    assert!(report["steps"].as_array().unwrap().len() >= 8);
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

/// One site in the browser of a person, with the cookie that it set. Redirects are not followed.
struct Site {
    client: Client,
    url: String,
    cookie: String,
}

impl Site {
    async fn first(method: Method, url: &str) -> Self {
        let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        let mut site = Self { client, url: url.to_owned(), cookie: String::new() };
        let answer = site.go(method, "").await;
        let cookie = answer.headers()[SET_COOKIE].to_str().unwrap();
        site.cookie = cookie.split(';').next().unwrap().to_owned();
        site
    }

    async fn go(&self, method: Method, path: &str) -> Response {
        let request = self.client.request(method, format!("{}{path}", self.url));
        request.header(COOKIE, &self.cookie).send().await.unwrap()
    }

    /// Sends a form; where its answer leads.
    async fn submit(&self, path: &str) -> String {
        let form = self.client.post(format!("{}{path}", self.url)).body("lang=en");
        let form = form.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = form.header(COOKIE, &self.cookie).send().await.unwrap();
        assert_eq!(answer.status(), 303, "{path}");
        answer.headers()[LOCATION].to_str().unwrap().to_owned()
    }

    async fn json(&self, method: Method, path: &str) -> Value {
        self.go(method, path).await.json().await.unwrap()
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
    let shop_url = lines.find(|line| line.starts_with("http://127.0.0.1:")).unwrap();
    let command = lines.find(|line| line.contains(" phone LINK ")).unwrap();

    let shop = Site::first(Method::GET, shop_url.trim_end_matches('/')).await;
    let started = shop.submit("/start").await;
    // The page's script gets a cookie, and is let in with it.
    let page_url = started.split('#').next().unwrap();
    let mut page = Site::first(Method::POST, &format!("{page_url}/open")).await;
    page.url = page_url.to_owned();
    assert_eq!(page.json(Method::POST, "/open").await["again"], false);
    page.submit("/consent").await;
    let handoff = page.json(Method::POST, "/handoff").await;

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
    let mut seen = String::new();
    let code = loop {
        let live = page.json(Method::GET, &format!("/live?seen={seen}")).await;
        assert_eq!(live["is_terminal"], false);
        if let Some(code) = live["match_code"].as_str() {
            break code.to_owned();
        }
        live["revision"].as_str().unwrap().clone_into(&mut seen);
    };
    writeln!(phone.stdin.take().unwrap(), "{code}").unwrap();
    let phone = phone.wait_with_output().unwrap();
    assert!(phone.status.success(), "{}", String::from_utf8_lossy(&phone.stderr));

    let way_back = page.go(Method::POST, "/return").await.text().await.unwrap();
    let way_back = way_on(&way_back).unwrap();
    let way_back = way_back.strip_prefix(&shop.url).expect("the relying party's own address");
    let back = shop.go(Method::GET, way_back).await;
    let result = back.headers()[LOCATION].to_str().unwrap().to_owned();
    // The demo ends when the result was shown.
    while shop.go(Method::GET, &result).await.headers().contains_key(REFRESH) {}
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
