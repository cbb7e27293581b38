//! The chain: each record's hash covers the record and, through the hash before it, all earlier
//! ones. The hash is keyed, so that who can write to the database but lacks the master secret
//! cannot make a chain that verifies.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::{Columns, Entry};
use crate::key::hex;
use crate::time::Timestamp;

/// Where a chain ends: the number and the hash of its last record.
///
/// Noted down elsewhere (as `NUMBER:HASH`), it shows later that nothing was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of the record; the first has 1.
    pub number: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

impl Head {
    /// Before the first record.
    pub const START: Self = Self { number: 0, hash: [0; 32] };
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, hex(&self.hash))
    }
}

/// The text is no head of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected NUMBER:HASH, the hash as 64 hexadecimal digits")]
pub struct MalformedHead;

impl FromStr for Head {
    type Err = MalformedHead;

    fn from_str(text: &str) -> Result<Self, MalformedHead> {
        let (number, digits) = text.split_once(':').ok_or(MalformedHead)?;
        let number = number.parse().map_err(|_| MalformedHead)?;
        Ok(Self { number, hash: read_hash(digits).ok_or(MalformedHead)? })
    }
}

/// Reads a hash of 64 hexadecimal digits.
fn read_hash(digits: &str) -> Option<[u8; 32]> {
    let mut hash = [0_u8; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16);
        *byte = u8::try_from(digit(0)? << 4 | digit(1)?).ok()?;
    }
    Some(hash)
}

/// An entry at rest, as whoever reads the table or an export finds it: nothing about it is known
/// to be true until a [`Verifier`] has seen it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Its texts: see [`Entry::columns`].
    pub columns: [Option<String>; 7],
    /// Its hash.
    pub hash: [u8; 32],
}

impl Record {
    /// Reads a hash, as [`hex`] writes it.
    pub fn parse_hash(digits: &str) -> Option<[u8; 32]> {
        read_hash(digits)
    }

    /// The names of the columns, in order.
    pub const COLUMNS: [&'static str; 7] =
        ["actor", "action", "organization", "session", "attempt", "object", "code"];

    /// The organization it concerns.
    pub fn organization(&self) -> Option<&str> {
        self.columns[2].as_deref()
    }

    /// The chain's end, if it ended here.
    pub const fn head(&self) -> Head {
        Head { number: self.number, hash: self.hash }
    }
}

/// What links records: a key of its own purpose, derived from the master secret.
#[derive(Clone)]
pub struct Chain {
    keyed: Hmac<Sha256>,
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chain(..)")
    }
}

impl Chain {
    pub(crate) fn new(key: &[u8; 64]) -> Self {
        Self { keyed: Hmac::new(key.into()) }
    }

    /// The head after `entry`, if it follows `head`.
    pub fn append(&self, head: &Head, entry: &Entry) -> Head {
        let number = head.number.saturating_add(1);
        Head { number, hash: self.hash(&head.hash, number, entry.at, &entry.columns()) }
    }

    /// The head after a record that was not linked yet, if it follows `head`.
    pub fn append_columns(
        &self,
        head: &Head,
        at: Timestamp,
        columns: &[Option<String>; 7],
    ) -> Head {
        let number = head.number.saturating_add(1);
        Head { number, hash: self.hash(&head.hash, number, at, &borrowed(columns)) }
    }

    /// Whether the record is what was written after a record with the hash `previous`.
    pub fn links(&self, previous: &[u8; 32], record: &Record) -> bool {
        let hash = self.hash(previous, record.number, record.at, &borrowed(&record.columns));
        hash.ct_eq(&record.hash).into()
    }

    /// HMAC-SHA256 over the previous hash, the entry and its number. Texts carry their length, so
    /// that no two entries have one encoding.
    fn hash(
        &self,
        previous: &[u8; 32],
        number: u64,
        at: Timestamp,
        columns: &Columns<'_>,
    ) -> [u8; 32] {
        let mut mac = self.keyed.clone();
        mac.update(previous);
        mac.update(&at.as_millis().to_be_bytes());
        for column in columns {
            match column {
                None => mac.update(&[0]),
                Some(text) => {
                    mac.update(&[1]);
                    mac.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
                    mac.update(text.as_bytes());
                }
            }
        }
        mac.update(&number.to_be_bytes());
        mac.finalize().into_bytes().into()
    }
}

fn borrowed(columns: &[Option<String>; 7]) -> Columns<'_> {
    columns.each_ref().map(|text| text.as_deref().map(Cow::Borrowed))
}

/// Where and how a trail is not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// The record of this number is not there.
    #[error("entry {0} is missing")]
    Missing(u64),
    /// The record of this number is not the one that was written, or not in this place.
    #[error("entry {0} is not what was written")]
    Altered(u64),
}

impl Break {
    /// The first bad number.
    pub const fn number(self) -> u64 {
        match self {
            Self::Missing(number) | Self::Altered(number) => number,
        }
    }
}

/// Reads a trail from its beginning, one record after the other.
#[derive(Debug)]
pub struct Verifier {
    chain: Chain,
    head: Head,
    noted: Option<Head>,
}

impl Verifier {
    /// A verifier that has seen nothing. `noted` is a head that was written down earlier, and that
    /// the trail must contain.
    pub const fn new(chain: Chain, noted: Option<Head>) -> Self {
        Self { chain, head: Head::START, noted }
    }

    /// Takes the next record, which must follow the one before it.
    pub fn next(&mut self, record: &Record) -> Result<(), Break> {
        let expected = self.head.number.saturating_add(1);
        if record.number > expected {
            return Err(Break::Missing(expected));
        }
        let previous = self.head.hash;
        self.next_selected(&previous, record)
    }

    /// Takes the next record of a selection: records before it may have been left out, so only
    /// `previous`, the hash of the one before it in the trail, says what it followed.
    pub fn next_selected(&mut self, previous: &[u8; 32], record: &Record) -> Result<(), Break> {
        let expected = self.head.number.saturating_add(1);
        let follows = record.number == expected && self.head.hash == *previous;
        if !(follows || record.number > expected) || !self.chain.links(previous, record) {
            return Err(Break::Altered(record.number));
        }
        let noted = self.noted.filter(|noted| noted.number == record.number);
        if noted.is_some_and(|noted| noted.hash != record.hash) {
            return Err(Break::Altered(record.number));
        }
        self.head = record.head();
        Ok(())
    }

    /// Where the trail ends, once there is no next record.
    pub fn finish(self) -> Result<Head, Break> {
        match self.noted {
            Some(noted) if noted.number > self.head.number => {
                Err(Break::Missing(self.head.number.saturating_add(1)))
            }
            _ => Ok(self.head),
        }
    }

    /// The end of what was verified so far.
    pub const fn head(&self) -> Head {
        self.head
    }
}
