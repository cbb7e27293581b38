//! A proven document of a simulated state.

use std::sync::OnceLock;

use domain::policy::{FaceMatch, Policy};
use domain::time::Timestamp;
use domain::verdict::Accepted;
use emrtd::UnixSeconds;
use emrtd::sim::{DocumentProfile, Holder, IssuingState, StateProfile};
use emrtd::trust::{Certificate, Provenance, TrustStore};
use emrtd::verify::{self, Document, PassivelyAuthenticated};

pub(crate) const NOW: Timestamp = Timestamp(1_777_978_800_000);

pub(crate) const NO_FACE: Policy = Policy { face_match: FaceMatch::Off };

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

/// The same accepted document each time.
pub(crate) fn accepted() -> &'static Accepted {
    static ACCEPTED: OnceLock<Accepted> = OnceLock::new();
    ACCEPTED.get_or_init(|| {
        Accepted::without_face_match(prove(&Holder::example()), NO_FACE, NOW).unwrap()
    })
}
