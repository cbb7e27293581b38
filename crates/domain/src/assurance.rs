//! What a verdict rests on, so that no relying party takes a weak check for a strong one.

use emrtd::UnixSeconds;
use emrtd::trust::{DeviationKind, KnownDeviation};
use emrtd::verify::{Document, PassiveReport, PassivelyAuthenticated, Revocation};

use crate::access::PhoneReport;
use crate::browser::SameNetwork;
use crate::confirmation::{Flow, MatchCodeState};
use crate::policy::FaceMatch;
use crate::time::Timestamp;

/// The strongest proof made that the chip is not a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChipProof {
    /// None: the files are genuine, but they may have been copied from another chip.
    None,
    /// The chip signed the server's challenge (9303-11 §6.1).
    ActiveAuthentication,
    /// The chip opened a session with the server's key (9303-11 §6.2).
    ChipAuthentication,
}

/// What became of one way to prove the chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofState {
    /// The document has no key for it.
    NotOffered,
    /// The document has a key, and no answer of the chip was checked against it.
    NotAttempted,
    /// The issuing state says that the key is known to others, so no answer would mean anything.
    KeyCompromised,
    /// The chip proved that it holds the key.
    Proven {
        /// How, for people: `RSA-2048 ISO 9796-2 with SHA-256`.
        algorithm: String,
    },
}

/// Whether the signer's certificate was looked up in a revocation list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationState {
    /// A current list does not name it.
    NotRevoked,
    /// Only lists past their time are known; none of them names it.
    Stale,
    /// No list of the issuing state is known.
    Unknown,
}

/// The proofs of one verdict, and what the document could not give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assurance {
    /// The chip's signature over the server's challenge.
    pub active_authentication: ProofState,
    /// The chip's session with the server's key.
    pub chip_authentication: ProofState,
    /// What the phone says of its access to the chip. Not checked by anyone.
    pub phone_reported: Option<PhoneReport>,
    /// Whether the person's face was matched with the portrait.
    pub face_match: FaceMatch,
    /// What is known of the signer's revocation.
    pub revocation: RevocationState,
    /// Whether the document was past its date; `None` where the date is unknown.
    pub document_expired: Option<bool>,
    /// Whether the signer's and the state's certificates were within their validity.
    pub certificates_valid: bool,
    /// Whether the state's certificate came from a list whose signature was verified.
    pub trust_verified: bool,
    /// Named leniencies that the check of this document needed.
    pub leniencies: Vec<String>,
    /// What the issuing state says may be wrong with the document (9303-12 §10).
    pub deviations: Vec<String>,
    /// How the session came to the phone; `None` for attempts from before this was noted.
    pub handoff: Option<HandoffAssurance>,
}

/// How sure it is that the person at the page and the person with the document are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandoffAssurance {
    /// Whether the phone proved the key that its device id names.
    pub device_proof: bool,
    /// Whether the person told the phone what the page showed.
    pub match_code: MatchCodeState,
    /// Whether page and phone were seen in one network.
    pub same_network: SameNetwork,
    /// How the link reached the phone, by its own word.
    pub flow: Flow,
    /// Whether a browser had bound the session before the phone came.
    pub browser_bound: bool,
}

impl ChipProof {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ActiveAuthentication => "active_authentication",
            Self::ChipAuthentication => "chip_authentication",
        }
    }
}

impl ProofState {
    /// The name on the wire.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::NotOffered => "not_offered",
            Self::NotAttempted => "not_attempted",
            Self::KeyCompromised => "key_compromised",
            Self::Proven { .. } => "proven",
        }
    }

    /// How it was proven, if it was.
    pub fn algorithm(&self) -> Option<&str> {
        match self {
            Self::Proven { algorithm } => Some(algorithm),
            Self::NotOffered | Self::NotAttempted | Self::KeyCompromised => None,
        }
    }
}

impl RevocationState {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotRevoked => "not_revoked",
            Self::Stale => "stale",
            Self::Unknown => "unknown",
        }
    }

    /// Reads it off a report.
    pub(crate) const fn of(report: &PassiveReport) -> Self {
        match report.revocation {
            Revocation::NotRevoked { .. } => Self::NotRevoked,
            Revocation::Stale { .. } => Self::Stale,
            // No proof exists of a document whose signer is revoked.
            Revocation::Unknown | Revocation::Revoked { .. } => Self::Unknown,
        }
    }
}

impl Assurance {
    /// The strongest proof that was made.
    pub fn chip_proof(&self) -> ChipProof {
        match (&self.chip_authentication, &self.active_authentication) {
            (ProofState::Proven { .. }, _) => ChipProof::ChipAuthentication,
            (_, ProofState::Proven { .. }) => ChipProof::ActiveAuthentication,
            _ => ChipProof::None,
        }
    }

    /// How the strongest proof was made.
    pub fn chip_proof_algorithm(&self) -> Option<&str> {
        self.chip_authentication.algorithm().or_else(|| self.active_authentication.algorithm())
    }
}

/// Whether the document was past its date, and the whole of it if the date is partly unknown;
/// `None` if that depends on what is unknown.
pub(crate) fn is_expired(
    document: &PassivelyAuthenticated<Document>,
    now: Timestamp,
) -> Option<bool> {
    document.get().mrz().expiry_date().is_before(UnixSeconds(now.as_seconds()).date())
}

/// Whether both certificates of the chain were within their validity.
pub(crate) fn certificates_valid(report: &PassiveReport) -> bool {
    [report.signer_validity, report.csca_validity]
        .iter()
        .all(|validity| validity.is_some_and(|validity| validity.at_check))
}

/// The names of what the certificate and the document were forgiven.
pub(crate) fn leniencies(report: &PassiveReport) -> Vec<String> {
    let certificate = report.csca_leniencies.iter().map(|leniency| leniency.code());
    let document = report.tolerated.iter().map(|tolerated| tolerated.code());
    certificate.chain(document).map(str::to_owned).collect()
}

/// The names of the deviations that the issuing state has published and that may concern it.
pub(crate) fn deviations(report: &PassiveReport) -> Vec<String> {
    let kinds = deviation_kinds(report).map(|kind| kind.code().to_owned());
    kinds.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

/// Whether the issuing state says that keys for active authentication are known to others.
pub fn is_active_key_compromised(report: &PassiveReport) -> bool {
    deviation_kinds(report).any(|kind| kind == DeviationKind::ActiveAuthenticationKeyCompromised)
}

fn deviation_kinds(report: &PassiveReport) -> impl Iterator<Item = DeviationKind> {
    report.deviations.iter().flat_map(KnownDeviation::descriptions).map(|described| described.kind)
}
