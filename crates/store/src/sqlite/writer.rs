//! The writer thread and its group commit.
//!
//! It takes what is queued, opens one transaction, runs each unit under a savepoint of its own,
//! commits once, and only then answers. A unit that fails takes back its own savepoint and leaves
//! its neighbours alone.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use domain::audit::{Chain, Entry};
use domain::entropy::Entropy;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::audit;
use super::failure::Outcome;
use super::perform;
use crate::error::StoreError;
use crate::observer::{Commit, Observer};
use crate::open::{Changed, Notify, Wake};
use crate::outbox::Sealer;

/// How many units share a commit at most, so that the first of them is not kept waiting.
const BATCH: usize = 512;

/// What the thread is asked to do.
pub(super) enum Message {
    /// Run a unit.
    Run(Box<dyn Job>),
    /// Finish what is queued, fold the write-ahead log into the file, and end.
    Close(oneshot::Sender<Result<(), StoreError>>),
}

/// What a unit works with.
pub(super) struct Unit<'a> {
    /// The connection, inside the unit's savepoint.
    pub(super) db: &'a Connection,
    /// Where ids come from.
    pub(super) entropy: &'a mut dyn Entropy,
    /// What encrypts payloads.
    pub(super) sealer: &'a dyn Sealer,
    /// Sessions that the unit changed.
    pub(super) changed: Vec<Changed>,
    /// What the unit tells the audit trail.
    pub(super) entries: Vec<Entry>,
}

impl Unit<'_> {
    /// Tells the audit trail, if the unit is committed.
    pub(super) fn tell(&mut self, entry: Entry) {
        self.entries.push(entry);
    }
}

/// A unit of which only the thread it waits for knows the type.
pub(super) trait Job: Send {
    /// Runs the unit; `false` if it failed and must be taken back.
    fn run(&mut self, unit: &mut Unit<'_>) -> bool;
    /// Replaces what the unit gave.
    fn fail(&mut self, error: StoreError);
    /// Answers the caller, who may be gone.
    fn answer(self: Box<Self>);
}

struct Pending<T, F> {
    unit: Option<F>,
    result: Result<T, StoreError>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

/// A unit for the queue, and where its answer will come.
pub(super) fn job<T: Send + 'static>(
    unit: impl FnOnce(&mut Unit<'_>) -> Outcome<T> + Send + 'static,
) -> (Box<dyn Job>, oneshot::Receiver<Result<T, StoreError>>) {
    let (reply, answer) = oneshot::channel();
    (Box::new(Pending { unit: Some(unit), result: Err(StoreError::Closed), reply }), answer)
}

impl<T, F> Job for Pending<T, F>
where
    T: Send,
    F: FnOnce(&mut Unit<'_>) -> Outcome<T> + Send,
{
    fn run(&mut self, unit: &mut Unit<'_>) -> bool {
        if let Some(run) = self.unit.take() {
            // What a panic leaves half done in the database goes with the savepoint; the unit
            // itself is consumed.
            self.result = catch_unwind(AssertUnwindSafe(|| run(unit)))
                .map_or(Err(StoreError::Panicked), |outcome| outcome.map_err(StoreError::from));
        }
        self.result.is_ok()
    }

    fn fail(&mut self, error: StoreError) {
        self.result = Err(error);
    }

    fn answer(self: Box<Self>) {
        let _ = self.reply.send(self.result);
    }
}

/// The thread.
pub(super) struct Writer {
    connection: Connection,
    queue: mpsc::Receiver<Message>,
    entropy: Box<dyn Entropy + Send>,
    sealer: Arc<dyn Sealer>,
    chain: Chain,
    notify: Notify,
    observer: Arc<dyn Observer>,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        queue: mpsc::Receiver<Message>,
        entropy: Box<dyn Entropy + Send>,
        sealer: Arc<dyn Sealer>,
        chain: Chain,
        notify: Notify,
        observer: Arc<dyn Observer>,
    ) -> Self {
        Self { connection, queue, entropy, sealer, chain, notify, observer }
    }

    /// Works until the store is closed or every handle is gone, and the queue is empty.
    pub(super) fn run(mut self) {
        let mut closing = Vec::new();
        while let Some(first) = self.queue.blocking_recv() {
            let mut batch = Vec::new();
            let mut next = Some(first);
            while let Some(message) = next {
                match message {
                    Message::Run(job) => batch.push(job),
                    Message::Close(reply) => {
                        closing.push(reply);
                        self.queue.close();
                    }
                }
                next = if batch.len() < BATCH { self.queue.try_recv().ok() } else { None };
            }
            if !batch.is_empty() {
                self.commit(batch);
            }
        }
        if closing.is_empty() {
            return;
        }
        let folded = fold_log(&self.connection).map_err(StoreError::from);
        drop(self.connection);
        for reply in closing {
            let _ = reply.send(folded.clone());
        }
    }

    fn commit(&mut self, mut batch: Vec<Box<dyn Job>>) {
        let began = self.observer.clock();
        let outcome = self.transaction(&mut batch).map_err(StoreError::from);
        let commit = Commit {
            units: batch.len(),
            took: self.observer.clock().saturating_sub(began),
            committed: outcome.is_ok(),
        };
        // It is somebody else's code, as what is notified is; the writer outlives its panics.
        let _ = catch_unwind(AssertUnwindSafe(|| self.observer.commit(commit)));
        match outcome {
            Ok(changed) => {
                for wake in changed.into_iter().map(Wake::Changed) {
                    let _ = catch_unwind(AssertUnwindSafe(|| (self.notify)(&wake)));
                }
            }
            Err(error) => {
                tracing::error!(%error, units = batch.len(), "a batch of units was not committed");
                for job in &mut batch {
                    job.fail(error.clone());
                }
            }
        }
        for job in batch {
            job.answer();
        }
    }

    /// Runs the batch in one transaction; gives the sessions that the committed units changed.
    fn transaction(&mut self, batch: &mut [Box<dyn Job>]) -> Outcome<Vec<Changed>> {
        let mut changed = BTreeMap::new();
        let mut entries = Vec::new();
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for job in batch {
            perform(&transaction, "SAVEPOINT unit")?;
            let mut unit = Unit {
                db: &transaction,
                entropy: &mut *self.entropy,
                sealer: &*self.sealer,
                changed: Vec::new(),
                entries: Vec::new(),
            };
            if job.run(&mut unit) {
                for Changed { session, events } in unit.changed {
                    *changed.entry(session).or_default() |= events;
                }
                entries.append(&mut unit.entries);
            } else if !transaction.is_autocommit() {
                perform(&transaction, "ROLLBACK TO unit")?;
            }
            // A full disk or an I/O error makes SQLite take the whole transaction back. What ran
            // after that would commit on its own, beside units that are gone.
            if transaction.is_autocommit() {
                return Err(StoreError::Io(std::io::ErrorKind::Other).into());
            }
            perform(&transaction, "RELEASE unit")?;
        }
        audit::append(&transaction, &self.chain, &entries)?;
        transaction.commit()?;
        Ok(changed.into_iter().map(|(session, events)| Changed { session, events }).collect())
    }
}

fn fold_log(connection: &Connection) -> Outcome<()> {
    // The row says whether another process still reads the log; then it stays, and nothing is
    // lost.
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}
