//! From uploaded files to a proof.

use std::sync::Arc;

use domain::attempt::VerdictCode;
use emrtd::UnixSeconds;
use emrtd::lds::DataGroup;
use emrtd::trust::TrustStore;
use emrtd::verify::{self, Document, DocumentFiles, PassiveReason, PassivelyAuthenticated};
use protocol::DataKind;

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

/// Takes the chip's files out of the uploads and proves them.
///
/// The bytes are moved, not copied: from here on the proof owns them, and nothing that the phone
/// sends later can reach them.
pub(super) async fn prove(
    app: &App,
    uploads: &mut Uploads,
) -> Result<Result<PassivelyAuthenticated<Document>, VerdictCode>, ProveError> {
    let trust = app.trust.current().await?;
    let at = UnixSeconds(app.now().as_seconds());
    let Some(files) = document_files(uploads) else {
        return Ok(Err(VerdictCode::PassportAuthenticityFailed));
    };
    // Verifying costs milliseconds of one core; more at once than cores would only wait in line
    // inside the runtime, where sockets that need no proof would wait with them.
    let permit = app.provers.clone().acquire_owned().await.map_err(|_| ProveError::Worker)?;
    tokio::task::spawn_blocking(move || {
        let outcome = judge(files, &trust, at);
        drop(permit);
        outcome
    })
    .await
    .map_err(|_| ProveError::Worker)
}

fn judge(
    files: DocumentFiles,
    trust: &Arc<TrustStore>,
    at: UnixSeconds,
) -> Result<PassivelyAuthenticated<Document>, VerdictCode> {
    let proven = verify::passive(files, trust, at)
        .and_then(|files| files.require_valid_signer(at))
        // A file that only the state's signature vouches for must not be left out by the phone.
        .and_then(|files| files.require(DataGroup::DG14))
        .and_then(|files| files.require(DataGroup::DG15))
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

fn document_files(uploads: &mut Uploads) -> Option<DocumentFiles> {
    let mut files = DocumentFiles::new(take(uploads, DataKind::Sod)?);
    for (kind, group) in [
        (DataKind::Dg1, DataGroup::DG1),
        (DataKind::Dg2, DataGroup::DG2),
        (DataKind::Dg14, DataGroup::DG14),
        (DataKind::Dg15, DataGroup::DG15),
    ] {
        if let Some(bytes) = take(uploads, kind) {
            files = files.with(group, bytes);
        }
    }
    Some(files)
}

fn take(uploads: &mut Uploads, kind: DataKind) -> Option<Vec<u8>> {
    uploads.remove(kind).map(|mut bytes| std::mem::take(&mut *bytes))
}
