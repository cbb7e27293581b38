//! What a conversation asks for, and what it tells.

use std::time::Duration;

use protocol::{ClientMessage, DataKind, HandoffContext, Phase, SecretBytes, ShareRequest};

#[cfg(doc)]
use super::Event;
use crate::relayed::RelayRefusal;
#[cfg(doc)]
use protocol::codes::SocketCode;

/// What to do, in this order.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Send a message on the open socket.
    Send(ClientMessage),
    /// Sign the statement with the device key, then report [`Event::DeviceProof`].
    ProveDevice {
        /// [`protocol::device::statement`].
        statement: String,
    },
    /// Show the holder who asks and where the page was opened, let them say that it is theirs by
    /// choosing the number that it shows, then report [`Event::Confirmed`]. Comes before any chip
    /// is read; never twice about the same page and numbers.
    Confirm(HandoffContext),
    /// Read the chip, reporting [`Event::ChipProgress`] on the way, then report
    /// [`Event::ChipRead`].
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
    /// The holder confirmed the page, and the server took it.
    Confirmed,
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
    /// The holder did not open the page, and the server has ended the session.
    NotMe,
    /// Nobody was there to confirm the page, or the answer was none of those offered. Nothing was
    /// sent of it; the attempt can be resumed.
    NotConfirmed,
    /// The device key could not be used. The attempt was not claimed.
    DeviceUnproven,
    /// No connection after the last try.
    LostConnection,
    /// The chip could not be read.
    ChipUnread,
    /// The server has sent commands for the chip that are not those of chip
    /// authentication. None of them was carried, and the conversation was left.
    CommandsRefused(RelayRefusal),
}
