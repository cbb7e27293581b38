//! What the server says.

use std::borrow::Cow;

use capnp::struct_list;

use crate::frame::{self, DecodeError, EncodeError};
use crate::kayle_capnp::{self as schema, server_message};
use crate::limits;
use crate::secret::SecretBytes;

/// A message from the server to the phone.
///
/// Human texts (`message`, `reason_message`, a field's `reason`) are cut to
/// [`limits::TEXT_BYTES`] by the encoder; ids, keys and codes never are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerMessage {
    /// The request was done; see [`crate::Ack`] for the texts.
    Ack {
        /// What was done.
        message: String,
    },
    /// The request was refused.
    Error {
        /// A [`crate::codes::SocketCode`].
        code: String,
        /// For people, or JSON for the codes that carry a report.
        message: String,
    },
    /// The document or the face was judged.
    Verdict(Verdict),
    /// Asks which fields the holder shares.
    ShareRequest(ShareRequest),
    /// The selection was accepted; the conversation is over.
    ShareReady {
        /// The session.
        session_id: String,
        /// Keys of the shared fields, in contract order.
        keys: Vec<String>,
    },
    /// What the chip shall sign; sent after every successful hello.
    ActiveAuthChallenge {
        /// [`limits::CHALLENGE_BYTES`] bytes.
        challenge: Vec<u8>,
        /// Whether the server takes [`crate::ClientMessage::ChipAuth`] and
        /// [`crate::ClientMessage::ChipAccess`].
        chip_auth_relay: bool,
    },
    /// Asks the phone to relay commands of chip authentication.
    ChipAuth {
        /// Command APDUs, to be sent in this order. None: there is nothing (more) to relay.
        /// At most [`limits::CHIP_APDUS`] of [`limits::CHIP_APDU_BYTES`].
        commands: Vec<SecretBytes>,
        /// Whether they are protected by the server and passed on as they are. Otherwise the
        /// phone puts them under the session that it has with the chip.
        protected: bool,
    },
    /// Asks for a [`crate::ClientMessage::DeviceProof`]; answers a hello with a device key,
    /// before anything is claimed.
    DeviceChallenge {
        /// [`limits::DEVICE_NONCE_BYTES`] bytes.
        nonce: Vec<u8>,
    },
    /// Who asks, and where the session was opened; follows the challenge of active
    /// authentication, to a phone that said it can confirm.
    HandoffContext(HandoffContext),
}

/// What a person is shown before a chip is read. Empty texts: unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandoffContext {
    /// Who asks.
    pub organization_name: String,
    /// The browser that opened the session: `Firefox`.
    pub browser: String,
    /// Its operating system: `Windows`.
    pub os: String,
    /// Where it is, roughly, in words.
    pub place: String,
    /// Whether phone and browser are seen in one network: `same`, `different` or `unknown`.
    pub network: String,
    /// [`limits::MATCH_CHOICES`] match codes, one of which the page shows; none if no match code
    /// is asked for.
    pub choices: Vec<String>,
    /// What the relying party asks for, and why. The share request says it again.
    pub fields: Vec<ShareField>,
    /// The language that the page was agreed to in (BCP 47): `pt`.
    pub locale: String,
}

/// Whether the evidence convinced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VerdictOutcome {
    /// It did.
    Accepted,
    /// It did not; the socket is closed after this message.
    Rejected,
}

/// The judgement on document or face.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Accepted or rejected.
    pub outcome: VerdictOutcome,
    /// A [`crate::codes::FailureCode`], empty when accepted.
    pub reason_code: String,
    /// For people, empty when accepted.
    pub reason_message: String,
    /// Whether the session allows another attempt.
    pub retry_allowed: bool,
    /// How many attempts are left.
    pub remaining_attempts: u32,
}

impl Verdict {
    /// The verdict on evidence that convinced.
    #[must_use]
    pub const fn accepted() -> Self {
        Self {
            outcome: VerdictOutcome::Accepted,
            reason_code: String::new(),
            reason_message: String::new(),
            retry_allowed: false,
            remaining_attempts: 0,
        }
    }
}

/// What the relying party asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareRequest {
    /// Version of the share contract.
    pub contract_version: u32,
    /// The session; the selection must name it.
    pub session_id: String,
    /// The requested fields, sorted by key.
    pub fields: Vec<ShareField>,
}

/// One requested field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareField {
    /// Claim key.
    pub key: String,
    /// Why the relying party wants it, in its own words.
    pub reason: String,
    /// Whether the session cannot complete without it.
    pub required: bool,
}

impl ServerMessage {
    /// Reads one frame. `None` is a message of a newer schema, to be ignored.
    ///
    /// # Errors
    /// When the bytes are no message, or exceed the limits.
    pub fn decode(frame: &[u8]) -> Result<Option<Self>, DecodeError> {
        frame::open(frame, |message| {
            let root = message.get_root::<server_message::Reader<'_>>();
            let Ok(member) = frame::at("serverMessage", root)?.which() else {
                return Ok(None);
            };
            match member {
                server_message::Ack(ack) => read_ack(frame::at("ack", ack)?),
                server_message::Error(error) => read_error(frame::at("error", error)?),
                server_message::Verdict(verdict) => read_verdict(frame::at("verdict", verdict)?),
                server_message::ShareRequest(request) => {
                    read_share_request(frame::at("shareRequest", request)?)
                }
                server_message::ShareReady(ready) => {
                    read_share_ready(frame::at("shareReady", ready)?)
                }
                server_message::ActiveAuthChallenge(challenge) => {
                    read_challenge(frame::at("activeAuthChallenge", challenge)?)
                }
                server_message::Reserved6(_) => return Ok(None),
                server_message::ChipAuth(commands) => {
                    read_chip_auth(frame::at("chipAuth", commands)?)
                }
                server_message::DeviceChallenge(challenge) => {
                    read_device_challenge(frame::at("deviceChallenge", challenge)?)
                }
                server_message::HandoffContext(context) => {
                    read_context(frame::at("handoffContext", context)?)
                }
            }
            .map(Some)
        })
    }

    /// Writes one frame.
    ///
    /// # Errors
    /// When it would exceed [`limits::FRAME_BYTES`].
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::Ack { message } => write_ack(&limits::fit_text(message)),
            Self::Error { code, message } => write_error(code, &limits::fit_text(message)),
            Self::Verdict(verdict) => write_verdict(verdict),
            Self::ShareRequest(request) => write_share_request(request),
            Self::ShareReady { session_id, keys } => write_share_ready(session_id, keys),
            Self::ActiveAuthChallenge { challenge, chip_auth_relay } => {
                write_challenge(challenge, *chip_auth_relay)
            }
            Self::ChipAuth { commands, protected } => write_chip_auth(commands, *protected),
            Self::DeviceChallenge { nonce } => write_device_challenge(nonce),
            Self::HandoffContext(context) => write_context(context),
        }
    }
}

fn read_ack(ack: schema::server_ack::Reader<'_>) -> Result<ServerMessage, DecodeError> {
    Ok(ServerMessage::Ack { message: frame::text("ack.message", ack.get_message())?.to_owned() })
}

fn write_ack(text: &str) -> Result<Vec<u8>, EncodeError> {
    frame::build(frame::text_words(text), |message| {
        let root = message.init_root::<server_message::Builder<'_>>();
        root.init_ack().set_message(text);
    })
}

fn read_error(error: schema::server_error::Reader<'_>) -> Result<ServerMessage, DecodeError> {
    Ok(ServerMessage::Error {
        code: frame::text("error.code", error.get_code())?.to_owned(),
        message: frame::text("error.message", error.get_message())?.to_owned(),
    })
}

fn write_error(code: &str, text: &str) -> Result<Vec<u8>, EncodeError> {
    let words = frame::text_words(code) + frame::text_words(text);
    frame::build(words, |message| {
        let root = message.init_root::<server_message::Builder<'_>>();
        let mut error = root.init_error();
        error.set_code(code);
        error.set_message(text);
    })
}

fn read_verdict(verdict: schema::server_verdict::Reader<'_>) -> Result<ServerMessage, DecodeError> {
    let outcome = match verdict.get_outcome() {
        Ok(schema::VerdictOutcome::Accepted) => VerdictOutcome::Accepted,
        Ok(schema::VerdictOutcome::Rejected) => VerdictOutcome::Rejected,
        Err(capnp::NotInSchema(number)) => return Err(DecodeError::UnknownOutcome(number)),
    };
    let reason_message = frame::text("verdict.reasonMessage", verdict.get_reason_message())?;
    Ok(ServerMessage::Verdict(Verdict {
        outcome,
        reason_code: frame::text("verdict.reasonCode", verdict.get_reason_code())?.to_owned(),
        reason_message: reason_message.to_owned(),
        retry_allowed: verdict.get_retry_allowed(),
        remaining_attempts: verdict.get_remaining_attempts(),
    }))
}

fn write_verdict(value: &Verdict) -> Result<Vec<u8>, EncodeError> {
    let reason_message = limits::fit_text(&value.reason_message);
    let words = frame::text_words(&value.reason_code) + frame::text_words(&reason_message);
    frame::build(words, |message| {
        let root = message.init_root::<server_message::Builder<'_>>();
        let mut verdict = root.init_verdict();
        verdict.set_outcome(match value.outcome {
            VerdictOutcome::Accepted => schema::VerdictOutcome::Accepted,
            VerdictOutcome::Rejected => schema::VerdictOutcome::Rejected,
        });
        verdict.set_reason_code(&value.reason_code);
        verdict.set_reason_message(&*reason_message);
        verdict.set_retry_allowed(value.retry_allowed);
        verdict.set_remaining_attempts(value.remaining_attempts);
    })
}

fn read_share_request(
    request: schema::share_request::Reader<'_>,
) -> Result<ServerMessage, DecodeError> {
    let session_id = frame::text("shareRequest.sessionId", request.get_session_id())?;
    Ok(ServerMessage::ShareRequest(ShareRequest {
        contract_version: request.get_contract_version(),
        session_id: session_id.to_owned(),
        fields: read_fields("shareRequest.fields", request.get_fields())?,
    }))
}

fn read_fields(
    name: &'static str,
    list: capnp::Result<struct_list::Reader<'_, schema::share_request_field::Owned>>,
) -> Result<Vec<ShareField>, DecodeError> {
    let list = frame::at(name, list)?;
    frame::bounded(name, list.len())?;
    list.iter()
        .map(|field| {
            Ok(ShareField {
                key: frame::text("shareRequestField.key", field.get_key())?.to_owned(),
                reason: frame::text("shareRequestField.reason", field.get_reason())?.to_owned(),
                required: field.get_required(),
            })
        })
        .collect()
}

/// The reasons, as they fit; and the words that the fields take with them.
fn fit_reasons(fields: &[ShareField]) -> (Vec<Cow<'_, str>>, usize) {
    /// One data word and two pointers.
    const FIELD_WORDS: usize = 3;
    let reasons: Vec<_> = fields.iter().map(|field| limits::fit_text(&field.reason)).collect();
    let words = fields
        .iter()
        .zip(&reasons)
        .map(|(field, reason)| {
            FIELD_WORDS + frame::text_words(&field.key) + frame::text_words(reason)
        })
        .sum();
    (reasons, words)
}

fn write_fields(
    mut list: struct_list::Builder<'_, schema::share_request_field::Owned>,
    fields: &[ShareField],
    reasons: &[Cow<'_, str>],
) {
    for (index, (field, reason)) in (0..).zip(fields.iter().zip(reasons)) {
        let mut entry = list.reborrow().get(index);
        entry.set_key(&field.key);
        entry.set_reason(&**reason);
        entry.set_required(field.required);
    }
}

fn write_share_request(value: &ShareRequest) -> Result<Vec<u8>, EncodeError> {
    let (reasons, words) = fit_reasons(&value.fields);
    frame::build(words + frame::text_words(&value.session_id), |message| {
        let root = message.init_root::<server_message::Builder<'_>>();
        let mut request = root.init_share_request();
        request.set_contract_version(value.contract_version);
        request.set_session_id(&value.session_id);
        let list = request.init_fields(frame::list_len(value.fields.len()));
        write_fields(list, &value.fields, &reasons);
    })
}

fn read_share_ready(ready: schema::share_ready::Reader<'_>) -> Result<ServerMessage, DecodeError> {
    let session_id = frame::text("shareReady.sessionId", ready.get_session_id())?;
    Ok(ServerMessage::ShareReady {
        session_id: session_id.to_owned(),
        keys: frame::text_list("shareReady.selectedFieldKeys", ready.get_selected_field_keys())?,
    })
}

fn write_share_ready(session_id: &str, keys: &[String]) -> Result<Vec<u8>, EncodeError> {
    let words = frame::text_words(session_id) + frame::text_list_words(keys);
    frame::build(words, |message| {
        let root = message.init_root::<server_message::Builder<'_>>();
        let mut ready = root.init_share_ready();
        ready.set_session_id(session_id);
        let mut list = ready.init_selected_field_keys(frame::list_len(keys.len()));
        for (index, key) in (0..).zip(keys) {
            list.set(index, key);
        }
    })
}

fn read_challenge(
    challenge: schema::server_active_auth_challenge::Reader<'_>,
) -> Result<ServerMessage, DecodeError> {
    let field = "activeAuthChallenge.challenge";
    Ok(ServerMessage::ActiveAuthChallenge {
        challenge: frame::at(field, challenge.get_challenge())?.to_vec(),
        chip_auth_relay: challenge.get_chip_auth_relay(),
    })
}

fn write_challenge(bytes: &[u8], chip_auth_relay: bool) -> Result<Vec<u8>, EncodeError> {
    frame::build(frame::data_words(bytes), |message| {
        let root = message.init_root::<server_message::Builder<'_>>();
        let mut challenge = root.init_active_auth_challenge();
        challenge.set_challenge(bytes);
        challenge.set_chip_auth_relay(chip_auth_relay);
    })
}

fn read_chip_auth(
    message: schema::chip_auth_commands::Reader<'_>,
) -> Result<ServerMessage, DecodeError> {
    Ok(ServerMessage::ChipAuth {
        commands: frame::apdu_list("chipAuth.commands", message.get_commands())?,
        protected: message.get_protected(),
    })
}

fn write_chip_auth(commands: &[SecretBytes], protected: bool) -> Result<Vec<u8>, EncodeError> {
    frame::build(frame::apdu_list_words(commands), |message| {
        let root = message.init_root::<server_message::Builder<'_>>();
        let mut relay = root.init_chip_auth();
        relay.set_protected(protected);
        let list = relay.init_commands(frame::list_len(commands.len()));
        frame::set_apdus(list, commands);
    })
}

fn read_device_challenge(
    challenge: schema::device_challenge::Reader<'_>,
) -> Result<ServerMessage, DecodeError> {
    let nonce =
        frame::bytes("deviceChallenge.nonce", challenge.get_nonce(), limits::DEVICE_NONCE_BYTES)?;
    Ok(ServerMessage::DeviceChallenge { nonce })
}

fn write_device_challenge(nonce: &[u8]) -> Result<Vec<u8>, EncodeError> {
    frame::build(frame::data_words(nonce), |message| {
        let root = message.init_root::<server_message::Builder<'_>>();
        root.init_device_challenge().set_nonce(nonce);
    })
}

fn read_context(
    context: schema::handoff_context::Reader<'_>,
) -> Result<ServerMessage, DecodeError> {
    Ok(ServerMessage::HandoffContext(HandoffContext {
        organization_name: frame::text(
            "handoffContext.organizationName",
            context.get_organization_name(),
        )?
        .to_owned(),
        browser: frame::text("handoffContext.browser", context.get_browser())?.to_owned(),
        os: frame::text("handoffContext.os", context.get_os())?.to_owned(),
        place: frame::text("handoffContext.place", context.get_place())?.to_owned(),
        network: frame::text("handoffContext.network", context.get_network())?.to_owned(),
        choices: frame::text_list("handoffContext.choices", context.get_choices())?,
        fields: read_fields("handoffContext.fields", context.get_fields())?,
        locale: frame::text("handoffContext.locale", context.get_locale())?.to_owned(),
    }))
}

fn write_context(value: &HandoffContext) -> Result<Vec<u8>, EncodeError> {
    let [organization, browser, os, place] =
        [&value.organization_name, &value.browser, &value.os, &value.place]
            .map(|text| limits::fit_text(text));
    let texts = [&*organization, &*browser, &*os, &*place, &value.network, &value.locale];
    let words: usize = texts.iter().map(|text| frame::text_words(text)).sum();
    let (reasons, field_words) = fit_reasons(&value.fields);
    frame::build(words + field_words + frame::text_list_words(&value.choices), |message| {
        let root = message.init_root::<server_message::Builder<'_>>();
        let mut context = root.init_handoff_context();
        context.set_organization_name(&*organization);
        context.set_browser(&*browser);
        context.set_os(&*os);
        context.set_place(&*place);
        context.set_network(&value.network);
        context.set_locale(&value.locale);
        let mut list = context.reborrow().init_choices(frame::list_len(value.choices.len()));
        for (index, choice) in (0..).zip(&value.choices) {
            list.set(index, choice);
        }
        let list = context.init_fields(frame::list_len(value.fields.len()));
        write_fields(list, &value.fields, &reasons);
    })
}
