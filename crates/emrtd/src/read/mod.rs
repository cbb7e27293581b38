//! Reading chips at APDU level (9303-10 §3, 9303-11 §4).
//!
//! No I/O: [`Reader`] yields a command APDU as bytes and takes the chip's
//! response. Whoever drives it owns the transport (PC/SC, NFC, a socket), the
//! timeouts and the randomness.

mod access;
pub mod apdu;
pub mod bac;
mod channel;
mod error;
mod file;
pub mod pace;
mod password;
mod reader;
pub mod secure_messaging;

pub use access::{AccessError, AccessStep, Established, Progress};
pub use channel::{Channel, ChannelError, Received};
pub use error::{Fault, ReadError, ReadErrorKind};
pub use password::{Can, MrzKey, Password, PasswordError};
pub use reader::{
    Access, Downgrade, FileProgress, MappingProof, Outcome, ReadPolicy, Reader, Step,
};
pub use secure_messaging::SecureMessaging;
