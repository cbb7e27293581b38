//! A connection that is lent for one piece of work.
//!
//! Statements that do not wait for one another are sent together, so that a session unit costs two
//! round trips: lock and load, then write and commit. The driver sends a statement when its future
//! is first polled and the server answers in that order.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use deadpool_postgres::Object;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row, Statement};

use super::failure::Outcome;

/// How many statements are under way together, so that neither side's buffers fill up.
const TOGETHER: usize = 64;

/// A value for a statement.
pub(super) type Param = Box<dyn ToSql + Sync + Send>;

/// A statement with its values.
pub(super) struct Query {
    sql: Cow<'static, str>,
    params: Vec<Param>,
}

/// Statement and values: `$1` is the first.
pub(super) fn query(sql: impl Into<Cow<'static, str>>, params: Vec<Param>) -> Query {
    Query { sql: sql.into(), params }
}

/// Values for a statement; each must be owned.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        vec![$(Box::new($value) as $crate::postgres::link::Param),*]
    };
}
pub(super) use params;

/// The connection. If it is dropped in the middle of a transaction it does not go back to the
/// pool, and the server takes the transaction back.
pub(super) struct Link {
    client: Option<Object>,
    in_transaction: AtomicBool,
    /// Set when something was sent that may be committed though no answer comes.
    decided: AtomicBool,
}

enum Step<'a> {
    Plain(&'static str),
    Read(&'a Statement, &'a [Param]),
    Write(&'a Statement, &'a [Param]),
}

enum Reply {
    Rows(Vec<Row>),
    Count(u64),
}

impl Link {
    pub(super) fn new(client: Object) -> Self {
        Self {
            client: Some(client),
            in_transaction: AtomicBool::new(false),
            decided: AtomicBool::new(false),
        }
    }

    /// Whether something may have been committed.
    pub(super) fn is_decided(&self) -> bool {
        self.decided.load(Ordering::Relaxed)
    }

    /// One query: in the transaction that is open, or on its own.
    pub(super) async fn read(&self, read: Query) -> Outcome<Vec<Row>> {
        let mut replies = self.send(None, std::slice::from_ref(&read), true, None).await?;
        Ok(replies.pop().map(rows).unwrap_or_default())
    }

    /// Queries in the transaction that is open.
    pub(super) async fn read_all(&self, reads: Vec<Query>) -> Outcome<Vec<Vec<Row>>> {
        let replies = self.send(None, &reads, true, None).await?;
        Ok(replies.into_iter().map(rows).collect())
    }

    /// Queries that see one state of the database, in one round trip.
    pub(super) async fn snapshot(&self, reads: Vec<Query>) -> Outcome<Vec<Vec<Row>>> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let replies = self.send(Some(begin), &reads, true, Some("COMMIT")).await?;
        Ok(replies.into_iter().map(rows).collect())
    }

    /// Begins a snapshot of which more will be read.
    pub(super) async fn begin_snapshot(&self, reads: Vec<Query>) -> Outcome<Vec<Vec<Row>>> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let replies = self.send(Some(begin), &reads, true, None).await?;
        Ok(replies.into_iter().map(rows).collect())
    }

    /// The last queries of a snapshot.
    pub(super) async fn end_snapshot(&self, reads: Vec<Query>) -> Outcome<Vec<Vec<Row>>> {
        let replies = self.send(None, &reads, true, Some("COMMIT")).await?;
        Ok(replies.into_iter().map(rows).collect())
    }

    /// Begins a transaction that writes. Each statement sees what was committed before it, so the
    /// ones after a lock see what the lock protects.
    pub(super) async fn begin(&self, reads: Vec<Query>) -> Outcome<Vec<Vec<Row>>> {
        let replies = self.send(Some("BEGIN"), &reads, true, None).await?;
        Ok(replies.into_iter().map(rows).collect())
    }

    /// Writes in the transaction that is open.
    pub(super) async fn write(&self, writes: Vec<Query>) -> Outcome<Vec<u64>> {
        let mut counts = Vec::with_capacity(writes.len());
        for writes in writes.chunks(TOGETHER) {
            let replies = self.send(None, writes, false, None).await?;
            counts.extend(replies.into_iter().map(count));
        }
        Ok(counts)
    }

    /// The last writes of the transaction, and its commit. One that fails takes all back.
    pub(super) async fn commit(&self, mut writes: Vec<Query>) -> Outcome<Vec<u64>> {
        let rest = writes.split_off(writes.len().saturating_sub(TOGETHER));
        let mut counts = self.write(writes).await?;
        self.decided.store(true, Ordering::Relaxed);
        let replies = self.send(None, &rest, false, Some("COMMIT")).await?;
        counts.extend(replies.into_iter().map(count));
        Ok(counts)
    }

    /// A whole transaction of writes, in one round trip.
    pub(super) async fn apply(&self, writes: Vec<Query>) -> Outcome<Vec<u64>> {
        self.decided.store(true, Ordering::Relaxed);
        let replies = if writes.len() == 1 {
            self.send(None, &writes, false, None).await?
        } else {
            self.send(Some("BEGIN"), &writes, false, Some("COMMIT")).await?
        };
        Ok(replies.into_iter().map(count).collect())
    }

    /// A last statement of the transaction that changes and gives rows, and its commit.
    pub(super) async fn change(&self, change: Query) -> Outcome<Vec<Row>> {
        self.decided.store(true, Ordering::Relaxed);
        let mut replies = self.send(None, &[change], true, Some("COMMIT")).await?;
        Ok(replies.pop().map(rows).unwrap_or_default())
    }

    /// Takes back whatever transaction is open.
    pub(super) async fn settle(&self) {
        if self.in_transaction.load(Ordering::Relaxed)
            && let Some(client) = &self.client
            && client.batch_execute("ROLLBACK").await.is_ok()
        {
            self.in_transaction.store(false, Ordering::Relaxed);
        }
    }

    /// Sends all at once. The first error is the cause: what follows it fails because of it.
    async fn send(
        &self,
        before: Option<&'static str>,
        queries: &[Query],
        read: bool,
        after: Option<&'static str>,
    ) -> Outcome<Vec<Reply>> {
        let Some(client) = &self.client else { return Ok(Vec::new()) };
        let mut statements = Vec::with_capacity(queries.len());
        for query in queries {
            statements.push(client.prepare_cached(&query.sql).await?);
        }
        let steps = statements.iter().zip(queries).map(|(statement, query)| {
            if read {
                Step::Read(statement, &query.params)
            } else {
                Step::Write(statement, &query.params)
            }
        });
        let steps = before.map(Step::Plain).into_iter().chain(steps).chain(after.map(Step::Plain));
        if before.is_some() {
            self.in_transaction.store(true, Ordering::Relaxed);
        }
        let mut replies =
            in_order(steps.map(|step| Box::pin(run(client, step)) as Pending<'_>).collect()).await;
        if after.is_some() && replies.last().is_some_and(Result::is_ok) {
            self.in_transaction.store(false, Ordering::Relaxed);
        }
        if let Some(failed) = replies.iter().position(Result::is_err)
            && let Err(error) = replies.swap_remove(failed)
        {
            return Err(error.into());
        }
        Ok(replies
            .into_iter()
            .flatten()
            .skip(usize::from(before.is_some()))
            .take(queries.len())
            .collect())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if self.in_transaction.load(Ordering::Relaxed)
            && let Some(client) = self.client.take()
        {
            drop(Object::take(client));
        }
    }
}

type Pending<'a> = Pin<Box<dyn Future<Output = Result<Reply, Error>> + Send + 'a>>;

async fn run(client: &tokio_postgres::Client, step: Step<'_>) -> Result<Reply, Error> {
    match step {
        Step::Plain(sql) => client.batch_execute(sql).await.map(|()| Reply::Count(0)),
        Step::Read(statement, values) => {
            client.query(statement, &borrowed(values)).await.map(Reply::Rows)
        }
        Step::Write(statement, values) => {
            client.execute(statement, &borrowed(values)).await.map(Reply::Count)
        }
    }
}

fn borrowed(values: &[Param]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect()
}

/// Polls all in their order, so that they are sent in it, and gives what each gave.
async fn in_order(mut pending: Vec<Pending<'_>>) -> Vec<Result<Reply, Error>> {
    let mut replies: Vec<Option<Result<Reply, Error>>> = pending.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut waiting = false;
        for (future, reply) in pending.iter_mut().zip(&mut replies) {
            if reply.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(value) => *reply = Some(value),
                    Poll::Pending => waiting = true,
                }
            }
        }
        if waiting { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    replies.into_iter().flatten().collect()
}

fn rows(reply: Reply) -> Vec<Row> {
    match reply {
        Reply::Rows(rows) => rows,
        Reply::Count(_) => Vec::new(),
    }
}

fn count(reply: Reply) -> u64 {
    match reply {
        Reply::Count(count) => count,
        Reply::Rows(rows) => u64::try_from(rows.len()).unwrap_or(u64::MAX),
    }
}
