//! The audit trail of whole verifications: what it tells, and what it must never hold.

use std::process::Command;

use reqwest::Method;
use serde_json::Value;
use testkit::PageBrowser;

use crate::process::Scene;

fn kayle(scene: &Scene, args: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_kayle"))
        .args(args)
        .arg("--data")
        .arg(scene.data())
        .output()
        .unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stdout));
    output.stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_of_whole_verifications_holds_nothing_personal() {
    let mut scene = Scene::start("info").await;
    let mut canaries: Vec<(&str, String)> = Vec::new();
    let mut sessions = Vec::new();
    for _ in 0..2 {
        let fields = ["family_name", "given_names", "document_number", "date_of_birth"];
        let session = scene.rp.session(&fields.map(|field| (field, true))).await;
        let handoff = scene.rp.handoff(&session.id).await;
        scene.phone(&handoff, &[]);
        let event = scene.sink.open(&scene.sink.next().await);
        for value in event["data"]["claims"].as_object().unwrap().values() {
            canaries.push(("claim", value.as_str().unwrap().to_owned()));
        }
        canaries.push(("handoff token", handoff.token));
        canaries.push(("cancel token", session.cancel_token));
        sessions.push(session.id);
    }
    let opened = scene.rp.session(&[]).await;
    PageBrowser::at(scene.url()).open(&opened.id).await;
    let cancelled = scene.rp.session(&[]).await;
    let path = format!("/v1/sessions/{}/cancel", cancelled.id);
    let answer = scene.rp.request(Method::POST, &path).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    canaries.extend([
        ("API key", scene.rp.key.clone()),
        ("signing secret", scene.sink.secret.clone()),
        ("master secret", scene.master_secret.trim().to_owned()),
        ("name of the organization", "Example Bank".to_owned()),
        ("address", "127.0.0.1".to_owned()),
        ("URL", "http".to_owned()),
        ("place on the disk", scene.data().to_str().unwrap().to_owned()),
    ]);

    kayle(&scene, &["audit", "verify"]);
    let export = String::from_utf8(kayle(&scene, &["audit", "export"])).unwrap();
    for (name, canary) in canaries {
        assert!(!export.contains(&canary), "the trail holds the {name}");
    }
    let told = |session: &str| -> Vec<(String, String)> {
        let lines = export.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let about = lines.filter(|line| line["session"] == session);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        about.map(|line| (text(&line["actor"]), text(&line["action"]))).collect()
    };
    for session in &sessions {
        let told = told(session);
        let actions: Vec<&str> = told.iter().map(|(_, action)| action.as_str()).collect();
        assert_eq!(
            actions,
            [
                "session.created",
                "handoff.minted",
                "handoff.claimed",
                "device.proven",
                "attempt.succeeded",
                "session.completed"
            ]
        );
        assert!(told[0].0.starts_with("key:"), "{}", told[0].0);
        assert_eq!((told[1].0.as_str(), told[2].0.as_str()), ("anyone", "phone"), "no page asked");
    }
    let opened: Vec<_> = told(&opened.id).into_iter().skip(1).collect();
    let page = |action: &str| ("page".to_owned(), action.to_owned());
    assert_eq!(opened, [page("browser.bound"), page("consent.given"), page("handoff.minted")]);
    let end = told(&cancelled.id).pop().unwrap();
    assert!(end.0.starts_with("key:") && end.1 == "session.cancelled", "{end:?}");
    let log = String::from_utf8(scene.stop_and_read_log()).unwrap();
    assert!(log.contains("audit trail"), "the head is logged");
}
