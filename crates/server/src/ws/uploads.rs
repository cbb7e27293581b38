//! What a phone has sent on one socket: chunks, put together under bounds (REFERENCE 4.5, 4.6).
//!
//! It all lives in the memory of the socket, is erased when dropped, and is gone with it.

use std::collections::BTreeMap;

use protocol::codes::SocketCode;
use protocol::{
    Ack, ChunkRetry, DataKind, DataPayload, MissingChunks, NfcMissing, RetryReason, SelfieMissing,
    limits,
};
use zeroize::Zeroizing;

use crate::client_address::ClientAddress;
use crate::limits::{Limits, UploadPlace};

type Bytes = Zeroizing<Vec<u8>>;

/// Bytes, and the room that they take.
struct Piece {
    bytes: Bytes,
    places: Vec<UploadPlace>,
}

/// Artifacts, complete and in the making.
#[derive(Default)]
pub(super) struct Uploads {
    complete: BTreeMap<Slot, Piece>,
    partial: BTreeMap<Slot, Partial>,
    received: usize,
    /// Grows whenever a file that the state signed, or its signature, is other than before.
    revision: u64,
}

/// A chip file has one slot whatever index it is sent under; each selfie has its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    kind: DataKind,
    index: u32,
}

struct Partial {
    chunks: Vec<Option<Piece>>,
    size: usize,
}

/// Why a chunk is refused; the socket stays open.
pub(super) enum Refusal {
    /// A plain code.
    Code(SocketCode),
    /// The chunk can be sent again.
    Retry(ChunkRetry),
}

impl From<SocketCode> for Refusal {
    fn from(code: SocketCode) -> Self {
        Self::Code(code)
    }
}

impl Uploads {
    /// Nothing uploaded yet on this hello, but what the socket received before it still counts.
    pub(super) fn after(earlier: &Self) -> Self {
        Self { received: earlier.received, ..Self::default() }
    }

    /// A number that is the same as long as the document is: DG1, DG2, DG14, DG15 and EF.SOD. The
    /// chip's answer to the challenge and the selfies are no part of it.
    pub(super) const fn revision(&self) -> u64 {
        self.revision
    }

    /// Takes one chunk from an address, if there is room for it.
    pub(super) fn take(
        &mut self,
        payload: DataPayload,
        limits: &Limits,
        address: ClientAddress,
    ) -> Result<Ack, Refusal> {
        let slot = Slot {
            kind: payload.kind,
            index: if payload.kind == DataKind::Selfie { payload.index } else { 0 },
        };
        let total = payload.chunk_total.max(1);
        self.check(&payload, slot, total)?;
        let Some(place) = limits.upload(address, payload.raw.len()) else {
            // Whoever waits for room holds some: the socket is closed, and the phone comes again.
            return Err(SocketCode::RateLimited.into());
        };
        let ack_index = payload.index;
        let (kind, chunk_index) = (payload.kind, payload.chunk_index);
        let raw = payload.raw.into_inner();
        self.received = self.received.saturating_sub(self.replaced(slot, chunk_index)) + raw.len();
        let partial = self.partial.entry(slot).or_insert_with(|| Partial::new(total));
        partial.put(chunk_index, Piece { bytes: raw, places: vec![place] });
        if partial.size > limits::ARTIFACT_BYTES {
            self.partial.remove(&slot);
            return Err(SocketCode::ArtifactTooLarge.into());
        }
        if partial.missing().is_empty() {
            if let Some(whole) = self.partial.remove(&slot).map(Partial::join) {
                if kind == DataKind::ActiveAuth && whole.bytes.len() <= limits::CHALLENGE_BYTES {
                    return Err(SocketCode::ActiveAuthPayloadInvalid.into());
                }
                let same = |held: &Piece| held.bytes == whole.bytes;
                if is_of_document(kind) && !self.complete.get(&slot).is_some_and(same) {
                    self.revision += 1;
                }
                self.complete.insert(slot, whole);
            }
            return Ok(Ack::DataOk { kind, index: ack_index });
        }
        Ok(Ack::DataChunkOk { kind, index: ack_index, chunk_index })
    }

    fn check(&self, payload: &DataPayload, slot: Slot, total: u32) -> Result<(), Refusal> {
        let retry = |reason| {
            Refusal::Retry(ChunkRetry {
                kind: payload.kind.number(),
                index: payload.index,
                chunk_index: payload.chunk_index,
                reason,
            })
        };
        if matches!(payload.kind, DataKind::Unknown(_)) {
            return Err(SocketCode::UnknownDataKind.into());
        }
        let replaced = self.replaced(slot, payload.chunk_index);
        if self.received.saturating_sub(replaced) + payload.raw.len() > limits::TRANSFER_BYTES {
            return Err(SocketCode::TransferTooLarge.into());
        }
        if payload.kind == DataKind::Selfie {
            if payload.total != limits::SELFIES {
                return Err(retry(RetryReason::InvalidSelfieTotal));
            }
            if payload.index >= limits::SELFIES {
                return Err(retry(RetryReason::InvalidSelfieIndex));
            }
        }
        if payload.chunk_index >= total {
            return Err(retry(RetryReason::InvalidChunkRange));
        }
        if total > limits::CHUNKS {
            return Err(SocketCode::ChunkTotalTooLarge.into());
        }
        match self.partial.get(&slot) {
            Some(partial) if partial.total() != total => {
                Err(retry(RetryReason::ChunkTotalMismatch))
            }
            _ => Ok(()),
        }
    }

    /// How many bytes of the same chunk are held already and would be replaced.
    fn replaced(&self, slot: Slot, chunk_index: u32) -> usize {
        self.partial
            .get(&slot)
            .and_then(|partial| partial.chunk(chunk_index))
            .map_or(0, |chunk| chunk.bytes.len())
    }

    /// What is missing before the chip's files can be checked, if anything.
    pub(super) fn missing_chip_files(&self) -> Option<NfcMissing> {
        let missing_artifacts: Vec<String> = [DataKind::Dg1, DataKind::Dg2, DataKind::Sod]
            .into_iter()
            .filter(|kind| !self.complete.contains_key(&Slot { kind: *kind, index: 0 }))
            .filter_map(DataKind::artifact_name)
            .map(str::to_owned)
            .collect();
        let missing_chunks = self.open_chunks(DataKind::is_nfc);
        (!missing_artifacts.is_empty() || !missing_chunks.is_empty())
            .then_some(NfcMissing { missing_artifacts, missing_chunks })
    }

    /// What is missing before the selfies are complete, if anything.
    pub(super) fn missing_selfies(&self) -> Option<SelfieMissing> {
        let missing_selfie_indexes: Vec<u32> = (0..limits::SELFIES)
            .filter(|index| {
                !self.complete.contains_key(&Slot { kind: DataKind::Selfie, index: *index })
            })
            .collect();
        let missing_chunks = self.open_chunks(|kind| kind == DataKind::Selfie);
        (!missing_selfie_indexes.is_empty() || !missing_chunks.is_empty()).then_some(
            SelfieMissing {
                required_total: limits::SELFIES,
                missing_selfie_indexes,
                missing_chunks,
            },
        )
    }

    /// Hands out a chip file, which is then no longer here.
    pub(super) fn remove(&mut self, kind: DataKind) -> Option<Vec<u8>> {
        let piece = self.complete.remove(&Slot { kind, index: 0 });
        piece.map(|mut piece| std::mem::take(&mut *piece.bytes))
    }

    /// Hands out a copy of a chip file.
    pub(super) fn copy(&mut self, kind: DataKind) -> Option<Vec<u8>> {
        self.complete.get(&Slot { kind, index: 0 }).map(|piece| piece.bytes.to_vec())
    }

    /// Forgets everything; what was received still counts.
    pub(super) fn clear(&mut self) {
        self.complete.clear();
        self.partial.clear();
    }

    fn open_chunks(&self, wanted: impl Fn(DataKind) -> bool) -> Vec<MissingChunks> {
        self.partial
            .iter()
            .filter(|(slot, _)| wanted(slot.kind))
            .map(|(slot, partial)| MissingChunks {
                kind: slot.kind.number(),
                index: slot.index,
                chunk_total: partial.total(),
                missing_chunk_indices: partial.missing(),
            })
            .collect()
    }
}

/// Whether passive authentication looks at it.
const fn is_of_document(kind: DataKind) -> bool {
    match kind {
        DataKind::Dg1 | DataKind::Dg2 | DataKind::Sod | DataKind::Dg14 | DataKind::Dg15 => true,
        DataKind::Selfie | DataKind::ActiveAuth | DataKind::ChipAuth | DataKind::Unknown(_) => {
            false
        }
    }
}

impl Partial {
    fn new(total: u32) -> Self {
        Self { chunks: (0..total).map(|_| None).collect(), size: 0 }
    }

    fn total(&self) -> u32 {
        u32::try_from(self.chunks.len()).unwrap_or(u32::MAX)
    }

    fn chunk(&self, index: u32) -> Option<&Piece> {
        self.chunks.get(usize::try_from(index).ok()?)?.as_ref()
    }

    fn put(&mut self, index: u32, chunk: Piece) {
        let Some(place) = usize::try_from(index).ok().and_then(|index| self.chunks.get_mut(index))
        else {
            return;
        };
        self.size += chunk.bytes.len();
        if let Some(old) = place.replace(chunk) {
            self.size -= old.bytes.len();
        }
    }

    fn missing(&self) -> Vec<u32> {
        (0..)
            .zip(&self.chunks)
            .filter(|(_, chunk)| chunk.is_none())
            .map(|(index, _)| index)
            .collect()
    }

    fn join(self) -> Piece {
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.size));
        let mut places = Vec::new();
        for chunk in self.chunks.into_iter().flatten() {
            bytes.extend_from_slice(&chunk.bytes);
            places.extend(chunk.places);
        }
        Piece { bytes, places }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::net::Ipv4Addr;
    use std::sync::Arc;

    use protocol::SecretBytes;

    use super::*;
    use crate::clock::SystemClock;
    use crate::limits::RateLimits;

    /// Whether an upload of this kind makes it another document.
    fn changes(uploads: &mut Uploads, kind: DataKind, bytes: &[u8]) -> bool {
        let before = uploads.revision();
        let total = if kind == DataKind::Selfie { limits::SELFIES } else { 1 };
        let raw = SecretBytes::from(bytes.to_vec());
        let payload = DataPayload { kind, raw, index: 0, total, chunk_index: 0, chunk_total: 1 };
        let limits = Limits::new(RateLimits::default(), Arc::new(SystemClock));
        let address = ClientAddress::Known(Ipv4Addr::LOCALHOST.into());
        assert!(uploads.take(payload, &limits, address).is_ok());
        uploads.revision() != before
    }

    #[test]
    fn only_what_the_state_signed_makes_it_another_document() {
        let mut uploads = Uploads::default();
        let signed = [DataKind::Dg1, DataKind::Dg2, DataKind::Sod, DataKind::Dg14, DataKind::Dg15];
        for kind in signed {
            assert!(changes(&mut uploads, kind, &[1; 9]), "{kind:?}");
            assert!(!changes(&mut uploads, kind, &[1; 9]), "{kind:?} again");
            assert!(changes(&mut uploads, kind, &[2; 9]), "{kind:?} replaced");
        }
        for kind in [DataKind::Selfie, DataKind::ActiveAuth, DataKind::ChipAuth] {
            assert!(!changes(&mut uploads, kind, &[1; 9]), "{kind:?}");
        }
    }

    /// Sockets of one address, each well within its own bounds.
    #[test]
    fn an_address_holds_so_much_and_gives_it_back() {
        let limits = Limits::new(RateLimits::default(), Arc::new(SystemClock));
        let fill = |uploads: &mut Uploads, address: u8| {
            for index in 0..limits::SELFIES {
                for chunk_index in 0..32 {
                    let raw = SecretBytes::from(vec![0; 256 * 1024]);
                    let (kind, total) = (DataKind::Selfie, limits::SELFIES);
                    let payload =
                        DataPayload { kind, raw, index, total, chunk_index, chunk_total: 32 };
                    let address = ClientAddress::Known(Ipv4Addr::new(198, 51, 100, address).into());
                    uploads.take(payload, &limits, address)?;
                }
            }
            Ok::<_, Refusal>(())
        };
        let mut sockets: Vec<_> = (0..3).map(|_| Uploads::default()).collect();
        let refused = sockets.iter_mut().filter_map(|uploads| fill(uploads, 1).err()).last();
        assert!(matches!(refused, Some(Refusal::Code(SocketCode::RateLimited))), "72 MiB");
        assert!(fill(&mut Uploads::default(), 2).is_ok(), "another address has its own room");
        sockets[0].clear();
        assert!(fill(&mut Uploads::default(), 1).is_ok(), "what is judged makes room");
        assert!(fill(&mut Uploads::default(), 1).is_ok(), "and what is dropped");
    }
}
