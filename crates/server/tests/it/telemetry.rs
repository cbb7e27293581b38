//! Metrics, health and log records, as an operator sees them.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::mpsc;
use std::time::Duration;

use domain::session::{Session, Transition};
use protocol::ServerMessage;
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use server::client_address::Proxies;
use server::clock::Clock as _;
use server::telemetry::catalog::{self, Kind};
use testkit::{Heard, PhoneSocket, TestServer, WebhookSink, pause, simulated_passport, within};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::process::Scene;

/// How long a machine that has much to do may take.
const SOON: Duration = Duration::from_secs(60);

/// Samples by name and labels, as in `name{a="b"}`.
struct Samples(BTreeMap<String, f64>);

impl Samples {
    fn of(server: &TestServer) -> Self {
        Self::read(&server.metrics())
    }

    fn read(text: &str) -> Self {
        let samples = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self(
            samples
                .map(|line| {
                    let (name, value) = line.rsplit_once(' ').expect("NAME VALUE");
                    (name.to_owned(), value.parse().expect("a number"))
                })
                .collect(),
        )
    }

    /// A sample that nobody has written yet stands at zero.
    fn get(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(0.0)
    }

    #[track_caller]
    fn assert(&self, expected: &[(&str, f64)]) {
        for (name, value) in expected {
            assert!((self.get(name) - value).abs() < 1e-9, "{name} is {}", self.get(name));
        }
    }
}

/// Waits until a metric stands where it must come to stand.
async fn until(server: &TestServer, name: &str, value: f64) {
    within(SOON, name, async {
        while (Samples::of(server).get(name) - value).abs() > 1e-9 {
            pause().await;
        }
    })
    .await;
}

/// A whole verification, with a mint that is repeated, a hello that is refused and a resume.
async fn verification(server: &TestServer) -> Vec<String> {
    let rp = server.relying_party().await;
    let sink = WebhookSink::register(&rp).await;
    let passport = simulated_passport(server).await;
    let session = rp.session(&[("family_name", true)]).await;
    let handoff = rp.handoff(&session.id).await;
    assert_eq!(rp.handoff(&session.id).await, handoff);
    let phone = PhoneSocket::claimed(server, &handoff, "phone").await;
    until(server, "kayle_sockets", 1.0).await;
    drop(phone);
    let (_, heard) = PhoneSocket::hello(server, &handoff, "other").await;
    assert_eq!(heard.error_code(), "HANDOFF_DEVICE_MISMATCH");
    let mut phone = PhoneSocket::claimed(server, &handoff, "phone").await;
    phone.begin().await;
    phone.prove(&passport).await;
    let heard = phone.share(&session.id, &["family_name", "kayle_document_id"]).await;
    assert!(matches!(heard, Heard::Message(ServerMessage::ShareReady { .. })));
    drop(phone);
    sink.next().await;
    vec![
        session.id,
        session.cancel_token,
        handoff.attempt_id,
        handoff.token,
        rp.organization.to_string(),
        rp.key,
        sink.secret,
        passport.surname,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_is_counted_at_every_step() {
    let server = TestServer::start().await;
    verification(&server).await;
    until(&server, "kayle_sockets", 0.0).await;
    until(&server, r#"kayle_webhook_deliveries_total{result="2xx"}"#, 1.0).await;
    let samples = Samples::of(&server);
    samples.assert(&[
        ("kayle_sessions_created_total", 1.0),
        (r#"kayle_mints_total{result="new"}"#, 1.0),
        (r#"kayle_mints_total{result="reused"}"#, 1.0),
        ("kayle_claims_total", 1.0),
        ("kayle_resumes_total", 1.0),
        (r#"kayle_verdicts_total{code="accepted"}"#, 1.0),
        (r#"kayle_refusals_total{surface="socket",code="HANDOFF_DEVICE_MISMATCH"}"#, 1.0),
        (r#"kayle_sockets_closed_total{code="peer"}"#, 2.0),
        (r#"kayle_sockets_closed_total{code="1008"}"#, 1.0),
        ("kayle_socket_duration_seconds_count", 3.0),
        (r#"kayle_step_duration_seconds_count{step="hello"}"#, 2.0),
        (r#"kayle_step_duration_seconds_count{step="nfc_complete"}"#, 1.0),
        (r#"kayle_step_duration_seconds_count{step="selfie_complete"}"#, 1.0),
        (r#"kayle_step_duration_seconds_count{step="share"}"#, 1.0),
        (r#"kayle_message_duration_seconds_count{message="hello"}"#, 3.0),
        (r#"kayle_http_requests_total{method="POST",route="/v1/sessions",status="201"}"#, 1.0),
        (r#"kayle_http_request_duration_seconds_count{route="/v1/sessions"}"#, 1.0),
        ("kayle_http_requests_in_progress", 0.0),
        ("kayle_webhook_duration_seconds_count", 1.0),
        ("kayle_store_commit_failures_total", 0.0),
        ("kayle_store_listening", 1.0),
    ]);
    assert!(samples.get("kayle_proof_duration_seconds_count") >= 1.0);
    assert!(samples.get("kayle_store_commit_units_sum") >= 10.0, "each write is a unit");
    assert!(samples.get("process_resident_memory_bytes") > 1e6);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sample_is_described_and_has_the_labels_of_the_catalog_and_no_id() {
    let server = TestServer::start().await;
    let secrets = verification(&server).await;
    let text = server.metrics();
    for metric in catalog::ALL {
        let kind = format!("# TYPE {} {}\n", metric.name, metric.kind.as_str());
        if text.contains(&kind) {
            assert!(text.contains(&format!("# HELP {} {}\n", metric.name, metric.help)));
        }
    }
    let mut names = BTreeSet::new();
    for sample in Samples::read(&text).0.keys() {
        let (name, labels) = sample.split_once('{').unwrap_or((sample, "}"));
        let base = |metric: &&catalog::Metric| match metric.kind {
            Kind::Histogram(_) => ["_bucket", "_sum", "_count"]
                .iter()
                .any(|part| name.strip_suffix(part) == Some(metric.name)),
            _ => name == metric.name,
        };
        let metric = catalog::ALL.iter().find(base).unwrap_or_else(|| panic!("unknown {name}"));
        names.insert(metric.name);
        let labels: Vec<&str> = labels
            .trim_end_matches('}')
            .split(',')
            .filter_map(|label| Some(label.split_once('=')?.0))
            .filter(|label| *label != "le")
            .collect();
        assert_eq!(labels, metric.labels, "{sample}");
    }
    assert!(names.len() > 20, "{names:?}");
    for secret in secrets {
        assert!(!text.contains(&secret), "a metric holds {secret}");
    }
    assert!(!text.contains("127.0.0.1"), "a metric holds an address");
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_make_no_labels() {
    let server = TestServer::start().await;
    let client = Client::builder().no_proxy().build().unwrap();
    for number in 0..20 {
        let method = Method::from_bytes(format!("M{number}").as_bytes()).unwrap();
        let url = format!("{}/nowhere/{number}", server.url());
        client.request(method, url).send().await.unwrap();
    }
    let url = format!("{}/v1/sessions/{}", server.url(), "x".repeat(67));
    assert_eq!(client.get(url).send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    Samples::of(&server).assert(&[
        (r#"kayle_http_requests_total{method="other",route="none",status="404"}"#, 20.0),
        (r#"kayle_refusals_total{surface="http",code="ROUTE_NOT_FOUND"}"#, 20.0),
        (r#"kayle_refusals_total{surface="http",code="UNAUTHORIZED"}"#, 1.0),
        (r#"kayle_http_requests_total{method="GET",route="/v1/sessions/{id}",status="401"}"#, 1.0),
    ]);
    let text = server.metrics();
    assert!(!text.contains("M7") && !text.contains("nowhere") && !text.contains("xxx"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_client_left_is_recorded_as_aborted() {
    let server = TestServer::start().await;
    let session = server.relying_party().await.session(&[]).await;
    // A unit that holds the writer, so that the mint behind it has to wait.
    let (release, held) = mpsc::channel::<()>();
    let (store, id, now) =
        (server.store().clone(), session.id.parse().unwrap(), server.clock.now());
    let hold = tokio::spawn(async move {
        let unit = move |session: Session| {
            let _ = held.recv();
            Ok::<_, Infallible>(Transition::unchanged(session))
        };
        store.session(&id, now, unit).await
    });
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let path = format!("/v1/verify/session/{}/handoff", session.id);
    let request = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    until(&server, "kayle_http_requests_in_progress", 1.0).await;
    drop(stream);
    let route = "/v1/verify/session/{id}/handoff";
    let aborted =
        format!(r#"kayle_http_requests_total{{method="POST",route="{route}",status="aborted"}}"#);
    until(&server, &aborted, 1.0).await;
    Samples::of(&server).assert(&[("kayle_http_requests_in_progress", 0.0)]);
    drop(release);
    hold.await.unwrap().unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_of_one_process_do_not_count_into_each_other() {
    let (one, other) = (TestServer::start().await, TestServer::start().await);
    one.relying_party().await.session(&[]).await;
    Samples::of(&one).assert(&[("kayle_sessions_created_total", 1.0)]);
    Samples::of(&other).assert(&[("kayle_sessions_created_total", 0.0)]);
}

async fn request_id(server: &TestServer, given: Option<&str>) -> (String, Value) {
    let client = Client::builder().no_proxy().build().unwrap();
    let mut request = client.get(format!("{}/v1/sessions", server.url()));
    if let Some(given) = given {
        request = request.header("x-request-id", given);
    }
    let answer = request.send().await.unwrap();
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    (id, answer.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_a_request_id_that_only_a_trusted_proxy_may_choose() {
    let server = TestServer::start().await;
    let (first, body) = request_id(&server, None).await;
    let (second, _) = request_id(&server, Some("chosen")).await;
    assert!(first.len() >= 12 && first != second && second != "chosen");
    let members: Vec<&String> = body["error"].as_object().unwrap().keys().collect();
    assert_eq!(members, ["code", "message", "hint", "docs"], "the envelope stays as it is");

    let proxies = Proxies { trusted: vec!["127.0.0.0/8".parse().unwrap()], ..Proxies::default() };
    let behind = TestServer::start_with(|options| options.edge.proxies = proxies).await;
    assert_eq!(request_id(&behind, Some("chosen-1")).await.0, "chosen-1");
    assert_ne!(request_id(&behind, Some("level=error x")).await.0, "level=error x");
}

async fn health(url: &str) -> (StatusCode, Value) {
    let client = Client::builder().no_proxy().build().unwrap();
    let answer = client.get(url).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_on_both_listeners_and_metrics_on_one() {
    let server = TestServer::start().await;
    for base in [server.url(), server.operator_url()] {
        let (status, body) = health(&format!("{base}/healthz")).await;
        assert_eq!((status, body["status"].as_str()), (StatusCode::OK, Some("alive")));
        let (status, body) = health(&format!("{base}/readyz")).await;
        assert_eq!((status, body["status"].as_str()), (StatusCode::OK, Some("ready")), "{body}");
    }
    let (status, _) = health(&format!("{}/metrics", server.url())).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "strangers see no metrics");
    let answer = reqwest::get(format!("{}/metrics", server.operator_url())).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert!(answer.text().await.unwrap().contains("kayle_build_info{version="));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_database_is_away_is_alive_and_not_ready() {
    let server = TestServer::start().await;
    let url = format!("{}/readyz", server.url());
    assert_eq!(health(&url).await.0, StatusCode::OK);
    server.store().close().await.unwrap();
    assert_eq!(health(&url).await.0, StatusCode::OK, "the last answer is good for a second");
    server.clock.advance(Duration::from_secs(1));
    let (status, body) = health(&url).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body["database"], "does_not_answer");
    assert_eq!(health(&format!("{}/healthz", server.url())).await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_answer_is_not_repeated_when_the_clock_is_set_back() {
    let server = TestServer::start().await;
    let url = format!("{}/readyz", server.url());
    assert_eq!(health(&url).await.0, StatusCode::OK);
    server.store().close().await.unwrap();
    server.clock.set_back(Duration::from_secs(3600));
    assert_eq!(health(&url).await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draining_server_says_so_until_it_has_stopped() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await;
    let handoff = rp.handoff(&session.id).await;
    // It does not answer the close frame, so that the server goes on draining.
    let phone = PhoneSocket::claimed(&server, &handoff, "phone").await;
    let operator = server.operator_url();
    let stop = tokio::spawn(server.stop());
    let draining = async {
        loop {
            let (status, body) = health(&format!("{operator}/readyz")).await;
            if status == StatusCode::SERVICE_UNAVAILABLE {
                return body;
            }
        }
    };
    let body = within(SOON, "draining", draining).await;
    assert_eq!(body["status"], "draining");
    assert_eq!(health(&format!("{operator}/healthz")).await.0, StatusCode::OK);
    drop(phone);
    within(SOON, "the stop", stop).await.unwrap();
    // Whoever else has the port by now says something else.
    let client = Client::builder().no_proxy().build().unwrap();
    let said = match client.get(format!("{operator}/readyz")).send().await {
        Ok(answer) => answer.text().await.unwrap_or_default(),
        Err(_) => String::new(),
    };
    assert!(!said.contains("draining"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_sockets_and_webhooks_leave_one_record_each() {
    let environment = [("KAYLE_LOG", "info"), ("KAYLE_LOG_FORMAT", "json")];
    let mut scene =
        Scene::start_with(environment.map(|(name, value)| (name, value.to_owned())).into()).await;
    let session = scene.rp.session(&[("family_name", true)]).await;
    let handoff = scene.rp.handoff(&session.id).await;
    scene.phone(&handoff, &[]);
    scene.sink.next().await;
    scene.rp.get("/v1/sessions/nobody").await;
    let log = String::from_utf8(scene.end_and_read_log()).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let records = |target: &str, message: &str| -> Vec<&Value> {
        let ours = |line: &&Value| line["target"] == target && line["message"] == message;
        lines.iter().filter(ours).collect()
    };
    let of_route = |method: &str, route: &str| -> Vec<&Value> {
        let answered = records("kayle::request", "answered").into_iter();
        answered.filter(|line| line["method"] == method && line["route"] == route).collect()
    };

    let created = of_route("POST", "/v1/sessions");
    assert_eq!((created.len(), &created[0]["status"]), (1, &201.into()));
    assert!(created[0]["duration_ms"].as_f64().unwrap() > 0.0);
    assert!(created[0].get("code").is_none() && created[0].get("session").is_none());
    let refused = of_route("GET", "/v1/sessions/{id}");
    assert_eq!(refused[0]["code"], "INVALID_SESSION_ID");
    let minted = of_route("POST", "/v1/verify/session/{id}/handoff");
    assert_eq!(minted[0]["session"], session.id[..11]);

    let opened = records("kayle::socket", "opened");
    let closed = records("kayle::socket", "closed");
    assert_eq!((opened.len(), closed.len()), (1, 1));
    assert_eq!(closed[0]["session"], session.id[..11]);
    assert!(closed[0]["messages"].as_u64().unwrap() > 8);
    assert!(closed[0]["duration_ms"].as_f64().unwrap() > 0.0);
    let upgraded = of_route("GET", "/v1/verify/session/{id}");
    assert_eq!(upgraded[0]["status"], 101);
    assert_eq!(closed[0]["span"]["request_id"], upgraded[0]["request_id"], "they are of a piece");

    let delivered = records("kayle::webhook", "answered");
    assert_eq!((delivered.len(), &delivered[0]["status"]), (1, &200.into()));
    assert_eq!(delivered[0]["event"], "verification.attempt.succeeded");
    assert!(delivered[0]["duration_ms"].as_f64().unwrap() > 0.0);
    assert!(!log.contains(&session.id), "a whole session id can ask for a handoff");
}
