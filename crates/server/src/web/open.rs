//! `GET /open/{session}`: where a handoff link leads on a phone whose app does not claim it.
//!
//! The same for every session, and nothing is looked up: the token is in the fragment, which the
//! server never sees, and only the page's script hands it on.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::id::SessionId;

use super::document::{INVALID_LINK, html};
use crate::app::App;
use crate::envelope::ApiError;
use crate::path::PathText;

/// The paths that an app may claim.
pub(super) const PATHS: &str = "/open/*";

pub(super) fn routes() -> Router<App> {
    Router::new().route("/open/{session}", get(open))
}

#[derive(Template)]
#[template(path = "open.html")]
struct OpenPage<'a> {
    host: &'a str,
    session: &'a str,
    ios: Option<&'a str>,
    android: Option<&'a str>,
}

async fn open(State(app): State<App>, PathText(id): PathText) -> Response {
    if id.parse::<SessionId>().is_err() {
        return match id.starts_with("vs_") {
            true => html(StatusCode::NOT_FOUND, &INVALID_LINK),
            false => ApiError::unknown_route().into_response(),
        };
    }
    let page = OpenPage {
        host: app.public_url.host_str().unwrap_or_default(),
        session: &id,
        ios: app.apps.ios.as_ref().map(url::Url::as_str),
        android: app.apps.android.as_ref().map(url::Url::as_str),
    };
    html(StatusCode::OK, &page)
}
