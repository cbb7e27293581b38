//! `GET /vs_…`: the page of a session.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use domain::id::SessionId;
use domain::session::Session;
use store::StoreError;

use super::document::{INVALID_LINK, OTHER_BROWSER, UNAVAILABLE, html};
use crate::app::App;
use crate::browser::{self, Browser};
use crate::envelope::ApiError;
use crate::path::PathText;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/{session}", any(page))
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
