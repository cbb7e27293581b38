//! A conversation over a WebSocket.

#![expect(
    clippy::disallowed_methods,
    reason = "the phone's own edge: it waits by the machine's clock; the conversation takes no time"
)]

mod wire;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use protocol::{
    DecodeError, EncodeError, HandoffContext, HandoffLink, SecretBytes, SecretText, ServerMessage,
    ShareRequest,
};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::http::header::RETRY_AFTER;
use tokio_tungstenite::tungstenite::http::{HeaderMap, StatusCode};
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use url::Url;

use crate::conversation::{
    Action, BACKOFF, ChipReading, Confirmation, Conversation, Device, Event, Outcome, Progress,
    ShareChoice, Source,
};
use crate::device::DeviceKey;
use wire::Wire;

/// A phone with everything it needs for one attempt.
#[derive(Clone, Debug)]
pub struct Phone {
    /// What was scanned.
    pub link: HandoffLink,
    /// Tells this device from others, where it has no key; the same whenever an
    /// attempt is resumed.
    pub device_id: SecretText,
    /// The key that it proves instead.
    pub device_key: Option<Arc<dyn DeviceKey>>,
    /// Version of the app; may be empty.
    pub app_version: String,
    /// What the chip gave, or that it is at hand.
    pub source: Source,
    /// Three photos of the holder, JPEG.
    pub selfies: [SecretBytes; 3],
    /// How patient it is.
    pub timing: Timing,
}

/// How long a phone waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// For the server's next message, for a connection to open, and at most before
    /// a try to reconnect, where the server asks for it with `Retry-After`.
    pub reply: Duration,
    /// Before each try to reconnect, at least.
    pub backoff: [Duration; 5],
}

impl Default for Timing {
    fn default() -> Self {
        Self { reply: Duration::from_secs(60), backoff: BACKOFF }
    }
}

/// The person and the chip at this phone.
///
/// What asks the chip or the person waits for them. On a runtime of several threads
/// other tasks go on meanwhile, and the server's pings are answered.
pub trait Holder {
    /// Chooses what to share.
    fn choose(&mut self, request: &ShareRequest) -> ShareChoice;

    /// Says whether the page is theirs, and which of the choices it shows, if there
    /// are any; `None` when there is nobody to ask. Shows who asks, and from where
    /// the page was opened.
    fn confirm(&mut self, context: &HandoffContext) -> Option<Confirmation>;

    /// Reads the chip, where [`Phone::source`] says that one is at hand, and tells how much of
    /// it is read, in percent; `None` when it could not be read.
    fn read(&mut self, on_progress: &mut dyn FnMut(u8)) -> Option<ChipReading> {
        let _ = on_progress;
        None
    }

    /// Relays commands of the server to the chip, as [`Action::Relay`] says;
    /// `None` when the chip's answers could not be had.
    fn relay(&mut self, commands: &[SecretBytes], protected: bool) -> Option<Vec<SecretBytes>> {
        let _ = (commands, protected);
        None
    }

    /// Lets the chip sign the challenge, if a chip is at hand.
    fn sign(&mut self, challenge: &[u8]) -> Option<Vec<u8>> {
        let _ = challenge;
        None
    }

    /// Hears how far it has come, and whether the network is to be kept: an app
    /// that goes to the background drops it and resumes later.
    fn progress(&mut self, progress: Progress) -> Connection {
        let _ = progress;
        Connection::Keep
    }
}

/// Whether to keep the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Go on.
    Keep,
    /// Drop it without a word, as a lost network does.
    Drop,
}

/// Why a conversation could not be held. How a held one ended is an [`Outcome`].
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// The API's base URL is not http(s) or ws(s) with a host.
    #[error("the API base URL cannot be used for a WebSocket")]
    ApiBase,
    /// The server answered the upgrade with an HTTP error.
    #[error("the server refused the WebSocket with HTTP status {0}")]
    Upgrade(u16),
    /// The server sent something that is no message.
    #[error("the server sent an invalid message: {0}")]
    Decode(#[from] DecodeError),
    /// A message is too large to be sent.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl Phone {
    /// A phone with the usual patience.
    #[must_use]
    pub fn new(
        link: HandoffLink,
        device_id: SecretText,
        app_version: String,
        source: impl Into<Source>,
        selfies: [SecretBytes; 3],
    ) -> Self {
        let source = source.into();
        let timing = Timing::default();
        Self { link, device_id, device_key: None, app_version, source, selfies, timing }
    }

    /// With a key to prove; its hash is the device id.
    #[must_use]
    pub fn with_device_key(mut self, key: Arc<dyn DeviceKey>) -> Self {
        self.device_key = Some(key);
        self
    }

    /// Holds the conversation with the API at `api_base` to its end, for a holder
    /// who knows the page, as long as there is no number to compare.
    ///
    /// # Errors
    /// When the URL cannot be used, the server refuses the upgrade or sends
    /// something that is no message. A lost connection is no error: it is
    /// opened again, and in the end is [`Outcome::LostConnection`].
    pub async fn run(
        &self,
        api_base: &Url,
        choose: impl FnMut(&ShareRequest) -> ShareChoice,
        on_progress: impl FnMut(Progress),
    ) -> Result<Outcome, PhoneError> {
        let mut holder = Closures { choose, on_progress };
        self.run_with(api_base, &mut holder).await
    }

    /// As [`Phone::run`], with a holder who is asked, a chip that signs and a network
    /// that can go away.
    ///
    /// It is not for a [`LocalSet`](tokio::task::LocalSet) on a runtime of
    /// several threads, where nothing may wait.
    ///
    /// # Errors
    /// As [`Phone::run`].
    pub async fn run_with(
        &self,
        api_base: &Url,
        holder: &mut impl Holder,
    ) -> Result<Outcome, PhoneError> {
        let url = socket_url(api_base, self.link.session_id())?;
        let device = match &self.device_key {
            None => Device::Id(self.device_id.clone()),
            Some(key) => {
                Device::Key { public_point: key.public_point(), origin: origin(api_base)? }
            }
        };
        let mut conversation = Conversation::new(
            &self.link,
            device,
            self.app_version.clone(),
            self.source.clone(),
            self.selfies.clone(),
        )
        .with_backoff(self.timing.backoff);
        let (mut wire, mut asked) = connect(&url, self.timing.reply).await?;
        let mut events = VecDeque::from([opened(&wire)]);
        loop {
            let event = match events.pop_front() {
                Some(event) => event,
                None => receive(&mut wire, self.timing.reply).await?,
            };
            for action in conversation.handle(event) {
                match action {
                    Action::Send(message) => send(&wire, message.encode()?).await,
                    Action::ProveDevice { statement } => {
                        let key = self.device_key.as_ref();
                        let sign = || key.and_then(|key| key.sign(statement.as_bytes()));
                        events.push_back(Event::DeviceProof(waiting(sign)));
                    }
                    Action::Confirm(context) => {
                        let answer = waiting(|| holder.confirm(&context));
                        events.push_back(Event::Confirmed(answer));
                    }
                    Action::Sign { challenge } => {
                        let signature = waiting(|| holder.sign(&challenge));
                        events.push_back(Event::Signed(signature.map(SecretBytes::from)));
                    }
                    Action::ReadChip => {
                        let mut tell = |percent| {
                            mention(&wire, conversation.handle(Event::ChipProgress(percent)));
                        };
                        let reading = waiting(|| holder.read(&mut tell));
                        events.push_back(Event::ChipRead(reading.map(Box::new)));
                    }
                    Action::Relay { commands, protected } => {
                        let answers = waiting(|| holder.relay(&commands, protected));
                        events.push_back(Event::Relayed(answers));
                    }
                    Action::AskShare(request) => {
                        let choice = waiting(|| holder.choose(&request));
                        events.push_back(Event::Answer(choice));
                    }
                    Action::Reconnect { after } => {
                        drop(wire.take());
                        sleep(after.max(asked)).await;
                        (wire, asked) = connect(&url, self.timing.reply).await?;
                        events = VecDeque::from([opened(&wire)]);
                    }
                    Action::Progress(progress) => {
                        if holder.progress(progress) == Connection::Drop {
                            drop(wire.take());
                        }
                    }
                    Action::Finish(outcome) => {
                        if let Some(wire) = wire {
                            // The outcome stands whether or not the server hears this.
                            wire.close(self.timing.reply).await;
                        }
                        return Ok(outcome);
                    }
                }
            }
        }
    }
}

/// Waits for the chip or the person without holding up other tasks, where the
/// runtime has another thread for them.
fn waiting<T>(ask: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => block_in_place(ask),
        _ => ask(),
    }
}

struct Closures<C, P> {
    choose: C,
    on_progress: P,
}

impl<C, P> Holder for Closures<C, P>
where
    C: FnMut(&ShareRequest) -> ShareChoice,
    P: FnMut(Progress),
{
    fn choose(&mut self, request: &ShareRequest) -> ShareChoice {
        (self.choose)(request)
    }

    fn confirm(&mut self, context: &HandoffContext) -> Option<Confirmation> {
        context.choices.is_empty().then_some(Confirmation::Mine)
    }

    fn progress(&mut self, progress: Progress) -> Connection {
        (self.on_progress)(progress);
        Connection::Keep
    }
}

/// What the device key vouches to: the origin of the URL, as http(s).
fn origin(api_base: &Url) -> Result<String, PhoneError> {
    let mut url = api_base.clone();
    let scheme = match api_base.scheme() {
        "https" | "wss" => "https",
        "http" | "ws" => "http",
        _ => return Err(PhoneError::ApiBase),
    };
    url.set_scheme(scheme).map_err(|()| PhoneError::ApiBase)?;
    Ok(url.origin().ascii_serialization())
}

/// `ws(s)://<host>/v1/verify/session/<id>`, below the base's own path.
fn socket_url(api_base: &Url, session_id: &str) -> Result<Url, PhoneError> {
    let scheme = match api_base.scheme() {
        "https" | "wss" => "wss",
        "http" | "ws" => "ws",
        _ => return Err(PhoneError::ApiBase),
    };
    let mut url = api_base.clone();
    url.set_scheme(scheme).map_err(|()| PhoneError::ApiBase)?;
    url.set_query(None);
    url.set_fragment(None);
    url.path_segments_mut()
        .map_err(|()| PhoneError::ApiBase)?
        .pop_if_empty()
        .extend(["v1", "verify", "session", session_id]);
    Ok(url)
}

/// Opens a socket; `None` when there is no connection for now, with how long the
/// server asks to be left alone.
async fn connect(url: &Url, patience: Duration) -> Result<(Option<Wire>, Duration), PhoneError> {
    match timeout(patience, Wire::open(url)).await {
        Ok(Ok(wire)) => Ok((Some(wire), Duration::ZERO)),
        Ok(Err(SocketError::Http(response))) if passes(response.status()) => {
            Ok((None, retry_after(response.headers()).min(patience)))
        }
        Ok(Err(SocketError::Http(response))) => {
            Err(PhoneError::Upgrade(response.status().as_u16()))
        }
        Ok(Err(SocketError::Url(_))) => Err(PhoneError::ApiBase),
        Ok(Err(_)) | Err(_) => Ok((None, Duration::ZERO)),
    }
}

/// Whether a refusal of the upgrade is one of this moment. Too many requests may be
/// those of strangers behind the same address.
fn passes(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
}

/// The seconds of `Retry-After` (RFC 9110 §10.2.3), zero without; a date is not read.
fn retry_after(headers: &HeaderMap) -> Duration {
    let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    Duration::from_secs(seconds.unwrap_or(0))
}

fn opened(wire: &Option<Wire>) -> Event {
    match wire {
        Some(_) => Event::Connected,
        None => Event::Disconnected,
    }
}

async fn send(wire: &Option<Wire>, frame: Vec<u8>) {
    if let Some(open) = wire {
        open.send(Message::binary(frame)).await;
    }
}

/// Sends what may as well get lost, without waiting: the chip is being read.
fn mention(wire: &Option<Wire>, actions: Vec<Action>) {
    let Some(open) = wire else { return };
    for action in actions {
        if let Action::Send(message) = action
            && let Ok(frame) = message.encode()
        {
            open.mention(Message::binary(frame));
        }
    }
}

/// The next event of the socket. Silence is a lost connection.
async fn receive(wire: &mut Option<Wire>, patience: Duration) -> Result<Event, PhoneError> {
    let Some(open) = wire else {
        return Ok(Event::Disconnected);
    };
    let next = async {
        loop {
            match open.next().await {
                Some(Message::Binary(frame)) => {
                    if let Some(message) = ServerMessage::decode(&frame)? {
                        return Ok(Event::Message(message));
                    }
                }
                Some(Message::Ping(_) | Message::Pong(_) | Message::Text(_)) => {}
                Some(Message::Close(_) | Message::Frame(_)) | None => {
                    return Ok(Event::Disconnected);
                }
            }
        }
    };
    timeout(patience, next).await.unwrap_or(Ok(Event::Disconnected))
}

#[cfg(test)]
mod tests {
    use tokio_tungstenite::tungstenite::http::HeaderValue;

    use super::*;

    #[test]
    fn retry_after_is_read_in_seconds() {
        for (value, seconds) in [
            ("5", 5),
            ("0", 0),
            ("-1", 0),
            ("1.5", 0),
            ("Fri, 31 Dec 1999 23:59:59 GMT", 0),
            ("99999999999999999999999", 0),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(value))]);
            assert_eq!(retry_after(&headers), Duration::from_secs(seconds), "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), Duration::ZERO);
    }
}
