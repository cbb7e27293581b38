use serde_json::json;

use super::Kayle;

#[test]
fn are_shown_once_and_kept_as_a_hash() {
    let (kayle, org) = Kayle::with_organization();
    let scope = "sessions:write,sessions:read,sessions:write";
    let args = ["key", "create", "--org", &org, "--name", "till", "--scope", scope];
    let created = kayle.json(&args);
    let key = created["key"].as_str().unwrap();
    let random = key.strip_prefix("kk_").unwrap();
    assert_eq!(random.len(), 32);
    assert!(random.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
    assert_eq!(created["scopes"], json!(["sessions:read", "sessions:write"]));

    let list = kayle.run(&["key", "list", "--json"]);
    assert_eq!(list.json()["keys"][0]["id"], created["id"]);
    assert!(!list.stdout.contains(random));
    for file in std::fs::read_dir(kayle.path("kayle-data")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(random.len()).any(|window| window == random.as_bytes()));
    }
}

#[test]
fn are_revoked_for_good() {
    let (kayle, org) = Kayle::with_organization();
    let args = ["key", "create", "--org", &org, "--name", "till", "--scope", "analytics:read"];
    let id = kayle.json(&args)["id"].as_str().unwrap().to_owned();
    let revoked = kayle.json(&["key", "revoke", &id]);
    assert!(revoked["revoked_at"].is_string());
    let again = kayle.json(&["key", "revoke", &id]);
    assert_eq!(again["revoked_at"], revoked["revoked_at"]);
    let other = "00000000-0000-4000-8000-000000000000";
    kayle.run(&["key", "revoke", other]).assert_failed(1, "NOT_FOUND");
}

#[test]
fn are_listed_by_organization() {
    let (kayle, org) = Kayle::with_organization();
    let other = kayle.json(&["org", "create", "Other"])["id"].as_str().unwrap().to_owned();
    for (org, name) in [(&org, "a"), (&other, "b")] {
        kayle.json(&["key", "create", "--org", org, "--name", name, "--scope", "analytics:read"]);
    }
    assert_eq!(kayle.json(&["key", "list"])["keys"].as_array().unwrap().len(), 2);
    let keys = kayle.json(&["key", "list", "--org", &other]);
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
    assert_eq!(keys["keys"][0]["name"], "b");
}

#[test]
fn unknown_scopes_and_organizations_are_refused() {
    let (kayle, org) = Kayle::with_organization();
    let ran = kayle.run(&["key", "create", "--org", &org, "--name", "x", "--scope", "sessions"]);
    ran.assert_failed(2, "SCOPE");
    assert!(ran.stderr.contains("webhooks:write"), "{}", ran.stderr);
    let other = "00000000-0000-4000-8000-000000000000";
    let args = ["key", "create", "--org", other, "--name", "x", "--scope", "analytics:read"];
    kayle.run(&args).assert_failed(1, "NOT_FOUND");
}
