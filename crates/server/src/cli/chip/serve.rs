//! `kayle chip serve`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio::net::TcpStream;
use tokio::signal::unix::SignalKind;

use super::reader::read_chip;
use super::vpcd;
use crate::cli::failure::{Code, Failure};
use crate::cli::outcome::{Outcome, note};
use crate::cli::serve::listen_for;
use crate::cli::{ambient_settings, logging};
use crate::clock::{Clock, SystemClock};

/// How often in a row a connection is tried, and how long after a failure.
const TRIES: usize = 20;
const PAUSE: Duration = Duration::from_millis(500);

/// Put a simulated chip on a virtual PC/SC reader.
///
/// Connects to vpcd, the reader driver of vsmartcard in pcscd, and answers what PC/SC programs send
/// to its reader. Prints `connected to HOST:PORT` whenever it is; connects again when the connection
/// ends. SIGINT or SIGTERM take the chip off the reader; then it exits 0.
#[derive(Debug, Args)]
pub(in crate::cli) struct ServeArgs {
    /// Where vpcd listens; its first reader is on port 35963.
    #[arg(long, value_name = "HOST:PORT")]
    vpcd: String,
    /// The chip file that `kayle chip new` made.
    file: PathBuf,
}

pub(super) async fn run(args: ServeArgs) -> Result<Outcome, Failure> {
    logging::start(&ambient_settings()?, "warn")?;
    let mut chip = read_chip(&args.file)?;
    let mut interrupt = listen_for(SignalKind::interrupt())?;
    let mut terminate = listen_for(SignalKind::terminate())?;
    let stopped = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    let serve = async {
        loop {
            let mut stream = connect(&args.vpcd).await?;
            note(format_args!("connected to {}", args.vpcd));
            chip.reset();
            match vpcd::serve(&mut stream, &mut chip).await {
                Ok(()) => note("vpcd closed the connection"),
                Err(error) => note(format_args!("the connection to vpcd ended: {error}")),
            }
            // Whoever closes at once would be asked without end.
            SystemClock.sleep_until(SystemClock.now() + PAUSE).await;
        }
    };
    tokio::select! {
        failed = serve => failed,
        () = stopped => Ok(Outcome::silent()),
    }
}

async fn connect(address: &str) -> Result<TcpStream, Failure> {
    let mut last = None;
    for _ in 0..TRIES {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Some(error),
        }
        SystemClock.sleep_until(SystemClock.now() + PAUSE).await;
    }
    let reason = last.map(|error| error.to_string()).unwrap_or_default();
    Err(Failure::new(
        Code::Reader,
        format!("{address}: {reason}"),
        "does pcscd run with the vpcd driver (Debian: vsmartcard-vpcd)?",
    ))
}
