//! Clients that work side by side until everything is done.

#![expect(
    clippy::disallowed_methods,
    reason = "a load generator measures with the machine's clock; nothing else here asks it"
)]

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::{LoadError, Report};

/// How long one operation may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Measures from when it was started.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Runs `operations` operations, shared among `clients`, each of which does one at a time.
///
/// `operate` is given its client and the number of the operation, and gives the time that counts.
/// A client goes on after a failure. When `stop` is cancelled, what was done so far is reported.
pub async fn drive<C>(
    clients: &mut [C],
    operations: u64,
    stop: &CancellationToken,
    operate: impl AsyncFn(&mut C, u64) -> Result<Duration, LoadError>,
) -> Report {
    let (next, report) = (Cell::new(0), RefCell::new(Report::default()));
    let started = Stopwatch::start();
    let work = clients.iter_mut().map(async |client| {
        while next.get() < operations {
            let number = next.replace(next.get() + 1);
            let result = tokio::select! {
                result = operate(client, number) => result,
                () = tokio::time::sleep(PATIENCE) => Err(LoadError::Slow),
                () = stop.cancelled() => return,
            };
            report.borrow_mut().add(result);
        }
    });
    join_all(work).await;
    let mut report = report.into_inner();
    report.elapsed = started.elapsed();
    report
}
