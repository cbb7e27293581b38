//! `GET /{session}/events` and `GET /{session}/live`: what the page follows, as server-sent events
//! and as a long poll.
//!
//! Both say the same, made by one function from what is committed. Wake-ups say only that something
//! changed; nobody is sent more than the newest state, however slowly it reads.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use domain::attempt::{AttemptState, FailureCode};
use domain::id::SessionId;
use domain::key::hex;
use domain::session::Session;
use domain::time::Timestamp;
use futures_util::stream::{self, Stream};
use serde::{Deserialize, Serialize};

use super::case::Case;
use super::present::Presented;
use super::reader::Reader;
use super::screen::is_bound;
use crate::app::App;
use crate::browser::Browser;
use crate::client_address::ClientAddress;
use crate::envelope::ApiError;
use crate::hub::Subscription;
use crate::limits::FollowerPlaces;
use crate::path::PathText;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/{session}/live", get(poll)).route("/{session}/events", get(events))
}

/// How long an answer is held back; shorter than proxies wait for one.
const HOLD: Duration = Duration::from_secs(20);

/// How often a stream that says nothing shows that it is there.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long a stream lives. The browser opens the next one.
const STREAM_LIFE: Duration = Duration::from_secs(10 * 60);

/// How long a browser waits before it opens the next one.
const RETRY: Duration = Duration::from_secs(1);

/// After what time whoever finds no place shall ask again.
const NO_PLACE: Duration = Duration::from_secs(5);

/// Tells a proxy to hand on what comes instead of collecting it (nginx).
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

#[derive(Deserialize)]
struct Following {
    /// The revision of the last answer.
    seen: Option<String>,
}

/// Where the session stands.
#[derive(Serialize)]
struct Live {
    #[serde(flatten)]
    view: LiveView,
    /// What is left of the session; none when it has ended.
    session_remaining_ms: Option<u64>,
    /// Names what is said here, but for remaining times: equal answers have equal revisions.
    revision: String,
}

#[derive(Serialize)]
struct LiveView {
    /// The name of the screen.
    screen: &'static str,
    /// The title of the document.
    title: String,
    /// What is read out when the screen appears.
    announce: String,
    /// The fragment of the page.
    html: String,
    /// The language of it.
    lang: &'static str,
    status: &'static str,
    is_terminal: bool,
    /// Whether a phone has claimed it; no other one can any more.
    claimed: bool,
    /// Of the latest attempt, if it failed.
    failure_code: Option<&'static str>,
    /// Whether the same phone may try again.
    retry_allowed: bool,
    redirect_url: Option<String>,
    /// The phone that holds it, for the browser that opened it.
    phone: Option<PhoneView>,
    /// What to choose on the phone, for the browser that opened it and while it is asked for.
    match_code: Option<String>,
}

#[derive(Serialize)]
struct PhoneView {
    /// Whether it is seen in the network of this page: `same`, `different` or `unknown`.
    network: &'static str,
    /// Whether it proved the key of its device.
    device_proof: bool,
}

async fn poll(
    State(app): State<App>,
    PathText(id): PathText,
    Query(following): Query<Following>,
    address: ClientAddress,
    reader: Reader,
    browser: Browser,
) -> Result<Json<Live>, ApiError> {
    let follower = Follower { session: parse(&id)?, reader, browser, app };
    let until = follower.app.now() + HOLD;
    // Listening before reading: no change can fall between the two. Who finds no place is answered
    // at once.
    let mut place = following.seen.as_ref().and_then(|_| follower.place(address));
    loop {
        let live = follower.look().await?;
        let Some((changes, _)) = place.as_mut() else { return Ok(Json(live)) };
        if following.seen.as_deref() != Some(&live.revision) || follower.app.now() >= until {
            return Ok(Json(live));
        }
        if follower.wait(changes, until).await == Woken::Stopping {
            return Ok(Json(live));
        }
    }
}

async fn events(
    State(app): State<App>,
    PathText(id): PathText,
    address: ClientAddress,
    reader: Reader,
    browser: Browser,
) -> Result<Response, ApiError> {
    let follower = Follower { session: parse(&id)?, reader, browser, app };
    let Some((changes, places)) = follower.place(address) else {
        return Ok(ApiError::too_many_sockets(NO_PLACE));
    };
    // What is refused is refused before a stream begins.
    let first = follower.look().await?;
    let until = follower.app.now() + STREAM_LIFE;
    let feed = Feed { follower, changes, _places: places, sent: None, next: Some(first), until };
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (ACCEL_BUFFERING, HeaderValue::from_static("no")),
    ];
    Ok((headers, Sse::new(feed.into_stream())).into_response())
}

fn parse(id: &str) -> Result<SessionId, ApiError> {
    id.parse().map_err(|_| ApiError::invalid_session_id())
}

/// A browser that follows a session.
struct Follower {
    app: App,
    session: SessionId,
    reader: Reader,
    browser: Browser,
}

/// Why a wait is over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Woken {
    /// The session may have changed.
    Changed,
    /// The time has come.
    TimedOut,
    /// The server stops.
    Stopping,
}

impl Follower {
    /// A place among those who follow the session; `None` if its address or the session has too many.
    fn place(&self, address: ClientAddress) -> Option<(Subscription, FollowerPlaces)> {
        let places = self.app.limits.follower(&self.session, address)?;
        Some((self.app.hub.subscribe(&self.session)?, places))
    }

    async fn look(&self) -> Result<Live, ApiError> {
        let Self { app, session: id, reader, browser } = self;
        let case = Case::load(app, id).await?.ok_or_else(ApiError::session_not_found)?;
        let visitor = browser.visitor(&app.keys, id);
        case.session.admit(&visitor)?;
        let screen = case.screen(app, &visitor);
        let presented = case.present(app, &screen, &visitor, reader, None)?;
        let is_terminal = case.session.is_terminal();
        let remaining = (!is_terminal).then(|| case.remaining_ms(app));
        let ends_at = case.session.expires_at;
        // After the claim anybody may follow, and only the browser that opened it may help the phone on.
        let is_bound = is_bound(&case.session, &visitor);
        let view = LiveView::of(case.session, presented, reader, is_bound, app);
        Live::of(view, remaining, ends_at)
    }

    async fn wait(&self, changes: &mut Subscription, until: Timestamp) -> Woken {
        tokio::select! {
            () = changes.changed() => Woken::Changed,
            () = self.app.clock.sleep_until(until) => Woken::TimedOut,
            () = self.app.shutdown.cancelled() => Woken::Stopping,
        }
    }
}

/// A stream of what changes, pulled by the connection: while a reader does not take what was sent,
/// nothing more is made for it.
struct Feed {
    follower: Follower,
    changes: Subscription,
    _places: FollowerPlaces,
    /// The revision that was sent last.
    sent: Option<String>,
    /// The first answer, until it is sent.
    next: Option<Live>,
    until: Timestamp,
}

impl Feed {
    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(Some(self), async |feed| feed?.step().await)
    }

    /// The next event, and the stream after it; `None` after the last one. A session that can no
    /// longer be read ends the stream, and the browser hears why when it opens the next.
    async fn step(mut self) -> Option<(Result<Event, Infallible>, Option<Self>)> {
        loop {
            // Also after a heartbeat: a session's time runs out without anybody's doing.
            let live = match self.next.take() {
                Some(first) => first,
                None => self.follower.look().await.ok()?,
            };
            if self.sent.as_ref() != Some(&live.revision) {
                let event = live.event().ok()?;
                let last = live.view.is_terminal;
                self.sent = Some(live.revision);
                return Some((Ok(event), (!last).then_some(self)));
            }
            let now = self.follower.app.now();
            if now >= self.until {
                return None;
            }
            let heartbeat = self.until.min(now + HEARTBEAT);
            match self.follower.wait(&mut self.changes, heartbeat).await {
                Woken::Changed => {}
                Woken::TimedOut => return Some((Ok(Event::default().comment("")), Some(self))),
                Woken::Stopping => return None,
            }
        }
    }
}

impl Live {
    fn of(
        view: LiveView,
        session_remaining_ms: Option<u64>,
        ends_at: Timestamp,
    ) -> Result<Self, ApiError> {
        let said = serde_json::to_vec(&(&view, ends_at.as_millis()))
            .map_err(|error| ApiError::internal(&error))?;
        let revision = hex(&openssl::sha::sha256(&said)[..8]);
        Ok(Self { view, session_remaining_ms, revision })
    }

    fn event(&self) -> Result<Event, serde_json::Error> {
        let said = serde_json::to_string(self)?;
        Ok(Event::default().event("screen").id(&self.revision).retry(RETRY).data(said))
    }
}

impl LiveView {
    fn of(
        session: Session,
        presented: Presented,
        reader: &Reader,
        is_bound: bool,
        app: &App,
    ) -> Self {
        let code = session.pending_match_codes(&app.keys).filter(|_| is_bound);
        let latest = session.latest_attempt();
        let failure = latest.and_then(|attempt| attempt.failure_code());
        Self {
            screen: presented.screen,
            title: presented.title,
            announce: presented.announce,
            html: presented.html,
            lang: reader.texts.locale().code(),
            status: session.status(),
            is_terminal: session.is_terminal(),
            claimed: session.same_device_only(),
            failure_code: failure.map(FailureCode::as_str),
            retry_allowed: latest
                .is_some_and(|attempt| matches!(attempt.state, AttemptState::Failed { .. }))
                && !session.is_terminal(),
            phone: session.live_claim().filter(|_| is_bound).map(|claim| PhoneView {
                network: claim.network.as_str(),
                device_proof: session.device_proven,
            }),
            match_code: code.map(|codes| codes.shown()),
            redirect_url: session.redirect_url,
        }
    }
}
