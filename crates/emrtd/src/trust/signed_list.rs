//! What master lists and deviation lists have in common: CMS `SignedData` of a
//! signer that a CSCA certified for that purpose (9303-12 §9.1, §10.1).

use super::{Certificate, CertificateSummary};
use crate::UnixSeconds;
use crate::crypto::cms::{SignedData, SignerId};
use crate::tlv::Oid;

/// What the signature of a list is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListSignature {
    /// It verifies and its signer chains to one of the given roots.
    Verified {
        /// The list signer.
        signer: CertificateSummary,
        /// The root it chains to.
        root: CertificateSummary,
        /// When it says it was signed.
        signed_at: Option<UnixSeconds>,
    },
    /// It verifies, under a signer none of the given roots vouches for.
    UnknownSigner {
        /// The list signer.
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
    /// Whether the list may be taken as vouched for.
    pub fn is_verified(&self) -> bool {
        matches!(self, Self::Verified { .. })
    }

    /// When a verified list says it was signed.
    pub fn signed_at(&self) -> Option<UnixSeconds> {
        match self {
            Self::Verified { signed_at, .. } => *signed_at,
            _ => None,
        }
    }
}

/// Verifies the one signature of a list: by a certificate for `purpose`, or by
/// a CSCA itself, that chains to one of `roots` through embedded certificates.
///
/// Validity periods are not checked: published lists are used after their
/// short-lived signer certificate has expired.
pub(super) fn verify_list(
    signed: &SignedData,
    purpose: &Oid,
    roots: &[Certificate],
) -> ListSignature {
    verify(signed, purpose, roots).unwrap_or_else(|reason| ListSignature::Invalid { reason })
}

fn verify(
    signed: &SignedData,
    purpose: &Oid,
    roots: &[Certificate],
) -> Result<ListSignature, &'static str> {
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
    let has_purpose =
        signer.extended_key_usage().is_some_and(|purposes| purposes.contains(purpose));
    // A CSCA may sign lists itself; anything else needs the purpose.
    if !has_purpose && signer.basic_constraints_ca() != Some(true) {
        return Err("the signer may not sign such lists");
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
