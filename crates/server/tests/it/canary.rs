//! Nothing of a document, and no secret, is left anywhere: not in the database, not in a log, not
//! in a URL. A real process is watched while it verifies a document full of canaries.

use std::process::Stdio;

use testkit::{PhoneSocket, TestServer, WebhookSink, simulated_passport};

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

#[test]
fn the_log_of_a_whole_demo_keeps_no_secret() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_kayle"))
        .args(["demo", "--json"])
        .env("KAYLE_LOG", "trace")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    // What the demo tells its user stands on stderr too; a line of the log names its level.
    let levels = [&b"TRACE"[..], b"DEBUG", b" INFO", b" WARN", b"ERROR"];
    let log: Vec<u8> = output
        .stderr
        .split_inclusive(|byte| *byte == b'\n')
        .filter(|line| levels.iter().any(|level| holds(line, level)))
        .flatten()
        .copied()
        .collect();
    assert!(holds(&log, b"TRACE"), "the log is verbose");
    let claims =
        result["webhook"]["data"]["claims"].as_object().expect("the demo shows the claims");
    assert!(!claims.is_empty());
    for value in claims.values().filter_map(|value| value.as_str()).filter(|value| value.len() > 5)
    {
        assert!(!holds(&log, value.as_bytes()), "the log holds a claim");
    }
    for secret in ["mobile_write_token", "kk_", "whsec_", "cancel_token=", "P<UTO"] {
        let at = log.windows(secret.len()).position(|window| window == secret.as_bytes());
        let around = at.map(|at| {
            String::from_utf8_lossy(&log[at.saturating_sub(200)..(at + 80).min(log.len())])
                .into_owned()
        });
        assert_eq!(around, None, "the log holds `{secret}`");
    }
}
