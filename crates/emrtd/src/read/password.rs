use std::fmt;

use zeroize::Zeroizing;

use crate::crypto::DigestAlgorithm;
use crate::crypto::symmetric::LibraryFailure;
use crate::mrz::{self, Format, Mrz};

/// What is printed on the document and opens the chip (9303-11 §4.2).
#[derive(Clone, Debug)]
pub enum Password {
    /// From the machine readable zone: for PACE and BAC.
    Mrz(MrzKey),
    /// The card access number: for PACE alone.
    Can(Can),
}

/// Why a text is no password. Never holds any of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {0} is not valid")]
pub struct PasswordError(&'static str);

/// The `MRZ_information`: document number, date of birth and date of expiry,
/// each with its check digit. Zeroized on drop; `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct MrzKey(Zeroizing<String>);

impl MrzKey {
    /// From the three fields: the whole document number without fillers at its
    /// end, and dates as `YYMMDD`. Check digits are computed.
    ///
    /// # Errors
    /// When a field has other characters or another length than the zone.
    pub fn new(document_number: &str, birth: &str, expiry: &str) -> Result<Self, PasswordError> {
        let alphabet = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'<';
        let number = document_number.trim_end_matches('<');
        if number.is_empty() || number.len() > 22 || !number.bytes().all(alphabet) {
            return Err(PasswordError("document number"));
        }
        let is_date = |date: &str| date.len() == 6 && date.bytes().all(alphabet);
        if !is_date(birth) {
            return Err(PasswordError("date of birth"));
        }
        if !is_date(expiry) {
            return Err(PasswordError("date of expiry"));
        }
        let number = Zeroizing::new(format!("{number:<<9}"));
        let mut information = Zeroizing::new(String::with_capacity(40));
        for field in [number.as_str(), birth, expiry] {
            information.push_str(field);
            information.push(char::from(mrz::check_digit(field.as_bytes())));
        }
        Ok(Self(information))
    }

    /// From a zone that was read.
    ///
    /// # Errors
    /// When a field cannot be a password, which no valid zone has.
    pub fn from_mrz(zone: &Mrz) -> Result<Self, PasswordError> {
        let (birth, expiry) = match zone.format() {
            Format::Td1 => (30, 38),
            Format::Td2 => (49, 57),
            Format::Td3 => (57, 65),
        };
        let field = |start: usize| zone.text().get(start..start + 6).unwrap_or_default();
        Self::new(zone.document_number(), field(birth), field(expiry))
    }

    /// SHA-1 of the `MRZ_information`.
    pub(super) fn digest(&self) -> Result<Zeroizing<Vec<u8>>, LibraryFailure> {
        let digest = DigestAlgorithm::Sha1.digest(self.0.as_bytes()).ok_or(LibraryFailure)?;
        Ok(Zeroizing::new(digest))
    }
}

impl fmt::Debug for MrzKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MrzKey(redacted)")
    }
}

/// The card access number. Zeroized on drop; `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Can(Zeroizing<String>);

impl Can {
    /// Six digits; some documents print up to ten characters.
    ///
    /// # Errors
    /// When it has other characters or another length.
    pub fn new(text: &str) -> Result<Self, PasswordError> {
        let valid = (6..=10).contains(&text.len())
            && text.bytes().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase());
        if !valid {
            return Err(PasswordError("card access number"));
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }
}

impl fmt::Debug for Can {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Can(redacted)")
    }
}

impl Password {
    /// The encoding `f(π)` of 9303-11 table 14.
    pub(super) fn encoding(&self) -> Result<Zeroizing<Vec<u8>>, LibraryFailure> {
        match self {
            Self::Mrz(key) => key.digest(),
            Self::Can(can) => Ok(Zeroizing::new(can.0.as_bytes().to_vec())),
        }
    }

    /// Its number in MSE:Set AT (9303-11 §4.4.4.1).
    pub(super) fn reference(&self) -> u8 {
        match self {
            Self::Mrz(_) => 1,
            Self::Can(_) => 2,
        }
    }
}
