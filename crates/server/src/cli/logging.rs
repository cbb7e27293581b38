//! Log lines go to stderr.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use super::failure::{Code, Failure};
use crate::settings::{LogFormat, Settings};

/// Starts to write log lines. `default` says which, unless the settings do.
pub(crate) fn start(settings: &Settings, default: &str) -> Result<(), Failure> {
    let text = settings.log.as_deref().unwrap_or(default);
    let filter = EnvFilter::try_new(text).map_err(|error| {
        Failure::new(
            Code::Setting,
            format!("log: {error}"),
            "expected directives such as `info` or `warn,server=debug`",
        )
    })?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // Fails only where a log is written already, and then that one goes on.
    let _ = match settings.log_format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    Ok(())
}
