//! What can go wrong in a store.

/// Why the store did not do what it was asked.
///
/// Messages name tables, columns and row ids, never what a row holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is no such row, or it belongs to another organization.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// The write contradicts what is stored.
    #[error("conflict: {0}")]
    Conflict(&'static str),
    /// There are as many as there may be.
    #[error("there may be no more than {limit} {what}")]
    TooMany {
        /// Of what, in the plural.
        what: &'static str,
        /// How many there may be.
        limit: u32,
    },
    /// Others kept the database, or what the call needs of it, for longer than the store waits.
    #[error("the database is busy")]
    Busy,
    /// The database server cannot be reached, or the connection was lost. A write may have been
    /// committed all the same.
    #[error("the database server cannot be reached")]
    Unavailable,
    /// The database server does not serve Kayle as it is set up.
    #[error("the database server cannot be used: {0}")]
    Refused(&'static str),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// A row holds what this version cannot read.
    #[error("{table}.{column} of row {row} cannot be read")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's primary key.
        row: String,
    },
    /// The database file itself is damaged.
    #[error("the database file is damaged")]
    Damaged,
    /// A newer version of Kayle has changed the database.
    #[error("the database has schema {found}; this version of Kayle knows up to {known}")]
    TooNew {
        /// The schema number of the database.
        found: i64,
        /// The newest schema number that this version knows.
        known: i64,
    },
    /// The database is not one of Kayle.
    #[error("this is not a Kayle database, and it is not empty")]
    UnsupportedDatabase,
    /// The database file cannot be created, read or written.
    #[error("the database file cannot be used: {0}")]
    Io(std::io::ErrorKind),
    /// A unit panicked. Nothing of it was written.
    #[error("a unit of work panicked")]
    Panicked,
    /// The database refused for a reason of its own.
    #[error("the database failed with code {code}")]
    Database {
        /// The driver's extended result code; 0 if it has none.
        code: i32,
    },
    /// The database refused for a reason of its own.
    #[error("the database failed with SQLSTATE {0}")]
    Sqlstate(String),
}
