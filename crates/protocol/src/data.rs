//! Uploaded evidence, as it travels.

use crate::SecretBytes;

/// What an upload is. Numbers of a newer schema are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DataKind {
    /// EF.DG1, the machine-readable zone.
    Dg1,
    /// EF.DG2, the portrait.
    Dg2,
    /// EF.SOD, the signed hashes.
    Sod,
    /// One photo of the holder.
    Selfie,
    /// EF.DG14, security infos.
    Dg14,
    /// EF.DG15, the active-authentication key.
    Dg15,
    /// The 8-byte challenge followed by the chip's signature over it.
    ActiveAuth,
    /// A chip-authentication transcript.
    ChipAuth,
    /// A kind that this schema does not name.
    Unknown(UnknownDataKind),
}

/// The number of a data kind outside this schema; made by [`DataKind::from_number`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownDataKind(u16);

impl DataKind {
    /// The kind with that number on the wire.
    #[must_use]
    pub const fn from_number(number: u16) -> Self {
        match number {
            0 => Self::Dg1,
            1 => Self::Dg2,
            2 => Self::Sod,
            3 => Self::Selfie,
            4 => Self::Dg14,
            5 => Self::Dg15,
            6 => Self::ActiveAuth,
            7 => Self::ChipAuth,
            _ => Self::Unknown(UnknownDataKind(number)),
        }
    }

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Dg1 => 0,
            Self::Dg2 => 1,
            Self::Sod => 2,
            Self::Selfie => 3,
            Self::Dg14 => 4,
            Self::Dg15 => 5,
            Self::ActiveAuth => 6,
            Self::ChipAuth => 7,
            Self::Unknown(UnknownDataKind(number)) => number,
        }
    }

    /// Whether it comes from the chip and belongs to phase `nfc_reading`.
    #[must_use]
    pub const fn is_nfc(self) -> bool {
        !matches!(self, Self::Selfie | Self::Unknown(_))
    }

    /// The name in a missing-data report (`dg1`, `dg2`, `sod`, …).
    #[must_use]
    pub const fn artifact_name(self) -> Option<&'static str> {
        match self {
            Self::Dg1 => Some("dg1"),
            Self::Dg2 => Some("dg2"),
            Self::Sod => Some("sod"),
            Self::Selfie => Some("selfie"),
            Self::Dg14 => Some("dg14"),
            Self::Dg15 => Some("dg15"),
            Self::ActiveAuth => Some("active_auth"),
            Self::ChipAuth => Some("chip_auth"),
            Self::Unknown(_) => None,
        }
    }
}

/// One chunk of one artifact. Nothing about its numbers has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataPayload {
    /// What it is a chunk of.
    pub kind: DataKind,
    /// The bytes of this chunk.
    pub raw: SecretBytes,
    /// Which artifact of its kind, from 0.
    pub index: u32,
    /// How many artifacts of its kind there are.
    pub total: u32,
    /// Which chunk of the artifact, from 0.
    pub chunk_index: u32,
    /// How many chunks the artifact has; 0 means 1.
    pub chunk_total: u32,
}
