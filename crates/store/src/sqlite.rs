//! SQLite: one writer thread with group commit, and a small pool of readers.

mod allowances;
mod attempts;
mod audit;
mod branding;
mod connection;
mod deliveries;
mod encryption_keys;
mod endpoints;
mod failure;
mod organizations;
mod outbox;
mod policy;
mod reader;
mod row;
mod session_columns;
mod sessions;
mod trust;
mod webhooks;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use domain::audit::{Action, Actor, Chain, Entry};
use domain::entropy::Entropy;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use self::failure::Outcome;
use self::reader::Query;
use self::writer::{Unit, Writer};
use domain::key::KeyedHash;
use domain::time::Timestamp;

use crate::backend::{Answer, Backend};
use crate::error::StoreError;
use crate::migration::MigrationState;
use crate::observer::{Load, Observer};
use crate::open::Notify;
use crate::outbox::Sealer;

/// How many units or queries may wait; more callers than that wait for a place.
const QUEUE: usize = 4096;

/// How many threads read.
const READERS: usize = 2;

/// A database in a file.
pub(crate) struct Sqlite {
    writer: mpsc::Sender<writer::Message>,
    readers: mpsc::Sender<reader::Message>,
    places: Arc<[reader::Place]>,
    /// Closes when the last reader thread has let go of its connection.
    readers_gone: Arc<tokio::sync::Mutex<mpsc::Receiver<()>>>,
}

impl Sqlite {
    /// Opens the file, brings its schema up to date and starts the threads.
    ///
    /// The threads end when the last handle is dropped or the store is closed.
    pub(crate) fn open(
        path: &Path,
        entropy: Box<dyn Entropy + Send>,
        sealer: Arc<dyn Sealer>,
        chain: Chain,
        notify: Notify,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, StoreError> {
        let write = connection::open_writer(path)?;
        let (readers, queries) = mpsc::channel(QUEUE);
        let (alive, readers_gone) = mpsc::channel(1);
        let queries = Arc::new(Mutex::new(queries));
        let place = |_| Ok(reader::Place::new(Some(connection::open_reader(path)?)));
        let places: Arc<[_]> = (0..READERS).map(place).collect::<Result<_, StoreError>>()?;
        for number in 0..READERS {
            let (places, queries) = (Arc::clone(&places), Arc::clone(&queries));
            let alive = alive.clone();
            spawn(&format!("store-read-{number}"), move || {
                places.get(number).inspect(|place| reader::run(place, &queries));
                drop(alive);
            })?;
        }
        let (writer, units) = mpsc::channel(QUEUE);
        let thread = Writer::new(write, units, entropy, sealer, chain, notify, observer);
        spawn("store-write", move || thread.run())?;
        let readers_gone = Arc::new(tokio::sync::Mutex::new(readers_gone));
        Ok(Self { writer, readers, places, readers_gone })
    }

    /// Runs one unit on the writer thread; the answer comes after the commit.
    fn write<T: Send + 'static>(
        &self,
        unit: impl FnOnce(&mut Unit<'_>) -> Outcome<T> + Send + 'static,
    ) -> Answer<T> {
        let queue = self.writer.clone();
        Box::pin(async move {
            let (job, answer) = writer::job(unit);
            queue.send(writer::Message::Run(job)).await.map_err(|_| StoreError::Closed)?;
            answer.await.map_err(|_| StoreError::Closed)?
        })
    }

    /// Runs one query on a reader thread, over one snapshot.
    fn read<T: Send + 'static>(&self, query: impl Query<T>) -> Answer<T> {
        let queue = self.readers.clone();
        Box::pin(async move {
            let (job, answer) = reader::job(query);
            queue.send(reader::Message::Run(job)).await.map_err(|_| StoreError::Closed)?;
            answer.await.map_err(|_| StoreError::Closed)?
        })
    }

    /// Runs a query that looks at a handful of rows by their keys, here and now if a connection
    /// is free.
    fn glance<T: Send + 'static>(&self, query: impl Query<T>) -> Answer<T> {
        match reader::at_once(&self.places, query) {
            Ok(answer) => Box::pin(std::future::ready(answer)),
            Err(query) => self.read(query),
        }
    }
}

/// Reads which migrations a file has behind it; changes nothing.
pub(crate) fn migration_state(path: &Path) -> Result<MigrationState, StoreError> {
    connection::migration_state(path)
}

/// Opens a file that no other process has open, and keeps all others away from it.
pub(crate) fn open_alone(path: &Path) -> Result<(Connection, MigrationState), StoreError> {
    Ok(connection::open_alone(path)?)
}

/// What an error of the driver means.
pub(crate) fn store_error(error: rusqlite::Error) -> StoreError {
    failure::Failure::from(error).into()
}

impl Backend for Sqlite {
    fn bind_master_secret(&self, check: KeyedHash, now: Timestamp) -> Answer<()> {
        self.write(move |unit| {
            let bound = unit
                .db
                .prepare_cached("SELECT * FROM installation")?
                .query_and_then([], |row| {
                    row::Row::keyed("installation", "only", row).digest("key_check")
                })?
                .next()
                .transpose()?;
            match bound {
                None => {
                    unit.db
                        .prepare_cached(
                            "INSERT INTO installation (only, key_check) VALUES (1, ?1)",
                        )?
                        .execute([check.0])?;
                    unit.tell(Entry::new(Action::MasterSecretBound, Actor::Server, now));
                    Ok(())
                }
                Some(bound) if KeyedHash(bound) == check => Ok(()),
                Some(_) => {
                    Err(StoreError::Conflict("another master secret made this database").into())
                }
            }
        })
    }

    fn ping(&self) -> Answer<()> {
        // A write, so that a full disk is found.
        self.write(|unit| {
            let touch = "UPDATE trust_generation SET generation = generation";
            unit.db.prepare_cached(touch)?.execute([])?;
            Ok(())
        })
    }

    fn load(&self) -> Load {
        Load {
            writes_waiting: waiting(&self.writer),
            reads_waiting: waiting(&self.readers),
            pool: None,
        }
    }

    fn close(&self) -> Answer<()> {
        let (writer, readers) = (self.writer.clone(), self.readers.clone());
        let gone = Arc::clone(&self.readers_gone);
        Box::pin(async move {
            // The readers go first, so that the writer's connection is the last one and SQLite
            // folds the write-ahead log into the file. A reader that is gone already is no error.
            let _ = readers.send(reader::Message::Close).await;
            let _ = gone.lock().await.recv().await;
            let (reply, closed) = oneshot::channel();
            writer.send(writer::Message::Close(reply)).await.map_err(|_| StoreError::Closed)?;
            closed.await.map_err(|_| StoreError::Closed)?
        })
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map(drop)
        .map_err(|error| StoreError::Io(error.kind()))
}

/// Runs a statement that is kept prepared: rusqlite's own transactions and savepoints are compiled
/// anew each time.
fn perform(db: &Connection, statement: &str) -> Outcome<()> {
    db.prepare_cached(statement)?.execute([])?;
    Ok(())
}

fn waiting<T>(queue: &mpsc::Sender<T>) -> usize {
    queue.max_capacity().saturating_sub(queue.capacity())
}

/// The value behind a lock. No code panics while it holds one, and if it did, the value is whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
