//! `kayle trust status`.

use std::collections::{BTreeMap, BTreeSet};

use domain::key::hex;
use emrtd::UnixSeconds;
use emrtd::trust::{Crl, TrustStore};
use serde_json::{Value, json};
use store::TrustSnapshot;

use crate::cli::failure::Failure;
use crate::cli::outcome::Outcome;
use crate::cli::workspace::Workspace;
use crate::cli::{StoreArgs, table};
use crate::iso::iso;
use crate::trust;

/// What is there of one state.
#[derive(Default)]
struct State<'a> {
    certificates: usize,
    verified: usize,
    revoked: usize,
    /// The revocation list that will be overdue last.
    list: Option<&'a Crl>,
    deviation_lists: usize,
    sources: BTreeSet<&'a str>,
}

pub(super) async fn run(store: &StoreArgs) -> Result<Outcome, Failure> {
    let workspace = Workspace::open(store).await?;
    let snapshot = workspace.store.trust_snapshot().await?;
    let now = UnixSeconds(workspace.now().as_seconds());
    workspace.close().await?;
    let trust = trust::build(snapshot.items.clone(), &[])?;
    let states = states(&trust, &snapshot);
    Ok(Outcome::done(
        human(&states, &trust, &snapshot, now),
        json!({
            "generation": snapshot.generation,
            "states": states.iter().map(|(name, state)| state.to_json(name, now)).collect::<Vec<_>>(),
            "sources": snapshot.sources.iter().map(|source| json!({
                "name": source.name,
                "edition": source.edition,
                "items": held(&snapshot, &source.name),
                "imported_at": iso(source.imported_at),
            })).collect::<Vec<_>>(),
            "unused_lists": unused(&trust),
        }),
    ))
}

fn states<'a>(trust: &'a TrustStore, snapshot: &'a TrustSnapshot) -> BTreeMap<String, State<'a>> {
    let mut sources: BTreeMap<[u8; 32], BTreeSet<&str>> = BTreeMap::new();
    for voucher in &snapshot.vouchers {
        sources.entry(voucher.fingerprint).or_default().insert(&voucher.source);
    }
    let mut states: BTreeMap<String, State<'a>> = BTreeMap::new();
    for csca in trust.cscas() {
        let certificate = csca.certificate();
        let state = states.entry(country(certificate.country())).or_default();
        state.certificates += 1;
        state.verified += usize::from(csca.provenance().verified);
        state.revoked += usize::from(trust.revocation_of(csca).is_some());
        state.sources.extend(sources.remove(&certificate.fingerprint()).unwrap_or_default());
    }
    for crl in trust.crls() {
        let state = states.entry(country(crl.country())).or_default();
        let is_later = |known: &Crl| crl.next_update() > known.next_update();
        if state.list.is_none_or(is_later) {
            state.list = Some(crl);
        }
        state.sources.extend(sources.remove(&crl.fingerprint()).unwrap_or_default());
    }
    for (list, of) in trust.deviation_lists() {
        let state = states.entry(of.to_owned()).or_default();
        state.deviation_lists += 1;
        state.sources.extend(sources.remove(&list.fingerprint()).unwrap_or_default());
    }
    states
}

impl State<'_> {
    fn freshness(&self, now: UnixSeconds) -> &'static str {
        match self.list {
            None => "none",
            Some(crl) if crl.is_current_at(now) => "current",
            Some(_) => "stale",
        }
    }

    fn to_json(&self, name: &str, now: UnixSeconds) -> Value {
        json!({
            "country": name,
            "certificates": self.certificates,
            "verified": self.verified,
            "revoked": self.revoked,
            "crl": {
                "state": self.freshness(now),
                "this_update": self.list.map(|crl| crl.this_update().to_string()),
                "next_update": self.list.and_then(Crl::next_update).map(|at| at.to_string()),
                "entries": self.list.map(Crl::len),
            },
            "deviation_lists": self.deviation_lists,
            "sources": self.sources,
        })
    }
}

fn human(
    states: &BTreeMap<String, State<'_>>,
    trust: &TrustStore,
    snapshot: &TrustSnapshot,
    now: UnixSeconds,
) -> String {
    if snapshot.items.is_empty() {
        return "no certificates; `kayle trust import FILE…` brings them in".to_owned();
    }
    let mut rows = vec![
        ["STATE", "CSCAS", "VERIFIED", "REVOKED", "CRL", "OF", "NEXT", "SOURCES"]
            .map(str::to_owned),
    ];
    let day = |at: Option<UnixSeconds>| at.map_or_else(|| "-".into(), |at| at.date().to_string());
    for (name, state) in states {
        rows.push([
            name.clone(),
            state.certificates.to_string(),
            state.verified.to_string(),
            state.revoked.to_string(),
            state.freshness(now).to_owned(),
            day(state.list.map(Crl::this_update)),
            day(state.list.and_then(Crl::next_update)),
            state.sources.iter().copied().collect::<Vec<_>>().join(", "),
        ]);
    }
    let mut lines = vec![table::columns(&rows), String::new()];
    let mut rows = vec![["SOURCE", "EDITION", "HOLDS", "IMPORTED"].map(str::to_owned)];
    for source in &snapshot.sources {
        rows.push([
            source.name.clone(),
            source.edition.map_or_else(|| "-".to_owned(), |edition| edition.to_string()),
            held(snapshot, &source.name).to_string(),
            iso(source.imported_at),
        ]);
    }
    lines.push(table::columns(&rows));
    for list in unused(trust) {
        lines.push(format!(
            "not used: {} of {}: {}",
            list["kind"].as_str().unwrap_or_default(),
            list["issuer"].as_str().unwrap_or_default(),
            list["reason"].as_str().unwrap_or_default()
        ));
    }
    lines.join("\n")
}

fn held(snapshot: &TrustSnapshot, source: &str) -> usize {
    snapshot.vouchers.iter().filter(|voucher| voucher.source == source).count()
}

/// The lists that are kept and not used.
fn unused(trust: &TrustStore) -> Vec<Value> {
    let crls = trust.unused_crls().iter().map(|unused| {
        let reason = match unused.issuer_known {
            true => "no CSCA of that name signed it",
            false => "its CSCA is not known",
        };
        json!({
            "kind": "crl",
            "issuer": unused.crl.issuer().to_string(),
            "fingerprint": hex(&unused.crl.fingerprint()),
            "reason": reason,
        })
    });
    let deviations = trust.unused_deviation_lists().iter().map(|unused| {
        json!({
            "kind": "deviation_list",
            "issuer": "",
            "fingerprint": hex(&unused.list.fingerprint()),
            "reason": "no verified CSCA vouches for its signer",
        })
    });
    crls.chain(deviations).collect()
}

fn country(name: Option<&str>) -> String {
    name.unwrap_or("-").to_owned()
}
