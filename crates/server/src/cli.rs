//! The command line of `kayle`: a contract (names, flags, exit codes, `--json`).
//!
//! Exit codes: 0 done or proven; 1 failed or not proven; 2 the command line or a setting is wrong.
//! Results go to stdout; logs, progress and errors go to stderr.

mod audit;
mod chip;
mod demo;
mod document;
mod failure;
mod folder;
mod key;
mod logging;
mod master_secret;
mod migrate;
mod organization;
mod outcome;
mod phone;
mod progress;
mod serve;
mod simulated;
mod table;
mod time;
mod trust;
mod trust_files;
mod workspace;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::settings::{Flags, Key, Settings};
use failure::Failure;
use outcome::Outcome;

/// Verifies people by their passport chip (ICAO 9303) and keeps nothing.
///
/// Every setting can be given as a flag, as a KAYLE_* variable or in a TOML file (--config); flags
/// win over variables, variables over the file. Settings: listen, data, database, public_url,
/// master_key_file, metrics_listen, otlp_endpoint, log, log_format (text or json).
///
/// Exit codes: 0 done or proven; 1 failed or not proven; 2 wrong command line or setting.
#[derive(Debug, Parser)]
#[command(name = "kayle", version, max_term_width = 100)]
struct Cli {
    /// Print the result as one JSON value on stdout, errors included.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

// Where a variant has no text, its arguments have it.
#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::ServeArgs),
    Migrate(migrate::MigrateArgs),
    /// Create, list and set organizations: the relying parties.
    #[command(subcommand)]
    Org(organization::OrgCommand),
    /// Create, list and revoke the API keys of organizations.
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Import and list the certificates of issuing states, and their revocation lists.
    #[command(subcommand)]
    Trust(trust::TrustCommand),
    /// Verify documents without a server.
    #[command(subcommand)]
    Document(document::DocumentCommand),
    /// Read chips, and make simulated ones.
    #[command(subcommand)]
    Chip(chip::ChipCommand),
    Phone(Box<phone::PhoneArgs>),
    /// Verify and export the audit trail.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    Demo(demo::DemoArgs),
}

/// Where settings and data are; taken by every command that touches the store.
#[derive(Debug, Clone, Default, Args)]
struct StoreArgs {
    /// Folder of the database and the master secret [default: kayle-data].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The database: sqlite:PATH or postgres://USER@HOST/DATABASE [default: DIR/kayle.db].
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// TOML file of settings.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl StoreArgs {
    fn settings(&self) -> Result<Settings, Failure> {
        self.settings_with(Flags::new())
    }

    fn settings_with(&self, mut flags: Flags) -> Result<Settings, Failure> {
        if let Some(data) = &self.data {
            flags.insert(Key::Data, text(data)?);
        }
        if let Some(database) = &self.database {
            flags.insert(Key::Database, database.clone());
        }
        Ok(Settings::load(flags, environment(), self.config.as_deref())?)
    }
}

/// The settings of a command that needs no store: from the environment alone.
fn ambient_settings() -> Result<Settings, Failure> {
    StoreArgs::default().settings()
}

fn text(path: &std::path::Path) -> Result<String, Failure> {
    path.to_str()
        .map(str::to_owned)
        .ok_or_else(|| Failure::usage(format!("{}: not UTF-8", path.display()), "rename the path"))
}

/// Variables that are not UTF-8 cannot be ours: their names or values are no settings.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Runs the command line and reports its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    crate::hardening::apply();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) if !error.use_stderr() => {
            // Help and version: clap writes them itself, in colour on a terminal.
            return match error.print() {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            };
        }
        Err(error) => {
            let json = arguments.iter().any(|argument| argument == "--json");
            return outcome::fail(&Failure::from(error), json);
        }
    };
    let json = cli.json;
    match run(cli) {
        Ok(outcome) => outcome.print(json),
        Err(failure) => outcome::fail(&failure, json),
    }
}

fn run(cli: Cli) -> Result<Outcome, Failure> {
    let runtime =
        tokio::runtime::Runtime::new().map_err(|error| Failure::io("the runtime", &error))?;
    let json = cli.json;
    let result = runtime.block_on(async {
        match cli.command {
            Command::Serve(args) => serve::run(args).await,
            Command::Migrate(args) => migrate::run(args).await,
            Command::Org(command) => organization::run(command).await,
            Command::Key(command) => key::run(command).await,
            Command::Trust(command) => trust::run(command).await,
            Command::Document(command) => document::run(command).await,
            Command::Chip(command) => chip::run(command).await,
            Command::Phone(args) => phone::run(*args).await,
            Command::Audit(command) => audit::run(command).await,
            Command::Demo(args) => demo::run(args, json).await,
        }
    });
    // What still runs (a name look-up, a read of stdin) must not hold the process.
    runtime.shutdown_background();
    result
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
