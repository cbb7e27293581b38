//! Simulated issuing states, documents and chips (feature `sim`).
//!
//! No complete document with a public root exists, so tests and demos make
//! their own: a state with any of the algorithms real ones use, and documents
//! that verify against it. A state is worth nothing to a server that was not
//! told to trust it.
//!
//! ```
//! use emrtd::sim::{DocumentProfile, Holder, IssuingState, StateProfile};
//! use emrtd::trust::{Certificate, Provenance, TrustStore};
//! use emrtd::{UnixSeconds, verify};
//!
//! let now = UnixSeconds(1_780_000_000);
//! let utopia = IssuingState::new(StateProfile::utopia(), now)?;
//! let document = utopia.issue(&Holder::example(), &DocumentProfile::passport())?;
//! let provenance = Provenance { source: "test".into(), verified: true };
//! let trust = TrustStore::builder()
//!     .add_csca(Certificate::from_der(utopia.csca())?, provenance)
//!     .build();
//! let proven = verify::passive(document.into_files(), &trust, now)?.into_document(now)?;
//! assert_eq!(proven.get().mrz().surname(), "ERIKSSON");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A [`Chip`] holds such a document and answers APDUs; a [`Dishonesty`] makes
//! it lie:
//!
//! ```
//! use emrtd::UnixSeconds;
//! use emrtd::read::{Password, ReadPolicy, Reader, Step};
//! use emrtd::sim::{Chip, ChipDescription, IssuingState, Personalisation, StateProfile};
//! # let mut counter = 0_u8;
//! # let mut random = move |buffer: &mut [u8]| {
//! #     buffer.fill_with(|| { counter = counter.wrapping_mul(73).wrapping_add(29); counter });
//! # };
//!
//! let now = UnixSeconds(1_780_000_000);
//! let utopia = IssuingState::new(StateProfile::utopia(), now)?;
//! let passport = Personalisation::issue(&utopia, &ChipDescription::passport(), now)?;
//! let key = passport.mrz_key().ok_or("no key")?;
//! let mut chip = Chip::new(passport, Box::new(move |buffer| { random(buffer); true }));
//! # let mut random = move |buffer: &mut [u8]| buffer.fill(3);
//! let mut reader = Reader::new(Password::Mrz(key), ReadPolicy::default());
//! let mut step = reader.start()?;
//! while let Step::Send(command) = step {
//!     step = reader.receive(&chip.transmit(&command), &mut random)?;
//! }
//! assert_eq!(reader.outcome().ok_or("not read")?.files.len(), 9);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Certificates, CRLs and CMS are put together with [`crate::tlv`]: OpenSSL's
//! builders make neither PSS-signed certificates nor CMS over ICAO content
//! types, and its Rust binding makes no CRLs. Every signature is OpenSSL's.

mod chip;
mod cms;
mod dishonest;
mod document;
mod flaw;
mod key;
mod object;
mod personalisation;
mod state;
mod x509;

pub use chip::{Chip, ChipRandom};
pub use dishonest::{Conduct, Dishonesty, HeaderLie};
pub use document::{DocumentProfile, Holder, SimulatedDocument};
pub use flaw::{CertificateFlaw, CrlFlaw, Flaw};
pub use key::{KeyKind, PrivateKey};
pub use personalisation::{
    ActiveAuthentication, ChipAuthentication, ChipDescription, PaceOffer, Personalisation,
    PersonalisationError, Quirks, Trailer,
};
pub use state::{IssuingState, StateKeys, StateProfile};

/// Why something could not be simulated.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// OpenSSL failed, for instance on a key size it does not make.
    #[error("OpenSSL: {0}")]
    OpenSsl(#[from] openssl::error::ErrorStack),
    /// The holder does not fit into a machine readable zone.
    #[error(transparent)]
    Mrz(#[from] crate::mrz::Error),
    /// A certificate that was just made cannot be read back.
    #[error(transparent)]
    Certificate(#[from] crate::trust::CertificateError),
    /// A key is not in the group that was asked for, or there is no such group.
    #[error(transparent)]
    Agreement(#[from] crate::crypto::agreement::AgreementError),
    /// A chip was described that cannot be.
    #[error("the description of the chip: {0}")]
    Description(&'static str),
}
