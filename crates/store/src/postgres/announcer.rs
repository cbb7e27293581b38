//! Tells the other processes which sessions changed: after the commit, many at a time, on a
//! connection of its own.
//!
//! A transaction that has notified holds a lock of the whole server until it is committed
//! (PostgreSQL's `async.c`, `PreCommit_Notify`). Within the units, it would make every commit of
//! every process wait for each other's.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use deadpool_postgres::tokio_postgres::{Client, Config};
use domain::id::SessionId;
use postgres_openssl::MakeTlsConnector;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::listener::{CHANNEL, Node};
use super::{limited, pause};

/// How long at least is between two statements.
const GAP: Duration = Duration::from_millis(2);

/// How many sessions wait to be told of before the others are told to read everything again.
const MAX_WAITING: usize = 10_000;

/// How long the server may take to connect or to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// The shortest and the longest wait between two tries.
const MIN_BACKOFF: Duration = Duration::from_millis(50);
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// How long closing waits for what is yet to be told.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Takes what is to be told. What waits when it is dropped is still tried, once.
pub(super) struct Announcer {
    queue: Arc<Queue>,
    task: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    added: Notify,
}

#[derive(Default)]
struct Waiting {
    batch: Batch,
    closed: bool,
}

#[derive(Default)]
struct Batch {
    sessions: BTreeSet<SessionId>,
    /// There were too many to name.
    everything: bool,
}

impl Announcer {
    pub(super) fn start(config: &Config, tls: MakeTlsConnector, node: Node) -> Self {
        let mut config = config.clone();
        // A hint need not outlive a crash, so nobody waits for a disk.
        let options = config.get_options().unwrap_or_default().to_owned();
        config.options(format!("{options} -c synchronous_commit=off"));
        let queue = Arc::new(Queue::default());
        let task = tokio::spawn(run(config, tls, node, Arc::clone(&queue)));
        Self { queue, task: Mutex::new(Some(task)) }
    }

    /// Tells the other processes soon that a session changed.
    pub(super) fn announce(&self, session: SessionId) {
        self.queue.lock().batch.add(session);
        self.queue.added.notify_one();
    }

    /// Tells what is yet to be told, if the server answers.
    pub(super) async fn close(&self) {
        self.queue.close();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut task) = task
            && limited(LAST_WORDS, &mut task).await.is_none()
        {
            task.abort();
        }
    }
}

impl Drop for Announcer {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl Batch {
    fn add(&mut self, session: SessionId) {
        if !self.everything {
            self.sessions.insert(session);
        }
        if self.sessions.len() > MAX_WAITING {
            *self = Self { sessions: BTreeSet::new(), everything: true };
        }
    }

    fn is_empty(&self) -> bool {
        self.sessions.is_empty() && !self.everything
    }

    fn payloads(&self, node: &Node) -> Vec<String> {
        if self.everything {
            return vec![node.says_everything()];
        }
        self.sessions.iter().map(|session| node.says(session)).collect()
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.lock().closed = true;
        self.added.notify_one();
    }

    /// What there is to tell, once there is something; nothing once the queue is closed and empty.
    async fn next(&self) -> Batch {
        loop {
            {
                let mut waiting = self.lock();
                if waiting.closed || !waiting.batch.is_empty() {
                    return std::mem::take(&mut waiting.batch);
                }
            }
            self.added.notified().await;
        }
    }

    /// Keeps what could not be told; `false` if there will be no other try.
    fn put_back(&self, batch: Batch) -> bool {
        let mut waiting = self.lock();
        waiting.batch.everything |= batch.everything;
        for session in batch.sessions {
            waiting.batch.add(session);
        }
        !waiting.closed
    }
}

async fn run(config: Config, tls: MakeTlsConnector, node: Node, queue: Arc<Queue>) {
    let (mut client, mut failures) = (None, 0);
    loop {
        let batch = queue.next().await;
        if batch.is_empty() {
            return;
        }
        if tell(&mut client, &config, &tls, batch.payloads(&node)).await {
            failures = 0;
            pause(GAP).await;
            continue;
        }
        client = None;
        if failures == 1 {
            tracing::warn!("other servers are not told of changes; it is tried again");
        }
        if !queue.put_back(batch) {
            return;
        }
        pause((MIN_BACKOFF * (1 << u32::min(failures, 10))).min(MAX_BACKOFF)).await;
        failures += 1;
    }
}

/// Whether it was told. What was told and not acknowledged is told again, which harms nobody.
async fn tell(
    client: &mut Option<Client>,
    config: &Config,
    tls: &MakeTlsConnector,
    payloads: Vec<String>,
) -> bool {
    let told = async {
        let client = match client {
            Some(client) => client,
            None => {
                let (connected, connection) = config.connect(tls.clone()).await?;
                tokio::spawn(connection);
                client.insert(connected)
            }
        };
        let notify = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload";
        client.execute(notify, &[&CHANNEL, &payloads]).await
    };
    matches!(limited(ANSWER, told).await, Some(Ok(_)))
}
