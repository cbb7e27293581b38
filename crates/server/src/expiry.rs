//! Ends sessions whose time has run out, so that sockets, pages and relying parties hear of it
//! even if nobody asks.

use std::convert::Infallible;
use std::time::Duration;

use domain::id::SessionId;
use domain::session::{Session, Transition};
use domain::time::Timestamp;
use store::{Store, StoreError};
use tokio::task::JoinSet;

use crate::app::App;

const INTERVAL: Duration = Duration::from_millis(500);
const BATCH: u32 = 100;

/// Runs until the server stops.
pub(crate) async fn sweep(app: App) {
    loop {
        let next = app.now() + INTERVAL;
        if let Err(error) = sweep_once(&app).await {
            tracing::warn!(%error, "expiry sweep failed; it runs again");
        }
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = app.clock.sleep_until(next) => {}
        }
    }
}

/// Ends what is due, a batch at a time and each batch at once, so that the store can commit it
/// together. A session that cannot be ended is logged and holds up no other.
async fn sweep_once(app: &App) -> Result<(), StoreError> {
    loop {
        let now = app.now();
        let due = app.store.due_sessions(now, BATCH).await?;
        let last = due.len() < usize::try_from(BATCH).unwrap_or(usize::MAX);
        let mut ends = JoinSet::new();
        for session in due {
            let store = app.store.clone();
            ends.spawn(async move { end(&store, &session, now).await });
        }
        let mut moved = false;
        while let Some(ended) = ends.join_next().await {
            match ended {
                Ok(Ok(())) => moved = true,
                Ok(Err(StoreError::Closed)) => return Err(StoreError::Closed),
                Ok(Err(error)) => tracing::error!(%error, "a session could not be expired"),
                Err(error) => tracing::error!(%error, "a session could not be expired"),
            }
        }
        if last || !moved {
            return Ok(());
        }
    }
}

/// Loading a session at a time past its end is what expires it.
async fn end(store: &Store, session: &SessionId, now: Timestamp) -> Result<(), StoreError> {
    let unit = |session: Session| Ok::<_, Infallible>(Transition::unchanged(session));
    match store.session(session, now, unit).await {
        Ok(_) | Err(StoreError::NotFound(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
