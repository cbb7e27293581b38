use serde_json::json;

use super::Kayle;

#[test]
fn are_created_listed_and_set() {
    let (kayle, id) = Kayle::with_organization();
    let defaults = json!({
        "face_match": "required",
        "chip_proof": "when_available",
        "revocation": "report",
        "expired_documents": "refuse",
        "browser_binding": "when_opened",
        "match_code": "when_supported",
        "device_proof": "when_available",
        "same_network": "report",
        "user_code": "offered",
    });
    assert_eq!(kayle.json(&["org", "list"])["organizations"][0]["policies"], defaults);
    let policies = json!({
        "face_match": "off",
        "chip_proof": "required",
        "revocation": "strict",
        "expired_documents": "report",
        "browser_binding": "off",
        "match_code": "off",
        "device_proof": "required",
        "same_network": "required",
        "user_code": "off",
    });
    let set = kayle.json(&[
        "org",
        "set",
        &id,
        "face_match=off",
        "chip_proof=required",
        "revocation=strict",
        "expired_documents=report",
        "browser_binding=off",
        "match_code=off",
        "device_proof=required",
        "same_network=required",
        "user_code=off",
    ]);
    assert_eq!(set["policies"], policies);
    let list = kayle.json(&["org", "list"]);
    let listed = &list["organizations"][0];
    assert_eq!(listed["id"], id.as_str());
    assert_eq!(listed["name"], "Example Bank");
    assert_eq!(listed["policies"], policies);
    let human = kayle.run(&["org", "list"]);
    assert!(human.stdout.contains("Example Bank") && human.stdout.contains("chip_proof=required"));
}

#[test]
fn an_unknown_policy_or_value_lists_the_known_ones() {
    let (kayle, id) = Kayle::with_organization();
    let unknown = kayle.run(&["org", "set", &id, "facematch=off"]);
    unknown.assert_failed(2, "POLICY");
    assert!(unknown.stderr.contains("face_match=required|off"), "{}", unknown.stderr);
    let value = kayle.run(&["org", "set", &id, "face_match=off", "face_match=maybe"]);
    value.assert_failed(2, "POLICY");
    assert!(value.stderr.contains("required, off"), "{}", value.stderr);
    let list = kayle.json(&["org", "list"]);
    assert_eq!(list["organizations"][0]["policies"]["face_match"], "required");
}

#[test]
fn one_that_is_not_there_is_not_found() {
    let (kayle, _) = Kayle::with_organization();
    let other = "00000000-0000-4000-8000-000000000000";
    kayle.run(&["org", "set", other, "face_match=off"]).assert_failed(1, "NOT_FOUND");
    let ran = kayle.run(&["org", "set", other, "face_match=off", "--json"]);
    assert_eq!(ran.json()["error"]["code"], "NOT_FOUND");
}

#[test]
fn names_are_for_people() {
    let kayle = Kayle::new();
    for name in [
        "",
        "  ",
        "a\u{1b}[2J",
        "\u{202e}knaB\u{202c}",
        "Bank\u{2067}",
        "\u{200b}",
        "a\u{feff}b",
        "\u{200d}",
        "—",
        &"x".repeat(121),
    ] {
        kayle.run(&["org", "create", name]).assert_failed(2, "USAGE");
    }
}

#[test]
fn listing_makes_no_database() {
    let kayle = Kayle::new();
    kayle.run(&["org", "list"]).assert_failed(1, "NO_DATA");
    assert!(!kayle.path("kayle-data").exists());
}
