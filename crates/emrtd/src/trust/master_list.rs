use super::{Certificate, CertificateError, CertificateSummary};
use crate::UnixSeconds;
use crate::crypto::cms::{SignedData, SignerId};
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

/// What the signature of a master list is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListSignature {
    /// It verifies and its signer chains to one of the given roots.
    Verified {
        /// The master list signer.
        signer: CertificateSummary,
        /// The root it chains to.
        root: CertificateSummary,
        /// When it says it was signed.
        signed_at: Option<UnixSeconds>,
    },
    /// It verifies, under a signer none of the given roots vouches for.
    UnknownSigner {
        /// The master list signer.
        signer: CertificateSummary,
        /// The name of the root that would be needed.
        root_needed: String,
    },
    /// It does not verify.
    Invalid {
        /// Why.
        reason: &'static str,
    },
    /// There is none: a bare list.
    Unsigned,
}

impl ListSignature {
    /// Whether the certificates may be taken as vouched for.
    pub fn is_verified(&self) -> bool {
        matches!(self, Self::Verified { .. })
    }
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
        let Some(signed) = &self.signed else {
            return ListSignature::Unsigned;
        };
        match verify(signed, roots) {
            Ok(outcome) => outcome,
            Err(reason) => ListSignature::Invalid { reason },
        }
    }
}

fn verify(signed: &SignedData, roots: &[Certificate]) -> Result<ListSignature, &'static str> {
    let [signer_info] = signed.signers.as_slice() else {
        return Err("not exactly one signer");
    };
    let embedded: Vec<Certificate> =
        signed.certificates.iter().filter_map(|(_, der)| Certificate::from_der(der).ok()).collect();
    let is_signer = |certificate: &&Certificate| match &signer_info.id {
        SignerId::IssuerAndSerial { issuer, serial } => {
            certificate.issuer_der() == issuer && certificate.serial() == serial
        }
        SignerId::SubjectKeyId(id) => certificate.subject_key_id() == Some(id),
    };
    let signer = embedded.iter().find(is_signer).ok_or("the signer certificate is not embedded")?;
    let attributes =
        signer_info.signed_attributes.as_ref().ok_or("there are no signed attributes")?;
    if attributes.content_type != Some(signed.content_type) {
        return Err("the signed content type is another one");
    }
    let digest = signer_info.digest().ok_or("unsupported digest algorithm")?;
    let claimed = attributes.message_digest.as_ref().ok_or("there is no message digest")?;
    if !digest.matches(&signed.content, claimed) {
        return Err("the message digest is not that of the content");
    }
    signer_info
        .verify_attributes(signer.public_key())
        .map_err(|_| "the signature does not verify")?;
    let for_lists =
        signer.extended_key_usage().is_some_and(|purposes| purposes.contains(&MASTER_LIST_SIGNER));
    // A CSCA may sign lists itself; anything else needs the purpose.
    if !for_lists && signer.basic_constraints_ca() != Some(true) {
        return Err("the signer may not sign master lists");
    }
    Ok(match chain(signer, &embedded, roots) {
        Ok(root) => ListSignature::Verified {
            signer: signer.summary(),
            root: root.summary(),
            signed_at: attributes.signing_time,
        },
        Err(root_needed) => ListSignature::UnknownSigner { signer: signer.summary(), root_needed },
    })
}

/// Climbs from the signer through embedded CAs; at most four certificates.
fn chain<'a>(
    signer: &Certificate,
    embedded: &[Certificate],
    roots: &'a [Certificate],
) -> Result<&'a Certificate, String> {
    let mut current = signer.clone();
    for _ in 0..4 {
        let vouched = roots.iter().find(|root| current == **root || is_issued_by(&current, root));
        if let Some(root) = vouched {
            return Ok(root);
        }
        let next =
            embedded.iter().find(|issuer| **issuer != current && is_issued_by(&current, issuer));
        match next {
            Some(issuer) => current = issuer.clone(),
            None => break,
        }
    }
    Err(current.issuer().to_string())
}

/// Cheap questions first: the roots may be all the CSCA certificates there are.
fn is_issued_by(certificate: &Certificate, issuer: &Certificate) -> bool {
    certificate.names_issuer(issuer)
        && certificate.country() == issuer.country()
        && certificate.verify_signed_by(issuer).is_ok()
        && issuer.check_csca().is_ok()
}

/// 2.23.136.1.1.2, id-icao-cscaMasterList
pub const MASTER_LIST: Oid = Oid::from_octets(&[0x67, 0x81, 0x08, 0x01, 0x01, 0x02]);
/// 2.23.136.1.1.3, id-icao-cscaMasterListSigningKey
pub(crate) const MASTER_LIST_SIGNER: Oid = Oid::from_octets(&[0x67, 0x81, 0x08, 0x01, 0x01, 0x03]);
