use std::fmt;
use std::sync::Arc;

use super::signed_list::{Vouchers, verify_list};
use super::{Certificate, ListSignature, Name, type_covers};
use crate::UnixSeconds;
use crate::crypto::cms::SignedData;
use crate::crypto::{AlgorithmIdentifier, DigestAlgorithm};
use crate::tlv::{self, Element, Oid, Reader, Rules, Tag};

/// Why bytes are not a deviation list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviationListError {
    /// Its structure is broken.
    #[error("not a deviation list: {0}")]
    Structure(#[from] tlv::Error),
    /// The signed content is of another type.
    #[error("the content type is {0}, not a deviation list")]
    ContentType(Oid),
    /// More entries than any state has reason for.
    #[error("more than {MAX_DEVIATIONS} deviations")]
    TooLong,
}

/// What a state says is wrong with documents it issued (9303-12 §10,
/// 9303-3 §7). Cheap to clone.
///
/// Reading it proves nothing; see [`verify_signature`](Self::verify_signature).
#[derive(Clone)]
pub struct DeviationList(Arc<Inner>);

struct Inner {
    der: Vec<u8>,
    fingerprint: [u8; 32],
    deviations: Vec<Deviation>,
    signed: SignedData,
}

/// One entry: which documents, and what is wrong with them.
#[derive(Clone)]
pub struct Deviation {
    /// The document signer, when documents are named by it.
    signer: Option<SignerReference>,
    /// The document type of the zone, such as `P`.
    document_type: Option<String>,
    /// First and last moment of issue.
    issued: Option<(UnixSeconds, UnixSeconds)>,
    document_numbers: Option<Vec<String>>,
    descriptions: Vec<DeviationDescription>,
}

/// How an entry names a document signer.
#[derive(Clone)]
enum SignerReference {
    IssuerAndSerial { issuer: Vec<u8>, serial: Vec<u8> },
    SubjectKeyId(Vec<u8>),
    Digest { algorithm: Option<DigestAlgorithm>, value: Vec<u8> },
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviationDescription {
    /// The type of deviation.
    pub kind: DeviationKind,
    /// The state's own words.
    pub text: Option<String>,
}

/// The deviation types of 9303-3 §7.3.5; they mean what it says and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "`meaning` says what each means")]
pub enum DeviationKind {
    CertOrKey,
    SignerSignature,
    SignerEncoding,
    CscaEncoding,
    ActiveAuthenticationKeyCompromised,
    Lds,
    DataGroupMalformed(Option<u8>),
    DataGroupHashWrong(Option<u8>),
    SodSignatureWrong,
    ComInconsistent,
    Mrz,
    MrzWrongData,
    MrzWrongCheckDigit,
    Chip,
    NationalUse,
    /// A type this version does not know.
    Other(Oid),
}

/// A deviation that concerns a document, or may.
///
/// Holds the list it is from, not a copy of it.
#[derive(Clone)]
pub struct KnownDeviation {
    list: DeviationList,
    entry: usize,
}

impl KnownDeviation {
    /// The entry of the list.
    pub fn deviation(&self) -> Option<&Deviation> {
        self.list.0.deviations.get(self.entry)
    }

    /// What is wrong.
    pub fn descriptions(&self) -> &[DeviationDescription] {
        self.deviation().map_or(&[], Deviation::descriptions)
    }

    /// Whether the entry names nothing but the signer, so that every document
    /// of the signer is concerned. Otherwise it is limited to document types,
    /// numbers or dates of issue too; the date stands in no machine-readable
    /// part of a document (9303-3 §7.3.6).
    pub fn is_by_signer_alone(&self) -> bool {
        self.deviation().is_some_and(Deviation::is_by_signer_alone)
    }
}

impl fmt::Debug for KnownDeviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KnownDeviation").field(&self.deviation()).finish()
    }
}

impl PartialEq for KnownDeviation {
    fn eq(&self, other: &Self) -> bool {
        (self.list.fingerprint(), self.entry) == (other.list.fingerprint(), other.entry)
    }
}

impl Eq for KnownDeviation {}

impl DeviationList {
    /// Reads one list that fills `bytes`.
    ///
    /// # Errors
    /// When it is malformed or something else.
    pub fn parse(bytes: &[u8]) -> Result<Self, DeviationListError> {
        let signed = SignedData::parse(bytes, 0)?;
        if signed.content_type != DEVIATION_LIST {
            return Err(DeviationListError::ContentType(signed.content_type));
        }
        let deviations = deviations(&signed.content, signed.content_offset)?;
        Ok(Self(Arc::new(Inner {
            fingerprint: super::certificate::sha256(bytes),
            der: bytes.to_vec(),
            deviations,
            signed,
        })))
    }

    /// The original bytes.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// SHA-256 of the original bytes.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.0.fingerprint
    }

    /// The entries.
    pub fn deviations(&self) -> &[Deviation] {
        &self.0.deviations
    }

    /// When it says it was signed.
    pub fn signed_at(&self) -> Option<UnixSeconds> {
        let attributes = self.0.signed.signers.first()?.signed_attributes.as_ref()?;
        attributes.signing_time
    }

    /// The entries that may concern documents of `signer`.
    pub(super) fn known_of(&self, signer: &Certificate) -> Vec<KnownDeviation> {
        let entries = self.0.deviations.iter().enumerate();
        entries
            .filter(|(_, deviation)| deviation.may_concern(signer))
            .map(|(entry, _)| KnownDeviation { list: self.clone(), entry })
            .collect()
    }

    /// Verifies the signature (9303-12 §10.1) and that the signer chains to one
    /// of `roots`, which the caller trusts.
    pub fn verify_signature(&self, roots: &[Certificate]) -> ListSignature {
        self.verify(Vouchers { roots, revocations: None })
    }

    pub(super) fn verify(&self, vouchers: Vouchers<'_>) -> ListSignature {
        verify_list(&self.0.signed, &DEVIATION_LIST_SIGNER, vouchers)
    }
}

impl fmt::Debug for DeviationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviationList({} entries)", self.0.deviations.len())
    }
}

/// Without the document numbers.
impl fmt::Debug for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deviation")
            .field("descriptions", &self.descriptions)
            .field("document_type", &self.document_type)
            .finish_non_exhaustive()
    }
}

impl Deviation {
    /// What is wrong.
    pub fn descriptions(&self) -> &[DeviationDescription] {
        &self.descriptions
    }

    /// Whether documents of `signer` can be meant: the entry names it, or no
    /// signer at all, which means any of the state.
    pub fn may_concern(&self, signer: &Certificate) -> bool {
        match &self.signer {
            None => true,
            Some(SignerReference::SubjectKeyId(id)) => signer.subject_key_id() == Some(id),
            Some(SignerReference::IssuerAndSerial { issuer, serial }) => {
                signer.serial() == serial
                    && Name::from_der(issuer).is_some_and(|name| name == *signer.issuer())
            }
            Some(SignerReference::Digest { algorithm, value }) => {
                algorithm.is_some_and(|algorithm| algorithm.matches(signer.der(), value))
            }
        }
    }

    /// Whether the entry names a signer and no other condition.
    pub fn is_by_signer_alone(&self) -> bool {
        self.signer.is_some()
            && self.document_type.is_none()
            && self.issued.is_none()
            && self.document_numbers.is_none()
    }

    /// Whether a document with this type and number can be meant, as far as
    /// the entry names types and numbers. Fillers do not count.
    pub fn may_concern_document(&self, document_type: &str, number: &str) -> bool {
        fn bare(text: &str) -> &str {
            text.trim_end_matches('<')
        }
        let type_fits =
            self.document_type.as_deref().is_none_or(|meant| type_covers(meant, document_type));
        let number_fits = self
            .document_numbers
            .as_ref()
            .is_none_or(|numbers| numbers.iter().any(|meant| bare(meant) == bare(number)));
        type_fits && number_fits
    }

    /// First and last moment of issue, when the entry names them.
    pub fn issued(&self) -> Option<(UnixSeconds, UnixSeconds)> {
        self.issued
    }
}

impl DeviationKind {
    /// A stable name.
    pub fn code(self) -> &'static str {
        self.texts().0
    }

    /// What the standard says it means.
    pub fn meaning(self) -> &'static str {
        self.texts().1
    }

    /// The data group, where the state named one.
    pub fn data_group(self) -> Option<u8> {
        match self {
            Self::DataGroupMalformed(group) | Self::DataGroupHashWrong(group) => group,
            _ => None,
        }
    }

    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::CertOrKey => ("cert_or_key", "a certificate or key deviates"),
            Self::SignerSignature => {
                ("ds_signature", "the signature of the document signer certificate is wrong")
            }
            Self::SignerEncoding => {
                ("ds_encoding", "the document signer certificate has a coding error")
            }
            Self::CscaEncoding => ("csca_encoding", "the CSCA certificate has a coding error"),
            Self::ActiveAuthenticationKeyCompromised => (
                "aa_key_compromised",
                "the key for active authentication may be compromised and is not to be relied upon",
            ),
            Self::Lds => ("lds", "the logical data structure deviates"),
            Self::DataGroupMalformed(_) => {
                ("dg_malformed", "the encoding of a data group is broken")
            }
            Self::DataGroupHashWrong(_) => {
                ("dg_hash_wrong", "the hash of a data group in EF.SOD is wrong")
            }
            Self::SodSignatureWrong => ("sod_signature_wrong", "the signature of EF.SOD is wrong"),
            Self::ComInconsistent => ("com_inconsistent", "EF.COM and EF.SOD are inconsistent"),
            Self::Mrz => ("mrz", "the machine readable zone deviates"),
            Self::MrzWrongData => ("mrz_wrong_data", "a field of the zone has wrong data"),
            Self::MrzWrongCheckDigit => {
                ("mrz_wrong_check_digit", "a check digit of the zone is wrong")
            }
            Self::Chip => ("chip", "the chip is not usable"),
            Self::NationalUse => ("national_use", "for national use"),
            Self::Other(_) => ("other", "a type of deviation this version does not know"),
        }
    }

    fn read(kind: Oid, parameters: Option<&Element<'_>>) -> Self {
        let group = || {
            let mut inner = parameters?.children().ok()?;
            let number = inner.expect(Tag::INTEGER).ok()?.small_unsigned().ok()?;
            u8::try_from(number).ok()
        };
        let Some(arcs) = kind.octets().strip_prefix(DEVIATION_LIST.octets()) else {
            return Self::Other(kind);
        };
        match arcs {
            [1] => Self::CertOrKey,
            [1, 1] => Self::SignerSignature,
            [1, 2] => Self::SignerEncoding,
            [1, 3] => Self::CscaEncoding,
            [1, 4] => Self::ActiveAuthenticationKeyCompromised,
            [2] => Self::Lds,
            [2, 1] => Self::DataGroupMalformed(group()),
            [2, 2] => Self::DataGroupHashWrong(group()),
            [2, 3] => Self::SodSignatureWrong,
            [2, 4] => Self::ComInconsistent,
            [3] => Self::Mrz,
            [3, 1] => Self::MrzWrongData,
            [3, 2] => Self::MrzWrongCheckDigit,
            [4] => Self::Chip,
            [5] => Self::NationalUse,
            _ => Self::Other(kind),
        }
    }
}

// DeviationList ::= SEQUENCE { version INTEGER, digestAlgorithm OPTIONAL, deviations SET OF }
fn deviations(content: &[u8], offset: usize) -> Result<Vec<Deviation>, DeviationListError> {
    let mut reader = Reader::at(content, offset, Rules::Der);
    let mut fields = reader.expect(Tag::SEQUENCE)?.children()?;
    reader.finish()?;
    fields.expect(Tag::INTEGER)?.small_unsigned()?;
    let digest = fields.optional(Tag::SEQUENCE)?;
    let digest = digest.map(|element| AlgorithmIdentifier::parse(&element)).transpose()?;
    let digest = digest.and_then(|algorithm| DigestAlgorithm::from_oid(&algorithm.oid));
    let mut entries = fields.expect(Tag::SET)?.children()?;
    fields.finish()?;
    let mut deviations = Vec::new();
    while !entries.is_empty() {
        if deviations.len() >= MAX_DEVIATIONS {
            return Err(DeviationListError::TooLong);
        }
        deviations.push(deviation(&entries.expect(Tag::SEQUENCE)?, digest)?);
    }
    Ok(deviations)
}

fn deviation(
    element: &Element<'_>,
    digest: Option<DigestAlgorithm>,
) -> Result<Deviation, tlv::Error> {
    let mut fields = element.children()?;
    let mut documents = fields.expect(Tag::SEQUENCE)?.children()?;
    let mut described = fields.expect(Tag::SET)?.children()?;
    fields.finish()?;

    let document_type = documents.optional(Tag::context_primitive(0))?.map(|field| text(&field));
    let signer = signer_reference(&mut documents, digest)?;
    let issued = documents.optional(Tag::context(4))?.map(|period| issued(&period)).transpose()?;
    let numbers = match documents.optional(Tag::context(5))? {
        Some(set) => {
            let mut entries = set.children()?;
            let mut numbers = Vec::new();
            while !entries.is_empty() {
                numbers.push(text(&entries.read()?));
            }
            Some(numbers)
        }
        None => None,
    };
    documents.finish()?;

    let mut descriptions = Vec::new();
    while !described.is_empty() {
        let mut fields = described.expect(Tag::SEQUENCE)?.children()?;
        let words = fields.optional(PRINTABLE_STRING)?.map(|field| text(&field));
        let kind = fields.expect(Tag::OID)?.oid()?;
        let parameters = fields.optional(Tag::context(0))?;
        let kind = DeviationKind::read(kind, parameters.as_ref());
        descriptions.push(DeviationDescription { kind, text: words });
    }
    Ok(Deviation { signer, document_type, issued, document_numbers: numbers, descriptions })
}

fn signer_reference(
    documents: &mut Reader<'_>,
    digest: Option<DigestAlgorithm>,
) -> Result<Option<SignerReference>, tlv::Error> {
    if let Some(named) = documents.optional(Tag::context(1))? {
        let mut pair = named.children()?;
        let issuer = pair.expect(Tag::SEQUENCE)?.raw().to_vec();
        let serial = pair.expect(Tag::INTEGER)?.integer_octets()?.to_vec();
        pair.finish()?;
        return Ok(Some(SignerReference::IssuerAndSerial { issuer, serial }));
    }
    if let Some(id) = documents.optional(Tag::context_primitive(2))? {
        return Ok(Some(SignerReference::SubjectKeyId(id.content().to_vec())));
    }
    let hash = documents.optional(Tag::context_primitive(3))?;
    Ok(hash
        .map(|hash| SignerReference::Digest { algorithm: digest, value: hash.content().to_vec() }))
}

fn issued(period: &Element<'_>) -> Result<(UnixSeconds, UnixSeconds), tlv::Error> {
    let mut fields = period.children()?;
    let first = fields.expect(Tag::GENERALIZED_TIME)?.time()?;
    let last = fields.expect(Tag::GENERALIZED_TIME)?.time()?;
    fields.finish()?;
    Ok((first, last))
}

fn text(field: &Element<'_>) -> String {
    String::from_utf8_lossy(field.content()).chars().filter(|char| !char.is_control()).collect()
}

/// The longest list taken.
const MAX_DEVIATIONS: usize = 10_000;

const PRINTABLE_STRING: Tag = Tag(0x13);
/// 2.23.136.1.1.7, id-icao-DeviationList
pub const DEVIATION_LIST: Oid = Oid::from_octets(&[0x67, 0x81, 0x08, 0x01, 0x01, 0x07]);
/// 2.23.136.1.1.8, id-icao-DeviationListSigningKey
pub(crate) const DEVIATION_LIST_SIGNER: Oid =
    Oid::from_octets(&[0x67, 0x81, 0x08, 0x01, 0x01, 0x08]);
