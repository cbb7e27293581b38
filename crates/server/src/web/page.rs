//! `GET /vs_…`: the page of a session, and the handoff it shows.

use askama::Template;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use axum::{Json, Router};
use domain::id::SessionId;
use domain::session::Session;
use protocol::{Flow, HandoffLink, SecretText};
use serde::Serialize;
use store::StoreError;

use super::document::{INVALID_LINK, OTHER_BROWSER, UNAVAILABLE, html};
use super::qr;
use crate::app::App;
use crate::browser::{self, Browser};
use crate::envelope::ApiError;
use crate::handoff;
use crate::iso::iso;
use crate::path::PathText;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/{session}", any(page)).route("/{session}/handoff", post(mint))
}

#[derive(Template)]
#[template(path = "session.html")]
struct SessionPage<'a> {
    organization: &'a str,
    fields: Vec<FieldRow<'a>>,
    session: &'a str,
    state: &'static str,
}

struct FieldRow<'a> {
    label: String,
    reason: &'a str,
    required: bool,
}

/// What the page needs to show a way to the phone.
#[derive(Serialize)]
struct HandoffView {
    /// The link that is carried to another device; its payload is in the fragment.
    link: String,
    /// The link of the button on the phone itself.
    same_device_link: String,
    /// The same in the app's own scheme, where nothing claims the https link.
    app_link: String,
    /// `link` as a QR code, an SVG document.
    qr: String,
    /// When the code stops working for a phone that has not come.
    expires_at: String,
}

async fn page(
    State(app): State<App>,
    method: Method,
    PathText(id): PathText,
    browser: Browser,
) -> Response {
    let Ok(id) = id.parse::<SessionId>() else {
        if id.starts_with("vs_") && method == Method::GET {
            return html(StatusCode::NOT_FOUND, &INVALID_LINK);
        }
        return ApiError::unknown_route().into_response();
    };
    if !matches!(method, Method::GET | Method::HEAD) {
        return ([(header::ALLOW, "GET, HEAD")], ApiError::wrong_method()).into_response();
    }
    match load(&app, &id).await {
        // A link preview comes here too. It is shown the page and binds nothing.
        Ok(Some((session, organization))) => {
            if session.admit(&browser.visitor(&app.keys, &id)).is_err() {
                return html(StatusCode::FORBIDDEN, &OTHER_BROWSER);
            }
            let page = html(StatusCode::OK, &session_page(&session, &organization));
            with_cookie(&app, &browser, page)
        }
        Ok(None) => html(StatusCode::NOT_FOUND, &INVALID_LINK),
        Err(error) => {
            tracing::error!(%error, "the page of a session could not be shown");
            html(StatusCode::INTERNAL_SERVER_ERROR, &UNAVAILABLE)
        }
    }
}

async fn mint(
    State(app): State<App>,
    PathText(id): PathText,
    browser: Browser,
) -> Result<Response, ApiError> {
    let session: SessionId = id.parse().map_err(|_| ApiError::invalid_session_id())?;
    let handoff = handoff::mint(&app, &session, browser.page_visitor(&app.keys, &session)).await?;
    let expires_at = jiff::Timestamp::from_millisecond(handoff.expires_at.as_millis())
        .map_err(|error| ApiError::internal(&error))?;
    let token = SecretText::from(handoff.token.reveal());
    let link = HandoffLink::new(&id, handoff.attempt.as_str(), token, expires_at)
        .and_then(|link| link.with_api(app.public_url.clone()))
        .map_err(|error| ApiError::internal(&error))?;
    let same_device = link.clone().with_flow(Flow::SameDevice);
    let carried = link.with_flow(Flow::CrossDevice).to_https(&app.public_url);
    let view = HandoffView {
        qr: qr::svg(carried.expose()).map_err(|error| ApiError::internal(&error))?,
        link: carried.expose().to_owned(),
        same_device_link: same_device.to_https(&app.public_url).expose().to_owned(),
        app_link: same_device.to_scheme_uri().expose().to_owned(),
        expires_at: iso(handoff.expires_at),
    };
    Ok(Json(view).into_response())
}

async fn load(app: &App, id: &SessionId) -> Result<Option<(Session, String)>, StoreError> {
    let Some(session) = app.store.read_session(id).await? else { return Ok(None) };
    let Some(organization) = app.store.read_organization(&session.organization).await? else {
        return Ok(None);
    };
    Ok(Some((session.at(app.now()).session, organization.name)))
}

fn with_cookie(app: &App, browser: &Browser, mut page: Response) -> Response {
    if browser.has_secret() {
        return page;
    }
    match browser::new_cookie(app) {
        Ok(cookie) => {
            page.headers_mut().insert(header::SET_COOKIE, cookie);
            page
        }
        Err(error) => error.into_response(),
    }
}

fn session_page<'a>(session: &'a Session, organization: &'a str) -> SessionPage<'a> {
    SessionPage {
        organization,
        fields: session
            .contract
            .fields()
            .map(|(_, field)| FieldRow {
                label: field.claim.label(),
                reason: &field.reason,
                required: field.required,
            })
            .collect(),
        session: session.id.as_str(),
        state: session.status(),
    }
}
