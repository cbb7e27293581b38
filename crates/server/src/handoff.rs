//! Minting a handoff for whoever asks: the API, the page, the phone that tries again.

use std::time::Duration;

use domain::attempt::AttemptState;
use domain::browser::Visitor;
use domain::id::{AttemptId, SessionId};
use domain::key::Keys;
use domain::policy::BrowserBinding;
use domain::session::{Handoff, MintRefusal, Session};
use domain::time::Timestamp;
use store::StoreError;

use crate::app::App;
use crate::envelope::ApiError;

/// A handoff, and the code to type that stands for it, is shown while more than so much is left of it.
pub(crate) const WORTH_SHOWING: Duration = Duration::from_secs(60);

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

/// The handoff that the page has shown already, while it is worth using, or else a new one: what
/// somebody scans or types must not change under their fingers.
pub(crate) async fn offer(
    app: &App,
    session: &SessionId,
    visitor: Visitor,
) -> Result<Handoff, HandoffError> {
    let found = app.store.read_session(session).await?;
    let now = app.now();
    match found.and_then(|found| standing(&found.at(now).session, &app.keys, &visitor, now)) {
        Some(handoff) => Ok(handoff),
        None => mint(app, session, visitor).await,
    }
}

/// The newest handoff, for whom it was minted.
fn standing(session: &Session, keys: &Keys, visitor: &Visitor, now: Timestamp) -> Option<Handoff> {
    let is_owner = match &session.browser {
        Some(bound) => visitor.secret() == Some(&bound.secret),
        None => session.policy.browser_binding == BrowserBinding::Off,
    };
    let newest = session.latest_attempt()?;
    let may_be_shown = is_owner
        && session.consent.is_some()
        && !session.is_terminal()
        && newest.state == AttemptState::Offered
        && newest.token.expires_at.since(now) > WORTH_SHOWING;
    may_be_shown.then(|| session.handoff_of(newest, keys))
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
