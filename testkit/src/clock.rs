//! A clock that moves when a test says so.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use domain::time::Timestamp;
use server::clock::Clock;
use tokio::sync::watch;

/// 2026-05-05T11:00:00.000Z: where every test begins.
const START: Timestamp = Timestamp(1_777_978_800_000);

/// A clock that stands still until it is moved.
#[derive(Clone, Debug)]
pub struct TestClock(Arc<watch::Sender<Timestamp>>);

impl Default for TestClock {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(START)))
    }
}

impl TestClock {
    /// Moves the clock; everything that waits for a time up to the new one wakes.
    pub fn advance(&self, span: Duration) {
        self.0.send_modify(|now| *now = *now + span);
    }

    /// Sets the clock back, as an operator or a time server does.
    pub fn set_back(&self, span: Duration) {
        self.0.send_modify(|now| *now = *now - span);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    fn sleep_until(&self, at: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut time = self.0.subscribe();
        Box::pin(async move {
            // The sender lives as long as the test; when it goes, nobody waits any more.
            let _ = time.wait_for(|now| *now >= at).await;
        })
    }
}
