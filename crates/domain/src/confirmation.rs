//! The match code: the person tells the phone what the page shows, so that nobody verifies for a
//! page that is in front of someone else (SECURITY row 13).

use std::fmt;

use crate::id::AttemptId;
use crate::key::Keys;

/// How many codes a phone offers.
const CHOICES: usize = 3;

/// How many codes there are.
const CODES: u64 = 100;

/// How the link reached the phone, as the phone says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Flow {
    /// The link did not say.
    #[default]
    Unknown,
    /// By a button of a page on the phone itself.
    SameDevice,
    /// By a QR code, or a link that was copied.
    CrossDevice,
}

/// Where a claimed attempt stands with the match code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchCodeState {
    /// It is not asked for.
    NotAsked,
    /// It would be asked for, and the phone does not know how to.
    Unsupported,
    /// The phone has to choose before it may go on.
    Pending,
    /// The phone chose what the page shows, in this attempt or in an earlier one of the session.
    Confirmed,
}

/// The codes of one attempt: the one that the page shows, among those that the phone offers.
///
/// Derived whenever they are needed, never stored: they are the same after a lost connection.
#[derive(Clone, PartialEq, Eq)]
pub struct MatchCodes {
    codes: [u8; CHOICES],
    right: usize,
}

impl Flow {
    /// Every flow.
    pub const ALL: [Self; 3] = [Self::Unknown, Self::SameDevice, Self::CrossDevice];

    /// The name, as it is reported and stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::SameDevice => "same_device",
            Self::CrossDevice => "cross_device",
        }
    }

    /// Reads a name; `None` if there is none like it.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flow| flow.as_str() == text)
    }
}

impl MatchCodeState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::NotAsked, Self::Unsupported, Self::Pending, Self::Confirmed];

    /// The name, as it is reported and stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotAsked => "not_asked",
            Self::Unsupported => "unsupported",
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
        }
    }

    /// Reads a name; `None` if there is none like it.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

impl MatchCodes {
    /// The codes of an attempt.
    pub fn of(keys: &Keys, attempt: &AttemptId) -> Self {
        let drawn = keys.match_codes(attempt);
        // 64 bits taken modulo at most 100 favour no value by more than 1 in 10^17.
        let draw = |at: usize, below: u64| -> u8 {
            let bytes = drawn.get(at * 8..at * 8 + 8).and_then(|bytes| bytes.try_into().ok());
            u8::try_from(u64::from_be_bytes(bytes.unwrap_or_default()) % below).unwrap_or_default()
        };
        let first = draw(0, CODES);
        // Each further code is drawn among those that are left, counted up past the smaller taken.
        let second = draw(1, CODES - 1);
        let second = second + u8::from(second >= first);
        let (low, high) = (first.min(second), first.max(second));
        let third = draw(2, CODES - 2);
        let third = third + u8::from(third >= low);
        let third = third + u8::from(third >= high);
        Self { codes: [first, second, third], right: usize::from(draw(3, 3)) }
    }

    /// The code that the page shows: two digits.
    pub fn shown(&self) -> String {
        let code = self.codes.get(self.right).copied().unwrap_or_default();
        format!("{code:02}")
    }

    /// The codes that the phone offers, in their order.
    pub fn choices(&self) -> [String; CHOICES] {
        self.codes.map(|code| format!("{code:02}"))
    }

    /// Whether `choice` is the code that the page shows.
    pub fn is_right(&self, choice: &str) -> bool {
        choice == self.shown()
    }
}

/// The right code is a secret until the phone has chosen.
impl fmt::Debug for MatchCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MatchCodes(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Entropy;

    struct Counter(u64);

    impl Entropy for Counter {
        fn fill(&mut self, buffer: &mut [u8]) {
            for chunk in buffer.chunks_mut(8) {
                self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                chunk.copy_from_slice(&self.0.to_be_bytes()[..chunk.len()]);
            }
        }
    }

    #[test]
    fn choices_differ_and_the_right_one_has_no_favourite_place() {
        let keys = Keys::derive(&[3; 32]);
        let mut entropy = Counter(1);
        let mut places = [0_u32; CHOICES];
        let mut codes = [0_u32; 100];
        for _ in 0..3_000 {
            let attempt = AttemptId::random(&mut entropy);
            let codes_of = MatchCodes::of(&keys, &attempt);
            let [a, b, c] = codes_of.choices();
            assert!(a != b && b != c && a != c);
            assert!([&a, &b, &c].iter().all(|code| code.len() == 2));
            let place = codes_of.choices().iter().position(|code| codes_of.is_right(code));
            places[place.unwrap_or(usize::MAX)] += 1;
            codes[codes_of.shown().parse::<usize>().unwrap_or(usize::MAX)] += 1;
            assert_eq!(codes_of, MatchCodes::of(&keys, &attempt));
        }
        assert!(places.iter().all(|count| (850..1150).contains(count)), "{places:?}");
        assert!(codes.iter().all(|count| *count > 5), "{codes:?}");
    }
}
