//! JMRTD: access, every file, passive, active and chip authentication.

mod matrix;

use std::fs;
use std::process::{Child, Command, Stdio};

use emrtd::crypto::symmetric::Cipher;
use emrtd::lds::security_info::PaceMapping::{ChipAuthentication, Integrated};
use emrtd::lds::{DataGroup, ElementaryFile};
use emrtd::sim::{ChipDescription, Dishonesty, IssuingState, Personalisation};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::build;
use super::cases::{Case, NOW, chip, differences, pace, state};
use super::counterparty::Counterparty;

#[test]
fn jmrtd_reads_every_file_and_accepts_every_proof() {
    let Some(mut jmrtd) = build::jmrtd() else { return };
    let state = state();
    let failures: Vec<String> =
        matrix::cases().iter().filter_map(|case| failure(&mut jmrtd, &state, case)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn jmrtd_reads_the_chip_that_the_binary_makes_and_serves() {
    let Some(mut jmrtd) = build::jmrtd() else { return };
    let folder = TempDir::new().unwrap();
    let made = kayle(&["chip", "new", "--out"]).arg(folder.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let file = folder.path().join("chip.bin");
    let personalisation = Personalisation::decode(&fs::read(&file).unwrap()).unwrap();
    let csca = fs::read(folder.path().join("csca.der")).unwrap();

    let reader = format!("127.0.0.1:{}", jmrtd.port());
    let _served = Served(
        kayle(&["chip", "serve", "--vpcd", &reader])
            .arg(&file)
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let case = Case::new("kayle chip serve", ChipDescription::passport());
    let read = jmrtd.ask(&wanted(&case, &csca, &personalisation));
    assert_eq!(faults(&case, &personalisation, true, &read), None);
}

fn kayle(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kayle"));
    command.args(arguments);
    command
}

/// A process that ends with its test.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The harness can fail: what makes these chips dishonest is found by JMRTD too.
#[test]
fn jmrtd_refuses_a_copy_another_holder_and_a_wrong_password() {
    let Some(mut jmrtd) = build::jmrtd() else { return };
    let state = state();
    let case = Case::new("dishonest", ChipDescription::passport());
    let honest = Personalisation::issue(&state, &case.description, NOW).unwrap();

    let copy = honest.clone().with(Dishonesty::Copy).unwrap();
    let read = jmrtd.read(&wanted(&case, state.csca(), &copy), chip(copy));
    assert_eq!(read["active"]["proven"], false, "{read}");
    assert!(read["chip"]["proven"].is_null(), "{read}");
    assert!(read["errors"]["chip"].is_string(), "{read}");

    let card = Case::new("copy", pace(ChipAuthentication, Cipher::Aes128, 12));
    let copy = Personalisation::issue(&state, &card.description, NOW).unwrap();
    let copy = copy.with(Dishonesty::Copy).unwrap();
    let read = jmrtd.read(&wanted(&card, state.csca(), &copy), chip(copy));
    assert_eq!(read["chip_authentication_mapping"]["proven"], false, "{read}");

    let mut description = case.description.clone();
    description.holder.surname = "OTHER".to_owned();
    let other = Personalisation::issue(&state, &description, NOW).unwrap();
    let dg1 = ElementaryFile::Dg(DataGroup::DG1);
    let other = other.file(dg1).unwrap().to_vec();
    let swapped = honest.clone().with(Dishonesty::Replaced(dg1, other)).unwrap();
    let read = jmrtd.read(&wanted(&case, state.csca(), &swapped), chip(swapped));
    assert_eq!(read["passive"]["hashes"]["1"], false, "{read}");
    assert_eq!(read["passive"]["hashes"]["2"], true, "{read}");

    let another = IssuingState::new(state.profile().clone(), NOW).unwrap();
    let read = jmrtd.read(&wanted(&case, another.csca(), &honest), chip(honest.clone()));
    assert_eq!(read["passive"]["chain"], false, "{read}");

    for access in ["bac", "pace"] {
        let mut wrong = wanted(&case, state.csca(), &honest);
        wrong["access"] = access.into();
        wrong["mrz"]["birth"] = "740813".into();
        let read = jmrtd.read(&wrong, chip(honest.clone()));
        assert!(read["errors"]["access"].is_string(), "{read}");
        assert!(read["files"]["EF.COM"].is_null(), "{read}");
    }
}

/// As `docs/INTEROP.md` says; a newer JMRTD may do more.
#[test]
fn jmrtd_lacks_integrated_mapping_with_aes_192() {
    let Some(mut jmrtd) = build::jmrtd() else { return };
    let case = Case::new("PACE-IM, AES-192", pace(Integrated, Cipher::Aes192, 12));
    let failure = failure(&mut jmrtd, &state(), &case).unwrap_or_default();
    assert!(failure.contains("PICC side exception in mapping nonce step"), "{failure}");
}

fn wanted(case: &Case, csca: &[u8], personalisation: &Personalisation) -> Value {
    let holder = &case.description.holder;
    let mut wanted = json!({
        "name": case.name,
        "access": "pace",
        "mrz": {
            "document_number": holder.document_number,
            "birth": holder.birth_date,
            "expiry": holder.expiry_date,
        },
        "csca": openssl::base64::encode_block(csca),
        "groups": groups(personalisation),
    });
    for (option, value) in case.options.as_object().unwrap() {
        wanted[option] = value.clone();
    }
    wanted
}

fn groups(personalisation: &Personalisation) -> Vec<u8> {
    let group = |file| match file {
        ElementaryFile::Dg(group) => Some(group.number()),
        _ => None,
    };
    personalisation.files().filter_map(|(file, _)| group(file)).collect()
}

/// What is not as it must be with the chip of a case.
fn failure(jmrtd: &mut Counterparty, state: &IssuingState, case: &Case) -> Option<String> {
    let personalisation = Personalisation::issue(state, &case.description, NOW).unwrap();
    let wanted = wanted(case, state.csca(), &personalisation);
    let read = jmrtd.read(&wanted, chip(personalisation.clone()));
    faults(case, &personalisation, wanted["access"] == "pace", &read)
}

fn faults(
    case: &Case,
    personalisation: &Personalisation,
    is_pace: bool,
    read: &Value,
) -> Option<String> {
    let mut wrong = differences(personalisation, &read["files"]);
    if !is_pace {
        wrong.retain(|file| file != "EF.CardAccess");
    }
    let mut expect = |what: &str, is_met: bool| {
        if !is_met {
            wrong.push(what.to_owned());
        }
    };
    expect("errors", read["errors"] == json!({}));
    let description = &case.description;
    let access = &read["access"];
    match description.pace.first().filter(|_| is_pace) {
        Some(offer) => {
            expect("PACE", access["oid"] == offer.protocol.oid().to_string());
            expect("parameters", access["parameters"] == offer.domain);
        }
        None => expect("BAC", access["protocol"] == "BAC"),
    }
    let has_mapping = is_pace
        && description.pace.iter().any(|offer| offer.protocol.mapping == ChipAuthentication);
    let mapping = &read["chip_authentication_mapping"];
    expect("PACE-CAM", !has_mapping || mapping == &json!({ "proven": true, "signature": true }));
    expect("signature of EF.SOD", read["passive"]["signature"] == true);
    expect("chain", read["passive"]["chain"] == true);
    let groups = groups(personalisation);
    expect("EF.COM", read["listed"] == json!(groups));
    let hashes: serde_json::Map<String, Value> =
        groups.iter().map(|group| (group.to_string(), true.into())).collect();
    expect("hashes", read["passive"]["hashes"] == Value::Object(hashes));
    let proven = |made: bool| if made { json!(true) } else { Value::Null };
    let active = description.active_authentication.is_some();
    expect("active authentication", read["active"]["proven"] == proven(active));
    let authentication = !description.chip_authentication.is_empty();
    expect("chip authentication", read["chip"]["proven"] == proven(authentication));
    (!wrong.is_empty()).then(|| format!("{}: {}: {read}", case.name, wrong.join(", ")))
}
