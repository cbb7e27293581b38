//! Is this what the state signed (passive authentication, 9303-11 §5.1), and is
//! this the chip it was signed for (active and chip authentication, §6)?
//!
//! [`passive`] takes the bytes of a document and gives back the same bytes
//! inside [`PassivelyAuthenticated`], which nothing else can make. What was
//! checked, what could not be, and what real documents were forgiven is in
//! the [`PassiveReport`], on success and on failure.
//!
//! The proof cannot be forged outside this module:
//!
//! ```compile_fail,E0451
//! use emrtd::verify::{DocumentFiles, PassiveReport, PassivelyAuthenticated};
//! fn forge(files: DocumentFiles, report: PassiveReport) -> PassivelyAuthenticated<DocumentFiles> {
//!     PassivelyAuthenticated { value: files, report, digest: [0; 32] }
//! }
//! ```
//!
//! nor changed once made:
//!
//! ```compile_fail,E0616
//! use emrtd::verify::{DocumentFiles, PassivelyAuthenticated};
//! fn swap(proof: &mut PassivelyAuthenticated<DocumentFiles>, other: DocumentFiles) {
//!     proof.value = other;
//! }
//! ```

mod active;
mod chip;
mod country;
mod document;
mod failure;
mod files;
mod passive;
mod profile;
mod report;
mod signer;

pub use active::{ActiveAlgorithm, ActiveFailure, ActiveProof, MIN_RSA_BITS, SignedFiles, active};
pub use chip::{ChipAlgorithm, ChipChallenge, ChipFailure, ChipProof, TerminalKey};
pub use country::{Agreement, agreement, alpha2, country_exceptions, icao_states};
pub use document::Document;
pub use failure::{AtFault, PassiveFailure, PassiveReason};
pub use files::DocumentFiles;
pub use passive::{PassivelyAuthenticated, passive};
pub use report::{
    Algorithms, Check, CheckName, Outcome, PassiveReport, Revocation, Tolerated, Validity,
};
