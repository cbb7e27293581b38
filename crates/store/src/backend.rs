//! The seam between the handle and a database.

use std::pin::Pin;

use domain::key::KeyedHash;
use domain::time::Timestamp;

use crate::allowances::Allowances;
use crate::audit::AuditTrail;
use crate::error::StoreError;
use crate::observer::{Load, Wakeups};
use crate::organizations::Organizations;
use crate::outbox::Outbox;
use crate::sessions::Sessions;
use crate::trust::Trust;
use crate::webhooks::Webhooks;

/// What a call to the store gives: a future that owns everything it needs.
///
/// Nothing is asked of the database before the first poll. A write whose future is dropped after
/// that may still be committed.
pub type Answer<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>;

/// A database that Kayle can live on.
pub trait Backend:
    Sessions + Organizations + Webhooks + Outbox + Trust + AuditTrail + Allowances + Send + Sync
{
    /// Binds the database to a master secret by its check value: the first one given is kept.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the database is bound to another one; hashes and ciphertexts in
    /// it mean nothing under this one.
    fn bind_master_secret(&self, check: KeyedHash, now: Timestamp) -> Answer<()>;

    /// Answers when the database takes writes.
    fn ping(&self) -> Answer<()>;

    /// How busy the store is.
    fn load(&self) -> Load {
        Load::default()
    }

    /// How changes by other processes are heard of.
    fn wakeups(&self) -> Wakeups {
        Wakeups::default()
    }

    /// Finishes what is queued, tidies up and lets go of the database. Later calls give
    /// [`StoreError::Closed`].
    fn close(&self) -> Answer<()>;
}
