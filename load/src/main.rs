//! `kayle-load`: see `--help`.

#![expect(clippy::print_stdout, reason = "a command that prints its results")]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use futures_util::future::join_all;
use kayle_load::{
    Cost, Document, LoadError, Process, Report, Sample, Site, Target, raise_open_files,
    verifications,
};
use tokio_util::sync::CancellationToken;
use url::Url;

/// How many sessions are asked for in turn.
const ASKED: u64 = 1000;

/// Open files besides the sockets.
const SPARE_FILES: u64 = 200;

/// Plays phones, pages and a relying party against a running server, and tells how long they
/// waited and what they cost.
///
/// The organization of the key must go without a face match. Latencies are those of the named
/// operation; what prepares it (sessions, tokens) is done before. Ctrl-C prints what there is.
#[derive(Debug, Parser)]
#[command(name = "kayle-load", max_term_width = 100)]
struct Args {
    /// What the clients do.
    scenario: Scenario,
    /// The server.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: Url,
    /// API key with the scope sessions:write.
    #[arg(long, env = "LOAD_API_KEY", hide_env_values = true)]
    api_key: String,
    /// How many clients work side by side.
    #[arg(long, default_value_t = 64)]
    clients: usize,
    /// How many operations (sockets, for `idle`) there are in all.
    #[arg(long, default_value_t = 10_000)]
    count: u64,
    /// The server's process on this machine; adds CPU time and memory to the result.
    #[arg(long)]
    pid: Option<u32>,
    /// Folder of a chip's EF files, for `verify`; the server must trust its state.
    #[arg(long, value_name = "DIR")]
    document: Option<PathBuf>,
    /// The server that pages ask, for `wake-up`; another one of the same database [default: --url].
    #[arg(long, value_name = "URL")]
    pages_at: Option<Url>,
    /// Target a server that is not on this machine. Ask its operator first.
    #[arg(long)]
    allow_remote: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Scenario {
    /// Create sessions.
    Create,
    /// Mint the handoff of fresh sessions.
    Mint,
    /// Ask for the status of sessions.
    Status,
    /// Connect, say hello, hear acknowledgement and challenge.
    Hello,
    /// Hold sockets that have said hello, until Ctrl-C.
    Idle,
    /// From a phone's hello to its page, which may be at another server (--pages-at).
    WakeUp,
    /// Whole verifications, from creating the session to the share.
    Verify,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "kayle-load: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), LoadError> {
    let target = Target::resolve(&args.url, args.allow_remote).await?;
    let files = raise_open_files(args.count.saturating_add(SPARE_FILES));
    let site = Site::new(target, args.api_key.as_str().into());
    let stop = CancellationToken::new();
    {
        let stop = stop.clone();
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                stop.cancel();
            }
        });
    }
    let mut clients = site.clients(args.clients).await?;
    let server = args.pid.map(Process::new);
    let (sessions, _) = match args.scenario {
        Scenario::Create | Scenario::Verify => Default::default(),
        Scenario::Idle => {
            let most = args.count.min(files.saturating_sub(SPARE_FILES));
            site.sessions(&mut clients, most, &stop).await
        }
        Scenario::Status => site.sessions(&mut clients, args.count.min(ASKED), &stop).await,
        _ => site.sessions(&mut clients, args.count, &stop).await,
    };
    let (tickets, _) = match args.scenario {
        Scenario::Hello | Scenario::Idle | Scenario::WakeUp => {
            site.tickets(&mut clients, &sessions, &stop).await
        }
        _ => Default::default(),
    };
    let before = server.map(Process::sample).transpose()?;
    let mut held = Vec::new();
    let report = match args.scenario {
        Scenario::Create => site.sessions(&mut clients, args.count, &stop).await.1,
        Scenario::Mint => site.tickets(&mut clients, &sessions, &stop).await.1,
        Scenario::Status => site.statuses(&mut clients, &sessions, args.count, &stop).await,
        Scenario::Hello => site.hellos(args.clients, &tickets, &stop).await,
        Scenario::WakeUp => {
            let at = args.pages_at.as_ref().unwrap_or(&args.url);
            let target = Target::resolve(at, args.allow_remote).await?;
            let pages = Site::new(target, "".into());
            site.wake_ups(&pages, args.clients, &tickets, &stop).await
        }
        Scenario::Verify => {
            let folder = args.document.ok_or(LoadError::Unexpected("give --document"))?;
            let document = Document::read(&folder)?;
            verifications(&site, &args.url, &document, &mut clients, args.count, &stop).await
        }
        Scenario::Idle => {
            let (sockets, report) = site.hold(args.clients, &tickets, &stop).await;
            held = sockets;
            report
        }
    };
    let after = server.map(Process::sample).transpose()?;
    print!("{}", with_cost(report, before, after));
    if !held.is_empty() && !stop.is_cancelled() {
        println!("{} sockets are held until Ctrl-C", held.len());
        let count = held.len();
        let watch = join_all(held.iter_mut().map(|socket| async { drop(socket.hear().await) }));
        tokio::select! {
            _ = watch => println!("the server closed all of the {count}"),
            () = stop.cancelled() => {}
        }
    }
    Ok(())
}

fn with_cost(mut report: Report, before: Option<Sample>, after: Option<Sample>) -> Report {
    report.cost = before.zip(after).map(|(before, after)| -> Cost { before.until(after) });
    report
}
