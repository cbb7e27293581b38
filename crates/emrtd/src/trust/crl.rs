use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use x509_cert::crl::CertificateList;
use x509_cert::der::Decode;

use super::certificate::{hex, sha256, strip_zeros, unix};
use super::{Certificate, Name};
use crate::UnixSeconds;
use crate::crypto::{AlgorithmIdentifier, SignatureAlgorithm, SignatureError};
use crate::tlv::{self, Reader, Rules, Tag};

/// Why bytes are not a certificate revocation list this crate can use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CrlError {
    /// Not a CRL in DER.
    #[error("not a certificate revocation list: {0}")]
    Malformed(String),
    /// The structure around the parts this crate reads itself is broken.
    #[error("not a certificate revocation list: {0}")]
    Structure(#[from] tlv::Error),
    /// The signature algorithm is not supported.
    #[error("the signature algorithm is not usable: {0}")]
    SignatureAlgorithm(String),
    /// A critical extension: it may be partial, so its silence proves nothing.
    #[error("critical extension {0}")]
    CriticalExtension(String),
}

/// A certificate revocation list (9303-12 §7.1.4). Cheap to clone.
#[derive(Clone)]
pub struct Crl(Arc<Inner>);

struct Inner {
    der: Vec<u8>,
    fingerprint: [u8; 32],
    tbs: std::ops::Range<usize>,
    signature: Vec<u8>,
    signature_algorithm: SignatureAlgorithm,
    issuer: Name,
    authority_key_id: Option<Vec<u8>>,
    this_update: UnixSeconds,
    next_update: Option<UnixSeconds>,
    revoked: BTreeSet<Vec<u8>>,
}

impl Crl {
    /// Reads one CRL that fills `der`.
    ///
    /// # Errors
    /// When malformed, with an unsupported algorithm, or not complete.
    pub fn from_der(der: &[u8]) -> Result<Self, CrlError> {
        let parsed = CertificateList::from_der(der)
            .map_err(|error| CrlError::Malformed(error.to_string()))?;
        let list = &parsed.tbs_cert_list;
        let mut authority_key_id = None;
        for extension in list.crl_extensions.iter().flatten() {
            if extension.extn_id.to_string() == AUTHORITY_KEY_ID {
                let mut fields = Reader::new(extension.extn_value.as_bytes(), Rules::Ber)
                    .expect(Tag::SEQUENCE)?
                    .children()?;
                authority_key_id =
                    fields.optional(Tag::context_primitive(0))?.map(|id| id.content().to_vec());
            } else if extension.critical {
                return Err(CrlError::CriticalExtension(extension.extn_id.to_string()));
            }
        }
        let mut outer = Reader::new(der, Rules::Der).expect(Tag::SEQUENCE)?.children()?;
        let tbs = outer.expect(Tag::SEQUENCE)?;
        let algorithm = AlgorithmIdentifier::parse(&outer.expect(Tag::SEQUENCE)?)?;
        let signature_algorithm = SignatureAlgorithm::parse(&algorithm, None)
            .map_err(|error| CrlError::SignatureAlgorithm(error.to_string()))?;
        let inner = Inner {
            fingerprint: sha256(der),
            tbs: tbs.offset()..tbs.offset() + tbs.raw().len(),
            signature: parsed.signature.raw_bytes().to_vec(),
            signature_algorithm,
            issuer: Name::new(&list.issuer),
            authority_key_id,
            this_update: unix(&list.this_update),
            next_update: list.next_update.as_ref().map(unix),
            revoked: list
                .revoked_certificates
                .iter()
                .flatten()
                .map(|entry| strip_zeros(entry.serial_number.as_bytes()))
                .collect(),
            der: der.to_vec(),
        };
        Ok(Self(Arc::new(inner)))
    }

    /// The original bytes.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// SHA-256 of the original bytes.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.0.fingerprint
    }

    /// Who issued it.
    pub fn issuer(&self) -> &Name {
        &self.0.issuer
    }

    /// Country of the issuer, upper case.
    pub fn country(&self) -> Option<&str> {
        self.0.issuer.country()
    }

    /// Authority key identifier.
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.0.authority_key_id.as_deref()
    }

    /// When it was issued.
    pub fn this_update(&self) -> UnixSeconds {
        self.0.this_update
    }

    /// When the next one is due; `None` breaks 9303-12 and makes it stale.
    pub fn next_update(&self) -> Option<UnixSeconds> {
        self.0.next_update
    }

    /// Whether it can speak for `at`: issued by then and not overdue.
    pub fn is_current_at(&self, at: UnixSeconds) -> bool {
        self.0.this_update <= at && self.0.next_update.is_some_and(|next| at <= next)
    }

    /// Whether it lists a serial number, given without leading zeros.
    pub fn lists(&self, serial: &[u8]) -> bool {
        self.0.revoked.contains(serial)
    }

    /// How many certificates it lists.
    pub fn len(&self) -> usize {
        self.0.revoked.len()
    }

    /// Whether it lists none.
    pub fn is_empty(&self) -> bool {
        self.0.revoked.is_empty()
    }

    /// Verifies the signature with the key of `issuer`.
    ///
    /// # Errors
    /// When it does not verify.
    pub fn verify_signed_by(&self, issuer: &Certificate) -> Result<(), SignatureError> {
        let tbs = self.0.der.get(self.0.tbs.clone()).unwrap_or(&[]);
        self.0.signature_algorithm.verify(issuer.public_key(), tbs, &self.0.signature)
    }

    /// Whether `csca` could have issued it, by name or key identifier.
    pub(super) fn names_issuer(&self, csca: &Certificate) -> bool {
        let by_key =
            self.authority_key_id().is_some() && self.authority_key_id() == csca.subject_key_id();
        by_key || self.issuer() == csca.subject()
    }
}

impl fmt::Debug for Crl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = hex(self.0.fingerprint.get(..4).unwrap_or(&[]));
        write!(f, "Crl({}, {start})", self.issuer())
    }
}

impl PartialEq for Crl {
    fn eq(&self, other: &Self) -> bool {
        self.0.der == other.0.der
    }
}

impl Eq for Crl {}

const AUTHORITY_KEY_ID: &str = "2.5.29.35";
