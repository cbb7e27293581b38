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

use super::assets;
use super::document::{Frame, Message, html, message};
use super::reader::Reader;
use crate::app::App;
use crate::envelope::ApiError;
use crate::path::PathText;
use crate::texts::{Locale, Texts};

/// The paths that an app may claim.
pub(super) const PATHS: &str = "/open/*";

pub(super) fn routes() -> Router<App> {
    Router::new().route("/open/{session}", get(open))
}

#[derive(Template)]
#[template(path = "open.html")]
struct OpenPage<'a> {
    t: Texts,
    frame: Frame,
    script: String,
    session: &'a str,
    ios: Option<&'a str>,
    android: Option<&'a str>,
}

async fn open(State(app): State<App>, PathText(id): PathText, reader: Reader) -> Response {
    if id.parse::<SessionId>().is_err() {
        return match id.starts_with("vs_") {
            true => message(&app, &reader, Message::InvalidLink, ""),
            false => ApiError::unknown_route().into_response(),
        };
    }
    let page = OpenPage {
        t: reader.texts,
        // The link is in the fragment, which a form does not keep.
        frame: Frame::of(&app, &reader, ""),
        script: assets::path("open.js"),
        session: &id,
        ios: app.apps.ios.as_ref().map(url::Url::as_str),
        android: app.apps.android.as_ref().map(url::Url::as_str),
    };
    html(StatusCode::OK, &page)
}
