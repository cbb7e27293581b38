//! A phone at the level of frames, so that a test can say anything in any order.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use protocol::{
    ClientMessage, DataKind, DataPayload, HandoffContext, Hello, SecretBytes, ServerMessage,
    VerdictOutcome,
};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async, connect_async};

use crate::{ChipOnReader, DeviceKey, Handoff, Passport, TestServer, within};

const SOON: Duration = Duration::from_secs(20);

/// How the server closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The close code.
    pub code: u16,
    /// The reason.
    pub reason: String,
}

/// What came from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A message.
    Message(ServerMessage),
    /// The end.
    Closed(Closed),
}

/// One socket.
pub struct PhoneSocket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The origin that was connected to, as http.
    origin: String,
    session: String,
    challenge: Option<[u8; 8]>,
}

impl PhoneSocket {
    /// Connects to a session's socket.
    pub async fn connect(server: &TestServer, session: &str) -> Self {
        Self::connect_to(&server.address(), session).await
    }

    /// Connects to a session's socket of the server at `host:port`.
    pub async fn connect_to(address: &str, session: &str) -> Self {
        let url = format!("ws://{address}/v1/verify/session/{session}");
        Self::over(connect_async(url).await.unwrap().0, address, session)
    }

    /// Connects from another address of this machine, which the server takes for another network:
    /// `127.0.1.1`.
    pub async fn connect_at(server: &TestServer, session: &str, from: Ipv4Addr) -> Self {
        let address = server.address();
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((from, 0))).unwrap();
        let stream = socket.connect(address.parse().unwrap()).await.unwrap();
        let url = format!("ws://{address}/v1/verify/session/{session}");
        let stream = client_async(url, MaybeTlsStream::Plain(stream)).await.unwrap().0;
        Self::over(stream, &address, session)
    }

    fn over(
        stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
        address: &str,
        session: &str,
    ) -> Self {
        let origin = format!("http://{address}");
        Self { stream, origin, session: session.to_owned(), challenge: None }
    }

    /// Connects through a proxy that names this client; the status where the server declines.
    pub async fn connect_through_proxy(
        server: &TestServer,
        session: &str,
        client: &str,
    ) -> Result<Self, u16> {
        let url = format!("ws://{}/v1/verify/session/{session}", server.address());
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("x-forwarded-for", client.parse().unwrap());
        match connect_async(request).await {
            Ok((stream, _)) => Ok(Self::over(stream, &server.address(), session)),
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Connects and says hello; the socket and what was answered first.
    pub async fn hello(server: &TestServer, handoff: &Handoff, device: &str) -> (Self, Heard) {
        let mut socket = Self::connect(server, &handoff.session_id).await;
        socket.say_hello(handoff, device).await;
        let heard = socket.hear().await;
        (socket, heard)
    }

    /// Connects, says hello and must be welcome; the challenge is read.
    pub async fn claimed(server: &TestServer, handoff: &Handoff, device: &str) -> Self {
        let mut socket = Self::connect(server, &handoff.session_id).await;
        socket.claim(handoff, device).await;
        socket
    }

    /// Says hello and must be welcome; the challenge is read.
    pub async fn claim(&mut self, handoff: &Handoff, device: &str) {
        self.say_hello(handoff, device).await;
        assert_eq!(self.hear().await, ack("hello_ok"));
        assert!(matches!(
            self.hear().await,
            Heard::Message(ServerMessage::ActiveAuthChallenge { chip_auth_relay: true, .. })
        ));
    }

    /// What a chip has to sign; the last one that was sent.
    pub fn challenge(&self) -> [u8; 8] {
        self.challenge.expect("a challenge")
    }

    /// Says hello.
    pub async fn say_hello(&mut self, handoff: &Handoff, device: &str) {
        self.send(&ClientMessage::Hello(handoff.hello(device))).await;
    }

    /// Says this hello, proves the key if the server asks, and waits for what comes of it.
    pub async fn greet(&mut self, hello: Hello, key: Option<&DeviceKey>) -> Heard {
        let signed = key.map(|key| key.hello(hello.clone())).unwrap_or(hello);
        match (self.ask(&ClientMessage::Hello(signed.clone())).await, key) {
            (Heard::Message(ServerMessage::DeviceChallenge { nonce }), Some(key)) => {
                let signature = key.sign(&self.origin, &self.session, &signed, &nonce);
                self.ask(&ClientMessage::DeviceProof { signature }).await
            }
            (heard, _) => heard,
        }
    }

    /// As [`Self::greet`], and must be welcome; the challenge is read, and the context where the
    /// hello asks for it.
    pub async fn welcome(&mut self, hello: Hello, key: Option<&DeviceKey>) -> HandoffContext {
        let confirms = hello.confirms;
        assert_eq!(self.greet(hello, key).await, ack("hello_ok"));
        assert!(matches!(
            self.hear().await,
            Heard::Message(ServerMessage::ActiveAuthChallenge { .. })
        ));
        if !confirms {
            return HandoffContext::default();
        }
        match self.hear().await {
            Heard::Message(ServerMessage::HandoffContext(context)) => context,
            other => panic!("expected the context, heard {other:?}"),
        }
    }

    /// Chooses a match code and waits for the answer.
    pub async fn choose(&mut self, choice: &str) -> Heard {
        self.ask(&ClientMessage::MatchChoice { choice: choice.to_owned() }).await
    }

    /// Sends a message.
    pub async fn send(&mut self, message: &ClientMessage) {
        self.send_raw(Message::Binary(message.encode().unwrap().into())).await;
    }

    /// Sends any frame at all. The server may have closed already.
    pub async fn send_raw(&mut self, message: Message) {
        let _ = self.stream.send(message).await;
    }

    /// Waits for a ping and answers it, as libraries do by themselves while they are read.
    pub async fn answer_ping(&mut self) {
        match within(SOON, "a ping from the server", self.stream.next()).await {
            Some(Ok(Message::Ping(_))) => self.stream.flush().await.unwrap(),
            other => panic!("expected a ping, heard {other:?}"),
        }
    }

    /// Waits for a ping and does not answer it yet: the answer goes out with what is done next.
    pub async fn ignore_ping(&mut self) {
        match within(SOON, "a ping from the server", self.stream.next()).await {
            Some(Ok(Message::Ping(_))) => {}
            other => panic!("expected a ping, heard {other:?}"),
        }
    }

    /// Waits for the next thing from the server.
    pub async fn hear(&mut self) -> Heard {
        within(SOON, "an answer from the server", self.hear_at_last()).await
    }

    /// Waits for the next thing from the server, however long it takes.
    pub async fn hear_at_last(&mut self) -> Heard {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Binary(frame))) => {
                    let message = ServerMessage::decode(&frame).unwrap().unwrap();
                    if let ServerMessage::ActiveAuthChallenge { challenge, .. } = &message {
                        self.challenge = Some(challenge[..].try_into().unwrap());
                    }
                    return Heard::Message(message);
                }
                Some(Ok(Message::Close(frame))) => {
                    let (code, reason) = frame.map_or((1005, String::new()), |frame| {
                        (frame.code.into(), frame.reason.to_string())
                    });
                    return Heard::Closed(Closed { code, reason });
                }
                Some(Ok(_)) => {}
                None | Some(Err(_)) => {
                    return Heard::Closed(Closed { code: 1006, reason: String::new() });
                }
            }
        }
    }

    /// Sends a message and waits for the answer.
    pub async fn ask(&mut self, message: &ClientMessage) -> Heard {
        self.send(message).await;
        self.hear().await
    }

    /// Reports a phase and waits for the answer.
    pub async fn phase(&mut self, phase: &str) -> Heard {
        self.ask(&ClientMessage::Phase {
            phase: phase.to_owned(),
            error: String::new(),
            progress: 0,
        })
        .await
    }

    /// Uploads an artifact in one chunk and waits for the answer.
    pub async fn upload(&mut self, kind: DataKind, index: u32, total: u32, raw: &[u8]) -> Heard {
        self.ask(&ClientMessage::Data(DataPayload {
            kind,
            raw: raw.to_vec().into(),
            index,
            total,
            chunk_index: 0,
            chunk_total: 1,
        }))
        .await
    }

    /// Goes from hello to `nfc_reading`.
    pub async fn begin(&mut self) {
        for phase in ["mobile_connected", "mrz_scanning", "mrz_complete", "nfc_reading"] {
            assert_eq!(self.phase(phase).await, ack("phase_ok"), "{phase}");
        }
    }

    /// Uploads the chip's files.
    pub async fn upload_passport(&mut self, passport: &Passport) {
        for (kind, bytes) in [
            (DataKind::Dg1, &passport.dg1),
            (DataKind::Dg2, &passport.dg2),
            (DataKind::Sod, &passport.sod),
        ] {
            assert_eq!(
                self.upload(kind, 0, 1, bytes).await,
                ack(&format!("data_ok_{}_0", kind.number()))
            );
        }
    }

    /// Uploads the files of a chip.
    pub async fn upload_chip(&mut self, chip: &ChipOnReader) {
        for (kind, bytes) in chip.files() {
            self.upload_whole(kind, bytes).await;
        }
    }

    /// Lets the chip sign the challenge of this socket, and uploads the answer.
    pub async fn prove_actively(&mut self, chip: &mut ChipOnReader) {
        let challenge = self.challenge();
        let signature = chip.sign(&challenge);
        self.upload_signature(&challenge, &signature).await;
    }

    /// Uploads what a chip is said to have answered to a challenge.
    pub async fn upload_signature(&mut self, challenge: &[u8; 8], signature: &[u8]) {
        let payload = [&challenge[..], signature].concat();
        self.upload_whole(DataKind::ActiveAuth, &payload).await;
    }

    /// Uploads an artifact, which must be taken.
    pub async fn upload_whole(&mut self, kind: DataKind, bytes: &[u8]) {
        let acked = self.upload(kind, 0, 1, bytes).await;
        assert_eq!(acked, ack(&format!("data_ok_{}_0", kind.number())));
    }

    /// Says what the chip answered in chip authentication, and waits for what to ask it next.
    pub async fn chip_auth(&mut self, answers: Vec<SecretBytes>) -> Heard {
        self.ask(&ClientMessage::ChipAuth { answers }).await
    }

    /// Begins chip authentication; the commands for the chip.
    pub async fn begin_chip_auth(&mut self) -> Vec<SecretBytes> {
        self.chip_auth(vec![]).await.commands(false)
    }

    /// Carries one run of chip authentication to its end, as an honest phone does. The number of
    /// times that the chip was asked.
    pub async fn relay(&mut self, chip: &mut ChipOnReader) -> usize {
        let mut answers = vec![];
        for asked in 0.. {
            match self.chip_auth(answers).await {
                Heard::Message(ServerMessage::ChipAuth { commands, .. }) if commands.is_empty() => {
                    return asked;
                }
                Heard::Message(ServerMessage::ChipAuth { commands, protected }) => {
                    answers = chip.relay(&commands, protected);
                }
                other => panic!("expected commands, heard {other:?}"),
            }
        }
        unreachable!("the relay ends")
    }

    /// Goes from `nfc_complete` to the verdict, with three selfies, and reads the share request.
    pub async fn selfies(&mut self) {
        assert_eq!(self.phase("selfie_capturing").await, ack("phase_ok"));
        self.taken_selfies().await;
    }

    /// Goes from `selfie_capturing` to the verdict, and reads the share request.
    pub async fn taken_selfies(&mut self) {
        for index in 0..3 {
            let acked = self.upload(DataKind::Selfie, index, 3, b"selfie").await;
            assert_eq!(acked, ack(&format!("data_ok_3_{index}")));
        }
        assert!(
            matches!(self.phase("selfie_complete").await, Heard::Message(ServerMessage::Verdict(verdict)) if verdict == protocol::Verdict::accepted())
        );
        assert!(matches!(self.hear().await, Heard::Message(ServerMessage::ShareRequest(_))));
    }

    /// Goes from `nfc_reading` to the share request.
    pub async fn prove(&mut self, passport: &Passport) {
        self.upload_passport(passport).await;
        assert_eq!(self.phase("nfc_complete").await, ack("phase_ok"));
        self.selfies().await;
    }

    /// Selects fields and waits for the answer.
    pub async fn share(&mut self, session: &str, keys: &[&str]) -> Heard {
        self.ask(&ClientMessage::ShareSelection {
            session_id: session.to_owned(),
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        })
        .await
    }
}

/// An acknowledgement.
pub fn ack(message: &str) -> Heard {
    Heard::Message(ServerMessage::Ack { message: message.to_owned() })
}

impl Heard {
    /// The commands for the chip; panics on anything else.
    pub fn commands(self, expect_protected: bool) -> Vec<SecretBytes> {
        match self {
            Self::Message(ServerMessage::ChipAuth { commands, protected }) => {
                assert_eq!(protected, expect_protected);
                commands
            }
            other => panic!("expected commands, heard {other:?}"),
        }
    }

    /// The code of a rejected verdict; panics on anything else.
    pub fn rejection(&self) -> &str {
        match self {
            Self::Message(ServerMessage::Verdict(verdict))
                if verdict.outcome == VerdictOutcome::Rejected =>
            {
                &verdict.reason_code
            }
            other => panic!("expected a rejection, heard {other:?}"),
        }
    }

    /// The code of an error message; panics on anything else.
    pub fn error_code(&self) -> &str {
        match self {
            Self::Message(ServerMessage::Error { code, .. }) => code,
            other => panic!("expected an error, heard {other:?}"),
        }
    }
}
