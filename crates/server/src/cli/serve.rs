//! `kayle serve`.

use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use store::Location;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use url::Url;

use super::failure::{Code, Failure, with_causes};
use super::outcome::{Outcome, print_line};
use super::{StoreArgs, logging, workspace};
use crate::app::{self, Edge, Options, StartError};
use crate::client_address::Proxies;
use crate::clock::SystemClock;
use crate::entropy::OsEntropy;
use crate::hardening;
use crate::settings::{Flags, Key};
use crate::telemetry::listener::is_exposed;

const LOCK_FILE: &str = "serve.lock";

/// Run the server.
///
/// When it is ready it prints one line on stdout: `listening on http://ADDRESS`. SIGTERM or SIGINT
/// let what is in flight end; then it exits 0. The master secret is made in DIR (master.key, mode
/// 0600) if it is absent; KAYLE_MASTER_KEY_FILE reads it from elsewhere and never makes it.
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Address and port to listen on; port 0 picks a free one [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// URL under which people and phones reach the server [default: http://ADDRESS].
    ///
    /// Webhook and redirect targets must be https on public addresses; http to loopback is allowed
    /// too where this URL is a loopback address.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Address and port on which /metrics and health are given to the operator [default: none].
    ///
    /// Metrics hold no secret, but say how much business there is: name a loopback or private
    /// address.
    #[arg(long, value_name = "ADDRESS")]
    metrics_listen: Option<String>,
    #[command(flatten)]
    store: StoreArgs,
}

pub(super) async fn run(args: ServeArgs) -> Result<Outcome, Failure> {
    let mut flags = Flags::new();
    flags.extend(args.listen.map(|value| (Key::Listen, value)));
    flags.extend(args.public_url.map(|value| (Key::PublicUrl, value)));
    flags.extend(args.metrics_listen.map(|value| (Key::MetricsListen, value)));
    let settings = args.store.settings_with(flags)?;
    let traces = logging::start_with_traces(&settings)?;
    // Before anything is ready, so that a signal in between is not lost.
    let mut terminate = listen_for(SignalKind::terminate())?;
    let mut interrupt = listen_for(SignalKind::interrupt())?;

    hardening::raise_open_files();
    let location = workspace::prepare(&settings)?;
    let _alone = match &location {
        Location::Sqlite(_) => Some(lock(&settings.data)?),
        // Servers that share a database of PostgreSQL hear of one another.
        _ => None,
    };
    let master = workspace::master_secret(&settings)?;
    let listener = listen(settings.listen).await?;
    let metrics_listener = match settings.metrics_listen {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let running = app::start(Options {
        listener,
        location,
        master,
        clock: Arc::new(SystemClock),
        entropy: Box::new(OsEntropy),
        store_entropy: Box::new(OsEntropy),
        public_url: settings.public_url,
        apps: settings.apps,
        metrics_listener,
        edge: Edge {
            proxies: Proxies {
                trusted: settings.trusted_proxies,
                forwarded_header: settings.forwarded_header,
                place_header: settings.place_header,
            },
            rate_limits: settings.rate_limits,
        },
    })
    .await?;
    if let Some(address) = running.metrics_address {
        tracing::info!(%address, "metrics are served");
        if is_exposed(address) {
            tracing::warn!(%address, "metrics_listen may be reached by strangers; name a loopback or private address");
        }
    }
    // A closed stdout takes the line from whoever closed it, and nothing from the server.
    let _ = print_line(format_args!("listening on http://{}", running.address));
    tracing::info!(address = %running.address, "ready");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    running.stop().await;
    traces.stop().await;
    Ok(Outcome::silent())
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| cannot_listen(address, &error))
}

fn cannot_listen(address: SocketAddr, error: &std::io::Error) -> Failure {
    let hint = match error.kind() {
        std::io::ErrorKind::AddrInUse => "another program has the port; --listen names another one",
        std::io::ErrorKind::AddrNotAvailable => "the address is not of this machine",
        _ => "ports below 1024 need a privilege; --listen names another one",
    };
    Failure::new(Code::Io, format!("cannot listen on {address}: {error}"), hint)
}

/// Held while the server runs on SQLite: wake-ups do not cross processes there, so a second server
/// on the same data would leave phones of the first one unheard of.
pub(super) fn lock(data: &Path) -> Result<File, Failure> {
    let path = data.join(LOCK_FILE);
    let open = File::options().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let file = open.map_err(|error| Failure::file(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::new(
            Code::Server,
            format!("{}: another server runs on this data", data.display()),
            "stop it first, or give this one a folder of its own with --data",
        )),
        Err(TryLockError::Error(error)) => Err(Failure::file(&path, &error)),
    }
}

pub(super) fn listen_for(kind: SignalKind) -> Result<tokio::signal::unix::Signal, Failure> {
    signal(kind).map_err(|error| Failure::io("signals", &error))
}

/// The base URL of a server on this machine.
pub(super) fn base_url(address: SocketAddr) -> Result<Url, Failure> {
    Url::parse(&format!("http://{address}"))
        .map_err(|error| Failure::new(Code::Server, error.to_string(), "this should not happen"))
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let code = match &error {
            StartError::Store(_) => Code::Database,
            StartError::PublicUrl => Code::Setting,
            StartError::Listener(_) | StartError::WebhookClient(_) | StartError::Metrics(_) => {
                Code::Server
            }
        };
        Self::new(code, with_causes(&error), "see `kayle serve --help`")
    }
}
