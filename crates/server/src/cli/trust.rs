//! `kayle trust`.

mod import;
mod status;

use clap::Subcommand;
use domain::key::hex;
use emrtd::trust::Certificate;
use serde_json::{Value, json};
use store::{TrustItem, TrustKind};

use super::failure::{Code, Failure};
use super::outcome::Outcome;
use super::workspace::Workspace;
use super::{StoreArgs, table};
use crate::iso::iso;
use crate::trust::update;

#[derive(Debug, Subcommand)]
pub(super) enum TrustCommand {
    /// Import CSCA certificates, revocation lists and deviation lists.
    ///
    /// Takes master lists (CMS, .ml), LDIF of the ICAO PKD, deviation lists (CMS), and certificates
    /// and CRLs in DER or PEM. The signature of a master list must verify up to a root named with
    /// --trust-signer; a list that does not is refused, unless --allow-unverified is given. A
    /// certificate counts as verified if it came in a list whose signature was verified, or in a
    /// file of certificates that you name yourself: then you are its voucher, so look at its
    /// fingerprint first.
    ///
    /// A master list and an LDIF say all that their source holds: the import is an update of the
    /// source, and what it no longer holds is withdrawn, unless another source holds it. Files of
    /// certificates and CRLs only add. An edition that is older than the stored one is refused, and
    /// so is one that would withdraw more than half of the source.
    ///
    /// Every file is read, also after one that is refused. A file is refused if nothing in it can be
    /// used; the exit code is 1 if any file was.
    Import(import::ImportArgs),
    /// List the CSCA certificates; with --json an array of them.
    List {
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Per state: certificates, revocation lists and how fresh they are, deviation lists; and the
    /// sources.
    Status {
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Withdraw the certificates of a source, or some of the certificates and lists it holds.
    ///
    /// Revocation lists and deviation lists stay unless they are named with --fingerprint: without
    /// its revocation list, what a state revoked would pass again.
    Withdraw {
        /// The source, as `trust status` names it.
        #[arg(value_name = "SOURCE")]
        source: String,
        /// Withdraw only this certificate or list, by its SHA-256; repeatable.
        #[arg(long, value_name = "SHA-256")]
        fingerprint: Vec<String>,
        /// Show what would be done, and do nothing.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
}

pub(super) async fn run(command: TrustCommand) -> Result<Outcome, Failure> {
    match command {
        TrustCommand::Import(args) => import::run(args).await,
        TrustCommand::List { store } => list(&store).await,
        TrustCommand::Status { store } => status::run(&store).await,
        TrustCommand::Withdraw { source, fingerprint, dry_run, store } => {
            withdraw(&source, &fingerprint, dry_run, &store).await
        }
    }
}

async fn list(store: &StoreArgs) -> Result<Outcome, Failure> {
    let workspace = Workspace::open(store).await?;
    let snapshot = workspace.store.trust_snapshot().await?;
    workspace.close().await?;
    let items = &snapshot.items;
    let heading = ["COUNTRY", "SUBJECT", "KEY", "NOT AFTER", "VERIFIED", "SOURCE", "SHA-256"]
        .map(str::to_owned);
    let mut rows = vec![heading];
    let mut json = Vec::new();
    for (item, certificate) in certificates(items) {
        let summary = certificate.summary();
        rows.push([
            summary.country.clone().unwrap_or_else(|| "-".to_owned()),
            shortened(&summary.subject),
            summary.key.clone(),
            summary.not_after.date().to_string(),
            if item.verified { "yes" } else { "NO" }.to_owned(),
            item.source.clone(),
            hex(&item.fingerprint[..8]),
        ]);
        let sources: Vec<&str> = snapshot
            .vouchers
            .iter()
            .filter(|voucher| voucher.fingerprint == item.fingerprint)
            .map(|voucher| voucher.source.as_str())
            .collect();
        json.push(json!({
            "fingerprint": hex(&item.fingerprint),
            "country": summary.country,
            "subject": summary.subject,
            "issuer": summary.issuer,
            "serial": summary.serial,
            "key": summary.key,
            "not_before": summary.not_before.to_string(),
            "not_after": summary.not_after.to_string(),
            "self_signed": summary.self_signed,
            "verified": item.verified,
            "source": item.source,
            "sources": sources,
            "imported_at": iso(item.imported_at),
        }));
    }
    rows[1..].sort();
    let count = |kind: TrustKind| items.iter().filter(|item| item.kind == kind).count();
    let human = match items.is_empty() {
        true => "no certificates; `kayle trust import FILE…` brings them in".to_owned(),
        false => format!(
            "{}\n{} certificates, {} revocation lists, {} deviation lists",
            table::columns(&rows),
            json.len(),
            count(TrustKind::Crl),
            count(TrustKind::DeviationList),
        ),
    };
    Ok(Outcome::done(human, Value::Array(json)))
}

/// What this version cannot read any more is left out, with a word in the log.
fn certificates(items: &[TrustItem]) -> impl Iterator<Item = (&TrustItem, Certificate)> {
    items.iter().filter(|item| item.kind == TrustKind::Csca).filter_map(|item| {
        match Certificate::from_der(&item.der) {
            Ok(certificate) => Some((item, certificate)),
            Err(error) => {
                tracing::warn!(fingerprint = hex(&item.fingerprint), %error, "left out");
                None
            }
        }
    })
}

async fn withdraw(
    name: &str,
    fingerprints: &[String],
    dry_run: bool,
    store: &StoreArgs,
) -> Result<Outcome, Failure> {
    let only = fingerprints.iter().map(|text| fingerprint(text)).collect::<Result<Vec<_>, _>>()?;
    let workspace = Workspace::open(store).await?;
    let snapshot = workspace.store.trust_snapshot().await?;
    let Some(source) = snapshot.sources.iter().find(|source| source.name == name) else {
        workspace.close().await?;
        return Err(Failure::new(
            Code::NotFound,
            format!("there is no source {name}"),
            "kayle trust status lists the sources",
        ));
    };
    let plan = update::withdrawal(&snapshot, source, &only);
    let counts = plan.counts.clone();
    if !dry_run {
        workspace.store.update_trust(plan.update).await?;
    }
    workspace.close().await?;
    let would = if dry_run { "would be " } else { "" };
    Ok(Outcome::done(
        format!(
            "{name}: {} {would}withdrawn, {} kept by other sources, {} kept",
            counts.withdrawn, counts.kept_by_others, counts.kept
        ),
        json!({
            "source": name,
            "dry_run": dry_run,
            "withdrawn": plan.withdrawn.iter().map(|item| hex(item)).collect::<Vec<_>>(),
            "kept_by_others": counts.kept_by_others,
            "kept": counts.kept,
        }),
    ))
}

fn fingerprint(text: &str) -> Result<[u8; 32], Failure> {
    let octet = |at: usize| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok();
    let octets: Option<Vec<u8>> = (0..32).map(octet).collect();
    match octets.and_then(|octets| octets.try_into().ok()) {
        Some(fingerprint) if text.len() == 64 => Ok(fingerprint),
        _ => Err(Failure::usage(
            format!("{text} is no SHA-256"),
            "64 hex digits, as in trust list --json",
        )),
    }
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}
