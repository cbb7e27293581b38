//! Trust material: the certificates and revocation lists of issuing states.

use domain::time::Timestamp;

use crate::backend::Answer;

/// Trust material in a database.
pub trait Trust {
    /// Stores trust items in one unit. One that is known stays as it is, unless it was unverified
    /// and now comes verified. Each import that changes something begins a new generation.
    fn import_trust(&self, items: Vec<TrustItem>) -> Answer<ImportCounts>;

    /// All trust items, ordered by fingerprint.
    fn trust_items(&self) -> Answer<Vec<TrustItem>>;

    /// The number of the generation of the trust items; 0 before the first import.
    fn trust_generation(&self) -> Answer<u64>;
}

/// What a trust item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustKind {
    /// The certificate of a country signing CA (9303-12 §4).
    Csca,
    /// A certificate revocation list (9303-12 §7.1).
    Crl,
}

impl TrustKind {
    /// The kind as it is written and stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csca => "csca",
            Self::Crl => "crl",
        }
    }

    /// Reads a kind; `None` if there is no such kind.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Csca, Self::Crl].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A certificate or a revocation list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustItem {
    /// The SHA-256 of `der`, which it is known by.
    pub fingerprint: [u8; 32],
    /// What it is.
    pub kind: TrustKind,
    /// Its DER encoding.
    pub der: Vec<u8>,
    /// Where it came from, in the importer's words.
    pub source: String,
    /// Whether it came in a list whose signature was verified.
    pub verified: bool,
    /// When it was imported.
    pub imported_at: Timestamp,
}

/// What an import changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Items that were new.
    pub added: usize,
    /// Items that were known and stay as they are.
    pub known: usize,
    /// Items that were known as unverified and are verified now.
    pub upgraded: usize,
}
