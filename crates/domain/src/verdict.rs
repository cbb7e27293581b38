//! The verdict on an attempt. An acceptance cannot exist without the proof it rests on.

use emrtd::verify::{Document, PassivelyAuthenticated};

use crate::access::PhoneReport;
use crate::assurance::{self, Assurance, RevocationState};
use crate::attempt::VerdictCode;
use crate::chip::{self, ChipEvidence, Standings};
use crate::claim::{ClaimContext, Claims};
use crate::policy::{FaceMatch, Policy};
use crate::share::Selection;
use crate::time::Timestamp;

/// A document that met what the session's policy asks of documents.
///
/// It owns the proof, and the proof owns the bytes that were checked: claims can be made from
/// nothing else, whatever a phone sends after the verdict.
pub struct Proven {
    document: PassivelyAuthenticated<Document>,
    assurance: Assurance,
}

/// A document that passed every check that the session's policy asks for.
///
/// Only [`Accepted::without_face_match`] makes one, from a [`Proven`], which only
/// [`Proven::judge`] makes:
///
/// ```compile_fail,E0451
/// use domain::assurance::Assurance;
/// use domain::verdict::{Accepted, Proven};
/// fn skip(proven: Proven) -> Accepted {
///     Accepted { proven }
/// }
/// ```
pub struct Accepted {
    proven: Proven,
}

/// The policy asks for a face match, and none was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session's policy asks for a face match")]
pub struct FaceMatchMissing;

impl Proven {
    /// Judges a document whose files are what a state signed: whether its chip is no copy, as far
    /// as the policy asks for it, and whether it may be used at `now`.
    ///
    /// A proof counts for this document and this socket's challenge alone, whatever proofs were
    /// made of others.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn judge(
        document: PassivelyAuthenticated<Document>,
        evidence: &ChipEvidence,
        phone_reported: Option<PhoneReport>,
        policy: Policy,
        now: Timestamp,
    ) -> Result<Self, VerdictCode> {
        let report = document.report();
        let found = Standings {
            active: evidence.active(&document),
            chip: evidence.chip(&document),
            revocation: RevocationState::of(report),
            expired: assurance::is_expired(&document, now),
        };
        chip::decide(found, policy)?;
        let assurance = Assurance {
            active_authentication: chip::state(found.active, &evidence.active, |proof| {
                proof.algorithm().to_string()
            }),
            chip_authentication: chip::state(found.chip, &evidence.chip, |proof| {
                proof.algorithm().to_string()
            }),
            phone_reported,
            face_match: policy.face_match,
            revocation: found.revocation,
            document_expired: found.expired,
            certificates_valid: assurance::certificates_valid(report),
            trust_verified: report.csca_provenance.as_ref().is_some_and(|csca| csca.verified),
            leniencies: assurance::leniencies(report),
            deviations: assurance::deviations(report),
            handoff: None,
        };
        Ok(Self { document, assurance })
    }
}

impl Accepted {
    /// Accepts a proven document of a session whose policy asks for no face match.
    pub fn without_face_match(proven: Proven) -> Result<Self, FaceMatchMissing> {
        match proven.assurance.face_match {
            FaceMatch::Required => Err(FaceMatchMissing),
            FaceMatch::Off => Ok(Self { proven }),
        }
    }

    /// What the verdict rests on.
    pub const fn assurance(&self) -> &Assurance {
        &self.proven.assurance
    }

    /// The selected claims of the proven document.
    pub fn claims(&self, selection: &Selection, context: ClaimContext<'_>) -> Claims {
        selection.claims(&self.proven.document, context)
    }
}
