//! What master lists and deviation lists have in common: CMS `SignedData` of a
//! signer that a CSCA certified for that purpose (9303-12 §9.1, §10.1).

use super::{Certificate, CertificateSummary, TrustStore};
use crate::UnixSeconds;
use crate::crypto::cms::SignedData;
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

/// Who may vouch for the signer of a list.
#[derive(Clone, Copy)]
pub(super) struct Vouchers<'a> {
    pub(super) roots: &'a [Certificate],
    /// Its CRLs name the roots, intermediates and signers that count no more.
    pub(super) revocations: Option<&'a TrustStore>,
}

impl Vouchers<'_> {
    fn has_revoked(&self, certificate: &Certificate) -> bool {
        self.revocations.is_some_and(|trust| trust.has_revoked(certificate))
    }
}

/// Verifies the one signature of a list: by a certificate for `purpose` that
/// chains to one of the roots through embedded certificates, none of which is
/// revoked.
///
/// Validity periods are not checked: published lists are used after their
/// short-lived signer certificate has expired.
pub(super) fn verify_list(
    signed: &SignedData,
    purpose: &Oid,
    vouchers: Vouchers<'_>,
) -> ListSignature {
    verify(signed, purpose, vouchers).unwrap_or_else(|reason| ListSignature::Invalid { reason })
}

fn verify(
    signed: &SignedData,
    purpose: &Oid,
    vouchers: Vouchers<'_>,
) -> Result<ListSignature, &'static str> {
    let [signer_info] = signed.signers.as_slice() else {
        return Err("not exactly one signer");
    };
    let embedded: Vec<Certificate> =
        signed.certificates.iter().filter_map(|(_, der)| Certificate::from_der(der).ok()).collect();
    let signer = embedded
        .iter()
        .find(|certificate| certificate.is_named_by(&signer_info.id))
        .ok_or("the signer certificate is not embedded")?;
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
    // 9303-12 §9, §10: a CSCA signs no lists itself, it certifies a signer for them.
    if !signer.extended_key_usage().is_some_and(|purposes| purposes.contains(purpose)) {
        return Err("the signer may not sign such lists");
    }
    if signer.key_usage().is_some_and(|usage| !usage.digital_signature()) {
        return Err("the key usage of the signer does not allow signatures");
    }
    if signer.unknown_critical_extension().is_some() {
        return Err("the signer has an unknown critical extension");
    }
    match chain(signer, &embedded, vouchers) {
        Ok(root) => Ok(ListSignature::Verified {
            signer: signer.summary(),
            root: root.summary(),
            signed_at: attributes.signing_time,
        }),
        Err(Unchained::Revoked) => Err("its signer or a certificate above it is revoked"),
        Err(Unchained::RootNeeded(root_needed)) => {
            Ok(ListSignature::UnknownSigner { signer: signer.summary(), root_needed })
        }
    }
}

enum Unchained {
    /// Only revoked certificates lead to a root.
    Revoked,
    /// The name of the root that is missing.
    RootNeeded(String),
}

/// Climbs from the signer through embedded CAs; at most four certificates.
fn chain<'a>(
    signer: &Certificate,
    embedded: &[Certificate],
    vouchers: Vouchers<'a>,
) -> Result<&'a Certificate, Unchained> {
    if vouchers.has_revoked(signer) {
        return Err(Unchained::Revoked);
    }
    let mut current = signer.clone();
    let mut met_revoked = false;
    for _ in 0..4 {
        let mut usable = |issuer: &&Certificate| {
            let is_revoked = vouchers.has_revoked(issuer);
            met_revoked |= is_revoked;
            !is_revoked
        };
        let leads_here = |root: &&Certificate| current == **root || is_issued_by(&current, root);
        if let Some(root) = vouchers.roots.iter().filter(leads_here).find(&mut usable) {
            return Ok(root);
        }
        let above = |issuer: &&Certificate| **issuer != current && is_issued_by(&current, issuer);
        let next = embedded.iter().filter(above).find(&mut usable).cloned();
        match next {
            Some(issuer) => current = issuer,
            None => break,
        }
    }
    if met_revoked {
        return Err(Unchained::Revoked);
    }
    Err(Unchained::RootNeeded(current.issuer().to_string()))
}

/// Cheap questions first: the roots may be all the CSCA certificates there are.
fn is_issued_by(certificate: &Certificate, issuer: &Certificate) -> bool {
    certificate.names_issuer(issuer)
        && certificate.country() == issuer.country()
        && certificate.verify_signed_by(issuer).is_ok()
        && issuer.check_csca().is_ok()
}
