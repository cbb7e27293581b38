//! `kayle document`.

pub(super) mod report;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;
use emrtd::UnixSeconds;
use emrtd::lds::DataGroup;
use emrtd::trust::TrustStore;
use emrtd::verify::{DocumentFiles, PassiveFailure, PassiveReport, passive};

use super::failure::Failure;
use super::folder::{self, Folder};
use super::outcome::Outcome;
use super::trust_files::{self, Vouching};
use super::workspace::Workspace;
use super::{StoreArgs, ambient_settings, logging, time};
use crate::clock::{Clock, SystemClock};
use crate::trust::TrustCache;
use report::Verdict;

#[derive(Debug, Subcommand)]
pub(super) enum DocumentCommand {
    /// Verify a folder of EF files by passive authentication (9303-11 §5.1).
    ///
    /// Proves what is there: the signature of EF.SOD, its chain to a CSCA that is trusted, and the
    /// hash of every data group in the folder. Data groups that EF.SOD lists and the folder lacks
    /// are named as not given. An unknown chain, a wrong signature, a changed file or a revoked
    /// signer always fails. Exit code 0 only if the document is proven.
    ///
    /// Names, in any case: EF_SOD.bin, or the bare CMS as SOD_cms.der; DG1.bin to DG16.bin;
    /// Datagroup1.bin…; or file identifiers: ef011D.bin (EF.SOD), ef0101.bin (DG1)…
    Verify(VerifyArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct VerifyArgs {
    /// Folder of EF files.
    #[arg(value_name = "DIR", required_unless_present = "trust")]
    folder: Option<PathBuf>,
    /// Trust these files alone, not the trust store: master lists, certificates, CRLs.
    ///
    /// You vouch for them by naming them. A master list that no --trust-signer vouches for is
    /// taken as unverified, and the report says so; one with a wrong signature is refused.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    trust: Vec<PathBuf>,
    #[command(flatten)]
    vouching: Vouching,
    /// Data groups that must be there and proven.
    #[arg(long, value_name = "DG1,DG2,…", value_delimiter = ',', value_parser = data_group)]
    require: Vec<DataGroup>,
    /// The date (2026-05-28) or time (2026-05-28T12:00:00Z) to verify for [default: now].
    #[arg(long, value_name = "DATE", value_parser = time::parse_at)]
    at: Option<UnixSeconds>,
    /// Fail also where the document signer or the CSCA is outside its validity.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    store: StoreArgs,
}

impl VerifyArgs {
    /// The folder, wherever it stands: `--trust FILE… DIR` takes the folder for one more file.
    fn split_folder(mut self) -> Result<(PathBuf, Self), Failure> {
        let last_is_folder = self.trust.last().is_some_and(|last| last.is_dir());
        let folder = match self.folder.take() {
            None if last_is_folder && self.trust.len() > 1 => self.trust.pop(),
            given => given,
        };
        let missing = || {
            Failure::usage(
                "the folder of EF files is missing",
                "kayle document verify DIR --trust FILE…",
            )
        };
        Ok((folder.ok_or_else(missing)?, self))
    }
}

pub(super) async fn run(command: DocumentCommand) -> Result<Outcome, Failure> {
    let DocumentCommand::Verify(args) = command;
    let (path, args) = args.split_folder()?;
    let folder = folder::read(&path)?;
    let trust = trust(&args).await?;
    let at = args.at.unwrap_or_else(|| UnixSeconds(SystemClock.now().as_seconds()));
    let verdict = judge(folder, &trust, at, &args);
    Ok(report::outcome(&path, at, &verdict))
}

async fn trust(args: &VerifyArgs) -> Result<Arc<TrustStore>, Failure> {
    if !args.trust.is_empty() {
        logging::start(&ambient_settings()?, "warn")?;
        return Ok(Arc::new(trust_files::trust_store(&args.trust, &args.vouching)?));
    }
    let workspace = Workspace::open(&args.store).await?;
    let trust = TrustCache::new(workspace.store.clone()).current().await?;
    workspace.close().await?;
    Ok(trust)
}

fn judge(folder: Folder, trust: &TrustStore, at: UnixSeconds, args: &VerifyArgs) -> Verdict {
    let given: Vec<DataGroup> = folder.data_groups.keys().copied().collect();
    let files = folder
        .data_groups
        .into_iter()
        .fold(DocumentFiles::new(folder.sod), |files, (group, bytes)| files.with(group, bytes));
    match prove(files, &given, trust, at) {
        Ok(report) => accept(report, args),
        Err(failure) => failure.into(),
    }
}

fn prove(
    files: DocumentFiles,
    given: &[DataGroup],
    trust: &TrustStore,
    at: UnixSeconds,
) -> Result<PassiveReport, PassiveFailure> {
    let proven = passive(files, trust, at)?;
    // Holder page and portrait are read only where both are there to be read.
    if [DataGroup::DG1, DataGroup::DG2].iter().all(|group| given.contains(group)) {
        return Ok(proven.into_document(at)?.report().clone());
    }
    Ok(proven.report().clone())
}

/// What the operator asks for on top of the proof.
fn accept(report: PassiveReport, args: &VerifyArgs) -> Verdict {
    if let Some(missing) = args.require.iter().find(|group| !report.proven.contains(group)) {
        return Verdict::NotProven {
            reason: "required_data_group_missing",
            text: format!("{missing} is required and was not given"),
            report,
        };
    }
    let valid = |validity: Option<emrtd::verify::Validity>| {
        validity.is_some_and(|validity| validity.at_check)
    };
    if args.strict && !(valid(report.signer_validity) && valid(report.csca_validity)) {
        return Verdict::NotProven {
            reason: "certificate_not_valid",
            text: "document signer or CSCA is outside its validity (--strict)".to_owned(),
            report,
        };
    }
    Verdict::Proven(report)
}

fn data_group(text: &str) -> Result<DataGroup, String> {
    let digits = text.trim().strip_prefix("DG").or_else(|| text.trim().strip_prefix("dg"));
    digits
        .and_then(|digits| digits.parse().ok())
        .and_then(DataGroup::new)
        .ok_or_else(|| "expected DG1 to DG16".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    #[test]
    fn data_groups_are_named_as_in_the_standard() {
        assert_eq!(data_group("DG1").unwrap(), DataGroup::DG1);
        assert_eq!(data_group(" dg16").unwrap().number(), 16);
        for wrong in ["", "1", "DG0", "DG17", "COM"] {
            assert!(data_group(wrong).is_err(), "{wrong}");
        }
    }
}
