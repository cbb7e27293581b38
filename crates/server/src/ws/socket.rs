//! One socket: messages in, one strictly after the other; answers out; and an ear at the hub, so
//! that a socket whose session was cancelled, expired or taken over is told and closed at once.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use domain::id::SessionId;
use domain::session::Session;
use domain::time::Timestamp;
use protocol::codes::{SocketCode, close};
use protocol::{ClientMessage, DecodeError, ServerMessage, limits};
use store::StoreError;
use zeroize::Zeroize as _;

use super::conversation::{Conversation, Reply};
use super::pulse::{Due, Pulse};
use super::record::{Heard, Record};
use crate::app::App;
use crate::client_address::ClientAddress;
use crate::connections::Connection;
use crate::hub::Subscription;
use crate::limits::SocketPlaces;

/// How long a phone has for its hello (SECURITY row 17).
const HELLO_DEADLINE: Duration = Duration::from_secs(5);

/// How long a finished phone may stay before the socket is closed for it.
const LINGER: Duration = Duration::from_secs(30);

/// How long the peer has to answer a close frame.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);

/// How long the peer has to take a message. One that stops reading would otherwise hold its
/// socket out of reach of cancel, expiry and shutdown.
const SEND_DEADLINE: Duration = Duration::from_secs(10);

/// 1012: come back in a moment (RFC 6455 registry).
const SERVICE_RESTART: u16 = 1012;

/// Who is at the other end, and the places it holds while it is.
pub(super) struct Guest {
    pub(super) address: ClientAddress,
    pub(super) places: SocketPlaces,
    pub(super) _connection: Connection,
}

/// Serves one socket until it ends.
pub(super) async fn run(app: App, id: String, mut guest: Guest, mut socket: WebSocket) {
    let mut record = Record::open(&app, &id);
    let farewell = match open(&app, &id).await {
        Ok((session, changes)) => {
            talk(&app, session, changes, &mut guest, &mut socket, &mut record).await
        }
        Err(code) => Some(Farewell::at_connect(code)),
    };
    let Some(farewell) = farewell else { return };
    record.closing(farewell.close, &farewell.reason);
    for message in farewell.messages {
        if say(&app, &mut socket, &message).await.is_err() {
            return;
        }
    }
    let frame = CloseFrame { code: farewell.close, reason: farewell.reason.into() };
    if send(&app, &mut socket, Message::Close(Some(frame))).await.is_err() {
        return;
    }
    // Reading on until the peer has closed: dropping a connection with unread bytes resets it,
    // and a reset can overtake the last message.
    let deadline = app.clock.sleep_until(app.now() + CLOSE_DEADLINE);
    let drained = async { while let Some(Ok(_)) = socket.recv().await {} };
    tokio::select! { () = drained => {}, () = deadline => {} }
}

/// What is said last, and how the socket is closed.
struct Farewell {
    messages: Vec<ServerMessage>,
    close: u16,
    reason: String,
}

impl Farewell {
    /// A socket that cannot be served at all; the reference gives the text as the reason.
    fn at_connect(code: SocketCode) -> Self {
        let close = code.close_code().unwrap_or(close::POLICY);
        Self { messages: vec![error(code)], close, reason: text(code).to_owned() }
    }

    /// A socket that may not go on; the reason is the code, and a normal closure it is not.
    fn refusal(code: SocketCode) -> Self {
        let close = match code.close_code() {
            None | Some(close::NORMAL) => close::POLICY,
            Some(close) => close,
        };
        Self { messages: vec![error(code)], close, reason: code.to_string() }
    }

    fn restarting() -> Self {
        Self { messages: vec![], close: SERVICE_RESTART, reason: "server restart".to_owned() }
    }
}

async fn open(app: &App, id: &str) -> Result<(Session, Subscription), SocketCode> {
    let id: SessionId = id.parse().map_err(|_| SocketCode::InvalidSessionId)?;
    // Listening before reading: no change can fall between the two.
    let changes = app.hub.subscribe(&id).ok_or(SocketCode::TooManyConnections)?;
    let session = match app.store.read_session(&id).await {
        Ok(Some(session)) => session.at(app.now()).session,
        Ok(None) => return Err(SocketCode::SessionNotFound),
        Err(error) => return Err(internal(&error)),
    };
    if session.is_terminal() { Err(SocketCode::SessionExpired) } else { Ok((session, changes)) }
}

async fn talk(
    app: &App,
    session: Session,
    mut changes: Subscription,
    guest: &mut Guest,
    socket: &mut WebSocket,
    record: &mut Record,
) -> Option<Farewell> {
    let hello_deadline = app.now() + HELLO_DEADLINE;
    let id = session.id.clone();
    let mut ends_at = Some(session.expires_at);
    let network = guest.address.known_network();
    let mut conversation = Conversation::new(app.clone(), session, network);
    let mut pulse = Pulse::new(app.now());
    let mut linger = None;
    loop {
        let greeted = conversation.has_said_hello();
        if greeted {
            guest.places.greeted();
        }
        let (pulse_at, due) = pulse.next();
        let message = tokio::select! {
            biased;
            () = app.shutdown.cancelled() => {
                return Some(Farewell::restarting());
            }
            () = changed(app, &mut changes, ends_at), if linger.is_none() => {
                let now = app.now();
                ends_at = ends_at.filter(|at| *at > now);
                match app.store.read_session(&id).await {
                    Ok(Some(session)) => match conversation.lost(&session.at(now).session) {
                        None => continue,
                        Some(code) => return Some(Farewell::refusal(code)),
                    },
                    Ok(None) => return Some(Farewell::refusal(SocketCode::SessionNotFound)),
                    Err(error) => return Some(Farewell::refusal(internal(&error))),
                }
            }
            () = until(app, linger), if linger.is_some() => {
                return Some(Farewell { messages: vec![], close: close::NORMAL, reason: String::new() });
            }
            () = app.clock.sleep_until(hello_deadline), if !greeted && linger.is_none() => {
                return Some(Farewell::refusal(SocketCode::HelloRequired));
            }
            () = app.clock.sleep_until(pulse_at), if greeted || pulse.is_paused() => {
                match due {
                    Due::Resume => pulse.resume(app.now()),
                    Due::Ping => {
                        let now = app.now();
                        send(app, socket, Message::Ping(Bytes::new())).await.ok()?;
                        pulse.pinged(now);
                    }
                    Due::Dead => return Some(Farewell::refusal(SocketCode::PongMissing)),
                    Due::Idle => return Some(Farewell::refusal(SocketCode::ConnectionIdle)),
                }
                continue;
            }
            message = socket.recv(), if !pulse.is_paused() => message,
        };
        let now = app.now();
        pulse.heard(message.as_ref().map_or(0, size), now);
        let reply = match message {
            None | Some(Err(_)) if message.as_ref().is_some_and(is_too_long) => {
                return Some(Farewell::refusal(SocketCode::FrameTooLarge));
            }
            None | Some(Err(_) | Ok(Message::Close(_))) => return None,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
            Some(Ok(_)) if !greeted && !pulse.early() => Reply::Refuse(SocketCode::RateLimited),
            Some(Ok(Message::Text(text))) if text.len() > limits::FRAME_BYTES => {
                return Some(Farewell::refusal(SocketCode::FrameTooLarge));
            }
            Some(Ok(Message::Text(_))) => unreadable(&mut pulse, SocketCode::InvalidMessage),
            Some(Ok(Message::Binary(frame))) if frame.len() > limits::FRAME_BYTES => {
                return Some(Farewell::refusal(SocketCode::FrameTooLarge));
            }
            Some(Ok(Message::Binary(frame))) => match read(frame) {
                Ok(Some(message)) => {
                    pulse.spoke(now);
                    let heard = Heard::of(&message);
                    // What proving takes is on the heap for as long as it is heard out, and not part
                    // of every socket that waits.
                    let answer =
                        Box::pin(hear(app, guest.address, &id, &mut conversation, message));
                    record.hear(heard, answer).await
                }
                Ok(None) => continue,
                Err(_) => unreadable(&mut pulse, SocketCode::DecodeFailed),
            },
        };
        match reply {
            Reply::Say(messages) => {
                for message in &messages {
                    say(app, socket, message).await.ok()?;
                }
            }
            Reply::Finish(messages) => {
                for message in &messages {
                    say(app, socket, message).await.ok()?;
                }
                linger.get_or_insert(app.now() + LINGER);
            }
            Reply::Refuse(code) => return Some(Farewell::refusal(code)),
            Reply::Reject(verdict) => {
                let reason = verdict.reason_code.clone();
                return Some(Farewell {
                    messages: vec![ServerMessage::Verdict(verdict)],
                    close: close::POLICY,
                    reason,
                });
            }
        }
    }
}

/// Resolves when the session changed, or has come to its end without anybody saying so.
async fn changed(app: &App, changes: &mut Subscription, ends_at: Option<Timestamp>) {
    tokio::select! {
        biased;
        () = changes.changed() => {}
        () = until(app, ends_at) => {}
    }
}

/// Hears a message out, and counts the hellos that are refused.
///
/// Nobody can lock out the phone that belongs to the session: failures count by session *and*
/// address, and those who have too many are still heard. Their hellos are only looked at first,
/// without a write: who holds the token of the attempt goes on as ever, and everyone else is told
/// `RATE_LIMITED`.
async fn hear(
    app: &App,
    address: ClientAddress,
    id: &SessionId,
    conversation: &mut Conversation,
    message: ClientMessage,
) -> Reply {
    let greeted = conversation.has_said_hello();
    if !greeted
        && app.limits.hello_is_suspect(id, address)
        && !may_be_right(app, id, &message).await
    {
        return Reply::Refuse(SocketCode::RateLimited);
    }
    let reply = conversation.hear(message).await;
    if !greeted && matches!(reply, Reply::Refuse(code) if code != SocketCode::InternalError) {
        app.limits.hello_failed(id, address);
    }
    reply
}

/// Whether a hello carries the token of its attempt; true for what is no hello.
async fn may_be_right(app: &App, id: &SessionId, message: &ClientMessage) -> bool {
    let ClientMessage::Hello(hello) = message else { return true };
    let (attempt, token) = (hello.attempt_id.trim(), hello.mobile_write_token.expose().trim());
    let token = app.keys.handoff_token_hash(token);
    match app.store.read_session(id).await {
        Ok(Some(session)) => session
            .attempts
            .iter()
            .any(|held| held.id.as_str() == attempt && held.token.hash == token),
        Ok(None) => false,
        // The conversation will meet it too, and knows what to say.
        Err(_) => true,
    }
}

fn unreadable(pulse: &mut Pulse, code: SocketCode) -> Reply {
    if pulse.unreadable() {
        Reply::Say(vec![error(code)])
    } else {
        Reply::Refuse(SocketCode::RateLimited)
    }
}

fn size(message: &Result<Message, axum::Error>) -> usize {
    match message {
        Ok(Message::Text(text)) => text.len(),
        Ok(Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes)) => bytes.len(),
        Ok(Message::Close(_)) | Err(_) => 0,
    }
}

async fn until(app: &App, deadline: Option<Timestamp>) {
    match deadline {
        Some(at) => app.clock.sleep_until(at).await,
        None => std::future::pending().await,
    }
}

async fn say(app: &App, socket: &mut WebSocket, message: &ServerMessage) -> Result<(), ()> {
    app.metrics.said(message);
    let frame =
        message.encode().map_err(|error| tracing::error!(%error, "a message cannot be encoded"))?;
    send(app, socket, Message::Binary(frame.into())).await
}

async fn send(app: &App, socket: &mut WebSocket, message: Message) -> Result<(), ()> {
    tokio::select! {
        // What the peer takes at once needs no timer.
        biased;
        sent = socket.send(message) => sent.map_err(|_| ()),
        () = app.clock.sleep_until(app.now() + SEND_DEADLINE) => Err(()),
    }
}

/// Reads a frame, which may hold a token or a file of the chip, and erases it.
fn read(frame: Bytes) -> Result<Option<ClientMessage>, DecodeError> {
    let message = ClientMessage::decode(&frame);
    if let Ok(mut frame) = frame.try_into_mut() {
        frame.as_mut().zeroize();
    }
    message
}

fn is_too_long(message: &Result<Message, axum::Error>) -> bool {
    use std::error::Error as _;
    let Err(error) = message else { return false };
    error
        .source()
        .and_then(|source| source.downcast_ref())
        .is_some_and(|error| matches!(error, tokio_tungstenite::tungstenite::Error::Capacity(_)))
}

fn internal(error: &StoreError) -> SocketCode {
    tracing::error!(%error, "a socket failed");
    SocketCode::InternalError
}

/// The error message of a code.
pub(super) fn error(code: SocketCode) -> ServerMessage {
    ServerMessage::Error { code: code.to_string(), message: text(code).to_owned() }
}

/// What people are told. At most 255 bytes: deployed phones drop a longer text.
fn text(code: SocketCode) -> &'static str {
    use SocketCode as C;
    match code {
        C::InvalidSessionId => "This is not a session id.",
        C::SessionNotFound => "There is no such session.",
        C::SessionExpired => "The session has ended.",
        C::SessionCancelled => "The session was cancelled.",
        C::HelloAuthRequired => {
            "The hello lacks a credential, or names another attempt than before."
        }
        C::AttemptNotFound => "The attempt does not exist or has ended.",
        C::HandoffTokenInvalid => "The handoff link is not valid.",
        C::HandoffTokenExpired => "The handoff link was not used in time. Scan a new code.",
        C::HandoffTokenConsumed => "The handoff link was used before.",
        C::HandoffDeviceMismatch => "Another device has claimed this session.",
        C::RateLimited => "Too much at once. Wait a moment and connect again.",
        C::PongMissing => "The phone was not heard of any more. Connect again.",
        C::ConnectionIdle => "Nothing came for a long time. Connect again to go on.",
        C::DeviceProofRequired => "This session needs a proof of the device's key.",
        C::DeviceProofInvalid => "The proof of the device's key does not hold.",
        C::MatchCodeUnsupported => {
            "A code has to be compared with the page, which this app or the page cannot do."
        }
        C::NetworkMismatch => "The phone has to be in the same network as the page.",
        C::MatchCodeWrong => "This is not the code on the page. The session has ended.",
        C::MatchCodeRequired => "Choose the code that the page shows first.",
        C::TooManyConnections => "The session has too many open connections.",
        C::AttemptConnectionActive => "Another connection of this device has taken over.",
        C::FrameTooLarge => "The message is larger than 262144 bytes.",
        C::InternalError => "The server could not go on. Connect again.",
        C::HelloRequired => "Say hello first.",
        C::InvalidMessage => "Messages are binary.",
        C::DecodeFailed => "The message cannot be read.",
        C::PhaseOutOfOrder => "This does not come next.",
        C::NfcDataPhaseRequired => "Chip files are taken in phase nfc_reading only.",
        C::SelfieDataPhaseRequired => "Selfies are taken in phase selfie_capturing only.",
        C::NfcRequiredDataMissing => "Chip files are missing.",
        C::SelfieRequiredDataMissing => "Selfies are missing.",
        C::DataChunkRetry => "Send the chunk again.",
        C::TransferTooLarge => "This connection has sent too many bytes.",
        C::ArtifactTooLarge => "The file is larger than 8 MiB.",
        C::ChunkTotalTooLarge => "A file has at most 256 chunks.",
        C::UnknownDataKind => "This kind of data is not known here.",
        C::ActiveAuthPayloadInvalid => "The payload is an 8-byte challenge and a signature.",
        C::ChipAuthOutOfOrder => "The chip was not asked for this.",
        C::ChipAccessInvalid => "This way of access to a chip is not known here.",
        C::ShareSelectionRequired => "Select at least one field.",
        C::ShareSelectionInvalidField => "A selected field is not part of the request.",
        C::ShareSelectionMissingRequired => "A required field is not selected.",
    }
}
