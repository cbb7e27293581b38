//! Nothing of a document, and no secret, is left anywhere: not in the database, not in a log, not
//! in a URL. A real process is watched while it verifies a document full of canaries.

use reqwest::Method;
use testkit::{PhoneSocket, TestServer, WebhookSink, simulated_passport};

use crate::process::Scene;

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && haystack.windows(needle.len()).any(|window| window == needle)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_keeps_no_claim_no_chip_byte_and_no_secret() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let sink = WebhookSink::register(&rp).await;
    sink.answer(500);
    let passport = simulated_passport(&server).await;
    let fields =
        ["family_name", "given_names", "document_number", "date_of_birth", "document_photo"];
    let session = rp.session(&fields.map(|field| (field, true))).await;
    let handoff = rp.handoff(&session.id).await;
    let mut phone = PhoneSocket::claimed(&server, &handoff, "canary-device-id").await;
    phone.begin().await;
    phone.prove(&passport).await;
    let mut keys = fields.to_vec();
    keys.push("kayle_document_id");
    phone.share(&session.id, &keys).await;
    let delivery = sink.next().await;
    let event = sink.open(&delivery);

    drop(phone);
    let folder = server.stop().await;
    let mut database = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        database.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    assert!(holds(&database, session.id.as_bytes()), "the search finds what is there");
    let mut canaries: Vec<(&str, Vec<u8>)> = vec![
        ("handoff token", handoff.token.clone().into_bytes()),
        ("cancel token", session.cancel_token.clone().into_bytes()),
        ("device id", b"canary-device-id".to_vec()),
        ("API key", rp.key.clone().into_bytes()),
        ("signing secret", sink.secret.clone().into_bytes()),
        ("MRZ", passport.dg1[5..].to_vec()),
        ("portrait", passport.dg2[200..264].to_vec()),
        ("SOD", passport.sod[60..124].to_vec()),
    ];
    for (key, value) in event["data"]["claims"].as_object().unwrap() {
        canaries.push(("claim", value.as_str().expect(key).as_bytes().to_vec()));
    }
    for (name, canary) in canaries {
        assert!(!holds(&database, &canary), "the database holds the {name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_logs_of_server_and_phone_keep_no_secret() {
    let scene = Scene::start("trace").await;
    let session = scene.rp.session(&[("family_name", true), ("document_number", true)]).await;
    let handoff = scene.rp.handoff(&session.id).await;
    let phone = scene.phone(&handoff, &[("KAYLE_LOG", "trace")]);
    let event = scene.sink.open(&scene.sink.next().await);
    let page = scene.rp.public(Method::GET, &format!("/{}", session.id)).send().await.unwrap();
    let shown = [phone.stdout, page.text().await.unwrap().into_bytes()].concat();
    let server_log = scene.stop_and_read_log();
    assert!(
        holds(&server_log, b"TRACE") && holds(&phone.stderr, b"TRACE"),
        "both logs are verbose"
    );
    let logs = [server_log, phone.stderr].concat();

    let mut canaries: Vec<(&str, Vec<u8>)> = vec![
        ("handoff token", handoff.token.into_bytes()),
        ("cancel token", session.cancel_token.into_bytes()),
        ("API key", scene.rp.key.clone().into_bytes()),
        ("signing secret", scene.sink.secret.clone().into_bytes()),
        ("master secret", scene.master_secret.trim().as_bytes().to_vec()),
        ("MRZ", b"P<UTO".to_vec()),
    ];
    for (key, value) in event["data"]["claims"].as_object().unwrap() {
        canaries.push(("claim", value.as_str().expect(key).as_bytes().to_vec()));
    }
    for (name, canary) in canaries {
        assert!(!holds(&logs, &canary), "a log holds the {name}");
        assert!(!holds(&shown, &canary), "the page or the phone shows the {name}");
    }
}
