//! `kayle chip read`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use emrtd::UnixSeconds;
use emrtd::lds::ElementaryFile;
use emrtd::lds::security_info::{KeyAgreement, PaceMapping, PaceProtocol};
use emrtd::read::{Access, Downgrade, MappingProof, Outcome as Reading};
use indicatif::ProgressBar;
use phone::{AccessWords, ChipProgress};
use serde_json::{Value, json};

use super::issue::write_private;
use super::password::PasswordArgs;
use super::proof::{self, Proofs};
use super::read_policy;
use super::reader::{AnyChip, ReaderName};
use crate::cli::failure::Failure;
use crate::cli::outcome::{Outcome, note};
use crate::cli::trust_files::{self, Vouching};
use crate::cli::workspace::make_folder;
use crate::cli::{ambient_settings, logging, progress, table};
use crate::clock::{Clock, SystemClock};

/// Every data group but DG3 and DG4, which need terminal authentication; the portrait last.
const GROUPS: [u8; 7] = [1, 14, 15, 11, 12, 16, 2];

/// Read a chip: how access was gained, every file, and whether it is genuine.
///
/// Gains access by PACE, or by BAC where the chip has no PACE, and says when it had to fall back.
/// Nothing of the document is printed but the names and sizes of its files; --out keeps them in
/// files that only their owner may read. With --trust the document is verified: passive
/// authentication, and active and chip authentication with a challenge and a key of this run. Exit
/// code 0 if the chip was read and, with --trust, nothing failed.
#[derive(Debug, Args)]
pub(in crate::cli) struct ReadArgs {
    /// The reader: pcsc for the only one with a chip, pcsc:NAME (a part of it is enough), or
    /// sim:FILE for a simulated chip, which brings its own zone.
    #[arg(long, value_name = "pcsc[:NAME]|sim:FILE")]
    reader: ReaderName,
    #[command(flatten)]
    password: PasswordArgs,
    /// Keep the files in this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Verify the document, trusting these files alone: master lists, certificates, CRLs.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    trust: Vec<PathBuf>,
    #[command(flatten)]
    vouching: Vouching,
}

pub(super) async fn run(args: ReadArgs) -> Result<Outcome, Failure> {
    logging::start(&ambient_settings()?, "warn")?;
    let now = UnixSeconds(SystemClock.now().as_seconds());
    // What is wrong with the trust material is said before anyone holds a document to the reader.
    let trust = match args.trust.is_empty() {
        true => None,
        false => Some(Arc::new(trust_files::trust_store(&args.trust, &args.vouching)?)),
    };
    let mut chip = args.reader.open(&args.password, read_policy(GROUPS), now)?;
    if let Some(trust) = &trust {
        chip = chip.trusting(Arc::clone(trust));
    }
    let reading = read(&mut chip)?;
    if let Some(folder) = &args.out {
        keep(folder, &reading)?;
    }
    let proofs = trust.map(|trust| proof::prove(&mut chip, &reading, &trust, now));
    Ok(report(&reading, args.out.as_deref(), now, proofs.as_ref()))
}

/// Reads the chip and shows how far it is.
fn read(chip: &mut AnyChip) -> Result<Reading, Failure> {
    let bar = progress::bar(0, "opening the chip");
    let reading = chip.read(&mut |progress| show_progress(&bar, progress));
    bar.finish_and_clear();
    Ok(reading?)
}

/// Shows how far the reading of a chip is.
pub(in crate::cli) fn show_progress(bar: &ProgressBar, progress: ChipProgress) {
    match progress {
        ChipProgress::File(file) => {
            if let Some(total) = file.total {
                bar.set_length(total as u64);
            }
            bar.set_position(file.read as u64);
            bar.set_message(file.file.to_string());
        }
        ChipProgress::TagLost { number } => {
            bar.suspend(|| note(format_args!("the chip was lost ({number}); hold it still")));
        }
    }
}

fn keep(folder: &Path, reading: &Reading) -> Result<(), Failure> {
    make_folder(folder)?;
    for (file, bytes) in &reading.files {
        write_private(&folder.join(file_name(*file)), bytes)?;
    }
    Ok(())
}

/// As `kayle document verify` knows them.
fn file_name(file: ElementaryFile) -> String {
    match file {
        ElementaryFile::Dg(group) => format!("{group}.bin"),
        other => format!("{}.bin", other.to_string().replace('.', "_")),
    }
}

fn report(
    reading: &Reading,
    out: Option<&Path>,
    now: UnixSeconds,
    proofs: Option<&Proofs>,
) -> Outcome {
    let access = Gained::of(reading.access);
    let mut rows = vec![["FILE".to_owned(), "BYTES".to_owned()]];
    rows.extend(
        reading.files.iter().map(|(file, bytes)| [file.to_string(), bytes.len().to_string()]),
    );
    rows.extend(
        reading
            .refused
            .iter()
            .map(|(file, status)| [file.to_string(), format!("refused ({status})")]),
    );
    let mut human = format!("{access}\n\n{}", table::columns(&rows));
    if let Some(folder) = out {
        human.push_str(&format!("\n\nkept in {}", folder.display()));
    }
    let verification = proofs.map(|proofs| proofs.outcome(now));
    if let Some(verification) = &verification {
        human.push_str(&format!("\n\n{}", verification.human));
    }
    let files = reading.files.iter();
    let json = json!({
        "access": access.to_json(),
        "files": files
            .map(|(file, bytes)| json!({ "file": file.to_string(), "bytes": bytes.len() }))
            .collect::<Vec<_>>(),
        "refused": reading
            .refused
            .iter()
            .map(|(file, status)| json!({ "file": file.to_string(), "status": status.to_string() }))
            .collect::<Vec<_>>(),
        "out": out.map(|folder| folder.display().to_string()),
        "verification": verification.as_ref().and_then(|outcome| outcome.json.clone()),
    });
    let mapping_failed =
        matches!(reading.access, Access::Pace { chip_authentication: MappingProof::Failed, .. });
    let passed = verification.is_none_or(|outcome| outcome.passed && !mapping_failed);
    Outcome { human, json: Some(json), passed }
}

/// How access was gained, to be shown.
pub(in crate::cli) struct Gained(Access);

impl Gained {
    pub(in crate::cli) fn of(access: Access) -> Self {
        Self(access)
    }

    pub(in crate::cli) fn to_json(&self) -> Value {
        let words = AccessWords::from(self.0);
        let pace = match self.0 {
            Access::Pace { protocol, .. } => Some(name(protocol)),
            Access::Bac { .. } => None,
        };
        json!({
            "access": words.access,
            "pace": pace,
            "downgrade": words.downgrade,
            "mapping": words.mapping,
        })
    }
}

impl std::fmt::Display for Gained {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Access::Pace { protocol, chip_authentication, .. } => {
                write!(f, "access     PACE, {}", name(protocol))?;
                if protocol.mapping == PaceMapping::ChipAuthentication {
                    write!(f, "\nmapping    {}", mapping(chip_authentication))?;
                }
            }
            Access::Bac { .. } => f.write_str("access     BAC")?,
        }
        match self.0.downgrade() {
            Some(downgrade) => write!(f, "\ndowngrade  {}", downgrade_text(&downgrade)),
            None => Ok(()),
        }
    }
}

/// As descriptions name it: `ECDH-GM-AES-128`.
fn name(protocol: PaceProtocol) -> String {
    let agreement = match protocol.agreement {
        KeyAgreement::Dh => "DH",
        KeyAgreement::Ecdh => "ECDH",
    };
    let mapping = match protocol.mapping {
        PaceMapping::Generic => "GM",
        PaceMapping::Integrated => "IM",
        PaceMapping::ChipAuthentication => "CAM",
    };
    format!("{agreement}-{mapping}-{}", protocol.cipher)
}

fn mapping(proof: MappingProof) -> &'static str {
    match proof {
        MappingProof::NotRun => "not run",
        MappingProof::NoKey => "no key to check it against",
        MappingProof::Unvouched => {
            "the chip has the key of EF.CardSecurity, and nothing here says who signed it"
        }
        MappingProof::Proven => {
            "the chip has the key of EF.CardSecurity, signed by a trusted state"
        }
        MappingProof::Failed => {
            "FAILED: the chip has not the key of EF.CardSecurity, or no trusted state signed it"
        }
    }
}

fn downgrade_text(downgrade: &Downgrade) -> String {
    match downgrade {
        Downgrade::PaceFailed(error) => format!("PACE was announced and failed: {error}"),
        Downgrade::PaceUnsupported => "PACE was announced in no form known here".to_owned(),
        Downgrade::CardAccessMalformed(error) => format!("EF.CardAccess is malformed: {error}"),
        Downgrade::PaceHidden => {
            "the signed files announce a better PACE than EF.CardAccess".to_owned()
        }
    }
}
