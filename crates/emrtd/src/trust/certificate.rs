use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use x509_cert::der::Decode;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier};
use x509_cert::time::Time;
use x509_cert::{Certificate as X509, Version};

use super::Name;
use crate::UnixSeconds;
use crate::crypto::cms::SignerId;
use crate::crypto::{
    AlgorithmIdentifier, KeyDescription, PublicKey, SignatureAlgorithm, SignatureError,
};
use crate::tlv::{self, Element, Oid, Reader, Rules, Tag};

/// Why bytes are not a certificate this crate can use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// Not an X.509 certificate in DER.
    #[error("not an X.509 certificate: {0}")]
    Malformed(String),
    /// The structure around the parts this crate reads itself is broken.
    #[error("not an X.509 certificate: {0}")]
    Structure(#[from] tlv::Error),
    /// An extension is malformed or repeated.
    #[error("the {0} extension is malformed")]
    Extension(&'static str),
    /// The public key is malformed or of an unsupported kind.
    #[error("the public key is not supported")]
    PublicKey,
    /// The signature algorithm is not supported or not the same inside and
    /// outside the signed part (RFC 5280 §4.1.1.2).
    #[error("the signature algorithm is not usable: {0}")]
    SignatureAlgorithm(String),
}

/// An X.509 certificate, its original bytes kept. Cheap to clone.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    der: Vec<u8>,
    fingerprint: [u8; 32],
    tbs: Range<usize>,
    signature: Vec<u8>,
    signature_algorithm: SignatureAlgorithm,
    version: u8,
    serial: Vec<u8>,
    issuer: Name,
    issuer_der: Range<usize>,
    subject: Name,
    not_before: UnixSeconds,
    not_after: UnixSeconds,
    key: PublicKey,
    spki: Range<usize>,
    self_signed: OnceLock<bool>,
    extensions: Extensions,
}

#[derive(Default)]
struct Extensions {
    subject_key_id: Option<Vec<u8>>,
    authority_key_id: Option<Vec<u8>>,
    basic_constraints: Option<bool>,
    key_usage: Option<KeyUsage>,
    extended_key_usage: Option<Vec<Oid>>,
    private_key_usage: LifeSpan,
    document_types: Option<Vec<String>>,
    unknown_critical: Option<Oid>,
    leniencies: BTreeSet<Leniency>,
}

/// A period that may be open on either side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LifeSpan {
    /// The first moment.
    pub not_before: Option<UnixSeconds>,
    /// The last moment.
    pub not_after: Option<UnixSeconds>,
}

impl LifeSpan {
    /// Whether `at` lies in the period.
    pub fn contains(&self, at: UnixSeconds) -> bool {
        self.not_before.is_none_or(|start| start <= at)
            && self.not_after.is_none_or(|end| at <= end)
    }
}

/// What a report says about a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateSummary {
    /// Subject name.
    pub subject: String,
    /// Issuer name.
    pub issuer: String,
    /// Serial number in lower-case hex.
    pub serial: String,
    /// Country of the subject, upper case.
    pub country: Option<String>,
    /// Start of validity.
    pub not_before: UnixSeconds,
    /// End of validity.
    pub not_after: UnixSeconds,
    /// Kind of key.
    pub key: String,
    /// SHA-256 of the certificate.
    pub fingerprint: [u8; 32],
    /// Whether issuer and key are its own.
    pub self_signed: bool,
}

impl Certificate {
    /// Reads one certificate that fills `der`.
    ///
    /// # Errors
    /// When it is malformed or its key or signature algorithm is unsupported.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let parsed =
            X509::from_der(der).map_err(|error| CertificateError::Malformed(error.to_string()))?;
        let tbs = &parsed.tbs_certificate;
        let parts = SignedParts::read(der)?;
        let spki = der.get(parts.spki.clone()).unwrap_or(&[]);
        let inner = Inner {
            fingerprint: sha256(der),
            signature: parsed
                .signature
                .as_bytes()
                .ok_or_else(|| {
                    CertificateError::Malformed("the signature is not of whole octets".into())
                })?
                .to_vec(),
            signature_algorithm: parts.algorithm,
            version: match tbs.version {
                Version::V1 => 1,
                Version::V2 => 2,
                Version::V3 => 3,
            },
            serial: strip_zeros(tbs.serial_number.as_bytes()),
            issuer: Name::new(&tbs.issuer),
            issuer_der: parts.issuer,
            subject: Name::new(&tbs.subject),
            not_before: unix(&tbs.validity.not_before),
            not_after: unix(&tbs.validity.not_after),
            key: PublicKey::from_spki(spki).ok_or(CertificateError::PublicKey)?,
            spki: parts.spki,
            self_signed: OnceLock::new(),
            extensions: Extensions::read(tbs.extensions.as_deref().unwrap_or(&[]))?,
            tbs: parts.tbs,
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

    /// X.509 version, 1 to 3.
    pub fn version(&self) -> u8 {
        self.0.version
    }

    /// Serial number without leading zeros.
    pub fn serial(&self) -> &[u8] {
        &self.0.serial
    }

    /// Subject name.
    pub fn subject(&self) -> &Name {
        &self.0.subject
    }

    /// Issuer name.
    pub fn issuer(&self) -> &Name {
        &self.0.issuer
    }

    pub(crate) fn issuer_der(&self) -> &[u8] {
        self.0.der.get(self.0.issuer_der.clone()).unwrap_or(&[])
    }

    /// Subject key identifier.
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.0.extensions.subject_key_id.as_deref()
    }

    /// Authority key identifier.
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.0.extensions.authority_key_id.as_deref()
    }

    /// Country of the subject, upper case (9303-12 §7.1.1).
    pub fn country(&self) -> Option<&str> {
        self.0.subject.country()
    }

    /// Start of validity.
    pub fn not_before(&self) -> UnixSeconds {
        self.0.not_before
    }

    /// End of validity.
    pub fn not_after(&self) -> UnixSeconds {
        self.0.not_after
    }

    /// Whether `at` lies in the validity period.
    pub fn is_valid_at(&self, at: UnixSeconds) -> bool {
        self.0.not_before <= at && at <= self.0.not_after
    }

    /// The period in which the private key may sign (9303-12 §7.1.1).
    pub fn private_key_usage(&self) -> LifeSpan {
        self.0.extensions.private_key_usage
    }

    /// The public key.
    pub fn public_key(&self) -> &PublicKey {
        &self.0.key
    }

    /// What kind of key it is.
    pub fn key(&self) -> KeyDescription {
        self.0.key.description()
    }

    /// The algorithm the certificate is signed with.
    pub fn signature_algorithm(&self) -> SignatureAlgorithm {
        self.0.signature_algorithm
    }

    /// Whether `basicConstraints` says it is a CA; `None` without the extension.
    pub fn basic_constraints_ca(&self) -> Option<bool> {
        self.0.extensions.basic_constraints
    }

    /// Key usage; `None` without the extension.
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.0.extensions.key_usage
    }

    /// Whether the key may sign CRLs: the key usage says so or is missing.
    pub(super) fn may_sign_crls(&self) -> bool {
        self.key_usage().is_none_or(|usage| usage.crl_sign())
    }

    /// Extended key usage; `None` without the extension.
    pub fn extended_key_usage(&self) -> Option<&[Oid]> {
        self.0.extensions.extended_key_usage.as_deref()
    }

    /// The first purpose of ICAO's that the key is limited to. A CSCA also
    /// certifies signers of master lists, deviation lists and bar codes; only
    /// this tells them from document signers, which have none.
    pub(crate) fn icao_purpose(&self) -> Option<&Oid> {
        let mut purposes = self.extended_key_usage().into_iter().flatten();
        purposes.find(|purpose| purpose.is_below(&ICAO_SECURITY))
    }

    /// Whether a CMS signer names itself by this certificate (RFC 5652 §5.3).
    pub(crate) fn is_named_by(&self, id: &SignerId) -> bool {
        match id {
            SignerId::IssuerAndSerial { issuer, serial } => {
                self.issuer_der() == issuer && self.serial() == serial
            }
            SignerId::SubjectKeyId(id) => self.subject_key_id() == Some(id),
        }
    }

    /// The document types a signer is limited to (9303-12 §7.1.1.6).
    pub fn document_types(&self) -> Option<&[String]> {
        self.0.extensions.document_types.as_deref()
    }

    /// A critical extension this crate does not know.
    pub fn unknown_critical_extension(&self) -> Option<Oid> {
        self.0.extensions.unknown_critical
    }

    /// Whether subject and issuer are the same name. Link certificates are
    /// often self-issued and yet signed by another key.
    pub fn is_self_issued(&self) -> bool {
        self.0.subject == self.0.issuer
    }

    /// Whether names and key identifiers say it is signed with its own key.
    /// The signature is verified by [`check_csca`](Self::check_csca).
    pub fn is_self_signed(&self) -> bool {
        self.is_self_issued()
            && match (self.subject_key_id(), self.authority_key_id()) {
                (Some(own), Some(authority)) => own == authority,
                // 9303-12 lets a root leave the authority out; then only the
                // signature can tell.
                _ => *self
                    .0
                    .self_signed
                    .get_or_init(|| self.verify_signed_by_key(self.public_key()).is_ok()),
            }
    }

    /// Whether this certificate's issuer could be `issuer`, by name or key
    /// identifier; the signature still has to verify.
    pub fn names_issuer(&self, issuer: &Certificate) -> bool {
        let by_key = match (self.authority_key_id(), issuer.subject_key_id()) {
            (Some(authority), Some(subject)) => authority == subject,
            _ => false,
        };
        by_key || self.issuer() == issuer.subject()
    }

    /// Verifies the signature with the key of `issuer`.
    ///
    /// # Errors
    /// When it does not verify.
    pub fn verify_signed_by(&self, issuer: &Certificate) -> Result<(), SignatureError> {
        self.verify_signed_by_key(issuer.public_key())
    }

    fn verify_signed_by_key(&self, key: &PublicKey) -> Result<(), SignatureError> {
        let tbs = self.0.der.get(self.0.tbs.clone()).unwrap_or(&[]);
        self.0.signature_algorithm.verify(key, tbs, &self.0.signature)
    }

    /// Checks that this can be a country signing CA (9303-12 §7.1.1): a CA
    /// that may sign certificates, version 3, with a country, no unknown
    /// critical extension, and, when self-signed, signed by its own key.
    /// Validity is not checked: documents outlive the period a CSCA signs in.
    ///
    /// # Errors
    /// The first rule that is broken. Rules that real certificates break are
    /// returned as [`Leniency`] instead.
    pub fn check_csca(&self) -> Result<BTreeSet<Leniency>, CscaRefused> {
        let mut leniencies = self.0.extensions.leniencies.clone();
        if self.version() != 3 {
            return Err(CscaRefused::Version(self.version()));
        }
        if self.basic_constraints_ca() != Some(true) {
            return Err(CscaRefused::NotCa);
        }
        match self.key_usage() {
            Some(usage) if usage.key_cert_sign() => {}
            Some(_) => return Err(CscaRefused::KeyUsage),
            None => {
                leniencies.insert(Leniency::KeyUsageMissing);
            }
        }
        match self.country() {
            None | Some("") => return Err(CscaRefused::NoCountry),
            Some(country) if country.len() != 2 => {
                leniencies.insert(Leniency::CountryNotTwoLetters);
            }
            Some(_) => {}
        }
        if let Some(extension) = self.unknown_critical_extension() {
            return Err(CscaRefused::CriticalExtension(extension));
        }
        if self.subject_key_id().is_none() {
            leniencies.insert(Leniency::SubjectKeyIdMissing);
        }
        if self.is_self_signed() && self.verify_signed_by(self).is_err() {
            return Err(CscaRefused::SelfSignature);
        }
        Ok(leniencies)
    }

    /// Whether it holds the same key as `other`.
    pub fn has_same_key(&self, other: &Certificate) -> bool {
        self.key_bits().is_some_and(|own| other.key_bits() == Some(own))
    }

    fn key_bits(&self) -> Option<&[u8]> {
        key_bits(self.0.der.get(self.0.spki.clone())?)
    }

    /// What a report says about it.
    pub fn summary(&self) -> CertificateSummary {
        CertificateSummary {
            subject: self.subject().to_string(),
            issuer: self.issuer().to_string(),
            serial: hex(self.serial()),
            country: self.country().map(str::to_owned),
            not_before: self.not_before(),
            not_after: self.not_after(),
            key: self.key().to_string(),
            fingerprint: self.fingerprint(),
            self_signed: self.is_self_signed(),
        }
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, {})", self.subject(), hex(self.serial()))
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

/// A rule of 9303-12 that real CSCA certificates break, and that is therefore
/// not enforced but named in reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Leniency {
    /// A CSCA without `keyUsage`; its CA flag still says it signs certificates.
    KeyUsageMissing,
    /// A country that is not two letters.
    CountryNotTwoLetters,
    /// No subject key identifier; it is found by name alone.
    SubjectKeyIdMissing,
    /// The subject key identifier lacks its inner `OCTET STRING` (link
    /// certificates of Lithuania, 2014-2015). Key identifiers only select.
    SubjectKeyIdNotWrapped,
    /// The CA flag is true, and not written as `FF` (Ukraine, 2014-2015).
    CaFlagNotDer,
}

impl Leniency {
    /// A stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::KeyUsageMissing => "csca_key_usage_missing",
            Self::CountryNotTwoLetters => "csca_country_not_two_letters",
            Self::SubjectKeyIdMissing => "csca_subject_key_id_missing",
            Self::SubjectKeyIdNotWrapped => "csca_subject_key_id_not_wrapped",
            Self::CaFlagNotDer => "csca_ca_flag_not_der",
        }
    }
}

/// Why a certificate cannot be a country signing CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CscaRefused {
    /// Not version 3.
    #[error("X.509 version {0} instead of 3")]
    Version(u8),
    /// Not a CA.
    #[error("not a CA certificate")]
    NotCa,
    /// May not sign certificates.
    #[error("the key usage does not allow signing certificates")]
    KeyUsage,
    /// No country.
    #[error("the subject names no country")]
    NoCountry,
    /// A critical extension this crate does not know.
    #[error("unknown critical extension {0}")]
    CriticalExtension(Oid),
    /// Self-signed, and the signature is wrong.
    #[error("the self-signature does not verify")]
    SelfSignature,
}

/// Where things are in the original bytes.
struct SignedParts {
    tbs: Range<usize>,
    issuer: Range<usize>,
    spki: Range<usize>,
    algorithm: SignatureAlgorithm,
}

impl SignedParts {
    fn read(der: &[u8]) -> Result<Self, CertificateError> {
        let mut outer = Reader::new(der, Rules::Der).expect(Tag::SEQUENCE)?.children()?;
        let tbs = outer.expect(Tag::SEQUENCE)?;
        let outside = AlgorithmIdentifier::parse(&outer.expect(Tag::SEQUENCE)?)?;
        let mut fields = tbs.children()?;
        fields.optional(Tag::context(0))?;
        fields.expect(Tag::INTEGER)?;
        let inside = AlgorithmIdentifier::parse(&fields.expect(Tag::SEQUENCE)?)?;
        let unusable = |what: String| CertificateError::SignatureAlgorithm(what);
        if inside.oid != outside.oid {
            return Err(unusable("it differs inside and outside".into()));
        }
        // Some states leave the NULL parameters out in one of the two places.
        let both_none = inside.has_no_parameters() && outside.has_no_parameters();
        if inside.parameters != outside.parameters && !both_none {
            return Err(unusable("its parameters differ inside and outside".into()));
        }
        // The signed one decides.
        let algorithm = SignatureAlgorithm::parse(&inside, None)
            .map_err(|error| unusable(error.to_string()))?;
        let range =
            |element: &Element<'_>| element.offset()..element.offset() + element.raw().len();
        let issuer = range(&fields.expect(Tag::SEQUENCE)?);
        // Validity and subject.
        fields.expect(Tag::SEQUENCE)?;
        fields.expect(Tag::SEQUENCE)?;
        let spki = range(&fields.expect(Tag::SEQUENCE)?);
        Ok(Self { tbs: range(&tbs), issuer, spki, algorithm })
    }
}

/// The key in a `SubjectPublicKeyInfo`, without what it says of its algorithm:
/// the same key is written with and without parameters.
fn key_bits(spki: &[u8]) -> Option<&[u8]> {
    let mut fields = Reader::new(spki, Rules::Der).expect(Tag::SEQUENCE).ok()?.children().ok()?;
    fields.expect(Tag::SEQUENCE).ok()?;
    Some(fields.expect(Tag::BIT_STRING).ok()?.content())
}

impl Extensions {
    fn read(extensions: &[x509_cert::ext::Extension]) -> Result<Self, CertificateError> {
        let mut parsed = Self::default();
        let mut seen = BTreeSet::new();
        for extension in extensions {
            let value = extension.extn_value.as_bytes();
            let oid = Oid::parse(extension.extn_id.as_bytes(), 0)?;
            if !seen.insert(oid) {
                return Err(CertificateError::Extension("repeated"));
            }
            match oid {
                SUBJECT_KEY_ID => {
                    let id = match SubjectKeyIdentifier::from_der(value) {
                        Ok(id) => id.0.into_bytes(),
                        Err(_) => {
                            parsed.leniencies.insert(Leniency::SubjectKeyIdNotWrapped);
                            value.to_vec()
                        }
                    };
                    parsed.subject_key_id = Some(id);
                }
                AUTHORITY_KEY_ID => {
                    // Read by hand: issuer names in it are not always valid,
                    // and not needed.
                    parsed.authority_key_id = authority_key_id(value)
                        .map_err(|_| CertificateError::Extension("authorityKeyIdentifier"))?;
                }
                BASIC_CONSTRAINTS => {
                    let constraints = basic_constraints(value)
                        .map_err(|_| CertificateError::Extension("basicConstraints"))?;
                    if constraints.loose_boolean {
                        parsed.leniencies.insert(Leniency::CaFlagNotDer);
                    }
                    parsed.basic_constraints = Some(constraints.ca);
                }
                KEY_USAGE => {
                    let usage = KeyUsage::from_der(value)
                        .map_err(|_| CertificateError::Extension("keyUsage"))?;
                    parsed.key_usage = Some(usage);
                }
                EXTENDED_KEY_USAGE => {
                    let usage = ExtendedKeyUsage::from_der(value)
                        .map_err(|_| CertificateError::Extension("extKeyUsage"))?;
                    let purposes: Result<Vec<Oid>, _> =
                        usage.0.iter().map(|purpose| Oid::parse(purpose.as_bytes(), 0)).collect();
                    parsed.extended_key_usage = Some(purposes?);
                }
                // Both only inform, so a malformed one is as good as none.
                PRIVATE_KEY_USAGE => {
                    parsed.private_key_usage = private_key_usage(value).unwrap_or_default();
                }
                DOCUMENT_TYPES => parsed.document_types = document_types(value).ok(),
                other => {
                    let ignorable = IGNORABLE.contains(&other);
                    if extension.critical && !ignorable {
                        parsed.unknown_critical.get_or_insert(other);
                    }
                }
            }
        }
        Ok(parsed)
    }
}

struct BasicConstraints {
    ca: bool,
    loose_boolean: bool,
}

// BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE,
//   pathLenConstraint INTEGER (0..MAX) OPTIONAL }
fn basic_constraints(value: &[u8]) -> Result<BasicConstraints, tlv::Error> {
    let mut reader = Reader::new(value, Rules::Ber);
    let mut fields = reader.expect(Tag::SEQUENCE)?.children()?;
    reader.finish()?;
    let flag = fields.optional(Tag::BOOLEAN)?;
    fields.optional(Tag::INTEGER)?;
    fields.finish()?;
    let ca = flag.map(|flag| flag.boolean()).transpose()?;
    let loose = flag.is_some_and(|flag| !matches!(flag.content(), [0x00 | 0xFF]));
    Ok(BasicConstraints { ca: ca.unwrap_or(false), loose_boolean: loose })
}

fn authority_key_id(value: &[u8]) -> Result<Option<Vec<u8>>, tlv::Error> {
    let mut fields = Reader::new(value, Rules::Ber).expect(Tag::SEQUENCE)?.children()?;
    let id = fields.optional(Tag::context_primitive(0))?;
    Ok(id.map(|id| id.content().to_vec()))
}

fn private_key_usage(value: &[u8]) -> Result<LifeSpan, tlv::Error> {
    let mut fields = Reader::new(value, Rules::Ber).expect(Tag::SEQUENCE)?.children()?;
    let mut time = |number: u8| -> Result<Option<UnixSeconds>, tlv::Error> {
        let Some(field) = fields.optional(Tag::context_primitive(number))? else {
            return Ok(None);
        };
        let universal = tlv::tagged(Tag::GENERALIZED_TIME, field.content());
        let time = Reader::new(&universal, Rules::Der).read()?.time()?;
        Ok(Some(time))
    };
    Ok(LifeSpan { not_before: time(0)?, not_after: time(1)? })
}

// DocumentTypeListSyntax ::= SEQUENCE { version, docTypeList SET OF PrintableString }
fn document_types(value: &[u8]) -> Result<Vec<String>, tlv::Error> {
    let mut fields = Reader::new(value, Rules::Ber).expect(Tag::SEQUENCE)?.children()?;
    fields.expect(Tag::INTEGER)?;
    let mut types = fields.expect(Tag::SET)?.children()?;
    let mut list = Vec::new();
    while !types.is_empty() {
        let text = String::from_utf8_lossy(types.read()?.content()).into_owned();
        list.push(text);
    }
    Ok(list)
}

pub(super) fn unix(time: &Time) -> UnixSeconds {
    UnixSeconds(i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX))
}

pub(super) fn strip_zeros(octets: &[u8]) -> Vec<u8> {
    octets.iter().copied().skip_while(|octet| *octet == 0).collect()
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    openssl::sha::sha256(bytes)
}

pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

const fn id_ce(number: u8) -> Oid {
    Oid::from_octets(&[0x55, 0x1D, number])
}

const SUBJECT_KEY_ID: Oid = id_ce(14);
const KEY_USAGE: Oid = id_ce(15);
const PRIVATE_KEY_USAGE: Oid = id_ce(16);
const BASIC_CONSTRAINTS: Oid = id_ce(19);
const AUTHORITY_KEY_ID: Oid = id_ce(35);
const EXTENDED_KEY_USAGE: Oid = id_ce(37);
/// 2.23.136.1.1.6.2
pub(crate) const DOCUMENT_TYPES: Oid =
    Oid::from_octets(&[0x67, 0x81, 0x08, 0x01, 0x01, 0x06, 0x02]);
/// Extensions that restrict nothing a one-level chain depends on: alternative
/// names, policies, CRL distribution points, name change (2.23.136.1.1.6.1).
const IGNORABLE: [Oid; 6] = [
    id_ce(17),
    id_ce(18),
    id_ce(31),
    id_ce(32),
    Oid::from_octets(&[0x67, 0x81, 0x08, 0x01, 0x01, 0x06, 0x01]),
    // 2.5.29.9, subject directory attributes
    id_ce(9),
];

/// 2.23.136.1.1, id-icao-mrtd-security
const ICAO_SECURITY: Oid = Oid::from_octets(&[0x67, 0x81, 0x08, 0x01, 0x01]);
