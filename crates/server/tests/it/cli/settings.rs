use super::{Kayle, Ran};

#[test]
fn an_unknown_key_of_the_file_names_the_nearest() {
    let kayle = Kayle::new();
    kayle.write("kayle.toml", b"publik_url = 'http://localhost:8080'\n");
    let ran = kayle.run(&["serve", "--config", "kayle.toml"]);
    ran.assert_failed(2, "SETTING");
    assert!(ran.stderr.contains("`publik_url`"), "{}", ran.stderr);
    assert!(ran.stderr.contains("did you mean `public_url`?"), "{}", ran.stderr);
}

#[test]
fn an_unknown_variable_names_the_nearest() {
    let kayle = Kayle::new();
    let ran =
        Ran::from(kayle.command(&["org", "list"]).env("KAYLE_DATABSE", "x").output().unwrap());
    ran.assert_failed(2, "SETTING");
    assert!(ran.stderr.contains("did you mean `KAYLE_DATABASE`?"), "{}", ran.stderr);
}

#[test]
fn flags_win_over_variables_and_those_over_the_file() {
    let kayle = Kayle::new();
    kayle.write("kayle.toml", b"data = 'of-file'\n");
    let create = |args: &[&str], variable: &str| {
        let args = [&["org", "create", "X", "--config", "kayle.toml"], args].concat();
        let ran = Ran::from(kayle.command(&args).env("KAYLE_DATA", variable).output().unwrap());
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    };
    let exists = |folder: &str| kayle.path(folder).join("kayle.db").exists();
    create(&["--data", "of-flag"], "of-variable");
    assert!(exists("of-flag") && !exists("of-variable") && !exists("of-file"));
    create(&[], "of-variable");
    assert!(exists("of-variable") && !exists("of-file"));
    create(&[], "");
    assert!(exists("of-file"));
}

#[test]
fn a_database_can_be_elsewhere() {
    let kayle = Kayle::new();
    kayle.json(&["org", "create", "X", "--database", "sqlite:other.db"]);
    assert!(kayle.path("other.db").exists());
    assert!(!kayle.path("kayle-data/kayle.db").exists());
    for (database, exit, code) in [
        ("postgres://kayle:hunter2@127.0.0.1:1/kayle", 1, "DATABASE"),
        ("mysql://kayle:hunter2@127.0.0.1:1/kayle", 2, "SETTING"),
    ] {
        let refused = kayle.run(&["org", "list", "--database", database]);
        assert_eq!(refused.code, Some(exit), "{}", refused.stderr);
        assert!(refused.stderr.contains(&format!("error[{code}]: ")), "{}", refused.stderr);
        assert!(!refused.stderr.contains("hunter2"));
        assert!(!refused.stderr.contains("--data "), "no file is looked for: {}", refused.stderr);
    }
}
