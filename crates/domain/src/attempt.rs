//! An attempt: one handoff, one phone, one verdict.

use crate::assurance::Assurance;
use crate::browser::SameNetwork;
use crate::confirmation::{Flow, MatchCodeState};
use crate::id::AttemptId;
use crate::key::KeyedHash;
use crate::time::Timestamp;

/// How far a phone has come, in order (REFERENCE 4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// `mobile_connected`
    MobileConnected,
    /// `mrz_scanning`
    MrzScanning,
    /// `mrz_complete`
    MrzComplete,
    /// `nfc_reading`
    NfcReading,
    /// `nfc_complete`
    NfcComplete,
    /// `selfie_capturing`
    SelfieCapturing,
    /// `selfie_complete`
    SelfieComplete,
}

impl Phase {
    /// All phases in order.
    pub const ALL: [Self; 7] = [
        Self::MobileConnected,
        Self::MrzScanning,
        Self::MrzComplete,
        Self::NfcReading,
        Self::NfcComplete,
        Self::SelfieCapturing,
        Self::SelfieComplete,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MobileConnected => "mobile_connected",
            Self::MrzScanning => "mrz_scanning",
            Self::MrzComplete => "mrz_complete",
            Self::NfcReading => "nfc_reading",
            Self::NfcComplete => "nfc_complete",
            Self::SelfieCapturing => "selfie_capturing",
            Self::SelfieComplete => "selfie_complete",
        }
    }

    /// Reads a name; `None` if it names no phase.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == text)
    }

    /// Whether `next` may come right after `self`: the same again, or the one that follows.
    pub fn admits(self, next: Self) -> bool {
        next == self
            || Self::ALL
                .iter()
                .position(|phase| *phase == self)
                .and_then(|at| Self::ALL.get(at + 1))
                == Some(&next)
    }
}

/// Why an attempt failed; stable on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureCode {
    /// The session's time ran out.
    SessionExpired,
    /// The session was cancelled.
    SessionCancelled,
    /// The phone chose another match code than the page showed.
    MatchCodeWrong,
    /// The check of the document said so.
    Verdict(VerdictCode),
}

/// The failure codes that are a verdict on the document, not the end of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerdictCode {
    /// The document is not proven genuine.
    PassportAuthenticityFailed,
    /// The chip did not sign the challenge with the key of the document, or did not answer.
    PassportActiveAuthenticationFailed,
    /// The chip does not hold the document's key for chip authentication.
    PassportChipAuthenticationFailed,
    /// The policy asks for a proof against copies, and none was made.
    PassportChipProofMissing,
    /// The policy asks for a current revocation list, and there is none of the signer's state.
    PassportRevocationUnknown,
    /// The document is past its date of expiry.
    DocumentExpired,
    /// The document is genuine, but its data cannot be read as 9303 lays it out.
    DocumentDataInvalid,
}

impl FailureCode {
    /// All codes.
    pub const ALL: [Self; 10] = [
        Self::SessionExpired,
        Self::SessionCancelled,
        Self::MatchCodeWrong,
        Self::Verdict(VerdictCode::PassportAuthenticityFailed),
        Self::Verdict(VerdictCode::PassportActiveAuthenticationFailed),
        Self::Verdict(VerdictCode::PassportChipAuthenticationFailed),
        Self::Verdict(VerdictCode::PassportChipProofMissing),
        Self::Verdict(VerdictCode::PassportRevocationUnknown),
        Self::Verdict(VerdictCode::DocumentExpired),
        Self::Verdict(VerdictCode::DocumentDataInvalid),
    ];

    /// The code on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SessionExpired => "session_expired",
            Self::SessionCancelled => "session_cancelled",
            Self::MatchCodeWrong => "match_code_wrong",
            Self::Verdict(code) => code.as_str(),
        }
    }

    /// Reads a code; `None` if there is no such code.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }
}

impl VerdictCode {
    /// The code on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PassportAuthenticityFailed => "passport_authenticity_failed",
            Self::PassportActiveAuthenticationFailed => "passport_active_authentication_failed",
            Self::PassportChipAuthenticationFailed => "passport_chip_authentication_failed",
            Self::PassportChipProofMissing => "passport_chip_proof_missing",
            Self::PassportRevocationUnknown => "passport_revocation_unknown",
            Self::DocumentExpired => "document_expired",
            Self::DocumentDataInvalid => "document_data_invalid",
        }
    }
}

impl From<VerdictCode> for FailureCode {
    fn from(code: VerdictCode) -> Self {
        Self::Verdict(code)
    }
}

/// The one-time token of a handoff. The token itself is derived when it is shown, never stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandoffToken {
    /// The keyed hash that a presented token is compared with.
    pub hash: KeyedHash,
    /// When it was minted.
    pub issued_at: Timestamp,
    /// The first moment at which it no longer works for a first hello.
    pub expires_at: Timestamp,
}

/// What a phone holds of an attempt after its hello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// When the token was consumed.
    pub claimed_at: Timestamp,
    /// The number that every write of the owning socket must carry. It grows with each hello, so
    /// a socket that was displaced writes with a number that no longer matches.
    pub fence: u64,
    /// How far the phone has come.
    pub phase: Phase,
    /// When it came there.
    pub phase_at: Timestamp,
    /// The phone's own word on its version; empty is stored as `None`.
    pub app_version: Option<String>,
    /// How the link reached it, by its own word at its first hello.
    pub flow: Flow,
    /// Whether it was in the network of the page, at each of its hellos.
    pub network: SameNetwork,
    /// Where it stands with the match code.
    pub match_code: MatchCodeState,
    /// How much of the chip it has read, in percent, if it said so.
    pub progress: Option<u8>,
}

/// The state of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptState {
    /// Its token is out and no phone has come.
    Offered,
    /// A phone holds it.
    Claimed(Claim),
    /// Another attempt of the session was claimed first; this token is dead.
    Superseded {
        /// When.
        at: Timestamp,
    },
    /// The document was proven and claims were shared.
    Succeeded {
        /// When.
        at: Timestamp,
        /// What the verdict rests on.
        assurance: Assurance,
    },
    /// It failed.
    Failed {
        /// When.
        at: Timestamp,
        /// Why.
        code: FailureCode,
        /// Whether a phone ever held it.
        claimed: bool,
    },
}

/// One attempt of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its identifier.
    pub id: AttemptId,
    /// When the handoff was minted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Its token.
    pub token: HandoffToken,
    /// The keyed hash of its user code, once that was shown. It works as long as the token.
    pub user_code: Option<KeyedHash>,
    /// Its state.
    pub state: AttemptState,
}

impl Attempt {
    /// Whether a phone holds it or held it.
    pub const fn was_claimed(&self) -> bool {
        match self.state {
            AttemptState::Claimed(_) | AttemptState::Succeeded { .. } => true,
            AttemptState::Failed { claimed, .. } => claimed,
            AttemptState::Offered | AttemptState::Superseded { .. } => false,
        }
    }

    /// The status on the wire.
    pub const fn status(&self) -> &'static str {
        match self.state {
            AttemptState::Offered | AttemptState::Claimed(_) => "in_progress",
            AttemptState::Superseded { .. } => "cancelled",
            AttemptState::Succeeded { .. } => "succeeded",
            AttemptState::Failed { .. } => "failed",
        }
    }

    /// Why it failed, if it did.
    pub const fn failure_code(&self) -> Option<FailureCode> {
        match self.state {
            AttemptState::Failed { code, .. } => Some(code),
            _ => None,
        }
    }

    /// When it ended, if it did.
    pub const fn completed_at(&self) -> Option<Timestamp> {
        match self.state {
            AttemptState::Superseded { at }
            | AttemptState::Succeeded { at, .. }
            | AttemptState::Failed { at, .. } => Some(at),
            AttemptState::Offered | AttemptState::Claimed(_) => None,
        }
    }
}
