//! Keeps the audit trail: links what was committed unlinked, and tells the log where the trail ends,
//! so that there is a head outside of the database to compare with.

use std::time::Duration;

use domain::audit::Head;
use store::StoreError;

use crate::app::App;

const INTERVAL: Duration = Duration::from_secs(1);
/// How many entries are linked in one transaction, and in how many a second at most.
const BATCH: u32 = 1000;
const BATCHES: u32 = 100;

/// How often the head is logged.
const NOTE: Duration = Duration::from_secs(60 * 60);

/// Runs until the server stops.
pub(crate) async fn keep(app: App) {
    let mut next_note = app.now();
    loop {
        let now = app.now();
        let next = now + INTERVAL;
        if let Err(error) = link(&app).await {
            tracing::warn!(%error, "the audit trail was not linked; it is tried again");
        }
        if now >= next_note && note(&app).await {
            next_note = now + NOTE;
        }
        tokio::select! {
            () = app.shutdown.cancelled() => break,
            () = app.clock.sleep_until(next) => {}
        }
    }
    note(&app).await;
}

async fn link(app: &App) -> Result<(), StoreError> {
    for _ in 0..BATCHES {
        if app.store.link_audit(BATCH).await? == 0 {
            break;
        }
    }
    Ok(())
}

async fn note(app: &App) -> bool {
    match app.store.audit_head().await {
        Ok(Head::START) => {}
        Ok(head) => tracing::info!(%head, "audit trail"),
        Err(error) => {
            tracing::warn!(%error, "the head of the audit trail cannot be read");
            return false;
        }
    }
    true
}
