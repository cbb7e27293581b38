//! `kayle trust import`.

use std::path::{Path, PathBuf};

use domain::key::hex;
use emrtd::UnixSeconds;
use emrtd::trust::{Certificate, TrustStore};
use serde_json::{Value, json};
use store::{StoreError, TrustSnapshot};

use crate::cli::StoreArgs;
use crate::cli::failure::Failure;
use crate::cli::outcome::Outcome;
use crate::cli::progress;
use crate::cli::trust_files::{Contents, Refusal, Unvouched, Vouching};
use crate::cli::workspace::Workspace;
use crate::trust::update::{self, Allowed, Counts, Edition, Plan};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ImportArgs {
    /// Files to import.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    vouching: Vouching,
    /// Let the verified certificates that are stored already vouch for master list signers, too.
    #[arg(long)]
    trust_known_signers: bool,
    /// All files together are one edition of this source, and say all that it holds.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Show what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Take an edition that is older than the stored one.
    #[arg(long)]
    allow_older: bool,
    /// Withdraw even more than half of what a source holds.
    #[arg(long)]
    allow_withdrawals: bool,
    #[command(flatten)]
    store: StoreArgs,
}

/// What came of one file.
struct FileReport {
    file: String,
    source: String,
    counts: Counts,
    withdrawn: Vec<[u8; 32]>,
    document_signers: usize,
    refused: Vec<Refusal>,
    /// Why nothing is withdrawn.
    incomplete: Option<String>,
    /// Nothing in it was used.
    failed: bool,
}

pub(super) async fn run(args: ImportArgs) -> Result<Outcome, Failure> {
    let mut roots = args.vouching.roots()?;
    let workspace = Workspace::open_or_create(&args.store).await?;
    let snapshot = workspace.store.trust_snapshot().await?;
    let trust = crate::trust::build(snapshot.items, &roots)?;
    if args.trust_known_signers {
        roots.extend(trust.vouching());
    }
    let read = read_all(&args, &roots, &trust);
    let mut reports = Vec::with_capacity(read.len());
    for (file, contents) in read {
        reports.push(match contents {
            Ok(contents) => import(&workspace, file, contents, &args).await?,
            Err(failure) => FileReport {
                file,
                source: String::new(),
                counts: Counts::default(),
                withdrawn: Vec::new(),
                document_signers: 0,
                refused: vec![Refusal::of_file(failure.message)],
                incomplete: None,
                failed: true,
            },
        });
    }
    workspace.close().await?;
    Ok(Outcome {
        human: human(&reports, args.dry_run),
        json: Some(to_json(&reports, args.dry_run)),
        passed: !reports.iter().any(|report| report.failed),
    })
}

type Read = (String, Result<Contents, Failure>);

/// Reads every file; with `--source` they become one.
fn read_all(args: &ImportArgs, roots: &[Certificate], trust: &TrustStore) -> Vec<Read> {
    let size = |file: &PathBuf| std::fs::metadata(file).map_or(0, |metadata| metadata.len());
    let bar = progress::bar(args.files.iter().map(size).sum(), "");
    let mut read: Vec<Read> = Vec::with_capacity(args.files.len());
    for file in &args.files {
        bar.set_message(shown(file));
        let known = Some(trust);
        let progress = |bytes| bar.inc(bytes);
        let contents = args.vouching.read(file, roots, known, Unvouched::Refuse, &progress);
        read.push((shown(file), contents));
    }
    bar.finish_and_clear();
    let Some(source) = &args.source else {
        return read;
    };
    let incomplete = read.iter().find_map(|(file, contents)| {
        let reason = match contents {
            Err(failure) => Some(failure.message.clone()),
            Ok(contents) if contents.edition.materials.is_empty() => {
                Some("nothing in it can be used".to_owned())
            }
            Ok(contents) => contents.incomplete.clone(),
        };
        reason.map(|reason| format!("{file}: {reason}"))
    });
    let number = match read.as_slice() {
        [(_, Ok(only))] => only.edition.number,
        _ => None,
    };
    let mut all: Option<Contents> = None;
    let mut failed = Vec::new();
    for (file, contents) in read {
        match (contents, &mut all) {
            (Err(failure), _) => failed.push((file, Err(failure))),
            (Ok(contents), None) => all = Some(contents),
            (Ok(contents), Some(all)) => {
                all.edition.materials.extend(contents.edition.materials);
                all.refused.extend(contents.refused);
                all.document_signers += contents.document_signers;
            }
        }
    }
    let together = all.map(|contents| {
        let materials = contents.edition.materials;
        let is_whole = incomplete.is_none();
        let edition = Edition { source: source.clone(), number, is_whole, materials };
        (source.clone(), Ok(Contents { edition, incomplete, ..contents }))
    });
    failed.into_iter().chain(together).collect()
}

async fn import(
    workspace: &Workspace,
    file: String,
    mut contents: Contents,
    args: &ImportArgs,
) -> Result<FileReport, Failure> {
    let now = workspace.now();
    let before = contents.edition.materials.len();
    let at = UnixSeconds(now.as_seconds());
    contents.edition.materials.retain(|found| !found.item.is_from_the_future(at));
    let mut refused = contents.refused;
    match before - contents.edition.materials.len() {
        0 => {}
        count => refused.push(Refusal {
            reason: "a revocation list from the future".to_owned(),
            first: String::new(),
            count,
        }),
    }
    let mut report = FileReport {
        file,
        source: contents.edition.source.clone(),
        counts: Counts::default(),
        withdrawn: Vec::new(),
        document_signers: contents.document_signers,
        refused,
        incomplete: contents.incomplete.take(),
        failed: true,
    };
    // A file in which nothing can be used says nothing, not even that its source is empty.
    if contents.edition.materials.is_empty() {
        return Ok(report);
    }
    let allowed = Allowed { older: args.allow_older, withdrawals: args.allow_withdrawals };
    let decide = |snapshot: &TrustSnapshot| update::plan(snapshot, &contents.edition, allowed, now);
    match apply(workspace, decide, args.dry_run).await? {
        Ok((counts, withdrawn)) => {
            report.counts = counts;
            report.withdrawn = withdrawn;
            report.failed = false;
        }
        Err(refusal) => {
            let option = match refusal {
                update::Refused::Older { .. } => "--allow-older",
                update::Refused::Withdraws { .. } => "--allow-withdrawals",
            };
            report.refused.insert(0, Refusal::of_file(format!("{refusal} ({option})")));
        }
    }
    Ok(report)
}

type Decided = Result<(Counts, Vec<[u8; 32]>), update::Refused>;

/// Decides on what is stored, and again if another process changes it meanwhile.
async fn apply(
    workspace: &Workspace,
    decide: impl Fn(&TrustSnapshot) -> Result<Plan, update::Refused>,
    dry_run: bool,
) -> Result<Decided, Failure> {
    const TRIES: usize = 5;
    let mut tries = 1;
    loop {
        let snapshot = workspace.store.trust_snapshot().await?;
        let plan = match decide(&snapshot) {
            Ok(plan) => plan,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if dry_run {
            return Ok(Ok((plan.counts, plan.withdrawn)));
        }
        match workspace.store.update_trust(plan.update).await {
            Ok(()) => return Ok(Ok((plan.counts, plan.withdrawn))),
            Err(StoreError::Conflict(_)) if tries < TRIES => tries += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

fn human(reports: &[FileReport], dry_run: bool) -> String {
    let mut lines = Vec::new();
    if dry_run {
        lines.push("dry run: nothing is written".to_owned());
    }
    for report in reports {
        let refused: usize = report.refused.iter().map(|refusal| refusal.count).sum();
        let state = if report.failed { "REFUSED" } else { "ok" };
        let counts = counts(&report.counts);
        lines.push(format!("{}: {state}: {counts}, {refused} refused", report.file));
        if !report.source.ends_with(&report.file) && !report.failed {
            lines.push(format!("  source: {}", report.source));
        }
        if let Some(reason) = report.incomplete.as_ref().filter(|_| !report.failed) {
            lines.push(format!("  not whole, so nothing is withdrawn: {reason}"));
        }
        if report.document_signers > 0 {
            let number = report.document_signers;
            lines.push(format!("  {number} document signers: documents carry their own"));
        }
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
        lines.push(format!("total: {}", counts(&total(reports))));
    }
    lines.join("\n")
}

fn counts(counts: &Counts) -> String {
    let mut text = format!("{} added, {} kept", counts.added, counts.kept);
    for (number, what) in [
        (counts.upgraded, "now verified"),
        (counts.withdrawn, "withdrawn"),
        (counts.kept_by_others, "withdrawn here and kept by other sources"),
        (counts.superseded, "replaced by newer lists"),
        (counts.outdated, "older than what is there"),
        (counts.unsigned, "lists that no known CSCA signed"),
        (counts.excess, "more of those than are kept"),
    ] {
        if number > 0 {
            text += &format!(", {number} {what}");
        }
    }
    text
}

fn total(reports: &[FileReport]) -> Counts {
    reports.iter().fold(Counts::default(), |sum, report| {
        let Counts {
            added,
            kept,
            upgraded,
            withdrawn,
            kept_by_others,
            superseded,
            outdated,
            unsigned,
            excess,
        } = &report.counts;
        Counts {
            added: sum.added + added,
            kept: sum.kept + kept,
            upgraded: sum.upgraded + upgraded,
            withdrawn: sum.withdrawn + withdrawn,
            kept_by_others: sum.kept_by_others + kept_by_others,
            superseded: sum.superseded + superseded,
            outdated: sum.outdated + outdated,
            unsigned: sum.unsigned + unsigned,
            excess: sum.excess + excess,
        }
    })
}

fn to_json(reports: &[FileReport], dry_run: bool) -> Value {
    let files: Vec<Value> = reports
        .iter()
        .map(|report| {
            let refused: Vec<&Refusal> = report.refused.iter().collect();
            json!({
                "file": report.file,
                "source": report.source,
                "imported": !report.failed,
                "counts": counts_to_json(&report.counts, &refused),
                "withdrawn": report.withdrawn.iter().map(|item| hex(item)).collect::<Vec<_>>(),
                "incomplete": report.incomplete,
                "document_signers": report.document_signers,
                "refused": refused.iter().map(|refusal| refusal.to_json()).collect::<Vec<_>>(),
            })
        })
        .collect();
    let refused: Vec<&Refusal> = reports.iter().flat_map(|report| &report.refused).collect();
    json!({
        "dry_run": dry_run,
        "files": files,
        "total": counts_to_json(&total(reports), &refused),
    })
}

fn counts_to_json(counts: &Counts, refused: &[&Refusal]) -> Value {
    let number: usize = refused.iter().map(|refusal| refusal.count).sum();
    json!({
        "added": counts.added,
        "kept": counts.kept,
        "upgraded": counts.upgraded,
        "withdrawn": counts.withdrawn,
        "kept_by_others": counts.kept_by_others,
        "superseded": counts.superseded,
        "outdated": counts.outdated,
        "unsigned_lists": counts.unsigned,
        "excess_lists": counts.excess,
        "refused": number,
    })
}

fn shown(file: &Path) -> String {
    file.display().to_string()
}
