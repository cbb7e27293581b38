use super::signed_list::{Vouchers, verify_list};
use super::{Certificate, CertificateError, ListSignature};
use crate::crypto::cms::SignedData;
use crate::tlv::{self, Oid, Reader, Rules, Tag};

/// Why bytes are not a master list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MasterListError {
    /// Its structure is broken.
    #[error("not a master list: {0}")]
    Structure(#[from] tlv::Error),
    /// The signed content is of another type.
    #[error("the content type is {0}, not a CSCA master list")]
    ContentType(Oid),
}

/// A list of CSCA certificates, as one state vouches for them (9303-12 §9).
///
/// Reading it proves nothing; see [`verify_signature`](Self::verify_signature).
#[derive(Clone)]
pub struct MasterList {
    certificates: Vec<(usize, Certificate)>,
    refused: Vec<(usize, CertificateError)>,
    signed: Option<SignedData>,
}

impl MasterList {
    /// Reads a signed list, or a bare `CscaMasterList`.
    ///
    /// Lengths need not be minimal: a widely copied bare list has such ones.
    ///
    /// # Errors
    /// When it is neither. A certificate that cannot be read is not an error;
    /// it is in [`refused`](Self::refused).
    pub fn parse(bytes: &[u8]) -> Result<Self, MasterListError> {
        let mut first = Reader::new(bytes, Rules::Ber).expect(Tag::SEQUENCE)?.children()?;
        if first.read()?.tag() == Tag::OID {
            let signed = SignedData::parse(bytes, 0)?;
            if signed.content_type != MASTER_LIST {
                return Err(MasterListError::ContentType(signed.content_type));
            }
            let mut list = Self::parse_content(&signed.content, signed.content_offset)?;
            list.signed = Some(signed);
            return Ok(list);
        }
        Self::parse_content(bytes, 0)
    }

    // CscaMasterList ::= SEQUENCE { version, certList SET OF Certificate }
    fn parse_content(content: &[u8], offset: usize) -> Result<Self, MasterListError> {
        let mut reader = Reader::at(content, offset, Rules::Ber);
        let mut fields = reader.expect(Tag::SEQUENCE)?.children()?;
        reader.finish()?;
        fields.expect(Tag::INTEGER)?.small_unsigned()?;
        let mut entries = fields.expect(Tag::SET)?.children()?;
        fields.finish()?;
        let mut list = Self { certificates: Vec::new(), refused: Vec::new(), signed: None };
        while !entries.is_empty() {
            let entry = entries.read()?;
            match Certificate::from_der(entry.raw()) {
                Ok(certificate) => list.certificates.push((entry.offset(), certificate)),
                Err(error) => list.refused.push((entry.offset(), error)),
            }
        }
        Ok(list)
    }

    /// The certificates listed, with their offsets.
    pub fn certificates(&self) -> &[(usize, Certificate)] {
        &self.certificates
    }

    /// The entries that are no usable certificates, with their offsets.
    pub fn refused(&self) -> &[(usize, CertificateError)] {
        &self.refused
    }

    /// Verifies the signature (9303-12 §9.1) and that the signer chains to one
    /// of `roots`, through embedded certificates where needed.
    ///
    /// A root is named by the caller because the list itself cannot vouch for
    /// its signer. Validity periods are not checked: published lists are used
    /// after their short-lived signer certificate has expired.
    pub fn verify_signature(&self, roots: &[Certificate]) -> ListSignature {
        self.verify(Vouchers { roots, revocations: None })
    }

    pub(super) fn verify(&self, vouchers: Vouchers<'_>) -> ListSignature {
        match &self.signed {
            None => ListSignature::Unsigned,
            Some(signed) => verify_list(signed, &MASTER_LIST_SIGNER, vouchers),
        }
    }
}

/// 2.23.136.1.1.2, id-icao-cscaMasterList
pub const MASTER_LIST: Oid = Oid::from_octets(&[0x67, 0x81, 0x08, 0x01, 0x01, 0x02]);
/// 2.23.136.1.1.3, id-icao-cscaMasterListSigningKey
pub(crate) const MASTER_LIST_SIGNER: Oid = Oid::from_octets(&[0x67, 0x81, 0x08, 0x01, 0x01, 0x03]);
