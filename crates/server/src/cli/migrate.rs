//! `kayle migrate`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use domain::key::hex;
use serde_json::json;
use store::{Location, MigrationState, MoveError, MoveProgress, MovedTable};

use super::failure::{Code, Failure};
use super::outcome::Outcome;
use super::workspace::{self, Workspace};
use super::{StoreArgs, progress, serve, table};

/// Bring the schema of the database up to date, or move an installation to PostgreSQL.
///
/// A server does the first by itself when it starts. Migrations go forward only.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct MigrateArgs {
    /// Change nothing; exit 1 if migrations are pending.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    store: StoreArgs,
    #[command(subcommand)]
    command: Option<MigrateCommand>,
}

#[derive(Debug, Subcommand)]
enum MigrateCommand {
    /// Move everything that an SQLite file holds into an empty PostgreSQL database.
    ///
    /// All or nothing: one transaction, whose row counts and contents are compared before it
    /// commits. The file stays as it is. The master secret must go along: copy master.key.
    SqliteToPostgres {
        /// The data folder or its database file. No server may run on it.
        #[arg(long, value_name = "PATH")]
        from: PathBuf,
        /// The database, which must be empty: postgres://USER:PASSWORD@HOST/NAME [default: the
        /// setting `database`, so that KAYLE_DATABASE keeps the password off the command line].
        #[arg(long, value_name = "URL")]
        to: Option<String>,
    },
}

pub(super) async fn run(args: MigrateArgs) -> Result<Outcome, Failure> {
    match args.command {
        Some(MigrateCommand::SqliteToPostgres { from, to }) => move_all(&from, to).await,
        None if args.check => check(&args.store).await,
        None => apply(&args.store).await,
    }
}

async fn check(args: &StoreArgs) -> Result<Outcome, Failure> {
    let location = workspace::existing(&args.settings()?)?;
    let state = store::migration_state(&location).await?;
    Ok(Outcome {
        human: described(&state),
        json: Some(json(&state)),
        passed: state.pending.is_empty(),
    })
}

async fn apply(args: &StoreArgs) -> Result<Outcome, Failure> {
    let location = workspace::existing(&args.settings()?)?;
    let before = store::migration_state(&location).await?;
    if before.pending.is_empty() {
        return Ok(Outcome::done(described(&before), json(&before)));
    }
    Workspace::open(args).await?.close().await?;
    let after = store::migration_state(&location).await?;
    let human = format!("applied: {}\n{}", before.pending.join(", "), described(&after));
    let mut value = json(&after);
    value["applied"] = json!(before.pending);
    Ok(Outcome::done(human, value))
}

fn described(state: &MigrationState) -> String {
    let MigrationState { found, known, pending } = state;
    match pending.as_slice() {
        [] => format!("schema {found} of {known}: up to date"),
        pending => format!("schema {found} of {known}; pending: {}", pending.join(", ")),
    }
}

fn json(state: &MigrationState) -> serde_json::Value {
    json!({ "found": state.found, "known": state.known, "pending": state.pending })
}

async fn move_all(from: &Path, to: Option<String>) -> Result<Outcome, Failure> {
    let (folder, file) = source(from);
    let settings = StoreArgs { database: to, ..StoreArgs::default() }.settings()?;
    super::logging::start(&settings, "warn")?;
    let Location::Postgres(target) = workspace::location(&settings)? else {
        return Err(Failure::usage(
            "--to names no PostgreSQL database",
            "postgres://USER@HOST/NAME",
        ));
    };
    // A server holds this lock; whatever else has the file open is found by the store.
    let _alone = if folder.is_dir() { Some(serve::lock(&folder)?) } else { None };
    let bar = progress::bar(0, "moving");
    let moved = store::sqlite_to_postgres(&file, &target, |MoveProgress { table, done, total }| {
        bar.set_length(total);
        bar.set_position(done);
        bar.set_message(table.to_owned());
    })
    .await;
    bar.finish_and_clear();
    let moved = moved.map_err(|error| refused(&file, &error))?;
    Ok(report(&moved))
}

/// The folder with the lock of a server, and the file.
fn source(from: &Path) -> (PathBuf, PathBuf) {
    if from.is_dir() {
        return (from.to_owned(), from.join(workspace::DATABASE_FILE));
    }
    let folder = from.parent().filter(|folder| !folder.as_os_str().is_empty());
    (folder.unwrap_or(Path::new(".")).to_owned(), from.to_owned())
}

fn report(moved: &[MovedTable]) -> Outcome {
    let rows: u64 = moved.iter().map(|table| table.rows).sum();
    let mut lines = vec![["table", "rows", "sha256"].map(str::to_owned)];
    lines.extend(
        moved.iter().map(|table| [table.name.clone(), table.rows.to_string(), hex(&table.sha256)]),
    );
    let tables: Vec<_> = moved
        .iter()
        .map(
            |table| json!({ "name": table.name, "rows": table.rows, "sha256": hex(&table.sha256) }),
        )
        .collect();
    let human = format!(
        "{}\n{rows} rows in {} tables were moved, and are what was read.\n\
         Give every node the same master secret (master.key) and --database, and keep the file \
         until they run.",
        table::columns(&lines),
        moved.len(),
    );
    Outcome::done(human, json!({ "rows": rows, "tables": tables }))
}

fn refused(file: &Path, error: &MoveError) -> Failure {
    let (code, hint) = match error {
        MoveError::NoSource => (Code::NoData, "--from names a data folder or its kayle.db"),
        MoveError::SourceInUse => (Code::Database, "stop the server and other commands first"),
        MoveError::SourcePending { .. } => (Code::Database, "run `kayle migrate` on it first"),
        MoveError::TargetNotEmpty { .. } => {
            (Code::Database, "an installation is moved into an empty database only")
        }
        MoveError::Unfit { .. } => {
            (Code::Database, "nothing was moved; change that value in the file first")
        }
        MoveError::Store(_) => (Code::Database, "nothing was moved; check --from and --to"),
        MoveError::Schemas(_) | MoveError::NotWhole { .. } | MoveError::NotFaithful { .. } => {
            (Code::Database, "nothing was moved; please report this")
        }
    };
    Failure::new(code, format!("{}: {error}", file.display()), hint)
}
