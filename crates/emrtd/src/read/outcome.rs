use std::fmt;

use zeroize::Zeroizing;

use super::CardSecurityError;
use super::access::AccessError;
use super::apdu::StatusWord;
use crate::lds::ElementaryFile;
use crate::lds::security_info::PaceProtocol;
use crate::tlv;

/// How access to the chip was gained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// By PACE.
    Pace {
        /// The protocol.
        protocol: PaceProtocol,
        /// The outcome of chip authentication mapping.
        chip_authentication: MappingProof,
        /// [`Downgrade::PaceHidden`] when a better PACE should have been used.
        downgrade: Option<Downgrade>,
    },
    /// By BAC.
    Bac {
        /// `None` when the chip announced no PACE anywhere.
        downgrade: Option<Downgrade>,
    },
}

impl Access {
    /// Why access was not gained by the best that the chip offers.
    pub fn downgrade(&self) -> Option<Downgrade> {
        match self {
            Self::Pace { downgrade, .. } | Self::Bac { downgrade } => *downgrade,
        }
    }
}

/// The outcome of PACE with chip authentication mapping, seen from this
/// reader. It says nothing to anyone who did not hold the terminal's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MappingProof {
    /// Another mapping was used.
    NotRun,
    /// EF.CardSecurity is missing, or its signature holds and it has no key to
    /// check against.
    NoKey,
    /// The chip holds the private key of a key in EF.CardSecurity, and nothing
    /// tells whether a state signed that file: the reader has no trust store
    /// ([`Vouched::ConsistentOnly`]). A forger can make such a chip.
    Unvouched,
    /// The chip holds the private key of a key in EF.CardSecurity, whose signer
    /// chains to the reader's trust store ([`Vouched::Trusted`]).
    Proven,
    /// It does not, as with a copied EF.CardSecurity; or nothing vouches for
    /// that file.
    Failed,
}

/// What the signature of EF.CardSecurity is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vouched {
    /// It verifies, and its signer chains to the reader's trust store.
    Trusted,
    /// It verifies with the certificate it brings. The reader had no trust
    /// store to check that against.
    ConsistentOnly,
    /// It does not verify, or its signer is not trusted.
    Refused(CardSecurityError),
}

/// Why BAC or a weak PACE was used although a better one should have been
/// (9303-11 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Downgrade {
    /// EF.CardAccess announces PACE, and it failed.
    PaceFailed(AccessError),
    /// EF.CardAccess announces only PACE that this crate does not speak.
    PaceUnsupported,
    /// EF.CardAccess is there and malformed.
    CardAccessMalformed(tlv::Error),
    /// DG14 or EF.CardSecurity announces PACE, or a better one than was used,
    /// and EF.CardAccess did not: somebody hid it.
    PaceHidden,
}

/// What was read.
#[derive(Clone)]
pub struct Outcome {
    /// How access was gained.
    pub access: Access,
    /// What EF.CardSecurity is worth, where it was read for PACE-CAM.
    pub card_security: Option<Vouched>,
    /// The files as they are on the chip, in the order they were read.
    pub files: Vec<(ElementaryFile, Zeroizing<Vec<u8>>)>,
    /// The files asked for that the chip refused, and how.
    pub refused: Vec<(ElementaryFile, StatusWord)>,
}

impl Outcome {
    /// One file.
    pub fn file(&self, file: ElementaryFile) -> Option<&[u8]> {
        self.files.iter().find(|(name, _)| *name == file).map(|(_, bytes)| bytes.as_slice())
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.files.iter().map(|(name, _)| name.to_string()).collect();
        write!(f, "Outcome({:?}, {names:?}, refused {:?})", self.access, self.refused)
    }
}
