//! Ends sessions whose time has run out, so that sockets, pages and relying parties hear of it
//! even if nobody asks; and forgets, some hours later, which browser they were opened in.

use std::convert::Infallible;
use std::time::Duration;

use domain::id::SessionId;
use domain::session::{RETURN_LIFETIME, Session, Transition};
use domain::time::Timestamp;
use store::{Store, StoreError};

use crate::app::App;

const INTERVAL: Duration = Duration::from_millis(500);
const BATCH: u32 = 100;

/// How often browsers are forgotten, whose time is hours.
const FORGETTING: Duration = Duration::from_secs(60);

/// Runs until the server stops.
pub(crate) async fn sweep(app: App) {
    let mut forget_at = app.now();
    loop {
        let next = app.now() + INTERVAL;
        if app.now() >= forget_at {
            match forget(&app).await {
                Ok(()) => forget_at = app.now() + FORGETTING,
                Err(error) => tracing::warn!(%error, "browsers could not be forgotten; again soon"),
            }
        }
        if let Err(error) = sweep_once(&app).await {
            tracing::warn!(%error, "expiry sweep failed; it runs again");
        }
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = app.clock.sleep_until(next) => {}
        }
    }
}

async fn forget(app: &App) -> Result<(), StoreError> {
    let before = app.now() - RETURN_LIFETIME;
    while app.store.forget_returners(before, BATCH).await? >= BATCH {}
    Ok(())
}

/// Ends what is due, a batch at a time: several servers share the work, and each takes one
/// connection for it. A batch that fails of itself is ended one by one, so that the session that
/// it fails over holds up no other.
async fn sweep_once(app: &App) -> Result<(), StoreError> {
    loop {
        let now = app.now();
        match app.store.expire_sessions(now, BATCH).await {
            Ok(BATCH) => {}
            Ok(_) => return Ok(()),
            Err(
                error @ (StoreError::Busy
                | StoreError::Unavailable
                | StoreError::Refused(_)
                | StoreError::Closed),
            ) => return Err(error),
            Err(error) => {
                tracing::error!(%error, "sessions could not be expired together");
                return one_by_one(app, now).await;
            }
        }
    }
}

async fn one_by_one(app: &App, now: Timestamp) -> Result<(), StoreError> {
    for session in app.store.due_sessions(now, BATCH).await? {
        match end(&app.store, &session, now).await {
            Ok(()) => {}
            Err(StoreError::Closed) => return Err(StoreError::Closed),
            Err(error) => tracing::error!(%error, "a session could not be expired"),
        }
    }
    Ok(())
}

/// Loading a session at a time past its end is what expires it.
async fn end(store: &Store, session: &SessionId, now: Timestamp) -> Result<(), StoreError> {
    let unit = |session: Session| Ok::<_, Infallible>(Transition::unchanged(session));
    match store.session(session, now, unit).await {
        Ok(_) | Err(StoreError::NotFound(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
