//! What a chip could prove of itself, what it proved, and whether that is enough.

use emrtd::lds::DataGroup;
use emrtd::lds::dg14::Dg14;
use emrtd::verify::{
    ActiveProof, ChipProof, Document, DocumentFiles, PassiveFailure, PassivelyAuthenticated,
};

use crate::assurance::{self, ProofState, RevocationState};
use crate::attempt::VerdictCode;
use crate::policy::{ChipProofPolicy, ExpiredDocuments, Policy, RevocationPolicy};

/// What came of asking the chip for one proof.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Answer<P> {
    /// No answer, a refusal, or none that could be checked.
    #[default]
    Absent,
    /// An answer that proves nothing.
    Wrong,
    /// A proof.
    Right(P),
}

/// What a socket saw of the chip.
#[derive(Clone, Debug, Default)]
pub struct ChipEvidence {
    /// The challenge of this socket.
    pub challenge: [u8; 8],
    /// What came of active authentication.
    pub active: Answer<ActiveProof>,
    /// What came of chip authentication: of its last run, or of an earlier one that went wrong.
    pub chip: Answer<ChipProof>,
}

/// What became of one kind of proof: what the document offers, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The document has no key for it, so no answer means anything.
    NotOffered,
    /// The state says that the key is known to others, so no answer means anything.
    Compromised,
    /// No answer.
    Absent,
    /// A wrong answer.
    Wrong,
    /// Proven, for this document.
    Proven,
}

/// All that a policy decides on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standings {
    pub(crate) active: Standing,
    pub(crate) chip: Standing,
    pub(crate) revocation: RevocationState,
    pub(crate) expired: Option<bool>,
}

/// Whether a policy is met; the first rule that is broken otherwise.
///
/// Active authentication must succeed where the state signed a key for it, because the oldest
/// phone can relay it. Chip authentication counts in its place, and is not asked of a phone that
/// cannot relay it. A wrong answer is refused whatever else was proven: an honest chip gives none.
pub(crate) fn decide(found: Standings, policy: Policy) -> Result<(), VerdictCode> {
    if found.active == Standing::Wrong {
        return Err(VerdictCode::PassportActiveAuthenticationFailed);
    }
    if found.chip == Standing::Wrong {
        return Err(VerdictCode::PassportChipAuthenticationFailed);
    }
    match (found.chip, found.active) {
        (Standing::Proven, _) | (_, Standing::Proven) => {}
        (_, Standing::Absent) => return Err(VerdictCode::PassportActiveAuthenticationFailed),
        _ => match policy.chip_proof {
            ChipProofPolicy::Required => return Err(VerdictCode::PassportChipProofMissing),
            ChipProofPolicy::WhenAvailable => {}
        },
    }
    match (policy.revocation, found.revocation) {
        (RevocationPolicy::Report, _) | (_, RevocationState::NotRevoked) => {}
        (RevocationPolicy::Strict, RevocationState::Stale | RevocationState::Unknown) => {
            return Err(VerdictCode::PassportRevocationUnknown);
        }
    }
    match (policy.expired_documents, found.expired) {
        (ExpiredDocuments::Refuse, Some(true)) => Err(VerdictCode::DocumentExpired),
        (ExpiredDocuments::Refuse, Some(false) | None) | (ExpiredDocuments::Report, _) => Ok(()),
    }
}

impl ChipEvidence {
    /// How active authentication stands for this document and the socket's challenge.
    pub(crate) fn active(&self, document: &PassivelyAuthenticated<Document>) -> Standing {
        if offers_active_authentication(document)
            && assurance::is_active_key_compromised(document.report())
        {
            return Standing::Compromised;
        }
        let is_bound = |proof: &ActiveProof| proof.is_for(document, self.challenge);
        standing(offers_active_authentication(document), &self.active, is_bound)
    }

    /// How chip authentication stands for this document and the socket's challenge.
    pub(crate) fn chip(&self, document: &PassivelyAuthenticated<Document>) -> Standing {
        let is_bound = |proof: &ChipProof| proof.is_for(document, self.challenge);
        standing(offers_chip_authentication(document), &self.chip, is_bound)
    }
}

/// A proof about another document or of another socket is a wrong answer: no honest phone swaps the
/// files behind it.
fn standing<P>(offered: bool, answer: &Answer<P>, is_bound: impl Fn(&P) -> bool) -> Standing {
    match answer {
        _ if !offered => Standing::NotOffered,
        Answer::Absent => Standing::Absent,
        Answer::Right(proof) if is_bound(proof) => Standing::Proven,
        Answer::Right(_) | Answer::Wrong => Standing::Wrong,
    }
}

/// How a proof is named in the assurance.
pub(crate) fn state<P>(
    standing: Standing,
    answer: &Answer<P>,
    algorithm: impl Fn(&P) -> String,
) -> ProofState {
    match (standing, answer) {
        (Standing::NotOffered, _) => ProofState::NotOffered,
        (Standing::Compromised, _) => ProofState::KeyCompromised,
        (Standing::Proven, Answer::Right(proof)) => {
            ProofState::Proven { algorithm: algorithm(proof) }
        }
        _ => ProofState::NotAttempted,
    }
}

/// Refuses files from which DG14 or DG15 was left out though the state signed it: whoever holds a
/// copy could so hide that the chip has keys to prove itself with.
///
/// # Errors
/// As [`PassivelyAuthenticated::require`].
pub fn require_keys(
    files: PassivelyAuthenticated<DocumentFiles>,
) -> Result<PassivelyAuthenticated<DocumentFiles>, PassiveFailure> {
    files.require(DataGroup::DG14)?.require(DataGroup::DG15)
}

/// Whether the state signed a key for active authentication. A file that was listed and not given
/// counts as one: it could be left out to hide the key.
pub fn offers_active_authentication(document: &PassivelyAuthenticated<Document>) -> bool {
    document.get().group(DataGroup::DG15).is_some()
        || document.report().not_given.contains(&DataGroup::DG15)
}

/// Whether the state signed a key for chip authentication in a version that is known.
pub fn offers_chip_authentication(document: &PassivelyAuthenticated<Document>) -> bool {
    match document.get().group(DataGroup::DG14) {
        None => document.report().not_given.contains(&DataGroup::DG14),
        Some(file) => Dg14::parse(file).is_ok_and(|dg14| {
            let infos = dg14.security_infos();
            let mut versions = infos.chip_authentication().map(|info| info.version).peekable();
            // A key alone means version 1 (TR-03110-3 §A.1.1).
            match versions.peek() {
                None => infos.chip_public_keys().next().is_some(),
                Some(_) => versions.any(|version| matches!(version, 1 | 2)),
            }
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANDINGS: [Standing; 5] = [
        Standing::NotOffered,
        Standing::Compromised,
        Standing::Absent,
        Standing::Wrong,
        Standing::Proven,
    ];
    const REVOCATIONS: [RevocationState; 3] =
        [RevocationState::NotRevoked, RevocationState::Stale, RevocationState::Unknown];

    fn every_case() -> impl Iterator<Item = (Standings, Policy)> {
        let policies = ChipProofPolicy::ALL.iter().flat_map(|chip_proof| {
            RevocationPolicy::ALL.iter().flat_map(move |revocation| {
                ExpiredDocuments::ALL.iter().map(move |expired_documents| Policy {
                    chip_proof: *chip_proof,
                    revocation: *revocation,
                    expired_documents: *expired_documents,
                    ..Policy::default()
                })
            })
        });
        policies.flat_map(|policy| {
            STANDINGS.into_iter().flat_map(move |active| {
                STANDINGS.into_iter().flat_map(move |chip| {
                    REVOCATIONS.into_iter().flat_map(move |revocation| {
                        [None, Some(false), Some(true)].into_iter().map(move |expired| {
                            (Standings { active, chip, revocation, expired }, policy)
                        })
                    })
                })
            })
        })
    }

    /// The rules as docs/SECURITY.md states them, one sentence each, in any order.
    #[test]
    fn every_case_is_decided_by_the_rules() {
        use Standing::{Absent, Proven, Wrong};
        let mut accepted = 0;
        for (found, policy) in every_case() {
            let proven = found.active == Proven || found.chip == Proven;
            let broken = [
                (found.active == Wrong, VerdictCode::PassportActiveAuthenticationFailed),
                (
                    found.active == Absent && found.chip != Proven,
                    VerdictCode::PassportActiveAuthenticationFailed,
                ),
                (found.chip == Wrong, VerdictCode::PassportChipAuthenticationFailed),
                (
                    policy.chip_proof == ChipProofPolicy::Required && !proven,
                    VerdictCode::PassportChipProofMissing,
                ),
                (
                    policy.revocation == RevocationPolicy::Strict
                        && found.revocation != RevocationState::NotRevoked,
                    VerdictCode::PassportRevocationUnknown,
                ),
                (
                    policy.expired_documents == ExpiredDocuments::Refuse
                        && found.expired == Some(true),
                    VerdictCode::DocumentExpired,
                ),
            ];
            let reasons: Vec<VerdictCode> =
                broken.into_iter().filter(|(broken, _)| *broken).map(|(_, code)| code).collect();
            match decide(found, policy) {
                Ok(()) => {
                    accepted += 1;
                    assert!(reasons.is_empty(), "{found:?} {policy:?} breaks {reasons:?}");
                }
                Err(code) => {
                    assert!(
                        reasons.contains(&code),
                        "{found:?} {policy:?} does not break {code:?}"
                    );
                }
            }
        }
        assert!(accepted > 0);
    }

    #[test]
    fn what_was_made_matters_less_than_what_failed() {
        let found = Standings {
            active: Standing::Wrong,
            chip: Standing::Proven,
            revocation: RevocationState::NotRevoked,
            expired: Some(false),
        };
        let refused = Err(VerdictCode::PassportActiveAuthenticationFailed);
        assert_eq!(decide(found, Policy::default()), refused);
    }
}
