use std::fmt;

use crate::UnixSeconds;
use crate::lds::DataGroup;
use crate::trust::{CertificateSummary, KnownDeviation, Leniency, Provenance};

/// What passive authentication checked and found.
///
/// Holds no personal data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PassiveReport {
    /// The checks in the order they were made.
    pub checks: Vec<Check>,
    /// The document signer, its CSCA, and whatever that one is linked to.
    pub chain: Vec<CertificateSummary>,
    /// Where the CSCA came from.
    pub csca_provenance: Option<Provenance>,
    /// The algorithms used.
    pub algorithms: Algorithms,
    /// Whether the document signer is revoked.
    pub revocation: Revocation,
    /// Validity of the document signer certificate.
    pub signer_validity: Option<Validity>,
    /// Validity of the CSCA certificate.
    pub csca_validity: Option<Validity>,
    /// When EF.SOD says it was signed; most do not.
    pub signed_at: Option<UnixSeconds>,
    /// The document types the signer certificate is limited to, if it is
    /// (9303-12 §7.1.1).
    pub signer_document_types: Option<Vec<String>>,
    /// Data groups whose bytes are proven.
    pub proven: Vec<DataGroup>,
    /// Data groups the state signed that were not given.
    pub not_given: Vec<DataGroup>,
    /// Rules the CSCA certificate breaks.
    pub csca_leniencies: Vec<Leniency>,
    /// Rules the document breaks, as real ones do.
    pub tolerated: Vec<Tolerated>,
    /// What its state says is wrong with documents of this signer. It informs;
    /// no check is relaxed for it.
    pub deviations: Vec<KnownDeviation>,
    /// Whether the document was past its date at the check; `None` when DG1 was
    /// not read, or a part of the date is unknown on which that depends. Whether
    /// an expired document will do is not decided here.
    pub document_expired: Option<bool>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was checked.
    pub name: CheckName,
    /// How it ended.
    pub outcome: Outcome,
    /// More about it, for people.
    pub detail: String,
}

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should be.
    Passed,
    /// Not as it should be.
    Failed,
    /// It could not be made.
    NotDone,
    /// Made, and left to the caller to judge.
    Noted(String),
}

/// What is checked. Displays as its stable name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say all; the clauses are below")]
pub enum CheckName {
    SodStructure,
    SignerCertificate,
    SignedAttributes,
    SodSignature,
    DataGroupHashes,
    CertificateChain,
    CountryOfSigner,
    ValidityPeriods,
    Revocation,
    RequiredDataGroups,
    Mrz,
    Portrait,
    CountryOfDocument,
    DocumentType,
}

impl CheckName {
    /// The checks of passive authentication, in the order in which they are made.
    pub const PASSIVE: [Self; 9] = [
        Self::SodStructure,
        Self::SignerCertificate,
        Self::SignedAttributes,
        Self::SodSignature,
        Self::DataGroupHashes,
        Self::CertificateChain,
        Self::CountryOfSigner,
        Self::ValidityPeriods,
        Self::Revocation,
    ];

    /// A stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::SodStructure => "sod_structure",
            Self::SignerCertificate => "signer_certificate",
            Self::SignedAttributes => "signed_attributes",
            Self::SodSignature => "sod_signature",
            Self::DataGroupHashes => "data_group_hashes",
            Self::CertificateChain => "certificate_chain",
            Self::CountryOfSigner => "country_of_signer",
            Self::ValidityPeriods => "validity_periods",
            Self::Revocation => "revocation",
            Self::RequiredDataGroups => "required_data_groups",
            Self::Mrz => "mrz",
            Self::Portrait => "portrait",
            Self::CountryOfDocument => "country_of_document",
            Self::DocumentType => "document_type",
        }
    }

    /// The clause it implements.
    pub fn clause(self) -> &'static str {
        match self {
            Self::SodStructure => "9303-10 §4.6.2",
            Self::SignerCertificate => "9303-12 §7.1.1",
            Self::SignedAttributes | Self::SodSignature => "9303-10 §4.6.2.2, RFC 5652 §5.4",
            Self::DataGroupHashes => "9303-11 §5.1, 9303-10 §4.6.2.3",
            Self::CertificateChain => "9303-11 §5.1, 9303-12 §7.1.1",
            Self::CountryOfSigner => "9303-12 §7.1.1",
            Self::ValidityPeriods => "9303-12 §5",
            Self::Revocation => "9303-12 §7.1.4",
            Self::RequiredDataGroups => "9303-10 §4.7",
            Self::Mrz => "9303-10 §4.7.1, 9303-3 §4.9",
            Self::Portrait => "9303-10 §4.7.2",
            Self::CountryOfDocument => "9303-3 §5, 9303-12 §7.1.1",
            Self::DocumentType => "9303-12 §7.1.1.6",
        }
    }
}

impl fmt::Display for CheckName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The algorithms of a document, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Algorithms {
    /// Signature of EF.SOD.
    pub sod_signature: Option<String>,
    /// Digest of the data groups.
    pub digest: Option<String>,
    /// Key of the document signer.
    pub signer_key: Option<String>,
    /// Signature on the document signer certificate.
    pub signer_signature: Option<String>,
    /// Key of the CSCA.
    pub csca_key: Option<String>,
}

/// Whether the document signer certificate is revoked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Revocation {
    /// A current CRL does not list it.
    NotRevoked {
        /// When the CRL was issued.
        this_update: UnixSeconds,
        /// When the next one is due.
        next_update: Option<UnixSeconds>,
    },
    /// A CRL lists it, current or not: revocation is not taken back.
    Revoked {
        /// When the CRL was issued.
        this_update: UnixSeconds,
    },
    /// There are only overdue CRLs, and none lists it.
    Stale {
        /// When the newest one was issued.
        this_update: UnixSeconds,
    },
    /// There is no CRL of its CSCA.
    #[default]
    Unknown,
}

/// A validity period and whether the moments that matter lie in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// Start of validity.
    pub not_before: UnixSeconds,
    /// End of validity.
    pub not_after: UnixSeconds,
    /// Whether the moment of the check lies in it.
    pub at_check: bool,
    /// Whether the moment of signing does, where it is known. For a document
    /// signer that is its private key usage period.
    pub at_signing: Option<bool>,
}

/// A rule that documents break in practice and that is not enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Tolerated {
    /// EF.SOD without its outer tag `77`: some readers strip it.
    SodWithoutTemplate,
    /// The signer identifier names another certificate than the only one
    /// embedded, as in passports of Malaysia. The signature must verify under
    /// that one, and it must chain, so nothing is lost.
    SignerIdMismatch,
    /// The signature uses another digest than `digestAlgorithm` names.
    SignatureDigestDiffers,
    /// A document signer certificate without `keyUsage` (BSI 2008).
    SignerKeyUsageMissing,
    /// A document signer certificate whose `keyUsage` is not critical; it is
    /// enforced all the same.
    SignerKeyUsageNotCritical,
    /// A document signer certificate without an authority key identifier; its
    /// CSCA is found by name.
    SignerAuthorityKeyIdMissing,
    /// A document signer certificate that writes years before 2050 with four
    /// digits.
    SignerValidityEncoding,
    /// The certificate was found by key identifier; its issuer name differs
    /// from the subject of the CSCA.
    IssuerNameDiffers,
}

impl Tolerated {
    /// A stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::SodWithoutTemplate => "sod_without_template",
            Self::SignerIdMismatch => "signer_id_mismatch",
            Self::SignatureDigestDiffers => "signature_digest_differs",
            Self::SignerKeyUsageMissing => "signer_key_usage_missing",
            Self::SignerKeyUsageNotCritical => "signer_key_usage_not_critical",
            Self::SignerAuthorityKeyIdMissing => "signer_authority_key_id_missing",
            Self::SignerValidityEncoding => "signer_validity_encoding",
            Self::IssuerNameDiffers => "issuer_name_differs",
        }
    }
}

impl PassiveReport {
    /// The outcome of a check; `NotDone` when it was never reached.
    pub fn outcome(&self, name: CheckName) -> Outcome {
        self.checks
            .iter()
            .find(|check| check.name == name)
            .map_or(Outcome::NotDone, |check| check.outcome.clone())
    }

    pub(super) fn add(&mut self, name: CheckName, outcome: Outcome, detail: impl Into<String>) {
        self.checks.push(Check { name, outcome, detail: detail.into() });
    }

    pub(super) fn passed(&mut self, name: CheckName, detail: impl Into<String>) {
        self.add(name, Outcome::Passed, detail);
    }
}
