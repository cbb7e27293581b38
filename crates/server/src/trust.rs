//! The trust store in memory, rebuilt when an import has changed it.

use std::sync::{Arc, Mutex, PoisonError};

use emrtd::trust::TrustStore;
use store::{Store, StoreError};

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
        if let Some((built, trust)) = &*self.cached.lock().unwrap_or_else(PoisonError::into_inner) {
            if *built == generation {
                return Ok(Arc::clone(trust));
            }
        }
        let trust = Arc::new(build(&self.store).await?);
        *self.cached.lock().unwrap_or_else(PoisonError::into_inner) = Some((generation, Arc::clone(&trust)));
        Ok(trust)
    }
}
