//! From phase to phase: what is read, signed and uploaded in each.

use protocol::{ClientMessage, Phase, SecretBytes};

use super::confirm::Resume;
use super::upload::{Chunk, Queue};
use super::{Action, ChipReading, Conversation, Outcome, Progress, State};

impl Conversation {
    /// A phase that fits whether or not the last acknowledgement got lost: the
    /// server has stored `reached` or the one after it.
    pub(super) fn first_phase(&self) -> Phase {
        match self.reached {
            None => Phase::MobileConnected,
            Some(reached) => {
                reached.next().map_or(Phase::NfcReading, |next| next.min(Phase::NfcReading))
            }
        }
    }

    pub(super) fn phase_reached(&mut self, phase: Phase) -> Vec<Action> {
        self.reached = self.reached.max(Some(phase));
        let mut actions = vec![Action::Progress(Progress::PhaseReached(phase))];
        actions.extend(self.confirm_then(Resume::After(phase)));
        actions
    }

    /// What follows an acknowledged phase.
    pub(super) fn after(&mut self, phase: Phase) -> Vec<Action> {
        match phase {
            Phase::NfcReading => self.begin_nfc(),
            Phase::SelfieCapturing => self.upload(self.evidence.selfies(), Phase::SelfieComplete),
            _ => match phase.next() {
                Some(next) => self.send_phase(next),
                None => Vec::new(),
            },
        }
    }

    fn begin_nfc(&mut self) -> Vec<Action> {
        if !self.evidence.has_document() {
            self.state = State::Reading;
            return vec![Action::ReadChip];
        }
        match &self.challenge {
            Some(challenge) if self.evidence.has_active_auth_key() => {
                self.state = State::Signing;
                vec![Action::Sign { challenge: challenge.clone() }]
            }
            _ => self.upload(self.evidence.nfc(), Phase::NfcComplete),
        }
    }

    /// The chip is being read. The server is told in steps, and only one that may show it: the
    /// acknowledgements come before those of the files, and are passed over.
    pub(super) fn chip_progress(&mut self, percent: u8) -> Vec<Action> {
        let step = percent.min(100) / PROGRESS_STEP * PROGRESS_STEP;
        let is_new = matches!(self.state, State::Reading) && step > self.told_percent;
        if !is_new || !self.page.is_described() {
            return Vec::new();
        }
        self.told_percent = step;
        vec![Action::Send(phase_message(Phase::NfcReading, step))]
    }

    pub(super) fn chip_read(&mut self, reading: Option<ChipReading>) -> Vec<Action> {
        let is_awaited = matches!(self.state, State::Reading);
        match reading {
            // Kept even where the socket was lost meanwhile.
            Some(reading) => self.evidence.set_reading(reading),
            None if is_awaited => return self.finish(Outcome::ChipUnread),
            None => {}
        }
        if is_awaited { self.begin_nfc() } else { Vec::new() }
    }

    pub(super) fn signed(&mut self, signature: Option<&SecretBytes>) -> Vec<Action> {
        if !matches!(self.state, State::Signing) {
            return Vec::new();
        }
        let challenge = self.challenge.as_deref().unwrap_or_default();
        self.evidence.set_active_auth(challenge, signature);
        self.upload(self.evidence.nfc(), Phase::NfcComplete)
    }

    pub(super) fn upload(&mut self, queue: Queue, then: Phase) -> Vec<Action> {
        let Some(&chunk) = queue.front() else {
            return match then {
                Phase::NfcComplete => self.files_uploaded(),
                then => self.send_phase(then),
            };
        };
        self.state = State::Uploading { queue, then };
        vec![Action::Send(ClientMessage::Data(self.evidence.payload(chunk)))]
    }

    pub(super) fn uploaded(&mut self, chunk: Chunk) -> Vec<Action> {
        let State::Uploading { queue, then } = &mut self.state else {
            return Vec::new();
        };
        let (mut queue, then) = (std::mem::take(queue), *then);
        queue.pop_front();
        let mut actions = vec![Action::Progress(Progress::Uploaded {
            kind: chunk.kind,
            index: chunk.index,
            chunk: chunk.chunk,
            chunks: chunk.chunks,
        })];
        actions.extend(self.upload(queue, then));
        actions
    }

    pub(super) fn send_phase(&mut self, phase: Phase) -> Vec<Action> {
        self.state = State::PhaseSent(phase);
        vec![Action::Send(phase_message(phase, 0))]
    }
}

/// Percent of the chip between two messages about it.
const PROGRESS_STEP: u8 = 10;

fn phase_message(phase: Phase, progress: u8) -> ClientMessage {
    ClientMessage::Phase { phase: phase.as_str().to_owned(), error: String::new(), progress }
}
