//! Evidence cut into chunks.

use std::collections::VecDeque;

use protocol::{DataKind, DataPayload, MissingChunks, SecretBytes, limits};

use crate::PhoneDocument;

/// Everything that one attempt can upload.
pub(super) struct Evidence {
    document: PhoneDocument,
    selfies: [SecretBytes; 3],
    /// Challenge and signature, made for the current socket.
    active_auth: Option<SecretBytes>,
}

/// One chunk of one artifact, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) kind: DataKind,
    pub(super) index: u32,
    pub(super) chunk: u32,
    pub(super) chunks: u32,
}

/// The chunks still to be acknowledged; the first is in flight.
pub(super) type Queue = VecDeque<Chunk>;

impl Evidence {
    pub(super) fn new(document: PhoneDocument, selfies: [SecretBytes; 3]) -> Self {
        Self { document, selfies, active_auth: None }
    }

    pub(super) fn has_active_auth_key(&self) -> bool {
        self.document.dg15.is_some()
    }

    /// Sets what proves the chip, or forgets it: a new socket has a new challenge.
    pub(super) fn set_active_auth(&mut self, challenge: &[u8], signature: Option<&SecretBytes>) {
        self.active_auth = signature
            .map(|signature| SecretBytes::from([challenge, signature.as_slice()].concat()));
    }

    /// Every chunk of every chip file there is.
    pub(super) fn nfc(&self) -> Queue {
        [
            DataKind::Dg1,
            DataKind::Dg2,
            DataKind::Sod,
            DataKind::Dg14,
            DataKind::Dg15,
            DataKind::ActiveAuth,
        ]
        .into_iter()
        .flat_map(|kind| self.chunks(kind, 0, 0))
        .collect()
    }

    /// Every chunk of every selfie.
    pub(super) fn selfies(&self) -> Queue {
        (0..limits::SELFIES).flat_map(|index| self.chunks(DataKind::Selfie, index, 0)).collect()
    }

    /// The chunks of one artifact from `first` on; none if there is no such artifact.
    pub(super) fn chunks(
        &self,
        kind: DataKind,
        index: u32,
        first: u32,
    ) -> impl Iterator<Item = Chunk> + use<> {
        let chunks = self
            .artifact(kind, index)
            .map_or(0, |bytes| chunk_count(bytes.len(), chunk_size(kind)));
        (first..chunks).map(move |chunk| Chunk { kind, index, chunk, chunks })
    }

    /// The chunks that a server reports as missing, as far as they exist.
    pub(super) fn named(&self, reported: &[MissingChunks]) -> Queue {
        reported
            .iter()
            .flat_map(|missing| {
                self.chunks(DataKind::from_number(missing.kind), missing.index, 0)
                    .filter(|chunk| missing.missing_chunk_indices.contains(&chunk.chunk))
            })
            .collect()
    }

    /// All chunks of the artifacts of these names.
    pub(super) fn named_artifacts(&self, names: &[String]) -> Queue {
        [DataKind::Dg1, DataKind::Dg2, DataKind::Sod]
            .into_iter()
            .filter(|kind| names.iter().any(|name| Some(name.as_str()) == kind.artifact_name()))
            .flat_map(|kind| self.chunks(kind, 0, 0))
            .collect()
    }

    /// The message that carries `chunk`.
    pub(super) fn payload(&self, chunk: Chunk) -> DataPayload {
        let size = chunk_size(chunk.kind);
        let raw = self
            .artifact(chunk.kind, chunk.index)
            .and_then(|bytes| {
                let at = usize::try_from(chunk.chunk).ok()?;
                bytes.as_slice().chunks(size).nth(at)
            })
            .unwrap_or_default();
        DataPayload {
            kind: chunk.kind,
            raw: raw.into(),
            index: chunk.index,
            total: match chunk.kind {
                DataKind::Selfie => limits::SELFIES,
                _ => 1,
            },
            chunk_index: chunk.chunk,
            chunk_total: chunk.chunks,
        }
    }

    fn artifact(&self, kind: DataKind, index: u32) -> Option<&SecretBytes> {
        match (kind, index) {
            (DataKind::Dg1, 0) => Some(&self.document.dg1),
            (DataKind::Dg2, 0) => Some(&self.document.dg2),
            (DataKind::Sod, 0) => Some(&self.document.sod),
            (DataKind::Dg14, 0) => self.document.dg14.as_ref(),
            (DataKind::Dg15, 0) => self.document.dg15.as_ref(),
            (DataKind::ActiveAuth, 0) => self.active_auth.as_ref(),
            (DataKind::Selfie, index) => self.selfies.get(usize::try_from(index).ok()?),
            _ => None,
        }
    }
}

const fn chunk_size(kind: DataKind) -> usize {
    match kind {
        DataKind::Selfie => limits::SELFIE_CHUNK_BYTES,
        _ => limits::NFC_CHUNK_BYTES,
    }
}

/// An empty artifact is one empty chunk.
fn chunk_count(len: usize, size: usize) -> u32 {
    u32::try_from(len.div_ceil(size).max(1)).unwrap_or(u32::MAX)
}
