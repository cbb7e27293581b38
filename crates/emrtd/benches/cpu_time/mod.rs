//! Times that survive a noisy machine.

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The time this thread was given, so that others on the machine do not count. The result is
/// dropped, and with it the files, after the clock has stopped.
pub(crate) fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let start = thread_time();
    let result = work();
    let elapsed = thread_time() - start;
    drop(black_box(result));
    elapsed
}

fn thread_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}

pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
