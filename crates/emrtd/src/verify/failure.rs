use std::fmt;

use super::{CheckName, Outcome, PassiveReport};
use crate::lds::{DataGroup, ElementaryFile};

/// A document that is not proven: why, where, and what was checked.
#[derive(Clone, Debug)]
pub struct PassiveFailure {
    /// Why.
    pub reason: PassiveReason,
    /// The file at fault, when one is.
    pub file: Option<ElementaryFile>,
    /// The byte offset in the file, when known.
    pub offset: Option<usize>,
    /// Technical detail without personal data.
    pub detail: String,
    /// What was checked until then.
    pub report: Box<PassiveReport>,
}

/// Who is to blame when a document is not proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AtFault {
    /// The files: malformed, not whole, or made against the rules by the state.
    Document,
    /// Someone who changed the files after they were signed, or made them up.
    Forger,
    /// The state or its signer, which may not have signed this.
    Signer,
    /// Nobody: this verifier lacks a certificate or an algorithm.
    Verifier,
}

/// Why a document is not proven. [`code`](Self::code) is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "`message` says what each means")]
pub enum PassiveReason {
    // The document is broken or not whole.
    ParseFailure,
    TrailingData,
    ContentTypeMismatch,
    LdsObjectInvalid,
    MissingSigner,
    MultipleSigners,
    MissingSignerCertificate,
    MissingRequiredArtifacts,
    RequiredDgHashMissing,
    SodDeclaredDgMissing,
    MrzInvalid,
    PortraitInvalid,
    // The document was altered or forged.
    SignedAttributesMissing,
    SignedContentTypeMismatch,
    MessageDigestMissing,
    MessageDigestMismatch,
    CmsSignatureInvalid,
    DgHashMismatch,
    SodUndeclaredDgSupplied,
    // Its signer may not have signed it.
    SignerCertificateInvalid,
    SignerCertificateUsage,
    SignerCertificateExpired,
    SignerCertificateNotYetValid,
    SignerSignatureInvalid,
    SignerCountryMismatch,
    DocumentCountryMismatch,
    CrlRevoked,
    // It cannot be judged here.
    ChainUntrusted,
    TrustBundleUnavailable,
    UnsupportedDigestAlgorithm,
    UnsupportedSignatureAlgorithm,
    UnsupportedSignerKey,
    PortraitUnsupported,
}

impl PassiveReason {
    /// All of them.
    pub const ALL: [Self; 33] = [
        Self::ParseFailure,
        Self::TrailingData,
        Self::ContentTypeMismatch,
        Self::LdsObjectInvalid,
        Self::MissingSigner,
        Self::MultipleSigners,
        Self::MissingSignerCertificate,
        Self::MissingRequiredArtifacts,
        Self::RequiredDgHashMissing,
        Self::SodDeclaredDgMissing,
        Self::MrzInvalid,
        Self::PortraitInvalid,
        Self::SignedAttributesMissing,
        Self::SignedContentTypeMismatch,
        Self::MessageDigestMissing,
        Self::MessageDigestMismatch,
        Self::CmsSignatureInvalid,
        Self::DgHashMismatch,
        Self::SodUndeclaredDgSupplied,
        Self::SignerCertificateInvalid,
        Self::SignerCertificateUsage,
        Self::SignerCertificateExpired,
        Self::SignerCertificateNotYetValid,
        Self::SignerSignatureInvalid,
        Self::SignerCountryMismatch,
        Self::DocumentCountryMismatch,
        Self::CrlRevoked,
        Self::ChainUntrusted,
        Self::TrustBundleUnavailable,
        Self::UnsupportedDigestAlgorithm,
        Self::UnsupportedSignatureAlgorithm,
        Self::UnsupportedSignerKey,
        Self::PortraitUnsupported,
    ];

    /// A stable name in snake case.
    pub fn code(self) -> &'static str {
        self.texts().0
    }

    /// Who is to blame.
    pub fn at_fault(self) -> AtFault {
        match self {
            Self::ParseFailure
            | Self::TrailingData
            | Self::ContentTypeMismatch
            | Self::LdsObjectInvalid
            | Self::MissingSigner
            | Self::MultipleSigners
            | Self::MissingSignerCertificate
            | Self::MissingRequiredArtifacts
            | Self::RequiredDgHashMissing
            | Self::SodDeclaredDgMissing
            | Self::MrzInvalid
            | Self::PortraitInvalid => AtFault::Document,
            Self::SignedAttributesMissing
            | Self::SignedContentTypeMismatch
            | Self::MessageDigestMissing
            | Self::MessageDigestMismatch
            | Self::CmsSignatureInvalid
            | Self::DgHashMismatch
            | Self::SodUndeclaredDgSupplied => AtFault::Forger,
            Self::SignerCertificateInvalid
            | Self::SignerCertificateUsage
            | Self::SignerCertificateExpired
            | Self::SignerCertificateNotYetValid
            | Self::SignerSignatureInvalid
            | Self::SignerCountryMismatch
            | Self::DocumentCountryMismatch
            | Self::CrlRevoked => AtFault::Signer,
            Self::ChainUntrusted
            | Self::TrustBundleUnavailable
            | Self::UnsupportedDigestAlgorithm
            | Self::UnsupportedSignatureAlgorithm
            | Self::UnsupportedSignerKey
            | Self::PortraitUnsupported => AtFault::Verifier,
        }
    }

    /// One sentence for people.
    pub fn message(self) -> &'static str {
        self.texts().1
    }

    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::ParseFailure => ("parse_failure", "a file of the document is malformed"),
            Self::TrailingData => ("trailing_data", "bytes follow the end of EF.SOD"),
            Self::ContentTypeMismatch => {
                ("content_type_mismatch", "EF.SOD holds something else than an LDS security object")
            }
            Self::LdsObjectInvalid => {
                ("lds_object_invalid", "the LDS security object is malformed")
            }
            Self::MissingSigner => ("missing_signer", "nobody signed EF.SOD"),
            Self::MultipleSigners => ("multiple_signers", "EF.SOD has more than one signer"),
            Self::MissingSignerCertificate => {
                ("missing_signer_certificate", "EF.SOD does not hold the certificate of its signer")
            }
            Self::MissingRequiredArtifacts => {
                ("missing_required_artifacts", "DG1 or DG2 was not given")
            }
            Self::RequiredDgHashMissing => {
                ("required_dg_hash_missing", "EF.SOD does not list DG1 or DG2")
            }
            Self::SodDeclaredDgMissing => (
                "sod_declared_dg_missing",
                "EF.SOD lists a data group that is needed and was not given",
            ),
            Self::MrzInvalid => ("mrz_invalid", "the machine readable zone is not valid"),
            Self::PortraitInvalid => ("portrait_invalid", "the portrait cannot be read"),
            Self::SignedAttributesMissing => {
                ("signed_attributes_missing", "the signature covers no attributes")
            }
            Self::SignedContentTypeMismatch => (
                "signed_content_type_mismatch",
                "the signed content type is missing or another one",
            ),
            Self::MessageDigestMissing => {
                ("message_digest_missing", "the signature does not cover a message digest")
            }
            Self::MessageDigestMismatch => {
                ("message_digest_mismatch", "the LDS security object was altered after signing")
            }
            Self::CmsSignatureInvalid => {
                ("cms_signature_invalid", "the signature of EF.SOD is wrong")
            }
            Self::DgHashMismatch => {
                ("dg_hash_mismatch", "a data group is not the one the state signed")
            }
            Self::SodUndeclaredDgSupplied => {
                ("sod_undeclared_dg_supplied", "a data group was given that EF.SOD does not list")
            }
            Self::SignerCertificateInvalid => {
                ("signer_certificate_invalid", "the document signer certificate is malformed")
            }
            Self::SignerCertificateUsage => {
                ("signer_certificate_usage", "the certificate may not sign documents")
            }
            Self::SignerCertificateExpired => {
                ("signer_certificate_expired", "the document signer certificate has expired")
            }
            Self::SignerCertificateNotYetValid => (
                "signer_certificate_not_yet_valid",
                "the document signer certificate is not valid yet",
            ),
            Self::SignerSignatureInvalid => (
                "signer_signature_invalid",
                "the country signing CA did not sign the document signer certificate",
            ),
            Self::SignerCountryMismatch => (
                "signer_country_mismatch",
                "document signer and country signing CA are of different countries",
            ),
            Self::DocumentCountryMismatch => (
                "document_country_mismatch",
                "the issuing state of the document is not that of its signer",
            ),
            Self::CrlRevoked => ("crl_revoked", "the document signer is revoked"),
            Self::ChainUntrusted => {
                ("chain_untrusted", "no known country signing CA issued the document signer")
            }
            Self::TrustBundleUnavailable => {
                ("trust_bundle_unavailable", "there is no trust store to check against")
            }
            Self::UnsupportedDigestAlgorithm => {
                ("unsupported_digest_algorithm", "the document uses an unknown digest algorithm")
            }
            Self::UnsupportedSignatureAlgorithm => (
                "unsupported_signature_algorithm",
                "the document uses an unknown signature algorithm",
            ),
            Self::UnsupportedSignerKey => {
                ("unsupported_signer_key", "the document signer has a key of an unknown kind")
            }
            Self::PortraitUnsupported => {
                ("portrait_unsupported", "the portrait is in a format that is not supported")
            }
        }
    }
}

impl fmt::Display for PassiveReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl fmt::Display for PassiveFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = self.file {
            write!(f, "{file}")?;
            if let Some(offset) = self.offset {
                write!(f, " at byte {offset}")?;
            }
            f.write_str(": ")?;
        }
        write!(f, "{}", self.reason)?;
        if !self.detail.is_empty() {
            write!(f, " ({})", self.detail)?;
        }
        Ok(())
    }
}

impl std::error::Error for PassiveFailure {}

impl PassiveFailure {
    /// For a caller that has no trust store at all to call
    /// [`passive`](super::passive) with.
    pub fn trust_bundle_unavailable() -> Self {
        Fault::new(PassiveReason::TrustBundleUnavailable)
            .into_failure(CheckName::CertificateChain, PassiveReport::default())
    }
}

/// A failure before the report is attached.
pub(super) struct Fault {
    reason: PassiveReason,
    file: Option<ElementaryFile>,
    offset: Option<usize>,
    detail: String,
}

impl Fault {
    pub(super) fn new(reason: PassiveReason) -> Self {
        Self { reason, file: None, offset: None, detail: String::new() }
    }

    pub(super) fn sod(reason: PassiveReason, offset: usize) -> Self {
        Self { file: Some(ElementaryFile::Sod), offset: Some(offset), ..Self::new(reason) }
    }

    pub(super) fn group(reason: PassiveReason, group: DataGroup) -> Self {
        Self { file: Some(ElementaryFile::Dg(group)), ..Self::new(reason) }
    }

    /// Says where the signer certificate is, unless the place is known already.
    pub(super) fn or_signer(mut self, offset: Option<usize>) -> Self {
        if self.file.is_none() {
            self.file = Some(ElementaryFile::Sod);
            self.offset = offset;
        }
        self
    }

    pub(super) fn at(mut self, offset: Option<usize>) -> Self {
        self.offset = offset;
        self
    }

    pub(super) fn because(mut self, detail: impl fmt::Display) -> Self {
        self.detail = detail.to_string();
        self
    }

    pub(super) fn into_failure(
        self,
        check: CheckName,
        mut report: PassiveReport,
    ) -> PassiveFailure {
        report.add(check, Outcome::Failed, self.reason.message());
        // What came after it was not looked at, and the report must not be silent about that.
        for name in CheckName::PASSIVE {
            if !report.checks.iter().any(|done| done.name == name) {
                report.add(name, Outcome::NotDone, "");
            }
        }
        // A proof that was not made proves no file.
        report.proven.clear();
        PassiveFailure {
            reason: self.reason,
            file: self.file,
            offset: self.offset,
            detail: self.detail,
            report: Box::new(report),
        }
    }
}
