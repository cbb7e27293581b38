use super::failure::Fault;
use super::{
    CheckName, DocumentFiles, Outcome, PassiveFailure, PassiveReason, PassiveReport, Revocation,
    Tolerated, signer,
};
use crate::UnixSeconds;
use crate::crypto::{DigestAlgorithm, SignatureError};
use crate::lds::DataGroup;
use crate::lds::sod::{self, LDS_SECURITY_OBJECT, Sod};
use crate::tlv::Reader;
use crate::trust::{Certificate, TrustStore};

/// Proof that `T` is what an issuing state signed.
///
/// Only [`passive`] makes one. It owns the very bytes that were hashed, so
/// nothing that arrives later can take their place.
#[derive(Debug)]
pub struct PassivelyAuthenticated<T> {
    value: T,
    report: PassiveReport,
    digest: [u8; 32],
}

impl<T> PassivelyAuthenticated<T> {
    /// What is proven.
    pub fn get(&self) -> &T {
        &self.value
    }

    /// What was checked, and what was not.
    pub fn report(&self) -> &PassiveReport {
        &self.report
    }

    /// SHA-256 over the proven files, to bind later proofs to them.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    pub(super) fn into_parts(self) -> (T, PassiveReport, [u8; 32]) {
        (self.value, self.report, self.digest)
    }

    /// For a step that reads the proven bytes further.
    pub(super) fn from_parts(value: T, report: PassiveReport, digest: [u8; 32]) -> Self {
        Self { value, report, digest }
    }
}

/// Verifies the files of a document against a trust store (9303-11 §5.1).
///
/// Validity periods are reported and do not fail the document: signer
/// certificates are meant to be good for as long as the documents they signed,
/// and many are not. A signer on a CRL fails, even on an overdue CRL; a missing
/// or overdue CRL is reported.
///
/// # Errors
/// The first check that fails, with the report so far.
pub fn passive(
    files: DocumentFiles,
    trust: &TrustStore,
    at: UnixSeconds,
) -> Result<PassivelyAuthenticated<DocumentFiles>, PassiveFailure> {
    let mut check = Checking {
        files: &files,
        at,
        report: PassiveReport::default(),
        step: CheckName::SodStructure,
        signer_offset: None,
    };
    match check.run(trust) {
        Ok(digest) => {
            let report = check.report;
            Ok(PassivelyAuthenticated::from_parts(files, report, digest))
        }
        Err(fault) => {
            Err(fault.or_signer(check.signer_offset).into_failure(check.step, check.report))
        }
    }
}

impl PassivelyAuthenticated<DocumentFiles> {
    /// For a caller that cannot do without a data group the state signed, such
    /// as DG14 or DG15.
    ///
    /// # Errors
    /// [`PassiveReason::SodDeclaredDgMissing`] when EF.SOD lists it and it was
    /// not given. A group that is not listed is no error.
    pub fn require(self, group: DataGroup) -> Result<Self, PassiveFailure> {
        if self.report.not_given.contains(&group) {
            let fault = Fault::group(PassiveReason::SodDeclaredDgMissing, group);
            return Err(fault.into_failure(CheckName::RequiredDataGroups, self.report));
        }
        Ok(self)
    }

    /// For a caller that refuses documents outside the validity of their
    /// signer certificate.
    ///
    /// # Errors
    /// [`PassiveReason::SignerCertificateExpired`] or
    /// [`PassiveReason::SignerCertificateNotYetValid`].
    pub fn require_valid_signer(self, at: UnixSeconds) -> Result<Self, PassiveFailure> {
        let reason = match self.report.signer_validity {
            Some(validity) if at < validity.not_before => {
                PassiveReason::SignerCertificateNotYetValid
            }
            Some(validity) if at > validity.not_after => PassiveReason::SignerCertificateExpired,
            _ => return Ok(self),
        };
        let fault = Fault::new(reason).or_signer(None);
        Err(fault.into_failure(CheckName::ValidityPeriods, self.report))
    }
}

struct Checking<'a> {
    files: &'a DocumentFiles,
    at: UnixSeconds,
    report: PassiveReport,
    step: CheckName,
    /// Where the signer certificate starts in EF.SOD.
    signer_offset: Option<usize>,
}

impl Checking<'_> {
    /// The digest of what is proven.
    fn run(&mut self, trust: &TrustStore) -> Result<[u8; 32], Fault> {
        let sod = self.structure()?;
        let signer = self.signature(&sod)?;
        self.hashes(&sod)?;
        self.chain(&signer, trust)?;
        // Each file has the hash that the object lists, or there would be a fault.
        let object = &sod.security_object;
        Ok(self.files.digest(object.digest(), |group| object.hash(group)))
    }

    fn structure(&mut self) -> Result<Sod, Fault> {
        self.step = CheckName::SodStructure;
        let file = self.files.sod();
        let sod = Sod::parse(file).map_err(sod_fault)?;
        if Reader::new(file, crate::tlv::Rules::Ber).peek() != Some(sod::TEMPLATE) {
            self.report.tolerated.push(Tolerated::SodWithoutTemplate);
        }
        let version = sod.security_object.version();
        let detail = match version {
            Some(version) => format!("LDS {}", version.lds),
            None => "LDS security object v0".into(),
        };
        self.report.algorithms.digest = Some(sod.security_object.digest().to_string());
        self.report.passed(self.step, detail);
        Ok(sod)
    }

    fn signature(&mut self, sod: &Sod) -> Result<Certificate, Fault> {
        self.step = CheckName::SignerCertificate;
        let signed = &sod.signed_data;
        let info = match signed.signers.as_slice() {
            [] => return Err(Fault::sod(PassiveReason::MissingSigner, 0)),
            [only] => only,
            [_, second, ..] => {
                return Err(Fault::sod(PassiveReason::MultipleSigners, second.offset));
            }
        };
        let certificate = signer::embedded(signed, info, &mut self.report)?;
        let mut embedded = signed.certificates.iter();
        let place = embedded.find(|(_, der)| der == certificate.der());
        self.signer_offset = place.map(|(offset, _)| *offset);
        self.report.chain.push(certificate.summary());
        self.report.algorithms.signer_key = Some(certificate.key().to_string());
        let signature = certificate.signature_algorithm().to_string();
        self.report.algorithms.signer_signature = Some(signature);
        self.report.signer_document_types = certificate.document_types().map(<[String]>::to_vec);
        signer::check_usage(&certificate, &mut self.report)?;
        self.report.passed(self.step, certificate.subject().to_string());

        self.step = CheckName::SignedAttributes;
        let attributes = info
            .signed_attributes
            .as_ref()
            .ok_or_else(|| Fault::sod(PassiveReason::SignedAttributesMissing, info.offset))?;
        let fault = |reason| Fault::sod(reason, attributes.offset);
        if attributes.content_type != Some(LDS_SECURITY_OBJECT) {
            return Err(fault(PassiveReason::SignedContentTypeMismatch));
        }
        let digest = info.digest().ok_or_else(|| {
            Fault::sod(PassiveReason::UnsupportedDigestAlgorithm, info.digest_algorithm.offset)
                .because(info.digest_algorithm.oid)
        })?;
        let claimed = attributes
            .message_digest
            .as_ref()
            .ok_or_else(|| fault(PassiveReason::MessageDigestMissing))?;
        if !digest.matches(&signed.content, claimed) {
            return Err(fault(PassiveReason::MessageDigestMismatch));
        }
        self.report.signed_at = attributes.signing_time;
        self.report.passed(self.step, digest.to_string());

        self.step = CheckName::SodSignature;
        let algorithm =
            info.verify_attributes(certificate.public_key()).map_err(|error| match error {
                SignatureError::Unsupported(_) | SignatureError::Parameters(_) => Fault::sod(
                    PassiveReason::UnsupportedSignatureAlgorithm,
                    info.signature_algorithm.offset,
                )
                .because(error),
                SignatureError::KeyMismatch | SignatureError::Invalid => {
                    Fault::sod(PassiveReason::CmsSignatureInvalid, info.signature_offset)
                        .because(error)
                }
            })?;
        if algorithm.digest() != digest {
            self.report.tolerated.push(Tolerated::SignatureDigestDiffers);
        }
        self.report.algorithms.sod_signature = Some(algorithm.to_string());
        self.report.passed(self.step, algorithm.to_string());
        Ok(certificate)
    }

    fn hashes(&mut self, sod: &Sod) -> Result<(), Fault> {
        self.step = CheckName::DataGroupHashes;
        let object = &sod.security_object;
        let digest: DigestAlgorithm = object.digest();
        for (group, file) in self.files.groups() {
            let hash = object
                .hash(group)
                .ok_or_else(|| Fault::group(PassiveReason::SodUndeclaredDgSupplied, group))?;
            if !digest.matches(file, hash) {
                return Err(Fault::group(PassiveReason::DgHashMismatch, group));
            }
            self.report.proven.push(group);
        }
        self.report.not_given =
            object.data_groups().filter(|group| self.files.group(*group).is_none()).collect();
        let detail = list(&self.report.proven);
        self.report.passed(self.step, detail);
        Ok(())
    }

    fn chain(&mut self, certificate: &Certificate, trust: &TrustStore) -> Result<(), Fault> {
        self.step = CheckName::CertificateChain;
        let csca = signer::find_csca(certificate, trust, &mut self.report)?;
        let anchor = csca.certificate();
        let above = trust.climb(csca);
        self.report.chain.extend(above.iter().map(|issuer| issuer.certificate().summary()));
        self.report.csca_provenance = Some(csca.provenance().clone());
        self.report.csca_leniencies = csca.leniencies().iter().copied().collect();
        self.report.algorithms.csca_key = Some(anchor.key().to_string());
        if certificate.issuer() != anchor.subject() {
            self.report.tolerated.push(Tolerated::IssuerNameDiffers);
        }
        self.report.passed(self.step, anchor.subject().to_string());

        self.step = CheckName::CountryOfSigner;
        // `Name::country` is upper case, so `de` and `DE` are the same.
        let country = certificate.country().or(certificate.issuer().country());
        if country.is_none() || country != anchor.country() {
            return Err(Fault::new(PassiveReason::SignerCountryMismatch));
        }
        self.report.passed(self.step, country.unwrap_or_default());

        self.step = CheckName::ValidityPeriods;
        let signed_at = self.report.signed_at;
        let of_signer = signer::validity(certificate, self.at, signed_at);
        let of_csca = signer::validity(anchor, self.at, None);
        self.report.signer_validity = Some(of_signer);
        self.report.csca_validity = Some(of_csca);
        if of_signer.at_check && of_csca.at_check {
            self.report.passed(self.step, "");
        } else {
            let who = match (of_signer.at_check, of_csca.at_check) {
                (false, false) => "document signer and CSCA",
                (false, true) => "document signer",
                _ => "CSCA",
            };
            let note = format!("{who} outside the validity period");
            self.report.add(self.step, Outcome::Noted(note), "");
        }

        self.step = CheckName::Revocation;
        self.report.deviations = trust.deviations_of(certificate);
        let revocation = signer::revocation(certificate, csca, trust, self.at);
        self.report.revocation = revocation.clone();
        match revocation {
            Revocation::Revoked { .. } => return Err(Fault::new(PassiveReason::CrlRevoked)),
            Revocation::NotRevoked { this_update, .. } => {
                self.report.passed(self.step, format!("CRL of {this_update}"));
            }
            Revocation::Stale { this_update } => {
                let note = format!("the newest CRL, of {this_update}, is overdue");
                self.report.add(self.step, Outcome::Noted(note), "");
            }
            Revocation::Unknown => {
                let why = signer::why_unknown(certificate, csca, trust);
                self.report.add(self.step, Outcome::NotDone, why);
            }
        }
        Ok(())
    }
}

fn sod_fault(error: sod::Error) -> Fault {
    match error {
        sod::Error::Structure(inner) => {
            Fault::sod(PassiveReason::ParseFailure, inner.offset).because(inner.kind)
        }
        sod::Error::TrailingData(offset) => Fault::sod(PassiveReason::TrailingData, offset),
        sod::Error::ContentType(found) => {
            Fault::sod(PassiveReason::ContentTypeMismatch, 0).because(found)
        }
        sod::Error::SecurityObject(inner) => {
            Fault::sod(PassiveReason::LdsObjectInvalid, inner.offset).because(inner.kind)
        }
        sod::Error::Digest { algorithm, offset } => {
            Fault::sod(PassiveReason::UnsupportedDigestAlgorithm, offset).because(algorithm)
        }
    }
}

fn list(groups: &[DataGroup]) -> String {
    let names: Vec<String> = groups.iter().map(DataGroup::to_string).collect();
    names.join(", ")
}
