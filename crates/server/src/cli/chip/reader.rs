//! Where a chip is: on a PC/SC reader, or in a file.

use std::path::PathBuf;
use std::str::FromStr;

use domain::entropy::Entropy;
use emrtd::UnixSeconds;
use emrtd::read::{Fault, Password, ReadPolicy};
use emrtd::sim::{Chip, Personalisation};
use phone::{ChipError, ChipSession, SimulatedReader, Transceiver, TransceiverError};

use super::password::PasswordArgs;
use crate::cli::failure::{Code, Failure};
use crate::cli::folder::read_bounded;
use crate::entropy::OsEntropy;

const PCSC: &str = "pcsc";
const SIMULATED: &str = "sim:";
/// A chip holds some 100 KiB.
const MAX_CHIP_BYTES: u64 = 16 << 20;

/// `pcsc`, `pcsc:NAME` or `sim:FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum ReaderName {
    Pcsc(Option<String>),
    Simulated(PathBuf),
}

/// A session with whatever chip it is.
pub(in crate::cli) type AnyChip = ChipSession<Box<dyn Transceiver + Send>>;

impl FromStr for ReaderName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == PCSC {
            return Ok(Self::Pcsc(None));
        }
        match (text.strip_prefix("pcsc:"), text.strip_prefix(SIMULATED)) {
            (Some(name), _) if !name.is_empty() => Ok(Self::Pcsc(Some(name.to_owned()))),
            (_, Some(file)) if !file.is_empty() => Ok(Self::Simulated(file.into())),
            _ => Err("expected pcsc, pcsc:NAME or sim:FILE"),
        }
    }
}

impl ReaderName {
    /// Finds the chip, and prepares to read it.
    pub(in crate::cli) fn open(
        &self,
        password: &PasswordArgs,
        policy: ReadPolicy,
        now: UnixSeconds,
    ) -> Result<AnyChip, Failure> {
        let given = password.password(now)?;
        let (transceiver, printed) = match self {
            Self::Pcsc(name) => {
                // Before anyone is asked to fetch the document.
                let given = given.as_ref().map(|_| ());
                given.ok_or_else(nothing_opens)?;
                (open_pcsc(name.as_deref())?, None)
            }
            Self::Simulated(file) => {
                let chip = read_chip(file)?;
                let printed = chip.personalisation().mrz_key().map(Password::Mrz);
                let reader: Box<dyn Transceiver + Send> = Box::new(SimulatedReader::new(chip));
                (reader, printed)
            }
        };
        let password = given.or(printed).ok_or_else(nothing_opens)?;
        let random = Box::new(|buffer: &mut [u8]| OsEntropy.fill(buffer));
        Ok(ChipSession::new(transceiver, password, policy, random))
    }
}

/// A simulated chip from its file, powered up.
pub(super) fn read_chip(file: &std::path::Path) -> Result<Chip, Failure> {
    let bytes = read_bounded(file, MAX_CHIP_BYTES)?;
    let personalisation = Personalisation::decode(&bytes).map_err(|error| {
        Failure::new(
            Code::Chip,
            format!("{}: {error}", file.display()),
            "`kayle chip new` makes chip files",
        )
    })?;
    let random = |buffer: &mut [u8]| {
        OsEntropy.fill(buffer);
        true
    };
    Ok(Chip::new(personalisation, Box::new(random)))
}

#[cfg(feature = "pcsc")]
fn open_pcsc(name: Option<&str>) -> Result<Box<dyn Transceiver + Send>, Failure> {
    /// How long a document is waited for.
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
    use crate::cli::outcome::note;
    let reader = phone::PcscReader::open(name, PATIENCE, |readers| {
        note(format_args!("put the document on the reader ({})", readers.join(", ")));
    })?;
    note(format_args!("reader {}", reader.name()));
    Ok(Box::new(reader))
}

#[cfg(not(feature = "pcsc"))]
fn open_pcsc(_: Option<&str>) -> Result<Box<dyn Transceiver + Send>, Failure> {
    Err(Failure::new(
        Code::Reader,
        "this build has no PC/SC",
        "install libpcsclite-dev (Debian), then `cargo build --release --features pcsc`",
    ))
}

fn nothing_opens() -> Failure {
    Failure::usage(
        "what opens the chip is missing",
        "--mrz-file FILE or --mrz -, or --can for documents that have a card access number",
    )
}

impl From<ChipError> for Failure {
    fn from(error: ChipError) -> Self {
        let (code, hint) = match &error {
            ChipError::Transceiver(TransceiverError::TagLost) => {
                (Code::TagLost, "hold the document still on the reader, and try again")
            }
            ChipError::Transceiver(_) => (Code::Reader, "is the reader still connected?"),
            ChipError::Read(error) => match error.fault() {
                Fault::Password => (
                    Code::ChipAccess,
                    "check what was typed: the number and both dates (YYMMDD) of this document, \
                     or its card access number",
                ),
                Fault::Chip => (Code::Chip, "the chip does not do as ICAO 9303 says"),
                Fault::Caller | Fault::Library => (Code::Chip, "please report it"),
            },
            _ => (Code::Chip, "the chip does not do as ICAO 9303 says"),
        };
        Self::new(code, error.to_string(), hint)
    }
}

#[cfg(feature = "pcsc")]
impl From<phone::PcscError> for Failure {
    fn from(error: phone::PcscError) -> Self {
        use phone::PcscError;
        let listed = |readers: &[String]| format!("readers: {}", readers.join(", "));
        let hint = match &error {
            PcscError::NoService => "start pcscd".to_owned(),
            PcscError::NoReader => "connect a contactless reader".to_owned(),
            PcscError::Unknown { readers, .. } => listed(readers),
            PcscError::Several { readers } => {
                format!("name one with --reader pcsc:NAME; {}", listed(readers))
            }
            PcscError::NoChip { readers } => format!("put the document on it; {}", listed(readers)),
            PcscError::Busy => "close the program that uses the card".to_owned(),
            PcscError::Failed(_) => "see the log of pcscd".to_owned(),
        };
        Self::new(Code::Reader, error.to_string(), hint)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_reader_is_named_by_its_kind() {
        let name = |text: &str| text.parse::<ReaderName>();
        assert_eq!(name("pcsc").unwrap(), ReaderName::Pcsc(None));
        assert_eq!(name("pcsc:ACME 00").unwrap(), ReaderName::Pcsc(Some("ACME 00".into())));
        assert_eq!(name("sim:a/chip").unwrap(), ReaderName::Simulated("a/chip".into()));
        for wrong in ["", "pcsc:", "sim:", "nfc", "PCSC"] {
            assert!(name(wrong).is_err(), "{wrong}");
        }
    }
}
