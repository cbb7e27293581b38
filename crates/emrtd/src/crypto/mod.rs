//! Digests, keys, signatures, CMS, and the ciphers and key agreement of chips,
//! on one OpenSSL.

pub mod agreement;
pub mod cms;
mod digest;
pub mod kdf;
mod key;
mod point_encoding;
mod signature;
pub mod symmetric;

pub use digest::DigestAlgorithm;
pub use key::{Curve, KeyDescription, PublicKey};
pub use signature::{SignatureAlgorithm, SignatureError};

use crate::tlv::{self, Element, Oid, Tag};

/// An `AlgorithmIdentifier` as it was written (RFC 5280 §4.1.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlgorithmIdentifier {
    /// The algorithm.
    pub oid: Oid,
    /// The parameters, encoded, when present.
    pub parameters: Option<Vec<u8>>,
    /// Where it was found in its file.
    pub offset: usize,
}

impl AlgorithmIdentifier {
    /// Reads the `SEQUENCE`.
    ///
    /// # Errors
    /// When it is not an `AlgorithmIdentifier`.
    pub fn parse(element: &Element<'_>) -> Result<Self, tlv::Error> {
        if element.tag() != Tag::SEQUENCE {
            return Err(element.invalid("not an algorithm identifier"));
        }
        let mut fields = element.children()?;
        let oid = fields.expect(Tag::OID)?.oid()?;
        let parameters = if fields.is_empty() { None } else { Some(fields.read()?.raw().to_vec()) };
        fields.finish()?;
        Ok(Self { oid, parameters, offset: element.offset() })
    }

    /// Whether the parameters are absent or `NULL`, which mean the same for
    /// all algorithms but PSS (RFC 4055 §2.1, RFC 5758 §3).
    pub fn has_no_parameters(&self) -> bool {
        self.parameters.as_deref().is_none_or(|encoded| encoded == [0x05, 0x00])
    }

    /// The digest it names, when supported.
    pub fn digest(&self) -> Option<DigestAlgorithm> {
        DigestAlgorithm::from_oid(&self.oid).filter(|_| self.has_no_parameters())
    }
}
