//! Time, as the server is given it.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use domain::time::Timestamp;

/// A clock that can be read and waited for. Tests hand the server one that they move.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// A clock for measuring, from any fixed point, that never goes back.
    fn monotonic(&self) -> Duration {
        self.now().since(Timestamp(0))
    }

    /// Resolves once the time is `at` or later.
    fn sleep_until(&self, at: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let since_epoch = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Duration {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        Duration::try_from(now).unwrap_or(Duration::ZERO)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that waits for the machine's clock"
    )]
    fn sleep_until(&self, at: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(at.since(self.now())))
    }
}
