//! What goes wrong below the seam. The driver's errors stay here: their messages may hold values.

use std::error::Error as _;
use std::io::ErrorKind;

use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

use crate::error::StoreError;

/// The result of anything that runs on a connection.
pub(super) type Outcome<T> = Result<T, Failure>;

/// An error of the store, of the driver, or of the pool of connections.
#[derive(Debug)]
pub(super) enum Failure {
    Store(StoreError),
    Driver(tokio_postgres::Error),
    Pool(PoolError),
}

impl Failure {
    /// Whether the server took the transaction back although nothing is wrong with it, so that
    /// it may be run again.
    pub(super) fn taken_back(&self) -> bool {
        self.is(&SqlState::T_R_SERIALIZATION_FAILURE) || self.is(&SqlState::T_R_DEADLOCK_DETECTED)
    }

    /// Whether a prepared statement no longer fits its tables: another version of Kayle has
    /// changed the schema.
    pub(super) fn outdated_statement(&self) -> bool {
        self.is(&SqlState::FEATURE_NOT_SUPPORTED)
    }

    /// Whether the connection is gone.
    pub(super) fn disconnected(&self) -> bool {
        match self {
            Self::Driver(error) => {
                error.is_closed() || error.code().is_some_and(is_gone) || io_error(error).is_some()
            }
            Self::Store(_) | Self::Pool(_) => false,
        }
    }

    /// Whether there is no connection to be had just now.
    pub(super) fn unreachable(&self) -> bool {
        match self {
            Self::Pool(PoolError::Backend(error)) => {
                !matches!(classify(error), StoreError::Refused(_))
            }
            Self::Pool(_) | Self::Store(_) | Self::Driver(_) => false,
        }
    }

    fn is(&self, state: &SqlState) -> bool {
        matches!(self, Self::Driver(error) if error.code() == Some(state))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Driver(error)
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        Self::Pool(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Store(error) => error,
            Failure::Driver(error) => classify(&error),
            Failure::Pool(PoolError::Backend(error)) => {
                // What is said while connecting names hosts and users, and nothing that is stored.
                let cause = error.source().map(ToString::to_string);
                tracing::warn!(%error, cause, "no connection to the database");
                match classify(&error) {
                    refused @ StoreError::Refused(_) => refused,
                    _ => StoreError::Unavailable,
                }
            }
            Failure::Pool(PoolError::Closed) => StoreError::Closed,
            Failure::Pool(PoolError::Timeout(deadpool_postgres::TimeoutType::Wait)) => {
                StoreError::Busy
            }
            Failure::Pool(_) => StoreError::Unavailable,
        }
    }
}

fn classify(error: &tokio_postgres::Error) -> StoreError {
    let Some(state) = error.code() else {
        return if error.is_closed() || io_error(error).is_some() {
            StoreError::Unavailable
        } else {
            StoreError::Sqlstate(String::new())
        };
    };
    match state.code() {
        "23505" => StoreError::Conflict("it exists already"),
        "23503" => StoreError::Conflict("what it belongs to does not exist"),
        code if code.starts_with("23") => StoreError::Conflict("a rule of the schema"),
        // PostgreSQL has no texts with the character U+0000.
        "22021" | "22P05" => StoreError::Conflict("a text holds a character that cannot be stored"),
        // Taken back too often, or a lock or a statement that took too long.
        "40001" | "40P01" | "55P03" | "57014" => StoreError::Busy,
        "53100" => StoreError::Io(ErrorKind::StorageFull),
        "XX001" | "XX002" => StoreError::Damaged,
        "28000" | "28P01" => StoreError::Refused("its user or password is wrong"),
        "3D000" => StoreError::Refused("there is no such database"),
        "42501" => StoreError::Refused("its user lacks a privilege"),
        _ if is_gone(state) => StoreError::Unavailable,
        code => StoreError::Sqlstate(code.to_owned()),
    }
}

/// States after which the connection is of no use: it ends, or its server takes no writes.
fn is_gone(state: &SqlState) -> bool {
    let code = state.code();
    code.starts_with("08") || code.starts_with("57P") || matches!(code, "25006" | "25P03" | "53300")
}

fn io_error(error: &tokio_postgres::Error) -> Option<ErrorKind> {
    error
        .source()
        .and_then(|cause| cause.downcast_ref::<std::io::Error>())
        .map(std::io::Error::kind)
}

/// A count as PostgreSQL holds it: signed.
pub(super) fn integer(count: u64) -> Outcome<i64> {
    i64::try_from(count).map_err(|_| StoreError::Conflict("a number is out of range").into())
}
