//! The phone's side of a verification: a handoff link in, a conversation out.
//!
//! [`Conversation`] is the whole behaviour and does no I/O: it is told what
//! happened and answers what to do. [`Phone`] (feature `socket`) runs one over a
//! WebSocket. [`PhoneDocument`] is the evidence that a chip gave.
//!
//! A [`DeviceKey`] lets a phone prove at every hello that it is the same one.
//!
//! [`ChipSession`] reads a chip, lets it sign, and relays the server's commands
//! to it, over any [`Transceiver`]: a PC/SC reader (feature `pcsc`) or one with a
//! simulated chip (feature `sim`).

mod chip;
mod conversation;
mod device;
mod document;
mod relayed;
#[cfg(feature = "socket")]
mod socket;
mod transceiver;

pub use chip::{ChipError, ChipProgress, ChipRandom, ChipSession};
pub use conversation::{
    AccessWords, Action, BACKOFF, ChipReading, Confirmation, Conversation, Device, Event, Outcome,
    Progress, ShareChoice, Source,
};
pub use device::{DeviceKey, SoftwareDeviceKey};
pub use document::{DocumentError, ElementaryFile, PhoneDocument};
pub use relayed::RelayRefusal;
#[cfg(feature = "socket")]
pub use socket::{Connection, Holder, Phone, PhoneError, Timing};
#[cfg(feature = "sim")]
pub use transceiver::SimulatedReader;
#[cfg(feature = "pcsc")]
pub use transceiver::{PcscError, PcscReader};
pub use transceiver::{Transceiver, TransceiverError};
