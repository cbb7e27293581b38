//! Connections: how they are opened, and the migrations.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::failure::{Failure, Outcome};
use crate::error::StoreError;
use crate::migration::{self, Migration, MigrationState, migrations};

/// How long to wait for another process that holds the lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The switch to a write-ahead log does not wait for a lock, so it is tried this often…
const WAL_TRIES: u32 = 200;

/// …with this wait between.
const WAL_WAIT: Duration = Duration::from_millis(25);

/// Marks the file as Kayle's (`application_id`): "Kayl".
const APPLICATION_ID: i64 = 0x4b61_796c;

/// The steps from an empty file to the current schema.
const MIGRATIONS: &[Migration] = migrations![
    "0001_initial",
    "0002_chip_proof",
    "0003_trust",
    "0004_binding",
    "0005_audit",
    "0006_allowances",
    "0007_page",
    "0008_branding",
    "0009_user_code_policy",
];

/// Statements kept prepared per connection; more than there are in this crate.
const STATEMENTS: usize = 128;

/// Pages of the write-ahead log (4 KiB each) before it is folded into the file. Ids are random, so
/// a unit writes pages all over the file; in a longer log more units share the folding of a page.
const LOG_PAGES: u32 = 8_000;

/// Memory for pages that the writer has read, in KiB: the inner pages of every index and most
/// leaves of the live sessions of an hour.
const WRITER_CACHE_KIB: i64 = 16 * 1024;

/// Opens the connection that writes, and brings the schema up to date.
pub(super) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    create_private(path)?;
    Ok(connect_writer(path)?)
}

fn connect_writer(path: &Path) -> Outcome<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    harden(&connection)?;
    // Before anything is changed: a file that is not ours, or is newer than this code, stays as
    // it is.
    schema_of(&connection)?;
    use_write_ahead_log(&connection)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "secure_delete", true)?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Opens a connection that can only read.
pub(super) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let open = || -> Outcome<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        harden(&connection)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    };
    Ok(open()?)
}

/// Reads which migrations a file has behind it. No file is an empty database.
pub(super) fn migration_state(path: &Path) -> Result<MigrationState, StoreError> {
    let found = || -> Outcome<i64> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        harden(&connection)?;
        schema_of(&connection)
    };
    let found = match path.try_exists() {
        Ok(true) => found()?,
        Ok(false) => 0,
        Err(error) => return Err(StoreError::Io(error.kind())),
    };
    Ok(MigrationState::new(found, MIGRATIONS))
}

/// Opens a file for one reader that keeps every other process away from it.
///
/// [`StoreError::Busy`] if another process has it open, for a connection to a file with a
/// write-ahead log holds a lock for as long as it lives.
pub(super) fn open_alone(path: &Path) -> Outcome<(Connection, MigrationState)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::ZERO)?;
    // Before the first read: that takes the lock.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    harden(&connection)?;
    let state = MigrationState::new(schema_of(&connection)?, MIGRATIONS);
    connection.execute_batch("BEGIN IMMEDIATE")?;
    Ok((connection, state))
}

/// Makes the file if there is none, for its owner alone. SQLite gives the files beside it the
/// same mode.
fn create_private(path: &Path) -> Result<(), StoreError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|error| StoreError::Io(error.kind()))
}

fn harden(connection: &Connection) -> Outcome<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Plans that do not look at bound values: otherwise a statement whose plan might depend on one
    // is compiled anew each time it is run with another.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "SQLite's busy handler is not asked when the journal mode changes, so opening waits here"
)]
fn use_write_ahead_log(connection: &Connection) -> Outcome<()> {
    let mut tries = 1;
    loop {
        let switched: rusqlite::Result<String> =
            connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0));
        match switched {
            Ok(mode) if mode == "wal" => return Ok(()),
            // A file system without shared memory, such as a network share.
            Ok(_) => return Err(StoreError::Io(std::io::ErrorKind::Unsupported).into()),
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && tries < WAL_TRIES =>
            {
                tries += 1;
                std::thread::sleep(WAL_WAIT);
            }
            Err(error) => return Err(Failure::Driver(error)),
        }
    }
}

/// Applies the missing steps, all in one transaction that holds the write lock: of several
/// processes that open the file at once, one migrates and the others find it done.
fn migrate(connection: &mut Connection) -> Outcome<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = schema_of(&transaction)?;
    for (number, step) in migration::missing(found, MIGRATIONS) {
        transaction.execute_batch(step.sql)?;
        transaction.pragma_update(None, "user_version", number)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(transaction.commit()?)
}

/// The number of the last step that was applied.
fn schema_of(connection: &Connection) -> Outcome<i64> {
    let pragma = |name: &str| -> Outcome<i64> {
        Ok(connection.pragma_query_value(None, name, |row| row.get(0))?)
    };
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 && pragma("application_id")? != APPLICATION_ID {
        return Err(StoreError::UnsupportedDatabase.into());
    }
    let known = migration::known(MIGRATIONS);
    match pragma("user_version")? {
        found if found > known => Err(StoreError::TooNew { found, known }.into()),
        found => Ok(found),
    }
}
