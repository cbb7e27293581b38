//! EF.SOD: the document security object (9303-10 §4.6.2).

use std::collections::BTreeMap;

use super::DataGroup;
use crate::crypto::cms::SignedData;
use crate::crypto::{AlgorithmIdentifier, DigestAlgorithm};
use crate::tlv::{self, Oid, Reader, Rules, Tag};

/// Why EF.SOD cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The file or its CMS structure is broken.
    #[error("EF.SOD: {0}")]
    Structure(tlv::Error),
    /// Bytes follow the security object.
    #[error("EF.SOD: bytes follow the security object at byte {0}")]
    TrailingData(usize),
    /// The signed content is of another type.
    #[error("EF.SOD: the content type is {0}, not the LDS security object")]
    ContentType(Oid),
    /// The LDS security object is broken.
    #[error("EF.SOD: LDS security object: {0}")]
    SecurityObject(tlv::Error),
    /// The hashes are of an algorithm this crate does not know.
    #[error("EF.SOD: unsupported digest algorithm {algorithm}")]
    Digest {
        /// The algorithm.
        algorithm: Oid,
        /// Where it is named.
        offset: usize,
    },
}

/// EF.SOD, parsed; nothing is verified yet.
#[derive(Clone)]
pub struct Sod {
    /// The signed data.
    pub signed_data: SignedData,
    /// The LDS security object inside it.
    pub security_object: LdsSecurityObject,
}

impl Sod {
    /// Reads the file: `77 { ContentInfo }`, or the bare `ContentInfo`.
    ///
    /// # Errors
    /// When anything is malformed or follows the object.
    pub fn parse(file: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(file, Rules::Ber);
        let signed_data = match reader.peek() {
            Some(TEMPLATE) => {
                let template = reader.read().map_err(structure)?;
                reader.finish().map_err(structure)?;
                SignedData::parse(template.content(), template.content_offset())
            }
            _ => SignedData::parse(file, 0),
        }
        .map_err(structure)?;
        check_profile(&signed_data)?;
        if signed_data.content_type != LDS_SECURITY_OBJECT {
            return Err(Error::ContentType(signed_data.content_type));
        }
        let security_object =
            LdsSecurityObject::parse(&signed_data.content, signed_data.content_offset)?;
        Ok(Self { signed_data, security_object })
    }
}

/// What 9303-10 §4.6.2.2 and RFC 5652 fix and nobody signs. No real EF.SOD is
/// known to differ, and what is not checked could be changed unnoticed.
fn check_profile(signed: &SignedData) -> Result<(), Error> {
    let refuse = |what, offset| Err(Error::Structure(tlv::Error::value(what, offset)));
    if signed.version != 3 {
        return refuse("SignedData is not version 3", signed.version_offset);
    }
    for announced in &signed.digest_algorithms {
        if announced.digest().is_none() {
            return Err(Error::Digest { algorithm: announced.oid, offset: announced.offset });
        }
    }
    for signer in &signed.signers {
        if !signer.version_fits() {
            return refuse("the version of the signer does not fit its identifier", signer.offset);
        }
        let own = signer.digest();
        if own.is_some() && !signed.digest_algorithms.iter().any(|known| known.digest() == own) {
            let offset = signed.digest_algorithms_offset;
            return refuse("digestAlgorithms does not name that of the signer", offset);
        }
    }
    Ok(())
}

/// The hashes of the data groups (9303-10 §4.6.2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LdsSecurityObject {
    digest: DigestAlgorithm,
    hashes: BTreeMap<DataGroup, Vec<u8>>,
    version: Option<LdsVersion>,
}

/// Version information of an LDS security object v1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LdsVersion {
    /// Such as `0108` for LDS 1.8.
    pub lds: String,
    /// Such as `040000`.
    pub unicode: String,
}

impl LdsSecurityObject {
    /// Reads the encoded object, which starts at `offset` of its file.
    ///
    /// # Errors
    /// When malformed, with a repeated data group or an unknown algorithm.
    pub fn parse(encoded: &[u8], offset: usize) -> Result<Self, Error> {
        let (algorithm, hashes, version) =
            parse_fields(encoded, offset).map_err(Error::SecurityObject)?;
        let digest = algorithm
            .digest()
            .ok_or(Error::Digest { algorithm: algorithm.oid, offset: algorithm.offset })?;
        Ok(Self { digest, hashes, version })
    }

    /// The algorithm of all hashes.
    pub fn digest(&self) -> DigestAlgorithm {
        self.digest
    }

    /// The hash of one data group, when listed.
    pub fn hash(&self, group: DataGroup) -> Option<&[u8]> {
        self.hashes.get(&group).map(Vec::as_slice)
    }

    /// The data groups listed, in order.
    pub fn data_groups(&self) -> impl Iterator<Item = DataGroup> {
        self.hashes.keys().copied()
    }

    /// The version information, present from LDS 1.8 on.
    pub fn version(&self) -> Option<&LdsVersion> {
        self.version.as_ref()
    }
}

// LDSSecurityObject ::= SEQUENCE { version INTEGER {v0(0), v1(1)},
//   hashAlgorithm AlgorithmIdentifier,
//   dataGroupHashValues SEQUENCE SIZE (2..16) OF DataGroupHash,
//   ldsVersionInfo LDSVersionInfo OPTIONAL -- if present, version MUST be v1 }
type Fields = (AlgorithmIdentifier, BTreeMap<DataGroup, Vec<u8>>, Option<LdsVersion>);

fn parse_fields(encoded: &[u8], offset: usize) -> Result<Fields, tlv::Error> {
    let mut reader = Reader::at(encoded, offset, Rules::Ber);
    let mut fields = reader.expect(Tag::SEQUENCE)?.children()?;
    reader.finish()?;
    let version_field = fields.expect(Tag::INTEGER)?;
    let number = version_field.small_unsigned()?;
    if number > 1 {
        return Err(version_field.invalid("an unknown version"));
    }
    let algorithm = AlgorithmIdentifier::parse(&fields.expect(Tag::SEQUENCE)?)?;
    let list = fields.expect(Tag::SEQUENCE)?;
    let mut entries = list.children()?;
    let mut hashes = BTreeMap::new();
    while !entries.is_empty() {
        let entry = entries.expect(Tag::SEQUENCE)?;
        let mut pair = entry.children()?;
        let number = pair.expect(Tag::INTEGER)?.small_unsigned()?;
        let group = u8::try_from(number)
            .ok()
            .and_then(DataGroup::new)
            .ok_or(entry.invalid("not a data group number"))?;
        let hash = pair.read()?.octets()?.into_owned();
        pair.finish()?;
        if hashes.insert(group, hash).is_some() {
            return Err(entry.invalid("a data group is listed twice"));
        }
    }
    if hashes.is_empty() {
        return Err(list.invalid("no data group is listed"));
    }
    let version = match fields.optional(Tag::SEQUENCE)? {
        None => None,
        Some(info) => {
            let mut texts = info.children()?;
            let mut text = || -> Result<String, tlv::Error> {
                let element = texts.expect(PRINTABLE_STRING)?;
                // It is shown before any signature is verified.
                let octets = element.content();
                let is_number = octets.iter().all(|octet| octet.is_ascii_digit() || *octet == b'.');
                if !is_number || octets.len() > MAX_VERSION_LEN {
                    return Err(element.invalid("not a version number"));
                }
                Ok(octets.iter().map(|octet| char::from(*octet)).collect())
            };
            Some(LdsVersion { lds: text()?, unicode: text()? })
        }
    };
    fields.finish()?;
    if version.is_some() != (number == 1) {
        return Err(version_field.invalid("version 1 and version information go together"));
    }
    Ok((algorithm, hashes, version))
}

fn structure(error: tlv::Error) -> Error {
    match error.kind {
        tlv::ErrorKind::TrailingData => Error::TrailingData(error.offset),
        _ => Error::Structure(error),
    }
}

/// 2.23.136.1.1.1, id-icao-mrtd-security-ldsSecurityObject
pub const LDS_SECURITY_OBJECT: Oid = Oid::from_octets(&[0x67, 0x81, 0x08, 0x01, 0x01, 0x01]);

/// The tag of EF.SOD.
pub const TEMPLATE: Tag = Tag(0x77);
/// `0108` and `040000` are as long as they get.
const MAX_VERSION_LEN: usize = 8;
const PRINTABLE_STRING: Tag = Tag(0x13);
