//! Minting a handoff for whoever asks: the API, the page, the phone that tries again.

use domain::browser::Visitor;
use domain::id::{AttemptId, SessionId};
use domain::session::{Handoff, MintRefusal, Session};
use store::StoreError;

use crate::app::App;
use crate::envelope::ApiError;

/// Why there is no handoff.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandoffError {
    /// The session does not allow it.
    #[error(transparent)]
    Refused(#[from] MintRefusal),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its link cannot be made.
    #[error("the link of a handoff cannot be made")]
    Link(ApiError),
}

/// Mints a handoff, or gives the one of the last minute again. Parallel calls get equal answers.
pub(crate) async fn mint(
    app: &App,
    session: &SessionId,
    visitor: Visitor,
) -> Result<Handoff, HandoffError> {
    let now = app.now();
    let fresh = app.random(AttemptId::random);
    let keys = std::sync::Arc::clone(&app.keys);
    let by = visitor.actor();
    let unit = {
        let fresh = fresh.clone();
        move |session: Session| session.mint(fresh.clone(), &keys, &visitor, now)
    };
    let handoff = app.store.session_by(by, session, now, unit).await??;
    app.metrics.minted(handoff.attempt == fresh);
    Ok(handoff)
}

impl From<HandoffError> for ApiError {
    fn from(error: HandoffError) -> Self {
        match error {
            HandoffError::Refused(refusal) => refusal.into(),
            HandoffError::Store(StoreError::NotFound(_)) => Self::session_not_found(),
            HandoffError::Store(error) => error.into(),
            HandoffError::Link(error) => error,
        }
    }
}
