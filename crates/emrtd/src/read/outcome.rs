use std::fmt;

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
    },
    /// By BAC.
    Bac {
        /// `None` when the chip announced no PACE anywhere.
        downgrade: Option<Downgrade>,
    },
}

/// The outcome of PACE with chip authentication mapping, seen from this
/// reader. It says nothing to anyone who did not hold the terminal's keys, and
/// counts only once the signature of EF.CardSecurity is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MappingProof {
    /// Another mapping was used.
    NotRun,
    /// EF.CardSecurity is missing or has no key to check against.
    NoKey,
    /// The chip holds the private key of a key in EF.CardSecurity.
    Proven,
    /// It does not: a copied EF.CardSecurity.
    Failed,
}

/// Why BAC was used although PACE should have been (9303-11 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Downgrade {
    /// EF.CardAccess announces PACE, and it failed.
    PaceFailed(AccessError),
    /// EF.CardAccess announces only PACE that this crate does not speak.
    PaceUnsupported,
    /// EF.CardAccess is there and malformed.
    CardAccessMalformed(tlv::Error),
    /// DG14 announces PACE and EF.CardAccess did not: somebody hid it.
    PaceHidden,
}

/// What was read.
#[derive(Clone)]
pub struct Outcome {
    /// How access was gained.
    pub access: Access,
    /// The files as they are on the chip, in the order they were read.
    pub files: Vec<(ElementaryFile, Vec<u8>)>,
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
