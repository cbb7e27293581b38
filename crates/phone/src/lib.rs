//! The phone's side of a verification: a handoff link in, a conversation out.
//!
//! [`Conversation`] is the whole behaviour and does no I/O: it is told what
//! happened and answers what to do. [`Phone`] (feature `socket`) runs one over a
//! WebSocket. [`PhoneDocument`] is the evidence that a chip gave.

mod conversation;
mod document;
#[cfg(feature = "socket")]
mod socket;

pub use conversation::{Action, BACKOFF, Conversation, Event, Outcome, Progress, ShareChoice};
pub use document::{DocumentError, ElementaryFile, PhoneDocument};
#[cfg(feature = "socket")]
pub use socket::{Connection, Holder, Phone, PhoneError, Timing};
