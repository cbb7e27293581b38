//! Simulated passports of simulated states: folders of EF files, and chips for the demo.
//!
//! A state is made with its passport, signs it and is gone: its keys are kept nowhere. Its
//! certificate stays beside the passport, for whoever wants a server to trust it.

use std::path::{Path, PathBuf};

use domain::time::Timestamp;
use emrtd::UnixSeconds;
use emrtd::sim::{ChipDescription, DocumentProfile, Holder, IssuingState, StateProfile};
use emrtd::trust::Certificate;
use serde_json::Value;

use super::chip::{Place, StateDescription, StateFiles, issue};
use super::failure::{Code, Failure};
use super::workspace::make_folder;
use crate::clock::{Clock, SystemClock};

const CSCA_FILE: &str = "csca.der";
const SELFIE_FILE: &str = "selfie.jpg";
const MAX_NAME_CHARACTERS: usize = 32;

/// A simulated passport on disk.
pub(super) struct Passport {
    /// Where its EF files are.
    pub(super) folder: PathBuf,
    /// The certificate of its state.
    pub(super) csca: PathBuf,
    /// A photo of its holder.
    pub(super) selfie: PathBuf,
}

/// A simulated chip that was just made.
pub(super) struct IssuedChip {
    pub(super) place: Place,
    /// The certificate of its state.
    pub(super) certificate: Certificate,
    holder: Holder,
}

impl Passport {
    fn at(folder: PathBuf) -> Self {
        let (csca, selfie) = (folder.join(CSCA_FILE), folder.join(SELFIE_FILE));
        Self { folder, csca, selfie }
    }
}

impl IssuedChip {
    /// What a server must find on the chip.
    pub(super) fn claims(&self) -> [(&'static str, Value); 5] {
        let holder = &self.holder;
        [
            ("family_name", holder.surname.as_str().into()),
            ("given_names", holder.given_names.as_str().into()),
            ("nationality_code", holder.nationality.as_str().into()),
            ("document_number", holder.document_number.as_str().into()),
            // The holder was born in 1974.
            ("age_over_18", true.into()),
        ]
    }
}

/// The passport `DATA/sim/NAME`; made if it is absent.
pub(super) fn open(data: &Path, name: &str) -> Result<Passport, Failure> {
    let plain = |char: char| char.is_ascii_alphanumeric() || char == '-';
    if name.is_empty() || name.len() > MAX_NAME_CHARACTERS || !name.chars().all(plain) {
        return Err(Failure::usage(
            "sim:NAME takes a name of letters, digits and hyphens",
            "for example sim:utopia",
        ));
    }
    let passports = data.join("sim");
    let folder = passports.join(name);
    if !folder.exists() {
        make_folder(&passports)?;
        // Made aside and moved whole: another process sees all of it or nothing.
        let aside = tempfile::Builder::new()
            .prefix(".new-")
            .tempdir_in(&passports)
            .map_err(|error| Failure::file(&passports, &error))?;
        create(&aside.path().join(name), SystemClock.now())?;
        match std::fs::rename(aside.path().join(name), &folder) {
            Err(_) if folder.exists() => {}
            result => result.map_err(|error| Failure::file(&folder, &error))?,
        }
    }
    Ok(Passport::at(folder))
}

/// Makes a state and a chip of it, with every way to prove itself, in a new folder.
pub(super) fn create_chip(folder: &Path, now: Timestamp) -> Result<IssuedChip, Failure> {
    make_folder(folder)?;
    let place = Place::at(folder);
    let description = ChipDescription::passport();
    let state = StateFiles::at(folder).make(&StateDescription::default(), now)?;
    issue(&place, &state, &description, Vec::new(), now)?;
    let certificate =
        Certificate::from_der(state.csca()).map_err(emrtd::sim::Error::Certificate)?;
    Ok(IssuedChip { place, certificate, holder: description.holder })
}

/// Makes a state and a passport of it, in a new folder.
fn create(folder: &Path, now: Timestamp) -> Result<(), Failure> {
    make_folder(folder)?;
    let passport = Passport::at(folder.to_owned());
    let holder = Holder::example();
    let profile = DocumentProfile::passport();
    let state = IssuingState::new(StateProfile::utopia(), UnixSeconds(now.as_seconds()))?;
    let document = state.issue(&holder, &profile)?;
    for (name, bytes) in document.files() {
        write(&folder.join(name), &bytes)?;
    }
    write(&passport.csca, state.csca())?;
    write(&passport.selfie, &profile.portrait)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(|error| Failure::file(path, &error))
}

impl From<emrtd::sim::Error> for Failure {
    fn from(error: emrtd::sim::Error) -> Self {
        use emrtd::sim::Error;
        match error {
            Error::Mrz(_) | Error::Agreement(_) | Error::Description(_) => {
                Self::new(Code::Description, error.to_string(), "see docs/CLI.md, `kayle chip new`")
            }
            Error::OpenSsl(_) | Error::Certificate(_) => Self::new(
                Code::Document,
                error.to_string(),
                "the simulation failed; please report it",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_name_gives_the_same_passport_again() {
        let data = tempfile::tempdir().unwrap();
        let first = open(data.path(), "utopia").unwrap();
        let sod = std::fs::read(first.folder.join("EF_SOD.bin")).unwrap();
        let again = open(data.path(), "utopia").unwrap();
        assert_eq!(std::fs::read(again.folder.join("EF_SOD.bin")).unwrap(), sod);
        assert_eq!(std::fs::read_dir(data.path().join("sim")).unwrap().count(), 1);
        assert!(again.csca.exists() && again.selfie.exists());
    }

    #[test]
    fn a_name_cannot_leave_the_folder() {
        let data = tempfile::tempdir().unwrap();
        for name in ["", ".", "..", "../x", "a/b", &"x".repeat(33)] {
            assert!(open(data.path(), name).is_err(), "{name}");
        }
    }
}
