//! CMS `SignedData` (RFC 5652 §5), BER included.
//!
//! Parsing keeps the bytes that are hashed and verified as they were written.

use super::{AlgorithmIdentifier, DigestAlgorithm, PublicKey, SignatureAlgorithm, SignatureError};
use crate::UnixSeconds;
use crate::tlv::{self, Element, Oid, Reader, Rules, Tag};

/// `SignedData` taken out of its `ContentInfo`.
#[derive(Clone)]
pub struct SignedData {
    /// The version, 3 for all content that is not plain data.
    pub version: u32,
    /// Where the version is in the file.
    pub version_offset: usize,
    /// `digestAlgorithms`, which announces those of the signers.
    pub digest_algorithms: Vec<AlgorithmIdentifier>,
    /// Where `digestAlgorithms` starts in the file.
    pub digest_algorithms_offset: usize,
    /// `eContentType`
    pub content_type: Oid,
    /// The signed content.
    pub content: Vec<u8>,
    /// Where the content starts in the file.
    pub content_offset: usize,
    /// The embedded certificates, encoded, with their offsets.
    pub certificates: Vec<(usize, Vec<u8>)>,
    /// The signers.
    pub signers: Vec<SignerInfo>,
}

/// One signer and its signature.
#[derive(Clone)]
pub struct SignerInfo {
    /// The version, which depends on the identifier (RFC 5652 §5.3).
    pub version: u32,
    /// Which certificate it says is its own.
    pub id: SignerId,
    /// The `digestAlgorithm`.
    pub digest_algorithm: AlgorithmIdentifier,
    /// The signed attributes, when present.
    pub signed_attributes: Option<SignedAttributes>,
    /// The `signatureAlgorithm`.
    pub signature_algorithm: AlgorithmIdentifier,
    /// The signature.
    pub signature: Vec<u8>,
    /// Where the signature starts in the file.
    pub signature_offset: usize,
    /// Where the `SignerInfo` starts in the file.
    pub offset: usize,
}

/// How a signer names its certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignerId {
    /// By issuer and serial number.
    IssuerAndSerial {
        /// The issuer name, encoded.
        issuer: Vec<u8>,
        /// The serial number without leading zeros.
        serial: Vec<u8>,
    },
    /// By subject key identifier.
    SubjectKeyId(Vec<u8>),
}

/// The attributes the signature covers.
#[derive(Clone)]
pub struct SignedAttributes {
    /// The exact bytes that were signed: the attributes as they were written,
    /// under the tag of a `SET` (RFC 5652 §5.4).
    pub signed_bytes: Vec<u8>,
    /// `contentType`, when present.
    pub content_type: Option<Oid>,
    /// `messageDigest`, when present.
    pub message_digest: Option<Vec<u8>>,
    /// `signingTime`, when present and readable.
    pub signing_time: Option<UnixSeconds>,
    /// Where the attributes start in the file.
    pub offset: usize,
}

impl SignedData {
    /// Reads a `ContentInfo` that fills `input`, which starts at `offset` of
    /// its file.
    ///
    /// # Errors
    /// When it is not `SignedData`, is malformed, or is followed by anything.
    pub fn parse(input: &[u8], offset: usize) -> Result<Self, tlv::Error> {
        let mut reader = Reader::at(input, offset, Rules::Ber);
        let mut info = reader.expect(Tag::SEQUENCE)?.children()?;
        reader.finish()?;
        let kind = info.expect(Tag::OID)?;
        if kind.oid()? != SIGNED_DATA {
            return Err(kind.invalid("the content is not CMS SignedData"));
        }
        let mut wrapper = info.expect(Tag::context(0))?.children()?;
        info.finish()?;
        let mut fields = wrapper.expect(Tag::SEQUENCE)?.children()?;
        wrapper.finish()?;

        let version = fields.expect(Tag::INTEGER)?;
        let digests = fields.expect(Tag::SET)?;
        let digest_algorithms =
            each(&digests, |element| AlgorithmIdentifier::parse(element).map(Some))?;
        let (content_type, content, content_offset) =
            encapsulated_content(&fields.expect(Tag::SEQUENCE)?)?;
        let certificates = match fields.optional(Tag::context(0))? {
            Some(set) => embedded_certificates(&set)?,
            None => Vec::new(),
        };
        fields.optional(Tag::context(1))?;
        let infos = fields.expect(Tag::SET)?;
        fields.finish()?;
        let signers = each(&infos, |element| SignerInfo::parse(element).map(Some))?;
        Ok(Self {
            version: version.small_unsigned()?,
            version_offset: version.offset(),
            digest_algorithms,
            digest_algorithms_offset: digests.offset(),
            content_type,
            content,
            content_offset,
            certificates,
            signers,
        })
    }
}

impl SignerInfo {
    fn parse(element: &Element<'_>) -> Result<Self, tlv::Error> {
        if element.tag() != Tag::SEQUENCE {
            return Err(element.invalid("not a SignerInfo"));
        }
        let mut fields = element.children()?;
        let version = fields.expect(Tag::INTEGER)?.small_unsigned()?;
        let id = match fields.peek() {
            Some(Tag::SEQUENCE) => {
                let mut pair = fields.expect(Tag::SEQUENCE)?.children()?;
                let issuer = pair.expect(Tag::SEQUENCE)?.raw().to_vec();
                let serial = pair.expect(Tag::INTEGER)?.integer_octets()?.to_vec();
                pair.finish()?;
                SignerId::IssuerAndSerial { issuer, serial }
            }
            _ => {
                let id = fields.expect(Tag::context_primitive(0))?;
                SignerId::SubjectKeyId(id.content().to_vec())
            }
        };
        let digest_algorithm = AlgorithmIdentifier::parse(&fields.expect(Tag::SEQUENCE)?)?;
        let signed_attributes = fields
            .optional(Tag::context(0))?
            .map(|attributes| SignedAttributes::parse(&attributes))
            .transpose()?;
        let signature_algorithm = AlgorithmIdentifier::parse(&fields.expect(Tag::SEQUENCE)?)?;
        let signature = fields.read()?;
        fields.optional(Tag::context(1))?;
        fields.finish()?;
        Ok(Self {
            version,
            id,
            digest_algorithm,
            signed_attributes,
            signature_algorithm,
            signature: signature.octets()?.into_owned(),
            signature_offset: signature.offset(),
            offset: element.offset(),
        })
    }

    /// The digest algorithm, when supported.
    pub fn digest(&self) -> Option<DigestAlgorithm> {
        self.digest_algorithm.digest()
    }

    /// Whether the version is the one the signer's identifier demands: 1 by
    /// issuer and serial number, 3 by key (RFC 5652 §5.3).
    pub fn version_fits(&self) -> bool {
        let demanded = match self.id {
            SignerId::IssuerAndSerial { .. } => 1,
            SignerId::SubjectKeyId(_) => 3,
        };
        self.version == demanded
    }

    /// Verifies the signature over the signed attributes with `key`. That the
    /// attributes match the content is for the caller to check.
    ///
    /// # Errors
    /// When the algorithm is unsupported or the signature wrong; without
    /// signed attributes it is always [`SignatureError::Invalid`].
    pub fn verify_attributes(&self, key: &PublicKey) -> Result<SignatureAlgorithm, SignatureError> {
        let algorithm = SignatureAlgorithm::parse(&self.signature_algorithm, self.digest())?;
        let attributes = self.signed_attributes.as_ref().ok_or(SignatureError::Invalid)?;
        algorithm.verify(key, &attributes.signed_bytes, &self.signature)?;
        Ok(algorithm)
    }
}

impl SignedAttributes {
    fn parse(element: &Element<'_>) -> Result<Self, tlv::Error> {
        let mut parsed = Self {
            // Only the header is new: an indefinite or non-minimal length is
            // not part of the DER encoding that was signed.
            signed_bytes: tlv::tagged(Tag::SET, element.content()),
            content_type: None,
            message_digest: None,
            signing_time: None,
            offset: element.offset(),
        };
        let mut signing_time = None;
        let mut attributes = element.children()?;
        while !attributes.is_empty() {
            let attribute = attributes.expect(Tag::SEQUENCE)?;
            let mut fields = attribute.children()?;
            let kind = fields.expect(Tag::OID)?.oid()?;
            let mut values = fields.expect(Tag::SET)?.children()?;
            fields.finish()?;
            let duplicate = match kind {
                CONTENT_TYPE => {
                    let value = values.expect(Tag::OID)?.oid()?;
                    values.finish()?;
                    parsed.content_type.replace(value).is_some()
                }
                MESSAGE_DIGEST => {
                    let value = values.read()?.octets()?.into_owned();
                    values.finish()?;
                    parsed.message_digest.replace(value).is_some()
                }
                SIGNING_TIME => {
                    // Informational only, so an unreadable one is no failure.
                    let value = values.read()?.time().ok();
                    signing_time.replace(value).is_some()
                }
                _ => false,
            };
            if duplicate {
                return Err(attribute.invalid("a signed attribute is repeated"));
            }
        }
        parsed.signing_time = signing_time.flatten();
        Ok(parsed)
    }
}

fn encapsulated_content(element: &Element<'_>) -> Result<(Oid, Vec<u8>, usize), tlv::Error> {
    let mut fields = element.children()?;
    let content_type = fields.expect(Tag::OID)?.oid()?;
    let mut wrapper = fields.expect(Tag::context(0))?.children()?;
    fields.finish()?;
    let content = wrapper.read()?;
    wrapper.finish()?;
    let octets = content.octets()?.into_owned();
    Ok((content_type, octets, content.content_offset()))
}

fn embedded_certificates(set: &Element<'_>) -> Result<Vec<(usize, Vec<u8>)>, tlv::Error> {
    each(set, |choice| {
        // The other choices are attribute and obsolete certificates.
        let is_certificate = choice.tag() == Tag::SEQUENCE;
        Ok(is_certificate.then(|| (choice.offset(), choice.raw().to_vec())))
    })
}

/// What `read` makes of the elements of a set, of which there may be
/// [`MAX_MEMBERS`].
fn each<'a, T>(
    set: &Element<'a>,
    read: impl Fn(&Element<'a>) -> Result<Option<T>, tlv::Error>,
) -> Result<Vec<T>, tlv::Error> {
    let mut members = set.children()?;
    let mut made = Vec::new();
    for _ in 0..MAX_MEMBERS {
        if members.is_empty() {
            return Ok(made);
        }
        made.extend(read(&members.read()?)?);
    }
    if members.is_empty() {
        return Ok(made);
    }
    Err(tlv::Error::value("too many members of a set", members.offset()))
}

/// More digest algorithms, certificates or signers than this are refused;
/// documents have one of each, master lists a few.
pub const MAX_MEMBERS: usize = 32;

/// 1.2.840.113549.1.7.2
pub const SIGNED_DATA: Oid =
    Oid::from_octets(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02]);
/// 1.2.840.113549.1.9.3
pub const CONTENT_TYPE: Oid =
    Oid::from_octets(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x03]);
/// 1.2.840.113549.1.9.4
pub const MESSAGE_DIGEST: Oid =
    Oid::from_octets(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x04]);
/// 1.2.840.113549.1.9.5
pub const SIGNING_TIME: Oid =
    Oid::from_octets(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x05]);
