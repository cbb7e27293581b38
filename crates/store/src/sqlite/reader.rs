//! The readers: a few connections, each with a thread for what takes long.
//!
//! A query that looks at a handful of rows by their keys costs less than handing it to another
//! thread and back, so it runs where it is asked, on a connection that is free just now.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::failure::Outcome;
use super::{lock, perform};
use crate::error::StoreError;

/// A query, as a backend's method writes it down.
pub(super) trait Query<T>: FnOnce(&Connection) -> Outcome<T> + Send + 'static {}

impl<T, F: FnOnce(&Connection) -> Outcome<T> + Send + 'static> Query<T> for F {}

/// What the threads are asked to do.
pub(super) enum Message {
    /// Run a query.
    Run(Job),
    /// Finish what is queued, and end.
    Close,
}

/// A connection, until the store is closed.
pub(super) type Place = Mutex<Option<Connection>>;

/// A query of which only the thread it waits for knows the type.
pub(super) type Job = Box<dyn FnOnce(&Connection) + Send>;

/// A query for the queue, and where its answer will come.
pub(super) fn job<T: Send + 'static>(
    query: impl Query<T>,
) -> (Job, oneshot::Receiver<Result<T, StoreError>>) {
    let (reply, answer) = oneshot::channel();
    let job = Box::new(move |connection: &Connection| {
        let _ = reply.send(snapshot(connection, query));
    });
    (job, answer)
}

/// Runs the query here if a connection is free, and gives it back if none is.
pub(super) fn at_once<T, Q: Query<T>>(
    places: &[Place],
    query: Q,
) -> Result<Result<T, StoreError>, Q> {
    for place in places {
        if let Ok(place) = place.try_lock()
            && let Some(connection) = place.as_ref()
        {
            return Ok(snapshot(connection, query));
        }
    }
    Err(query)
}

/// Works until the store is closed or every handle is gone, and the queue is empty.
pub(super) fn run(place: &Place, queue: &Mutex<mpsc::Receiver<Message>>) {
    while let Some(job) = next(queue) {
        if let Some(connection) = lock(place).as_ref() {
            job(connection);
        }
    }
    lock(place).take();
}

/// Waits for a query, holding the lock until one comes. The queue is closed under that same lock:
/// another thread that took it in between would wait for ever, and nobody could close.
fn next(queue: &Mutex<mpsc::Receiver<Message>>) -> Option<Job> {
    let mut queue = lock(queue);
    loop {
        match queue.blocking_recv()? {
            Message::Run(job) => return Some(job),
            Message::Close => queue.close(),
        }
    }
}

/// Runs the query in a transaction, so that its statements see one state of the database.
fn snapshot<T>(connection: &Connection, query: impl Query<T>) -> Result<T, StoreError> {
    perform(connection, "BEGIN")?;
    let outcome = catch_unwind(AssertUnwindSafe(|| query(connection)));
    let outcome =
        outcome.map_or(Err(StoreError::Panicked), |outcome| outcome.map_err(StoreError::from));
    // Nothing was written, so it does not matter how the transaction ends, as long as it does.
    // SQLite ends it itself after some errors (sqlite.org/lang_transaction.html §3).
    let ended = if connection.is_autocommit() { Ok(()) } else { perform(connection, "ROLLBACK") };
    let value = outcome?;
    ended?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_failure_that_ends_the_transaction_is_told_as_it_is() {
        let connection = Connection::open_in_memory().unwrap();
        let failed = snapshot(&connection, |db| {
            perform(db, "ROLLBACK")?;
            Err::<(), _>(StoreError::Damaged.into())
        });
        assert_eq!(failed, Err(StoreError::Damaged));
        let panicked = snapshot(&connection, |db| -> Outcome<()> {
            perform(db, "ROLLBACK")?;
            panic!("as a query might")
        });
        assert_eq!(panicked, Err(StoreError::Panicked));
        assert_eq!(snapshot(&connection, |_| Ok(7)), Ok(7));
        assert!(connection.is_autocommit());
    }
}
