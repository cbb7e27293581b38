//! Evidence cut into chunks.

use std::collections::VecDeque;

use emrtd::lds::dg14::Dg14;
use emrtd::read::Access;
use protocol::{DataKind, DataPayload, MissingChunks, SecretBytes, limits};

use super::{ChipReading, Source};
use crate::PhoneDocument;

/// Everything that one attempt can upload.
pub(super) struct Evidence {
    /// `None` until the chip at hand was read.
    document: Option<PhoneDocument>,
    /// How access to the chip at hand was gained; `None` where there is none.
    access: Option<Access>,
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
    pub(super) fn new(source: Source, selfies: [SecretBytes; 3]) -> Self {
        let document = match source {
            Source::Files(document) => Some(document),
            Source::Chip => None,
        };
        Self { document, access: None, selfies, active_auth: None }
    }

    pub(super) fn has_document(&self) -> bool {
        self.document.is_some()
    }

    /// Takes what the chip gave, once.
    pub(super) fn set_reading(&mut self, reading: ChipReading) {
        if self.document.is_none() {
            self.document = Some(reading.document);
            self.access = Some(reading.access);
        }
    }

    pub(super) fn access(&self) -> Option<Access> {
        self.access
    }

    pub(super) fn has_active_auth_key(&self) -> bool {
        self.document.as_ref().is_some_and(|document| document.dg15.is_some())
    }

    /// Whether there is a chip at hand whose DG14 has a key for chip authentication.
    pub(super) fn offers_chip_authentication(&self) -> bool {
        let Some(dg14) = self.document.as_ref().and_then(|document| document.dg14.as_ref()) else {
            return false;
        };
        self.access.is_some()
            && Dg14::parse(dg14.as_slice())
                .is_ok_and(|dg14| dg14.security_infos().chip_public_keys().next().is_some())
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
        let document = self.document.as_ref();
        match (kind, index) {
            (DataKind::Dg1, 0) => document.map(|document| &document.dg1),
            (DataKind::Dg2, 0) => document.map(|document| &document.dg2),
            (DataKind::Sod, 0) => document.map(|document| &document.sod),
            (DataKind::Dg14, 0) => document.and_then(|document| document.dg14.as_ref()),
            (DataKind::Dg15, 0) => document.and_then(|document| document.dg15.as_ref()),
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
