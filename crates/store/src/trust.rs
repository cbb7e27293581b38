//! Trust material: the certificates and lists of issuing states, and which source holds what.

use domain::time::Timestamp;

use crate::backend::Answer;

/// Trust material in a database.
pub trait Trust {
    /// Adds items to their sources in one unit; nothing is withdrawn. One that a source holds
    /// stays as it is, unless it was unverified there and now comes verified. Each import that
    /// changes something begins a new generation.
    fn import_trust(&self, items: Vec<TrustItem>) -> Answer<ImportCounts>;

    /// Makes a source hold what an update says, in one unit.
    ///
    /// Refused with [`StoreError::Conflict`](crate::StoreError::Conflict) if the trust material is
    /// no longer of the generation that the update was made for.
    fn update_trust(&self, update: TrustUpdate) -> Answer<()>;

    /// All trust items, ordered by fingerprint.
    fn trust_items(&self) -> Answer<Vec<TrustItem>>;

    /// Everything of one moment.
    fn trust_snapshot(&self) -> Answer<TrustSnapshot>;

    /// The number of the generation of the trust items; 0 before the first import.
    fn trust_generation(&self) -> Answer<u64>;
}

/// What a trust item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrustKind {
    /// The certificate of a country signing CA (9303-12 §4).
    Csca,
    /// A certificate revocation list (9303-12 §7.1).
    Crl,
    /// A deviation list (9303-12 §10).
    DeviationList,
}

impl TrustKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Csca, Self::Crl, Self::DeviationList];

    /// The kind as it is written and stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csca => "csca",
            Self::Crl => "crl",
            Self::DeviationList => "deviation_list",
        }
    }

    /// Reads a kind; `None` if there is no such kind.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A certificate or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustItem {
    /// The SHA-256 of `der`, which it is known by.
    pub fingerprint: [u8; 32],
    /// What it is.
    pub kind: TrustKind,
    /// Its DER encoding.
    pub der: Vec<u8>,
    /// Where it came from, in the importer's words. Of several sources, one that is verified.
    pub source: String,
    /// Whether it came in a list whose signature was verified, from any source.
    pub verified: bool,
    /// When it was first imported.
    pub imported_at: Timestamp,
}

/// Where trust items come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustSource {
    /// Its name.
    pub name: String,
    /// Rises with each edition of the source, such as the moment it was signed. `None` where the
    /// source does not number its editions.
    pub edition: Option<i64>,
    /// When it was last imported.
    pub imported_at: Timestamp,
}

/// That a source holds an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustVoucher {
    /// The source.
    pub source: String,
    /// The item.
    pub fingerprint: [u8; 32],
    /// Whether the source's signature was verified.
    pub verified: bool,
}

/// All trust material of one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustSnapshot {
    /// The generation.
    pub generation: u64,
    /// The items, ordered by fingerprint.
    pub items: Vec<TrustItem>,
    /// The sources, ordered by name.
    pub sources: Vec<TrustSource>,
    /// Who holds what, ordered by source.
    pub vouchers: Vec<TrustVoucher>,
}

/// A change to one source.
#[derive(Clone, Debug)]
pub struct TrustUpdate {
    /// The generation it was made for.
    pub generation: u64,
    /// The source as it is from now on. One that holds nothing is forgotten.
    pub source: TrustSource,
    /// What the source holds in addition, or holds verified or unverified otherwise than before.
    /// The name of the source in each item is ignored.
    pub put: Vec<TrustItem>,
    /// What the source holds no longer.
    pub withdrawn: Vec<[u8; 32]>,
    /// What goes away whoever holds it: lists that newer ones replace.
    pub superseded: Vec<[u8; 32]>,
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
