//! What keeps one client from taking what belongs to all.

use std::num::NonZeroU32;

/// How far rate limits are stretched (`rate_limits`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateLimits {
    /// Nothing is counted: for load tests, and behind a proxy that limits by itself.
    Off,
    /// Every rate and burst of `docs/LIMITS.md`, this many times.
    Times(NonZeroU32),
}

impl Default for RateLimits {
    fn default() -> Self {
        Self::Times(NonZeroU32::MIN)
    }
}
