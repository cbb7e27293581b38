//! What a phone says and when, without I/O.
//!
//! ```text
//! hello → mobile_connected → mrz_scanning → mrz_complete → nfc_reading
//!       → chip files → chip authentication → nfc_complete
//!       → selfie_capturing → selfies
//!       → selfie_complete → verdict, share request → selection → share ready
//! ```
//! One request is in flight at a time. A server forgets uploads with the socket
//! and resumes at `nfc_reading` at the latest, so after a loss the chip files
//! and the selfies are sent again.
//!
//! A chip at hand ([`Source::Chip`]) is read in `nfc_reading`, after the server
//! gave its challenge, so that it is held to the phone once.

mod relay;
mod upload;

use std::time::Duration;

use emrtd::read::Access;
use protocol::codes::SocketCode;
use protocol::{
    Ack, ChunkRetry, ClientMessage, DataKind, HandoffLink, Hello, NfcMissing, Phase, SecretBytes,
    SecretText, SelfieMissing, ServerMessage, ShareRequest, Verdict, VerdictOutcome,
};

use crate::PhoneDocument;
use crate::relayed::RelayRefusal;
pub use relay::AccessWords;
use relay::Relay;
use upload::{Chunk, Evidence, Queue};

/// How long to wait before each of the tries to reconnect.
pub const BACKOFF: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
];

/// One phone in one attempt.
pub struct Conversation {
    session_id: String,
    hello: ClientMessage,
    evidence: Evidence,
    backoff: [Duration; 5],
    state: State,
    /// The last phase that the server acknowledged, on any socket.
    reached: Option<Phase>,
    /// What the chip shall sign on this socket.
    challenge: Option<Vec<u8>>,
    /// Chip authentication on this socket.
    relay: Relay,
    /// The last request and what was chosen, so that a holder is asked once.
    chosen: Option<(ShareRequest, Vec<String>)>,
    /// A selection was sent whose fate is not known.
    in_doubt: Option<Vec<String>>,
    said_hello: bool,
    failures_in_a_row: usize,
    reconnects: usize,
    repairs: usize,
    /// The server's own failure, when that ended the last socket.
    server_failure: Option<(String, String)>,
}

/// Where the files of the chip come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// They were read before, and there is no chip to relay to.
    Files(PhoneDocument),
    /// A chip is at hand: see [`Action::ReadChip`].
    Chip,
}

impl From<PhoneDocument> for Source {
    fn from(document: PhoneDocument) -> Self {
        Self::Files(document)
    }
}

/// What reading a chip gave.
#[derive(Clone, Debug)]
pub struct ChipReading {
    /// Its files.
    pub document: PhoneDocument,
    /// How access was gained.
    pub access: Access,
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// A socket is open.
    Connected,
    /// The server said something.
    Message(ServerMessage),
    /// The socket is gone, or could not be opened, or was silent for too long.
    Disconnected,
    /// The holder's answer to [`Action::AskShare`].
    Answer(ShareChoice),
    /// The chip's answer to [`Action::Sign`]; `None` when there is no chip.
    Signed(Option<SecretBytes>),
    /// The outcome of [`Action::ReadChip`]; `None` when the chip could not be read.
    ChipRead(Option<Box<ChipReading>>),
    /// The chip's answers to [`Action::Relay`], at least one; `None` when they
    /// could not be had, as when the tag was lost.
    Relayed(Option<Vec<SecretBytes>>),
}

/// What to do, in this order.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Send a message on the open socket.
    Send(ClientMessage),
    /// Read the chip, then report [`Event::ChipRead`].
    ReadChip,
    /// Relay commands of the server to the chip (9303-11 §6.2), then report
    /// [`Event::Relayed`].
    Relay {
        /// In this order.
        commands: Vec<SecretBytes>,
        /// Whether they go to the chip as they are. Otherwise each goes under the
        /// session with the chip, and its answer comes out of it.
        protected: bool,
    },
    /// Let the chip sign the challenge (active authentication, 9303-11 §6.1),
    /// then report [`Event::Signed`].
    Sign {
        /// What to sign.
        challenge: Vec<u8>,
    },
    /// Show the request to the holder, then report [`Event::Answer`].
    AskShare(ShareRequest),
    /// Drop the socket if there is one, wait, open another, then report
    /// [`Event::Connected`] or [`Event::Disconnected`].
    Reconnect {
        /// How long to wait.
        after: Duration,
    },
    /// Tell the user.
    Progress(Progress),
    /// Close the socket; nothing follows.
    Finish(Outcome),
}

/// How far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The server knows this phone.
    HelloAccepted {
        /// Not for the first time.
        resumed: bool,
    },
    /// The server acknowledged a phase.
    PhaseReached(Phase),
    /// The server has a chunk.
    Uploaded {
        /// Of which artifact.
        kind: DataKind,
        /// Which of its kind.
        index: u32,
        /// Which chunk, from 0.
        chunk: u32,
        /// Of how many.
        chunks: u32,
    },
    /// The chip is being authenticated: the server's commands are relayed.
    ChipAuthentication {
        /// Whether the key agreement is over and the server talks to the chip itself.
        protected: bool,
    },
    /// Document and face convinced.
    Accepted,
    /// The relying party's request is here.
    ShareRequested,
    /// The selection is on its way.
    SelectionSent,
    /// The socket is lost and will be opened again.
    Reconnecting {
        /// Which reconnection of this conversation, from 1.
        number: usize,
    },
}

/// Which fields the holder shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShareChoice {
    /// Every requested field.
    All,
    /// The required fields only.
    Required,
    /// Exactly these keys.
    Keys(Vec<String>),
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The fields are shared.
    Shared {
        /// Their keys, as the server confirmed them.
        keys: Vec<String>,
    },
    /// The selection was sent and then the connection or the session ended: the
    /// fields may or may not have been shared.
    Unconfirmed {
        /// The keys sent.
        keys: Vec<String>,
    },
    /// Document or face did not convince.
    Rejected {
        /// A [`protocol::codes::FailureCode`].
        code: String,
        /// For people.
        message: String,
        /// Whether a new handoff can try again.
        retry_allowed: bool,
        /// How many attempts are left.
        remaining_attempts: u32,
    },
    /// The server refused to go on.
    Refused {
        /// A [`SocketCode`].
        code: String,
        /// For people.
        message: String,
    },
    /// No connection after the last try.
    LostConnection,
    /// The chip could not be read.
    ChipUnread,
    /// The server has sent commands for the chip that are not those of chip
    /// authentication. None of them was carried, and the conversation was left.
    CommandsRefused(RelayRefusal),
}

enum State {
    Connecting,
    HelloSent,
    PhaseSent(Phase),
    Reading,
    Signing,
    Uploading {
        queue: Queue,
        then: Phase,
    },
    AccessSent,
    /// Chip authentication, the server's turn.
    RelaySent,
    /// Chip authentication, the chip's turn.
    Relaying,
    AwaitingRequest,
    Choosing(ShareRequest),
    SelectionSent(ShareRequest),
    Finished,
}

impl Conversation {
    /// Most reconnections of one conversation, however far it comes in between.
    pub const MAX_RECONNECTS: usize = 20;
    /// Most repairs (chunks to send again, selections to correct) on one socket.
    pub const MAX_REPAIRS: usize = 16;

    /// A conversation about to connect. `device_id` must be the same whenever
    /// the same attempt is resumed.
    #[must_use]
    pub fn new(
        link: &HandoffLink,
        device_id: SecretText,
        app_version: String,
        source: impl Into<Source>,
        selfies: [SecretBytes; 3],
    ) -> Self {
        Self {
            session_id: link.session_id().to_owned(),
            hello: ClientMessage::Hello(Hello {
                attempt_id: link.attempt_id().to_owned(),
                mobile_write_token: link.mobile_write_token().clone(),
                device_id,
                app_version,
                ..Hello::default()
            }),
            evidence: Evidence::new(source.into(), selfies),
            backoff: BACKOFF,
            state: State::Connecting,
            reached: None,
            challenge: None,
            relay: Relay::default(),
            chosen: None,
            in_doubt: None,
            said_hello: false,
            failures_in_a_row: 0,
            reconnects: 0,
            repairs: 0,
            server_failure: None,
        }
    }

    /// Other waits than [`BACKOFF`].
    #[must_use]
    pub fn with_backoff(mut self, backoff: [Duration; 5]) -> Self {
        self.backoff = backoff;
        self
    }

    /// Takes one event and answers what to do. Events that do not fit the state
    /// (a late answer, an acknowledgement of nothing) are ignored.
    #[must_use]
    pub fn handle(&mut self, event: Event) -> Vec<Action> {
        if matches!(self.state, State::Finished) {
            return Vec::new();
        }
        match event {
            Event::Connected => self.connected(),
            Event::Message(message) => self.message(message),
            Event::Disconnected => self.lost(),
            Event::Answer(choice) => self.answered(&choice),
            Event::Signed(signature) => self.signed(signature.as_ref()),
            Event::ChipRead(reading) => self.chip_read(reading.map(|reading| *reading)),
            Event::Relayed(answers) => self.relayed(answers),
        }
    }

    /// Whether [`Action::Finish`] was given.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        matches!(self.state, State::Finished)
    }

    fn connected(&mut self) -> Vec<Action> {
        if !matches!(self.state, State::Connecting) {
            return Vec::new();
        }
        self.state = State::HelloSent;
        self.challenge = None;
        self.relay = Relay::default();
        self.repairs = 0;
        self.evidence.set_active_auth(&[], None);
        vec![Action::Send(self.hello.clone())]
    }

    fn message(&mut self, message: ServerMessage) -> Vec<Action> {
        // What a dropped socket had still buffered is about the past.
        if matches!(self.state, State::Connecting) {
            return Vec::new();
        }
        match message {
            ServerMessage::Ack { message } => match Ack::parse(&message) {
                Some(ack) => self.acknowledged(ack),
                None => Vec::new(),
            },
            ServerMessage::Error { code, message } => self.refused(code, message),
            ServerMessage::Verdict(verdict) => self.judged(verdict),
            ServerMessage::ShareRequest(request) => self.requested(request),
            ServerMessage::ShareReady { keys, .. } => match self.state {
                State::SelectionSent(_) => self.finish(Outcome::Shared { keys }),
                _ => Vec::new(),
            },
            ServerMessage::ActiveAuthChallenge { challenge, chip_auth_relay } => {
                self.challenge = Some(challenge);
                self.relay.is_offered = chip_auth_relay;
                Vec::new()
            }
            ServerMessage::ChipAuth { commands, protected } => self.commanded(commands, protected),
            ServerMessage::DeviceChallenge { .. } | ServerMessage::HandoffContext(_) => Vec::new(),
        }
    }

    fn acknowledged(&mut self, ack: Ack) -> Vec<Action> {
        match (&self.state, ack) {
            (State::HelloSent, Ack::HelloOk) => {
                let resumed = std::mem::replace(&mut self.said_hello, true);
                self.failures_in_a_row = 0;
                self.server_failure = None;
                let mut actions = vec![Action::Progress(Progress::HelloAccepted { resumed })];
                actions.extend(self.send_phase(self.first_phase()));
                actions
            }
            // The verdict answers this phase; an acknowledgement says nothing.
            (State::PhaseSent(Phase::SelfieComplete), Ack::PhaseOk) => Vec::new(),
            (&State::PhaseSent(phase), Ack::PhaseOk) => self.phase_reached(phase),
            (State::Uploading { queue, .. }, ack) => match queue.front() {
                Some(&chunk) if answers(ack, chunk) => self.uploaded(chunk),
                _ => Vec::new(),
            },
            (State::AccessSent, Ack::ChipAccessReceived) => self.begin_relay(),
            _ => Vec::new(),
        }
    }

    /// A phase that fits whether or not the last acknowledgement got lost: the
    /// server has stored `reached` or the one after it.
    fn first_phase(&self) -> Phase {
        match self.reached {
            None => Phase::MobileConnected,
            Some(reached) => {
                reached.next().map_or(Phase::NfcReading, |next| next.min(Phase::NfcReading))
            }
        }
    }

    fn phase_reached(&mut self, phase: Phase) -> Vec<Action> {
        self.reached = self.reached.max(Some(phase));
        let mut actions = vec![Action::Progress(Progress::PhaseReached(phase))];
        actions.extend(match phase {
            Phase::NfcReading => self.begin_nfc(),
            Phase::SelfieCapturing => self.upload(self.evidence.selfies(), Phase::SelfieComplete),
            _ => match phase.next() {
                Some(next) => self.send_phase(next),
                None => Vec::new(),
            },
        });
        actions
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

    fn chip_read(&mut self, reading: Option<ChipReading>) -> Vec<Action> {
        let is_awaited = matches!(self.state, State::Reading);
        match reading {
            // Kept even where the socket was lost meanwhile.
            Some(reading) => self.evidence.set_reading(reading),
            None if is_awaited => return self.finish(Outcome::ChipUnread),
            None => {}
        }
        if is_awaited { self.begin_nfc() } else { Vec::new() }
    }

    fn signed(&mut self, signature: Option<&SecretBytes>) -> Vec<Action> {
        if !matches!(self.state, State::Signing) {
            return Vec::new();
        }
        let challenge = self.challenge.as_deref().unwrap_or_default();
        self.evidence.set_active_auth(challenge, signature);
        self.upload(self.evidence.nfc(), Phase::NfcComplete)
    }

    fn upload(&mut self, queue: Queue, then: Phase) -> Vec<Action> {
        let Some(&chunk) = queue.front() else {
            return match then {
                Phase::NfcComplete => self.files_uploaded(),
                then => self.send_phase(then),
            };
        };
        self.state = State::Uploading { queue, then };
        vec![Action::Send(ClientMessage::Data(self.evidence.payload(chunk)))]
    }

    fn uploaded(&mut self, chunk: Chunk) -> Vec<Action> {
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

    fn send_phase(&mut self, phase: Phase) -> Vec<Action> {
        self.state = State::PhaseSent(phase);
        vec![Action::Send(ClientMessage::Phase {
            phase: phase.as_str().to_owned(),
            error: String::new(),
        })]
    }

    fn judged(&mut self, verdict: Verdict) -> Vec<Action> {
        match verdict.outcome {
            VerdictOutcome::Rejected => self.finish(Outcome::Rejected {
                code: verdict.reason_code,
                message: verdict.reason_message,
                retry_allowed: verdict.retry_allowed,
                remaining_attempts: verdict.remaining_attempts,
            }),
            VerdictOutcome::Accepted => {
                if !matches!(self.state, State::PhaseSent(Phase::SelfieComplete)) {
                    return Vec::new();
                }
                self.state = State::AwaitingRequest;
                vec![Action::Progress(Progress::Accepted)]
            }
        }
    }

    fn requested(&mut self, request: ShareRequest) -> Vec<Action> {
        if !matches!(self.state, State::AwaitingRequest) {
            return Vec::new();
        }
        if request.session_id != self.session_id {
            return self.finish(Outcome::Refused {
                code: SocketCode::InvalidSessionId.as_str().to_owned(),
                message: "the share request names another session".to_owned(),
            });
        }
        let mut actions = vec![Action::Progress(Progress::ShareRequested)];
        match self.chosen.take() {
            Some((asked, keys)) if asked == request => {
                actions.extend(self.select(request, keys));
            }
            _ => {
                self.state = State::Choosing(request.clone());
                actions.push(Action::AskShare(request));
            }
        }
        actions
    }

    fn answered(&mut self, choice: &ShareChoice) -> Vec<Action> {
        match std::mem::replace(&mut self.state, State::Connecting) {
            State::Choosing(request) => {
                let keys = choice.keys(&request);
                self.select(request, keys)
            }
            other => {
                self.state = other;
                Vec::new()
            }
        }
    }

    fn select(&mut self, request: ShareRequest, keys: Vec<String>) -> Vec<Action> {
        self.chosen = Some((request.clone(), keys.clone()));
        self.in_doubt = Some(keys.clone());
        self.state = State::SelectionSent(request);
        vec![
            Action::Send(ClientMessage::ShareSelection {
                session_id: self.session_id.clone(),
                keys,
            }),
            Action::Progress(Progress::SelectionSent),
        ]
    }

    fn refused(&mut self, code: String, message: String) -> Vec<Action> {
        let known = SocketCode::parse(&code);
        let repair = match known {
            Some(SocketCode::InternalError) => {
                self.server_failure = Some((code, message));
                return self.lost();
            }
            Some(SocketCode::DataChunkRetry) => self.retry_chunk(&message),
            Some(SocketCode::NfcRequiredDataMissing) => self.resend_nfc(&message),
            Some(SocketCode::SelfieRequiredDataMissing) => self.resend_selfies(&message),
            Some(
                SocketCode::ShareSelectionRequired
                | SocketCode::ShareSelectionInvalidField
                | SocketCode::ShareSelectionMissingRequired,
            ) => self.choose_again(),
            // A session that ended while the answer to a selection got lost may
            // have ended because of it.
            Some(SocketCode::AttemptNotFound | SocketCode::SessionExpired)
                if matches!(self.state, State::HelloSent) =>
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

    fn choose_again(&mut self) -> Option<Vec<Action>> {
        let State::SelectionSent(request) = &self.state else {
            return None;
        };
        let request = request.clone();
        self.chosen = None;
        self.in_doubt = None;
        self.repairs += 1;
        if self.repairs > Self::MAX_REPAIRS {
            return None;
        }
        self.state = State::Choosing(request.clone());
        Some(vec![Action::AskShare(request)])
    }

    fn lost(&mut self) -> Vec<Action> {
        let after = self.backoff.get(self.failures_in_a_row).copied();
        let Some(after) = after.filter(|_| self.reconnects < Self::MAX_RECONNECTS) else {
            let outcome = match (self.in_doubt.take(), self.server_failure.take()) {
                (Some(keys), _) => Outcome::Unconfirmed { keys },
                (None, Some((code, message))) => Outcome::Refused { code, message },
                (None, None) => Outcome::LostConnection,
            };
            return self.finish(outcome);
        };
        self.failures_in_a_row += 1;
        self.reconnects += 1;
        self.state = State::Connecting;
        vec![
            Action::Progress(Progress::Reconnecting { number: self.reconnects }),
            Action::Reconnect { after },
        ]
    }

    fn finish(&mut self, outcome: Outcome) -> Vec<Action> {
        self.state = State::Finished;
        vec![Action::Finish(outcome)]
    }
}

impl ShareChoice {
    /// The keys that this choice means for `request`.
    #[must_use]
    pub fn keys(&self, request: &ShareRequest) -> Vec<String> {
        let fields = request.fields.iter();
        match self {
            Self::All => fields.map(|field| field.key.clone()).collect(),
            Self::Required => {
                fields.filter(|field| field.required).map(|field| field.key.clone()).collect()
            }
            Self::Keys(keys) => keys.clone(),
        }
    }
}

/// Either acknowledgement is taken for any chunk, since a chunk that is sent
/// again can complete its artifact.
fn answers(ack: Ack, sent: Chunk) -> bool {
    match ack {
        Ack::DataChunkOk { kind, index, chunk_index } => {
            (kind, index, chunk_index) == (sent.kind, sent.index, sent.chunk)
        }
        Ack::DataOk { kind, index } => (kind, index) == (sent.kind, sent.index),
        Ack::HelloOk | Ack::PhaseOk | Ack::ChipAccessReceived | Ack::MatchOk | Ack::NotMeOk => {
            false
        }
    }
}
