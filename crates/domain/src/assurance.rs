//! What a verdict rests on, so that no relying party takes a weak check for a strong one.

use emrtd::UnixSeconds;
use emrtd::mrz::Date;
use emrtd::verify::{Document, PassivelyAuthenticated, Revocation};

use crate::policy::{FaceMatch, Policy};
use crate::time::Timestamp;

/// Which proof was made that the chip is not a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChipProof {
    /// None: the files are genuine, but they may have been copied from another chip.
    None,
}

/// Whether the signer's certificate was looked up in a revocation list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationState {
    /// A current list does not name it.
    NotRevoked,
    /// Only lists past their time are known; none of them names it.
    Stale,
    /// No list of the issuing state is known.
    Unknown,
}

/// The proofs of one verdict, and what the document could not give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assurance {
    /// The proof against copies.
    pub chip_proof: ChipProof,
    /// Whether the person's face was matched with the portrait.
    pub face_match: FaceMatch,
    /// What is known of the signer's revocation.
    pub revocation: RevocationState,
    /// Whether the document was past its date; `None` where the date is unknown.
    pub document_expired: Option<bool>,
    /// Whether the signer's and the state's certificates were within their validity.
    pub certificates_valid: bool,
    /// Whether the state's certificate came from a list whose signature was verified.
    pub trust_verified: bool,
    /// Named leniencies that the check of this document needed.
    pub leniencies: Vec<String>,
}

impl Assurance {
    /// Reads the assurance off the proof itself.
    pub fn of(document: &PassivelyAuthenticated<Document>, policy: Policy, now: Timestamp) -> Self {
        let report = document.report();
        let today = Date::of(UnixSeconds(now.as_seconds()));
        Self {
            chip_proof: ChipProof::None,
            face_match: policy.face_match,
            revocation: match &report.revocation {
                Revocation::NotRevoked { .. } => RevocationState::NotRevoked,
                Revocation::Stale { .. } => RevocationState::Stale,
                _ => RevocationState::Unknown,
            },
            document_expired: document.get().mrz().expiry_date().latest().map(|last| last < today),
            certificates_valid: report.certificates_valid(),
            trust_verified: report.trust_verified(),
            leniencies: report.leniencies.iter().map(ToString::to_string).collect(),
        }
    }
}
