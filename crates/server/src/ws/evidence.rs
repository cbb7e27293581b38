//! From uploaded files to a proof.

use std::sync::Arc;

use domain::attempt::VerdictCode;
use domain::chip::{self, Answer};
use emrtd::UnixSeconds;
use emrtd::lds::DataGroup;
use emrtd::trust::TrustStore;
use emrtd::verify::{
    self, ActiveFailure, ActiveProof, Document, DocumentFiles, PassiveReason,
    PassivelyAuthenticated,
};
use protocol::{DataKind, limits};

use super::uploads::Uploads;
use crate::app::App;

/// Why a proof could not even be tried.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProveError {
    /// The trust store cannot be read.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// The worker did not come back.
    #[error("the proof did not finish")]
    Worker,
}

/// Files that are what a state signed, with what they were proven against.
pub(super) struct Proof {
    /// The proven files.
    pub(super) document: PassivelyAuthenticated<Document>,
    trust: Arc<TrustStore>,
    revision: u64,
}

/// Proves the uploaded files and goes on to `then`, both on the pool for blocking work.
///
/// A proof that was made earlier is used again while neither the uploads nor the trust store have
/// changed. `read` takes or copies one upload: what is taken is owned by the proof from here on,
/// and nothing that the phone sends later can reach it.
pub(super) async fn prove<T: Send + 'static>(
    app: &App,
    uploads: &mut Uploads,
    earlier: Option<Box<Proof>>,
    read: fn(&mut Uploads, DataKind) -> Option<Vec<u8>>,
    then: impl FnOnce(Box<Proof>) -> T + Send + 'static,
) -> Result<Result<T, VerdictCode>, ProveError> {
    let trust = app.trust.current().await?;
    let revision = uploads.revision();
    if let Some(proof) = earlier
        && proof.revision == revision
        && Arc::ptr_eq(&proof.trust, &trust)
    {
        return on_prover(app, move || Ok(then(proof))).await;
    }
    let at = UnixSeconds(app.now().as_seconds());
    let Some(files) = document_files(|kind| read(uploads, kind)) else {
        return Ok(Err(VerdictCode::PassportAuthenticityFailed));
    };
    on_prover(app, move || {
        let document = passive(files, &trust, at)?;
        Ok(then(Box::new(Proof { document, trust, revision })))
    })
    .await
}

/// Runs work that holds a core for milliseconds. More of it at once than cores would only wait in
/// line inside the runtime, where sockets that need no proof would wait with them.
pub(super) async fn on_prover<T: Send + 'static>(
    app: &App,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ProveError> {
    let asked = app.metrics.clock();
    let permit = app.provers.clone().acquire_owned().await.map_err(|_| ProveError::Worker)?;
    let span = tracing::debug_span!(target: "kayle::socket", "proof");
    let metrics = app.metrics.clone();
    tokio::task::spawn_blocking(move || {
        let began = metrics.clock();
        let outcome = span.in_scope(work);
        metrics.proved(began.saturating_sub(asked), metrics.clock().saturating_sub(began));
        drop(permit);
        outcome
    })
    .await
    .map_err(|_| ProveError::Worker)
}

/// Checks the upload of kind 6, the challenge followed by the chip's answer, against the challenge
/// of this socket.
///
/// A key that cannot be used leaves the answer unchecked, and is not the chip's fault.
pub(super) fn active(
    document: &PassivelyAuthenticated<Document>,
    challenge: [u8; limits::CHALLENGE_BYTES],
    payload: Option<&[u8]>,
) -> Answer<ActiveProof> {
    let Some((signed, response)) =
        payload.and_then(|payload| payload.split_at_checked(limits::CHALLENGE_BYTES))
    else {
        return Answer::Absent;
    };
    if signed != challenge {
        tracing::info!("a chip signed another challenge than this socket's");
        return Answer::Wrong;
    }
    verify::active(document, challenge, response).map_or_else(
        |failure| {
            tracing::info!(%failure, "no active authentication");
            match failure {
                ActiveFailure::NoKey
                | ActiveFailure::Dg15(_)
                | ActiveFailure::Dg14(_)
                | ActiveFailure::Algorithm { .. }
                | ActiveFailure::RsaLength(_)
                | ActiveFailure::RsaExponent => Answer::Absent,
                ActiveFailure::Length { .. }
                | ActiveFailure::Representative
                | ActiveFailure::Trailer(_)
                | ActiveFailure::Signature => Answer::Wrong,
            }
        },
        Answer::Right,
    )
}

fn passive(
    files: DocumentFiles,
    trust: &TrustStore,
    at: UnixSeconds,
) -> Result<PassivelyAuthenticated<Document>, VerdictCode> {
    let proven = verify::passive(files, trust, at)
        .and_then(|files| files.require_valid_signer(at))
        .and_then(chip::require_keys)
        .and_then(|files| files.into_document(at));
    proven.map_err(|failure| {
        tracing::info!(reason = failure.reason.code(), "a document is not proven");
        match failure.reason {
            PassiveReason::MrzInvalid
            | PassiveReason::PortraitInvalid
            | PassiveReason::PortraitUnsupported => VerdictCode::DocumentDataInvalid,
            _ => VerdictCode::PassportAuthenticityFailed,
        }
    })
}

fn document_files(mut read: impl FnMut(DataKind) -> Option<Vec<u8>>) -> Option<DocumentFiles> {
    let mut files = DocumentFiles::new(read(DataKind::Sod)?);
    for (kind, group) in [
        (DataKind::Dg1, DataGroup::DG1),
        (DataKind::Dg2, DataGroup::DG2),
        (DataKind::Dg14, DataGroup::DG14),
        (DataKind::Dg15, DataGroup::DG15),
    ] {
        if let Some(bytes) = read(kind) {
            files = files.with(group, bytes);
        }
    }
    Some(files)
}
