//! Whom a document's signer is checked against: CSCA certificates, CRLs,
//! master lists and the store built from them (9303-12).

mod certificate;
mod crl;
mod import;
pub mod ldif;
mod master_list;
mod name;
mod store;

#[cfg(feature = "sim")]
pub(crate) use certificate::DOCUMENT_TYPES;
pub use certificate::{
    Certificate, CertificateError, CertificateSummary, CscaRefused, Leniency, LifeSpan,
};
pub use crl::{Crl, CrlError};
pub use import::{Import, ImportError, Imported, Item, Refused, Source, SourceKind, import};
#[cfg(feature = "sim")]
pub(crate) use master_list::MASTER_LIST_SIGNER;
pub use master_list::{ListSignature, MASTER_LIST, MasterList, MasterListError};
pub use name::Name;
pub use store::{Provenance, RefusedCsca, TrustStore, TrustStoreBuilder, TrustedCsca, UnusedCrl};
