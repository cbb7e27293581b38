//! Whether a chip on a reader is genuine, as far as this machine can tell.

use std::path::Path;

use domain::entropy::Entropy;
use domain::{assurance, chip as keys};
use emrtd::UnixSeconds;
use emrtd::lds::{DataGroup, ElementaryFile};
use emrtd::read::Outcome as Reading;
use emrtd::trust::TrustStore;
use emrtd::verify::{
    ActiveFailure, ChipFailure, DocumentFiles, PassivelyAuthenticated, TerminalKey, active, passive,
};
use protocol::SecretBytes;
use serde_json::{Value, json};

use super::reader::AnyChip;
use crate::cli::document::report::{self, Verdict};
use crate::cli::outcome::Outcome;
use crate::entropy::OsEntropy;

/// What was proven.
pub(super) struct Proofs {
    passive: Verdict,
    active: Proof,
    chip: Proof,
}

enum Proof {
    /// The files were not proven, so there is no key to prove the chip with.
    NotDone,
    /// The state signed no key for it.
    NotOffered,
    /// The state says that the key is known to others, so no answer means anything.
    Compromised,
    /// By this algorithm.
    Proven(String),
    /// The chip refused to, as some genuine ones do.
    Refused(String),
    Failed(String),
}

/// Verifies what was read, then lets the chip prove its keys.
pub(super) fn prove(
    chip: &mut AnyChip,
    reading: &Reading,
    trust: &TrustStore,
    at: UnixSeconds,
) -> Proofs {
    let sod = reading.file(ElementaryFile::Sod).unwrap_or_default().to_vec();
    let groups = reading.files.iter().filter_map(|(file, bytes)| match file {
        ElementaryFile::Dg(group) => Some((*group, bytes.to_vec())),
        _ => None,
    });
    let files =
        groups.fold(DocumentFiles::new(sod), |files, (group, file)| files.with(group, file));
    let mut challenge = [0; 8];
    OsEntropy.fill(&mut challenge);
    let (mut active, mut chip_proof) = (Proof::NotDone, Proof::NotDone);
    // Where a file is left out that may have a key, nothing that the chip proves is the whole of it.
    let passive = passive(files, trust, at).and_then(keys::require_keys).and_then(|proven| {
        // Chip authentication ends the session: it comes last.
        active = prove_active(chip, &proven, challenge);
        chip_proof = prove_chip(chip, &proven, challenge);
        proven.into_document(at)
    });
    let passive = match passive {
        Ok(document) => Verdict::Proven(document.report().clone()),
        Err(failure) => failure.into(),
    };
    Proofs { passive, active, chip: chip_proof }
}

fn prove_active(
    chip: &mut AnyChip,
    document: &PassivelyAuthenticated<DocumentFiles>,
    challenge: [u8; 8],
) -> Proof {
    if document.get().group(DataGroup::DG15).is_some()
        && assurance::is_active_key_compromised(document.report())
    {
        return Proof::Compromised;
    }
    let signature = match chip.sign(&challenge) {
        Ok(Some(signature)) => signature,
        Ok(None) => return Proof::NotOffered,
        Err(error) => return Proof::Failed(error.to_string()),
    };
    match active(document, challenge, &signature) {
        Ok(proof) => Proof::Proven(proof.algorithm().to_string()),
        Err(ActiveFailure::NoKey) => Proof::NotOffered,
        Err(failure) => Proof::Failed(failure.to_string()),
    }
}

fn prove_chip(
    chip: &mut AnyChip,
    document: &PassivelyAuthenticated<DocumentFiles>,
    challenge: [u8; 8],
) -> Proof {
    match authenticate_chip(chip, document, challenge) {
        Ok(algorithm) => Proof::Proven(algorithm),
        Err(NoProof::Verification(ChipFailure::NoKey | ChipFailure::NotOffered)) => {
            Proof::NotOffered
        }
        Err(NoProof::Verification(refused @ ChipFailure::Refused(_))) => {
            Proof::Refused(refused.to_string())
        }
        Err(error) => Proof::Failed(error.to_string()),
    }
}

/// The server's and the phone's part in one.
fn authenticate_chip(
    chip: &mut AnyChip,
    document: &PassivelyAuthenticated<DocumentFiles>,
    challenge: [u8; 8],
) -> Result<String, NoProof> {
    let key = TerminalKey::generate(document, challenge, &mut |buffer| OsEntropy.fill(buffer))?;
    let commands = key.commands().into_iter().map(|command| Ok(command.encode()?.into()));
    let commands: Vec<SecretBytes> = commands.collect::<Result<_, ChipFailure>>()?;
    let answers = chip.relay(&commands, false)?;
    let answers: Vec<&[u8]> = answers.iter().map(SecretBytes::as_slice).collect();
    let challenge = key.agree(&answers)?;
    let answers = chip.relay(&[challenge.command().into()], true)?;
    let answer = answers.first().map(SecretBytes::as_slice).unwrap_or_default();
    Ok(challenge.verify(answer)?.algorithm().to_string())
}

#[derive(Debug, thiserror::Error)]
enum NoProof {
    #[error(transparent)]
    Verification(#[from] ChipFailure),
    #[error(transparent)]
    Chip(#[from] phone::ChipError),
}

impl Proofs {
    /// The report of passive authentication, with what the chip proved.
    pub(super) fn outcome(&self, at: UnixSeconds) -> Outcome {
        let passive = report::outcome(Path::new("chip"), at, &self.passive);
        let human = format!(
            "{}\n\nactive authentication  {}\nchip authentication    {}",
            passive.human,
            self.active.text(),
            self.chip.text()
        );
        let mut json = passive.json.unwrap_or_default();
        if let Value::Object(members) = &mut json {
            members.remove("folder");
            members.insert("active_authentication".into(), self.active.to_json());
            members.insert("chip_authentication".into(), self.chip.to_json());
        }
        let passed = passive.passed && is_genuine(&self.active, &self.chip);
        Outcome { human, json: Some(json), passed }
    }
}

/// Whether nothing tells the chip from the one that the document was issued with. A copy would
/// refuse as well, so a refusal is forgiven only beside a proof.
fn is_genuine(active: &Proof, chip: &Proof) -> bool {
    match (active, chip) {
        (Proof::Failed(_), _) | (_, Proof::Failed(_)) => false,
        (Proof::Proven(_), _) | (_, Proof::Proven(_)) => true,
        (Proof::Refused(_), _) | (_, Proof::Refused(_)) => false,
        _ => true,
    }
}

impl Proof {
    fn text(&self) -> String {
        match self {
            Self::NotDone => "not done".to_owned(),
            Self::NotOffered => "not offered by the document".to_owned(),
            Self::Compromised => {
                "worth nothing: the state says that others know the key".to_owned()
            }
            Self::Proven(algorithm) => format!("proven ({algorithm})"),
            Self::Refused(reason) => format!("not proven: {reason}"),
            Self::Failed(reason) => format!("FAILED: {reason}"),
        }
    }

    fn to_json(&self) -> Value {
        let (result, algorithm, reason) = match self {
            Self::NotDone => ("not_done", None, None),
            Self::NotOffered => ("not_offered", None, None),
            Self::Compromised => ("key_compromised", None, None),
            Self::Proven(algorithm) => ("proven", Some(algorithm), None),
            Self::Refused(reason) => ("refused", None, Some(reason)),
            Self::Failed(reason) => ("failed", None, Some(reason)),
        };
        json!({ "result": result, "algorithm": algorithm, "reason": reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_forgiven_only_beside_a_proof() {
        let proven = || Proof::Proven("somehow".to_owned());
        let refused = || Proof::Refused("6A80".to_owned());
        let failed = || Proof::Failed("wrong".to_owned());
        for (active, chip, expected) in [
            (proven(), refused(), true),
            (proven(), proven(), true),
            (Proof::NotOffered, Proof::NotOffered, true),
            (Proof::NotOffered, refused(), false),
            (Proof::Compromised, refused(), false),
            (proven(), failed(), false),
            (failed(), proven(), false),
            (failed(), refused(), false),
        ] {
            assert_eq!(is_genuine(&active, &chip), expected);
        }
    }
}
