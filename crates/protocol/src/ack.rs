//! The texts of an acknowledgement.

use std::fmt;

use crate::{DataKind, ServerMessage};

/// What an `ack` says was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ack {
    /// `hello_ok`: the attempt is claimed.
    HelloOk,
    /// `phase_ok`: the phase was stored, or ignored as unknown.
    PhaseOk,
    /// `chip_access_received`: how the phone got access to the chip is noted.
    ChipAccessReceived,
    /// `match_ok`: the choice was right, and the verification may go on.
    MatchOk,
    /// `not_me_ok`: the session is cancelled, and the relying party is told why.
    NotMeOk,
    /// `data_chunk_ok_<kind>_<index>_<chunkIndex>`: stored, more chunks are needed.
    DataChunkOk {
        /// Kind of the artifact.
        kind: DataKind,
        /// Which artifact of its kind.
        index: u32,
        /// The chunk that was stored.
        chunk_index: u32,
    },
    /// `data_ok_<kind>_<index>`: the artifact is complete.
    DataOk {
        /// Kind of the artifact.
        kind: DataKind,
        /// Which artifact of its kind.
        index: u32,
    },
}

impl Ack {
    /// The acknowledgement that `text` is, if it is one of this schema.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "hello_ok" => return Some(Self::HelloOk),
            "phase_ok" => return Some(Self::PhaseOk),
            "match_ok" => return Some(Self::MatchOk),
            "not_me_ok" => return Some(Self::NotMeOk),
            "chip_access_received" => return Some(Self::ChipAccessReceived),
            _ => {}
        }
        if let Some(numbers) = text.strip_prefix("data_chunk_ok_") {
            let (kind, rest) = numbers.split_once('_')?;
            let (index, chunk_index) = rest.split_once('_')?;
            return Some(Self::DataChunkOk {
                kind: DataKind::from_number(number(kind)?),
                index: number(index)?,
                chunk_index: number(chunk_index)?,
            });
        }
        let (kind, index) = text.strip_prefix("data_ok_")?.split_once('_')?;
        Some(Self::DataOk { kind: DataKind::from_number(number(kind)?), index: number(index)? })
    }
}

impl fmt::Display for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HelloOk => f.write_str("hello_ok"),
            Self::PhaseOk => f.write_str("phase_ok"),
            Self::ChipAccessReceived => f.write_str("chip_access_received"),
            Self::MatchOk => f.write_str("match_ok"),
            Self::NotMeOk => f.write_str("not_me_ok"),
            Self::DataChunkOk { kind, index, chunk_index } => {
                write!(f, "data_chunk_ok_{}_{index}_{chunk_index}", kind.number())
            }
            Self::DataOk { kind, index } => write!(f, "data_ok_{}_{index}", kind.number()),
        }
    }
}

impl From<Ack> for ServerMessage {
    fn from(ack: Ack) -> Self {
        Self::Ack { message: ack.to_string() }
    }
}

/// Digits only: `parse` alone would also take a sign.
fn number<T: std::str::FromStr>(digits: &str) -> Option<T> {
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}
