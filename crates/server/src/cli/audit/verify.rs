//! `kayle audit verify`.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use domain::audit::{Break, Chain, Head, Record, Verifier};
use serde_json::json;
use store::{Store, StoreError};

use super::PAGE;
use super::line::Line;
use crate::cli::StoreArgs;
use crate::cli::failure::Failure;
use crate::cli::outcome::Outcome;
use crate::cli::workspace::{self, Workspace};

/// No line of an export is longer.
const MAX_LINE: u64 = 16 * 1024;

#[derive(Debug, Args)]
pub(in crate::cli) struct VerifyArgs {
    /// A head that was noted earlier; the trail must contain it.
    #[arg(long, value_name = "NUMBER:HASH")]
    head: Option<Head>,
    /// Check an export instead of the database. The master secret is needed, the database is not.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// With --file: entries may be left out, as an export of one organization leaves them out. What
    /// is there is checked all the same.
    #[arg(long, requires = "file")]
    allow_gaps: bool,
    #[command(flatten)]
    store: StoreArgs,
}

pub(super) async fn run(args: VerifyArgs) -> Result<Outcome, Failure> {
    if let Some(path) = &args.file {
        let chain = workspace::chain(&args.store.settings()?)?;
        let found = read_export(Verifier::new(chain, args.head), path, args.allow_gaps)?;
        return Ok(report(found, 0, args.allow_gaps));
    }
    let workspace = Workspace::open(&args.store).await?;
    let found = read_store(workspace.chain(), args.head, &workspace.store).await?;
    let unlinked = workspace.store.count_unlinked_audit().await?;
    workspace.close().await?;
    Ok(report(found, unlinked, unlinked > 0))
}

/// What a trail turned out to be.
type Found = Result<Head, Break>;

async fn read_store(chain: Chain, noted: Option<Head>, store: &Store) -> Result<Found, Failure> {
    let mut verifier = Verifier::new(chain, noted);
    let mut limit = PAGE;
    loop {
        let after = verifier.head().number;
        let page = match store.read_audit(after, limit).await {
            // One that is no record hides those before it in its page.
            Err(StoreError::Corrupt { .. }) if limit > 1 => {
                limit = 1;
                continue;
            }
            Err(StoreError::Corrupt { .. }) => return Ok(Err(Break::Altered(after + 1))),
            page => page?,
        };
        if page.is_empty() {
            return Ok(verifier.finish());
        }
        for record in &page {
            if let Err(broken) = verifier.next(record) {
                return Ok(Err(broken));
            }
        }
    }
}

fn read_export(mut verifier: Verifier, path: &Path, allow_gaps: bool) -> Result<Found, Failure> {
    let failed = |error: &std::io::Error| Failure::file(path, error);
    let mut file = BufReader::new(File::open(path).map_err(|error| failed(&error))?);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let read = file.by_ref().take(MAX_LINE).read_until(b'\n', &mut bytes);
        if read.map_err(|error| failed(&error))? == 0 {
            return Ok(verifier.finish());
        }
        let Some((previous, record)) = parse(&bytes) else {
            return Ok(Err(Break::Altered(verifier.head().number + 1)));
        };
        let checked = match allow_gaps {
            true => verifier.next_selected(&previous, &record),
            false => verifier.next(&record),
        };
        if let Err(broken) = checked {
            return Ok(Err(broken));
        }
    }
}

fn parse(line: &[u8]) -> Option<([u8; 32], Record)> {
    serde_json::from_slice::<Line<'_>>(line).ok()?.into_record()
}

fn report(found: Found, unlinked: u64, may_be_empty: bool) -> Outcome {
    match found {
        // The first entry tells of the master secret that the trail is linked under.
        Ok(Head::START) if !may_be_empty => Outcome {
            human: "the trail has no entries, not even the first".to_owned(),
            json: Some(json!({ "verified": false, "first_bad": 1, "reason": "missing" })),
            passed: false,
        },
        Ok(head) => {
            let mut human = match head {
                Head::START => "there are no linked entries".to_owned(),
                head => format!("the trail is whole; it ends with\n{head}"),
            };
            if unlinked > 0 {
                human.push_str(&format!("\n{unlinked} entries are not linked yet"));
            }
            let json = json!({
                "verified": true,
                "head": head.to_string(),
                "unlinked": unlinked,
            });
            Outcome::done(human, json)
        }
        Err(broken) => {
            let reason = match broken {
                Break::Missing(_) => "missing",
                Break::Altered(_) => "altered",
            };
            let number = broken.number();
            let json = json!({ "verified": false, "first_bad": number, "reason": reason });
            Outcome { human: broken.to_string(), json: Some(json), passed: false }
        }
    }
}
