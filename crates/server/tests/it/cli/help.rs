use super::Kayle;

#[test]
fn every_command_explains_itself() {
    let kayle = Kayle::new();
    for (command, expected) in [
        (&[][..], "Exit codes: 0 done or proven"),
        (&["serve"], "listening on http://ADDRESS"),
        (&["migrate"], "exit 1 if migrations are pending"),
        (&["migrate", "sqlite-to-postgres"], "must be empty"),
        (&["org"], "relying parties"),
        (&["org", "create"], "Create an organization"),
        (&["org", "list"], "List all organizations"),
        (&["org", "set"], "expired_documents=refuse"),
        (&["key"], "API keys"),
        (&["key", "create"], "analytics:read"),
        (&["key", "list"], "revoked ones too"),
        (&["key", "revoke"], "Revoke an API key"),
        (&["trust"], "issuing states"),
        (&["trust", "import"], "--trust-signer"),
        (&["trust", "list"], "List the CSCA certificates"),
        (&["document"], "Verify"),
        (&["document", "verify"], "9303-11 §5.1"),
        (&["chip"], "simulated"),
        (&["chip", "new"], "silent_after_bytes"),
        (&["chip", "serve"], "vpcd"),
        (&["chip", "read"], "--mrz-file"),
        (&["audit"], "audit trail"),
        (&["audit", "verify"], "noted elsewhere"),
        (&["audit", "export"], "one JSON object a line"),
        (&["phone"], "sim:NAME"),
        (&["demo"], "--interactive"),
    ] {
        let ran = kayle.run(&[command, &["--help"]].concat());
        assert_eq!(ran.code, Some(0), "{command:?}");
        assert!(ran.stdout.contains(expected), "{command:?}: {}", ran.stdout);
        assert!(ran.stderr.is_empty(), "{command:?}: {}", ran.stderr);
    }
}

#[test]
fn commands_that_touch_the_store_take_its_place() {
    let kayle = Kayle::new();
    for command in [
        &["serve"][..],
        &["migrate"],
        &["org", "create"],
        &["org", "list"],
        &["org", "set"],
        &["key", "create"],
        &["key", "list"],
        &["key", "revoke"],
        &["trust", "import"],
        &["trust", "list"],
        &["audit", "verify"],
        &["audit", "export"],
        &["document", "verify"],
    ] {
        let help = kayle.run(&[command, &["--help"]].concat()).stdout;
        for flag in ["--data <", "--database <", "--config <"] {
            assert!(help.contains(flag), "{command:?} {flag}");
        }
    }
}

#[test]
fn a_wrong_command_line_is_exit_code_2() {
    let kayle = Kayle::new();
    for args in [&["frobnicate"][..], &["serve", "--lissten", "x"], &["org", "create"], &[]] {
        let ran = kayle.run(args);
        assert_eq!(ran.code, Some(2), "{args:?}: {}", ran.stderr);
        assert!(ran.stdout.is_empty());
    }
    let ran = kayle.run(&["serve", "--lissten", "x", "--json"]);
    ran.assert_failed(2, "USAGE");
    let error = &ran.json()["error"];
    assert_eq!(error["code"], "USAGE");
    assert!(error["message"].as_str().unwrap().contains("--lissten"));
    assert!(error["hint"].as_str().unwrap().contains("--listen"));
}
