//! The document signer certificate and its chain (9303-12 §7.1.1).

use super::failure::Fault;
use super::{PassiveReason, PassiveReport, Revocation, Tolerated, Validity, profile};
use crate::UnixSeconds;
use crate::crypto::cms::{SignedData, SignerInfo};
use crate::trust::{Certificate, CertificateError, TrustStore, TrustedCsca};

/// Finds the certificate of the signer among those embedded in EF.SOD.
pub(super) fn embedded(
    signed: &SignedData,
    info: &SignerInfo,
    report: &mut PassiveReport,
) -> Result<Certificate, Fault> {
    let mut first_error = None;
    let mut readable = Vec::new();
    for (offset, der) in &signed.certificates {
        match Certificate::from_der(der) {
            Ok(certificate) => readable.push(certificate),
            Err(error) => {
                first_error.get_or_insert((*offset, error));
            }
        }
    }
    if let Some(matching) = readable.iter().find(|candidate| candidate.is_named_by(&info.id)) {
        return Ok(matching.clone());
    }
    match (readable.as_slice(), first_error, signed.certificates.len()) {
        ([only], None, 1) => {
            report.tolerated.push(Tolerated::SignerIdMismatch);
            Ok(only.clone())
        }
        (_, Some((offset, error)), _) => {
            let reason = match error {
                CertificateError::PublicKey => PassiveReason::UnsupportedSignerKey,
                CertificateError::SignatureAlgorithm(_) => {
                    PassiveReason::UnsupportedSignatureAlgorithm
                }
                _ => PassiveReason::SignerCertificateInvalid,
            };
            Err(Fault::sod(reason, offset).because(error))
        }
        _ => Err(Fault::sod(PassiveReason::MissingSignerCertificate, info.offset)),
    }
}

/// Whether the certificate may sign documents at all.
pub(super) fn check_usage(signer: &Certificate, report: &mut PassiveReport) -> Result<(), Fault> {
    if signer.version() != 3 {
        let detail = format!("X.509 version {} instead of 3", signer.version());
        return Err(Fault::new(PassiveReason::SignerCertificateInvalid).because(detail));
    }
    let refuse = |why: String| Err(Fault::new(PassiveReason::SignerCertificateUsage).because(why));
    if signer.basic_constraints_ca() == Some(true) {
        return refuse("it is a CA".into());
    }
    match signer.key_usage() {
        Some(usage) if usage.digital_signature() => {}
        Some(_) => return refuse("the key usage does not allow signatures".into()),
        None => {}
    }
    if let Some(purpose) = signer.icao_purpose() {
        return refuse(format!("it is for purpose {purpose}"));
    }
    if let Some(extension) = signer.unknown_critical_extension() {
        return refuse(format!("unknown critical extension {extension}"));
    }
    report.tolerated.extend(profile::deviations(signer));
    Ok(())
}

/// Finds the CSCA that signed the certificate.
///
/// The key is always that of a CSCA in the store, so a document cannot bring
/// its own domain parameters (CVE-2020-0601).
pub(super) fn find_csca<'a>(
    signer: &Certificate,
    trust: &'a TrustStore,
    report: &mut PassiveReport,
) -> Result<&'a TrustedCsca, Fault> {
    if let Some(csca) = trust.issuer_of(signer) {
        return Ok(csca);
    }
    let fault =
        |reason| Err(Fault::new(reason).because(format_args!("issuer {}", signer.issuer())));
    let candidates = trust.issuer_candidates(signer);
    if candidates.is_empty() {
        return fault(PassiveReason::ChainUntrusted);
    }
    // Only revoked ones are left out of the search for the issuer.
    let revoked = candidates.iter().find_map(|csca| {
        let crl = trust.revocation_of(csca)?;
        signer.verify_signed_by(csca.certificate()).is_ok().then_some(crl)
    });
    if let Some(crl) = revoked {
        report.revocation = Revocation::Revoked { this_update: crl.this_update() };
        return Err(Fault::new(PassiveReason::CrlRevoked).because("the CSCA itself is revoked"));
    }
    // A state keeps its name when it changes its key. Where the identifier of
    // the key is not known, the CSCA is missing; the signature is not wrong.
    let key_known = signer.authority_key_id().is_none_or(|id| {
        let mut cscas = candidates.iter().map(|csca| csca.certificate());
        cscas.any(|csca| csca.subject_key_id().is_none_or(|own| own == id))
    });
    fault(if key_known {
        PassiveReason::SignerSignatureInvalid
    } else {
        PassiveReason::ChainUntrusted
    })
}

/// What the CRLs say. A listed serial counts even on an overdue CRL: overdue
/// means that more may be revoked, not fewer. It counts on one of a revoked key,
/// too, whose silence counts for nothing.
pub(super) fn revocation(
    signer: &Certificate,
    csca: &TrustedCsca,
    trust: &TrustStore,
    at: UnixSeconds,
) -> Revocation {
    let crls = trust.crls_for(signer.issuer(), csca);
    if let Some(crl) = crls.iter().find(|crl| crl.lists(signer.serial())) {
        return Revocation::Revoked { this_update: crl.this_update() };
    }
    let newest = trust
        .clearing_crls_for(signer.issuer(), csca)
        .into_iter()
        // A CRL from the future is not evidence about now.
        .filter(|crl| crl.this_update() <= at)
        .max_by_key(|crl| (crl.is_current_at(at), crl.this_update()));
    match newest {
        None => Revocation::Unknown,
        Some(crl) if crl.is_current_at(at) => Revocation::NotRevoked {
            this_update: crl.this_update(),
            next_update: crl.next_update(),
        },
        Some(crl) => Revocation::Stale { this_update: crl.this_update() },
    }
}

/// Why there is no word on revocation.
pub(super) fn why_unknown(
    signer: &Certificate,
    csca: &TrustedCsca,
    trust: &TrustStore,
) -> &'static str {
    if !trust.clearing_crls_for(signer.issuer(), csca).is_empty() {
        return "the only CRL of this CSCA is from the future";
    }
    if !trust.crls_for(signer.issuer(), csca).is_empty() {
        return "the only CRL of this CSCA is signed by a revoked key";
    }
    let country = csca.certificate().country();
    if trust.unused_crls().iter().any(|unused| unused.crl.country() == country) {
        return "no CRL of this CSCA: the one in its name is signed by no known key";
    }
    "no CRL of this CSCA"
}

pub(super) fn validity(
    certificate: &Certificate,
    at: UnixSeconds,
    signed_at: Option<UnixSeconds>,
) -> Validity {
    Validity {
        not_before: certificate.not_before(),
        not_after: certificate.not_after(),
        at_check: certificate.is_valid_at(at),
        at_signing: signed_at.map(|moment| {
            certificate.is_valid_at(moment) && certificate.private_key_usage().contains(moment)
        }),
    }
}
