//! The handle.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use domain::audit::{Actor, Chain};
use domain::entropy::Entropy;
use domain::id::{EndpointId, OrganizationId, SessionId};
use domain::session::{Session, Transition};
use domain::time::Timestamp;
use domain::webhook::Endpoint;

use crate::backend::Backend;
use crate::error::StoreError;
use crate::location::Location;
use crate::migration::MigrationState;
use crate::observer::Observer;
use crate::outbox::Sealer;
use crate::postgres::Postgres;
use crate::sessions::Change;
use crate::sqlite::Sqlite;
use crate::{postgres, sqlite};

/// Told of each session that a committed unit changed, here or in another process that shares a
/// PostgreSQL database. It must not block.
pub type Notify = Arc<dyn Fn(&Wake) + Send + Sync>;

/// What whoever waits for changes is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wake {
    /// A session changed.
    Changed(Changed),
    /// Anything may have changed: nothing is heard of other processes, or nothing was.
    Everything,
}

/// A session that a committed unit changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The session.
    pub session: SessionId,
    /// Whether this process recorded events, so that it has deliveries to look for.
    pub events: bool,
}

/// What a store is opened with.
pub struct OpenOptions {
    /// Where the database is.
    pub location: Location,
    /// Where the ids of events and deliveries come from.
    pub entropy: Box<dyn Entropy + Send>,
    /// What encrypts the payloads of webhooks.
    pub sealer: Arc<dyn Sealer>,
    /// What links the audit trail.
    pub chain: Chain,
    /// Who is told of changed sessions.
    pub notify: Notify,
    /// Who measures.
    pub observer: Arc<dyn Observer>,
}

impl fmt::Debug for OpenOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenOptions").field("location", &self.location).finish_non_exhaustive()
    }
}

/// A handle to the database; clones share it. Everything that needs no type parameter is in the
/// traits of [`Backend`], which the handle dereferences to.
#[derive(Clone)]
pub struct Store {
    backend: Arc<dyn Backend>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store(..)")
    }
}

impl Deref for Store {
    type Target = dyn Backend;

    fn deref(&self) -> &Self::Target {
        &*self.backend
    }
}

/// Reads which migrations a database has behind it. Nothing is changed or created.
pub async fn migration_state(location: &Location) -> Result<MigrationState, StoreError> {
    match location {
        Location::Sqlite(path) => sqlite::migration_state(path),
        Location::Postgres(url) => postgres::migration_state(url).await,
    }
}

impl Store {
    /// Opens the database, makes it if it is a file that does not exist, and brings its schema up to date.
    ///
    /// Several processes may have the same database open.
    pub async fn open(options: OpenOptions) -> Result<Self, StoreError> {
        let OpenOptions { location, entropy, sealer, chain, notify, observer } = options;
        let backend: Arc<dyn Backend> = match &location {
            Location::Sqlite(path) => {
                Arc::new(Sqlite::open(path, entropy, sealer, chain, notify, observer)?)
            }
            Location::Postgres(url) => {
                Arc::new(Postgres::open(url, entropy, sealer, chain, notify, observer).await?)
            }
        };
        Ok(Self { backend })
    }

    /// Runs one unit over a session: loads it, applies [`Session::at`], runs `unit`, writes what
    /// changed with its events and their deliveries, and answers after the commit.
    ///
    /// An expiry that falls due is kept even if `unit` refuses. `unit` may run more than once, on
    /// another thread, so it must be pure; a refusal is the inner error. An unknown session gives
    /// [`StoreError::NotFound`].
    pub async fn session<T, E>(
        &self,
        id: &SessionId,
        now: Timestamp,
        unit: impl FnMut(Session) -> Result<Transition<T>, E> + Send + 'static,
    ) -> Result<Result<T, E>, StoreError>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        self.unit(id, now, None, unit).await
    }

    /// [`Self::session`] on somebody's word: the audit trail names `by` where the change itself
    /// cannot tell who asked for it.
    pub async fn session_by<T, E>(
        &self,
        by: Actor,
        id: &SessionId,
        now: Timestamp,
        unit: impl FnMut(Session) -> Result<Transition<T>, E> + Send + 'static,
    ) -> Result<Result<T, E>, StoreError>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        self.unit(id, now, Some(by), unit).await
    }

    async fn unit<T, E>(
        &self,
        id: &SessionId,
        now: Timestamp,
        by: Option<Actor>,
        mut unit: impl FnMut(Session) -> Result<Transition<T>, E> + Send + 'static,
    ) -> Result<Result<T, E>, StoreError>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let answer = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&answer);
        let erased = Box::new(move |session: Session| {
            let (change, value) = match unit(session) {
                Ok(Transition { session, events, value }) => {
                    (Some(Change { session, events, by: by.clone() }), Ok(value))
                }
                Err(refusal) => (None, Err(refusal)),
            };
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
            change
        });
        self.backend.session_unit(id, now, erased).await?;
        let value = answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        value.ok_or(StoreError::Panicked)
    }

    /// Changes an endpoint in one unit and gives it back as it is stored. `change` may run more
    /// than once. The id, the organization, the secret and the time of creation stay as they are.
    pub async fn update_endpoint(
        &self,
        organization: &OrganizationId,
        id: &EndpointId,
        by: Actor,
        change: impl FnMut(&mut Endpoint) + Send + 'static,
    ) -> Result<Endpoint, StoreError> {
        self.backend.endpoint_unit(organization, id, by, Box::new(change)).await
    }
}
