//! What a phone says and when, without I/O.
//!
//! ```text
//! hello → proof of the device key → mobile_connected
//!       → the holder confirms the page → mrz_scanning → mrz_complete → nfc_reading
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

mod action;
mod confirm;
mod event;
mod refusal;
mod relay;
mod sharing;
mod steps;
mod upload;

use std::time::Duration;

use protocol::{
    Ack, ClientMessage, Flow, HandoffContext, HandoffLink, Hello, Phase, SecretBytes, SecretText,
    ServerMessage, ShareRequest, device, limits,
};

pub use action::{Action, Outcome, Progress};
use confirm::{Page, Resume};
pub use event::{ChipReading, Confirmation, Event, ShareChoice, Source};
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
    hello: Hello,
    /// The origin that the device key vouches to; `None` without a key.
    key_origin: Option<String>,
    evidence: Evidence,
    backoff: [Duration; 5],
    state: State,
    /// The last phase that the server acknowledged, on any socket.
    reached: Option<Phase>,
    /// What the chip shall sign on this socket.
    challenge: Option<Vec<u8>>,
    /// Chip authentication on this socket.
    relay: Relay,
    /// The page that opened the session, and what the holder said of it.
    page: Page,
    /// How much of the chip the server was told to be read, in percent.
    told_percent: u8,
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

/// What tells this device from others: the same whenever an attempt is resumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Device {
    /// A name that it has made up. Whoever reads it can be the device.
    Id(SecretText),
    /// A key that it proves at every hello; its hash is the device's id.
    Key {
        /// P-256, SEC1 uncompressed.
        public_point: [u8; limits::DEVICE_KEY_BYTES],
        /// ASCII origin of the URL that the phone connects to, `https://host[:port]`.
        origin: String,
    },
}

enum State {
    Connecting,
    /// Whether the proof of the device key is sent.
    HelloSent {
        is_proven: bool,
    },
    /// The device key's turn.
    Proving,
    PhaseSent(Phase),
    /// The holder's turn to confirm the page.
    Confirming {
        context: HandoffContext,
        resume: Resume,
    },
    ChoiceSent(Resume),
    /// The holder did not open the page, and the server is told.
    Disowning,
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

    /// A conversation about to connect.
    #[must_use]
    pub fn new(
        link: &HandoffLink,
        device: Device,
        app_version: String,
        source: impl Into<Source>,
        selfies: [SecretBytes; 3],
    ) -> Self {
        let (device_id, device_key, key_origin) = match device {
            Device::Id(id) => (id, Vec::new(), None),
            Device::Key { public_point, origin } => {
                (device::device_id(&public_point).into(), public_point.to_vec(), Some(origin))
            }
        };
        Self {
            session_id: link.session_id().to_owned(),
            hello: Hello {
                attempt_id: link.attempt_id().to_owned(),
                mobile_write_token: link.mobile_write_token().clone(),
                device_id,
                app_version,
                flow: link.flow().map_or("", Flow::as_str).to_owned(),
                device_key,
                confirms: true,
            },
            key_origin,
            evidence: Evidence::new(source.into(), selfies),
            backoff: BACKOFF,
            state: State::Connecting,
            reached: None,
            challenge: None,
            relay: Relay::default(),
            page: Page::default(),
            told_percent: 0,
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
            Event::ChipProgress(percent) => self.chip_progress(percent),
            Event::ChipRead(reading) => self.chip_read(reading.map(|reading| *reading)),
            Event::Relayed(answers) => self.relayed(answers),
            Event::DeviceProof(signature) => self.proven(signature),
            Event::Confirmed(answer) => self.confirmed(answer),
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
        self.state = State::HelloSent { is_proven: false };
        self.page.reconnected();
        self.challenge = None;
        self.relay = Relay::default();
        self.repairs = 0;
        self.evidence.set_active_auth(&[], None);
        vec![Action::Send(ClientMessage::Hello(self.hello.clone()))]
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
            ServerMessage::DeviceChallenge { nonce } => self.challenged(&nonce),
            ServerMessage::HandoffContext(context) => {
                self.described(context);
                Vec::new()
            }
            ServerMessage::ChipAuth { commands, protected } => self.commanded(commands, protected),
        }
    }

    fn acknowledged(&mut self, ack: Ack) -> Vec<Action> {
        match (&self.state, ack) {
            (State::HelloSent { .. }, Ack::HelloOk) => {
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
            (State::ChoiceSent(_), Ack::MatchOk) => self.matched(),
            (State::Disowning, Ack::NotMeOk) => self.finish(Outcome::NotMe),
            (State::AccessSent, Ack::ChipAccessReceived) => self.begin_relay(),
            _ => Vec::new(),
        }
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
