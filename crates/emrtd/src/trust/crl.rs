use std::cmp::Ordering;
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
    /// It covers only some certificates, or those of other issuers. 9303-12
    /// §7.1.4 forbids such lists, and their silence proves nothing.
    #[error("a partial or indirect list: {0}")]
    Partial(&'static str),
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
    number: Option<Vec<u8>>,
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
        let extensions = Extensions::read(list.crl_extensions.as_deref().unwrap_or(&[]))?;
        for entry in list.revoked_certificates.iter().flatten() {
            for extension in entry.crl_entry_extensions.iter().flatten() {
                if extension.extn_id.to_string() == CERTIFICATE_ISSUER {
                    return Err(CrlError::Partial("it lists certificates of other issuers"));
                }
                if extension.critical {
                    return Err(CrlError::CriticalExtension(extension.extn_id.to_string()));
                }
            }
        }
        let parts = SignedParts::read(der)?;
        let inner = Inner {
            fingerprint: sha256(der),
            tbs: parts.tbs,
            signature: parsed.signature.raw_bytes().to_vec(),
            signature_algorithm: parts.algorithm,
            issuer: Name::new(&list.issuer),
            authority_key_id: extensions.authority_key_id,
            number: extensions.number,
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

    /// CRL number in big-endian octets without leading zeros; `None` breaks
    /// 9303-12.
    pub fn number(&self) -> Option<&[u8]> {
        self.0.number.as_deref()
    }

    /// Whether it is of the same issuer name as `other`, later in time and not
    /// lower in number. Of two lists that contradict each other in this, neither
    /// follows the other. Who signed them is for
    /// [`TrustStore::superseded_crls`](super::TrustStore::superseded_crls) to ask:
    /// the key identifier is only what a list says of itself.
    pub fn follows(&self, other: &Crl) -> bool {
        let by_number = match (self.number(), other.number()) {
            (Some(own), Some(others)) => magnitude(own).cmp(&magnitude(others)),
            _ => Ordering::Equal,
        };
        let by_time = self.this_update().cmp(&other.this_update());
        self.issuer() == other.issuer()
            && by_number != Ordering::Less
            && by_time != Ordering::Less
            && (by_number, by_time) != (Ordering::Equal, Ordering::Equal)
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

/// The signed part and its algorithm, read from the original bytes.
struct SignedParts {
    tbs: std::ops::Range<usize>,
    algorithm: SignatureAlgorithm,
}

impl SignedParts {
    fn read(der: &[u8]) -> Result<Self, CrlError> {
        let mut outer = Reader::new(der, Rules::Der).expect(Tag::SEQUENCE)?.children()?;
        let tbs = outer.expect(Tag::SEQUENCE)?;
        let outside = AlgorithmIdentifier::parse(&outer.expect(Tag::SEQUENCE)?)?;
        let mut fields = tbs.children()?;
        fields.optional(Tag::INTEGER)?;
        let inside = AlgorithmIdentifier::parse(&fields.expect(Tag::SEQUENCE)?)?;
        if inside.oid != outside.oid {
            let why = "it differs inside and outside".to_owned();
            return Err(CrlError::SignatureAlgorithm(why));
        }
        let algorithm = SignatureAlgorithm::parse(&inside, None)
            .map_err(|error| CrlError::SignatureAlgorithm(error.to_string()))?;
        Ok(Self { tbs: tbs.offset()..tbs.offset() + tbs.raw().len(), algorithm })
    }
}

#[derive(Default)]
struct Extensions {
    authority_key_id: Option<Vec<u8>>,
    number: Option<Vec<u8>>,
}

impl Extensions {
    fn read(extensions: &[x509_cert::ext::Extension]) -> Result<Self, CrlError> {
        let mut parsed = Self::default();
        for extension in extensions {
            let value = extension.extn_value.as_bytes();
            match extension.extn_id.to_string().as_str() {
                AUTHORITY_KEY_ID => {
                    let mut fields =
                        Reader::new(value, Rules::Ber).expect(Tag::SEQUENCE)?.children()?;
                    let id = fields.optional(Tag::context_primitive(0))?;
                    parsed.authority_key_id = id.map(|id| id.content().to_vec());
                }
                CRL_NUMBER => {
                    let number = Reader::new(value, Rules::Der).expect(Tag::INTEGER)?;
                    parsed.number = Some(strip_zeros(number.content()));
                }
                DELTA_CRL => return Err(CrlError::Partial("it is a delta to another list")),
                ISSUING_DISTRIBUTION_POINT => {
                    return Err(CrlError::Partial("it is limited by its distribution point"));
                }
                other if extension.critical => {
                    return Err(CrlError::CriticalExtension(other.to_owned()));
                }
                _ => {}
            }
        }
        Ok(parsed)
    }
}

/// Orders unsigned integers without leading zeros.
fn magnitude(octets: &[u8]) -> (usize, &[u8]) {
    (octets.len(), octets)
}

const CRL_NUMBER: &str = "2.5.29.20";
const DELTA_CRL: &str = "2.5.29.27";
const ISSUING_DISTRIBUTION_POINT: &str = "2.5.29.28";
const CERTIFICATE_ISSUER: &str = "2.5.29.29";
const AUTHORITY_KEY_ID: &str = "2.5.29.35";
