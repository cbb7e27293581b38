//! A server reduced to what a phone can see of it: phases, uploads, verdict,
//! selection, and what survives a socket.

use std::collections::{BTreeMap, VecDeque};

use openssl::bn::BigNumContext;
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::ecdsa::EcdsaSig;
use openssl::nid::Nid;
use protocol::codes::SocketCode;
use protocol::{
    Ack, ClientMessage, DataKind, DataPayload, HandoffContext, Hello, MissingChunks, NfcMissing,
    Phase, SecretBytes, SelfieMissing, ServerMessage, ShareField, ShareRequest, Verdict,
};

type Artifact = BTreeMap<u32, Vec<u8>>;

#[derive(Default)]
pub(crate) struct ScriptedServer {
    session_id: String,
    device: Option<String>,
    /// The key of the hello whose proof is awaited.
    unproven: Option<Hello>,
    /// How many proofs of a device key it took.
    pub(crate) proofs: usize,
    nonces: u8,
    /// The page that it describes, and the number on it.
    pub(crate) page: Option<(HandoffContext, &'static str)>,
    /// Whether the right number was chosen, or none is asked for.
    pub(crate) is_confirmed: bool,
    /// Why a hello is refused from now on.
    pub(crate) ended: Option<SocketCode>,
    stored: Option<Phase>,
    pub(crate) shared: Option<Vec<String>>,
    /// Of the current socket.
    hello: bool,
    requested: bool,
    uploads: BTreeMap<(DataKind, u32), (u32, Artifact)>,
    /// Answers to give instead of the real ones, by the count of messages received.
    pub(crate) instead: BTreeMap<usize, Vec<ServerMessage>>,
    /// Messages to ignore as if lost after the acknowledgement, by that count.
    pub(crate) forget: Vec<usize>,
    pub(crate) received: Vec<ClientMessage>,
    /// Whether it offers to authenticate the chip.
    pub(crate) relays: bool,
    /// What it says to chip authentication instead, one after another.
    pub(crate) instead_of_relaying: VecDeque<Vec<ServerMessage>>,
}

/// Where it answers.
pub(crate) const ORIGIN: &str = "https://verify.example";

/// MSE:Set AT.
pub(crate) const SET_AT: [u8; 4] = [0x00, 0x22, 0x41, 0xA4];
/// GENERAL AUTHENTICATE.
pub(crate) const AUTHENTICATE: [u8; 4] = [0x00, 0x86, 0x00, 0x00];
/// A protected SELECT.
pub(crate) const SELECT: [u8; 4] = [0x0C, 0xA4, 0x02, 0x0C];

impl ScriptedServer {
    pub(crate) fn new(session_id: &str) -> Self {
        Self { session_id: session_id.to_owned(), ..Self::default() }
    }

    pub(crate) fn disconnect(&mut self) {
        self.hello = false;
        self.unproven = None;
        self.requested = false;
        self.uploads.clear();
    }

    pub(crate) fn artifact(&self, kind: DataKind, index: u32) -> Vec<u8> {
        let (_, chunks) = &self.uploads[&(kind, index)];
        chunks.values().flatten().copied().collect()
    }

    pub(crate) fn receive(&mut self, message: ClientMessage) -> Vec<ServerMessage> {
        let count = self.received.len();
        self.received.push(message.clone());
        if let Some(answer) = self.instead.remove(&count) {
            return answer;
        }
        match message {
            ClientMessage::ChipAccess { .. } => vec![Ack::ChipAccessReceived.into()],
            ClientMessage::ChipAuth { answers } => match self.instead_of_relaying.pop_front() {
                Some(messages) => messages,
                None => vec![self.chip_auth(&answers)],
            },
            ClientMessage::Hello(hello) if hello.device_key.is_empty() => self.hello(&hello),
            ClientMessage::Hello(hello) => {
                self.nonces += 1;
                self.unproven = Some(hello);
                vec![ServerMessage::DeviceChallenge { nonce: vec![self.nonces; 32] }]
            }
            ClientMessage::DeviceProof { signature } => self.proven(&signature),
            _ if !self.hello => vec![error(SocketCode::HelloRequired)],
            ClientMessage::NotMe => {
                self.ended = Some(SocketCode::AttemptNotFound);
                vec![Ack::NotMeOk.into()]
            }
            ClientMessage::MatchChoice { choice } => {
                let (_, shown) = self.page.as_ref().expect("a page");
                self.is_confirmed = choice == *shown;
                if self.is_confirmed {
                    return vec![Ack::MatchOk.into()];
                }
                self.ended = Some(SocketCode::AttemptNotFound);
                vec![error(SocketCode::MatchCodeWrong)]
            }
            ClientMessage::Phase { phase, .. } => self.phase(Phase::parse(&phase).unwrap()),
            ClientMessage::Data(payload) => self.data(payload, self.forget.contains(&count)),
            ClientMessage::ShareSelection { session_id, keys } => {
                assert!(self.requested, "a selection without a request");
                assert_eq!(session_id, self.session_id);
                if !keys.iter().any(|key| key == "kayle_document_id") {
                    return vec![error(SocketCode::ShareSelectionMissingRequired)];
                }
                self.shared = Some(keys.clone());
                vec![ServerMessage::ShareReady { session_id, keys }]
            }
        }
    }

    /// A signature over this hello, this nonce and this origin, and nothing else.
    fn proven(&mut self, signature: &[u8]) -> Vec<ServerMessage> {
        let hello = self.unproven.take().expect("a hello with a key");
        let nonce = [self.nonces; 32];
        let statement = format!(
            "kayle device proof v1\n{ORIGIN}\n{}\n{}\n{}\n{}",
            self.session_id,
            hello.attempt_id,
            hex(&openssl::sha::sha256(hello.mobile_write_token.expose().as_bytes())),
            hex(&nonce),
        );
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let mut context = BigNumContext::new().unwrap();
        let point = EcPoint::from_bytes(&group, &hello.device_key, &mut context).unwrap();
        let key = EcKey::from_public_key(&group, &point).unwrap();
        let signature = EcdsaSig::from_der(signature).unwrap();
        let digest = openssl::sha::sha256(statement.as_bytes());
        if !signature.verify(&digest, &key).unwrap() {
            return vec![error(SocketCode::DeviceProofInvalid)];
        }
        assert_eq!(hello.device_id.expose(), hex(&openssl::sha::sha256(&hello.device_key)));
        self.proofs += 1;
        self.hello(&hello)
    }

    fn hello(&mut self, hello: &Hello) -> Vec<ServerMessage> {
        let device = hello.device_id.expose();
        if let Some(code) = self.ended {
            return vec![error(code)];
        }
        if self.shared.is_some() {
            return vec![error(SocketCode::SessionExpired)];
        }
        if *self.device.get_or_insert_with(|| device.to_owned()) != device {
            return vec![error(SocketCode::HandoffDeviceMismatch)];
        }
        self.hello = true;
        self.stored = Some(match self.stored {
            None => Phase::MobileConnected,
            Some(stored) => stored.min(Phase::NfcReading),
        });
        let mut answers = vec![
            Ack::HelloOk.into(),
            ServerMessage::ActiveAuthChallenge {
                challenge: b"AACHALLE".to_vec(),
                chip_auth_relay: self.relays,
            },
        ];
        if let Some((page, _)) = &self.page {
            assert!(hello.confirms);
            let mut page = page.clone();
            if self.is_confirmed {
                page.choices.clear();
            }
            answers.push(ServerMessage::HandoffContext(page));
        }
        answers
    }

    /// Two plain commands, then a protected one, then nothing more.
    fn chip_auth(&self, answers: &[SecretBytes]) -> ServerMessage {
        assert!(self.relays, "chip authentication that was not offered");
        assert_eq!(self.stored, Some(Phase::NfcReading));
        let (commands, protected) = match answers.len() {
            0 => (vec![SET_AT.to_vec().into(), AUTHENTICATE.to_vec().into()], false),
            2 => (vec![SELECT.to_vec().into()], true),
            _ => (vec![], false),
        };
        ServerMessage::ChipAuth { commands, protected }
    }

    fn phase(&mut self, phase: Phase) -> Vec<ServerMessage> {
        let stored = self.stored.unwrap();
        let asks = self.page.as_ref().is_some_and(|(page, _)| !page.choices.is_empty());
        if asks && !self.is_confirmed && phase != Phase::MobileConnected {
            return vec![error(SocketCode::MatchCodeRequired)];
        }
        if phase == Phase::NfcComplete
            && let Some(missing) = self.missing_nfc()
        {
            return vec![missing];
        }
        if phase == Phase::SelfieComplete
            && let Some(missing) = self.missing_selfies()
        {
            return vec![missing];
        }
        if phase != stored && Some(phase) != stored.next() {
            return vec![error(SocketCode::PhaseOutOfOrder)];
        }
        self.stored = Some(phase);
        if phase == Phase::SelfieComplete {
            self.requested = true;
            return vec![
                ServerMessage::Verdict(Verdict::accepted()),
                ServerMessage::ShareRequest(self.request()),
            ];
        }
        vec![Ack::PhaseOk.into()]
    }

    fn data(&mut self, payload: DataPayload, forget: bool) -> Vec<ServerMessage> {
        let allowed = match payload.kind {
            DataKind::Selfie => Phase::SelfieCapturing,
            _ => Phase::NfcReading,
        };
        if self.stored != Some(allowed) {
            return vec![error(SocketCode::NfcDataPhaseRequired)];
        }
        let (kind, index) = (payload.kind, payload.index);
        let (total, chunks) = self
            .uploads
            .entry((kind, index))
            .or_insert_with(|| (payload.chunk_total, Artifact::new()));
        assert_eq!(*total, payload.chunk_total);
        assert!(payload.chunk_index < *total);
        if !forget {
            chunks.insert(payload.chunk_index, payload.raw.as_slice().to_vec());
        }
        let complete = chunks.len() == *total as usize;
        if chunks.is_empty() && *total == 1 {
            self.uploads.remove(&(kind, index));
        }
        vec![if complete {
            Ack::DataOk { kind, index }.into()
        } else {
            Ack::DataChunkOk { kind, index, chunk_index: payload.chunk_index }.into()
        }]
    }

    fn missing_nfc(&self) -> Option<ServerMessage> {
        let absent = |kind: &DataKind| !self.uploads.contains_key(&(*kind, 0));
        let report = NfcMissing {
            missing_artifacts: [DataKind::Dg1, DataKind::Dg2, DataKind::Sod]
                .into_iter()
                .filter(absent)
                .map(|kind| kind.artifact_name().unwrap().to_owned())
                .collect(),
            missing_chunks: self.missing_chunks(false),
        };
        let none = report.missing_artifacts.is_empty() && report.missing_chunks.is_empty();
        (!none).then(|| ServerMessage::Error {
            code: SocketCode::NfcRequiredDataMissing.as_str().into(),
            message: report.to_message(),
        })
    }

    fn missing_selfies(&self) -> Option<ServerMessage> {
        let report = SelfieMissing {
            required_total: 3,
            missing_selfie_indexes: (0..3)
                .filter(|index| !self.uploads.contains_key(&(DataKind::Selfie, *index)))
                .collect(),
            missing_chunks: self.missing_chunks(true),
        };
        let none = report.missing_selfie_indexes.is_empty() && report.missing_chunks.is_empty();
        (!none).then(|| ServerMessage::Error {
            code: SocketCode::SelfieRequiredDataMissing.as_str().into(),
            message: report.to_message(),
        })
    }

    fn missing_chunks(&self, selfies: bool) -> Vec<MissingChunks> {
        self.uploads
            .iter()
            .filter(|((kind, _), _)| (*kind == DataKind::Selfie) == selfies)
            .map(|((kind, index), (total, chunks))| MissingChunks {
                kind: kind.number(),
                index: *index,
                chunk_total: *total,
                missing_chunk_indices: (0..*total)
                    .filter(|chunk| !chunks.contains_key(chunk))
                    .collect(),
            })
            .filter(|missing| !missing.missing_chunk_indices.is_empty())
            .collect()
    }

    pub(crate) fn request(&self) -> ShareRequest {
        let field = |key: &str, required| ShareField {
            key: key.into(),
            reason: "To know you".into(),
            required,
        };
        ShareRequest {
            contract_version: 1,
            session_id: self.session_id.clone(),
            fields: vec![field("family_name", false), field("kayle_document_id", true)],
        }
    }
}

pub(crate) fn error(code: SocketCode) -> ServerMessage {
    ServerMessage::Error { code: code.as_str().into(), message: "no".into() }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
