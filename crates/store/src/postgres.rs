//! PostgreSQL: a pool of connections, a row lock for each session unit, and wake-ups between the
//! processes that share the database.

mod allowances;
mod announcer;
mod attempts;
mod audit;
mod branding;
mod connection;
mod deliveries;
mod encryption_keys;
mod endpoints;
mod failure;
mod link;
mod listener;
mod migrate;
mod organizations;
mod outbox;
mod policy;
mod row;
mod session_columns;
mod sessions;
mod trust;
mod turns;
mod webhooks;

pub(crate) use migrate::SCHEMA_TABLE;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deadpool_postgres::tokio_postgres::Client;
use deadpool_postgres::{Object, Pool};
use domain::audit::{Action, Actor, Chain, Entry};
use domain::entropy::Entropy;
use domain::key::KeyedHash;
use domain::time::Timestamp;
use tokio::sync::RwLock;
use tokio::task::JoinHandle;

use self::announcer::Announcer;
use self::failure::{Failure, Outcome};
use self::link::{Link, params, query};
use self::listener::Node;
use self::turns::Turns;
use crate::backend::{Answer, Backend};
use crate::error::StoreError;
use crate::location::PostgresUrl;
use crate::migration::MigrationState;
use crate::observer::{self, Commit, Load, Observer, Wakeups};
use crate::open::{Changed, Notify, Wake};
use crate::outbox::Sealer;

/// How often a unit is run before its conflicts with others, or the loss of the server, are the
/// caller's.
const TRIES: u32 = 6;

/// How long a try may take, whatever becomes of the network.
const LIMIT: Duration = Duration::from_secs(20);

/// A database of a PostgreSQL server.
pub(crate) struct Postgres {
    shared: Arc<Shared>,
    listener: JoinHandle<()>,
}

/// What the calls share; each runs as a task of its own, so that nobody who stops waiting leaves
/// a transaction half done.
struct Shared {
    pool: Pool,
    /// Whether the store is open; held while a call runs, so that closing waits for it.
    open: RwLock<bool>,
    turns: Turns,
    announcer: Announcer,
    entropy: Mutex<Box<dyn Entropy + Send>>,
    sealer: Arc<dyn Sealer>,
    chain: Chain,
    notify: Notify,
    observer: Arc<dyn Observer>,
    listening: Arc<AtomicBool>,
}

impl Postgres {
    /// Connects, brings the schema up to date and begins to listen.
    pub(crate) async fn open(
        url: &PostgresUrl,
        mut entropy: Box<dyn Entropy + Send>,
        sealer: Arc<dyn Sealer>,
        chain: Chain,
        notify: Notify,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, StoreError> {
        let (config, tls) = (connection::configured(url), connection::tls(url)?);
        let pool = connection::pool(config.clone(), tls.clone())?;
        prepare(&pool).await?;
        let node = Node::random(&mut *entropy);
        let listening = Arc::new(AtomicBool::new(false));
        let hear = listener::Hearing {
            node: node.clone(),
            notify: Arc::clone(&notify),
            listening: Arc::clone(&listening),
        };
        let announcer = Announcer::start(&config, tls.clone(), node);
        let listener = tokio::spawn(listener::run(config, tls, hear));
        let shared = Shared {
            pool,
            open: RwLock::new(true),
            turns: Turns::default(),
            announcer,
            entropy: Mutex::new(entropy),
            sealer,
            chain,
            notify,
            observer,
            listening,
        };
        Ok(Self { shared: Arc::new(shared), listener })
    }

    /// Runs work on a connection, again if the server took it back because of others.
    fn run<T, Work, Running>(&self, work: Work) -> Answer<T>
    where
        T: Send + 'static,
        Work: FnMut(Arc<Link>) -> Running + Send + 'static,
        Running: Future<Output = Outcome<T>> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        detached(async move { shared.run(work).await })
    }
}

/// Reads which migrations a database has behind it; changes nothing.
pub(crate) async fn migration_state(url: &PostgresUrl) -> Result<MigrationState, StoreError> {
    let pool = connection::pool(connection::configured(url), connection::tls(url)?)?;
    let read = async {
        let client = pool.get().await?;
        migrate::state(&client).await
    };
    Ok(read.await?)
}

/// A connection to a database whose schema is up to date.
pub(crate) async fn connect(url: &PostgresUrl) -> Result<Object, StoreError> {
    let pool = connection::pool(connection::configured(url), connection::tls(url)?)?;
    let connected = async {
        prepare(&pool).await?;
        Ok::<_, Failure>(pool.get().await?)
    };
    Ok(connected.await?)
}

/// What an error of the driver means.
pub(crate) fn store_error(error: tokio_postgres::Error) -> StoreError {
    Failure::from(error).into()
}

async fn prepare(pool: &Pool) -> Outcome<()> {
    let mut client = pool.get().await?;
    let client: &mut Client = &mut client;
    connection::check_durability(client).await?;
    migrate::run(client).await
}

impl Shared {
    async fn run<T, Work, Running>(&self, mut work: Work) -> Result<T, StoreError>
    where
        Work: FnMut(Arc<Link>) -> Running,
        Running: Future<Output = Outcome<T>>,
    {
        let open = self.open.read().await;
        if !*open {
            return Err(StoreError::Closed);
        }
        let mut tries = 1;
        loop {
            match limited(LIMIT, self.try_once(&mut work)).await {
                Some(Ok(value)) => return Ok(value),
                Some(Err((_, true))) if tries < TRIES => {
                    self.rest(tries).await;
                    tries += 1;
                }
                Some(Err((failure, _))) => return Err(failure.into()),
                None => return Err(StoreError::Unavailable),
            }
        }
    }

    /// One try; a failure comes with whether another may succeed and cannot do the work twice.
    async fn try_once<T, Work, Running>(&self, work: &mut Work) -> Result<T, (Failure, bool)>
    where
        Work: FnMut(Arc<Link>) -> Running,
        Running: Future<Output = Outcome<T>>,
    {
        let client = self.pool.get().await.map_err(|error| {
            let failure = Failure::from(error);
            let again = failure.unreachable();
            (failure, again)
        })?;
        let link = Arc::new(Link::new(client));
        let began = self.observer.clock();
        let worked = work(Arc::clone(&link)).await;
        if link.is_decided() {
            let took = self.observer.clock().saturating_sub(began);
            let commit = Commit { units: 1, took, committed: worked.is_ok() };
            // It is somebody else's code; a write outlives its panics.
            let _ = catch_unwind(AssertUnwindSafe(|| self.observer.commit(commit)));
        }
        match worked {
            Ok(value) => {
                link.settle().await;
                Ok(value)
            }
            Err(failure) => {
                let gone = failure.disconnected();
                if failure.outdated_statement() {
                    self.pool.manager().statement_caches.clear();
                }
                if !gone {
                    link.settle().await;
                }
                let again = failure.taken_back()
                    || failure.outdated_statement()
                    || (gone && !link.is_decided());
                Err((failure, again))
            }
        }
    }

    /// Waits before the next try: 10, 20, 40, … milliseconds, up to a half less or more, so that
    /// those who met do not meet again.
    async fn rest(&self, tries: u32) {
        let mut jitter = [0];
        self.random(|entropy| entropy.fill(&mut jitter));
        let base = Duration::from_millis(10 << tries.saturating_sub(1).min(TRIES));
        pause(base / 2 + base * u32::from(jitter[0]) / 255).await;
    }

    /// Makes something that needs randomness.
    fn random<T>(&self, make: impl FnOnce(&mut dyn Entropy) -> T) -> T {
        make(self.entropy.lock().unwrap_or_else(PoisonError::into_inner).as_mut())
    }

    fn wake(&self, changed: Changed) {
        self.announcer.announce(changed.session.clone());
        listener::tell(&self.notify, &Wake::Changed(changed));
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Backend for Postgres {
    fn bind_master_secret(&self, check: KeyedHash, now: Timestamp) -> Answer<()> {
        self.run(move |link| async move {
            let bind = query(
                "INSERT INTO installation (one, key_check) VALUES (1, $1) ON CONFLICT DO NOTHING
                 RETURNING *",
                params![check.0.to_vec()],
            );
            let load = query("SELECT * FROM installation", params![]);
            let found = link.begin(vec![bind, load]).await?;
            if found.first().is_some_and(|inserted| !inserted.is_empty()) {
                let entry = Entry::new(Action::MasterSecretBound, Actor::Server, now);
                link.commit(audit::tell(&[entry])).await?;
                return Ok(());
            }
            let bound = found.last().and_then(|rows| rows.first());
            let bound = bound.ok_or(StoreError::NotFound("installation"))?;
            let bound = row::Row::keyed("installation", "one", bound).digest("key_check")?;
            if KeyedHash(bound) == check {
                Ok(())
            } else {
                Err(StoreError::Conflict("another master secret made this database").into())
            }
        })
    }

    fn ping(&self) -> Answer<()> {
        self.run(|link| async move {
            let ask = "SELECT current_setting('transaction_read_only') = 'off' AS writes";
            let answer = link.read(query(ask, params![])).await?;
            match answer.first().map(|row| row.try_get("writes")).transpose()? {
                Some(true) => Ok(()),
                // A standby, or a server that was told to take no writes.
                Some(false) | None => Err(StoreError::Unavailable.into()),
            }
        })
    }

    fn load(&self) -> Load {
        let status = self.shared.pool.status();
        Load {
            writes_waiting: status.waiting,
            reads_waiting: 0,
            pool: Some(observer::Pool { open: status.size, idle: status.available }),
        }
    }

    fn wakeups(&self) -> Wakeups {
        if self.shared.listening.load(Ordering::Relaxed) {
            Wakeups::Listening
        } else {
            Wakeups::Polling
        }
    }

    fn close(&self) -> Answer<()> {
        self.listener.abort();
        let shared = Arc::clone(&self.shared);
        detached(async move {
            let mut open = shared.open.write().await;
            if !std::mem::replace(&mut *open, false) {
                return Err(StoreError::Closed);
            }
            shared.announcer.close().await;
            shared.pool.close();
            Ok(())
        })
    }
}

/// A future that begins when it is polled and then goes on whether or not it is.
fn detached<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Answer<T> {
    Box::pin(async move {
        match tokio::spawn(work).await {
            Ok(result) => result,
            Err(error) if error.is_panic() => Err(StoreError::Panicked),
            Err(_) => Err(StoreError::Closed),
        }
    })
}

/// What the future gives, or nothing after `limit`.
#[expect(clippy::disallowed_methods, reason = "a guard against a network that never answers")]
async fn limited<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, work).await.ok()
}

#[expect(clippy::disallowed_methods, reason = "a network comes back when it does")]
async fn pause(span: Duration) {
    tokio::time::sleep(span).await;
}
