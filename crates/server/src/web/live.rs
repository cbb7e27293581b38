//! `GET /{session}/live`: what the page follows. An answer that would say nothing new is held back
//! until it does.

use std::time::Duration;

use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use domain::attempt::{AttemptState, Claim, FailureCode};
use domain::id::SessionId;
use domain::key::hex;
use domain::session::Session;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::browser::Browser;
use crate::envelope::ApiError;
use crate::path::PathText;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/{session}/live", get(live))
}

/// How long an answer is held back; shorter than proxies wait for one.
const HOLD: Duration = Duration::from_secs(20);

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
    /// Names what is said here: equal answers have equal revisions.
    revision: String,
}

#[derive(Serialize)]
struct LiveView {
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

async fn live(
    State(app): State<App>,
    PathText(id): PathText,
    Query(following): Query<Following>,
    browser: Browser,
) -> Result<Json<Live>, ApiError> {
    let id: SessionId = id.parse().map_err(|_| ApiError::invalid_session_id())?;
    let until = app.now() + HOLD;
    // Listening before reading: no change can fall between the two.
    let mut changes = following.seen.as_ref().and_then(|_| app.hub.subscribe(&id));
    loop {
        let live = Live::of(look(&app, &id, &browser).await?)?;
        let Some(changes) = changes.as_mut() else { return Ok(Json(live)) };
        if following.seen.as_deref() != Some(&live.revision) || app.now() >= until {
            return Ok(Json(live));
        }
        tokio::select! {
            () = changes.changed() => {}
            () = app.clock.sleep_until(until) => {}
            () = app.shutdown.cancelled() => return Ok(Json(live)),
        }
    }
}

impl Live {
    fn of(view: LiveView) -> Result<Self, ApiError> {
        let said = serde_json::to_vec(&view).map_err(|error| ApiError::internal(&error))?;
        let revision = hex(&openssl::sha::sha256(&said)[..8]);
        Ok(Self { view, revision })
    }
}

async fn look(app: &App, id: &SessionId, browser: &Browser) -> Result<LiveView, ApiError> {
    let session = app.store.read_session(id).await?.ok_or_else(ApiError::session_not_found)?;
    let session = session.at(app.now()).session;
    let visitor = browser.visitor(&app.keys, id);
    session.admit(&visitor)?;
    // After the claim anybody may follow, and only the browser that opened it may help the phone on.
    let bound = session.browser.as_ref().map(|browser| &browser.secret);
    let is_bound = bound.is_some() && visitor.secret() == bound;
    let code = session.pending_match_codes(&app.keys).filter(|_| is_bound);
    let latest = session.latest_attempt();
    let failure = latest.and_then(|attempt| attempt.failure_code());
    Ok(LiveView {
        status: session.status(),
        is_terminal: session.is_terminal(),
        claimed: session.same_device_only(),
        failure_code: failure.map(FailureCode::as_str),
        retry_allowed: latest
            .is_some_and(|attempt| matches!(attempt.state, AttemptState::Failed { .. }))
            && !session.is_terminal(),
        phone: claim_of(&session).filter(|_| is_bound).map(|claim| PhoneView {
            network: claim.network.as_str(),
            device_proof: session.device_proven,
        }),
        match_code: code.map(|codes| codes.shown()),
        redirect_url: session.redirect_url,
    })
}

fn claim_of(session: &Session) -> Option<&Claim> {
    match &session.live_attempt()?.state {
        AttemptState::Claimed(claim) => Some(claim),
        _ => None,
    }
}
