//! Wake-ups: "session X changed". Never state; whoever wakes re-reads what is committed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::id::SessionId;
use tokio::sync::watch;

/// How many may wait for one session, sockets of phones and pages alike. One address gets 32 sockets and
/// 16 pages, all pages together 64 (`limits`): eight addresses cannot take all places, ten can.
const MAX_WAITING: usize = 320;

/// Who waits for which session.
#[derive(Clone, Default)]
pub struct Hub(Arc<Mutex<HashMap<SessionId, watch::Sender<u64>>>>);

/// A place at the hub for one session. Dropping it leaves the hub.
pub struct Subscription {
    hub: Hub,
    session: SessionId,
    receiver: Option<watch::Receiver<u64>>,
}

impl Hub {
    /// Wakes everyone who waits for the session.
    pub fn wake(&self, session: &SessionId) {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = waiting.get(session) {
            sender.send_modify(|changes| *changes += 1);
        }
    }

    /// Wakes everyone: what other servers changed went unheard.
    pub fn wake_all(&self) {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for sender in waiting.values() {
            sender.send_modify(|changes| *changes += 1);
        }
    }

    /// Waits for changes of the session from now on; `None` if too many do.
    pub fn subscribe(&self, session: &SessionId) -> Option<Subscription> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = waiting.entry(session.clone()).or_insert_with(|| watch::Sender::new(0));
        if sender.receiver_count() >= MAX_WAITING {
            return None;
        }
        let receiver = Some(sender.subscribe());
        Some(Subscription { hub: self.clone(), session: session.clone(), receiver })
    }
}

impl Subscription {
    /// Resolves when the session changed since the last call (or since the subscription).
    pub async fn changed(&mut self) {
        let gone = match &mut self.receiver {
            Some(receiver) => receiver.changed().await.is_err(),
            None => true,
        };
        if gone {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.receiver = None;
        let mut waiting = self.hub.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.get(&self.session).is_some_and(|sender| sender.receiver_count() == 0) {
            waiting.remove(&self.session);
        }
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hub")
    }
}
