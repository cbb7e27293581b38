//! What goes wrong below the seam. The driver's errors stay here: their messages may hold values.

use rusqlite::ErrorCode;
use rusqlite::ffi;

use crate::error::StoreError;

/// The result of anything that runs on a connection.
pub(super) type Outcome<T> = Result<T, Failure>;

/// An error of the store, or of the driver.
#[derive(Debug)]
pub(super) enum Failure {
    Store(StoreError),
    Driver(rusqlite::Error),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Driver(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Store(error) => error,
            Failure::Driver(rusqlite::Error::SqliteFailure(error, _)) => classify(error),
            Failure::Driver(_) => Self::Database { code: 0 },
        }
    }
}

fn classify(error: ffi::Error) -> StoreError {
    match (error.code, error.extended_code) {
        (
            _,
            ffi::SQLITE_CONSTRAINT_UNIQUE
            | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | ffi::SQLITE_CONSTRAINT_ROWID,
        ) => StoreError::Conflict("it exists already"),
        (_, ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => {
            StoreError::Conflict("what it belongs to does not exist")
        }
        (ErrorCode::ConstraintViolation, _) => StoreError::Conflict("a rule of the schema"),
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => StoreError::Busy,
        (ErrorCode::DatabaseCorrupt, _) => StoreError::Damaged,
        (ErrorCode::NotADatabase, _) => StoreError::UnsupportedDatabase,
        (ErrorCode::DiskFull, _) => StoreError::Io(std::io::ErrorKind::StorageFull),
        (ErrorCode::ReadOnly, _) => StoreError::Io(std::io::ErrorKind::ReadOnlyFilesystem),
        (ErrorCode::PermissionDenied, _) => StoreError::Io(std::io::ErrorKind::PermissionDenied),
        (ErrorCode::CannotOpen, _) => StoreError::Io(std::io::ErrorKind::NotFound),
        (ErrorCode::SystemIoFailure, _) => StoreError::Io(std::io::ErrorKind::Other),
        (_, code) => StoreError::Database { code },
    }
}

/// A count as SQLite holds it: signed.
pub(super) fn integer(count: u64) -> Outcome<i64> {
    i64::try_from(count).map_err(|_| StoreError::Conflict("a number is out of range").into())
}

/// Refuses a change that met no row.
pub(super) fn found(rows: usize, what: &'static str) -> Outcome<()> {
    if rows == 0 { Err(StoreError::NotFound(what).into()) } else { Ok(()) }
}
