//! Ends sessions whose time has run out, so that sockets, pages and relying parties hear of it
//! even if nobody asks.

use std::time::Duration;

use domain::session::{Session, Transition};

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

async fn sweep_once(app: &App) -> Result<(), store::StoreError> {
    loop {
        let now = app.now();
        let due = app.store.due_sessions(now, BATCH).await?;
        let last = due.len() < usize::try_from(BATCH).unwrap_or(usize::MAX);
        for session in due {
            // Loading a session at a time past its end is what expires it.
            let unit = |session: Session| {
                Ok::<_, std::convert::Infallible>(Transition::unchanged(session))
            };
            match app.store.session(&session, now, unit).await {
                Ok(_) | Err(store::StoreError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        if last {
            return Ok(());
        }
    }
}
