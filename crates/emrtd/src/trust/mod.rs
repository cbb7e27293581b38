//! Whom a document's signer is checked against: CSCA certificates, CRLs,
//! master lists, deviation lists and the store built from them (9303-12).

mod certificate;
mod chain_cache;
mod crl;
mod deviation_list;
mod document_type;
mod import;
pub mod ldif;
mod master_list;
mod name;
mod signed_list;
mod store;

#[cfg(feature = "sim")]
pub(crate) use certificate::DOCUMENT_TYPES;
pub use certificate::{
    Certificate, CertificateError, CertificateSummary, CscaRefused, Leniency, LifeSpan,
};
pub use crl::{Crl, CrlError};
pub use deviation_list::{
    DEVIATION_LIST, Deviation, DeviationDescription, DeviationKind, DeviationList,
    DeviationListError, KnownDeviation,
};
pub(crate) use document_type::type_covers;
pub use import::{
    Directory, Import, ImportError, Imported, Importer, Item, Refused, Source, SourceKind, import,
};
#[cfg(feature = "sim")]
pub(crate) use master_list::MASTER_LIST_SIGNER;
pub use master_list::{MASTER_LIST, MasterList, MasterListError};
pub use name::Name;
pub use signed_list::ListSignature;
pub use store::{
    Provenance, RefusedCsca, TrustStore, TrustStoreBuilder, TrustedCsca, UnusedCrl,
    UnusedDeviationList,
};
