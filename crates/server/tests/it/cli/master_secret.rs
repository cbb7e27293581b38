use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use super::{Kayle, Ran};

fn create_key(org: &str) -> [&str; 8] {
    ["key", "create", "--org", org, "--name", "x", "--scope", "sessions:read"]
}

#[test]
fn is_readable_by_its_owner_alone() {
    let (kayle, org) = Kayle::with_organization();
    kayle.json(&create_key(&org));
    let path = kayle.path("kayle-data/master.key");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

    std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    let ran = kayle.run(&create_key(&org));
    ran.assert_failed(1, "MASTER_SECRET");
    assert!(ran.stderr.contains("chmod 600"), "{}", ran.stderr);
    kayle.run(&["serve", "--listen", "127.0.0.1:0"]).assert_failed(1, "MASTER_SECRET");
}

#[test]
fn a_named_file_is_read_and_never_made() {
    let kayle = Kayle::new();
    let run = |args: &[&str]| {
        let mut command = kayle.command(args);
        let named = command.arg("--json").env("KAYLE_MASTER_KEY_FILE", "named.key");
        Ran::from(named.output().unwrap())
    };
    run(&["org", "create", "Example Bank"]).assert_failed(1, "MASTER_SECRET");
    assert!(!kayle.path("named.key").exists());
    let named = kayle.write("named.key", "ab".repeat(32).as_bytes());
    std::fs::set_permissions(named, Permissions::from_mode(0o400)).unwrap();
    let organization = run(&["org", "create", "Example Bank"]);
    assert_eq!(organization.code, Some(0), "{}", organization.stderr);
    let id = organization.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(run(&create_key(&id)).code, Some(0));
    assert!(!kayle.path("kayle-data/master.key").exists());
}

/// What processes that all found no secret made must be good under the one that stayed.
#[tokio::test]
async fn processes_that_make_it_at_once_agree() {
    let kayle = Kayle::new();
    let racing: Vec<_> = (0..6)
        .map(|_| {
            let mut command = kayle.command(&["org", "create", "Example Bank", "--json"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let created: Vec<_> =
        racing.into_iter().map(|racer| Ran::from(racer.wait_with_output().unwrap())).collect();
    let server = kayle.serve();
    for ran in created {
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let id = ran.json()["id"].as_str().unwrap().to_owned();
        let key = kayle.json(&create_key(&id))["key"].as_str().unwrap().to_owned();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/v1/sessions", server.url);
        let status = client.get(url).bearer_auth(key).send().await.unwrap().status();
        assert_eq!(status, 200);
    }
    kayle.json(&["audit", "verify"]);
}

/// A new one would open nothing, and look right.
#[test]
fn one_that_was_lost_is_not_made_again() {
    let kayle = Kayle::new();
    kayle.json(&["org", "create", "X"]);
    let secret = kayle.path("kayle-data/master.key");
    std::fs::remove_file(&secret).unwrap();
    for command in [&["org", "list"][..], &["org", "create", "Y"], &["audit", "verify"]] {
        kayle.run(command).assert_failed(1, "MASTER_SECRET");
        assert!(!secret.exists(), "{command:?}");
    }
}
