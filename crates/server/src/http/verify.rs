//! `/v1/verify/session/…`: what the page and the phone ask (REFERENCE 2).

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use domain::attempt::{AttemptState, FailureCode};
use domain::id::SessionId;
use domain::key::KeyedHash;
use domain::session::Session;
use serde::{Deserialize, Serialize};
use store::StoreError;

use super::json::{Body, NoBody, data};
use crate::app::App;
use crate::browser::Browser;
use crate::envelope::ApiError;
use crate::handoff;
use crate::iso::iso;
use crate::path::PathText;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/verify/session/{id}/handoff", post(mint))
        .route("/v1/verify/session/{id}/details", get(details))
        .route(
            "/v1/verify/session/{id}/status",
            get(status).options(preflight).layer(map_response(for_any_origin)),
        )
        .route("/v1/verify/session/{id}/cancel", post(cancel))
}

#[derive(Serialize)]
struct HandoffView {
    v: u8,
    session_id: String,
    attempt_id: String,
    mobile_write_token: String,
    expires_at: String,
    /// Where the phone finds this server; last, as in the link.
    api: String,
}

#[derive(Serialize)]
struct DetailsView {
    organization_name: String,
    session_id: String,
}

#[derive(Serialize)]
struct StatusView {
    session_id: String,
    status: &'static str,
    is_terminal: bool,
    completed_at: Option<String>,
    redirect_url: Option<String>,
    same_device_only: bool,
    latest_attempt: Option<LatestAttemptView>,
}

#[derive(Serialize)]
struct LatestAttemptView {
    id: String,
    status: &'static str,
    failure_code: Option<&'static str>,
    completed_at: Option<String>,
    handoff_claimed: bool,
    retry_allowed: bool,
}

#[derive(Deserialize)]
struct CancelBody {
    cancel_token: String,
}

async fn mint(
    State(app): State<App>,
    PathText(id): PathText,
    browser: Browser,
    _: NoBody,
) -> Result<impl IntoResponse, ApiError> {
    let session = parse(&id)?;
    let handoff = handoff::mint(&app, &session, browser.visitor(&app.keys, &session)).await?;
    Ok(data(HandoffView {
        v: 1,
        session_id: id,
        attempt_id: handoff.attempt.to_string(),
        mobile_write_token: handoff.token.reveal().to_owned(),
        expires_at: iso(handoff.expires_at),
        api: app.public_url.to_string(),
    }))
}

async fn details(
    State(app): State<App>,
    PathText(id): PathText,
    browser: Browser,
) -> Result<impl IntoResponse, ApiError> {
    let session = read(&app, &id).await?;
    session.admit(&browser.visitor(&app.keys, &session.id))?;
    let organization = app
        .store
        .read_organization(&session.organization)
        .await?
        .ok_or_else(ApiError::session_not_found)?;
    Ok(data(DetailsView { organization_name: organization.name, session_id: id }))
}

async fn status(
    State(app): State<App>,
    PathText(id): PathText,
) -> Result<impl IntoResponse, ApiError> {
    // Read only: a session past its time is shown as expired, and the sweep makes it so.
    let session = read(&app, &id).await?.at(app.now()).session;
    let latest_attempt = session.latest_attempt().map(|attempt| LatestAttemptView {
        id: attempt.id.to_string(),
        status: attempt.status(),
        failure_code: attempt.failure_code().map(FailureCode::as_str),
        completed_at: attempt.completed_at().map(iso),
        handoff_claimed: attempt.was_claimed(),
        retry_allowed: matches!(attempt.state, AttemptState::Failed { .. })
            && !session.is_terminal(),
    });
    Ok(data(StatusView {
        session_id: id,
        status: session.status(),
        is_terminal: session.is_terminal(),
        completed_at: session.completed_at().map(iso),
        redirect_url: session.redirect_url.clone(),
        same_device_only: session.same_device_only(),
        latest_attempt,
    }))
}

/// A browser asks first where a script of the relying party adds a header of its own.
async fn preflight() -> impl IntoResponse {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "*"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ];
    (StatusCode::NO_CONTENT, headers)
}

/// Scripts of every origin may read this: it is told to whoever knows the session's id, and the
/// cookie counts for nothing here.
async fn for_any_origin(mut response: Response) -> Response {
    let any = HeaderValue::from_static("*");
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
    response
}

async fn cancel(
    State(app): State<App>,
    PathText(id): PathText,
    browser: Browser,
    Body(body): Body<CancelBody>,
) -> Result<StatusCode, ApiError> {
    let id = parse(&id)?;
    if body.cancel_token.is_empty() {
        return Err(ApiError::invalid_request(
            "`cancel_token` is empty",
            "send the token of the verification link",
        ));
    }
    let token: KeyedHash = app.keys.cancel_token_hash(&body.cancel_token);
    let visitor = browser.visitor(&app.keys, &id);
    let now = app.now();
    let unit = move |session: Session| session.cancel_with_token(&token, &visitor, now);
    match app.store.session(&id, now, unit).await {
        Ok(Ok(())) => Ok(StatusCode::NO_CONTENT),
        Ok(Err(refusal)) => Err(refusal.into()),
        Err(StoreError::NotFound(_)) => Err(ApiError::session_not_found()),
        Err(error) => Err(error.into()),
    }
}

fn parse(id: &str) -> Result<SessionId, ApiError> {
    id.parse().map_err(|_| ApiError::invalid_session_id())
}

async fn read(app: &App, id: &str) -> Result<Session, ApiError> {
    app.store.read_session(&parse(id)?).await?.ok_or_else(ApiError::session_not_found)
}
