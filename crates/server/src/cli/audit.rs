//! `kayle audit`.

mod export;
mod line;
mod verify;

use clap::Subcommand;

use super::failure::Failure;
use super::outcome::Outcome;

/// How many records are in memory at a time.
const PAGE: u32 = 1000;

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Check that the audit trail is what was written.
    ///
    /// Finds entries that were changed, inserted, deleted or put in another order by anyone who
    /// lacks the master secret; the exit code is 1, and the first bad number is named. That the end
    /// was cut off shows only by a head that was noted elsewhere: the server logs it every hour,
    /// and this command prints it.
    Verify(verify::VerifyArgs),
    /// Write the audit trail to stdout: one JSON object a line.
    Export(export::ExportArgs),
}

pub(super) async fn run(command: AuditCommand) -> Result<Outcome, Failure> {
    match command {
        AuditCommand::Verify(args) => verify::run(args).await,
        AuditCommand::Export(args) => export::run(args).await,
    }
}
