//! The machine readable zone of TD1, TD2 and TD3 documents (9303-3 to -6).
//!
//! A value that exists was read from a zone whose every check digit is right.

mod check_digit;
mod date;
mod parse;
mod write;

pub use check_digit::check_digit;
pub use date::PartialDate;
pub use write::Fields;

use std::fmt;

use zeroize::Zeroizing;

/// The size of the document, which decides the layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Card: 3 lines of 30 (9303-5).
    Td1,
    /// Larger card: 2 lines of 36 (9303-6).
    Td2,
    /// Passport booklet: 2 lines of 44 (9303-4).
    Td3,
}

impl Format {
    /// Number of lines and characters per line.
    pub fn lines(self) -> (usize, usize) {
        match self {
            Self::Td1 => (3, 30),
            Self::Td2 => (2, 36),
            Self::Td3 => (2, 44),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Td1 => "TD1",
            Self::Td2 => "TD2",
            Self::Td3 => "TD3",
        })
    }
}

/// A field of the zone, to name it in errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say all")]
pub enum Field {
    DocumentCode,
    IssuingState,
    Name,
    DocumentNumber,
    Nationality,
    BirthDate,
    Sex,
    ExpiryDate,
    OptionalData,
    Composite,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DocumentCode => "document code",
            Self::IssuingState => "issuing state",
            Self::Name => "name",
            Self::DocumentNumber => "document number",
            Self::Nationality => "nationality",
            Self::BirthDate => "date of birth",
            Self::Sex => "sex",
            Self::ExpiryDate => "date of expiry",
            Self::OptionalData => "optional data",
            Self::Composite => "composite",
        })
    }
}

/// Why a text is not a machine readable zone. Never holds any of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Neither 90, 72 nor 88 characters.
    #[error("{0} characters are no TD1, TD2 or TD3 zone")]
    Length(usize),
    /// A character outside `A-Z`, `0-9` and `<`, counted without line breaks.
    #[error("a character outside A-Z, 0-9 and '<' at position {0}")]
    Character(usize),
    /// The check digit of a field is wrong (9303-3 §4.9).
    #[error("the check digit of the {0} is wrong")]
    CheckDigit(Field),
    /// A field holds what it may not.
    #[error("the {0} is not valid")]
    Invalid(Field),
    /// A value does not fit its field (writing only).
    #[error("the {0} does not fit")]
    DoesNotFit(Field),
}

/// A machine readable zone with right check digits.
///
/// Zeroized on drop; `Debug` shows the format alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Mrz {
    format: Format,
    text: Zeroizing<String>,
    document_code: String,
    issuing_state: String,
    surname: Zeroizing<String>,
    given_names: Zeroizing<String>,
    document_number: Zeroizing<String>,
    nationality: Zeroizing<String>,
    birth_date: PartialDate,
    sex: char,
    expiry_date: PartialDate,
    optional_data: Zeroizing<String>,
}

impl Mrz {
    /// The size of the document.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The whole zone without line breaks.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The document code without fillers: `P`, `PP`, `ID`, `AR` …
    pub fn document_code(&self) -> &str {
        &self.document_code
    }

    /// Issuing state or organization without fillers: `UTO`, `D`, `GBR` …
    pub fn issuing_state(&self) -> &str {
        &self.issuing_state
    }

    /// Primary identifier, fillers as spaces. The zone may have cut it short.
    pub fn surname(&self) -> &str {
        &self.surname
    }

    /// Secondary identifier, fillers as spaces; may be empty or cut short.
    pub fn given_names(&self) -> &str {
        &self.given_names
    }

    /// Document number without fillers, put together when it overflows into
    /// the optional data (9303-5 §4.2.2.2 note j).
    pub fn document_number(&self) -> &str {
        &self.document_number
    }

    /// Nationality without fillers.
    pub fn nationality(&self) -> &str {
        &self.nationality
    }

    /// Date of birth, as far as it is known.
    pub fn birth_date(&self) -> PartialDate {
        self.birth_date
    }

    /// `'M'`, `'F'`, or `'X'` when unspecified (`<` in the zone).
    pub fn sex(&self) -> char {
        self.sex
    }

    /// Date of expiry, as far as it is given.
    pub fn expiry_date(&self) -> PartialDate {
        self.expiry_date
    }

    /// Optional data without trailing fillers; on TD1 both fields, joined by
    /// a filler when both are used.
    pub fn optional_data(&self) -> &str {
        &self.optional_data
    }
}

impl fmt::Debug for Mrz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mrz({}, redacted)", self.format)
    }
}
