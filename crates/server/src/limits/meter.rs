//! One policy, counted for many keys.

use std::convert::Infallible;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::{DashMapStateStore, ShrinkableKeyedStateStore as _};
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

use super::{Decision, Policy};
use crate::clock::Clock;

/// How many keys one policy remembers. A flood from more than that makes it forget all of them:
/// who is over the limit gets one more burst, and memory stays bounded.
const MOST_KEYS: usize = 1 << 16;

/// How many requests pass between two looks at the number of keys.
const LOOK_EVERY: u32 = 1024;

/// A step backwards of the machine's clock by more than this many milliseconds is a correction,
/// and time goes on from there.
const CLOCK_STEP: i64 = 1000;

/// The rate of each key under one policy.
pub(super) struct Meter {
    pub(super) policy: &'static Policy,
    quota: NonZeroU32,
    /// In which time one more may pass.
    one: Duration,
    keys: Keys,
    clock: MeterClock,
    limiter: RateLimiter<u64, Keys, MeterClock, StateInformationMiddleware>,
    taken: AtomicU32,
}

/// The state of each key. Shared with the limiter, which does not lend it.
#[derive(Clone, Default)]
struct Keys(Arc<DashMapStateStore<u64>>);

impl StateStore for Keys {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, key: &u64, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        self.0.measure_and_replace(key, measure)
    }
}

impl Meter {
    pub(super) fn new(policy: &'static Policy, times: NonZeroU32, clock: &MeterClock) -> Self {
        let quota = NonZeroU32::new(policy.quota).unwrap_or(NonZeroU32::MIN).saturating_mul(times);
        let one = Duration::from_secs(policy.window.into()) / quota.get();
        let governed =
            Quota::with_period(one).unwrap_or_else(|| Quota::per_second(quota)).allow_burst(quota);
        let keys = Keys::default();
        let limiter = RateLimiter::new(governed, keys.clone(), clock.clone());
        Self { policy, quota, one, keys, clock: clock.clone(), limiter, taken: AtomicU32::new(0) }
    }

    /// Takes one from what the key has left.
    pub(super) fn take(&self, key: u64) -> Decision {
        if self.taken.fetch_add(1, Ordering::Relaxed).is_multiple_of(LOOK_EVERY) {
            self.keep_bounded();
        }
        let decided = |remaining, reset, refused| Decision {
            policy: self.policy,
            quota: self.quota.get(),
            remaining,
            reset,
            refused,
        };
        match self.limiter.check_key(&key) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                decided(remaining, self.one * self.quota.get().saturating_sub(remaining), false)
            }
            Err(not_until) => decided(0, not_until.wait_time_from(self.clock.now()), true),
        }
    }

    /// Gives back one that was taken.
    pub(super) fn give_back(&self, key: u64) {
        let Some(state) = self.keys.0.get(&key) else { return };
        let one = Nanos::from(self.one);
        let Ok(()) = state.measure_and_replace::<_, _, Infallible>(&NotKeyed::NonKey, |until| {
            Ok(((), until.unwrap_or_default().saturating_sub(one)))
        });
    }

    /// Whether the key has nothing left.
    pub(super) fn is_exhausted(&self, key: u64) -> bool {
        let Some(state) = self.keys.0.get(&key) else { return false };
        let (now, tolerance) = (self.clock.now(), self.one * (self.quota.get() - 1));
        // An error leaves the state as it is.
        let looked: Result<((), Nanos), bool> = state
            .measure_and_replace(&NotKeyed::NonKey, |until| {
                Err(until.is_some_and(|until| until > now + Nanos::from(tolerance)))
            })
            .map(|()| ((), now));
        looked.is_err_and(|exhausted| exhausted)
    }

    /// Forgets keys that have their whole quota again.
    pub(super) fn shed(&self) {
        self.keys.0.retain_recent(self.clock.now().saturating_sub(self.one.into()));
        self.keys.0.shrink_to_fit();
    }

    fn keep_bounded(&self) {
        if self.keys.0.len() <= MOST_KEYS {
            return;
        }
        self.shed();
        if self.keys.0.len() > MOST_KEYS {
            tracing::warn!(policy = self.policy.name, "a flood from more places than are counted");
            self.keys.0.clear();
        }
    }
}

/// Time that only moves forwards, from the server's clock.
#[derive(Clone)]
pub(super) struct MeterClock(Arc<Elapsed>);

struct Elapsed {
    clock: Arc<dyn Clock>,
    last: AtomicI64,
    millis: AtomicU64,
}

impl MeterClock {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let last = AtomicI64::new(clock.now().as_millis());
        Self(Arc::new(Elapsed { clock, last, millis: AtomicU64::new(0) }))
    }
}

impl governor::clock::Clock for MeterClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let Elapsed { clock, last, millis } = &*self.0;
        let (now, before) = (clock.now().as_millis(), last.load(Ordering::Acquire));
        if now > before || before - now > CLOCK_STEP {
            // Whoever moves `last` counts the step, so that it is counted once.
            let moved =
                last.compare_exchange(before, now, Ordering::AcqRel, Ordering::Acquire).is_ok();
            if moved && let Ok(step) = u64::try_from(now - before) {
                millis.fetch_add(step, Ordering::AcqRel);
            }
        }
        Nanos::from(millis.load(Ordering::Acquire).saturating_mul(1_000_000))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::future::Future;
    use std::pin::Pin;

    use domain::time::Timestamp;

    use super::*;

    static TEN_IN_TEN: Policy = Policy { name: "test", per: "key", quota: 10, window: 10 };

    struct Moved(AtomicI64);

    impl Clock for Moved {
        fn now(&self) -> Timestamp {
            Timestamp(self.0.load(Ordering::SeqCst))
        }

        fn sleep_until(&self, _: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
            Box::pin(std::future::pending())
        }
    }

    fn meter() -> (Arc<Moved>, Meter) {
        let clock = Arc::new(Moved(AtomicI64::new(1_000_000)));
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as _;
        (clock, Meter::new(&TEN_IN_TEN, NonZeroU32::MIN, &MeterClock::new(shared)))
    }

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let (clock, meter) = meter();
        for left in (0..10).rev() {
            let decision = meter.take(1);
            assert_eq!((decision.refused, decision.remaining), (false, left));
        }
        assert!(meter.is_exhausted(1));
        let refused = meter.take(1);
        assert!(refused.refused);
        assert_eq!(refused.reset, Duration::from_secs(1));
        assert!(!meter.take(2).refused, "another key has its own");
        clock.0.fetch_add(999, Ordering::SeqCst);
        assert!(meter.take(1).refused);
        clock.0.fetch_add(1, Ordering::SeqCst);
        assert!(!meter.is_exhausted(1));
        assert!(!meter.take(1).refused);
        assert!(meter.take(1).refused);
    }

    #[test]
    fn idle_keys_are_forgotten_and_memory_is_bounded() {
        let (clock, meter) = meter();
        meter.take(1);
        clock.0.fetch_add(10_000, Ordering::SeqCst);
        meter.take(2);
        meter.shed();
        assert_eq!(meter.keys.0.len(), 1);
        for key in 0..2 * MOST_KEYS as u64 {
            meter.take(key);
        }
        assert!(meter.keys.0.len() <= MOST_KEYS + LOOK_EVERY as usize);
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let (clock, meter) = meter();
        for _ in 0..10 {
            meter.take(1);
        }
        clock.0.fetch_sub(3_600_000, Ordering::SeqCst);
        assert!(meter.take(1).refused, "time does not run backwards");
        clock.0.fetch_add(1000, Ordering::SeqCst);
        assert!(!meter.take(1).refused, "and goes on from there");
    }
}
