//! The adapter against a server on a real socket.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use phone::{
    ChipReading, Confirmation, Connection, Holder, Outcome, Phone, PhoneError, Progress,
    ShareChoice, Source, Timing,
};
use protocol::codes::SocketCode;
use protocol::{ClientMessage, DataKind, HandoffContext, ShareRequest, limits};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use url::Url;

use crate::confirm::page;
use crate::scripted_server::{ScriptedServer, error};
use crate::{document, key, link, selfies};

type Shared = Arc<Mutex<ScriptedServer>>;

fn phone() -> Phone {
    let mut phone = Phone::new(link(), "device-1".into(), "1.0".into(), document(), selfies());
    phone.timing = Timing { reply: Duration::from_secs(20), backoff: [Duration::ZERO; 5] };
    phone
}

/// Serves every connection with the same scripted server.
async fn serve(server: ScriptedServer) -> (Url, Shared) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = Arc::new(Mutex::new(server));
    let shared = Arc::clone(&server);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            serve_socket(stream, &shared).await;
            shared.lock().unwrap().disconnect();
        }
    });
    (base.parse().unwrap(), server)
}

async fn serve_socket(stream: TcpStream, server: &Shared) {
    #[allow(clippy::result_large_err, reason = "the signature is tungstenite's")]
    let check = |request: &Request, response: Response| {
        let expected = format!("/v1/verify/session/{}", link().session_id());
        assert_eq!(request.uri().path(), expected);
        Ok(response)
    };
    let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, check).await else {
        return;
    };
    while let Some(Ok(message)) = socket.next().await {
        let Message::Binary(frame) = message else {
            continue;
        };
        let message = ClientMessage::decode(&frame).unwrap().unwrap();
        let answers = server.lock().unwrap().receive(message);
        for answer in answers {
            let frame = answer.encode().unwrap();
            if socket.send(Message::binary(frame)).await.is_err() {
                return;
            }
        }
    }
}

fn server() -> ScriptedServer {
    ScriptedServer::new(link().session_id())
}

/// Drops the network once, at `drop_at`, and signs with a fixed signature.
struct Unlucky {
    drop_at: Option<Progress>,
    signed: usize,
}

impl Holder for Unlucky {
    fn choose(&mut self, _: &ShareRequest) -> ShareChoice {
        ShareChoice::All
    }

    fn confirm(&mut self, context: &HandoffContext) -> Option<Confirmation> {
        Some(Confirmation::Choice(context.choices[1].clone()))
    }

    fn sign(&mut self, challenge: &[u8]) -> Option<Vec<u8>> {
        assert_eq!(challenge.len(), limits::CHALLENGE_BYTES);
        self.signed += 1;
        Some(vec![9; 64])
    }

    fn progress(&mut self, progress: Progress) -> Connection {
        if self.drop_at.as_ref() == Some(&progress) {
            self.drop_at = None;
            return Connection::Drop;
        }
        Connection::Keep
    }
}

#[tokio::test]
async fn a_conversation_over_a_socket() {
    let (base, server) = serve(server()).await;
    let mut steps = Vec::new();
    let outcome =
        phone().run(&base, |_| ShareChoice::Required, |step| steps.push(step)).await.unwrap();
    assert_eq!(outcome, Outcome::Shared { keys: vec!["kayle_document_id".into()] });
    assert_eq!(steps.first(), Some(&Progress::HelloAccepted { resumed: false }));
    assert_eq!(steps.last(), Some(&Progress::SelectionSent));
    let server = server.lock().unwrap();
    let kinds: Vec<_> = server
        .received
        .iter()
        .filter_map(|message| match message {
            ClientMessage::Data(data) => Some(data.kind),
            _ => None,
        })
        .collect();
    assert!(!kinds.contains(&DataKind::ActiveAuth), "there is no chip");
}

#[tokio::test]
async fn a_lost_network_is_opened_again() {
    let (base, server) = serve(server()).await;
    let mut holder = Unlucky {
        drop_at: Some(Progress::Uploaded { kind: DataKind::Selfie, index: 0, chunk: 0, chunks: 1 }),
        signed: 0,
    };
    let outcome = phone().run_with(&base, &mut holder).await.unwrap();
    assert!(matches!(outcome, Outcome::Shared { .. }), "{outcome:?}");
    assert_eq!((holder.drop_at, holder.signed), (None, 2));
    let hellos = |message: &&ClientMessage| matches!(message, ClientMessage::Hello(_));
    assert_eq!(server.lock().unwrap().received.iter().filter(hellos).count(), 2);
}

/// Needs another task of the runtime to make up its mind.
struct Hesitant {
    ask: tokio::sync::mpsc::UnboundedSender<()>,
    advice: std::sync::mpsc::Receiver<ShareChoice>,
}

impl Holder for Hesitant {
    fn choose(&mut self, _: &ShareRequest) -> ShareChoice {
        self.ask.send(()).unwrap();
        self.advice.recv_timeout(Duration::from_secs(60)).expect("other tasks are held up")
    }

    fn confirm(&mut self, _: &HandoffContext) -> Option<Confirmation> {
        None
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn other_tasks_go_on_while_a_holder_is_waited_for() {
    let (base, _) = serve(server()).await;
    let (ask, mut asked) = tokio::sync::mpsc::unbounded_channel();
    let (advise, advice) = std::sync::mpsc::channel();
    let phone = tokio::spawn(async move {
        phone().run_with(&base, &mut Hesitant { ask, advice }).await.unwrap()
    });
    tokio::spawn(async move {
        asked.recv().await.unwrap();
        advise.send(ShareChoice::Required).unwrap();
    });
    let keys = vec!["kayle_document_id".into()];
    assert_eq!(phone.await.unwrap(), Outcome::Shared { keys });
}

#[tokio::test]
async fn the_key_is_proven_and_the_page_confirmed_over_a_socket() {
    let mut scripted = server();
    scripted.page = Some((page(), "42"));
    let (base, server) = serve(scripted).await;
    // The device vouches to the server that it talks to, and here that is another one.
    let mut holder = Unlucky { drop_at: None, signed: 0 };
    let with_key = phone().with_device_key(Arc::new(key()));
    let refused = with_key.run_with(&base, &mut holder).await.unwrap();
    assert!(matches!(refused, Outcome::Refused { code, .. } if code == "DEVICE_PROOF_INVALID"));
    assert_eq!(server.lock().unwrap().proofs, 0);
    let outcome = phone().run_with(&base, &mut holder).await.unwrap();
    assert!(matches!(outcome, Outcome::Shared { .. }), "{outcome:?}");
    assert!(server.lock().unwrap().is_confirmed);
}

/// Finds the number once the server has heard from the phone meanwhile.
struct Slow {
    found: std::sync::mpsc::Receiver<()>,
}

impl Holder for Slow {
    fn choose(&mut self, _: &ShareRequest) -> ShareChoice {
        ShareChoice::All
    }

    fn confirm(&mut self, _: &HandoffContext) -> Option<Confirmation> {
        self.found.recv_timeout(Duration::from_secs(60)).expect("the ping was not answered");
        Some(Confirmation::NotMe)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pings_are_answered_while_the_holder_looks_for_the_number() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base: Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let (answered, found) = std::sync::mpsc::channel();
    tokio::spawn(async move {
        let mut scripted = server();
        scripted.page = Some((page(), "42"));
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        while let Some(Ok(message)) = socket.next().await {
            match message {
                Message::Binary(frame) => {
                    let message = ClientMessage::decode(&frame).unwrap().unwrap();
                    let is_phase = matches!(message, ClientMessage::Phase { .. });
                    for answer in scripted.receive(message) {
                        let frame = answer.encode().unwrap();
                        socket.send(Message::binary(frame)).await.unwrap();
                    }
                    if is_phase {
                        socket.send(Message::Ping(Vec::new().into())).await.unwrap();
                    }
                }
                Message::Pong(_) => answered.send(()).unwrap(),
                _ => {}
            }
        }
    });
    let outcome = phone().run_with(&base, &mut Slow { found }).await.unwrap();
    assert_eq!(outcome, Outcome::NotMe);
}

/// Reads a chip byte by byte, as it were.
struct Reading;

impl Holder for Reading {
    fn choose(&mut self, _: &ShareRequest) -> ShareChoice {
        ShareChoice::All
    }

    fn confirm(&mut self, context: &HandoffContext) -> Option<Confirmation> {
        Some(Confirmation::Choice(context.choices[1].clone()))
    }

    fn read(&mut self, on_progress: &mut dyn FnMut(u8)) -> Option<ChipReading> {
        (0..=100).for_each(on_progress);
        let access = emrtd::read::Access::Bac { downgrade: None };
        Some(ChipReading { document: document(), access })
    }
}

#[tokio::test]
async fn the_reading_is_told_while_it_goes_on() {
    let mut scripted = server();
    scripted.page = Some((page(), "42"));
    let (base, server) = serve(scripted).await;
    let phone = Phone { source: Source::Chip, ..phone() };
    let outcome = phone.run_with(&base, &mut Reading).await.unwrap();
    assert!(matches!(outcome, Outcome::Shared { .. }), "{outcome:?}");
    let server = server.lock().unwrap();
    let told: Vec<u8> = server
        .received
        .iter()
        .take_while(|message| !matches!(message, ClientMessage::Data(_)))
        .filter_map(|message| match message {
            ClientMessage::Phase { progress: 1.., phase, .. } if phase != "nfc_reading" => Some(0),
            ClientMessage::Phase { progress: told @ 1.., .. } => Some(*told),
            _ => None,
        })
        .collect();
    assert_eq!(told, [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
}

#[tokio::test]
async fn a_refusal_is_the_outcome() {
    let mut scripted = server();
    scripted.instead.insert(0, vec![error(SocketCode::HandoffTokenExpired)]);
    let (base, _) = serve(scripted).await;
    let outcome = phone().run(&base, |_| ShareChoice::All, |_| {}).await;
    assert!(
        matches!(outcome.unwrap(), Outcome::Refused { code, .. } if code == "HANDOFF_TOKEN_EXPIRED")
    );
}

#[tokio::test]
async fn nobody_listening_is_a_lost_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let mut reconnections = 0;
    let outcome = phone()
        .run(&base.parse().unwrap(), |_| ShareChoice::All, |_| reconnections += 1)
        .await
        .unwrap();
    assert_eq!((outcome, reconnections), (Outcome::LostConnection, 5));
}

#[tokio::test]
async fn a_silent_server_is_a_lost_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("ws://{}", listener.local_addr().unwrap());
    let mut phone = phone();
    phone.timing.reply = Duration::from_millis(20);
    let outcome = phone.run(&base.parse().unwrap(), |_| ShareChoice::All, |_| {}).await;
    assert_eq!(outcome.unwrap(), Outcome::LostConnection);
}

/// Answers the first message with `frame` as it is.
async fn serve_raw(frame: Message) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
            let _ = socket.next().await;
            let _ = socket.send(frame.clone()).await;
            let _ = socket.next().await;
        }
    });
    base.parse().unwrap()
}

#[tokio::test]
async fn garbage_from_the_server_is_an_error() {
    let base = serve_raw(Message::binary(vec![1, 2, 3])).await;
    let result = phone().run(&base, |_| ShareChoice::All, |_| {}).await;
    assert!(matches!(result, Err(PhoneError::Decode(_))), "{result:?}");
}

#[tokio::test]
async fn an_oversized_message_is_not_taken() {
    let base = serve_raw(Message::binary(vec![0; limits::FRAME_BYTES + 1])).await;
    let result = phone().run(&base, |_| ShareChoice::All, |_| {}).await;
    assert_eq!(result.unwrap(), Outcome::LostConnection);
}

#[tokio::test]
async fn only_web_addresses_are_called() {
    for base in ["ftp://127.0.0.1/", "mailto:a@b", "data:,"] {
        let result = phone().run(&base.parse().unwrap(), |_| ShareChoice::All, |_| {}).await;
        assert!(matches!(result, Err(PhoneError::ApiBase)), "{base}");
    }
}

/// Refuses the first upgrades with these heads of answers, then serves.
async fn serve_after(refusals: &'static [&'static str], server: ScriptedServer) -> Url {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = Arc::new(Mutex::new(server));
    tokio::spawn(async move {
        for refusal in refusals {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let answer = format!("HTTP/1.1 {refusal}\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        while let Ok((stream, _)) = listener.accept().await {
            serve_socket(stream, &server).await;
        }
    });
    base.parse().unwrap()
}

#[tokio::test]
async fn a_refusal_of_the_moment_is_tried_again() {
    let base = serve_after(
        &[
            "429 Too Many Requests\r\nretry-after: 0",
            "408 Request Timeout",
            "503 Service Unavailable",
            "429 Too Many Requests\r\nretry-after: soon",
        ],
        server(),
    )
    .await;
    let outcome = phone().run(&base, |_| ShareChoice::Required, |_| {}).await;
    assert!(matches!(outcome, Ok(Outcome::Shared { .. })), "{outcome:?}");
}

/// As long as it asks to, and no longer than the phone's patience: this server's hour would not
/// end within the test.
#[tokio::test]
async fn a_server_that_asks_for_patience_gets_what_the_phone_has() {
    const HOUR: &str = "429 Too Many Requests\r\nretry-after: 3600";
    let base = serve_after(&[HOUR; 6], server()).await;
    let mut phone = phone();
    phone.timing.reply = Duration::from_millis(40);
    let began = tokio::time::Instant::now();
    let outcome = phone.run(&base, |_| ShareChoice::Required, |_| {}).await;
    assert!(matches!(outcome, Ok(Outcome::LostConnection)), "{outcome:?}");
    assert!(began.elapsed() >= 5 * phone.timing.reply, "five waits of what it has");
}

#[tokio::test]
async fn an_http_refusal_is_an_error() {
    let base = serve_after(&["403 Forbidden"], server()).await;
    let result = phone().run(&base, |_| ShareChoice::All, |_| {}).await;
    assert!(matches!(result, Err(PhoneError::Upgrade(403))), "{result:?}");
}
