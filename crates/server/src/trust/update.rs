//! What an import does to the trust store: decided here, in one place, and only then written.

use std::collections::{BTreeMap, BTreeSet};

use domain::time::Timestamp;
use emrtd::UnixSeconds;
use emrtd::trust::{Certificate, Crl, DeviationList, TrustStore};
use store::{TrustItem, TrustKind, TrustSnapshot, TrustSource, TrustUpdate};

/// What a source holds, as a file says.
pub(crate) struct Edition {
    /// The name of the source.
    pub(crate) source: String,
    /// Rises with each edition: signing time or serial number.
    pub(crate) number: Option<i64>,
    /// Whether the file says all that the source holds. What a source held and a whole edition
    /// lacks is withdrawn; anything else only adds.
    pub(crate) is_whole: bool,
    pub(crate) materials: Vec<Found>,
}

/// A certificate or list that can be used.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) item: Material,
    /// It came in a list whose signature was verified, or the operator named its file.
    pub(crate) verified: bool,
}

#[derive(Clone)]
pub(crate) enum Material {
    Csca(Certificate),
    Crl(Crl),
    DeviationList(DeviationList),
}

/// What the operator allows beyond the ordinary.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Allowed {
    /// An edition that is older than the one that is stored.
    pub(crate) older: bool,
    /// Withdrawing more than half of a source's certificates.
    pub(crate) withdrawals: bool,
}

/// Why an edition is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error(
        "it is older than the edition of {source_name} that is stored ({stored}, not {offered})"
    )]
    Older { source_name: String, stored: i64, offered: String },
    #[error(
        "it would withdraw {withdrawn} of the {held} certificates of {source_name}; is it whole?"
    )]
    Withdraws { source_name: String, withdrawn: usize, held: usize },
}

/// What a change comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// New to the trust store.
    pub(crate) added: usize,
    /// There before and still there.
    pub(crate) kept: usize,
    /// There before, unverified, and verified now.
    pub(crate) upgraded: usize,
    /// No longer held by the source, nor by any other.
    pub(crate) withdrawn: usize,
    /// No longer held by the source, and still by another.
    pub(crate) kept_by_others: usize,
    /// Lists that newer ones replace.
    pub(crate) superseded: usize,
    /// Lists older than what is there: not taken.
    pub(crate) outdated: usize,
    /// Lists that no CSCA of the store signed: kept, not used.
    pub(crate) unsigned: usize,
    /// More of those than are kept: not taken.
    pub(crate) excess: usize,
}

/// A change that was decided on.
pub(crate) struct Plan {
    pub(crate) update: TrustUpdate,
    pub(crate) counts: Counts,
    /// The certificates that go away.
    pub(crate) withdrawn: Vec<[u8; 32]>,
}

/// Compares an edition with what is stored.
pub(crate) fn plan(
    snapshot: &TrustSnapshot,
    edition: &Edition,
    allowed: Allowed,
    now: Timestamp,
) -> Result<Plan, Refused> {
    let stored = Stored::of(snapshot, &edition.source);
    let known = snapshot.sources.iter().find(|source| source.name == edition.source);
    if let Some(stored) = known.and_then(|source| source.edition)
        && edition.number.map_or(edition.is_whole, |offered| offered < stored)
        && !allowed.older
    {
        let offered = edition.number.map_or_else(|| "none".to_owned(), |number| number.to_string());
        return Err(Refused::Older { source_name: edition.source.clone(), stored, offered });
    }
    let lists = Lists::compare(snapshot, edition, UnixSeconds(now.as_seconds()));
    let mut counts = Counts {
        outdated: lists.outdated.len(),
        unsigned: lists.unsigned,
        excess: lists.excess.len(),
        superseded: lists.superseded.len(),
        ..Counts::default()
    };
    let mut put = Vec::new();
    for found in &edition.materials {
        let item = found.to_trust_item(&edition.source, now);
        if lists.outdated.contains(&item.fingerprint) || lists.excess.contains(&item.fingerprint) {
            continue;
        }
        match stored.verified.get(&item.fingerprint) {
            None => counts.added += 1,
            Some(false) if item.verified => counts.upgraded += 1,
            Some(_) => counts.kept += 1,
        }
        let own = stored.own.get(&item.fingerprint);
        if own.is_none_or(|(_, verified)| !verified && item.verified) {
            put.push(item);
        }
    }
    let withdrawn = stored.withdrawn_by(edition);
    let held = stored.own.values().filter(|(kind, _)| *kind == TrustKind::Csca).count();
    if withdrawn.len() * 2 > held && !allowed.withdrawals {
        let source_name = edition.source.clone();
        return Err(Refused::Withdraws { source_name, withdrawn: withdrawn.len(), held });
    }
    let (others, gone): (Vec<_>, Vec<_>) =
        withdrawn.iter().copied().partition(|item| stored.by_others.contains(item));
    counts.kept_by_others = others.len();
    counts.withdrawn = gone.len();
    let source =
        TrustSource { name: edition.source.clone(), edition: edition.number, imported_at: now };
    let superseded = lists.superseded.into_iter().collect();
    let generation = snapshot.generation;
    let update = TrustUpdate { generation, source, put, withdrawn, superseded };
    Ok(Plan { update, counts, withdrawn: gone })
}

/// Takes the certificates of a source away, or some of what it holds.
///
/// A list goes only if it is named: without a revocation list, what it revokes would pass.
pub(crate) fn withdrawal(
    snapshot: &TrustSnapshot,
    source: &TrustSource,
    only: &[[u8; 32]],
) -> Plan {
    let stored = Stored::of(snapshot, &source.name);
    let is_meant = |(item, (kind, _)): &(&[u8; 32], &(TrustKind, bool))| match only {
        [] => *kind == TrustKind::Csca,
        named => named.contains(item),
    };
    let withdrawn: Vec<[u8; 32]> =
        stored.own.iter().filter(is_meant).map(|(item, _)| *item).collect();
    let (others, gone): (Vec<_>, Vec<_>) =
        withdrawn.iter().copied().partition(|item| stored.by_others.contains(item));
    let counts = Counts {
        kept: stored.own.len() - withdrawn.len(),
        withdrawn: gone.len(),
        kept_by_others: others.len(),
        ..Counts::default()
    };
    let update = TrustUpdate {
        generation: snapshot.generation,
        source: source.clone(),
        put: Vec::new(),
        withdrawn,
        superseded: Vec::new(),
    };
    Plan { update, counts, withdrawn: gone }
}

/// What is stored, as one source sees it.
struct Stored {
    own: BTreeMap<[u8; 32], (TrustKind, bool)>,
    by_others: BTreeSet<[u8; 32]>,
    /// Of everything, whether any source verifies it.
    verified: BTreeMap<[u8; 32], bool>,
}

impl Stored {
    fn of(snapshot: &TrustSnapshot, source: &str) -> Self {
        let items: BTreeMap<[u8; 32], &TrustItem> =
            snapshot.items.iter().map(|item| (item.fingerprint, item)).collect();
        let mut own = BTreeMap::new();
        let mut by_others = BTreeSet::new();
        for voucher in &snapshot.vouchers {
            if voucher.source != source {
                by_others.insert(voucher.fingerprint);
            } else if let Some(item) = items.get(&voucher.fingerprint) {
                own.insert(voucher.fingerprint, (item.kind, voucher.verified));
            }
        }
        let verified = items.into_iter().map(|(key, item)| (key, item.verified)).collect();
        Self { own, by_others, verified }
    }

    /// Only certificates: a revocation list that is missing in an edition would free what it
    /// revokes, so lists go away only when newer ones replace them.
    fn withdrawn_by(&self, edition: &Edition) -> Vec<[u8; 32]> {
        if !edition.is_whole {
            return Vec::new();
        }
        let offered: BTreeSet<[u8; 32]> =
            edition.materials.iter().map(|found| found.item.fingerprint()).collect();
        let own = self.own.iter().filter(|(_, (kind, _))| *kind == TrustKind::Csca);
        own.map(|(item, _)| *item).filter(|item| !offered.contains(item)).collect()
    }
}

/// Which lists replace which. Only a list that a CSCA of the store signed replaces another, or
/// keeps a newer one out: whoever cannot sign cannot make a list disappear.
#[derive(Default)]
struct Lists {
    outdated: BTreeSet<[u8; 32]>,
    superseded: BTreeSet<[u8; 32]>,
    unsigned: usize,
    excess: BTreeSet<[u8; 32]>,
}

impl Lists {
    fn compare(snapshot: &TrustSnapshot, edition: &Edition, at: UnixSeconds) -> Self {
        let is_list = |found: &&Found| !matches!(found.item, Material::Csca(_));
        let offered: BTreeSet<[u8; 32]> = edition
            .materials
            .iter()
            .filter(is_list)
            .map(|found| found.item.fingerprint())
            .collect();
        if offered.is_empty() {
            return Self::default();
        }
        let trust = together(snapshot, edition);
        let mut replaced = trust.superseded_crls(at);
        let lists: Vec<(&DeviationList, &str)> = trust.deviation_lists().collect();
        for (list, country) in &lists {
            let is_newer = |(other, of): &(&DeviationList, &str)| {
                of == country
                    && other.signed_at() > list.signed_at()
                    && other.signed_at() <= Some(at)
            };
            if lists.iter().any(is_newer) {
                replaced.insert(list.fingerprint());
            }
        }
        let stored: BTreeSet<[u8; 32]> =
            snapshot.items.iter().map(|item| item.fingerprint).collect();
        let excess = excess(&trust, &stored);
        let unused_crls = trust.unused_crls().iter().map(|unused| unused.crl.fingerprint());
        let unused_lists =
            trust.unused_deviation_lists().iter().map(|unused| unused.list.fingerprint());
        Self {
            unsigned: unused_crls
                .chain(unused_lists)
                .filter(|item| offered.contains(item) && !excess.contains(item))
                .count(),
            outdated: replaced.difference(&stored).copied().collect(),
            superseded: replaced.intersection(&stored).copied().collect(),
            excess,
        }
    }
}

/// New lists that nobody signed and that are more than are kept, newest first. None that is stored
/// makes room: its CSCA may come back, and what it revokes must not have been displaced by anybody.
fn excess(trust: &TrustStore, stored: &BTreeSet<[u8; 32]>) -> BTreeSet<[u8; 32]> {
    let (waiting, mut new): (Vec<&Crl>, Vec<&Crl>) = trust
        .unused_crls()
        .iter()
        .map(|unused| &unused.crl)
        .partition(|crl| stored.contains(&crl.fingerprint()));
    let key = |crl: &Crl| {
        let key_id = crl.authority_key_id().map(<[u8]>::to_vec);
        (crl.issuer().canonical().to_owned(), key_id)
    };
    let mut held: BTreeMap<_, usize> = BTreeMap::new();
    for crl in &waiting {
        *held.entry(key(crl)).or_default() += 1;
    }
    let mut total = waiting.len();
    new.sort_by_key(|crl| std::cmp::Reverse(crl.this_update()));
    let is_excess = |crl: &&Crl| {
        let of_key = held.entry(key(crl)).or_default();
        let has_room = *of_key < MAX_UNSIGNED_OF_KEY && total < MAX_UNSIGNED;
        if has_room {
            *of_key += 1;
            total += 1;
        }
        !has_room
    };
    new.into_iter().filter(is_excess).map(Crl::fingerprint).collect()
}

/// What is stored and what is offered in one store, which knows whose signatures verify.
fn together(snapshot: &TrustSnapshot, edition: &Edition) -> TrustStore {
    let mut builder = TrustStore::builder();
    for found in
        snapshot.items.iter().filter_map(Found::of).chain(edition.materials.iter().cloned())
    {
        builder = found.add_to(builder, &edition.source);
    }
    builder.build()
}

impl Material {
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        match self {
            Self::Csca(csca) => csca.fingerprint(),
            Self::Crl(crl) => crl.fingerprint(),
            Self::DeviationList(list) => list.fingerprint(),
        }
    }

    /// A list that claims to be issued after this moment.
    pub(crate) fn is_from_the_future(&self, now: UnixSeconds) -> bool {
        matches!(self, Self::Crl(crl) if crl.this_update() > now.plus_days(1))
    }
}

impl Found {
    /// A certificate that the operator names himself.
    pub(crate) fn named_by_operator(certificate: Certificate) -> Self {
        Self { item: Material::Csca(certificate), verified: true }
    }

    /// What is stored, if this version can read it.
    pub(crate) fn of(item: &TrustItem) -> Option<Self> {
        let material = match item.kind {
            TrustKind::Csca => Certificate::from_der(&item.der).ok().map(Material::Csca),
            TrustKind::Crl => Crl::from_der(&item.der).ok().map(Material::Crl),
            TrustKind::DeviationList => {
                DeviationList::parse(&item.der).ok().map(Material::DeviationList)
            }
        };
        Some(Self { item: material?, verified: item.verified })
    }

    /// Adds it to a trust store in memory.
    pub(crate) fn add_to(
        self,
        builder: emrtd::trust::TrustStoreBuilder,
        source: &str,
    ) -> emrtd::trust::TrustStoreBuilder {
        match self.item {
            Material::Csca(csca) => {
                let source = source.to_owned();
                let verified = self.verified;
                builder.add_csca(csca, emrtd::trust::Provenance { source, verified })
            }
            Material::Crl(crl) => builder.add_crl(crl),
            Material::DeviationList(list) => builder.add_deviation_list(list),
        }
    }

    /// The item as it is stored.
    pub(crate) fn to_trust_item(&self, source: &str, now: Timestamp) -> TrustItem {
        let (kind, der) = match &self.item {
            Material::Csca(csca) => (TrustKind::Csca, csca.der()),
            Material::Crl(crl) => (TrustKind::Crl, crl.der()),
            Material::DeviationList(list) => (TrustKind::DeviationList, list.der()),
        };
        TrustItem {
            fingerprint: self.item.fingerprint(),
            kind,
            der: der.to_vec(),
            source: source.to_owned(),
            verified: self.verified,
            imported_at: now,
        }
    }
}

/// How many lists are kept for one name and key that no known CSCA signed.
const MAX_UNSIGNED_OF_KEY: usize = 4;

/// How many of them in all: more than there are states.
const MAX_UNSIGNED: usize = 1000;
