use std::fs::File;

use serde_json::{Value, json};

use super::Kayle;

/// Where SQLite keeps `user_version` in the header of a file.
const USER_VERSION: std::ops::Range<usize> = 60..64;

#[test]
fn a_check_says_what_is_pending_and_changes_nothing() {
    let kayle = Kayle::new();
    kayle.run(&["migrate", "--check"]).assert_failed(1, "NO_DATA");
    kayle.run(&["migrate"]).assert_failed(1, "NO_DATA");

    let file = kayle.write("kayle-data/kayle.db", b"");
    let ran = kayle.run(&["migrate", "--check", "--json"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let state = ran.json();
    let known = state["known"].as_i64().unwrap();
    assert_eq!(state["found"], 0);
    assert_eq!(state["pending"].as_array().unwrap().len() as i64, known);
    assert_eq!(state["pending"][0], "0001_initial");
    assert_eq!(std::fs::metadata(&file).unwrap().len(), 0, "nothing was written");

    let applied = kayle.json(&["migrate"]);
    assert_eq!(applied["applied"], state["pending"]);
    let done = json!({ "found": known, "known": known, "pending": [] });
    assert_eq!(kayle.json(&["migrate", "--check"]), done);
    assert_eq!(kayle.json(&["migrate"]), done);
    assert!(kayle.run(&["migrate", "--check"]).stdout.contains("up to date"));
}

#[test]
fn a_file_of_a_newer_version_is_left_alone() {
    let (kayle, _) = Kayle::with_organization();
    let file = kayle.path("kayle-data/kayle.db");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[USER_VERSION].copy_from_slice(&1000_u32.to_be_bytes());
    std::fs::write(&file, &bytes).unwrap();
    for args in [&["migrate", "--check"][..], &["migrate"]] {
        kayle.run(args).assert_failed(1, "DATABASE");
        assert_eq!(std::fs::read(&file).unwrap(), bytes);
    }
}

/// An empty database; `None` where there is no PostgreSQL.
async fn database() -> Option<testkit::PostgresDatabase> {
    testkit::PostgresDatabase::new().await
}

fn move_to(url: &str) -> [&str; 6] {
    ["migrate", "sqlite-to-postgres", "--from", "kayle-data", "--to", url]
}

/// An installation with a key, a trusted certificate, and what a server leaves.
fn installation() -> (Kayle, String) {
    let (kayle, org) = Kayle::with_organization();
    kayle.json(&["org", "set", &org, "face_match=off"]);
    let csca = kayle.write("csca.der", super::utopia().csca());
    kayle.json(&["trust", "import", csca.to_str().unwrap()]);
    let key = kayle.json(&[
        "key",
        "create",
        "--org",
        &org,
        "--name",
        "x",
        "--scope",
        "sessions:read,sessions:write",
    ]);
    (kayle, key["key"].as_str().unwrap().to_owned())
}

async fn status(url: &str, key: &str, path: &str) -> (u16, Value) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = client.get(format!("{url}{path}")).bearer_auth(key).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_moves_whole_and_goes_on() {
    let Some(database) = database().await else { return };
    let (kayle, key) = installation();
    let id = {
        let server = kayle.serve();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/v1/sessions", server.url);
        let created = client.post(url).bearer_auth(&key).json(&json!({})).send().await.unwrap();
        let created: Value = created.json().await.unwrap();
        kayle.run(&move_to(&database.url)).assert_failed(1, "SERVER");
        created["data"]["id"].as_str().unwrap_or_else(|| panic!("{created}")).to_owned()
    };
    let before = std::fs::read(kayle.path("kayle-data/kayle.db")).unwrap().len();
    let moved = kayle.json(&move_to(&database.url));
    let rows = |name: &str| {
        let tables = moved["tables"].as_array().unwrap();
        tables.iter().find(|table| table["name"] == name).unwrap()["rows"].as_u64().unwrap()
    };
    for table in ["organizations", "api_keys", "sessions", "trust_items", "installation"] {
        assert_eq!(rows(table), 1, "{table}");
    }
    assert!(std::fs::read(kayle.path("kayle-data/kayle.db")).unwrap().len() >= before);

    // The audit trail goes on unbroken; the same key opens the same session there.
    kayle.json(&["audit", "verify", "--database", &database.url]);
    let mut server = kayle
        .command(&["serve", "--listen", "127.0.0.1:0", "--database", &database.url])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = std::io::BufReader::new(server.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    let url = line.trim_end().strip_prefix("listening on ").expect("the ready line");
    let (code, body) = status(url, &key, &format!("/v1/sessions/{id}")).await;
    assert_eq!((code, body["data"]["id"].as_str()), (200, Some(id.as_str())));
    server.kill().unwrap();
    server.wait().unwrap();

    // A second time there is something in the way; and another secret does not fit.
    kayle.run(&move_to(&database.url)).assert_failed(1, "DATABASE");
    let stranger = Kayle::new();
    let args = ["serve", "--listen", "127.0.0.1:0", "--database", &database.url];
    stranger.run(&args).assert_failed(1, "DATABASE");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_moved_whole_is_not_moved() {
    let Some(database) = database().await else { return };
    let (kayle, _) = installation();
    let file = kayle.path("kayle-data/kayle.db");

    let elsewhere = ["migrate", "sqlite-to-postgres", "--from", "nowhere", "--to", &database.url];
    kayle.run(&elsewhere).assert_failed(1, "NO_DATA");
    kayle.run(&move_to("sqlite:other.db")).assert_failed(2, "USAGE");

    let whole = std::fs::read(&file).unwrap();
    let mut older = whole.clone();
    older[USER_VERSION].copy_from_slice(&1_u32.to_be_bytes());
    std::fs::write(&file, older).unwrap();
    let ran = kayle.run(&move_to(&database.url));
    ran.assert_failed(1, "DATABASE");
    assert!(ran.stderr.contains("pending"), "{}", ran.stderr);
    std::fs::write(&file, whole).unwrap();

    // Whatever runs holds the lock of its folder.
    let lock = File::create(kayle.path("kayle-data/serve.lock")).unwrap();
    lock.lock().unwrap();
    kayle.run(&move_to(&database.url)).assert_failed(1, "SERVER");
    drop(lock);

    kayle.json(&["org", "create", "In the way", "--database", &database.url]);
    let ran = kayle.run(&move_to(&database.url));
    ran.assert_failed(1, "DATABASE");
    assert!(ran.stderr.contains("the target is not empty"), "{}", ran.stderr);
}
