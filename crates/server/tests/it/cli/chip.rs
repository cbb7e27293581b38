use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use emrtd::sim::{ChipDescription, IssuingState, Personalisation, StateProfile};
use serde_json::{Value, json};

use super::{Kayle, NOW, Ran};

/// Makes a chip in the folder `name`.
fn new(kayle: &Kayle, name: &str, more: &[&str]) -> Value {
    kayle.json(&[&["chip", "new", "--out", name], more].concat())
}

/// Reads the chip of the folder `name`.
fn read(kayle: &Kayle, name: &str, more: &[&str]) -> Ran {
    let reader = format!("sim:{name}/chip.bin");
    kayle.run(&[&["chip", "read", "--json", "--reader", &reader], more].concat())
}

fn file_names(report: &Value) -> Vec<&str> {
    let files = report["files"].as_array().unwrap();
    files.iter().map(|file| file["file"].as_str().unwrap()).collect()
}

#[test]
fn a_chip_is_made_read_and_verified() {
    let kayle = Kayle::new();
    let made = new(&kayle, "a", &[]);
    assert_eq!((&made["can"], &made["dishonest"]), (&Value::Null, &json!([])));
    for file in ["a/chip.bin", "a/mrz.txt"] {
        let mode = kayle.path(file).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let zone = std::fs::read_to_string(kayle.path("a/mrz.txt")).unwrap();
    assert_eq!(zone.lines().map(str::len).collect::<Vec<_>>(), [44, 44]);

    let ran = read(&kayle, "a", &["--out", "files", "--trust", "a/csca.der", "a/crl.der"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let report = ran.json();
    let access = json!({ "access": "pace_gm", "pace": "ECDH-GM-AES-128", "downgrade": null, "mapping": null });
    assert_eq!(report["access"], access);
    let files = ["EF.CardAccess", "EF.COM", "EF.SOD", "DG1", "DG14", "DG15", "DG11", "DG12", "DG2"];
    assert_eq!(file_names(&report), files);
    let verification = &report["verification"];
    assert_eq!(
        (&verification["proven"], &verification["revocation"]),
        (&json!(true), &json!("not_revoked"))
    );
    assert_eq!(verification["active_authentication"]["result"], "proven");
    assert_eq!(verification["chip_authentication"]["result"], "proven");
    // Nothing of the holder is printed; the files have it, for their owner alone.
    assert!(!ran.stdout.contains("ERIKSSON"));
    let mode = kayle.path("files/DG1.bin").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    // What was kept is what `document verify` takes.
    let verified = kayle.json(&["document", "verify", "files", "--trust", "a/csca.der"]);
    assert_eq!(verified["proven"], true);
}

#[test]
fn a_state_nobody_named_is_not_trusted() {
    let kayle = Kayle::new();
    new(&kayle, "a", &[]);
    new(&kayle, "b", &[]);
    let ran = read(&kayle, "a", &["--trust", "b/csca.der"]);
    assert_eq!(ran.code, Some(1));
    let verification = &ran.json()["verification"];
    assert_eq!(verification["proven"], false);
    assert_eq!(verification["chip_authentication"]["result"], "not_done");
}

#[test]
fn a_copy_is_found_out_where_it_must_prove_a_key() {
    let kayle = Kayle::new();
    new(&kayle, "a", &["--dishonest", "copy"]);
    let ran = read(&kayle, "a", &["--trust", "a/csca.der"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    let verification = &ran.json()["verification"];
    assert_eq!(verification["proven"], true, "the files are genuine");
    assert_eq!(verification["active_authentication"]["result"], "failed");
    assert_eq!(verification["chip_authentication"]["result"], "failed");
}

/// A copy cannot get round its proof by leaving out the file with the key: the state signed that
/// there is one.
#[test]
fn a_copy_cannot_hide_that_it_has_a_key() {
    let kayle = Kayle::new();
    for hidden in ["DG14", "DG15"] {
        let description = json!({ "dishonest": ["copy", format!("remove:{hidden}")] });
        kayle.write("chip.json", description.to_string().as_bytes());
        new(&kayle, hidden, &["chip.json"]);
        let ran = read(&kayle, hidden, &["--trust", &format!("{hidden}/csca.der")]);
        assert_eq!(ran.code, Some(1), "{}", ran.stdout);
        let report = ran.json();
        assert!(!file_names(&report).contains(&hidden));
        let verification = &report["verification"];
        assert_eq!(verification["proven"], false);
        assert_eq!(verification["reason"]["code"], "sod_declared_dg_missing");
        assert_eq!(verification["not_given"], json!([hidden]));
        for proof in ["active_authentication", "chip_authentication"] {
            assert_eq!(verification[proof]["result"], "not_done", "{proof}");
        }
    }
}

/// 9303-3 §7.3.5: such a key is not to be relied upon.
#[test]
fn a_key_that_its_state_calls_compromised_is_not_proven() {
    let kayle = Kayle::new();
    let state = IssuingState::new(StateProfile::utopia(), NOW).unwrap();
    let chip = Personalisation::issue(&state, &ChipDescription::passport(), NOW).unwrap();
    kayle.write("a/chip.bin", &chip.encode());
    kayle.write("csca.der", state.csca());
    kayle.write("deviations.bin", &state.deviation_list(&[&[1, 4]]).unwrap());
    let active = |trust: &[&str]| {
        let ran = read(&kayle, "a", &[&["--trust"], trust].concat());
        let report = ran.json();
        assert_eq!(ran.code, Some(0), "{report}");
        assert_eq!(report["verification"]["chip_authentication"]["result"], "proven");
        report["verification"]["active_authentication"]["result"].clone()
    };
    assert_eq!(active(&["csca.der"]), "proven");
    assert_eq!(active(&["csca.der", "deviations.bin"]), "key_compromised");
}

#[test]
fn what_the_document_does_not_offer_is_told_by_what_the_state_signed() {
    let kayle = Kayle::new();
    new(&kayle, "a", &["--preset", "passive"]);
    let verification = &read(&kayle, "a", &["--trust", "a/csca.der"]).json()["verification"];
    assert_eq!(verification["proven"], true);
    assert_eq!(verification["active_authentication"]["result"], "not_offered");
    assert_eq!(verification["chip_authentication"]["result"], "not_offered");
}

/// 9303-11 §4.4.3.5.2: the mapping proves as much as the state that signed the chip's key.
#[test]
fn a_mapping_is_proven_only_by_a_trusted_state() {
    let kayle = Kayle::new();
    new(&kayle, "a", &["--preset", "card"]);
    new(&kayle, "b", &["--preset", "card"]);
    new(&kayle, "copy", &["--preset", "card", "--dishonest", "copy"]);
    let mapping = |ran: &Ran| ran.json()["access"]["mapping"].clone();
    let trusted = read(&kayle, "a", &["--trust", "a/csca.der"]);
    assert_eq!((trusted.code, mapping(&trusted)), (Some(0), json!("proven")));
    let untold = read(&kayle, "a", &[]);
    assert_eq!((untold.code, mapping(&untold)), (Some(0), json!("unvouched")));
    let foreign = read(&kayle, "a", &["--trust", "b/csca.der"]);
    assert_eq!((foreign.code, mapping(&foreign)), (Some(1), json!("failed")));
    let copy = read(&kayle, "copy", &["--trust", "copy/csca.der"]);
    assert_eq!((copy.code, mapping(&copy)), (Some(1), json!("failed")));
}

#[test]
fn every_size_and_preset_can_be_read() {
    let kayle = Kayle::new();
    for (name, preset, size, lines, access) in [
        ("a", "card", "TD1", 3, "pace_cam"),
        ("b", "old", "TD2", 2, "bac"),
        ("c", "passive", "TD3", 2, "bac"),
    ] {
        new(&kayle, name, &["--preset", preset, "--type", size]);
        let zone = std::fs::read_to_string(kayle.path(&format!("{name}/mrz.txt"))).unwrap();
        assert_eq!(zone.lines().count(), lines);
        let ran = read(&kayle, name, &["--trust", &format!("{name}/csca.der")]);
        assert_eq!(ran.code, Some(0), "{preset}: {}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.json()["access"]["access"], access);
    }
}

#[test]
fn a_description_decides() {
    let kayle = Kayle::new();
    let description = json!({
        "type": "TD2",
        "holder": { "surname": "MUSTER", "document_number": "X1" },
        "bac": false,
        "pace": ["DH-IM-AES-192"],
        "active_authentication": "RSA-1024",
        "chip_authentication": ["DH-3DES"],
        "details": [],
        "state": { "issuing_state": "D", "country": "DE", "csca": "RSA-2048" },
    });
    kayle.write("chip.json", description.to_string().as_bytes());
    new(&kayle, "a", &["chip.json"]);
    let zone = std::fs::read_to_string(kayle.path("a/mrz.txt")).unwrap();
    assert!(zone.starts_with("I<D<<MUSTER<<"), "{zone}");
    let ran = read(&kayle, "a", &["--trust", "a/csca.der"]);
    let report = ran.json();
    assert_eq!(ran.code, Some(0), "{report}");
    assert_eq!(report["access"]["pace"], "DH-IM-AES-192");
    let proof = &report["verification"]["chip_authentication"];
    assert_eq!(proof["algorithm"], "chip authentication v1, DH, 3DES");

    kayle.write("wrong.json", br#"{"pace": ["ROT13"]}"#);
    kayle.run(&["chip", "new", "--out", "b", "wrong.json"]).assert_failed(2, "DESCRIPTION");
    kayle.write("unknown.json", br#"{"colour": "red"}"#);
    kayle.run(&["chip", "new", "--out", "b", "unknown.json"]).assert_failed(2, "DESCRIPTION");
    kayle.run(&["chip", "new", "--dishonest", "a lot"]).assert_failed(2, "DESCRIPTION");
    let mistakes = [
        json!({"can": "12"}),
        json!({"holder": {"surname": ""}}),
        json!({"holder": {"birth_date": "741399"}}),
        json!({"holder": {"sex": "Q"}}),
        json!({"pace": ["ECDH-GM-AES-128@99"]}),
        json!({"preset": "old", "dishonest": ["remove:DG14"]}),
    ];
    for (number, mistake) in mistakes.into_iter().enumerate() {
        kayle.write("mistake.json", mistake.to_string().as_bytes());
        let ran = kayle.run(&["chip", "new", "--out", &format!("c{number}"), "mistake.json"]);
        assert_eq!(ran.code, Some(2), "{mistake}: {}", ran.stderr);
        assert!(ran.stderr.contains("error[DESCRIPTION]"), "{mistake}: {}", ran.stderr);
    }
}

#[test]
fn a_state_issues_again() {
    let kayle = Kayle::new();
    let description = json!({ "state": { "csca": "brainpoolP256r1", "hash": "SHA-384" } });
    kayle.write("chip.json", description.to_string().as_bytes());
    let first = new(&kayle, "a", &["chip.json", "--state", "state"]);
    let second = new(&kayle, "b", &["--state", "state", "--preset", "card"]);
    assert_eq!((&first["state"]["made"], &second["state"]["made"]), (&json!(true), &json!(false)));
    for chip in ["a", "b"] {
        let ran = read(&kayle, chip, &["--trust", "state/csca.der", "state/crl.der"]);
        assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    }
    let mode = kayle.path("state/state.key").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let other = json!({ "state": { "country": "DE" } });
    kayle.write("other.json", other.to_string().as_bytes());
    kayle
        .run(&["chip", "new", "--out", "c", "--state", "state", "other.json"])
        .assert_failed(2, "DESCRIPTION");
    kayle.write("state/state.key", b"{}");
    kayle.run(&["chip", "new", "--out", "d", "--state", "state"]).assert_failed(1, "CHIP");
}

#[test]
fn a_chip_is_never_overwritten() {
    let kayle = Kayle::new();
    new(&kayle, "a", &[]);
    let before = std::fs::read(kayle.path("a/chip.bin")).unwrap();
    kayle.run(&["chip", "new", "--out", "a"]).assert_failed(1, "IO");
    assert_eq!(std::fs::read(kayle.path("a/chip.bin")).unwrap(), before);
}

#[test]
fn a_password_comes_by_argument_file_or_stdin() {
    let kayle = Kayle::new();
    new(&kayle, "a", &["--preset", "card"]);
    kayle.write("can.txt", b"500540\n");
    for more in [
        &["--can", "500540"][..],
        &["--can-file", "can.txt"],
        &["--mrz-file", "a/mrz.txt"],
        &["--mrz", "L898902C3 740812 340415"],
    ] {
        assert_eq!(read(&kayle, "a", more).code, Some(0), "{more:?}");
    }
    let mut process = kayle
        .command(&["chip", "read", "--reader", "sim:a/chip.bin", "--can", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(b"500540\n").unwrap();
    assert_eq!(Ran::from(process.wait_with_output().unwrap()).code, Some(0));

    read(&kayle, "a", &["--can", "500541"]).assert_failed_json("CHIP_ACCESS");
    read(&kayle, "a", &["--mrz", "L898902C3 740812 340416"]).assert_failed_json("CHIP_ACCESS");
    kayle
        .run(&["chip", "read", "--reader", "sim:a/chip.bin", "--can", "12"])
        .assert_failed(2, "USAGE");
    kayle
        .run(&["chip", "read", "--reader", "sim:a/chip.bin", "--can", "1", "--mrz", "2"])
        .assert_failed(2, "USAGE");
    // A real document has no zone to offer by itself.
    kayle.run(&["chip", "read", "--reader", "pcsc"]).assert_failed(2, "USAGE");
    kayle.run(&["chip", "read", "--reader", "nfc"]).assert_failed(2, "USAGE");
}

#[cfg(not(feature = "pcsc"))]
#[test]
fn a_build_without_pcsc_says_how_to_make_one() {
    let kayle = Kayle::new();
    let ran = kayle.run(&["chip", "read", "--reader", "pcsc", "--can", "500540"]);
    ran.assert_failed(1, "READER");
    assert!(ran.stderr.contains("--features pcsc"), "{}", ran.stderr);
}

#[test]
fn what_a_chip_does_wrong_is_said_and_what_it_loses_is_read_again() {
    let kayle = Kayle::new();
    let chip = |name: &str, how: &str| {
        new(&kayle, name, &["--dishonest", how]);
        read(&kayle, name, &[])
    };
    let silent = chip("silent", "silent_after_bytes:3000");
    assert_eq!(silent.code, Some(0), "{}", silent.stderr);
    assert!(file_names(&silent.json()).contains(&"DG2"));
    for (name, how) in [
        ("mac", "wrong_mac:20"),
        ("replay", "replay:20"),
        ("endless", "endless_response:20"),
        ("length", "length:DG1=four_gigabytes"),
        ("missing", "remove:EF.SOD"),
    ] {
        chip(name, how).assert_failed_json("CHIP");
    }
    let downgraded = chip("downgrade", "remove:EF.CardAccess");
    assert_eq!(downgraded.json()["access"]["downgrade"], "pace_hidden");
    kayle.write("nothing.bin", b"nothing");
    kayle.run(&["chip", "read", "--reader", "sim:nothing.bin"]).assert_failed(1, "CHIP");
}

impl Ran {
    /// Asserts that it failed with this error code, where the report is JSON.
    fn assert_failed_json(&self, error: &str) {
        self.assert_failed(1, error);
        assert_eq!(self.json()["error"]["code"], error);
    }
}

/// The reader's side of vpcd.
struct Vpcd(TcpStream);

impl Vpcd {
    fn say(&mut self, message: &[u8]) {
        let length = u16::try_from(message.len()).unwrap().to_be_bytes();
        self.0.write_all(&[&length[..], message].concat()).unwrap();
    }

    fn hear(&mut self) -> Vec<u8> {
        let mut length = [0; 2];
        self.0.read_exact(&mut length).unwrap();
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        self.0.read_exact(&mut message).unwrap();
        message
    }
}

#[test]
fn a_served_chip_answers_again_after_a_loss_and_leaves_when_told() {
    let kayle = Kayle::new();
    new(&kayle, "a", &[]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut served = kayle
        .command(&["chip", "serve", "--vpcd", &address, "a/chip.bin"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..2 {
        let (stream, _) = listener.accept().unwrap();
        let mut vpcd = Vpcd(stream);
        vpcd.say(&[1]);
        vpcd.say(&[4]);
        assert_eq!(vpcd.hear()[0], 0x3B, "an answer to reset");
        vpcd.say(&[0, 0xA4, 4, 0x0C, 7, 0xA0, 0, 0, 2, 0x47, 0x10, 1]);
        assert_eq!(vpcd.hear(), [0x90, 0]);
    }
    let (_stream, _) = listener.accept().unwrap();
    let killed = Command::new("kill").args(["-INT", &served.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(served.wait().unwrap().code(), Some(0));
}
