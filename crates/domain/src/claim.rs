//! The claims that a relying party may ask for (REFERENCE 6.1), and their values.

use std::collections::BTreeMap;
use std::fmt;

use emrtd::UnixSeconds;
use emrtd::mrz::PartialDate;
use emrtd::verify::{Document, PassivelyAuthenticated};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::id::OrganizationId;
use crate::key::Keys;
use crate::time::Timestamp;

/// The youngest and the oldest age that an age gate may name.
const AGE_GATE: std::ops::RangeInclusive<u8> = 12..=130;

const AGE_GATE_PREFIX: &str = "age_over_";

/// A claim of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// `document_type_code`: `P`, `ID`, …
    DocumentTypeCode,
    /// `issuing_country_code`: the issuing state, as the MRZ has it.
    IssuingCountryCode,
    /// `family_name`: the primary identifier.
    FamilyName,
    /// `given_names`: the secondary identifier.
    GivenNames,
    /// `document_number`.
    DocumentNumber,
    /// `nationality_code`.
    NationalityCode,
    /// `date_of_birth`: `YYYY-MM-DD`.
    DateOfBirth,
    /// `sex_marker`: `M`, `F` or `X`.
    SexMarker,
    /// `document_expiry_date`: `YYYY-MM-DD`.
    DocumentExpiryDate,
    /// `mrz_optional_data`.
    MrzOptionalData,
    /// `document_photo`: the portrait as base64.
    DocumentPhoto,
    /// `kayle_document_id`: a pseudonym of the document for one organization.
    KayleDocumentId,
    /// `kayle_human_id`: always null; no honest derivation of it from a document exists.
    KayleHumanId,
    /// `age_over_N`: whether the holder is at least `N` years old.
    AgeOver(u8),
}

/// Why a text is no claim key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimKeyError {
    /// `age_over_` with something else than a number from 12 to 130.
    AgeGate,
    /// Not in the catalogue.
    Unknown,
}

const FIXED: [(Claim, &str, &str); 13] = [
    (Claim::DocumentTypeCode, "document_type_code", "Document Type Code"),
    (Claim::IssuingCountryCode, "issuing_country_code", "Issuing Country Code"),
    (Claim::FamilyName, "family_name", "Family Name"),
    (Claim::GivenNames, "given_names", "Given Names"),
    (Claim::DocumentNumber, "document_number", "Document Number"),
    (Claim::NationalityCode, "nationality_code", "Nationality Code"),
    (Claim::DateOfBirth, "date_of_birth", "Date of Birth"),
    (Claim::SexMarker, "sex_marker", "Sex Marker"),
    (Claim::DocumentExpiryDate, "document_expiry_date", "Document Expiry Date"),
    (Claim::MrzOptionalData, "mrz_optional_data", "MRZ Optional Data"),
    (Claim::DocumentPhoto, "document_photo", "Document Photo"),
    (Claim::KayleDocumentId, "kayle_document_id", "Kayle Document ID"),
    (Claim::KayleHumanId, "kayle_human_id", "Kayle Human ID"),
];

impl Claim {
    /// The fixed keys, for a person who mistyped one.
    pub fn known_keys() -> impl Iterator<Item = &'static str> {
        FIXED.iter().map(|(_, key, _)| *key)
    }

    /// Reads a claim key, exactly: no trimming, no change of case.
    pub fn parse(key: &str) -> Result<Self, ClaimKeyError> {
        if let Some(years) = key.strip_prefix(AGE_GATE_PREFIX) {
            if years.is_empty() || !years.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(ClaimKeyError::AgeGate);
            }
            return match years.trim_start_matches('0').parse::<u8>() {
                Ok(years) if AGE_GATE.contains(&years) => Ok(Self::AgeOver(years)),
                _ => Err(ClaimKeyError::AgeGate),
            };
        }
        FIXED
            .iter()
            .find(|(_, name, _)| *name == key)
            .map(|(claim, _, _)| *claim)
            .ok_or(ClaimKeyError::Unknown)
    }

    /// The name that people read.
    pub fn label(self) -> String {
        match self {
            Self::AgeOver(years) => format!("Age Over {years}"),
            fixed => FIXED
                .iter()
                .find(|(claim, _, _)| *claim == fixed)
                .map_or_else(String::new, |(_, _, label)| (*label).to_owned()),
        }
    }

    /// Whether this is an age gate.
    pub const fn is_age_gate(self) -> bool {
        matches!(self, Self::AgeOver(_))
    }
}

/// The value of a claim. Erased when dropped; never shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub enum ClaimValue {
    /// A text.
    Text(String),
    /// A yes or no.
    Bool(bool),
    /// An image file, JPEG or JPEG 2000.
    Image(Vec<u8>),
    /// Nothing that the document could tell.
    Null,
}

impl fmt::Debug for ClaimValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClaimValue(..)")
    }
}

/// Claims by key, in the order of the keys.
pub type Claims = BTreeMap<String, ClaimValue>;

/// For whom and when a claim is made.
#[derive(Clone, Copy, Debug)]
pub struct ClaimContext<'a> {
    /// The organization that document ids are made for.
    pub organization: &'a OrganizationId,
    /// The keys that document ids are made with.
    pub keys: &'a Keys,
    /// The time that ages are counted at.
    pub now: Timestamp,
}

/// The value of one claim, taken from a proven document and from nothing else.
pub fn value(
    claim: Claim,
    document: &PassivelyAuthenticated<Document>,
    context: ClaimContext<'_>,
) -> ClaimValue {
    let mrz = document.get().mrz();
    match claim {
        Claim::DocumentTypeCode => ClaimValue::Text(mrz.document_code().to_owned()),
        Claim::IssuingCountryCode => ClaimValue::Text(mrz.issuing_state().to_owned()),
        Claim::FamilyName => ClaimValue::Text(mrz.surname().to_owned()),
        Claim::GivenNames => ClaimValue::Text(mrz.given_names().to_owned()),
        Claim::DocumentNumber => ClaimValue::Text(mrz.document_number().to_owned()),
        Claim::NationalityCode => ClaimValue::Text(mrz.nationality().to_owned()),
        Claim::DateOfBirth => ClaimValue::Text(mrz.birth_date().to_string()),
        Claim::SexMarker => ClaimValue::Text(mrz.sex().to_string()),
        Claim::DocumentExpiryDate => ClaimValue::Text(mrz.expiry_date().to_string()),
        Claim::MrzOptionalData => ClaimValue::Text(mrz.optional_data().to_owned()),
        Claim::DocumentPhoto => ClaimValue::Image(document.get().portrait().image().to_vec()),
        Claim::KayleDocumentId => ClaimValue::Text(format!(
            "kdid_{}",
            context.keys.document_id(
                context.organization,
                mrz.issuing_state(),
                mrz.document_code(),
                mrz.document_number(),
            )
        )),
        Claim::KayleHumanId => ClaimValue::Null,
        Claim::AgeOver(years) => {
            ClaimValue::Bool(is_at_least(years, mrz.birth_date(), context.now))
        }
    }
}

/// Whether the holder is at least `years` old on every day that the birth date may mean.
///
/// A birth date that is partly unknown counts as its latest day, so that an age is never claimed
/// that the document does not show.
fn is_at_least(years: u8, birth: PartialDate, now: Timestamp) -> bool {
    let (born, today) = (birth.latest(), UnixSeconds(now.as_seconds()).date());
    // Born on 29 February: of age on 1 March of a common year, since (2, 28) < (2, 29).
    let had_birthday = (today.month(), today.day()) >= (born.month(), born.day());
    i32::from(today.year()) - i32::from(born.year()) - i32::from(!had_birthday) >= i32::from(years)
}
