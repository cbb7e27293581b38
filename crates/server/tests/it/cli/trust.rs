use emrtd::sim::{IssuingState, StateProfile};
use emrtd::trust::{Certificate, ListSignature};
use server::clock::{Clock, SystemClock};

use super::{Kayle, NOW, Ran, shared, utopia};

#[test]
fn a_certificate_that_is_named_is_verified() {
    let kayle = Kayle::new();
    kayle.write("csca.der", utopia().csca());
    let first = kayle.json(&["trust", "import", "csca.der"]);
    assert_eq!(first["total"]["added"], 1);
    let again = kayle.json(&["trust", "import", "csca.der"]);
    assert_eq!((&again["total"]["added"], &again["total"]["kept"]), (&0.into(), &1.into()));
    let list = kayle.json(&["trust", "list"]);
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(list[0]["country"], "UT");
    assert_eq!(list[0]["verified"], true);
    assert_eq!(list[0]["source"], "file: csca.der");
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
    let args =
        ["trust", "import", "a-garbage.der", "b-csca.der", "missing", "c-signer.der", "d.crl"];
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
    assert!(human.contains("b-csca.der: ok: 0 added, 1 kept"), "{human}");
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
            let source = if expected { "master list UT" } else { "file: list.ml" };
            assert_eq!(certificate["source"], source);
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

/// Neither a stored CSCA nor a list signer vouches for anybody once a stored list revokes it.
#[test]
fn what_is_revoked_vouches_for_no_master_list() {
    let state = utopia();
    let (csca, new) = (Certificate::from_der(state.csca()).unwrap(), utopia());
    let bytes = list(&state, &[&state, &new]);
    let embedded = emrtd::trust::import(&bytes, std::slice::from_ref(&csca));
    let [(_, ListSignature::Verified { signer, .. })] = embedded.master_lists.as_slice() else {
        panic!("{embedded:?}")
    };
    let signer: Vec<u8> = (0..signer.serial.len() / 2)
        .map(|at| u8::from_str_radix(&signer.serial[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let import = |revoked: &[&[u8]], option: &[&str]| {
        let kayle = Kayle::new();
        kayle.write("csca.der", state.csca());
        kayle.write("revoking.crl", &state.crl(revoked, NOW, None).unwrap());
        kayle.write("list.ml", &bytes);
        kayle.json(&["trust", "import", "csca.der", "revoking.crl"]);
        let ran = kayle.run(&[&["trust", "import", "list.ml"], option].concat());
        assert_eq!(countries_held(&kayle), if ran.code == Some(0) { 2 } else { 1 });
        ran
    };
    for option in [&["--trust-known-signers"][..], &["--trust-signer", "csca.der"]] {
        assert_eq!(import(&[], option).code, Some(0));
        for revoked in [csca.serial(), &signer] {
            let ran = import(&[revoked], option);
            assert_eq!(ran.code, Some(1), "{}", ran.stdout);
        }
    }
}

#[test]
fn a_tampered_master_list_is_refused() {
    let kayle = Kayle::new();
    let (state, other) = (utopia(), utopia());
    let mut list = state.master_list(&[other.csca()]).unwrap();
    // Somewhere in the signed content: inside the listed certificate.
    let at = list.windows(other.csca().len()).position(|window| window == other.csca()).unwrap();
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
    let (german, german_root) =
        (list("DE_ML_2026-05-28-08-28-45.ml"), list("DE_ROOT_CA_CSCA07.cer"));
    assert_eq!(import(vec![german.clone()]).code, Some(1));
    let verified = import(vec![german, "--trust-signer".into(), german_root]);
    assert_eq!(verified.code, Some(0), "{}", verified.stdout);
    assert_eq!(verified.json()["total"]["added"], 580);
    // The certificates of the new list vouch for the signer of the old one; it is still the old one.
    let older = list("DE_ML_2024-08-07-07-38-24.ml");
    assert!(import(vec![older.clone()]).stdout.contains("no --trust-signer"));
    let known = || vec![older.clone(), "--trust-known-signers".into()];
    let refused = import(known());
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stdout.contains("older than the edition of master list DE"),
        "{}",
        refused.stdout
    );
    let back = import([known(), vec!["--allow-older".into(), "--dry-run".into()]].concat()).json();
    assert_eq!(back["files"][0]["source"], "master list DE");
    assert!(back["total"]["withdrawn"].as_u64() > Some(0), "{back}");
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

/// LDIF as the ICAO PKD writes it: its highest `pkdVersion` is its edition.
fn directory(version: u32, lists: &[Vec<u8>]) -> Vec<u8> {
    let mut file = "version: 1\n\n".to_owned();
    for list in lists {
        let encoded = openssl::base64::encode_block(list).replace('\n', "");
        let folded: Vec<&str> = encoded
            .as_bytes()
            .chunks(60)
            .map(|chunk| std::str::from_utf8(chunk).unwrap())
            .collect();
        file += &format!(
            "dn: cn=CN\\=x,o=ml,c=UT,dc=data,dc=download,dc=pkd,dc=icao,dc=int\n\
             pkdVersion: {version}\npkdMasterListContent:: {}\n\n",
            folded.join("\n ")
        );
    }
    file.into_bytes()
}

fn list(editor: &IssuingState, members: &[&IssuingState]) -> Vec<u8> {
    let certificates: Vec<&[u8]> = members.iter().map(|state| state.csca()).collect();
    editor.master_list(&certificates).unwrap()
}

fn countries_held(kayle: &Kayle) -> usize {
    kayle.json(&["trust", "list"]).as_array().unwrap().len()
}

#[test]
fn an_import_is_an_update_of_its_source() {
    let kayle = Kayle::new();
    let [a, b, c, d] = [utopia(), utopia(), utopia(), utopia()];
    kayle.write("root.der", a.csca());
    kayle.write("1.ldif", &directory(10, &[list(&a, &[&a, &b, &c])]));
    kayle.write("2.ldif", &directory(11, &[list(&a, &[&a, &b, &d])]));
    let import = |file: &str, more: &[&str]| {
        let args =
            [&["trust", "import", file, "--trust-signer", "root.der", "--json"], more].concat();
        kayle.run(&args)
    };
    let first = import("1.ldif", &[]).json();
    assert_eq!(first["files"][0]["source"], "icaopkd-002");
    assert_eq!((&first["total"]["added"], &first["total"]["kept"]), (&3.into(), &0.into()));

    // What it would do is shown first, and not done.
    let dry = import("2.ldif", &["--dry-run"]).json();
    assert_eq!(dry["dry_run"], true);
    let total = |report: &serde_json::Value| {
        ["added", "kept", "withdrawn", "kept_by_others"]
            .map(|count| report["total"][count].as_u64().unwrap())
    };
    assert_eq!(total(&dry), [1, 2, 1, 0]);
    assert_eq!(countries_held(&kayle), 3);
    let done = import("2.ldif", &[]).json();
    assert_eq!((total(&done), &done["files"]), ([1, 2, 1, 0], &dry["files"]));
    let gone = emrtd::trust::Certificate::from_der(c.csca()).unwrap().fingerprint();
    assert_eq!(done["files"][0]["withdrawn"], serde_json::json!([domain::key::hex(&gone)]));
    assert_eq!(countries_held(&kayle), 3);

    // The same again changes nothing; an older one is refused unless told.
    assert_eq!(total(&import("2.ldif", &[]).json()), [0, 3, 0, 0]);
    let older = import("1.ldif", &[]);
    assert_eq!(older.code, Some(1));
    assert!(older.stdout.contains("--allow-older"), "{}", older.stdout);
    assert_eq!(total(&import("1.ldif", &["--allow-older"]).json()), [1, 2, 1, 0]);
}

#[test]
fn a_certificate_another_source_holds_stays() {
    let kayle = Kayle::new();
    let [a, b, c] = [utopia(), utopia(), utopia()];
    kayle.write("root.der", a.csca());
    kayle.write("c.der", c.csca());
    kayle.write("1.ldif", &directory(10, &[list(&a, &[&a, &b, &c])]));
    kayle.write("2.ldif", &directory(11, &[list(&a, &[&a, &b])]));
    kayle.json(&["trust", "import", "c.der", "1.ldif", "--trust-signer", "root.der"]);
    let second = kayle.json(&["trust", "import", "2.ldif", "--trust-signer", "root.der"]);
    assert_eq!(second["total"]["kept_by_others"], 1);
    assert_eq!(second["total"]["withdrawn"], 0);
    assert_eq!(countries_held(&kayle), 3);

    // Until that one is withdrawn, too.
    let dry = kayle.json(&["trust", "withdraw", "file: c.der", "--dry-run"]);
    assert_eq!(dry["withdrawn"].as_array().unwrap().len(), 1);
    assert_eq!(countries_held(&kayle), 3);
    kayle.json(&["trust", "withdraw", "file: c.der"]);
    assert_eq!(countries_held(&kayle), 2);
    kayle.run(&["trust", "withdraw", "file: c.der"]).assert_failed(1, "NOT_FOUND");
    kayle
        .run(&["trust", "withdraw", "icaopkd-002", "--fingerprint", "xyz"])
        .assert_failed(2, "USAGE");
}

/// A state that is withdrawn and comes back has not lost what it revoked.
#[test]
fn withdrawing_a_source_keeps_its_revocation_lists() {
    let kayle = Kayle::new();
    let state = utopia();
    kayle.write("csca.der", state.csca());
    let crl = state.crl(&[&[7]], NOW, Some(NOW.plus_days(30))).unwrap();
    kayle.write("crl.der", &crl);
    kayle.write("deviations.der", &state.deviation_list(&[&[1, 4]]).unwrap());
    let files = ["csca.der", "crl.der", "deviations.der"];
    kayle.json(&[&["trust", "import", "--source", "mine"][..], &files].concat());
    let withdraw = |more: &[&str]| {
        let report = kayle.json(&[&["trust", "withdraw", "mine"], more].concat());
        (report["withdrawn"].as_array().unwrap().len(), report["kept"].as_u64().unwrap())
    };
    assert_eq!(withdraw(&[]), (1, 2));
    assert_eq!(countries_held(&kayle), 0);
    assert_eq!(withdraw(&[]), (0, 2));
    kayle.json(&["trust", "import", "csca.der"]);
    let status = kayle.json(&["trust", "status"]);
    assert_eq!(status["states"][0]["crl"]["entries"], 1, "{status}");
    let fingerprint = domain::key::hex(&openssl::sha::sha256(&crl));
    assert_eq!(withdraw(&["--fingerprint", &fingerprint]), (1, 1));
}

#[test]
fn a_truncated_or_empty_edition_withdraws_nothing() {
    let kayle = Kayle::new();
    let [a, b, c, d] = [utopia(), utopia(), utopia(), utopia()];
    kayle.write("root.der", a.csca());
    let lists = [list(&a, &[&a]), list(&a, &[&b, &c, &d])];
    let whole = directory(10, &lists);
    kayle.write("whole.ldif", &whole);
    // The first list and a piece of the second; the same with a later number; nothing at all.
    kayle.write("cut.ldif", &whole[..whole.len() - 1200]);
    kayle.write("less.ldif", &directory(11, &lists[..1]));
    kayle.write("none.ldif", b"version: 1\n\ndn: o=ml,c=UT,dc=data\npkdVersion: 12\n");
    let import = |file: &str, more: &[&str]| {
        let args =
            [&["trust", "import", file, "--trust-signer", "root.der", "--json"], more].concat();
        kayle.run(&args)
    };
    assert_eq!(import("whole.ldif", &[]).json()["total"]["added"], 4);
    let cut = import("cut.ldif", &["--allow-withdrawals"]).json();
    assert_eq!(cut["total"]["withdrawn"], 0);
    assert!(cut["files"][0]["incomplete"].as_str().unwrap().contains("not read"), "{cut}");
    assert_eq!(countries_held(&kayle), 4);
    let refused = import("less.ldif", &[]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stdout.contains("3 of the 4"), "{}", refused.stdout);
    assert_eq!(countries_held(&kayle), 4);
    assert_eq!(import("none.ldif", &["--allow-withdrawals"]).code, Some(1));
    assert_eq!(countries_held(&kayle), 4);
    let told = import("less.ldif", &["--allow-withdrawals"]);
    assert_eq!(told.json()["total"]["withdrawn"], 3);
    assert_eq!(countries_held(&kayle), 1);
}

/// What an edition lacks because it was not read is not withdrawn.
#[test]
fn an_edition_with_a_list_that_is_left_out_withdraws_nothing() {
    let [a, b, c, d, stranger] = [utopia(), utopia(), utopia(), utopia(), utopia()];
    let lists = [list(&a, &[&a, &c, &d]), list(&a, &[&b])];
    let flipped = |at: fn(usize) -> usize| {
        let mut broken = lists[1].clone();
        let at = at(broken.len());
        broken[at] ^= 1;
        broken
    };
    let outside = b"dn: o=ml,c=UT,dc=data\nuserCertificate;binary:: MAA=\n".to_vec();
    let changes = b"dn: o=ml,c=UT,dc=data\nchangetype: modify\n".to_vec();
    let with = |second: &[u8]| directory(11, &[lists[0].clone(), second.to_vec()]);
    let and = |more: &[u8]| [&directory(11, &lists[..1])[..], more].concat();
    let cases = [
        ("its signature is wrong", with(&flipped(|length| length - 1))),
        ("its structure is broken", with(&flipped(|_| 0))),
        ("nobody vouches for it", with(&list(&stranger, &[&b]))),
        ("a certificate is broken", and(&outside)),
        ("it describes changes", and(&changes)),
    ];
    for (case, file) in cases {
        for named in [&[][..], &["--source", "icaopkd-002"]] {
            let kayle = Kayle::new();
            kayle.write("root.der", a.csca());
            kayle.write("1.ldif", &directory(10, &lists));
            kayle.write("2.ldif", &file);
            let import = |file: &str| {
                let args = ["trust", "import", file, "--trust-signer", "root.der"];
                kayle.json(&[&args[..], named].concat())
            };
            assert_eq!(import("1.ldif")["total"]["added"], 4, "{case}");
            let second = import("2.ldif");
            assert_eq!(second["total"]["withdrawn"], 0, "{case}: {second}");
            assert!(second["files"][0]["incomplete"].is_string(), "{case}: {second}");
            assert_eq!(countries_held(&kayle), 4, "{case}");
            // An older one is refused, whole or not.
            if second["files"][0]["incomplete"] != "it describes changes" && named.is_empty() {
                assert_eq!(
                    kayle.run(&["trust", "import", "1.ldif", "--trust-signer", "root.der"]).code,
                    Some(1),
                    "{case}"
                );
            }
        }
    }
}

/// A certificate of a list that is no CSCA is read, and no reason to stop an update.
#[test]
fn a_listed_certificate_that_is_no_csca_stops_no_update() {
    let kayle = Kayle::new();
    let [a, b] = [utopia(), utopia()];
    kayle.write("root.der", a.csca());
    kayle.write("1.ldif", &directory(10, &[list(&a, &[&a, &b])]));
    let unfit = a.master_list(&[a.csca(), b.document_signer()]).unwrap();
    kayle.write("2.ldif", &directory(11, &[unfit]));
    let import = |file: &str| kayle.json(&["trust", "import", file, "--trust-signer", "root.der"]);
    import("1.ldif");
    let second = import("2.ldif");
    assert_eq!(
        (&second["total"]["refused"], &second["total"]["withdrawn"]),
        (&1.into(), &1.into())
    );
    assert_eq!(second["files"][0]["incomplete"], serde_json::Value::Null);
}

/// A file cannot call itself an edition of a verified source.
#[test]
fn a_file_name_impersonates_no_source() {
    let kayle = Kayle::new();
    let [a, b, c] = [utopia(), utopia(), utopia()];
    kayle.write("root.der", a.csca());
    kayle.write("list.ml", &list(&a, &[&a, &b]));
    kayle.write("master list UT", &list(&c, &[&c]));
    kayle.json(&["trust", "import", "list.ml", "--trust-signer", "root.der"]);
    let forged = kayle.json(&[
        "trust",
        "import",
        "master list UT",
        "--allow-unverified",
        "--allow-older",
        "--allow-withdrawals",
    ]);
    assert_eq!(forged["files"][0]["source"], "file: master list UT");
    assert_eq!(forged["total"]["withdrawn"], 0);
    assert_eq!(countries_held(&kayle), 3);
}

/// Whoever writes a list that nobody vouches for takes nothing away from one that is verified.
#[test]
fn an_unverified_list_withdraws_nothing_of_a_verified_one() {
    let kayle = Kayle::new();
    let [a, b, c] = [utopia(), utopia(), utopia()];
    kayle.write("root.der", a.csca());
    kayle.write("list.ml", &list(&a, &[&a, &b]));
    kayle.write("forged/list.ml", &list(&c, &[&c]));
    kayle.json(&["trust", "import", "list.ml", "--trust-signer", "root.der"]);
    let forged = kayle.json(&[
        "trust",
        "import",
        "forged/list.ml",
        "--allow-unverified",
        "--allow-older",
        "--allow-withdrawals",
    ]);
    assert_eq!((&forged["total"]["added"], &forged["total"]["withdrawn"]), (&1.into(), &0.into()));
    assert_eq!(countries_held(&kayle), 3);
}

#[test]
fn files_under_one_source_are_one_edition() {
    let kayle = Kayle::new();
    let [a, b, c] = [utopia(), utopia(), utopia()];
    for (name, state) in [("a.der", &a), ("b.der", &b), ("c.der", &c)] {
        kayle.write(name, state.csca());
    }
    kayle.json(&["trust", "import", "--source", "mine", "a.der", "b.der", "c.der"]);
    let update = kayle.json(&["trust", "import", "--source", "mine", "a.der", "b.der"]);
    assert_eq!((&update["total"]["kept"], &update["total"]["withdrawn"]), (&2.into(), &1.into()));
    // With a file missing it is not whole, and withdraws nothing.
    let partial =
        kayle.run(&["trust", "import", "--source", "mine", "a.der", "gone.der", "--json"]);
    assert_eq!(partial.code, Some(1));
    assert_eq!(partial.json()["total"]["withdrawn"], 0);
    assert_eq!(countries_held(&kayle), 2);
}

#[test]
fn an_older_revocation_list_never_replaces_a_newer_one() {
    let kayle = Kayle::new();
    let (state, impostor) = (utopia(), utopia());
    let crl = |state: &IssuingState, days: i64| {
        let at = NOW.plus_days(days);
        state.crl(&[&[7]], at, Some(at.plus_days(30))).unwrap()
    };
    kayle.write("csca.der", state.csca());
    kayle.write("old.crl", &crl(&state, -20));
    kayle.write("new.crl", &crl(&state, -10));
    kayle.write("forged.crl", &crl(&impostor, -5));
    let total = |file: &str| {
        let report = kayle.json(&["trust", "import", file]);
        ["added", "superseded", "outdated", "unsigned_lists"]
            .map(|count| report["total"][count].as_u64().unwrap())
    };
    kayle.json(&["trust", "import", "csca.der"]);
    assert_eq!(total("old.crl"), [1, 0, 0, 0]);
    // Signed by another key of that name: kept, not used, and it replaces nothing.
    assert_eq!(total("forged.crl"), [1, 0, 0, 1]);
    assert_eq!(total("new.crl"), [1, 1, 0, 0]);
    assert_eq!(total("old.crl"), [0, 0, 1, 0]);
    let status = kayle.json(&["trust", "status"]);
    let [utopia] = status["states"].as_array().unwrap().as_slice() else { panic!("{status}") };
    assert_eq!(utopia["crl"]["this_update"], NOW.plus_days(-10).to_string());
    assert_eq!(utopia["crl"]["entries"], 1);
    let [unused] = status["unused_lists"].as_array().unwrap().as_slice() else {
        panic!("{status}")
    };
    assert_eq!(unused["reason"], "no CSCA of that name signed it");
    let human = kayle.run(&["trust", "status"]).stdout;
    assert!(human.contains("UT") && human.contains("not used: crl"), "{human}");
}

/// Whoever cannot sign neither fills the store nor pushes a list out that waits for its CSCA.
#[test]
fn unsigned_revocation_lists_are_few_and_displace_none() {
    let kayle = Kayle::new();
    let (state, impostor) = (utopia(), utopia());
    let crl = |state: &IssuingState, serials: &[&[u8]], days: i64| {
        let at = NOW.plus_days(days);
        state.crl(serials, at, Some(at.plus_days(30))).unwrap()
    };
    kayle.write("csca.der", state.csca());
    kayle.write("real.crl", &crl(&state, &[&[7]], -50));
    let forged: Vec<String> = (0..9).map(|number| format!("{number}.crl")).collect();
    for (days, name) in (-40..).zip(&forged) {
        kayle.write(name, &crl(&impostor, &[], days));
    }
    assert_eq!(kayle.json(&["trust", "import", "real.crl"])["total"]["unsigned_lists"], 1);
    let mut args = vec!["trust", "import"];
    args.extend(forged.iter().map(String::as_str));
    let report = kayle.json(&args);
    let total = ["added", "superseded", "unsigned_lists", "excess_lists"]
        .map(|count| report["total"][count].as_u64().unwrap());
    assert_eq!(total, [4, 0, 4, 5]);
    kayle.json(&["trust", "import", "csca.der"]);
    let status = kayle.json(&["trust", "status"]);
    assert_eq!(status["states"][0]["crl"]["entries"], 1, "{status}");
    assert_eq!(status["unused_lists"].as_array().unwrap().len(), 4);
}

/// A compromised CSCA that its state revoked does not take that back with a later list.
#[test]
fn a_csca_does_not_take_its_own_revocation_back() {
    let kayle = Kayle::new();
    let state = utopia();
    let csca = Certificate::from_der(state.csca()).unwrap();
    let crl = |serials: &[&[u8]], days: i64| {
        let at = NOW.plus_days(days);
        state.crl(serials, at, Some(at.plus_days(30))).unwrap()
    };
    kayle.write("csca.der", state.csca());
    kayle.write("revoking.crl", &crl(&[csca.serial()], -20));
    kayle.write("clearing.crl", &crl(&[], -10));
    kayle.json(&["trust", "import", "csca.der", "revoking.crl"]);
    let report = kayle.json(&["trust", "import", "clearing.crl"]);
    assert_eq!(report["total"]["superseded"], 0);
    kayle.write("list.ml", &list(&state, &[&state]));
    let ran = kayle.run(&["trust", "import", "list.ml", "--trust-known-signers"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
}

#[test]
fn status_says_how_fresh_each_list_is() {
    let kayle = Kayle::new();
    let now = emrtd::UnixSeconds(SystemClock.now().as_seconds());
    let states = [("UTO", "UT"), ("DYS", "DY"), ("XYZ", "XY")]
        .map(|(state, country)| IssuingState::new(StateProfile::of(state, country), now).unwrap());
    let lists = [
        states[0].crl(&[], now.plus_days(-1), Some(now.plus_days(30))).unwrap(),
        states[1].crl(&[], now.plus_days(-60), Some(now.plus_days(-30))).unwrap(),
    ];
    for (number, state) in states.iter().enumerate() {
        kayle.write(&format!("{number}.der"), state.csca());
    }
    kayle.write("0.crl", &lists[0]);
    kayle.write("1.crl", &lists[1]);
    kayle.write(
        "future.crl",
        &states[2].crl(&[], now.plus_days(9), Some(now.plus_days(30))).unwrap(),
    );
    let refused = kayle.run(&["trust", "import", "future.crl"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stdout.contains("from the future"), "{}", refused.stdout);
    kayle.json(&["trust", "import", "0.der", "1.der", "2.der", "0.crl", "1.crl"]);
    let status = kayle.json(&["trust", "status"]);
    let fresh: Vec<(&str, &str)> = status["states"]
        .as_array()
        .unwrap()
        .iter()
        .map(|state| (state["country"].as_str().unwrap(), state["crl"]["state"].as_str().unwrap()))
        .collect();
    assert_eq!(fresh, [("DY", "stale"), ("UT", "current"), ("XY", "none")]);
}
