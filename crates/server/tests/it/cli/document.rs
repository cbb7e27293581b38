use std::path::Path;

use emrtd::lds::DataGroup;
use emrtd::sim::IssuingState;

use super::{Kayle, NOW, Ran, passport, shared, utopia};

/// A passport in `passport` and its state's certificate in `csca.der`.
fn prepared() -> (Kayle, IssuingState) {
    let kayle = Kayle::new();
    let state = utopia();
    kayle.write("csca.der", state.csca());
    kayle.write_document("passport", &passport(&state));
    (kayle, state)
}

fn verify(kayle: &Kayle, args: &[&str]) -> Ran {
    let at = NOW.to_string();
    kayle.run(&[&["document", "verify", "passport", "--at", &at, "--json"], args].concat())
}

fn reason(ran: &Ran) -> String {
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    let report = ran.json();
    assert_eq!(report["proven"], false);
    report["reason"]["code"].as_str().unwrap().to_owned()
}

#[test]
fn a_genuine_document_is_proven() {
    let (kayle, _) = prepared();
    let ran = verify(&kayle, &["--trust", "csca.der", "--require", "DG1,DG2"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let report = ran.json();
    assert_eq!(report["proven"], true);
    assert_eq!(report["data_groups"], serde_json::json!(["DG1", "DG2"]));
    assert_eq!(report["revocation"], "unknown");
    assert_eq!(report["csca_source"]["verified"], true);
    assert_eq!(report["document_expired"], false);
    for check in report["checks"].as_array().unwrap() {
        assert!(!check["clause"].as_str().unwrap().is_empty(), "{check}");
    }
    let human = kayle.run(&["document", "verify", "passport", "--trust", "csca.der"]).stdout;
    assert!(human.contains("sod_signature") && human.contains("9303-11 §5.1"), "{human}");
    assert!(human.ends_with("PROVEN\n"), "{human}");
    assert!(!human.contains("ERIKSSON"), "{human}");
}

#[test]
fn the_trust_store_is_used_where_no_file_is_named() {
    let (kayle, _) = prepared();
    kayle.run(&["document", "verify", "passport"]).assert_failed(1, "NO_DATA");
    kayle.write("other.der", utopia().csca());
    kayle.json(&["trust", "import", "other.der"]);
    assert_eq!(reason(&verify(&kayle, &[])), "chain_untrusted");
    kayle.json(&["trust", "import", "csca.der"]);
    assert_eq!(verify(&kayle, &[]).code, Some(0));
}

#[test]
fn a_changed_file_is_caught() {
    let (kayle, _) = prepared();
    let path = kayle.path("passport/DG1.bin");
    let mut dg1 = std::fs::read(&path).unwrap();
    *dg1.last_mut().unwrap() ^= 1;
    std::fs::write(path, dg1).unwrap();
    assert_eq!(reason(&verify(&kayle, &["--trust", "csca.der"])), "dg_hash_mismatch");
}

#[test]
fn a_revoked_signer_is_caught() {
    let (kayle, state) = prepared();
    let serial = state.document_signer_serial();
    kayle.write("state.crl", &state.crl(&[serial], NOW, None).unwrap());
    let ran = verify(&kayle, &["--trust", "csca.der", "state.crl"]);
    assert_eq!(reason(&ran), "crl_revoked");
    assert_eq!(ran.json()["revocation"], "revoked");
}

#[test]
fn a_file_that_is_required_must_be_there() {
    let (kayle, _) = prepared();
    std::fs::remove_file(kayle.path("passport/DG2.bin")).unwrap();
    let given = verify(&kayle, &["--trust", "csca.der"]);
    assert_eq!(given.code, Some(0), "{}", given.stdout);
    assert_eq!(given.json()["not_given"], serde_json::json!(["DG2"]));
    let required = verify(&kayle, &["--trust", "csca.der", "--require", "DG1,DG2"]);
    assert_eq!(reason(&required), "required_data_group_missing");
    // One that the state never signed cannot be proven either.
    let unsigned = verify(&kayle, &["--trust", "csca.der", "--require", "DG11"]);
    assert_eq!(reason(&unsigned), "required_data_group_missing");
}

#[test]
fn validity_fails_only_where_it_is_strict() {
    let (kayle, _) = prepared();
    let at = |args: &[&str]| {
        let base = ["document", "verify", "passport", "--trust", "csca.der", "--at", "2060-01-01"];
        kayle.run(&[&base[..], args, &["--json"]].concat())
    };
    let lenient = at(&[]);
    assert_eq!(lenient.code, Some(0), "{}", lenient.stdout);
    assert_eq!(lenient.json()["signer_validity"]["valid"], false);
    assert_eq!(lenient.json()["document_expired"], true);
    assert_eq!(reason(&at(&["--strict"])), "certificate_not_valid");
    assert_eq!(verify(&kayle, &["--trust", "csca.der", "--strict"]).code, Some(0));
}

#[test]
fn a_named_master_list_is_taken_as_unverified() {
    let (kayle, state) = prepared();
    let mut list = state.master_list(&[state.csca()]).unwrap();
    kayle.write("list.ml", &list);
    let ran = verify(&kayle, &["--trust", "list.ml"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert_eq!(ran.json()["csca_source"]["verified"], false);
    let ran = verify(&kayle, &["--trust", "list.ml", "--trust-signer", "csca.der"]);
    assert_eq!(ran.json()["csca_source"]["verified"], true);
    // The signature of the list is its last member.
    *list.last_mut().unwrap() ^= 1;
    kayle.write("list.ml", &list);
    verify(&kayle, &["--trust", "list.ml"]).assert_failed(1, "TRUST");
    assert_eq!(verify(&kayle, &["--trust", "list.ml", "--allow-unverified"]).code, Some(0));
}

#[test]
fn names_of_other_readers_are_known() {
    let (kayle, state) = prepared();
    let document = passport(&state);
    kayle.write("passport/EF_SOD.bin", b"");
    std::fs::remove_dir_all(kayle.path("passport")).unwrap();
    kayle.write("passport/ef011D.bin", &document.sod);
    kayle.write("passport/Datagroup1.bin", document.group(DataGroup::DG1).unwrap());
    kayle.write("passport/ef0102.bin", document.group(DataGroup::DG2).unwrap());
    kayle.write("passport/INFO.txt", b"not a file of the chip");
    let ran = verify(&kayle, &["--trust", "csca.der", "--require", "DG1,DG2"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    kayle.write("passport/DG1.bin", document.group(DataGroup::DG1).unwrap());
    verify(&kayle, &["--trust", "csca.der"]).assert_failed(1, "DOCUMENT");
}

#[test]
fn what_is_no_document_is_said() {
    let kayle = Kayle::new();
    kayle.write("csca.der", utopia().csca());
    std::fs::create_dir(kayle.path("passport")).unwrap();
    verify(&kayle, &["--trust", "csca.der"]).assert_failed(1, "DOCUMENT");
    kayle.run(&["document", "verify", "nowhere"]).assert_failed(1, "IO");
    for args in [["--require", "DG17"], ["--at", "yesterday"]] {
        let args = [&["document", "verify", "passport"][..], &args].concat();
        kayle.run(&args).assert_failed(2, "USAGE");
    }
}

/// Real security objects: explicit curve parameters, BER with indefinite lengths, SHA-1.
#[test]
fn a_real_signature_without_its_state_is_not_enough() {
    let kayle = Kayle::new();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../emrtd/tests/data");
    kayle.write("csca.der", utopia().csca());
    for (name, sod, dg14) in [
        ("at", "at_SOD_cms.der", Some("at_DG14.bin")),
        ("nz", "nz_SOD_cms.der", None),
        ("bsi2008", "bsi2008_EF_SOD.bin", None),
    ] {
        let read = |file: &str| std::fs::read(data.join(file)).unwrap();
        kayle.write(&format!("{name}/EF_SOD.bin"), &read(sod));
        if let Some(dg14) = dg14 {
            kayle.write(&format!("{name}/DG14.bin"), &read(dg14));
        }
        let ran = kayle.run(&["document", "verify", name, "--trust", "csca.der", "--json"]);
        assert_eq!(reason(&ran), "chain_untrusted", "{name}");
        let report = ran.json();
        let passed = |name: &str| {
            let checks = report["checks"].as_array().unwrap();
            checks.iter().any(|check| check["check"] == name && check["result"] == "passed")
        };
        assert!(passed("sod_signature") && passed("data_group_hashes"), "{name}: {report}");
        assert!(!passed("certificate_chain"), "{name}");
    }
}

#[test]
fn documents_of_real_states_are_proven() {
    let Some(data) = shared() else { return };
    let kayle = Kayle::new();
    let list = data.join("masterlists/DE_ML_2026-05-28-08-28-45.ml");
    let root = data.join("masterlists/DE_ROOT_CA_CSCA07.cer");
    let mut import = kayle.command(&["trust", "import"]);
    assert!(import.arg(list).arg("--trust-signer").arg(root).output().unwrap().status.success());
    let verify = |specimen: &str| {
        let mut command = kayle.command(&["document", "verify", "--json"]);
        Ran::from(command.arg(data.join("specimens").join(specimen)).output().unwrap())
    };
    for (specimen, country, signature) in [
        ("gmrtd/0464524bab9c", "AT", "ECDSA with SHA-256"),
        ("gmrtd/0b5f3c1d9b5b", "SG", "RSA-PSS with SHA-256 (MGF1 SHA-256, salt 32)"),
        ("gmrtd/283fb45434af", "GB", "ECDSA with SHA-256"),
        ("gmrtd/2b9f0c34ecdb", "NZ", "RSA PKCS#1 v1.5 with SHA-256"),
        ("gmrtd/847c87547d23", "US", "RSA PKCS#1 v1.5 with SHA-256"),
    ] {
        let ran = verify(specimen);
        assert_eq!(ran.code, Some(0), "{specimen}: {}", ran.stdout);
        let report = ran.json();
        assert_eq!(report["chain"][0]["country"], country, "{specimen}");
        assert_eq!(report["algorithms"]["sod"], signature, "{specimen}");
    }
    for (specimen, code) in [
        ("gmrtd/3339ea1a5ee3", "missing_signer"),
        ("pymrtd/3a3200c15578", "chain_untrusted"),
        ("jmrtd/loes2006", "chain_untrusted"),
        ("pymrtd/8952f91bd93b", "cms_signature_invalid"),
    ] {
        assert_eq!(reason(&verify(specimen)), code, "{specimen}");
    }
}
