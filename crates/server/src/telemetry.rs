//! What an operator sees of a running server: metrics, one log record per request and socket,
//! health. Nothing here holds a secret, an address, or an id that a stranger could use.

pub mod catalog;
pub(crate) mod health;
pub(crate) mod listener;
pub mod metrics;
#[cfg(feature = "otlp")]
mod otlp;
mod process;
pub(crate) mod request_id;
pub(crate) mod requests;
pub(crate) mod traces;

use std::time::Duration;

/// How much of a session id is logged: the prefix and eight of its 64 letters. It is enough to
/// find the records of a session that somebody names, and too little to ask for a handoff, which
/// the whole id can do before a phone has claimed the session.
const SESSION_LETTERS: usize = "vs_".len() + 8;

/// The part of a session id that may be logged; `None` for what cannot be one.
pub(crate) fn loggable_session(id: &str) -> Option<&str> {
    let part = id.get(..SESSION_LETTERS)?;
    let letters = part.strip_prefix("vs_")?;
    letters.bytes().all(|byte| byte.is_ascii_alphanumeric()).then_some(part)
}

/// A span of time as it is logged: milliseconds with three decimals.
pub(crate) fn milliseconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_logged_by_its_beginning_alone() {
        let id = format!("vs_{}", "aB3d".repeat(16));
        assert_eq!(loggable_session(&id), Some("vs_aB3daB3d"));
        for other in ["", "vs_", "vs_short", "vs_aB3daB3\n", "vs_aB3daB\u{fc}", "whe_aB3daB3d"] {
            assert_eq!(loggable_session(other), None, "{other:?}");
        }
    }

    #[test]
    fn times_are_logged_in_milliseconds() {
        assert!((milliseconds(Duration::from_nanos(1_234_567)) - 1.235).abs() < 1e-9);
    }
}
