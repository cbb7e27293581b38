//! What a run came to.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::{Cost, LoadError};

/// Latencies are kept to three digits.
const DIGITS: u8 = 3;

/// Latencies, failures and cost of a run.
#[derive(Debug)]
pub struct Report {
    /// Microseconds of each operation that succeeded.
    pub latency: Option<Histogram<u64>>,
    /// How many operations failed, by reason.
    pub failures: BTreeMap<String, u64>,
    /// How long it all took.
    pub elapsed: Duration,
    /// What it cost the server, where that is known.
    pub cost: Option<Cost>,
}

impl Default for Report {
    fn default() -> Self {
        Self {
            // Three digits are always possible.
            latency: Histogram::new(DIGITS).ok(),
            failures: BTreeMap::new(),
            elapsed: Duration::ZERO,
            cost: None,
        }
    }
}

impl Report {
    /// How many operations succeeded.
    pub fn completed(&self) -> u64 {
        self.latency.as_ref().map_or(0, Histogram::len)
    }

    /// The latency that `quantile` of the operations kept within.
    pub fn latency_at(&self, quantile: f64) -> Duration {
        let micros = self.latency.as_ref().map_or(0, |latency| latency.value_at_quantile(quantile));
        Duration::from_micros(micros)
    }

    /// Operations that succeeded, per second.
    pub fn per_second(&self) -> f64 {
        ratio(self.completed(), self.elapsed.as_secs_f64())
    }

    /// The server's CPU time for each operation that succeeded.
    pub fn cpu_each(&self) -> Option<Duration> {
        let cost = self.cost?;
        Some(cost.cpu.checked_div(u32::try_from(self.completed()).ok()?).unwrap_or_default())
    }

    pub(crate) fn add(&mut self, result: Result<Duration, LoadError>) {
        match result {
            Ok(took) => {
                let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
                if let Some(latency) = &mut self.latency {
                    // It grows as needed; only a number beyond all bounds is refused.
                    let _ = latency.record(micros);
                }
            }
            Err(error) => *self.failures.entry(error.to_string()).or_default() += 1,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (completed, seconds) = (self.completed(), self.elapsed.as_secs_f64());
        writeln!(f, "{completed} in {seconds:.2} s: {:.0} per second", self.per_second())?;
        let percentiles = [0.5, 0.9, 0.99, 0.999, 1.0];
        for (name, quantile) in ["p50", "p90", "p99", "p99.9", "max"].into_iter().zip(percentiles) {
            writeln!(f, "{name:>6} {:>10.3} ms", self.latency_at(quantile).as_secs_f64() * 1e3)?;
        }
        for (reason, count) in &self.failures {
            writeln!(f, "failed {count:>10}: {reason}")?;
        }
        let (Some(cost), Some(each)) = (self.cost, self.cpu_each()) else { return Ok(()) };
        writeln!(f, "server {:>10.1} µs CPU each", each.as_secs_f64() * 1e6)?;
        let megabytes = |bytes| ratio(bytes, 1e6);
        writeln!(
            f,
            "server {:>10.1} MB resident, before {:.1} MB",
            megabytes(cost.resident_after),
            megabytes(cost.resident_before)
        )
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn ratio(count: u64, by: f64) -> f64 {
    count as f64 / by
}
