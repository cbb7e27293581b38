use serde_json::Value;

use super::{Kayle, Ran};

/// A data folder whose trail has four entries, and the trail exported.
fn installation() -> (Kayle, Vec<String>) {
    let (kayle, id) = Kayle::with_organization();
    kayle.json(&["org", "set", &id, "face_match=off"]);
    kayle.json(&["key", "create", "--org", &id, "--name", "canary", "--scope", "sessions:read"]);
    let lines = export(&kayle, &[]);
    assert_eq!(lines.len(), 4);
    (kayle, lines)
}

fn export(kayle: &Kayle, more: &[&str]) -> Vec<String> {
    let ran = kayle.run(&[&["audit", "export"], more].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    ran.stdout.lines().map(str::to_owned).collect()
}

fn verify_file(kayle: &Kayle, lines: &[String], more: &[&str]) -> Ran {
    kayle.write("export.jsonl", (lines.join("\n") + "\n").as_bytes());
    kayle.run(&[&["audit", "verify", "--json", "--file", "export.jsonl"], more].concat())
}

/// Asserts that this entry was found to be the first bad one.
fn assert_broken(ran: &Ran, number: u64, reason: &str) {
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    let found = ran.json();
    assert_eq!((&found["first_bad"], &found["reason"]), (&number.into(), &reason.into()));
}

#[test]
fn a_trail_verifies_and_its_head_can_be_noted() {
    let (kayle, lines) = installation();
    let verified = kayle.json(&["audit", "verify"]);
    let head = verified["head"].as_str().unwrap();
    let last: Value = serde_json::from_str(&lines[3]).unwrap();
    assert_eq!(head, format!("4:{}", last["hash"].as_str().unwrap()));
    assert_eq!(verified["unlinked"], 0);
    let actions: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["action"].clone())
        .collect();
    assert_eq!(
        actions,
        ["master_secret.bound", "organization.created", "policy.changed", "api_key.created"]
    );
    assert!(!lines.concat().contains("canary") && !lines.concat().contains("Example Bank"));

    kayle.json(&["org", "create", "Another"]);
    let human = kayle.run(&["audit", "verify", "--head", head]);
    assert_eq!(human.code, Some(0), "{}", human.stdout);
    assert!(human.stdout.contains("the trail is whole; it ends with\n5:"), "{}", human.stdout);
    let beyond = format!("6:{}", "0".repeat(64));
    let ran = kayle.run(&["audit", "verify", "--json", "--head", &beyond]);
    assert_broken(&ran, 6, "missing");
    let other = format!("4:{}", "0".repeat(64));
    assert_broken(&kayle.run(&["audit", "verify", "--json", "--head", &other]), 4, "altered");
    kayle.run(&["audit", "verify", "--head", "4"]).assert_failed(2, "USAGE");
}

/// An auditor's machine that lacks the master secret must not cry wolf, nor get one of its own.
#[test]
fn an_export_is_not_checked_under_a_master_secret_that_was_never_there() {
    let (_, lines) = installation();
    let auditor = Kayle::new();
    std::fs::create_dir(auditor.path("kayle-data")).unwrap();
    let ran = verify_file(&auditor, &lines, &[]);
    ran.assert_failed(1, "MASTER_SECRET");
    assert!(!ran.stdout.contains("altered") && ran.stderr.contains("KAYLE_MASTER_KEY_FILE"));
    assert_eq!(std::fs::read_dir(auditor.path("kayle-data")).unwrap().count(), 0);
}

#[test]
fn an_intruder_with_the_file_is_found() {
    let (kayle, _) = installation();
    let path = kayle.path("kayle-data/kayle.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let was = b"face_match=off";
    let places: Vec<usize> =
        (0..bytes.len() - was.len()).filter(|at| bytes[*at..].starts_with(was)).collect();
    assert_eq!(places.len(), 1, "the search finds the entry and nothing else");
    bytes[places[0]..places[0] + was.len()].copy_from_slice(b"face_match=OFF");
    std::fs::write(&path, bytes).unwrap();
    let ran = kayle.run(&["audit", "verify", "--json"]);
    assert_broken(&ran, 3, "altered");
    let human = kayle.run(&["audit", "verify"]);
    assert_eq!((human.code, human.stdout.trim()), (Some(1), "entry 3 is not what was written"));
}

#[test]
fn an_export_is_checked_without_the_database() {
    let (kayle, lines) = installation();
    std::fs::remove_file(kayle.path("kayle-data/kayle.db")).unwrap();
    let whole = verify_file(&kayle, &lines, &[]);
    assert_eq!(whole.code, Some(0), "{}{}", whole.stdout, whole.stderr);
    let head = whole.json()["head"].as_str().unwrap().to_owned();

    let cut = &lines[..3];
    assert_eq!(verify_file(&kayle, cut, &[]).code, Some(0));
    assert_broken(&verify_file(&kayle, cut, &["--head", &head]), 4, "missing");
    let gap = [&lines[..1], &lines[2..]].concat();
    assert_broken(&verify_file(&kayle, &gap, &[]), 2, "missing");
    assert_eq!(verify_file(&kayle, &gap, &["--allow-gaps"]).code, Some(0));
    let swapped = [&lines[..1], &lines[2..3], &lines[1..2], &lines[3..]].concat();
    assert_broken(&verify_file(&kayle, &swapped, &["--allow-gaps"]), 2, "altered");
    let twice = [&lines[..2], &lines[1..]].concat();
    assert_broken(&verify_file(&kayle, &twice, &[]), 2, "altered");
    for (from, to) in [
        ("\"operator\"", "\"page\""),
        ("face_match=off", "face_match=required"),
        ("\"number\":3", "\"number\":4"),
        ("\"session\":null", "\"session\":\"\""),
        ("\"hash\":\"", "\"hash\":\"x"),
        ("{", "{\"extra\":1,"),
        ("}", ""),
    ] {
        let mut changed = lines.clone();
        changed[2] = changed[2].replacen(from, to, 1);
        assert_ne!(changed, lines, "{from} is in the line");
        let ran = verify_file(&kayle, &changed, &["--allow-gaps"]);
        assert_eq!((ran.code, &ran.json()["verified"]), (Some(1), &Value::from(false)), "{from}");
    }
}

#[test]
fn an_export_can_be_narrowed() {
    let (kayle, lines) = installation();
    let other = kayle.json(&["org", "create", "Another"])["id"].as_str().unwrap().to_owned();
    let ours = export(&kayle, &["--organization", &other]);
    assert_eq!(ours.len(), 1);
    assert!(ours[0].starts_with("{\"number\":5,"), "{}", ours[0]);
    assert_eq!(verify_file(&kayle, &ours, &["--allow-gaps"]).code, Some(0));
    assert_eq!(export(&kayle, &["--to", "2000-01-01"]), Vec::<String>::new());
    assert_eq!(export(&kayle, &["--from", "2000-01-01"]).len(), lines.len() + 1);
    assert_eq!(export(&kayle, &["--from", "2999-01-01"]), Vec::<String>::new());
}

#[test]
fn another_master_secret_links_nothing() {
    let (kayle, lines) = installation();
    let key = kayle.path("kayle-data/master.key");
    std::fs::write(&key, "ab".repeat(32) + "\n").unwrap();
    kayle.run(&["audit", "verify"]).assert_failed(1, "DATABASE");
    kayle.run(&["org", "create", "Another"]).assert_failed(1, "DATABASE");
    assert_broken(&verify_file(&kayle, &lines, &[]), 1, "altered");
}
