//! A phone at the level of frames, so that a test can say anything in any order.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use protocol::{ClientMessage, DataKind, DataPayload, ServerMessage};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::{Handoff, Passport, TestServer, within};

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
pub struct PhoneSocket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl PhoneSocket {
    /// Connects to a session's socket.
    pub async fn connect(server: &TestServer, session: &str) -> Self {
        let url = format!("ws://{}/v1/verify/session/{session}", server.address());
        Self(connect_async(url).await.unwrap().0)
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
        let (mut socket, heard) = Self::hello(server, handoff, device).await;
        assert_eq!(heard, ack("hello_ok"));
        assert!(matches!(
            socket.hear().await,
            Heard::Message(ServerMessage::ActiveAuthChallenge { challenge, .. }) if challenge.len() == 8
        ));
        socket
    }

    /// Says hello.
    pub async fn say_hello(&mut self, handoff: &Handoff, device: &str) {
        self.send(&ClientMessage::Hello {
            attempt_id: handoff.attempt_id.clone(),
            mobile_write_token: handoff.token.as_str().into(),
            device_id: device.into(),
            app_version: "1.0".to_owned(),
        })
        .await;
    }

    /// Sends a message.
    pub async fn send(&mut self, message: &ClientMessage) {
        self.send_raw(Message::Binary(message.encode().unwrap().into())).await;
    }

    /// Sends any frame at all. The server may have closed already.
    pub async fn send_raw(&mut self, message: Message) {
        let _ = self.0.send(message).await;
    }

    /// Waits for the next thing from the server.
    pub async fn hear(&mut self) -> Heard {
        loop {
            match within(SOON, "an answer from the server", self.0.next()).await {
                Some(Ok(Message::Binary(frame))) => {
                    return Heard::Message(ServerMessage::decode(&frame).unwrap().unwrap());
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
        self.ask(&ClientMessage::Phase { phase: phase.to_owned(), error: String::new() }).await
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

    /// Goes from `nfc_complete` to the verdict, with three selfies, and reads the share request.
    pub async fn selfies(&mut self) {
        assert_eq!(self.phase("selfie_capturing").await, ack("phase_ok"));
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
    /// The code of an error message; panics on anything else.
    pub fn error_code(&self) -> &str {
        match self {
            Self::Message(ServerMessage::Error { code, .. }) => code,
            other => panic!("expected an error, heard {other:?}"),
        }
    }
}
