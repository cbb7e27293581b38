//! A verification finishes while two hundred abusive clients run, whatever they do (SECURITY rows
//! 17, 19). They share a few addresses, and of each kind it is required that its limit acted: the
//! clock stands still meanwhile, so that no quota comes back and no deadline passes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use protocol::ServerMessage;
use reqwest::Method;
use serde_json::Value;
use testkit::{
    Handoff, Heard, PageBrowser, Passport, PhoneSocket, RelyingParty, TestServer, ack,
    simulated_passport, within,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

use crate::limits::{behind_proxy, from};

const CLIENTS: usize = 200;

/// The abusers' addresses, and the sessions that they know: one of their own, and the honest one.
const ADDRESSES: usize = 4;
const SESSIONS: usize = 2;

/// A guard against hanging, on a machine that also runs the abusers and the other tests.
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
    Followers,
}

/// What abusers know, and what became of them.
struct Target {
    server: TestServer,
    rp: RelyingParty,
    own: Handoff,
    honest: String,
    /// How often they did it.
    done: AtomicUsize,
    /// How often they got what they wanted.
    passed: AtomicUsize,
    /// How often the limit of their kind refused them.
    refused: AtomicUsize,
    /// How often something was held open.
    held: AtomicUsize,
    /// How often the server took such a thing away.
    closed: AtomicUsize,
}

async fn verify_while(abuse: Abuse) {
    let _alone = ALONE.lock().await;
    let server = TestServer::start_with(behind_proxy).await;
    let rp = server.relying_party().await;
    let passport = simulated_passport(&server).await;
    let own = rp.handoff(&rp.session(&[]).await.id).await;
    let honest = rp.session(&[("family_name", true)]).await.id;
    let [done, passed, refused, held, closed] = [const { AtomicUsize::new(0) }; 5];
    let target = Target { server, rp, own, honest, done, passed, refused, held, closed };
    let target = Arc::new(target);
    let mut abusers = JoinSet::new();
    // The person has the page open already: an abuser that opened it first would have it.
    let mut browser = PageBrowser::through_proxy(&target.server, PERSON);
    let handoff = browser.open(&target.honest).await;
    for number in 0..CLIENTS {
        let target = Arc::clone(&target);
        abusers.spawn(async move {
            let client = format!("198.18.{}.1", number % ADDRESSES);
            loop {
                abuse.once(&target, &client, number / ADDRESSES).await;
                target.done.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        });
    }
    within(LIMIT, "the flood, and its limit", target.until(|target| abuse.is_met(target))).await;
    let verification = verify(&target, &browser, handoff, &passport);
    within(LIMIT, "an honest verification", verification).await;
    let [done, passed, refused] =
        [&target.done, &target.passed, &target.refused].map(|count| count.load(Ordering::Relaxed));
    println!("{abuse:?}: {done} times by {CLIENTS} clients, {passed} passed, {refused} refused");
    if let Some(quota) = abuse.quota() {
        assert!(passed <= quota * ADDRESSES * SESSIONS, "{abuse:?}: {passed} passed");
    }
    if abuse.holds() {
        let held = target.held.load(Ordering::Relaxed);
        if abuse == Abuse::Followers {
            assert!(held <= 16 * ADDRESSES * SESSIONS, "{held} follow");
        }
        within(LIMIT, "the end of what was held", async {
            while target.closed.load(Ordering::Relaxed) < held {
                target.server.clock.advance(Duration::from_secs(1));
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    assert!(abusers.try_join_next().is_none(), "an abuser gave up");
    abusers.shutdown().await;
}

const PERSON: &str = "203.0.113.7";

/// As a person does it: page, cookie, match code, phone; the page asks all the time how it goes.
async fn verify(target: &Target, browser: &PageBrowser, handoff: Handoff, passport: &Passport) {
    let Target { server, rp, honest, .. } = target;
    let mut phone = PhoneSocket::connect_through_proxy(server, honest, PERSON).await.unwrap();
    let hello = handoff.confirming_hello("phone", "cross_device");
    let choices = phone.welcome(hello, None).await.choices;
    let code = live(browser, honest).await["match_code"].as_str().unwrap().to_owned();
    assert!(choices.contains(&code));
    assert_eq!(phone.choose(&code).await, ack("match_ok"));
    phone.begin().await;
    assert_eq!(live(browser, honest).await["claimed"], true);
    phone.prove(passport).await;
    assert_eq!(live(browser, honest).await["status"], "in_progress");
    let shared = phone.share(honest, &["family_name", "kayle_document_id"]).await;
    assert!(matches!(shared, Heard::Message(ServerMessage::ShareReady { .. })));
    assert_eq!(live(browser, honest).await["status"], "completed");
    assert_eq!(rp.status(honest).await["status"], "completed");
}

async fn live(browser: &PageBrowser, session: &str) -> Value {
    let request = browser.request(Method::GET, &format!("/{session}/live"));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

impl Target {
    async fn until(&self, met: impl Fn(&Self) -> bool) {
        while !met(self) {
            tokio::task::yield_now().await;
        }
    }

    /// Notes how a request or a connection was answered.
    fn answered(&self, status: u16) {
        let count = if status == 429 { &self.refused } else { &self.passed };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Keeps something open until the server ends it, and gives up then.
    async fn hold<T>(&self, until_closed: impl Future<Output = T>) {
        self.held.fetch_add(1, Ordering::Relaxed);
        until_closed.await;
        self.closed.fetch_add(1, Ordering::Relaxed);
        std::future::pending().await
    }

    /// A socket, if the server has a place for it.
    async fn socket(&self, session: &str, client: &str) -> Option<PhoneSocket> {
        PhoneSocket::connect_through_proxy(&self.server, session, client).await.ok()
    }
}

impl Abuse {
    /// How many requests of a session and an address pass.
    const fn quota(self) -> Option<usize> {
        match self {
            Self::Handoffs => Some(60),
            Self::Status => Some(120),
            _ => None,
        }
    }

    /// Whether it is to keep something open.
    const fn holds(self) -> bool {
        matches!(self, Self::SilentSockets | Self::HalfOpen | Self::SlowReaders | Self::Followers)
    }

    /// Whether everything that it can do is under way, and its limit has acted.
    fn is_met(self, target: &Target) -> bool {
        let count = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        match self {
            // 32 places for each address.
            Self::SilentSockets => {
                let held = 32 * ADDRESSES;
                (count(&target.held), count(&target.refused)) == (held, CLIENTS - held)
            }
            // 16 places for each address at their own session. The honest one is closed to them.
            Self::Followers => {
                count(&target.held) >= 16 * ADDRESSES && count(&target.refused) >= CLIENTS
            }
            // They end by deadlines, which are not over yet.
            Self::HalfOpen | Self::SlowReaders => count(&target.held) == CLIENTS,
            Self::Garbage | Self::LargeFrames => count(&target.refused) >= ADDRESSES,
            Self::Handoffs | Self::Status | Self::FailedHellos => {
                count(&target.done) >= CLIENTS && count(&target.refused) >= CLIENTS
            }
        }
    }

    async fn once(self, target: &Target, client: &str, number: usize) {
        let Target { server, rp, own, honest, .. } = target;
        // Half of them know the honest session.
        let session = if number.is_multiple_of(2) { honest } else { &own.session_id };
        match self {
            Self::Handoffs | Self::Status => {
                let (method, action) = match self {
                    Self::Handoffs => (Method::POST, "handoff"),
                    _ => (Method::GET, "status"),
                };
                let path = format!("/v1/verify/session/{session}/{action}");
                let answer = from(rp, client, method, &path).await;
                target.answered(answer.status().as_u16());
                let _ = answer.bytes().await;
            }
            Self::FailedHellos => {
                let Some(mut socket) = target.socket(session, client).await else {
                    target.refused.fetch_add(1, Ordering::Relaxed);
                    return;
                };
                let wrong = Handoff { token: "0".repeat(64), ..own.clone() };
                socket.say_hello(&wrong, client).await;
                let code = match socket.hear().await {
                    heard @ Heard::Message(_) => heard.error_code().to_owned(),
                    Heard::Closed(closed) => closed.reason,
                };
                if code == "RATE_LIMITED" {
                    target.refused.fetch_add(1, Ordering::Relaxed);
                }
            }
            Self::SilentSockets => {
                let connected =
                    PhoneSocket::connect_through_proxy(server, &own.session_id, client).await;
                match connected {
                    Ok(mut socket) => target.hold(socket.hear_at_last()).await,
                    Err(status) => {
                        target.answered(status);
                        std::future::pending().await
                    }
                }
            }
            Self::Garbage | Self::LargeFrames => {
                let Some(mut socket) = target.socket(&own.session_id, client).await else { return };
                let (size, end) = match self {
                    Self::Garbage => (40, (1008, "RATE_LIMITED")),
                    _ => (4 * 262_144, (1009, "FRAME_TOO_LARGE")),
                };
                for _ in 0..20 {
                    socket.send_raw(Message::Binary(vec![0xa5; size].into())).await;
                    if let Heard::Closed(closed) = socket.hear().await {
                        if (closed.code, closed.reason.as_str()) == end {
                            target.refused.fetch_add(1, Ordering::Relaxed);
                        }
                        break;
                    }
                }
            }
            Self::Followers => {
                let request = rp.public(Method::GET, &format!("/{session}/events"));
                // In the end the clock moves, and connections that idle are closed.
                let Ok(answer) = request.header("x-forwarded-for", client).send().await else {
                    return;
                };
                match answer.status().as_u16() {
                    200 => target.hold(answer.bytes()).await,
                    status => target.answered(status),
                }
            }
            Self::HalfOpen => {
                let mut stream = TcpStream::connect(server.address()).await.unwrap();
                let head = b"POST /v1/sessions HTTP/1.1\r\nContent-Le";
                stream.write_all(head).await.unwrap();
                target.hold(stream.read_u8()).await;
            }
            Self::SlowReaders => {
                let socket = TcpSocket::new_v4().unwrap();
                // What the kernel takes for it is not the server's to hold.
                socket.set_recv_buffer_size(4096).unwrap();
                let mut stream = socket.connect(server.address().parse().unwrap()).await.unwrap();
                let request = format!(
                    "GET /{session} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {client}\r\n\r\n"
                );
                let requests = request.repeat(100);
                // It reads nothing, until the server reads no more either, and ends it.
                target
                    .hold(async { while stream.write_all(requests.as_bytes()).await.is_ok() {} })
                    .await;
            }
        }
    }
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

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_finishes_in_a_flood_of_followers() {
    verify_while(Abuse::Followers).await;
}
