//! A phone that says anything in any order, twice, cut short: it never wedges its session.

use domain::entropy::Entropy as _;
use protocol::{ClientMessage, DataKind, DataPayload, ServerMessage};
use testkit::{
    Handoff, Heard, Passport, PhoneSocket, SeededEntropy, TestServer, simulated_passport,
};
use tokio_tungstenite::tungstenite::Message;

/// How many broken phones are tried.
const PHONES: u64 = 24;

/// How often each one connects, and how much it says then.
const SOCKETS: usize = 3;
const MESSAGES: usize = 40;

const PHASES: [&str; 9] = [
    "mobile_connected",
    "mrz_scanning",
    "mrz_complete",
    "nfc_reading",
    "nfc_complete",
    "selfie_capturing",
    "selfie_complete",
    "ping",
    "\u{0}",
];

struct Chaos(SeededEntropy);

impl Chaos {
    fn below(&mut self, end: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) % end as u64).unwrap()
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// Chip files without EF.SOD: what it sends cannot be refused as a forgery, which would
    /// rightly cost the session an attempt.
    fn message(&mut self, session: &str) -> ClientMessage {
        match self.below(5) {
            0 | 1 => ClientMessage::Phase {
                phase: self.one(&PHASES).to_owned(),
                error: self.one(&["", "broken"]).to_owned(),
                progress: self.one(&[0, 0, 1, 10, 55, 100, 255]),
            },
            2 => {
                let kinds = [DataKind::Dg1, DataKind::Dg2, DataKind::Selfie, DataKind::ActiveAuth];
                let chunk_total = self.one(&[0, 1, 2, 256, 257, u32::MAX]);
                ClientMessage::Data(DataPayload {
                    kind: if self.below(8) == 0 {
                        DataKind::from_number(200)
                    } else {
                        self.one(&kinds)
                    },
                    raw: vec![0x61; self.below(70_000)].into(),
                    index: self.one(&[0, 1, 2, 3, u32::MAX]),
                    total: self.one(&[0, 1, 3, u32::MAX]),
                    chunk_index: self.one(&[0, 1, 2, 255, u32::MAX]),
                    chunk_total,
                })
            }
            3 => ClientMessage::ChipAuth {
                answers: (0..self.below(4)).map(|size| vec![0x90; size].into()).collect(),
            },
            _ => ClientMessage::ShareSelection {
                session_id: self.one(&[session, "", "vs_x"]).to_owned(),
                keys: (0..self.below(4)).map(|_| "kayle_document_id".to_owned()).collect(),
            },
        }
    }

    /// Says one thing. Answers are read by the next socket's time, or never.
    async fn speak(&mut self, socket: &mut PhoneSocket, handoff: &Handoff) {
        match self.below(12) {
            0 => socket.say_hello(handoff, "phone").await,
            1 => {
                let wrong = Handoff { attempt_id: "va_".into(), ..handoff.clone() };
                socket.say_hello(&wrong, "phone").await;
            }
            2 => socket.send_raw(Message::Text("{}".into())).await,
            3 => {
                let mut frame = self.message(&handoff.session_id).encode().unwrap();
                frame.truncate(self.below(frame.len()));
                socket.send_raw(Message::Binary(frame.into())).await;
            }
            4 => {
                let twice = self.message(&handoff.session_id);
                socket.send(&twice).await;
                socket.send(&twice).await;
            }
            _ => {
                let message = self.message(&handoff.session_id);
                socket.send(&message).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_phone_never_wedges_its_session() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let passport = simulated_passport(&server).await;
    for seed in 0..PHONES {
        let mut chaos = Chaos(SeededEntropy(seed));
        let session = rp.session(&[]).await.id;
        let handoff = rp.handoff(&session).await;
        let mut open = Vec::new();
        for _ in 0..SOCKETS {
            let mut socket = PhoneSocket::connect(&server, &session).await;
            if chaos.below(4) > 0 {
                socket.say_hello(&handoff, "phone").await;
            }
            for _ in 0..MESSAGES {
                chaos.speak(&mut socket, &handoff).await;
            }
            match chaos.below(3) {
                0 => open.push(socket),
                1 => drop(socket),
                _ => {
                    // Every answer has a code or is an acknowledgement, and the last one is one too.
                    socket
                        .send(&ClientMessage::Phase {
                            phase: "ping".into(),
                            error: String::new(),
                            progress: 0,
                        })
                        .await;
                    let heard = socket.hear().await;
                    assert!(is_answer(&heard), "seed {seed}: {heard:?}");
                }
            }
        }
        // The same phone, come to its senses, finishes; the old sockets stay open meanwhile.
        let status = rp.status(&session).await;
        assert_eq!(status["is_terminal"], false, "seed {seed}: {status}");
        // A hello that was still on its way in an old one may take its place, and it comes again.
        let mut tries = 0;
        while !finishes(&server, &handoff, &passport).await {
            tries += 1;
            assert!(tries <= SOCKETS * MESSAGES, "seed {seed}: never through");
        }
        assert_eq!(rp.status(&session).await["status"], "completed", "seed {seed}");
        drop(open);
    }
}

/// Plays the honest phone once; false if another socket took its place.
async fn finishes(server: &TestServer, handoff: &Handoff, passport: &Passport) -> bool {
    let phase = |name: &str| ClientMessage::Phase {
        phase: name.to_owned(),
        error: String::new(),
        progress: 0,
    };
    let file = |kind, index, total, raw: &[u8]| {
        ClientMessage::Data(DataPayload {
            kind,
            raw: raw.to_vec().into(),
            index,
            total,
            chunk_index: 0,
            chunk_total: 1,
        })
    };
    let mut socket = PhoneSocket::connect(server, &handoff.session_id).await;
    socket.say_hello(handoff, "phone").await;
    let mut said = PHASES[..4].iter().map(|name| phase(name)).collect::<Vec<_>>();
    said.extend([
        file(DataKind::Dg1, 0, 1, &passport.dg1),
        file(DataKind::Dg2, 0, 1, &passport.dg2),
        file(DataKind::Sod, 0, 1, &passport.sod),
        phase("nfc_complete"),
        phase("selfie_capturing"),
    ]);
    said.extend((0..3).map(|index| file(DataKind::Selfie, index, 3, b"selfie")));
    said.push(phase("selfie_complete"));
    said.push(ClientMessage::ShareSelection {
        session_id: handoff.session_id.clone(),
        keys: vec!["kayle_document_id".to_owned()],
    });
    for message in &said {
        socket.send(message).await;
    }
    loop {
        match socket.hear().await {
            Heard::Message(ServerMessage::ShareReady { .. }) => return true,
            Heard::Message(ServerMessage::Error { code, .. }) => {
                assert_eq!(code, "ATTEMPT_CONNECTION_ACTIVE");
                return false;
            }
            Heard::Message(_) => {}
            Heard::Closed(closed) => panic!("{closed:?}"),
        }
    }
}

fn is_answer(heard: &Heard) -> bool {
    match heard {
        Heard::Message(_) => true,
        Heard::Closed(closed) => closed.code == 1008 || closed.code == 1006,
    }
}
