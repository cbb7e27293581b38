//! The handoff link: how a page hands a session to a phone.
//!
//! Three spellings of one JSON object: an https link with the object in the
//! fragment (which no server ever sees), the custom scheme that deployed apps
//! read, and the bare object.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use url::{Host, Url};
use zeroize::Zeroizing;

use crate::SecretText;

/// Everything a phone needs to claim one attempt of one session.
#[derive(Clone, PartialEq, Eq)]
pub struct HandoffLink {
    session_id: String,
    attempt_id: String,
    mobile_write_token: SecretText,
    expires_at: Timestamp,
    cancel_token: Option<SecretText>,
    api: Option<Url>,
    flow: Option<Flow>,
}

/// The way a link took to the phone, as the page that made it says. A hint: whoever
/// passes a link on can write what he likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The page is on the phone itself: a button was pressed.
    SameDevice,
    /// The page is on another device: a code was scanned, or the link was carried over.
    CrossDevice,
}

impl Flow {
    /// Both.
    pub const ALL: [Self; 2] = [Self::SameDevice, Self::CrossDevice];

    /// `same_device` or `cross_device`, as in the link and in `hello`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SameDevice => "same_device",
            Self::CrossDevice => "cross_device",
        }
    }

    /// Reads [`Flow::as_str`]; anything else is unknown.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flow| flow.as_str() == text)
    }
}

/// Why a text is not a usable handoff link. Holds nothing of the link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Nothing was given.
    #[error("the link is empty")]
    Empty,
    /// More than [`HandoffLink::MAX_BYTES`].
    #[error("the link has more than {} bytes", HandoffLink::MAX_BYTES)]
    TooLong,
    /// Neither a known scheme, nor a verify link, nor JSON.
    #[error("not a handoff link: expected kayle-id://…, an https link with #handoff=…, or JSON")]
    UnknownForm,
    /// A verify page was scanned instead of its code.
    #[error("the link has no #handoff= part: scan the code on the page, not the page's address")]
    NoPayload,
    /// The payload is not a JSON object with texts as members.
    #[error("the payload is not the expected JSON: is the link complete?")]
    NotJson,
    /// A required member is absent or empty.
    #[error("the payload lacks `{0}`: is the link complete?")]
    Missing(&'static str),
    /// A member has the wrong form.
    #[error("`{0}` has the wrong form")]
    Invalid(&'static str),
    /// The address and the payload name different sessions.
    #[error("the link's address and its payload name different sessions")]
    SessionMismatch,
    /// An https link on one host names the API of another.
    #[error("the link's address and its `api` are different servers: this is not that host's link")]
    ApiMismatch,
    /// The token's time is over.
    #[error("the link has expired: reload the page for a new code")]
    Expired,
}

impl HandoffLink {
    /// Version of the payload.
    pub const VERSION: u32 = 1;
    /// Longest link that is read, in bytes.
    pub const MAX_BYTES: usize = 4_096;
    /// How long after its expiry a phone still tries a link, for clocks that
    /// disagree; the server decides by its own.
    pub const LEEWAY: SignedDuration = SignedDuration::from_secs(30);

    /// A link for one attempt. `expires_at` is cut to milliseconds, as it travels.
    ///
    /// # Errors
    /// When an id has the wrong form or the token is empty.
    pub fn new(
        session_id: &str,
        attempt_id: &str,
        mobile_write_token: SecretText,
        expires_at: Timestamp,
    ) -> Result<Self, LinkError> {
        if !is_session_id(session_id) {
            return Err(LinkError::Invalid("session_id"));
        }
        if !is_attempt_id(attempt_id) {
            return Err(LinkError::Invalid("attempt_id"));
        }
        if mobile_write_token.expose().trim().is_empty() {
            return Err(LinkError::Missing("mobile_write_token"));
        }
        let millisecond = expires_at.as_millisecond();
        Ok(Self {
            session_id: session_id.to_owned(),
            attempt_id: attempt_id.to_owned(),
            mobile_write_token,
            expires_at: Timestamp::from_millisecond(millisecond)
                .map_err(|_| LinkError::Invalid("expires_at"))?,
            cancel_token: None,
            api: None,
            flow: None,
        })
    }

    /// Adds the token with which the phone can cancel the session.
    #[must_use]
    pub fn with_cancel_token(mut self, cancel_token: SecretText) -> Self {
        self.cancel_token = (!cancel_token.is_empty()).then_some(cancel_token);
        self
    }

    /// Adds the base URL of the API that the phone shall talk to.
    ///
    /// # Errors
    /// When it is not https (or http on this machine), or carries credentials.
    pub fn with_api(mut self, api: Url) -> Result<Self, LinkError> {
        if !is_api(&api) {
            return Err(LinkError::Invalid("api"));
        }
        self.api = Some(api);
        Ok(self)
    }

    /// Says which way the link takes. Attempt and token are the same either way.
    #[must_use]
    pub fn with_flow(mut self, flow: Flow) -> Self {
        self.flow = Some(flow);
        self
    }

    /// Reads a link in any of its spellings: `https://…/open/<session id>#handoff=…`
    /// or any other path that ends in the session, `kayle-id://`, `kayle://`,
    /// `kayle-id:`, `kayle:`, or bare JSON; percent-encoded or not.
    ///
    /// The API of an https link is at the origin of its address, whether or not the
    /// payload names it: that host is what the person was shown, and what vouches
    /// for the app.
    ///
    /// # Errors
    /// When the text is no link, a member is missing or malformed, or address and
    /// payload contradict each other. An expired link parses; see
    /// [`HandoffLink::check_fresh`].
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(LinkError::Empty);
        }
        if text.len() > Self::MAX_BYTES {
            return Err(LinkError::TooLong);
        }
        if text.starts_with('{') {
            return parse_payload(text);
        }
        if let Some(rest) = strip_scheme(text, &["kayle-id://", "kayle://", "kayle-id:", "kayle:"])
        {
            return parse_payload(rest.strip_prefix('/').unwrap_or(rest));
        }
        if strip_scheme(text, &["https://", "http://"]).is_some() {
            return parse_web_link(text);
        }
        Err(LinkError::UnknownForm)
    }

    /// Refuses a link more than [`HandoffLink::LEEWAY`] past its expiry.
    ///
    /// # Errors
    /// [`LinkError::Expired`].
    pub fn check_fresh(&self, now: Timestamp) -> Result<(), LinkError> {
        if now.duration_since(self.expires_at) > Self::LEEWAY {
            return Err(LinkError::Expired);
        }
        Ok(())
    }

    /// The link with the custom scheme, byte for byte as deployed apps expect it.
    #[must_use]
    pub fn to_scheme_uri(&self) -> SecretText {
        let payload = self.to_encoded_payload();
        SecretText::from(["kayle-id://", payload.expose()].concat())
    }

    /// The link as `<verify base>/open/<session id>#handoff=<payload>`: a path of
    /// its own, so that an app can claim `/open/*` and leave the page to the browser.
    #[must_use]
    pub fn to_https(&self, verify_base: &Url) -> SecretText {
        let mut base = verify_base.clone();
        base.set_query(None);
        base.set_fragment(None);
        let base = base.as_str().trim_end_matches('/');
        let payload = self.to_encoded_payload();
        SecretText::from([base, "/open/", &self.session_id, "#handoff=", payload.expose()].concat())
    }

    /// The payload as JSON, as `POST …/handoff` answers it.
    #[must_use]
    pub fn to_json(&self) -> SecretText {
        let expires_at = format!("{:.3}", self.expires_at);
        let payload = WrittenPayload {
            v: Self::VERSION,
            session_id: &self.session_id,
            attempt_id: &self.attempt_id,
            mobile_write_token: self.mobile_write_token.expose(),
            expires_at: &expires_at,
            cancel_token: self.cancel_token.as_ref().map(SecretText::expose),
            api: self.api.as_ref().map(Url::as_str),
            flow: self.flow.map(Flow::as_str),
        };
        SecretText::from(serde_json::to_string(&payload).unwrap_or_default())
    }

    /// The session, `vs_…`.
    #[must_use]
    pub fn session_id(&self) -> &str {
        &self.session_id
    }

    /// The attempt, `va_…`.
    #[must_use]
    pub fn attempt_id(&self) -> &str {
        &self.attempt_id
    }

    /// The token that claims the attempt.
    #[must_use]
    pub fn mobile_write_token(&self) -> &SecretText {
        &self.mobile_write_token
    }

    /// When the token can no longer claim the attempt.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The token that cancels the session.
    #[must_use]
    pub fn cancel_token(&self) -> Option<&SecretText> {
        self.cancel_token.as_ref()
    }

    /// Base URL of the API, when the link names it; an https link always does.
    #[must_use]
    pub fn api(&self) -> Option<&Url> {
        self.api.as_ref()
    }

    /// Which way the link took, when it says so.
    #[must_use]
    pub fn flow(&self) -> Option<Flow> {
        self.flow
    }

    fn to_encoded_payload(&self) -> SecretText {
        let json = self.to_json();
        SecretText::from(utf8_percent_encode(json.expose(), COMPONENT).to_string())
    }
}

impl fmt::Debug for HandoffLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandoffLink")
            .field("session_id", &self.session_id)
            .field("attempt_id", &self.attempt_id)
            .field("expires_at", &self.expires_at)
            .field("api", &self.api)
            .field("flow", &self.flow)
            .finish_non_exhaustive()
    }
}

/// `^vs_[A-Za-z0-9]{64}$`.
fn is_session_id(id: &str) -> bool {
    id.strip_prefix("vs_").is_some_and(|random| {
        random.len() == 64 && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// `va_` and anything a server may issue: only the server knows its attempts.
fn is_attempt_id(id: &str) -> bool {
    id.strip_prefix("va_").is_some_and(|random| {
        (1..=128).contains(&random.len()) && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// A phone sends passport data there: plain http only within this machine.
fn is_api(api: &Url) -> bool {
    let local = match api.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    (api.scheme() == "https" || (api.scheme() == "http" && local))
        && api.has_host()
        && api.username().is_empty()
        && api.password().is_none()
}

fn strip_scheme<'a>(text: &'a str, schemes: &[&str]) -> Option<&'a str> {
    schemes.iter().find_map(|scheme| {
        let (head, rest) = text.split_at_checked(scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then_some(rest)
    })
}

fn parse_web_link(text: &str) -> Result<HandoffLink, LinkError> {
    let (address, fragment) = text.split_once('#').ok_or(LinkError::NoPayload)?;
    let payload = fragment
        .split('&')
        .find_map(|part| part.strip_prefix("handoff="))
        .ok_or(LinkError::NoPayload)?;
    let link = parse_payload(payload)?;
    let address = Url::parse(address).map_err(|_| LinkError::UnknownForm)?;
    let named = address
        .path_segments()
        .and_then(|mut segments| segments.rfind(|segment| !segment.is_empty()));
    if named != Some(link.session_id()) {
        return Err(LinkError::SessionMismatch);
    }
    match link.api() {
        Some(api) if api.origin() == address.origin() => Ok(link),
        Some(_) => Err(LinkError::ApiMismatch),
        None => {
            let origin = address.origin().ascii_serialization();
            link.with_api(Url::parse(&origin).map_err(|_| LinkError::UnknownForm)?)
        }
    }
}

fn parse_payload(payload: &str) -> Result<HandoffLink, LinkError> {
    if payload.is_empty() {
        return Err(LinkError::Empty);
    }
    // Raw JSON first: a percent sign inside it is a percent sign.
    let read: ReadPayload = match serde_json::from_str(payload) {
        Ok(read) => read,
        Err(_) => {
            let decoded =
                percent_decode_str(payload).decode_utf8().map_err(|_| LinkError::NotJson)?;
            let decoded = Zeroizing::new(decoded.into_owned());
            serde_json::from_str(&decoded).map_err(|_| LinkError::NotJson)?
        }
    };
    read.check()
}

/// `encodeURIComponent`: everything but `A-Z a-z 0-9 - _ . ! ~ * ' ( )`.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// The members in the order in which they are written; `api` and `flow` are ours,
/// last, and ignored by other apps.
#[derive(Serialize)]
struct WrittenPayload<'a> {
    v: u32,
    session_id: &'a str,
    attempt_id: &'a str,
    mobile_write_token: &'a str,
    expires_at: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flow: Option<&'a str>,
}

/// The members as read; others, and `v`, are ignored.
#[derive(Deserialize)]
struct ReadPayload {
    session_id: Option<String>,
    attempt_id: Option<String>,
    mobile_write_token: Option<Zeroizing<String>>,
    expires_at: Option<String>,
    cancel_token: Option<Zeroizing<String>>,
    api: Option<String>,
    flow: Option<String>,
}

impl ReadPayload {
    fn check(self) -> Result<HandoffLink, LinkError> {
        let session_id = self.session_id.ok_or(LinkError::Missing("session_id"))?;
        let attempt_id = self.attempt_id.ok_or(LinkError::Missing("attempt_id"))?;
        let token = self.mobile_write_token.ok_or(LinkError::Missing("mobile_write_token"))?;
        let expires_at = self
            .expires_at
            .ok_or(LinkError::Missing("expires_at"))?
            .parse()
            .map_err(|_| LinkError::Invalid("expires_at"))?;
        let mut link =
            HandoffLink::new(&session_id, &attempt_id, token.as_str().into(), expires_at)?;
        if let Some(cancel_token) = &self.cancel_token {
            link = link.with_cancel_token(cancel_token.as_str().into());
        }
        link.flow = self.flow.as_deref().and_then(Flow::parse);
        match self.api {
            None => Ok(link),
            Some(api) => link.with_api(Url::parse(&api).map_err(|_| LinkError::Invalid("api"))?),
        }
    }
}
