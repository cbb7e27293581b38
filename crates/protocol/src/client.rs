//! What a phone says.

use crate::data::{DataKind, DataPayload};
use crate::frame::{self, DecodeError, EncodeError};
use crate::kayle_capnp::{self as schema, client_message};
use crate::limits;
use crate::secret::{SecretBytes, SecretText};

/// A message from the phone to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientMessage {
    /// Claims the attempt; the first message of every socket.
    Hello(Hello),
    /// Reports progress.
    Phase {
        /// A phase name, or anything else that is to be acknowledged and forgotten.
        phase: String,
        /// A local error of the phone; has no effect.
        error: String,
        /// With [`crate::Phase::NfcReading`]: how much of the chip was read, in percent, in
        /// steps of 10; 0 where nothing is said of it.
        progress: u8,
    },
    /// Uploads one chunk.
    Data(DataPayload),
    /// Says which of the requested fields the holder shares.
    ShareSelection {
        /// The session that the request named.
        session_id: String,
        /// Keys of the chosen fields.
        keys: Vec<String>,
    },
    /// Relays what the chip answered in chip authentication.
    ChipAuth {
        /// One response APDU with its status word for each command of
        /// [`crate::ServerMessage::ChipAuth`]. None: the chip is in the field, begin.
        /// At most [`crate::limits::CHIP_APDUS`] of [`crate::limits::CHIP_APDU_BYTES`].
        answers: Vec<SecretBytes>,
    },
    /// Tells how the phone got access to the chip. Nothing of it is trusted.
    ChipAccess {
        /// `pace_gm`, `pace_im`, `pace_cam` or `bac`.
        access: String,
        /// Why PACE was not used though it might have been: empty, `pace_failed`,
        /// `pace_unsupported`, `card_access_malformed` or `pace_hidden`.
        downgrade: String,
        /// Chip-authentication mapping: empty, `not_run`, `no_key`, `unvouched`,
        /// `proven` or `failed`.
        mapping: String,
    },
    /// Proves that the phone holds its device key, in answer to
    /// [`crate::ServerMessage::DeviceChallenge`].
    DeviceProof {
        /// ECDSA with SHA-256 over [`crate::device::statement`], DER.
        signature: Vec<u8>,
    },
    /// Names the match code that the page shows.
    MatchChoice {
        /// One of [`crate::HandoffContext::choices`].
        choice: String,
    },
    /// Says that the holder did not open the page. Ends the session.
    NotMe,
}

/// What a phone claims an attempt with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hello {
    /// The attempt of the handoff link.
    pub attempt_id: String,
    /// The token of the handoff link.
    pub mobile_write_token: SecretText,
    /// What tells this device from others; the same at every resume. With a `device_key`, its
    /// [`crate::device::device_id`].
    pub device_id: SecretText,
    /// Version of the app; may be empty.
    pub app_version: String,
    /// The flow that the link named: `same_device`, `cross_device`, or empty if it named none.
    pub flow: String,
    /// The public key that the phone can prove: empty, or a P-256 point in SEC1 uncompressed form,
    /// [`crate::limits::DEVICE_KEY_BYTES`].
    pub device_key: Vec<u8>,
    /// Whether the phone takes [`crate::ServerMessage::HandoffContext`] and can answer it.
    pub confirms: bool,
}

impl ClientMessage {
    /// Reads one frame. `None` is a message of a newer schema, to be ignored.
    ///
    /// # Errors
    /// When the bytes are no message, or exceed the limits.
    pub fn decode(frame: &[u8]) -> Result<Option<Self>, DecodeError> {
        frame::open(frame, |message| {
            let root = message.get_root::<client_message::Reader<'_>>();
            let Ok(member) = frame::at("clientMessage", root)?.which() else {
                return Ok(None);
            };
            match member {
                client_message::Hello(hello) => read_hello(frame::at("hello", hello)?),
                client_message::Phase(phase) => read_phase(frame::at("phase", phase)?),
                client_message::Data(data) => read_data(frame::at("data", data)?),
                client_message::ShareSelection(selection) => {
                    read_selection(frame::at("shareSelection", selection)?)
                }
                client_message::ChipAuth(answers) => {
                    read_chip_auth(frame::at("chipAuth", answers)?)
                }
                client_message::ChipAccess(access) => {
                    read_chip_access(frame::at("chipAccess", access)?)
                }
                client_message::DeviceProof(proof) => {
                    read_device_proof(frame::at("deviceProof", proof)?)
                }
                client_message::MatchChoice(choice) => {
                    read_match_choice(frame::at("matchChoice", choice)?)
                }
                client_message::NotMe(not_me) => {
                    frame::at("notMe", not_me)?;
                    Ok(Self::NotMe)
                }
            }
            .map(Some)
        })
    }

    /// Writes one frame.
    ///
    /// # Errors
    /// When it would exceed [`crate::limits::FRAME_BYTES`].
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::Hello(hello) => write_hello(hello),
            Self::Phase { phase, error, progress } => write_phase(phase, error, *progress),
            Self::Data(payload) => write_data(payload),
            Self::ShareSelection { session_id, keys } => write_selection(session_id, keys),
            Self::ChipAuth { answers } => write_chip_auth(answers),
            Self::ChipAccess { access, downgrade, mapping } => {
                write_chip_access([access, downgrade, mapping])
            }
            Self::DeviceProof { signature } => write_device_proof(signature),
            Self::MatchChoice { choice } => write_match_choice(choice),
            Self::NotMe => frame::build(0, |message| {
                message.init_root::<client_message::Builder<'_>>().init_not_me();
            }),
        }
    }
}

fn read_hello(hello: schema::client_hello::Reader<'_>) -> Result<ClientMessage, DecodeError> {
    Ok(ClientMessage::Hello(Hello {
        attempt_id: frame::text("hello.attemptId", hello.get_attempt_id())?.to_owned(),
        mobile_write_token: frame::text("hello.mobileWriteToken", hello.get_mobile_write_token())?
            .into(),
        device_id: frame::text("hello.deviceId", hello.get_device_id())?.into(),
        app_version: frame::text("hello.appVersion", hello.get_app_version())?.to_owned(),
        flow: frame::text("hello.flow", hello.get_flow())?.to_owned(),
        device_key: frame::bytes(
            "hello.deviceKey",
            hello.get_device_key(),
            limits::DEVICE_KEY_BYTES,
        )?,
        confirms: hello.get_confirms(),
    }))
}

fn write_hello(value: &Hello) -> Result<Vec<u8>, EncodeError> {
    let texts = [
        value.attempt_id.as_str(),
        value.mobile_write_token.expose(),
        value.device_id.expose(),
        &value.app_version,
        &value.flow,
    ];
    let words: usize = texts.iter().map(|text| frame::text_words(text)).sum();
    frame::build(words + frame::data_words(&value.device_key), |message| {
        let root = message.init_root::<client_message::Builder<'_>>();
        let mut hello = root.init_hello();
        hello.set_attempt_id(&value.attempt_id);
        hello.set_mobile_write_token(value.mobile_write_token.expose());
        hello.set_device_id(value.device_id.expose());
        hello.set_app_version(&value.app_version);
        hello.set_flow(&value.flow);
        hello.set_device_key(&value.device_key);
        hello.set_confirms(value.confirms);
    })
}

fn read_phase(phase: schema::phase_update::Reader<'_>) -> Result<ClientMessage, DecodeError> {
    Ok(ClientMessage::Phase {
        phase: frame::text("phase.phase", phase.get_phase())?.to_owned(),
        error: frame::text("phase.error", phase.get_error())?.to_owned(),
        progress: phase.get_progress(),
    })
}

fn write_phase(name: &str, error: &str, progress: u8) -> Result<Vec<u8>, EncodeError> {
    let words = frame::text_words(name) + frame::text_words(error);
    frame::build(words, |message| {
        let root = message.init_root::<client_message::Builder<'_>>();
        let mut phase = root.init_phase();
        phase.set_phase(name);
        phase.set_error(error);
        phase.set_progress(progress);
    })
}

fn read_data(data: schema::data_payload::Reader<'_>) -> Result<ClientMessage, DecodeError> {
    let kind = match data.get_kind() {
        Ok(kind) => kind as u16,
        Err(capnp::NotInSchema(number)) => number,
    };
    Ok(ClientMessage::Data(DataPayload {
        kind: DataKind::from_number(kind),
        raw: SecretBytes::from(frame::at("data.raw", data.get_raw())?),
        index: data.get_index(),
        total: data.get_total(),
        chunk_index: data.get_chunk_index(),
        chunk_total: data.get_chunk_total(),
    }))
}

fn write_data(payload: &DataPayload) -> Result<Vec<u8>, EncodeError> {
    /// Where `data.kind` is in a frame that this encoder made: segment table,
    /// root pointer, union struct of two words, then the payload's first word.
    const KIND: std::ops::Range<usize> = 32..34;
    let raw = payload.raw.as_slice();
    let mut bytes = frame::build(frame::data_words(raw), |message| {
        let root = message.init_root::<client_message::Builder<'_>>();
        let mut data = root.init_data();
        data.set_raw(raw);
        data.set_index(payload.index);
        data.set_total(payload.total);
        data.set_chunk_index(payload.chunk_index);
        data.set_chunk_total(payload.chunk_total);
    })?;
    // The generated setter takes the kinds of this schema only, and a number of
    // a newer one must survive a round trip.
    if let Some(field) = bytes.get_mut(KIND) {
        field.copy_from_slice(&payload.kind.number().to_le_bytes());
    }
    Ok(bytes)
}

fn read_selection(
    selection: schema::share_selection::Reader<'_>,
) -> Result<ClientMessage, DecodeError> {
    let session_id = frame::text("shareSelection.sessionId", selection.get_session_id())?;
    Ok(ClientMessage::ShareSelection {
        session_id: session_id.to_owned(),
        keys: frame::text_list(
            "shareSelection.selectedFieldKeys",
            selection.get_selected_field_keys(),
        )?,
    })
}

fn write_selection(session_id: &str, keys: &[String]) -> Result<Vec<u8>, EncodeError> {
    let words = frame::text_words(session_id) + frame::text_list_words(keys);
    frame::build(words, |message| {
        let root = message.init_root::<client_message::Builder<'_>>();
        let mut selection = root.init_share_selection();
        selection.set_session_id(session_id);
        let mut list = selection.init_selected_field_keys(frame::list_len(keys.len()));
        for (index, key) in (0..).zip(keys) {
            list.set(index, key);
        }
    })
}

fn read_chip_auth(
    message: schema::chip_auth_answers::Reader<'_>,
) -> Result<ClientMessage, DecodeError> {
    let answers = frame::apdu_list("chipAuth.answers", message.get_answers())?;
    Ok(ClientMessage::ChipAuth { answers })
}

fn write_chip_auth(answers: &[SecretBytes]) -> Result<Vec<u8>, EncodeError> {
    frame::build(frame::apdu_list_words(answers), |message| {
        let root = message.init_root::<client_message::Builder<'_>>();
        let list = root.init_chip_auth().init_answers(frame::list_len(answers.len()));
        frame::set_apdus(list, answers);
    })
}

fn read_chip_access(
    message: schema::chip_access::Reader<'_>,
) -> Result<ClientMessage, DecodeError> {
    Ok(ClientMessage::ChipAccess {
        access: frame::text("chipAccess.access", message.get_access())?.to_owned(),
        downgrade: frame::text("chipAccess.downgrade", message.get_downgrade())?.to_owned(),
        mapping: frame::text("chipAccess.mapping", message.get_mapping())?.to_owned(),
    })
}

fn write_chip_access(texts: [&str; 3]) -> Result<Vec<u8>, EncodeError> {
    let words = texts.iter().map(|text| frame::text_words(text)).sum();
    let [access, downgrade, mapping] = texts;
    frame::build(words, |message| {
        let root = message.init_root::<client_message::Builder<'_>>();
        let mut report = root.init_chip_access();
        report.set_access(access);
        report.set_downgrade(downgrade);
        report.set_mapping(mapping);
    })
}

fn read_device_proof(
    proof: schema::device_proof::Reader<'_>,
) -> Result<ClientMessage, DecodeError> {
    let signature = frame::bytes(
        "deviceProof.signature",
        proof.get_signature(),
        limits::DEVICE_SIGNATURE_BYTES,
    )?;
    Ok(ClientMessage::DeviceProof { signature })
}

fn write_device_proof(signature: &[u8]) -> Result<Vec<u8>, EncodeError> {
    frame::build(frame::data_words(signature), |message| {
        let root = message.init_root::<client_message::Builder<'_>>();
        root.init_device_proof().set_signature(signature);
    })
}

fn read_match_choice(
    choice: schema::match_choice::Reader<'_>,
) -> Result<ClientMessage, DecodeError> {
    let choice = frame::text("matchChoice.choice", choice.get_choice())?.to_owned();
    Ok(ClientMessage::MatchChoice { choice })
}

fn write_match_choice(choice: &str) -> Result<Vec<u8>, EncodeError> {
    frame::build(frame::text_words(choice), |message| {
        let root = message.init_root::<client_message::Builder<'_>>();
        root.init_match_choice().set_choice(choice);
    })
}
