//! ICAO Doc 9303 electronic travel documents: parse, verify, simulate.
//!
//! Pure and synchronous: bytes in, typed values out. There is no I/O and no
//! clock; every function that needs the time takes it as [`UnixSeconds`].
//!
//! | module | Doc 9303 | what |
//! |---|---|---|
//! | [`tlv`] | – | bounded BER/DER reader with offsets, DER writer |
//! | [`mrz`] | parts 3-6 | machine readable zone |
//! | [`lds`] | part 10 | EF.SOD, DG1, DG2, DG14, DG15, security infos |
//! | [`crypto`] | parts 11, 12 | digests, signatures, CMS `SignedData`, ciphers, key agreement |
//! | [`read`] | parts 10, 11 | chips at APDU level: PACE, BAC, secure messaging, files |
//! | [`trust`] | part 12 | CSCA certificates, CRLs, master lists, the trust store |
//! | [`verify`] | part 11 §5.1, §6 | passive, active and chip authentication and their proof types |
//! | `sim` | – | simulated issuing states and documents (feature `sim`) |
//!
//! ```no_run
//! use emrtd::{UnixSeconds, lds::DataGroup, trust::TrustStore, verify::{self, DocumentFiles}};
//! # fn f(sod: Vec<u8>, dg1: Vec<u8>, dg2: Vec<u8>, trust: &TrustStore, now: UnixSeconds)
//! # -> Result<(), verify::PassiveFailure> {
//! let files = DocumentFiles::new(sod)
//!     .with(DataGroup::DG1, dg1)
//!     .with(DataGroup::DG2, dg2);
//! let document = verify::passive(files, trust, now)?.into_document(now)?;
//! assert_eq!(document.get().mrz().document_code(), "P");
//! # Ok(()) }
//! ```

pub mod calendar;
pub mod crypto;
pub mod lds;
pub mod mrz;
pub mod read;
#[cfg(feature = "sim")]
pub mod sim;
pub mod tlv;
pub mod trust;
pub mod verify;

pub use calendar::UnixSeconds;
