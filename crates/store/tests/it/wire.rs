//! A wire to a database, for tests to cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use store::Location;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use crate::world::Database;
use postgres_cluster::PostgresDatabase;

/// A database behind a listener that passes bytes on.
pub(crate) struct Wire {
    url: String,
    faults: Arc<Faults>,
}

#[derive(Default)]
struct Faults {
    refuse: AtomicU32,
    lose_commit: AtomicBool,
}

impl Wire {
    /// `None` if the server is not our own.
    pub(crate) async fn to(database: &PostgresDatabase) -> Option<Self> {
        let (front, rest) = database.tcp_url.as_ref()?.split_once("@127.0.0.1:").unwrap();
        let (port, name) = rest.split_once('/').unwrap();
        let server: u16 = port.parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let faults = Arc::new(Faults::default());
        tokio::spawn(accept(listener, server, Arc::clone(&faults)));
        Some(Self { url: format!("{front}@127.0.0.1:{port}/{name}?sslmode=disable"), faults })
    }

    /// Ends the next so many connections before a word is said.
    pub(crate) fn refuse(&self, connections: u32) {
        self.faults.refuse.store(connections, Ordering::SeqCst);
    }

    /// Ends the connection over which the next commit is acknowledged, and loses that.
    pub(crate) fn lose_the_answer_to_a_commit(&self) {
        self.faults.lose_commit.store(true, Ordering::SeqCst);
    }
}

impl Database for Wire {
    fn location(&self) -> Location {
        Location::parse(&self.url).unwrap()
    }
}

async fn accept(listener: TcpListener, server: u16, faults: Arc<Faults>) {
    while let Ok((client, _)) = listener.accept().await {
        let less = |left: u32| left.checked_sub(1);
        if faults.refuse.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_err() {
            tokio::spawn(carry(client, server, Arc::clone(&faults)));
        }
    }
}

async fn carry(client: TcpStream, server: u16, faults: Arc<Faults>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else { return };
    let ((asks, told), (answers, asked)) = (client.into_split(), server.into_split());
    tokio::select! {
        () = pass(asks, asked, |_| true) => {}
        // CommandComplete (PostgreSQL manual §53.7) of a COMMIT.
        () = pass(answers, told, |bytes| {
            let commits = bytes.windows(8).any(|window| window == b"\x0bCOMMIT\0");
            !(commits && faults.lose_commit.swap(false, Ordering::SeqCst))
        }) => {}
    }
}

/// Passes bytes on until one side ends or `fit` objects.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, fit: impl Fn(&[u8]) -> bool) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if !fit(&buffer[..length]) || to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
