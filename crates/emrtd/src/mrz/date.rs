use std::fmt;

use super::{Error, Field};
use crate::UnixSeconds;
use crate::calendar::{Date, days_in_month};

/// A date of which parts may be unknown (9303-3 §4.8).
///
/// States mark an unknown part with fillers, and some with `00`; both are
/// read. What is known is a real calendar date. Displays as `YYYY-MM-DD` with
/// zeros for unknown parts (`1980-00-00`, `0000-00-00`): no calendar has such
/// a date, so it cannot be taken for a known one, and it still sorts by year.
/// For decisions use [`earliest`](Self::earliest) and
/// [`latest`](Self::latest), which bound the true date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PartialDate {
    year: Option<u16>,
    month: Option<u8>,
    day: Option<u8>,
    reference: Date,
    is_birth: bool,
}

impl PartialDate {
    /// The year with its century; `None` when not even the year is known.
    pub fn year(&self) -> Option<u16> {
        self.year
    }

    /// The month, 1 to 12.
    pub fn month(&self) -> Option<u8> {
        self.month
    }

    /// The day of the month.
    pub fn day(&self) -> Option<u8> {
        self.day
    }

    /// The date, when all of it is known.
    pub fn exact(&self) -> Option<Date> {
        Date::new(self.year?, self.month?, self.day?)
    }

    /// The earliest date this can be.
    ///
    /// Without a year: 130 years before the reference for a birth, 50 for an
    /// expiry.
    pub fn earliest(&self) -> Date {
        let span = if self.is_birth { 130 } else { 50 };
        let year = self.year.unwrap_or_else(|| self.reference.year().saturating_sub(span).max(1));
        (self.month.unwrap_or(1)..=12)
            .find_map(|month| Date::new(year, month, self.day.unwrap_or(1)))
            .unwrap_or(self.reference)
    }

    /// The latest date this can be. A birth is never after the reference.
    pub fn latest(&self) -> Date {
        let year = self.year.unwrap_or_else(|| {
            let ahead = if self.is_birth { 0 } else { 50 };
            self.reference.year().saturating_add(ahead).min(9999)
        });
        let latest = (1..=self.month.unwrap_or(12))
            .rev()
            .find_map(|month| {
                Date::new(year, month, self.day.unwrap_or_else(|| days_in_month(year, month)))
            })
            .unwrap_or(self.reference);
        if self.is_birth { latest.min(self.reference) } else { latest }
    }

    /// Whether it is before `day`; `None` when that depends on what is unknown.
    pub fn is_before(&self, day: Date) -> Option<bool> {
        match (self.earliest() < day, self.latest() < day) {
            (_, true) => Some(true),
            (false, _) => Some(false),
            (true, false) => None,
        }
    }

    /// A birth: the latest century in which the date is not after `at`.
    pub(super) fn birth(field: &[u8], at: UnixSeconds) -> Result<Self, Error> {
        let reference = at.date();
        let parts = Parts::read(field).ok_or(Error::Invalid(Field::BirthDate))?;
        let candidate = |year: u16| {
            let date = Self::resolve(&parts, Some(year), reference, true)?;
            (date.earliest() <= reference).then_some(date)
        };
        let date = match parts.year {
            None => Self::resolve(&parts, None, reference, true),
            Some(short) => centuries(short, reference).rev().find_map(candidate),
        };
        date.ok_or(Error::Invalid(Field::BirthDate))
    }

    /// An expiry: the latest century within 50 years of `at`.
    pub(super) fn expiry(field: &[u8], at: UnixSeconds) -> Result<Self, Error> {
        let reference = at.date();
        let parts = Parts::read(field).ok_or(Error::Invalid(Field::ExpiryDate))?;
        let limit = reference.year().saturating_add(50);
        let year =
            parts.year.map(|short| centuries(short, reference).rev().find(|year| *year <= limit));
        let date = match year {
            Some(None) => None,
            Some(Some(year)) => Self::resolve(&parts, Some(year), reference, false),
            None => Self::resolve(&parts, None, reference, false),
        };
        date.ok_or(Error::Invalid(Field::ExpiryDate))
    }

    fn resolve(parts: &Parts, year: Option<u16>, reference: Date, is_birth: bool) -> Option<Self> {
        // A leap year stands in for an unknown one, and a long month.
        let exists =
            Date::new(year.unwrap_or(2000), parts.month.unwrap_or(1), parts.day.unwrap_or(1));
        exists.map(|_| Self { year, month: parts.month, day: parts.day, reference, is_birth })
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}-{:02}",
            self.year.unwrap_or(0),
            self.month.unwrap_or(0),
            self.day.unwrap_or(0)
        )
    }
}

struct Parts {
    year: Option<u8>,
    month: Option<u8>,
    day: Option<u8>,
}

impl Parts {
    fn read(field: &[u8]) -> Option<Self> {
        let [y1, y2, m1, m2, d1, d2] = field else {
            return None;
        };
        Some(Self {
            year: pair(*y1, *y2)?,
            month: pair(*m1, *m2)?.filter(|month| *month != 0),
            day: pair(*d1, *d2)?.filter(|day| *day != 0),
        })
    }
}

/// Two digits, or `Some(None)` for two fillers; a mix is an error.
fn pair(tens: u8, units: u8) -> Option<Option<u8>> {
    match (tens, units) {
        (b'<', b'<') => Some(None),
        (b'0'..=b'9', b'0'..=b'9') => Some(Some((tens - b'0') * 10 + (units - b'0'))),
        _ => None,
    }
}

/// The years with this suffix in the reference's century and its neighbours.
fn centuries(short: u8, reference: Date) -> impl DoubleEndedIterator<Item = u16> {
    let century = reference.year() / 100;
    (century.saturating_sub(1)..=century + 1).map(move |century| century * 100 + u16::from(short))
}
