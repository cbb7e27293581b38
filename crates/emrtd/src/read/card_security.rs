//! EF.CardSecurity, whose signature vouches for the key of the chip
//! authentication mapping (9303-11 §9.2.11, TR-03110-3 §A.1.2).

use crate::crypto::cms::{SignedData, SignerInfo};
use crate::lds::security_info::SecurityInfos;
use crate::tlv::{self, Oid};
use crate::trust::{Certificate, TrustStore};

/// The protocols and keys that the issuing state signed for this chip.
///
/// A value exists only where the signature was verified with the certificate
/// in the file, and with a trust store, where that certificate chains to it.
/// Without one it is only consistent in itself, which a forger can make too.
#[derive(Clone, Debug)]
pub struct CardSecurity {
    security_infos: SecurityInfos,
    signer: Certificate,
    is_trusted: bool,
}

/// Why EF.CardSecurity vouches for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CardSecurityError {
    /// Its structure is broken.
    #[error("EF.CardSecurity: {0}")]
    Structure(#[from] tlv::Error),
    /// The signed content is of another type.
    #[error("EF.CardSecurity: the content type is {0}, not a security object")]
    ContentType(Oid),
    /// There is no signer, or there are several.
    #[error("EF.CardSecurity has {0} signers")]
    Signers(usize),
    /// The certificate of the signer is missing, cannot be read, or is not one
    /// that may sign documents.
    #[error("EF.CardSecurity: the certificate of its signer is missing or unfit")]
    SignerCertificate,
    /// The signed attributes are missing or not those of the content.
    #[error("EF.CardSecurity: the signed attributes do not match the content")]
    Attributes,
    /// The signature is wrong, or of an unsupported algorithm.
    #[error("EF.CardSecurity: the signature does not verify")]
    Signature,
    /// No CSCA of the trust store issued the signer's certificate.
    #[error("EF.CardSecurity: no trusted CSCA issued the certificate of its signer")]
    Untrusted,
    /// The signer's certificate is on a CRL of its CSCA.
    #[error("EF.CardSecurity: the certificate of its signer is revoked")]
    Revoked,
}

impl CardSecurity {
    /// Verifies the file; against `trust`, when one is given.
    ///
    /// Validity periods are not checked: signers are used past theirs, and
    /// there is no clock here.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn verify(file: &[u8], trust: Option<&TrustStore>) -> Result<Self, CardSecurityError> {
        let signed = SignedData::parse(file, 0)?;
        if signed.content_type != SECURITY_OBJECT {
            return Err(CardSecurityError::ContentType(signed.content_type));
        }
        let [info] = signed.signers.as_slice() else {
            return Err(CardSecurityError::Signers(signed.signers.len()));
        };
        let signer = embedded(&signed, info).ok_or(CardSecurityError::SignerCertificate)?;
        verify_signature(&signed, info, &signer)?;
        if let Some(trust) = trust {
            verify_chain(&signer, trust)?;
        }
        let security_infos = SecurityInfos::parse(&signed.content, signed.content_offset)?;
        Ok(Self { security_infos, signer, is_trusted: trust.is_some() })
    }

    /// What was signed.
    pub fn security_infos(&self) -> &SecurityInfos {
        &self.security_infos
    }

    /// Who signed.
    pub fn signer(&self) -> &Certificate {
        &self.signer
    }

    /// Whether the signer chains to a trust store.
    pub fn is_trusted(&self) -> bool {
        self.is_trusted
    }
}

fn embedded(signed: &SignedData, info: &SignerInfo) -> Option<Certificate> {
    let certificates = signed.certificates.iter();
    let mut readable = certificates.filter_map(|(_, der)| Certificate::from_der(der).ok());
    let signer = readable.find(|certificate| certificate.is_named_by(&info.id))?;
    let may_sign = signer.key_usage().is_none_or(|usage| usage.digital_signature());
    let is_fit = signer.basic_constraints_ca() != Some(true)
        && may_sign
        && signer.icao_purpose().is_none()
        && signer.unknown_critical_extension().is_none();
    is_fit.then_some(signer)
}

fn verify_signature(
    signed: &SignedData,
    info: &SignerInfo,
    signer: &Certificate,
) -> Result<(), CardSecurityError> {
    let attributes = info.signed_attributes.as_ref().ok_or(CardSecurityError::Attributes)?;
    let digest = info.digest().ok_or(CardSecurityError::Signature)?;
    let claimed = attributes.message_digest.as_ref().ok_or(CardSecurityError::Attributes)?;
    if attributes.content_type != Some(signed.content_type)
        || !digest.matches(&signed.content, claimed)
    {
        return Err(CardSecurityError::Attributes);
    }
    info.verify_attributes(signer.public_key()).map_err(|_| CardSecurityError::Signature)?;
    Ok(())
}

fn verify_chain(signer: &Certificate, trust: &TrustStore) -> Result<(), CardSecurityError> {
    let csca = trust
        .issuer_of(signer)
        .filter(|csca| csca.certificate().country() == signer.issuer().country())
        .ok_or(CardSecurityError::Untrusted)?;
    let crls = trust.crls_for(signer.issuer(), csca);
    if crls.iter().any(|crl| crl.lists(signer.serial())) {
        return Err(CardSecurityError::Revoked);
    }
    Ok(())
}

/// 0.4.0.127.0.7.3.2.1, id-SecurityObject
const SECURITY_OBJECT: Oid = Oid::from_octets(&[0x04, 0x00, 0x7F, 0x00, 0x07, 0x03, 0x02, 0x01]);
