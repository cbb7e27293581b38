//! The accept loop: how many connections there are, how long each may dawdle, and how they end.

mod head_timer;
mod stall;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustix::net::sockopt::set_socket_send_buffer_size;
use rustix::process::{Resource, getrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use tower::Service as _;

use self::head_timer::{HEAD_DEADLINE, HeadTimer};
use self::stall::StallGuard;
use crate::app::App;
use crate::client_address::Network;
use crate::limits::Held;

/// What the head of a request may take in memory; above it the connection ends with a bare 431.
/// Heads that the limits refuse with an envelope are smaller (`limits::MAX_HEAD`).
const HEAD_BUFFER: usize = 32 * 1024;

/// What the kernel holds for a peer that has not taken it yet, in bytes (it counts its own book-keeping
/// in, and takes twice as much for that). By itself it would hold megabytes for each.
const SEND_BUFFER: usize = 128 * 1024;

/// Open files that are no connections: the database, its log, webhooks, the log itself.
const OTHER_FILES: u64 = 128;

/// No more connections than this, however many files may be open.
const MOST_CONNECTIONS: u64 = 1 << 20;

/// A connection's place among all and among those of its address. Requests carry it as an
/// extension, so that a socket keeps the place of the connection it grew out of.
#[derive(Clone)]
pub(crate) struct Connection {
    _place: Arc<Place>,
}

struct Place {
    _among_all: OwnedSemaphorePermit,
    _of_address: Option<Held<Network>>,
}

/// Serves until the server stops, then lets what is in flight end.
pub(crate) async fn serve(listener: TcpListener, router: Router, app: App) {
    let room = Arc::new(Semaphore::new(capacity()));
    let connections = TaskTracker::new();
    let mut full = false;
    loop {
        let accepted = tokio::select! {
            biased;
            () = app.shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                recover(&app, &error).await;
                continue;
            }
        };
        // A connection that finds no place is closed unread: an answer would cost more than it
        // is worth to those who have to be kept out.
        let Ok(among_all) = Arc::clone(&room).try_acquire_owned() else {
            if !full {
                tracing::warn!("no place for more connections; raise the limit of open files");
            }
            full = true;
            continue;
        };
        full = false;
        let Some(of_address) = app.limits.connection(&app.proxies, peer.ip()) else { continue };
        let place = Arc::new(Place { _among_all: among_all, _of_address: of_address });
        let served = connection(stream, peer, Connection { _place: place }, &router, &app);
        connections.spawn(served);
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// One connection until it ends or becomes a socket. Whatever ends it is its peer's affair.
fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    place: Connection,
    router: &Router,
    app: &App,
) -> impl Future<Output = ()> + use<> {
    tune(&stream);
    let router = router.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(place.clone());
        let answer = router.clone().call(request);
        async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
    });
    let io = TokioIo::new(StallGuard::new(stream, Arc::clone(&app.clock)));
    let served = http1::Builder::new()
        .timer(HeadTimer::new(Arc::clone(&app.clock)))
        .header_read_timeout(HEAD_DEADLINE)
        .max_buf_size(2 * HEAD_BUFFER)
        .max_header_size(HEAD_BUFFER)
        .serve_connection(io, service)
        .with_upgrades();
    let stopping = app.shutdown.clone();
    async move {
        let mut served = pin!(served);
        tokio::select! {
            _ = served.as_mut() => return,
            () = stopping.cancelled() => served.as_mut().graceful_shutdown(),
        }
        let _ = served.await;
    }
}

fn tune(stream: &TcpStream) {
    // Answers are small and complete: waiting for more to send only delays them.
    let _ = stream.set_nodelay(true);
    let _ = set_socket_send_buffer_size(stream, SEND_BUFFER);
}

/// Failures of one connection are its own; where files or memory have run out, trying at once
/// would only spin.
async fn recover(app: &App, error: &std::io::Error) {
    use std::io::ErrorKind as E;
    if matches!(
        error.kind(),
        E::ConnectionRefused | E::ConnectionAborted | E::ConnectionReset | E::Interrupted
    ) {
        return;
    }
    tracing::error!(%error, "a connection could not be accepted");
    tokio::select! {
        () = app.shutdown.cancelled() => {}
        () = app.clock.sleep_until(app.now() + std::time::Duration::from_secs(1)) => {}
    }
}

/// As many connections as files may be open, less those that are needed otherwise.
fn capacity() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(MOST_CONNECTIONS);
    let connections = files.saturating_sub(OTHER_FILES).clamp(OTHER_FILES, MOST_CONNECTIONS);
    usize::try_from(connections).unwrap_or(Semaphore::MAX_PERMITS)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use tokio::net::TcpSocket;

    use super::*;

    #[tokio::test]
    async fn little_is_held_for_a_peer_that_takes_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let (peer, accepted) =
            tokio::join!(socket.connect(listener.local_addr().unwrap()), listener.accept());
        let (_peer, (stream, _)) = (peer.unwrap(), accepted.unwrap());
        tune(&stream);
        let mut held = 0;
        loop {
            stream.writable().await.unwrap();
            match stream.try_write(&[b'x'; 4096]) {
                Ok(bytes) => held += bytes,
                Err(_) => break,
            }
        }
        assert!((4096..=4 * SEND_BUFFER).contains(&held), "{held} bytes");
    }
}
