//! The trust store in memory, rebuilt when an import has changed it.

pub(crate) mod update;

use std::sync::Arc;

use emrtd::trust::{Certificate, TrustStore};
use store::{Store, StoreError, TrustItem, TrustKind};
use tokio::sync::Mutex;

use self::update::Found;

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
    ///
    /// Built once per import: whoever asks meanwhile waits for the one that builds.
    pub(crate) async fn current(&self) -> Result<Arc<TrustStore>, StoreError> {
        let mut cached = self.cached.lock().await;
        let generation = self.store.trust_generation().await?;
        if let Some((built, trust)) = &*cached
            && *built == generation
        {
            return Ok(Arc::clone(trust));
        }
        let items = self.store.trust_items().await?;
        // Hundreds of signatures are checked here, which is no work for the runtime's own threads.
        let built = tokio::task::spawn_blocking(move || build(items, &[]));
        let trust = Arc::new(built.await.map_err(|_| StoreError::Panicked)??);
        *cached = Some((generation, Arc::clone(&trust)));
        Ok(trust)
    }
}

/// Reads the imported certificates and lists back, and adds roots that the operator names.
///
/// A certificate or deviation list that cannot be read any more is left out: it vouches for
/// nothing. A revocation list that cannot be read is an error: without it, what it revokes would
/// pass.
pub(crate) fn build(
    items: Vec<TrustItem>,
    roots: &[Certificate],
) -> Result<TrustStore, StoreError> {
    let mut builder = TrustStore::builder();
    for root in roots {
        builder = Found::named_by_operator(root.clone()).add_to(builder, "root");
    }
    for item in items {
        match Found::of(&item) {
            Some(found) => builder = found.add_to(builder, &item.source),
            None if item.kind == TrustKind::Crl => {
                return Err(StoreError::Corrupt {
                    table: "trust_items",
                    column: "der",
                    row: domain::key::hex(&item.fingerprint),
                });
            }
            None => {
                let fingerprint = domain::key::hex(&item.fingerprint);
                tracing::warn!(fingerprint, "stored trust material cannot be read");
            }
        }
    }
    Ok(builder.build())
}
