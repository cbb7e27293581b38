use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::json;

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
    for step in ["APDUs", "challenge signed", "key agreement relayed", "protected command relayed"]
    {
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

#[test]
fn the_phone_command_can_be_pasted() {
    let kayle = Kayle::new();
    let mut demo = kayle
        .command(&["demo", "--interactive", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(demo.stderr.take().unwrap()).lines();
    let command = lines.find_map(|line| line.ok().filter(|line| line.contains(" phone "))).unwrap();
    let pasted = Command::new("sh").arg("-c").arg(&command).output().unwrap();
    assert!(pasted.status.success(), "{}", String::from_utf8_lossy(&pasted.stderr));
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
