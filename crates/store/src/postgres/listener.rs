//! Wake-ups between processes: each tells of the sessions that it changed, and one connection of
//! each listens.
//!
//! A notification that comes while nobody listens is lost. So while the connection is down, and
//! once when it is back, whoever waits is told to read again whatever it waits for.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::tokio_postgres::{AsyncMessage, Config};
use domain::entropy::Entropy;
use domain::id::SessionId;
use postgres_openssl::MakeTlsConnector;

use super::{limited, pause};
use crate::open::{Changed, Notify, Wake};

pub(super) const CHANNEL: &str = "kayle_changed";

/// In the place of a session: all of them.
const EVERYTHING: &str = "*";

/// How often everybody is told to read again while the connection is down.
const POLL: Duration = Duration::from_millis(500);

/// The longest wait between two tries to connect.
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// How often the connection is tried while it says nothing, and how long it may take to answer.
const PROBE: Duration = Duration::from_secs(5);

/// The name under which a process notifies, so that it does not listen to itself.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Node(String);

impl Node {
    pub(super) fn random(entropy: &mut dyn Entropy) -> Self {
        let mut name = [0; 16];
        entropy.fill(&mut name);
        Self(domain::key::hex(&name))
    }

    /// What tells the other processes of a session.
    pub(super) fn says(&self, session: &SessionId) -> String {
        format!("{} {session}", self.0)
    }

    /// What tells the other processes that anything may have changed.
    pub(super) fn says_everything(&self) -> String {
        format!("{} {EVERYTHING}", self.0)
    }

    /// What another process said. Its events are its own to deliver.
    fn heard(&self, payload: &str) -> Option<Wake> {
        let (node, what) = payload.split_once(' ')?;
        if node == self.0 {
            return None;
        }
        if what == EVERYTHING {
            return Some(Wake::Everything);
        }
        Some(Wake::Changed(Changed { session: what.parse().ok()?, events: false }))
    }
}

/// What a listener needs.
pub(super) struct Hearing {
    pub(super) node: Node,
    pub(super) notify: Notify,
    /// Whether the connection is up, for whoever asks.
    pub(super) listening: Arc<AtomicBool>,
}

/// Why the connection is no longer listened to.
enum Gone {
    NoConnection(tokio_postgres::Error),
    Ended,
}

/// Listens until the task is aborted.
pub(super) async fn run(config: Config, tls: MakeTlsConnector, hearing: Hearing) {
    let Hearing { node, notify, listening: state } = hearing;
    let (mut failures, mut was_down) = (0, false);
    loop {
        let mut listening = false;
        let gone = listen(&config, &tls, &node, &notify, || {
            if was_down {
                tracing::info!("wake-ups between servers work again");
                tell(&notify, &Wake::Everything);
            }
            state.store(true, Ordering::Relaxed);
            listening = true;
        })
        .await;
        state.store(false, Ordering::Relaxed);
        if listening {
            failures = 0;
        }
        was_down = true;
        match gone {
            Gone::NoConnection(error) => tracing::warn!(%error, "no wake-ups; polling instead"),
            Gone::Ended => tracing::warn!("wake-ups have ended; polling until they are back"),
        }
        for _ in 0..polls(failures) {
            tell(&notify, &Wake::Everything);
            pause(POLL).await;
        }
        failures += 1;
    }
}

/// How many polls come before the next try: 1, 2, 4, …
fn polls(failures: u32) -> u128 {
    (1 << failures.min(8)).min(MAX_BACKOFF.as_millis() / POLL.as_millis())
}

async fn listen(
    config: &Config,
    tls: &MakeTlsConnector,
    node: &Node,
    notify: &Notify,
    mut ready: impl FnMut(),
) -> Gone {
    let (client, mut connection) = match config.connect(tls.clone()).await {
        Ok(connected) => connected,
        Err(error) => return Gone::NoConnection(error),
    };
    // The connection moves only while it is polled, so what the client asks runs beside it.
    let mut messages = pin!(poll_fn(move |context| connection.poll_message(context)));
    let listen = format!("LISTEN {CHANNEL}");
    let mut asked = Box::pin(limited(PROBE, client.batch_execute(&listen)));
    let (mut probing, mut is_ready) = (true, false);
    let mut quiet = Box::pin(pause(PROBE));
    loop {
        tokio::select! {
            biased;
            message = messages.as_mut() => match message {
                Some(Ok(AsyncMessage::Notification(heard))) => {
                    if let Some(wake) = node.heard(heard.payload()) {
                        tell(notify, &wake);
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Gone::Ended,
            },
            answer = asked.as_mut(), if probing => {
                if !matches!(answer, Some(Ok(()))) {
                    return Gone::Ended;
                }
                if !is_ready {
                    is_ready = true;
                    ready();
                }
                probing = false;
                quiet = Box::pin(pause(PROBE));
            }
            () = quiet.as_mut(), if !probing => {
                asked = Box::pin(limited(PROBE, client.batch_execute("")));
                probing = true;
            }
        }
    }
}

/// It is somebody else's code; the listener outlives its panics.
pub(super) fn tell(notify: &Notify, wake: &Wake) {
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| notify(wake)));
}
