//! `kill -9` between verdict and delivery loses nothing (issue item 5), with a real process.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use testkit::{WebhookSink, crash};

struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(data: &Path, listen: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_kayle"))
            .args(["serve", "--listen", listen, "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").expect("the ready line").to_owned();
        Self { process, url }
    }

    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn kayle(data: &Path, args: &[&str]) -> serde_json::Value {
    let output = Command::new(env!("CARGO_BIN_EXE_kayle"))
        .args(args)
        .arg("--data")
        .arg(data)
        .arg("--json")
        .output()
        .unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_delivers_after_it_is_back() {
    let folder = tempfile::TempDir::new().unwrap();
    let data = folder.path().join("data");
    let passport = crash::passport_on_disk(folder.path());
    let server = Server::start(&data, "127.0.0.1:0");
    let organization = kayle(&data, &["org", "create", "Example Bank"]);
    let id = organization["id"].as_str().expect("an id").to_owned();
    kayle(&data, &["org", "set", &id, "face_match=off"]);
    let scopes = "sessions:read,sessions:write,webhooks:read,webhooks:write";
    let key = kayle(&data, &["key", "create", "--org", &id, "--name", "test", "--scope", scopes]);
    kayle(&data, &["trust", "import", passport.csca.to_str().unwrap()]);
    let rp = crash::relying_party(&server.url, &id, key["key"].as_str().expect("the key"));
    let sink = WebhookSink::register(&rp).await;
    // The endpoint is away at the moment of the verdict.
    sink.answer(503);
    let session = rp.session(&[("family_name", true)]).await;
    let handoff = rp.handoff(&session.id).await;
    let link = handoff.link(&server.url);
    let phone = Command::new(env!("CARGO_BIN_EXE_kayle"))
        .args(["phone", &link, "--share", "all", "--document"])
        .arg(&passport.folder)
        .args(passport.selfie_args())
        .output()
        .unwrap();
    assert!(phone.status.success(), "{}", String::from_utf8_lossy(&phone.stderr));
    server.kill();

    sink.answer(200);
    let server = Server::start(&data, "127.0.0.1:0");
    loop {
        let delivery = sink.next().await;
        let event = sink.open(&delivery);
        assert_eq!(event["type"], "verification.attempt.succeeded");
        assert_eq!(event["data"]["claims"]["family_name"], passport.surname.as_str());
        // The first try may have been made before the kill; the one after it is what counts.
        if delivery.answered == 200 {
            break;
        }
    }
    server.kill();
}
