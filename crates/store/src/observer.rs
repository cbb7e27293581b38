//! What a store tells of its own work, so that whoever runs it can measure it.

use std::time::Duration;

/// Hears how a store works. It is called on the threads that write, so it must not block.
pub trait Observer: Send + Sync {
    /// A clock that never goes back, from any fixed point: the store has none of its own. It must
    /// not panic.
    fn clock(&self) -> Duration;

    /// A transaction of writes has ended.
    fn commit(&self, commit: Commit);
}

/// A transaction of writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// How many units shared it.
    pub units: usize,
    /// From its begin to the end of its commit.
    pub took: Duration,
    /// Whether it is durable now; otherwise none of its units is.
    pub committed: bool,
}

/// Measures nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn clock(&self) -> Duration {
        Duration::ZERO
    }

    fn commit(&self, _commit: Commit) {}
}

/// How busy a store is at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Writes that wait for their turn.
    pub writes_waiting: usize,
    /// Reads that wait for their turn.
    pub reads_waiting: usize,
    /// The pool of connections, where there is one.
    pub pool: Option<Pool>,
}

/// A pool of connections at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    /// Open connections.
    pub open: usize,
    /// Those of them that nobody uses.
    pub idle: usize,
}

/// How changes by other processes are heard of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wakeups {
    /// They are not: one process uses the database.
    #[default]
    OneProcess,
    /// The database tells of them at once.
    Listening,
    /// The connection that tells of them is down, and they are looked for in intervals.
    Polling,
}

impl Wakeups {
    /// As an operator reads it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OneProcess => "one_process",
            Self::Listening => "listening",
            Self::Polling => "polling",
        }
    }
}
