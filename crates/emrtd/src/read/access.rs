use super::SecureMessaging;
use super::apdu::{CommandApdu, ResponseApdu, StatusWord};
use super::pace::ChipAuthenticationData;
use crate::crypto::agreement::AgreementError;
use crate::crypto::symmetric::LibraryFailure;
use crate::tlv;

/// A step of BAC or PACE, to name it in errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say all")]
pub enum AccessStep {
    GetChallenge,
    ExternalAuthenticate,
    SetAuthenticationTemplate,
    EncryptedNonce,
    MapNonce,
    KeyAgreement,
    MutualAuthentication,
}

impl std::fmt::Display for AccessStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::GetChallenge => "GET CHALLENGE",
            Self::ExternalAuthenticate => "EXTERNAL AUTHENTICATE",
            Self::SetAuthenticationTemplate => "MSE:Set AT",
            Self::EncryptedNonce => "PACE, encrypted nonce",
            Self::MapNonce => "PACE, map nonce",
            Self::KeyAgreement => "PACE, key agreement",
            Self::MutualAuthentication => "PACE, mutual authentication",
        })
    }
}

/// Why BAC or PACE gave no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// The chip found the password wrong: a misread zone, or another document.
    #[error("the password is not that of this chip ({0})")]
    WrongPassword(StatusWord),
    /// The chip refused a step.
    #[error("the chip refused {step} with {status}")]
    Refused {
        /// Which.
        step: AccessStep,
        /// How.
        status: StatusWord,
    },
    /// The chip's data in a step are not what the standard demands.
    #[error("the chip's answer to {step} is malformed: {error}")]
    Malformed {
        /// Which.
        step: AccessStep,
        /// How, with the offset in the response.
        error: tlv::Error,
    },
    /// The chip proved no knowledge of the password: a MAC, token or nonce is
    /// wrong.
    #[error("the chip did not prove itself in {0}")]
    NotProven(AccessStep),
    /// The chip's public key is not in its group, or is our own.
    #[error("the chip's public key in {0} is not acceptable")]
    PublicKey(AccessStep),
    /// The announced protocol is one this crate does not speak: another version,
    /// unknown domain parameters, or a curve that cannot be mapped to.
    #[error("the announced PACE parameters are not supported")]
    Unsupported,
    /// The chip spells out domain parameters that are none of the standardized.
    /// Nobody signed them, and weak ones give the password away (9303-11 §9.2.2).
    #[error("the announced PACE parameters are the chip's own, and none of the standardized")]
    ProprietaryParameters,
    /// The password is a card access number and the chip has BAC only.
    #[error("BAC needs the machine readable zone, not a card access number")]
    NeedsMrz,
    /// The caller's random bytes were never a private key.
    #[error("the random source gives no usable private key")]
    Random,
    /// See [`LibraryFailure`].
    #[error(transparent)]
    Library(#[from] LibraryFailure),
}

impl AccessError {
    /// The error of a failed agreement in `step`.
    pub(super) fn agreement(step: AccessStep, error: AgreementError) -> Self {
        match error {
            AgreementError::NotInGroup => Self::PublicKey(step),
            AgreementError::Parameters => Self::Unsupported,
            AgreementError::Random => Self::Random,
            AgreementError::Library(failure) => Self::Library(failure),
        }
    }

    /// An error about the form of the answer to `step`.
    pub(super) fn malformed(step: AccessStep, error: tlv::Error) -> Self {
        Self::Malformed { step, error }
    }
}

/// What a response led to.
#[derive(Debug)]
pub enum Progress {
    /// Send this command next.
    Command(CommandApdu),
    /// The session is there.
    Established(Established),
}

/// The outcome of BAC or PACE.
#[derive(Debug)]
pub struct Established {
    /// The session.
    pub session: SecureMessaging,
    /// What the chip sent to prove itself, in PACE with chip authentication
    /// mapping.
    pub chip_authentication: Option<ChipAuthenticationData>,
}

/// Demands status 9000 of `response`.
pub(super) fn accepted(step: AccessStep, response: &ResponseApdu) -> Result<(), AccessError> {
    match response.status {
        StatusWord::OK => Ok(()),
        status if status.is_failed_authentication() => Err(AccessError::WrongPassword(status)),
        status => Err(AccessError::Refused { step, status }),
    }
}
