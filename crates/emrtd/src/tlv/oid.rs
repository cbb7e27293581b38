use std::fmt;

use super::Error;

const MAX_LEN: usize = 32;

/// An object identifier, by its content octets.
///
/// Comparison is on the octets, which are unique per identifier because a
/// subidentifier with a leading `80` is refused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid {
    len: u8,
    octets: [u8; MAX_LEN],
}

impl Oid {
    /// An identifier from content octets known at compile time.
    ///
    /// # Panics
    /// At compile time, when longer than 32 octets.
    pub const fn from_octets(octets: &[u8]) -> Self {
        let mut array = [0; MAX_LEN];
        let mut index = 0;
        while index < octets.len() {
            array[index] = octets[index];
            index += 1;
        }
        Self { len: octets.len() as u8, octets: array }
    }

    /// Reads content octets found at `offset`.
    ///
    /// # Errors
    /// When empty, longer than 32 octets, unterminated or with padding.
    pub fn parse(octets: &[u8], offset: usize) -> Result<Self, Error> {
        let ends = octets.last().is_some_and(|last| last & 0x80 == 0);
        if !ends || octets.len() > MAX_LEN {
            return Err(Error::value("not an object identifier", offset));
        }
        let mut start = true;
        for octet in octets {
            if start && *octet == 0x80 {
                return Err(Error::value("not an object identifier", offset));
            }
            start = octet & 0x80 == 0;
        }
        Ok(Self::from_octets(octets))
    }

    /// The content octets.
    pub fn octets(&self) -> &[u8] {
        self.octets.get(..usize::from(self.len)).unwrap_or(&[])
    }

    /// Whether this identifier lies below `arc`.
    pub fn is_below(&self, arc: &Oid) -> bool {
        self.len > arc.len && self.octets().starts_with(arc.octets())
    }
}

/// Displays in dotted form.
impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut value: u128 = 0;
        let mut first = true;
        for octet in self.octets() {
            value = (value << 7) | u128::from(octet & 0x7F);
            if octet & 0x80 != 0 {
                continue;
            }
            if first {
                let root = (value / 40).min(2);
                write!(f, "{root}.{}", value - root * 40)?;
                first = false;
            } else {
                write!(f, ".{value}")?;
            }
            value = 0;
        }
        Ok(())
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Oid({self})")
    }
}
