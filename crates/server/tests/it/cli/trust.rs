use super::{Kayle, NOW, Ran, shared, utopia};

#[test]
fn a_certificate_that_is_named_is_verified() {
    let kayle = Kayle::new();
    kayle.write("csca.der", utopia().csca());
    let first = kayle.json(&["trust", "import", "csca.der"]);
    assert_eq!(first["total"]["added"], 1);
    let again = kayle.json(&["trust", "import", "csca.der"]);
    assert_eq!((&again["total"]["added"], &again["total"]["known"]), (&0.into(), &1.into()));
    let list = kayle.json(&["trust", "list"]);
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(list[0]["country"], "UT");
    assert_eq!(list[0]["verified"], true);
    assert_eq!(list[0]["source"], "csca.der");
    assert!(kayle.run(&["trust", "list"]).stdout.contains("1 certificates"));
}

#[test]
fn one_refused_file_does_not_lose_the_others() {
    let kayle = Kayle::new();
    let state = utopia();
    kayle.write("a-garbage.der", b"not a certificate");
    kayle.write("b-csca.der", state.csca());
    kayle.write("c-signer.der", state.document_signer());
    kayle.write("d.crl", &state.crl(&[], NOW, None).unwrap());
    let args = ["trust", "import", "a-garbage.der", "b-csca.der", "missing", "c-signer.der", "d.crl"];
    let ran = kayle.run(&[&args[..], &["--json"]].concat());
    assert_eq!(ran.code, Some(1));
    let report = ran.json();
    let imported: Vec<bool> = report["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["imported"].as_bool().unwrap())
        .collect();
    assert_eq!(imported, [false, true, false, false, true]);
    assert!(report["files"][3].to_string().contains("a document signer"), "{report}");
    assert_eq!(report["total"]["added"], 2);
    assert_eq!(kayle.json(&["trust", "list"]).as_array().unwrap().len(), 1);
    let human = kayle.run(&args).stdout;
    assert!(human.contains("a-garbage.der: REFUSED"), "{human}");
    assert!(human.contains("b-csca.der: ok: 0 added, 1 known"), "{human}");
}

#[test]
fn a_master_list_needs_a_root_that_vouches_for_it() {
    let kayle = Kayle::new();
    let (state, other) = (utopia(), utopia());
    kayle.write("list.ml", &state.master_list(&[state.csca(), other.csca()]).unwrap());
    kayle.write("root.der", state.csca());
    kayle.write("other.der", other.csca());

    let ran = kayle.run(&["trust", "import", "list.ml"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("--trust-signer"), "{}", ran.stdout);
    let ran = kayle.run(&["trust", "import", "list.ml", "--trust-signer", "other.der"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(kayle.json(&["trust", "list"]), serde_json::json!([]));

    let unverified = kayle.json(&["trust", "import", "list.ml", "--allow-unverified"]);
    assert_eq!(unverified["total"]["added"], 2);
    let verified = |expected: bool| {
        let list = kayle.json(&["trust", "list"]);
        assert_eq!(list.as_array().unwrap().len(), 2);
        for certificate in list.as_array().unwrap() {
            assert_eq!(certificate["verified"], expected);
            assert_eq!(certificate["source"], "list.ml");
        }
    };
    verified(false);
    let upgraded = kayle.json(&["trust", "import", "list.ml", "--trust-signer", "root.der"]);
    assert_eq!(upgraded["total"]["upgraded"], 2);
    verified(true);
    // What is verified does not become unverified.
    kayle.json(&["trust", "import", "list.ml", "--allow-unverified"]);
    verified(true);
}

#[test]
fn a_master_list_cannot_vouch_for_itself() {
    let kayle = Kayle::new();
    let state = utopia();
    kayle.write("list.ml", &state.master_list(&[state.csca()]).unwrap());
    let ran = kayle.run(&["trust", "import", "list.ml", "--trust-signer", "list.ml"]);
    ran.assert_failed(1, "IO");
}

#[test]
fn a_tampered_master_list_is_refused() {
    let kayle = Kayle::new();
    let (state, other) = (utopia(), utopia());
    let mut list = state.master_list(&[other.csca()]).unwrap();
    // Somewhere in the signed content: inside the listed certificate.
    let at = list
        .windows(other.csca().len())
        .position(|window| window == other.csca())
        .unwrap();
    let signature = at + other.csca().len() - 1;
    list[signature] ^= 1;
    kayle.write("list.ml", &list);
    kayle.write("root.der", state.csca());
    let ran = kayle.run(&["trust", "import", "list.ml", "--trust-signer", "root.der"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("signature"), "{}", ran.stdout);
    assert_eq!(kayle.json(&["trust", "list"]), serde_json::json!([]));
}

#[test]
fn real_master_lists_are_imported() {
    let Some(data) = shared() else { return };
    let kayle = Kayle::new();
    let list = |name: &str| data.join("masterlists").join(name).into_os_string();
    let import = |args: Vec<std::ffi::OsString>| {
        let mut command = kayle.command(&["trust", "import", "--json"]);
        Ran::from(command.args(args).output().unwrap())
    };
    let (german, german_root) = (list("DE_ML_2026-05-28-08-28-45.ml"), list("DE_ROOT_CA_CSCA07.cer"));
    assert_eq!(import(vec![german.clone()]).code, Some(1));
    let verified = import(vec![german, "--trust-signer".into(), german_root]);
    assert_eq!(verified.code, Some(0), "{}", verified.stdout);
    assert_eq!(verified.json()["total"]["added"], 580);
    let forged = list("ICAO_ml_September2023.ml");
    assert_eq!(import(vec![forged.clone()]).code, Some(1));
    let allowed = import(vec![forged, "--allow-unverified".into()]);
    assert_eq!(allowed.code, Some(0), "{}", allowed.stdout);
    let bare = list("tananaev_masterList.pemlist");
    assert_eq!(import(vec![bare.clone()]).code, Some(1));
    assert_eq!(import(vec![bare, "--allow-unverified".into()]).code, Some(0));
    let all = kayle.json(&["trust", "list"]);
    assert!(all.as_array().unwrap().iter().any(|certificate| certificate["verified"] == false));
}
