//! The share contract: what a relying party asks for, and what the person chose (REFERENCE 6).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use emrtd::verify::{Document, PassivelyAuthenticated};

use crate::claim::{self, Claim, ClaimContext, ClaimKeyError, Claims};

/// The version of the contract that this code speaks.
pub const CONTRACT_VERSION: u32 = 1;

/// The claim that is part of every contract, and always required.
pub const ALWAYS_SHARED: &str = "kayle_document_id";

const MAX_ENTRIES: usize = 32;
const MAX_REASON_UTF16: usize = 200;

/// Who put a field into the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldSource {
    /// The server.
    Default,
    /// The relying party (`rc` on the wire).
    RelyingParty,
}

/// One field of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareField {
    /// Which claim.
    pub claim: Claim,
    /// Whether the person must share it to succeed.
    pub required: bool,
    /// Why it is asked for, in the relying party's words.
    pub reason: String,
    /// Who asked for it.
    pub source: FieldSource,
}

/// One member of `share_fields` as it was sent; `None` where it was absent or of another type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestedField {
    /// The member's name.
    pub key: String,
    /// Whether the value was an object at all.
    pub is_object: bool,
    /// `required`.
    pub required: Option<bool>,
    /// `reason`.
    pub reason: Option<String>,
}

/// Why a contract is refused (REFERENCE 6.3). The key is the relying party's own text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShareContractError {
    /// More entries than any contract can hold.
    #[error("share_fields has more than {MAX_ENTRIES} entries")]
    TooManyFields,
    /// The value of a field is not an object.
    #[error("share_fields.{0} must be an object with `required` and `reason`")]
    NotAnObject(String),
    /// `required` is absent or not a boolean.
    #[error("share_fields.{0}.required must be true or false")]
    RequiredNotBoolean(String),
    /// The reason is absent, not a text, or blank.
    #[error("share_fields.{0}.reason must be a text that people can read")]
    ReasonRequired(String),
    /// The reason is longer than 200 UTF-16 units.
    #[error("share_fields.{0}.reason is longer than {MAX_REASON_UTF16} characters")]
    ReasonTooLong(String),
    /// `age_over_` with something else than 12 to 130.
    #[error("share_fields.{0}: an age gate is age_over_N with N from 12 to 130")]
    InvalidAgeGate(String),
    /// Not in the catalogue.
    #[error("share_fields.{0} is not a known claim")]
    UnknownClaim(String),
    /// A second age gate.
    #[error("share_fields.{0}: a session may ask for one age gate only")]
    MultipleAgeGates(String),
    /// An age gate beside the date of birth.
    #[error("share_fields asks for date_of_birth and for an age gate; ask for one of them")]
    BirthDateAndAgeGate,
}

/// Why a selection is refused (REFERENCE 4.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// Nothing was selected.
    #[error("select at least one field")]
    Empty,
    /// A selected key is not in the contract.
    #[error("a selected field is not part of the request")]
    UnknownField,
    /// A required key was not selected.
    #[error("a required field is not selected")]
    MissingRequired,
}

/// The fields a session asks for, by key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareContract(Arc<BTreeMap<String, ShareField>>);

/// What a person agreed to share: keys of one contract, all required ones among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection(BTreeMap<String, Claim>);

impl Default for ShareContract {
    /// What a session asks for when the relying party names no fields: the document id alone.
    fn default() -> Self {
        Self::with_document_id(BTreeMap::new())
    }
}

impl ShareContract {
    /// Checks what a relying party asks for. The first problem is returned, in the order given.
    pub fn requested(fields: &[RequestedField]) -> Result<Self, ShareContractError> {
        if fields.len() > MAX_ENTRIES {
            return Err(ShareContractError::TooManyFields);
        }
        let mut contract = BTreeMap::new();
        let mut age_gate = false;
        for field in fields {
            let parsed = check(field)?;
            if parsed.claim.is_age_gate() && std::mem::replace(&mut age_gate, true) {
                return Err(ShareContractError::MultipleAgeGates(field.key.clone()));
            }
            contract.insert(field.key.clone(), parsed);
        }
        if age_gate && contract.values().any(|field| field.claim == Claim::DateOfBirth) {
            return Err(ShareContractError::BirthDateAndAgeGate);
        }
        Ok(Self::with_document_id(contract))
    }

    /// Reads a contract back from storage.
    pub fn stored(fields: BTreeMap<String, ShareField>) -> Self {
        Self(Arc::new(fields))
    }

    /// The fields in the order of their keys.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &ShareField)> {
        self.0.iter().map(|(key, field)| (key.as_str(), field))
    }

    /// Checks what a person selected. Keys named twice count once.
    pub fn select<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a str>,
    ) -> Result<Selection, SelectionError> {
        let chosen: BTreeSet<&str> =
            keys.into_iter().map(str::trim).filter(|key| !key.is_empty()).collect();
        if chosen.is_empty() {
            return Err(SelectionError::Empty);
        }
        let mut selection = BTreeMap::new();
        for key in &chosen {
            let field = self.0.get(*key).ok_or(SelectionError::UnknownField)?;
            selection.insert((*key).to_owned(), field.claim);
        }
        if self.0.iter().any(|(key, field)| field.required && !chosen.contains(key.as_str())) {
            return Err(SelectionError::MissingRequired);
        }
        Ok(Selection(selection))
    }

    fn with_document_id(mut fields: BTreeMap<String, ShareField>) -> Self {
        fields
            .entry(ALWAYS_SHARED.to_owned())
            .or_insert_with(|| ShareField {
                claim: Claim::KayleDocumentId,
                required: true,
                reason: format!("Sharing \"{}\"", Claim::KayleDocumentId.label()),
                source: FieldSource::Default,
            })
            .required = true;
        Self(Arc::new(fields))
    }
}

impl Selection {
    /// The selected keys in alphabetical order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The selected claims of a proven document, and no others.
    pub fn claims(
        &self,
        document: &PassivelyAuthenticated<Document>,
        context: ClaimContext<'_>,
    ) -> Claims {
        self.0
            .iter()
            .map(|(key, claim)| (key.clone(), claim::value(*claim, document, context)))
            .collect()
    }
}

/// The text as a person may be shown it: runs of white space are one space, and characters that
/// show nothing but change how others are shown (controls, direction overrides) are gone.
fn legible(text: &str) -> String {
    let shown = |char: &char| char.is_whitespace() || !alters_others(*char);
    let shown: String = text.chars().filter(shown).collect();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a character shows nothing but changes how others are shown, or hides between them: a
/// control character, one that sets the direction of text (UAX #9), or one without a width. Those
/// that join letters or keep them apart are part of how some languages are written.
pub fn alters_others(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn check(field: &RequestedField) -> Result<ShareField, ShareContractError> {
    let key = || field.key.clone();
    if !field.is_object {
        return Err(ShareContractError::NotAnObject(key()));
    }
    let required = field.required.ok_or_else(|| ShareContractError::RequiredNotBoolean(key()))?;
    let reason = field.reason.as_deref().map(legible).unwrap_or_default();
    if reason.is_empty() {
        return Err(ShareContractError::ReasonRequired(key()));
    }
    if reason.encode_utf16().count() > MAX_REASON_UTF16 {
        return Err(ShareContractError::ReasonTooLong(key()));
    }
    let claim = Claim::parse(&field.key).map_err(|error| match error {
        ClaimKeyError::AgeGate => ShareContractError::InvalidAgeGate(key()),
        ClaimKeyError::Unknown => ShareContractError::UnknownClaim(key()),
    })?;
    Ok(ShareField { claim, required, reason, source: FieldSource::RelyingParty })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn field(key: &str, required: bool, reason: &str) -> RequestedField {
        RequestedField {
            key: key.to_owned(),
            is_object: true,
            required: Some(required),
            reason: Some(reason.to_owned()),
        }
    }

    #[test]
    fn document_id_is_always_there_and_always_required() {
        for fields in [vec![], vec![field("kayle_document_id", false, "to know you again")]] {
            let contract = ShareContract::requested(&fields).unwrap();
            let (key, document_id) = contract.fields().next().unwrap();
            assert_eq!((key, document_id.required), ("kayle_document_id", true));
        }
    }

    #[test]
    fn each_problem_has_its_error() {
        let cases = [
            (
                vec![field("shoe_size", true, "r")],
                ShareContractError::UnknownClaim("shoe_size".into()),
            ),
            (
                vec![field("sex_marker", true, "  ")],
                ShareContractError::ReasonRequired("sex_marker".into()),
            ),
            (
                vec![field("sex_marker", true, &"ä".repeat(201))],
                ShareContractError::ReasonTooLong("sex_marker".into()),
            ),
            (
                vec![field("age_over_11", true, "r")],
                ShareContractError::InvalidAgeGate("age_over_11".into()),
            ),
            (
                vec![field("age_over_", true, "r")],
                ShareContractError::InvalidAgeGate("age_over_".into()),
            ),
            (
                vec![field("age_over_18", true, "r"), field("age_over_21", true, "r")],
                ShareContractError::MultipleAgeGates("age_over_21".into()),
            ),
            (
                vec![field("age_over_18", true, "r"), field("date_of_birth", true, "r")],
                ShareContractError::BirthDateAndAgeGate,
            ),
            (
                vec![RequestedField {
                    key: "sex_marker".into(),
                    is_object: true,
                    ..Default::default()
                }],
                ShareContractError::RequiredNotBoolean("sex_marker".into()),
            ),
            (
                (0..33).map(|_| field("sex_marker", true, "r")).collect(),
                ShareContractError::TooManyFields,
            ),
        ];
        for (fields, error) in cases {
            assert_eq!(ShareContract::requested(&fields), Err(error));
        }
    }

    #[test]
    fn selection_needs_every_required_field_and_no_other_than_asked() {
        let contract = ShareContract::requested(&[
            field("family_name", true, "to  greet\nyou"),
            field("sex_marker", false, "r"),
        ])
        .unwrap();
        assert_eq!(contract.fields().next().unwrap().1.reason, "to greet you");
        let sneaky = ShareContract::requested(&[field(
            "sex_marker",
            true,
            "to \u{202e}you\u{0}r \u{1b}good",
        )]);
        assert_eq!(sneaky.unwrap().fields().last().unwrap().1.reason, "to your good");
        assert_eq!(contract.select(["", " "]), Err(SelectionError::Empty));
        assert_eq!(contract.select(["family_name"]), Err(SelectionError::MissingRequired));
        assert_eq!(contract.select(["date_of_birth"]), Err(SelectionError::UnknownField));
        let selection =
            contract.select(["kayle_document_id", "family_name", "family_name"]).unwrap();
        assert_eq!(selection.keys().collect::<Vec<_>>(), ["family_name", "kayle_document_id"]);
    }
}
