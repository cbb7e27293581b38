//! The trust store in memory, rebuilt when an import has changed it.

use std::sync::{Arc, Mutex, PoisonError};

use emrtd::trust::{Certificate, Crl, Provenance, TrustStore};
use store::{Store, StoreError, TrustKind};

/// The trust store of the last generation that was seen.
pub struct TrustCache {
    store: Store,
    cached: Mutex<Option<(u64, Arc<TrustStore>)>>,
}

impl TrustCache {
    /// An empty cache over the database.
    pub(crate) fn new(store: Store) -> Self {
        Self { store, cached: Mutex::new(None) }
    }

    /// The trust store as it was last imported, also by another process.
    pub(crate) async fn current(&self) -> Result<Arc<TrustStore>, StoreError> {
        let generation = self.store.trust_generation().await?;
        if let Some((built, trust)) = &*self.cached.lock().unwrap_or_else(PoisonError::into_inner)
            && *built == generation
        {
            return Ok(Arc::clone(trust));
        }
        let trust = Arc::new(build(&self.store).await?);
        *self.cached.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((generation, Arc::clone(&trust)));
        Ok(trust)
    }
}

/// Reads the imported certificates and lists back. An entry that cannot be read any more is
/// skipped with a warning: it vouches for nothing.
pub(crate) async fn build(store: &Store) -> Result<TrustStore, StoreError> {
    let mut builder = TrustStore::builder();
    for item in store.trust_items().await? {
        let provenance = Provenance { source: item.source, verified: item.verified };
        match item.kind {
            TrustKind::Csca => match Certificate::from_der(&item.der) {
                Ok(certificate) => builder = builder.add_csca(certificate, provenance),
                Err(error) => tracing::warn!(%error, "a stored certificate cannot be read"),
            },
            TrustKind::Crl => match Crl::from_der(&item.der) {
                Ok(crl) => builder = builder.add_crl(crl),
                Err(error) => tracing::warn!(%error, "a stored revocation list cannot be read"),
            },
        }
    }
    Ok(builder.build())
}
