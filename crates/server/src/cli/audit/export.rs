//! `kayle audit export`.

use std::io::{BufWriter, Write};

use clap::Args;
use domain::audit::{Head, Record};
use domain::id::OrganizationId;
use emrtd::UnixSeconds;

use super::PAGE;
use super::line::Line;
use crate::cli::StoreArgs;
use crate::cli::failure::Failure;
use crate::cli::outcome::{Outcome, note};
use crate::cli::time::parse_at;
use crate::cli::workspace::Workspace;

#[derive(Debug, Args)]
pub(in crate::cli) struct ExportArgs {
    /// Only entries of that time or later: a date, or a time with its offset.
    #[arg(long, value_name = "TIME", value_parser = parse_at)]
    from: Option<UnixSeconds>,
    /// Only entries before that time.
    #[arg(long, value_name = "TIME", value_parser = parse_at)]
    to: Option<UnixSeconds>,
    /// Only entries about this organization.
    #[arg(long, value_name = "ID")]
    organization: Option<OrganizationId>,
    #[command(flatten)]
    store: StoreArgs,
}

pub(super) async fn run(args: ExportArgs) -> Result<Outcome, Failure> {
    let workspace = Workspace::open(&args.store).await?;
    let mut stdout = BufWriter::new(std::io::stdout());
    let mut last = Head::START;
    loop {
        let page = workspace.store.read_audit(last.number, PAGE).await?;
        for record in &page {
            if args.selects(record) {
                write_line(&mut stdout, &Line::of(record, &last.hash))?;
            }
            last = record.head();
        }
        if page.is_empty() {
            break;
        }
    }
    stdout.flush().map_err(|error| Failure::io("stdout", &error))?;
    let unlinked = workspace.store.count_unlinked_audit().await?;
    workspace.close().await?;
    if unlinked > 0 {
        note(format_args!("{unlinked} entries are not linked yet and were not exported"));
    }
    Ok(Outcome::silent())
}

fn write_line(mut out: impl Write, line: &Line<'_>) -> Result<(), Failure> {
    serde_json::to_writer(&mut out, line)
        .map_err(std::io::Error::from)
        .and_then(|()| out.write_all(b"\n"))
        .map_err(|error| Failure::io("stdout", &error))
}

impl ExportArgs {
    fn selects(&self, record: &Record) -> bool {
        let at = record.at.as_seconds();
        self.from.is_none_or(|from| from.0 <= at)
            && self.to.is_none_or(|to| at < to.0)
            && self
                .organization
                .as_ref()
                .is_none_or(|organization| record.organization() == Some(organization.as_str()))
    }
}
