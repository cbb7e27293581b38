//! `kayle trust`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use domain::key::hex;
use emrtd::trust::Certificate;
use serde_json::{Value, json};
use store::{ImportCounts, TrustItem, TrustKind};

use super::failure::Failure;
use super::outcome::Outcome;
use super::progress;
use super::trust_files::{Refusal, Unvouched, Vouching};
use super::workspace::Workspace;
use super::{StoreArgs, table};
use crate::iso::iso;

#[derive(Debug, Subcommand)]
pub(super) enum TrustCommand {
    /// Import CSCA certificates and revocation lists.
    ///
    /// Takes master lists (CMS, .ml), LDIF of the ICAO PKD, and certificates and CRLs in DER or
    /// PEM. The signature of a master list must verify up to a root named with --trust-signer; a
    /// list that does not is refused, unless --allow-unverified is given. A certificate counts as
    /// verified if it came in a list whose signature was verified, or in a file of certificates
    /// that you name yourself: then you are its voucher, so look at its fingerprint first.
    ///
    /// Every file is read, also after one that is refused. A file is refused if nothing in it can be
    /// used; the exit code is 1 if any file was.
    Import {
        /// Files to import.
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        vouching: Vouching,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// List the CSCA certificates; with --json an array of them.
    List {
        #[command(flatten)]
        store: StoreArgs,
    },
}

pub(super) async fn run(command: TrustCommand) -> Result<Outcome, Failure> {
    match command {
        TrustCommand::Import { files, vouching, store } => import(&files, &vouching, &store).await,
        TrustCommand::List { store } => list(&store).await,
    }
}

/// What came of one file.
struct FileReport {
    file: String,
    counts: ImportCounts,
    refused: Vec<Refusal>,
    /// Nothing in it could be used.
    failed: bool,
}

async fn import(
    files: &[PathBuf],
    vouching: &Vouching,
    store: &StoreArgs,
) -> Result<Outcome, Failure> {
    let roots = vouching.roots()?;
    let workspace = Workspace::open_or_create(store).await?;
    let bar = progress::bar(files.len() as u64, "");
    let mut reports = Vec::with_capacity(files.len());
    for file in files {
        bar.set_message(file_name(file));
        let report = match vouching.read(file, &roots, Unvouched::Refuse) {
            Ok(contents) => {
                let now = workspace.now();
                let source = file_name(file);
                let items: Vec<TrustItem> =
                    contents.items.iter().map(|found| found.to_trust_item(&source, now)).collect();
                let failed = items.is_empty();
                let counts = workspace.store.import_trust(items).await?;
                FileReport { file: shown(file), counts, refused: contents.refused, failed }
            }
            Err(failure) => FileReport {
                file: shown(file),
                counts: ImportCounts::default(),
                refused: vec![Refusal { reason: failure.message, first: String::new(), count: 1 }],
                failed: true,
            },
        };
        reports.push(report);
        bar.inc(1);
    }
    bar.finish_and_clear();
    workspace.close().await?;
    Ok(Outcome {
        human: human(&reports),
        json: Some(to_json(&reports)),
        passed: !reports.iter().any(|report| report.failed),
    })
}

async fn list(store: &StoreArgs) -> Result<Outcome, Failure> {
    let workspace = Workspace::open(store).await?;
    let items = workspace.store.trust_items().await?;
    workspace.close().await?;
    let heading = ["COUNTRY", "SUBJECT", "KEY", "NOT AFTER", "VERIFIED", "SOURCE", "SHA-256"]
        .map(str::to_owned);
    let mut rows = vec![heading];
    let mut json = Vec::new();
    for (item, certificate) in certificates(&items) {
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
            "imported_at": iso(item.imported_at),
        }));
    }
    rows[1..].sort();
    let crls = items.iter().filter(|item| item.kind == TrustKind::Crl).count();
    let human = match json.is_empty() {
        true => "no certificates; `kayle trust import FILE…` brings them in".to_owned(),
        false => format!(
            "{}\n{} certificates, {crls} revocation lists",
            table::columns(&rows),
            json.len()
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

fn human(reports: &[FileReport]) -> String {
    let mut lines = Vec::new();
    for report in reports {
        let refused: usize = report.refused.iter().map(|refusal| refusal.count).sum();
        let state = if report.failed { "REFUSED" } else { "ok" };
        lines.push(format!(
            "{}: {state}: {}, {refused} refused",
            report.file,
            counts(report.counts)
        ));
        for refusal in &report.refused {
            let times =
                if refusal.count > 1 { format!("{} × ", refusal.count) } else { String::new() };
            let first = if refusal.first.is_empty() {
                String::new()
            } else {
                format!(" (first at {})", refusal.first)
            };
            lines.push(format!("  {times}{}{first}", refusal.reason));
        }
    }
    if reports.len() > 1 {
        lines.push(format!("total: {}", counts(total(reports))));
    }
    lines.join("\n")
}

fn counts(counts: ImportCounts) -> String {
    let ImportCounts { added, known, upgraded } = counts;
    let upgraded = if upgraded > 0 { format!(", {upgraded} now verified") } else { String::new() };
    format!("{added} added, {known} known{upgraded}")
}

fn total(reports: &[FileReport]) -> ImportCounts {
    reports.iter().fold(ImportCounts::default(), |sum, report| ImportCounts {
        added: sum.added + report.counts.added,
        known: sum.known + report.counts.known,
        upgraded: sum.upgraded + report.counts.upgraded,
    })
}

fn to_json(reports: &[FileReport]) -> Value {
    let counts = |counts: ImportCounts, refused: &[&Refusal]| {
        let number: usize = refused.iter().map(|refusal| refusal.count).sum();
        json!({
            "added": counts.added,
            "known": counts.known,
            "upgraded": counts.upgraded,
            "refused": number,
        })
    };
    let files: Vec<Value> = reports
        .iter()
        .map(|report| {
            let refused: Vec<&Refusal> = report.refused.iter().collect();
            json!({
                "file": report.file,
                "imported": !report.failed,
                "counts": counts(report.counts, &refused),
                "refused": refused.iter().map(|refusal| refusal.to_json()).collect::<Vec<_>>(),
            })
        })
        .collect();
    let refused: Vec<&Refusal> = reports.iter().flat_map(|report| &report.refused).collect();
    json!({ "files": files, "total": counts(total(reports), &refused) })
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}

fn file_name(file: &Path) -> String {
    file.file_name().map_or_else(|| shown(file), |name| name.to_string_lossy().into_owned())
}

fn shown(file: &Path) -> String {
    file.display().to_string()
}
