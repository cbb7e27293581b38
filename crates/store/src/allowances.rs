//! Rates that several servers keep together: each draws a portion of what is left, and spends it
//! by itself.

use std::time::Duration;

use domain::time::Timestamp;

use crate::backend::Answer;

/// Allowances in a database.
pub trait Allowances {
    /// Draws up to `want` from what `holder` has left under the rate called `name`, in one unit.
    /// What is drawn is spent, whether it is used or not.
    fn draw_allowance(
        &self,
        name: &str,
        holder: &str,
        rate: Rate,
        want: u32,
        now: Timestamp,
    ) -> Answer<Drawn>;
}

/// So many in so much time, all of them at once if need be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub quota: u32,
    /// In how much time; at least a microsecond for each.
    pub window: Duration,
}

/// What was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// How many: as many as were wanted, or as are left.
    pub granted: u32,
    /// How many are left in the database after that.
    pub left: u32,
    /// How long until one more is there; zero if one is.
    pub next_in: Duration,
}

impl Rate {
    /// What is drawn from an allowance that is spent until `spent_until` (microseconds since the
    /// epoch; `None` if nothing is), and until when it is spent then.
    pub(crate) fn draw(self, spent_until: Option<i64>, want: u32, now: Timestamp) -> (i64, Drawn) {
        let now = now.as_millis().saturating_mul(1000);
        let window = i64::try_from(self.window.as_micros()).unwrap_or(i64::MAX / 4);
        let one = (window / i64::from(self.quota.max(1))).max(1);
        let whole = one.saturating_mul(self.quota.into());
        // A server whose clock is ahead cannot take more than there is by this one's.
        let full = now.saturating_add(whole);
        let spent = spent_until.unwrap_or(now).clamp(now, full);
        let count = |spent: i64| u32::try_from((full - spent) / one).unwrap_or(0);
        let granted = want.min(count(spent));
        let spent = spent.saturating_add(one.saturating_mul(granted.into()));
        let wait = spent.saturating_add(one).saturating_sub(full);
        let next_in = Duration::from_micros(u64::try_from(wait).unwrap_or(0));
        (spent, Drawn { granted, left: count(spent), next_in })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { quota: 10, window: Duration::from_secs(10) };
    const NOW: Timestamp = Timestamp(1_000_000);

    #[test]
    fn portions_add_up_to_the_quota() {
        let (spent, drawn) = RATE.draw(None, 4, NOW);
        assert_eq!(drawn, Drawn { granted: 4, left: 6, next_in: Duration::ZERO });
        let (spent, drawn) = RATE.draw(Some(spent), 8, NOW);
        assert_eq!(drawn, Drawn { granted: 6, left: 0, next_in: Duration::from_secs(1) });
        let (spent, drawn) = RATE.draw(Some(spent), 8, NOW + Duration::from_millis(1500));
        assert_eq!(drawn, Drawn { granted: 1, left: 0, next_in: Duration::from_millis(500) });
        let (_, drawn) = RATE.draw(Some(spent), 99, NOW + Duration::from_secs(3600));
        assert_eq!((drawn.granted, drawn.left), (10, 0), "no more than the quota is saved up");
    }

    #[test]
    fn a_clock_that_was_ahead_locks_nobody_out() {
        let (spent, _) = RATE.draw(None, 10, NOW + Duration::from_secs(3600));
        let (spent, drawn) = RATE.draw(Some(spent), 10, NOW);
        assert_eq!(drawn, Drawn { granted: 0, left: 0, next_in: Duration::from_secs(1) });
        let (_, drawn) = RATE.draw(Some(spent), 10, NOW + Duration::from_secs(2));
        assert_eq!(drawn.granted, 2);
    }
}
