//! `kayle chip`: chips on readers, and simulated ones.

mod description;
mod issue;
mod new;
mod password;
mod proof;
mod read;
mod reader;
mod serve;
mod state;
mod vpcd;

use clap::Subcommand;
use emrtd::lds::DataGroup;
use emrtd::read::ReadPolicy;

use super::failure::Failure;
use super::outcome::Outcome;

pub(super) use description::StateDescription;
pub(super) use issue::{Place, issue};
pub(super) use password::PasswordArgs;
pub(super) use read::{Gained, show_progress};
pub(super) use reader::{AnyChip, ReaderName};
pub(super) use state::StateFiles;

// Where a variant has no text, its arguments have it.
#[derive(Debug, Subcommand)]
pub(super) enum ChipCommand {
    New(new::NewArgs),
    Serve(serve::ServeArgs),
    Read(read::ReadArgs),
}

pub(super) async fn run(command: ChipCommand) -> Result<Outcome, Failure> {
    match command {
        ChipCommand::New(args) => new::run(args),
        ChipCommand::Serve(args) => serve::run(args).await,
        ChipCommand::Read(args) => read::run(args).await,
    }
}

/// How chips are read: with extended lengths where chip and reader take them, in blocks that a tag
/// which is moved about still gives whole.
pub(super) fn read_policy(groups: impl IntoIterator<Item = u8>) -> ReadPolicy {
    ReadPolicy {
        data_groups: groups.into_iter().filter_map(DataGroup::new).collect(),
        extended: true,
        max_block: 2048,
        ..ReadPolicy::default()
    }
}
