//! The JSON that some error messages carry, so that a phone can repair an upload.
//!
//! Messages have at most [`limits::TEXT_BYTES`]: a list that does not fit loses
//! its last entries, which the phone is told of once the first are repaired.

use serde::{Deserialize, Serialize};

use crate::limits;

/// Message of `DATA_CHUNK_RETRY`: send again from this chunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkRetry {
    /// Number of the data kind.
    pub kind: u16,
    /// Which artifact of its kind.
    pub index: u32,
    /// The chunk to start again at.
    #[serde(rename = "chunkIndex")]
    pub chunk_index: u32,
    /// What was wrong.
    pub reason: RetryReason,
}

/// Why a chunk must be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryReason {
    /// `index` is not below `total`, or `total` is not possible.
    InvalidIndexOrTotal,
    /// There are three selfies, not `total`.
    InvalidSelfieTotal,
    /// Selfies are numbered 0 to 2.
    InvalidSelfieIndex,
    /// `chunkIndex` is not below `chunkTotal`.
    InvalidChunkRange,
    /// `chunkTotal` differs from the artifact's earlier chunks.
    ChunkTotalMismatch,
    /// A reason that this version does not name.
    #[serde(other)]
    Unrecognised,
}

/// An artifact of which some chunks are missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingChunks {
    /// Number of the data kind.
    pub kind: u16,
    /// Which artifact of its kind.
    pub index: u32,
    /// How many chunks it has.
    pub chunk_total: u32,
    /// The chunks that have not arrived, ascending.
    pub missing_chunk_indices: Vec<u32>,
}

/// Message of `NFC_REQUIRED_DATA_MISSING`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NfcMissing {
    /// Names of required artifacts of which nothing arrived (`dg1`, `dg2`, `sod`).
    pub missing_artifacts: Vec<String>,
    /// Artifacts that are incomplete.
    pub missing_chunks: Vec<MissingChunks>,
}

/// Message of `SELFIE_REQUIRED_DATA_MISSING`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelfieMissing {
    /// How many selfies are needed.
    pub required_total: u32,
    /// Selfies of which nothing arrived.
    pub missing_selfie_indexes: Vec<u32>,
    /// Selfies that are incomplete.
    pub missing_chunks: Vec<MissingChunks>,
}

impl ChunkRetry {
    /// The error message.
    #[must_use]
    pub fn to_message(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads an error message.
    #[must_use]
    pub fn parse(message: &str) -> Option<Self> {
        serde_json::from_str(message).ok()
    }
}

impl NfcMissing {
    /// The error message, cut to fit.
    #[must_use]
    pub fn to_message(&self) -> String {
        fit(self, |report| {
            drop_last_chunk(&mut report.missing_chunks) || drop_last(&mut report.missing_artifacts)
        })
    }

    /// Reads an error message.
    #[must_use]
    pub fn parse(message: &str) -> Option<Self> {
        serde_json::from_str(message).ok()
    }
}

impl SelfieMissing {
    /// The error message, cut to fit.
    #[must_use]
    pub fn to_message(&self) -> String {
        fit(self, |report| {
            drop_last_chunk(&mut report.missing_chunks)
                || drop_last(&mut report.missing_selfie_indexes)
        })
    }

    /// Reads an error message.
    #[must_use]
    pub fn parse(message: &str) -> Option<Self> {
        serde_json::from_str(message).ok()
    }
}

/// Shortens a copy of `report` one entry at a time until its JSON fits.
/// `shorten` answers whether there was something left to drop.
fn fit<T: Clone + Serialize>(report: &T, shorten: impl Fn(&mut T) -> bool) -> String {
    let mut report = report.clone();
    loop {
        let json = serde_json::to_string(&report).unwrap_or_default();
        if json.len() <= limits::TEXT_BYTES || !shorten(&mut report) {
            return json;
        }
    }
}

/// Drops the last missing chunk; each artifact keeps one as long as possible,
/// because the first of each is what lets the phone find it.
fn drop_last_chunk(artifacts: &mut Vec<MissingChunks>) -> bool {
    match artifacts.iter_mut().rev().find(|artifact| artifact.missing_chunk_indices.len() > 1) {
        Some(artifact) => artifact.missing_chunk_indices.pop().is_some(),
        None => drop_last(artifacts),
    }
}

/// Drops the last entry but never the only one: an empty report would tell the
/// phone nothing.
fn drop_last<T>(entries: &mut Vec<T>) -> bool {
    entries.len() > 1 && entries.pop().is_some()
}
