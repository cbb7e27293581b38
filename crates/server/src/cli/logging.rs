//! Log lines go to stderr.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::failure::{Code, Failure};
use crate::settings::{LogFormat, Settings};
use crate::telemetry::traces::Traces;

/// Starts to write log lines. `default` says which, unless the settings do.
pub(crate) fn start(settings: &Settings, default: &str) -> Result<(), Failure> {
    let lines =
        tracing_subscriber::registry().with(lines(settings)).with(filter(settings, default)?);
    // Fails only where a log is written already, and then that one goes on.
    let _ = lines.try_init();
    Ok(())
}

/// Starts to write the log lines of a server, and to send traces if a collector is set. The
/// filter of the lines is not that of the traces.
pub(crate) fn start_with_traces(settings: &Settings) -> Result<Traces, Failure> {
    let Some(endpoint) = &settings.otlp_endpoint else {
        start(settings, "info")?;
        return Ok(Traces::none());
    };
    let (spans, traces) = Traces::to(endpoint).map_err(|error| {
        Failure::new(
            Code::Setting,
            format!("otlp_endpoint: {error}"),
            "name the base URL of a collector, such as http://127.0.0.1:4318",
        )
    })?;
    let lines = lines(settings).with_filter(filter(settings, "info")?);
    let _ = tracing_subscriber::registry().with(spans).with(lines).try_init();
    Ok(traces)
}

fn filter(settings: &Settings, default: &str) -> Result<EnvFilter, Failure> {
    let text = settings.log.as_deref().unwrap_or(default);
    EnvFilter::try_new(text).map_err(|error| {
        Failure::new(
            Code::Setting,
            format!("log: {error}"),
            "expected directives such as `info` or `warn,server=debug`",
        )
    })
}

fn lines<S>(settings: &Settings) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
        }
    }
}
