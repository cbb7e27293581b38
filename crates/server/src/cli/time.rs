//! Dates and times, as they are read on the command line.

use emrtd::UnixSeconds;

/// Reads `YYYY-MM-DD` (the start of that day in UTC) or an ISO 8601 time with its offset.
pub(crate) fn parse_at(text: &str) -> Result<UnixSeconds, String> {
    let date = text.parse::<jiff::civil::Date>().ok().filter(|_| text.len() == 10);
    let at = match date {
        Some(date) => date
            .at(0, 0, 0, 0)
            .to_zoned(jiff::tz::TimeZone::UTC)
            .map_err(|_| "the date is out of range".to_owned())?
            .timestamp(),
        None => text.parse().map_err(|_| {
            "expected a date (2026-05-28) or a time with its offset (2026-05-28T12:00:00Z)"
                .to_owned()
        })?,
    };
    Ok(UnixSeconds(at.as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_the_start_of_its_day_in_utc() {
        assert_eq!(parse_at("1970-01-02"), Ok(UnixSeconds(86_400)));
        assert_eq!(parse_at("1970-01-01T01:00:00+01:00"), Ok(UnixSeconds(0)));
        for wrong in ["", "28.05.2026", "2026-02-30", "2026-05-28T12:00:00"] {
            assert!(parse_at(wrong).is_err(), "{wrong}");
        }
    }
}
