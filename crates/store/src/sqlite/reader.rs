//! The reader threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::failure::Outcome;
use super::lock;
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

/// A query of which only the thread it waits for knows the type.
pub(super) type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A query for the queue, and where its answer will come.
pub(super) fn job<T: Send + 'static>(
    query: impl Query<T>,
) -> (Job, oneshot::Receiver<Result<T, StoreError>>) {
    let (reply, answer) = oneshot::channel();
    let job = Box::new(move |connection: &mut Connection| {
        let result = catch_unwind(AssertUnwindSafe(|| snapshot(connection, query)))
            .map_or(Err(StoreError::Panicked), |outcome| outcome.map_err(StoreError::from));
        let _ = reply.send(result);
    });
    (job, answer)
}

/// Works until the store is closed or every handle is gone, and the queue is empty.
pub(super) fn run(mut connection: Connection, queue: &Mutex<mpsc::Receiver<Message>>) {
    while let Some(job) = next(queue) {
        job(&mut connection);
    }
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
fn snapshot<T>(connection: &mut Connection, query: impl Query<T>) -> Outcome<T> {
    let transaction = connection.transaction()?;
    let value = query(&transaction)?;
    transaction.commit()?;
    Ok(value)
}
