//! Reading chips at APDU level (9303-10 §3, 9303-11 §4).
//!
//! No I/O: [`Reader`] yields a command APDU as bytes and takes the chip's
//! response. Whoever drives it owns the transport (PC/SC, NFC, a socket), the
//! timeouts and the randomness.
//!
//! ```no_run
//! use emrtd::read::{MrzKey, Password, ReadPolicy, Reader, Step};
//! # fn f(
//! #     mut transmit: impl FnMut(&[u8]) -> Vec<u8>,
//! #     mut random: impl FnMut(&mut [u8]),
//! # ) -> Result<(), Box<dyn std::error::Error>> {
//! let password = Password::Mrz(MrzKey::new("L898902C3", "740812", "120415")?);
//! let mut reader = Reader::new(password, ReadPolicy::default());
//! let mut step = reader.start()?;
//! while let Step::Send(command) = step {
//!     step = reader.receive(&transmit(&command), &mut random)?;
//! }
//! let outcome = reader.outcome();
//! # Ok(()) }
//! ```

mod access;
mod announcements;
pub mod apdu;
mod atr_info;
pub mod bac;
mod card_security;
mod channel;
mod error;
mod file;
mod outcome;
pub mod pace;
mod parameters;
mod password;
mod policy;
mod reader;
pub mod secure_messaging;

pub use access::{AccessError, AccessStep, Established, Progress};
pub use card_security::{CardSecurity, CardSecurityError};
pub use channel::{Channel, ChannelError, Received};
pub use error::{Fault, ReadError, ReadErrorKind};
pub use outcome::{Access, Downgrade, MappingProof, Outcome, Vouched};
pub use password::{Can, MrzKey, Password, PasswordError};
pub use policy::ReadPolicy;
pub use reader::{FileProgress, Reader, Step};
pub use secure_messaging::SecureMessaging;
