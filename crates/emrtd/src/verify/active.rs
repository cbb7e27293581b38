//! Active authentication (9303-11 §6.1): does the chip hold the private key of DG15?
//!
//! [`active`] takes a document that passed passive authentication, the
//! challenge the caller made, and what the chip answered. The [`ActiveProof`]
//! it gives back is bound to both, and cannot be made elsewhere:
//!
//! ```compile_fail,E0451
//! use emrtd::verify::{ActiveAlgorithm, ActiveProof};
//! fn forge(algorithm: ActiveAlgorithm) -> ActiveProof {
//!     ActiveProof { document: [0; 32], challenge: [0; 8], algorithm }
//! }
//! ```
//!
//! nor moved to another challenge:
//!
//! ```compile_fail,E0616
//! fn replay(proof: &mut emrtd::verify::ActiveProof, challenge: [u8; 8]) {
//!     proof.challenge = challenge;
//! }
//! ```
//!
//! nor had for files that nobody verified:
//!
//! ```compile_fail,E0308
//! use emrtd::verify::{ActiveFailure, ActiveProof, DocumentFiles, active};
//! fn skip(files: &DocumentFiles, response: &[u8]) -> Result<ActiveProof, ActiveFailure> {
//!     active(files, [0; 8], response)
//! }
//! ```

mod iso9796;

use std::fmt;

use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;

use super::{Document, DocumentFiles, PassivelyAuthenticated};
use crate::crypto::{Curve, DigestAlgorithm, KeyDescription, PublicKey};
use crate::lds::DataGroup;
use crate::lds::dg14::{self, Dg14};
use crate::lds::dg15::{self, Dg15};
use crate::tlv::Oid;

/// Proof that a chip holding the private key of the document's DG15 answered
/// this challenge. Only [`active`] makes one.
///
/// It says that a genuine chip was reachable when the challenge was made, so
/// the challenge must have been random, and used for nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveProof {
    document: [u8; 32],
    challenge: [u8; 8],
    algorithm: ActiveAlgorithm,
}

impl ActiveProof {
    /// Whether it is about this document and this challenge.
    pub fn is_for<T>(&self, document: &PassivelyAuthenticated<T>, challenge: [u8; 8]) -> bool {
        self.document == document.digest() && self.challenge == challenge
    }

    /// [`PassivelyAuthenticated::digest`] of the document.
    pub fn document(&self) -> [u8; 32] {
        self.document
    }

    /// The challenge that was answered.
    pub fn challenge(&self) -> [u8; 8] {
        self.challenge
    }

    /// How it was answered.
    pub fn algorithm(&self) -> ActiveAlgorithm {
        self.algorithm
    }
}

/// How a chip signed its challenge. Displays as `RSA-2048 ISO 9796-2 with SHA-256`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActiveAlgorithm {
    /// ISO/IEC 9796-2 digital signature scheme 1 (9303-11 §6.1.2.2).
    Rsa {
        /// Modulus length in bits.
        bits: u32,
        /// The digest its trailer names.
        digest: DigestAlgorithm,
    },
    /// Plain ECDSA (9303-11 §6.1.2.3).
    Ecdsa {
        /// The curve.
        curve: Curve,
        /// The digest.
        digest: DigestAlgorithm,
        /// DG14 did not name the digest, though it must: it was found by trying.
        digest_by_trial: bool,
    },
}

impl fmt::Display for ActiveAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits, digest } => write!(f, "RSA-{bits} ISO 9796-2 with {digest}"),
            Self::Ecdsa { curve, digest, digest_by_trial } => {
                let suffix = if *digest_by_trial { " (not named by DG14)" } else { "" };
                write!(f, "plain ECDSA {curve} with {digest}{suffix}")
            }
        }
    }
}

/// Why there is no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActiveFailure {
    /// DG15 is not among the proven files. Whether the state signed one tells
    /// [`PassivelyAuthenticated::require`].
    #[error("DG15 is not among the files")]
    NoKey,
    /// The document's DG15 cannot be used.
    #[error(transparent)]
    Dg15(#[from] dg15::Error),
    /// The document's DG14, which names the digest for ECDSA, is broken.
    #[error(transparent)]
    Dg14(#[from] dg14::Error),
    /// DG14 names another algorithm than ECDSA with a SHA digest.
    #[error("DG14: unsupported active authentication algorithm {algorithm} at byte {offset}")]
    Algorithm {
        /// What it names.
        algorithm: Oid,
        /// Where.
        offset: usize,
    },
    /// The RSA key is below [`MIN_RSA_BITS`] or not of whole bytes.
    #[error("DG15: an RSA key of {0} bits is not supported")]
    RsaLength(u32),
    /// The public exponent is 1, with which anyone can sign, or even.
    #[error("DG15: the RSA exponent is not sound")]
    RsaExponent,
    /// The chip's answer is not as long as a signature of its key.
    #[error("the chip's answer has {found} bytes, a signature has {expected}")]
    Length {
        /// Length of a signature.
        expected: usize,
        /// Length of the answer.
        found: usize,
    },
    /// What the RSA signature recovers to is not of the form of 9303-11 §6.1.2.2.
    #[error("the chip's answer does not recover to a message of ISO 9796-2 scheme 1")]
    Representative,
    /// The trailer names a digest that is not allowed.
    #[error("the chip's answer names the digest {0:02X}, which is not supported")]
    Trailer(u8),
    /// It is not a signature of this key over this challenge.
    #[error("the chip's answer does not sign the challenge")]
    Signature,
}

/// Shorter RSA keys prove nothing. Chips with 1024 bits exist, and live long.
pub const MIN_RSA_BITS: u32 = 1024;

/// Files that passed passive authentication, with or without having been read
/// further. Implemented by [`DocumentFiles`] and [`Document`], and sealed.
pub trait SignedFiles: sealed::Sealed {
    /// The whole file of a data group.
    fn file(&self, group: DataGroup) -> Option<&[u8]>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::DocumentFiles {}
    impl Sealed for super::Document {}
}

impl SignedFiles for DocumentFiles {
    fn file(&self, group: DataGroup) -> Option<&[u8]> {
        self.group(group)
    }
}

impl SignedFiles for Document {
    fn file(&self, group: DataGroup) -> Option<&[u8]> {
        self.group(group)
    }
}

/// Verifies a chip's answer to INTERNAL AUTHENTICATE (9303-11 §6.1).
///
/// `response` is the answer's data field, without status bytes.
///
/// RSA: ISO/IEC 9796-2 scheme 1 with partial recovery. The recovered message
/// must be the header `6A`, M1 filling all the room there is, the digest over
/// M1 ‖ challenge, and the trailer, as 9303-11 demands: no shorter M1, whose
/// padding would be room for forgeries, and no full recovery, which leaves no
/// place for a challenge. Both s and n − s are signatures.
///
/// ECDSA: r‖s (TR-03111 §5.2.1), each as long as the group order. A DER
/// `SEQUENCE` is not accepted: 9303-11 §6.1.2.3 knows one format. The digest is
/// the one DG14 names. Where it names none, the digests no longer than the key
/// are tried, longest first (§6.1.2.3), and SHA-1 last, with which chips older
/// than that rule sign; the proof says so. Trying several gains a forger
/// nothing, since the challenge is not his.
///
/// # Errors
/// When DG15 is missing or unusable, or the answer is not its signature.
pub fn active<T: SignedFiles>(
    document: &PassivelyAuthenticated<T>,
    challenge: [u8; 8],
    response: &[u8],
) -> Result<ActiveProof, ActiveFailure> {
    let files = document.get();
    let dg15 = Dg15::parse(files.file(DataGroup::DG15).ok_or(ActiveFailure::NoKey)?)?;
    let key = dg15.public_key();
    let algorithm = match key.description() {
        KeyDescription::Rsa { bits } => {
            let digest = iso9796::verify(key, bits, challenge, response)?;
            ActiveAlgorithm::Rsa { bits, digest }
        }
        KeyDescription::Ec { curve, .. } => {
            let named = named_digest(files.file(DataGroup::DG14))?;
            let digest = verify_ecdsa(key, named, challenge, response)?;
            ActiveAlgorithm::Ecdsa { curve, digest, digest_by_trial: named.is_none() }
        }
        // Active authentication knows no DSA, and `Dg15` reads no such key.
        KeyDescription::Dsa { .. } => return Err(dg15::Error::Key(0).into()),
    };
    Ok(ActiveProof { document: document.digest(), challenge, algorithm })
}

fn named_digest(dg14: Option<&[u8]>) -> Result<Option<DigestAlgorithm>, ActiveFailure> {
    let Some(file) = dg14 else { return Ok(None) };
    let dg14 = Dg14::parse(file)?;
    let Some(info) = dg14.security_infos().active_authentication() else { return Ok(None) };
    let unsupported =
        ActiveFailure::Algorithm { algorithm: info.signature_algorithm, offset: info.offset };
    info.ecdsa_digest().map(Some).ok_or(unsupported)
}

fn verify_ecdsa(
    key: &PublicKey,
    named: Option<DigestAlgorithm>,
    challenge: [u8; 8],
    response: &[u8],
) -> Result<DigestAlgorithm, ActiveFailure> {
    let openssl = |_| ActiveFailure::Signature;
    let ec = key.pkey().ec_key().map_err(openssl)?;
    let bits = ec.group().order_bits();
    let half = bits.div_ceil(8) as usize;
    let expected = half * 2;
    if response.len() != expected {
        return Err(ActiveFailure::Length { expected, found: response.len() });
    }
    let (r, s) = response.split_at(half);
    let r = BigNum::from_slice(r).map_err(openssl)?;
    let s = BigNum::from_slice(s).map_err(openssl)?;
    let signature = EcdsaSig::from_private_components(r, s).map_err(openssl)?;
    let candidates = match named {
        Some(digest) => vec![digest],
        None => digests_for(bits),
    };
    for digest in candidates {
        let Some(hash) = digest.digest(&challenge) else { continue };
        // An r or s out of range is an error to OpenSSL, and no signature to us.
        if signature.verify(&hash, &ec).unwrap_or(false) {
            return Ok(digest);
        }
    }
    Err(ActiveFailure::Signature)
}

fn digests_for(key_bits: u32) -> Vec<DigestAlgorithm> {
    let fits = |digest: &DigestAlgorithm| digest.output_len() * 8 <= key_bits as usize;
    DigestAlgorithm::ALL.into_iter().rev().filter(fits).collect()
}
