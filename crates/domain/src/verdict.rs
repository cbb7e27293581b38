//! The verdict on an attempt. An acceptance cannot exist without the proof it rests on.

use emrtd::verify::{Document, PassivelyAuthenticated};

use crate::assurance::Assurance;
use crate::claim::{ClaimContext, Claims};
use crate::policy::{FaceMatch, Policy};
use crate::share::Selection;
use crate::time::Timestamp;

/// A document that passed every check that the session's policy asks for.
///
/// It owns the proof, and the proof owns the bytes that were checked: claims can be made from
/// nothing else, whatever a phone sends after the verdict.
pub struct Accepted {
    document: PassivelyAuthenticated<Document>,
    assurance: Assurance,
}

/// The policy asks for a face match, and none was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session's policy asks for a face match")]
pub struct FaceMatchMissing;

impl Accepted {
    /// Accepts a proven document of a session whose policy asks for no face match.
    pub fn without_face_match(
        document: PassivelyAuthenticated<Document>,
        policy: Policy,
        now: Timestamp,
    ) -> Result<Self, FaceMatchMissing> {
        match policy.face_match {
            FaceMatch::Required => Err(FaceMatchMissing),
            FaceMatch::Off => {
                Ok(Self { assurance: Assurance::of(&document, policy, now), document })
            }
        }
    }

    /// What the verdict rests on.
    pub const fn assurance(&self) -> &Assurance {
        &self.assurance
    }

    /// The selected claims of the proven document.
    pub fn claims(&self, selection: &Selection, context: ClaimContext<'_>) -> Claims {
        selection.claims(&self.document, context)
    }
}
