//! Moving an installation from SQLite to PostgreSQL.
//!
//! Tables and columns are read from the two schemas and compared, so that what a later migration
//! adds is moved too, and what exists on one side only is an error. Rows travel in the text format
//! of `COPY`; the same bytes are hashed on the way in and read back from PostgreSQL before the
//! commit.

mod shape;
mod source;
mod target;

use std::path::Path;

use tokio::sync::mpsc;

use crate::error::StoreError;
use crate::location::PostgresUrl;
use crate::postgres;
use source::Source;
use target::Target;

pub use shape::SchemaDifference;

/// How many batches wait for PostgreSQL while more are read.
const BATCHES: usize = 4;

/// What was moved of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedTable {
    /// Its name.
    pub name: String,
    /// How many rows it has.
    pub rows: u64,
    /// SHA-256 of its rows in the order of their primary keys, as `COPY` writes them.
    pub sha256: [u8; 32],
}

/// How far a move has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveProgress<'a> {
    /// The table that rows are copied of.
    pub table: &'a str,
    /// How many rows of all tables were copied.
    pub done: u64,
    /// How many there are.
    pub total: u64,
}

/// Why nothing was moved. The target is as it was before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoveError {
    /// The SQLite file cannot be read, or PostgreSQL cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no SQLite file at that path.
    #[error("there is no database at the path to move from")]
    NoSource,
    /// Another process has the SQLite file open.
    #[error("another process has the database open that is to be moved")]
    SourceInUse,
    /// The SQLite file is of an older version of Kayle.
    #[error("the database to be moved has pending migrations: schema {found} of {known}")]
    SourcePending {
        /// The schema number of the file.
        found: i64,
        /// The newest schema number that this version knows.
        known: i64,
    },
    /// The target holds rows already.
    #[error("the target is not empty: table {table} has rows")]
    TargetNotEmpty {
        /// The first table that has rows.
        table: String,
    },
    /// The schemas do not fit each other.
    #[error("the schemas differ: {0}")]
    Schemas(#[from] SchemaDifference),
    /// PostgreSQL cannot hold a value: a text with U+0000, or one that is no UTF-8.
    #[error("{table}.{column} of row {row} holds what PostgreSQL cannot hold")]
    Unfit {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The row's primary key.
        row: String,
    },
    /// PostgreSQL gave back other rows than were sent.
    #[error("table {table} was not moved whole: {sent} rows were sent, {found} were found")]
    NotWhole {
        /// The table.
        table: String,
        /// How many rows were read from SQLite.
        sent: u64,
        /// How many rows PostgreSQL has.
        found: u64,
    },
    /// PostgreSQL gave back as many rows, but not the same.
    #[error("table {table} was not moved faithfully: its content hash differs")]
    NotFaithful {
        /// The table.
        table: String,
    },
}

/// Moves everything that the SQLite file at `from` holds into the empty database `to`, in one
/// transaction, and checks counts and contents before it commits. The file is left as it is, and
/// stays locked against every other process until the move has ended.
///
/// The target is given its schema if it has none. The binding to the master secret moves along.
/// `progress` is called for every batch of rows.
///
/// # Errors
/// The first thing that stands in the way. Nothing was moved then.
pub async fn sqlite_to_postgres(
    from: &Path,
    to: &PostgresUrl,
    mut progress: impl FnMut(MoveProgress<'_>),
) -> Result<Vec<MovedTable>, MoveError> {
    let mut source = Source::open(from)?;
    let mut client = postgres::connect(to).await?;
    let target = Target::begin(&mut client).await?;
    let tables = shape::matched(source.tables()?, &target.tables().await?)?;
    target.clear_seeds().await?;
    if let Some(table) = target.first_with_rows(&tables).await? {
        return Err(MoveError::TargetNotEmpty { table });
    }
    let total = tables.iter().map(|table| source.count(table)).sum::<Result<u64, _>>()?;
    let (mut moved, mut done) = (Vec::new(), 0);
    for table in &tables {
        let (sender, batches) = mpsc::channel(BATCHES);
        let reading = {
            let table = table.clone();
            tokio::task::spawn_blocking(move || source.read(&table, &sender))
        };
        let sent = target.fill(table, batches, |rows| {
            done += rows;
            progress(MoveProgress { table: &table.name, done, total });
        });
        let sent = sent.await?;
        source = reading.await.map_err(|_| StoreError::Panicked)??;
        moved.push(sent);
    }
    for (table, sent) in tables.iter().zip(&moved) {
        let found = target.read_back(table).await?;
        if found.rows != sent.rows {
            let (sent, found) = (sent.rows, found.rows);
            return Err(MoveError::NotWhole { table: table.name.clone(), sent, found });
        }
        if found.sha256 != sent.sha256 {
            return Err(MoveError::NotFaithful { table: table.name.clone() });
        }
    }
    target.commit(&tables).await?;
    Ok(moved)
}
