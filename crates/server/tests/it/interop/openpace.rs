//! OpenPACE: PACE with generic and integrated mapping, secure messaging, every file.

use emrtd::crypto::symmetric::Cipher;
use emrtd::lds::security_info::PaceMapping::{Generic, Integrated};
use emrtd::lds::{DataGroup, ElementaryFile};
use emrtd::mrz::Format;
use emrtd::sim::{IssuingState, Personalisation};
use serde_json::{Value, json};

use super::build;
use super::cases::{CURVES, Case, NOW, PRIME_GROUPS, chip, differences, pace, state};
use super::counterparty::Counterparty;

#[test]
fn openpace_opens_the_chip_and_reads_every_file() {
    let Some(mut openpace) = build::openpace() else { return };
    let state = state();
    let failures: Vec<String> =
        cases().iter().filter_map(|case| failure(&mut openpace, &state, case)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn openpace_is_refused_with_a_wrong_password() {
    let Some(mut openpace) = build::openpace() else { return };
    let case = Case::new("wrong", pace(Generic, Cipher::Aes128, 12)).by_can();
    let personalisation = Personalisation::issue(&state(), &case.description, NOW).unwrap();
    let mut wanted = wanted(&case, &personalisation);
    wanted["can"] = "500541".into();
    let read = openpace.read(&wanted, chip(personalisation));
    assert_eq!(read["error"], "GENERAL AUTHENTICATE 85: status 6300", "{read}");
    assert_eq!(read["files"].as_object().unwrap().len(), 1, "EF.CardAccess alone: {read}");
}

/// As `docs/INTEROP.md` says; a newer OpenPACE may do more.
#[test]
fn openpace_lacks_integrated_mapping_and_larger_zones() {
    let Some(mut openpace) = build::openpace() else { return };
    let state = state();
    let card = pace(Generic, Cipher::Aes128, 13).with_format(Format::Td2);
    for (case, error) in [
        (
            Case::new("PACE-IM", pace(Integrated, Cipher::Aes128, 12)),
            "OpenPACE refuses EF.CardAccess",
        ),
        (Case::new("TD2", card), "GENERAL AUTHENTICATE 85: status 6300"),
    ] {
        let failure = failure(&mut openpace, &state, &case).unwrap_or_default();
        assert!(failure.contains(error), "{}: {failure}", case.name);
    }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (domain, group) in CURVES.into_iter().chain(PRIME_GROUPS) {
        for cipher in Cipher::ALL {
            let name = format!("PACE-GM, {group}, {cipher}");
            cases.push(Case::new(name, pace(Generic, cipher, domain)).by_can());
        }
    }
    let card = pace(Generic, Cipher::Aes128, 13).with_format(Format::Td1);
    cases.push(Case::new("PACE by MRZ, TD1", card));
    cases
}

fn wanted(case: &Case, personalisation: &Personalisation) -> Value {
    let ids: Vec<u16> = personalisation.files().filter_map(|(file, _)| id(file)).collect();
    let mut wanted = json!({ "zone": personalisation.mrz(), "ids": ids });
    for (option, value) in case.options.as_object().unwrap() {
        wanted[option] = value.clone();
    }
    wanted
}

/// The identifier of a file of the application.
fn id(file: ElementaryFile) -> Option<u16> {
    match file {
        ElementaryFile::Com => Some(0x011E),
        ElementaryFile::Sod => Some(0x011D),
        ElementaryFile::Dg(group) => Some(0x0100 + u16::from(DataGroup::number(group))),
        _ => None,
    }
}

/// What is not as it must be.
fn failure(openpace: &mut Counterparty, state: &IssuingState, case: &Case) -> Option<String> {
    let personalisation = Personalisation::issue(state, &case.description, NOW).unwrap();
    let wanted = wanted(case, &personalisation);
    let mut read = openpace.read(&wanted, chip(personalisation.clone()));
    // One agreement in 256, and no fault of the chip.
    for _ in 0..3 {
        if read["secret_is_short"] == true {
            read = openpace.read(&wanted, chip(personalisation.clone()));
        }
    }
    let files = read["files"].as_object_mut().unwrap();
    for (file, _) in personalisation.files() {
        if let Some(found) = id(file).and_then(|id| files.remove(&format!("{id:04X}"))) {
            files.insert(file.to_string(), found);
        }
    }
    let wrong = differences(&personalisation, &read["files"]);
    let protocol = case.description.pace.first().unwrap().protocol.oid().to_string();
    let is_right = wrong.is_empty() && read["error"].is_null() && read["oid"] == protocol;
    (!is_right).then(|| format!("{}: {}: {read}", case.name, wrong.join(", ")))
}
