//! Times on the wire: ISO 8601, UTC, milliseconds.

use domain::time::Timestamp;

/// `2026-05-05T11:00:00.000Z`.
pub(crate) fn iso(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.as_millis())
        .map_or_else(|_| String::new(), |time| format!("{time:.3}"))
}

/// Reads an ISO 8601 time with `Z` or an offset.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|time| Timestamp(time.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds_and_come_back() {
        assert_eq!(iso(Timestamp(1_777_978_800_000)), "2026-05-05T11:00:00.000Z");
        assert_eq!(parse("2026-05-05T13:00:00.000+02:00"), Some(Timestamp(1_777_978_800_000)));
        assert_eq!(parse("yesterday"), None);
    }
}
