//! What opens a chip, from the command line, a file or stdin.

use std::convert::Infallible;
use std::io::Read;
use std::path::PathBuf;

use clap::Args;
use emrtd::UnixSeconds;
use emrtd::mrz::Mrz;
use emrtd::read::{Can, MrzKey, Password};
use protocol::SecretText;

use crate::cli::failure::Failure;
use crate::cli::folder::read_bounded;

/// The longest zone has 90 characters and two line breaks.
const MAX_BYTES: u64 = 1024;
const STDIN: &str = "-";

/// What is printed on the document and opens its chip.
#[derive(Debug, Args)]
#[group(id = "password", multiple = false)]
pub(in crate::cli) struct PasswordArgs {
    /// The machine readable zone that opens the chip: its lines, or `NUMBER BIRTH EXPIRY` with
    /// dates as YYMMDD; `-` reads it from stdin.
    ///
    /// Other users of this machine see arguments: give real ones by --mrz-file or on stdin. The
    /// check digits of three fields are computed; in lines they must be right.
    #[arg(long, value_name = "TEXT|-", value_parser = secret, allow_hyphen_values = true)]
    mrz: Option<SecretText>,
    /// A file that holds the machine readable zone.
    #[arg(long, value_name = "FILE")]
    mrz_file: Option<PathBuf>,
    /// The card access number that opens the chip; `-` reads it from stdin.
    #[arg(long, value_name = "DIGITS|-", value_parser = secret, allow_hyphen_values = true)]
    can: Option<SecretText>,
    /// A file that holds the card access number.
    #[arg(long, value_name = "FILE")]
    can_file: Option<PathBuf>,
}

impl PasswordArgs {
    /// The password given, if any.
    pub(in crate::cli) fn password(&self, now: UnixSeconds) -> Result<Option<Password>, Failure> {
        if let Some(text) = secret_text(self.mrz.as_ref(), self.mrz_file.as_ref())? {
            return mrz(text.expose(), now).map(Some);
        }
        if let Some(text) = secret_text(self.can.as_ref(), self.can_file.as_ref())? {
            return can(text.expose()).map(Some);
        }
        Ok(None)
    }
}

fn secret_text(
    given: Option<&SecretText>,
    file: Option<&PathBuf>,
) -> Result<Option<SecretText>, Failure> {
    let bytes = match (given, file) {
        (Some(text), _) if text.expose() == STDIN => read_stdin()?,
        (Some(text), _) => return Ok(Some(text.clone())),
        (None, Some(file)) => read_bounded(file, MAX_BYTES)?,
        (None, None) => return Ok(None),
    };
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::usage("what opens the chip is no text", HINT))?;
    Ok(Some(SecretText::from(text)))
}

fn read_stdin() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .take(MAX_BYTES)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::io("stdin", &error))?;
    Ok(bytes)
}

/// The lines of a zone, or its three fields.
fn mrz(text: &str, now: UnixSeconds) -> Result<Password, Failure> {
    let upper = SecretText::from(text.to_ascii_uppercase());
    let fields: Vec<&str> = upper
        .expose()
        .split(|char: char| char.is_ascii_whitespace() || ",;/".contains(char))
        .filter(|field| !field.is_empty())
        .collect();
    let key = match fields[..] {
        [number, birth, expiry] if number.len() < 30 => MrzKey::new(number, birth, expiry),
        _ => {
            let zone = SecretText::from(fields.concat());
            let zone = Mrz::parse(zone.expose().as_bytes(), now).map_err(|error| {
                Failure::usage(format!("the machine readable zone: {error}"), HINT)
            })?;
            MrzKey::from_mrz(&zone)
        }
    };
    key.map(Password::Mrz).map_err(|error| Failure::usage(error.to_string(), HINT))
}

fn can(text: &str) -> Result<Password, Failure> {
    Can::new(text.trim()).map(Password::Can).map_err(|error| {
        Failure::usage(error.to_string(), "six digits, as printed on the document")
    })
}

fn secret(text: &str) -> Result<SecretText, Infallible> {
    Ok(SecretText::from(text))
}

const HINT: &str = "give the printed lines, or document number, birth and expiry: \
                    `L898902C3 740812 340415`";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    const NOW: UnixSeconds = UnixSeconds(1_780_000_000);
    const ZONE: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n\
                        L898902C36UTO7408122F1204159ZE184226B<<<<<10\n";

    fn key(text: &str) -> MrzKey {
        match mrz(text, NOW).unwrap() {
            Password::Mrz(key) => key,
            Password::Can(_) => panic!("no zone"),
        }
    }

    #[test]
    fn lines_and_fields_give_the_same_key() {
        let expected = MrzKey::new("L898902C3", "740812", "120415").unwrap();
        let fields = "l898902c3, 740812, 120415\n";
        for text in [ZONE, fields, "L898902C3/740812/120415", &ZONE.replace('\n', "")] {
            assert!(key(text) == expected);
        }
    }

    #[test]
    fn what_is_no_password_is_refused_without_showing_it() {
        let misread = ZONE.replace("7408122", "7408123");
        for text in ["", "L898902C3", "L898902C3 740812", misread.as_str(), "A B C D"] {
            let failure = mrz(text, NOW).unwrap_err();
            assert!(!failure.message.contains("L898902"), "{failure}");
        }
        assert!(can("12345").is_err() && can(" 500540\n").is_ok());
    }

    #[test]
    fn what_was_given_is_not_shown() {
        let args = PasswordArgs {
            mrz: Some(SecretText::from("SECRET")),
            mrz_file: None,
            can: None,
            can_file: None,
        };
        assert!(!format!("{args:?}").contains("SECRET"));
    }
}
