//! How long the head of a request may take, by the server's own clock.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use domain::time::Timestamp;
use hyper::rt::{Sleep, Timer};

use crate::clock::Clock;

/// How long the first head of a connection may take, from the moment it was accepted.
pub(super) const HEAD_DEADLINE: Duration = Duration::from_secs(10);

/// How long a connection may wait for its next head, and that head arrive. Longer than proxies
/// keep idle connections (60 s is usual): whoever closes first must not be the one who is asked.
const NEXT_HEAD_DEADLINE: Duration = Duration::from_secs(75);

/// A timer for one connection. HTTP/1 connections set it for nothing but the heads of requests.
pub(super) struct HeadTimer {
    clock: Arc<dyn Clock>,
    started: Timestamp,
    /// What stands for `started` in the library's unit of time.
    origin: Instant,
    had_first: AtomicBool,
}

impl HeadTimer {
    #[expect(
        clippy::disallowed_methods,
        reason = "an origin: the library's instants have no other constructor, and only their differences count"
    )]
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let started = clock.now();
        Self { clock, started, origin: Instant::now(), had_first: AtomicBool::new(false) }
    }
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        let mut at = self.started + deadline.saturating_duration_since(self.origin);
        if self.had_first.swap(true, Ordering::Relaxed) {
            at = at + (NEXT_HEAD_DEADLINE - HEAD_DEADLINE);
        }
        Box::pin(Waiting(Mutex::new(self.clock.sleep_until(at))))
    }

    fn now(&self) -> Instant {
        self.origin + self.clock.now().since(self.started)
    }
}

/// The clock's future, shareable as the library asks; nobody shares it.
struct Waiting(Mutex<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Future for Waiting {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().poll(context)
    }
}

impl Sleep for Waiting {}
