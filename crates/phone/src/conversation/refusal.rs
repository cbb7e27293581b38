//! What can be mended of what the server refused.

use protocol::codes::SocketCode;
use protocol::{ChunkRetry, DataKind, NfcMissing, Phase, SelfieMissing};

use super::upload::Queue;
use super::{Action, Conversation, Outcome, State};

impl Conversation {
    pub(super) fn refused(&mut self, code: String, message: String) -> Vec<Action> {
        let known = SocketCode::parse(&code);
        let repair = match known {
            Some(
                SocketCode::InternalError
                | SocketCode::PongMissing
                | SocketCode::ConnectionIdle
                | SocketCode::RateLimited,
            ) => {
                self.server_failure = Some((code, message));
                return self.lost();
            }
            Some(SocketCode::MatchCodeRequired) => self.confirm_first(),
            Some(SocketCode::DataChunkRetry) => self.retry_chunk(&message),
            Some(SocketCode::NfcRequiredDataMissing) => self.resend_nfc(&message),
            Some(SocketCode::SelfieRequiredDataMissing) => self.resend_selfies(&message),
            Some(
                SocketCode::ShareSelectionRequired
                | SocketCode::ShareSelectionInvalidField
                | SocketCode::ShareSelectionMissingRequired,
            ) => self.choose_again(),
            _ if self.is_disowned() && ends_the_session(known) => Some(self.finish(Outcome::NotMe)),
            // A session that ended while the answer to a selection got lost may
            // have ended because of it.
            Some(SocketCode::AttemptNotFound | SocketCode::SessionExpired)
                if matches!(self.state, State::HelloSent { .. }) =>
            {
                self.in_doubt.take().map(|keys| self.finish(Outcome::Unconfirmed { keys }))
            }
            _ => None,
        };
        repair.unwrap_or_else(|| self.finish(Outcome::Refused { code, message }))
    }

    fn retry_chunk(&mut self, message: &str) -> Option<Vec<Action>> {
        let retry = ChunkRetry::parse(message)?;
        let State::Uploading { queue, then } = &self.state else {
            return None;
        };
        let current = *queue.front()?;
        if (current.kind.number(), current.index) != (retry.kind, retry.index) {
            return None;
        }
        let mut again: Queue =
            self.evidence.chunks(current.kind, current.index, retry.chunk_index).collect();
        if again.is_empty() {
            return None;
        }
        let others =
            queue.iter().filter(|chunk| (chunk.kind, chunk.index) != (current.kind, current.index));
        again.extend(others);
        let then = *then;
        self.repair(again, then)
    }

    fn resend_nfc(&mut self, message: &str) -> Option<Vec<Action>> {
        if !matches!(self.state, State::PhaseSent(Phase::NfcComplete)) {
            return None;
        }
        let missing = NfcMissing::parse(message)?;
        let mut queue = self.evidence.named_artifacts(&missing.missing_artifacts);
        queue.extend(self.evidence.named(&missing.missing_chunks));
        self.repair(queue, Phase::NfcComplete)
    }

    fn resend_selfies(&mut self, message: &str) -> Option<Vec<Action>> {
        if !matches!(self.state, State::PhaseSent(Phase::SelfieComplete)) {
            return None;
        }
        let missing = SelfieMissing::parse(message)?;
        let mut queue: Queue = missing
            .missing_selfie_indexes
            .iter()
            .take(3)
            .flat_map(|index| self.evidence.chunks(DataKind::Selfie, *index, 0))
            .collect();
        queue.extend(self.evidence.named(&missing.missing_chunks));
        self.repair(queue, Phase::SelfieComplete)
    }

    /// Uploads `queue` unless it is empty or this socket was repaired too often.
    fn repair(&mut self, queue: Queue, then: Phase) -> Option<Vec<Action>> {
        self.repairs += 1;
        if queue.is_empty() || self.repairs > Self::MAX_REPAIRS {
            return None;
        }
        Some(self.upload(queue, then))
    }
}

/// Whether this is what a hello hears of a session that was cancelled.
fn ends_the_session(code: Option<SocketCode>) -> bool {
    matches!(
        code,
        Some(
            SocketCode::SessionCancelled | SocketCode::SessionExpired | SocketCode::AttemptNotFound
        )
    )
}
