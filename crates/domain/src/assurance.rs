//! What a verdict rests on, so that no relying party takes a weak check for a strong one.

use emrtd::UnixSeconds;
use emrtd::mrz::PartialDate;
use emrtd::verify::{Document, PassiveReport, PassivelyAuthenticated, Revocation};

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
        Self {
            chip_proof: ChipProof::None,
            face_match: policy.face_match,
            revocation: match &report.revocation {
                Revocation::NotRevoked { .. } => RevocationState::NotRevoked,
                Revocation::Stale { .. } => RevocationState::Stale,
                // No proof exists of a document whose signer is revoked.
                Revocation::Unknown | Revocation::Revoked { .. } => RevocationState::Unknown,
            },
            document_expired: is_past(document.get().mrz().expiry_date(), now),
            certificates_valid: [report.signer_validity, report.csca_validity]
                .iter()
                .all(|validity| validity.is_some_and(|validity| validity.at_check)),
            trust_verified: report.csca_provenance.as_ref().is_some_and(|csca| csca.verified),
            leniencies: leniencies(report),
        }
    }
}

/// Whether the whole of a partly unknown date is past; `None` if that depends on what is unknown.
fn is_past(last_day: PartialDate, now: Timestamp) -> Option<bool> {
    let today = UnixSeconds(now.as_seconds()).date();
    match (last_day.earliest() < today, last_day.latest() < today) {
        (_, true) => Some(true),
        (false, _) => Some(false),
        (true, false) => None,
    }
}

fn leniencies(report: &PassiveReport) -> Vec<String> {
    let certificate = report.csca_leniencies.iter().map(|leniency| leniency.code());
    let document = report.tolerated.iter().map(|tolerated| tolerated.code());
    certificate.chain(document).map(str::to_owned).collect()
}
