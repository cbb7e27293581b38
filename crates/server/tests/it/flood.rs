//! A verification finishes while two hundred abusive clients run, whatever they do (SECURITY rows
//! 17, 19). Each has an address of its own, so that no limit per address stops them together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Method;
use testkit::{Handoff, Heard, PhoneSocket, RelyingParty, TestServer, simulated_passport, within};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

use crate::limits::{behind_proxy, from};

const CLIENTS: usize = 200;

/// How long an honest verification may take meanwhile, on a machine that also runs the abusers
/// and the other tests.
const LIMIT: Duration = Duration::from_secs(120);

/// One flood at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Abuse {
    Handoffs,
    Status,
    FailedHellos,
    SilentSockets,
    Garbage,
    LargeFrames,
    HalfOpen,
    SlowReaders,
}

/// What abusers know: a session of their own, and the id of the honest one.
struct Target {
    server: TestServer,
    rp: RelyingParty,
    own: Handoff,
    honest: String,
    done: AtomicUsize,
}

async fn verify_while(abuse: Abuse) {
    let _alone = ALONE.lock().await;
    let server = TestServer::start_with(behind_proxy).await;
    let rp = server.relying_party().await;
    let passport = simulated_passport(&server).await;
    let own = rp.handoff(&rp.session(&[]).await.id).await;
    let honest = rp.session(&[("family_name", true)]).await.id;
    let target = Arc::new(Target { server, rp, own, honest, done: AtomicUsize::new(0) });
    let mut abusers = JoinSet::new();
    for number in 0..CLIENTS {
        let target = Arc::clone(&target);
        abusers.spawn(async move {
            let client = format!("198.18.{}.1", number + 1);
            loop {
                abuse.once(&target, &client, number).await;
                target.done.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        });
    }
    let Target { server, rp, honest, done, .. } = &*target;
    within(LIMIT, "the flood", async {
        while done.load(Ordering::Relaxed) < CLIENTS {
            tokio::task::yield_now().await;
        }
    })
    .await;
    within(LIMIT, "an honest verification", async {
        let person = "203.0.113.7";
        let page = from(rp, person, Method::GET, &format!("/{honest}")).await;
        assert_eq!(page.status(), 200);
        let handoff = rp.handoff(honest).await;
        let mut phone = PhoneSocket::connect_through_proxy(server, honest, person).await.unwrap();
        phone.claim(&handoff, "phone").await;
        phone.begin().await;
        phone.prove(&passport).await;
        let shared = phone.share(honest, &["family_name", "kayle_document_id"]).await;
        assert!(matches!(shared, Heard::Message(protocol::ServerMessage::ShareReady { .. })));
        assert_eq!(rp.status(honest).await["status"], "completed");
    })
    .await;
    println!("{abuse:?}: {} times by {CLIENTS} clients", done.load(Ordering::Relaxed));
    abusers.shutdown().await;
}

impl Abuse {
    /// Does it once; whatever the server says to it is as good as anything.
    async fn once(self, target: &Target, client: &str, number: usize) {
        let Target { server, rp, own, honest, .. } = target;
        // Half of them know the honest session.
        let session = if number.is_multiple_of(2) { honest } else { &own.session_id };
        match self {
            Self::Handoffs => {
                let path = format!("/v1/verify/session/{session}/handoff");
                let _ = from(rp, client, Method::POST, &path).await.bytes().await;
            }
            Self::Status => {
                let path = format!("/v1/verify/session/{session}/status");
                let _ = from(rp, client, Method::GET, &path).await.bytes().await;
            }
            Self::FailedHellos => {
                let Ok(mut socket) =
                    PhoneSocket::connect_through_proxy(server, session, client).await
                else {
                    return;
                };
                let wrong = Handoff { token: "0".repeat(64), ..own.clone() };
                socket.say_hello(&wrong, client).await;
                socket.hear().await;
            }
            Self::SilentSockets => {
                let socket =
                    PhoneSocket::connect_through_proxy(server, &own.session_id, client).await;
                if let Ok(socket) = socket {
                    hold(target, socket).await;
                }
            }
            Self::Garbage | Self::LargeFrames => {
                let socket =
                    PhoneSocket::connect_through_proxy(server, &own.session_id, client).await;
                let Ok(mut socket) = socket else { return };
                let size = if self == Self::Garbage { 40 } else { 4 * 262_144 };
                for _ in 0..20 {
                    socket.send_raw(Message::Binary(vec![0xa5; size].into())).await;
                    if matches!(socket.hear().await, Heard::Closed(_)) {
                        break;
                    }
                }
            }
            Self::HalfOpen => {
                if let Ok(mut stream) = TcpStream::connect(server.address()).await {
                    let _ = stream.write_all(b"POST /v1/sessions HTTP/1.1\r\nContent-Le").await;
                    hold(target, stream).await;
                }
            }
            Self::SlowReaders => {
                if let Ok(mut stream) = TcpStream::connect(server.address()).await {
                    let request = format!(
                        "GET /{session} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {client}\r\n\r\n"
                    );
                    let _ = stream.write_all(request.repeat(100).as_bytes()).await;
                    hold(target, stream).await;
                }
            }
        }
    }
}

/// Keeps something open for as long as the flood lasts.
async fn hold<T>(target: &Target, held: T) {
    target.done.fetch_add(1, Ordering::Relaxed);
    std::future::pending::<()>().await;
    drop(held);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_finishes_in_a_flood_of_handoffs() {
    verify_while(Abuse::Handoffs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_finishes_in_a_flood_of_status() {
    verify_while(Abuse::Status).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_finishes_in_a_flood_of_failed_hellos() {
    verify_while(Abuse::FailedHellos).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_finishes_among_silent_sockets() {
    verify_while(Abuse::SilentSockets).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_finishes_in_a_flood_of_garbage() {
    verify_while(Abuse::Garbage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_finishes_in_a_flood_of_large_frames() {
    verify_while(Abuse::LargeFrames).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_finishes_among_half_open_connections() {
    verify_while(Abuse::HalfOpen).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_finishes_among_slow_readers() {
    verify_while(Abuse::SlowReaders).await;
}
