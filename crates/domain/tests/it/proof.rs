//! A proven document of a simulated state.

use std::sync::OnceLock;

use domain::attempt::VerdictCode;
use domain::chip::ChipEvidence;
use domain::policy::{FaceMatch, Policy};
use domain::time::Timestamp;
use domain::verdict::{Accepted, Proven};
use emrtd::UnixSeconds;
use emrtd::sim::{DocumentProfile, Holder, IssuingState, StateProfile};
use emrtd::trust::{Certificate, Provenance, TrustStore};
use emrtd::verify::{self, Document, PassivelyAuthenticated};

pub(crate) const NOW: Timestamp = Timestamp(1_777_978_800_000);

/// The defaults but for the face.
pub(crate) fn no_face() -> Policy {
    Policy { face_match: FaceMatch::Off, ..Policy::default() }
}

/// Proves a document of `holder`.
pub(crate) fn prove(holder: &Holder) -> PassivelyAuthenticated<Document> {
    let at = UnixSeconds(NOW.as_seconds());
    let state = IssuingState::new(StateProfile::utopia(), at).unwrap();
    let csca = Certificate::from_der(state.csca()).unwrap();
    let provenance = Provenance { source: "test".to_owned(), verified: true };
    let trust = TrustStore::builder().add_csca(csca, provenance).build();
    let document = state.issue(holder, &DocumentProfile::passport()).unwrap();
    verify::passive(document.into_files(), &trust, at).unwrap().into_document(at).unwrap()
}

/// Judges a document of which no chip proof was asked for.
pub(crate) fn judge(holder: &Holder, policy: Policy) -> Result<Proven, VerdictCode> {
    Proven::judge(prove(holder), &ChipEvidence::default(), None, policy, NOW)
}

/// The same accepted document each time.
pub(crate) fn accepted() -> &'static Accepted {
    static ACCEPTED: OnceLock<Accepted> = OnceLock::new();
    ACCEPTED.get_or_init(|| {
        Accepted::without_face_match(judge(&Holder::example(), no_face()).ok().unwrap()).unwrap()
    })
}
