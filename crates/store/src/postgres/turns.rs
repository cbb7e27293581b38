//! Units of this process over one session take turns before they ask for a connection: those that
//! wait for one session's lock would otherwise hold every connection, and all sessions would wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::id::SessionId;
use tokio::sync::OwnedMutexGuard;

type Waiting = HashMap<SessionId, Arc<tokio::sync::Mutex<()>>>;

/// Whose turn it is, by session.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<Mutex<Waiting>>);

/// A turn, which lasts until it is dropped.
pub(super) struct Turn {
    turns: Turns,
    session: SessionId,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits for a turn; first come, first served.
    pub(super) async fn take(&self, session: &SessionId) -> Turn {
        // Made before waiting, so that whoever gives up leaves nothing behind.
        let mut turn = Turn { turns: self.clone(), session: session.clone(), guard: None };
        let lock = {
            let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(waiting.entry(session.clone()).or_default())
        };
        turn.guard = Some(lock.lock_owned().await);
        turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.guard = None;
        let mut waiting = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.get(&self.session).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            waiting.remove(&self.session);
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::entropy::Entropy;

    use super::*;

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&mut self, buffer: &mut [u8]) {
            buffer.fill(0);
        }
    }

    #[tokio::test]
    async fn turns_come_one_after_the_other_and_leave_nothing() {
        let (turns, session) = (Turns::default(), SessionId::random(&mut Zeros));
        let first = turns.take(&session).await;
        {
            let mut second = std::pin::pin!(turns.take(&session));
            let polled = std::future::poll_fn(|context| {
                std::task::Poll::Ready(second.as_mut().poll(context).is_ready())
            });
            assert!(!polled.await, "the first turn lasts");
        }
        drop(first);
        drop(turns.take(&session).await);
        let waiting = turns.0.lock();
        assert!(waiting.is_ok_and(|waiting| waiting.is_empty()));
    }
}
