//! `GET /`: what this host is, to people and to machines; `GET /data`: what becomes of data here.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;

use super::document::{Frame, html};
use super::reader::Reader;
use crate::app::App;
use crate::envelope;
use crate::texts::{Locale, Texts};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/", get(home)).route("/data", get(data))
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    t: Texts,
    frame: Frame,
}

#[derive(Template)]
#[template(path = "data.html")]
struct DataPage {
    t: Texts,
    frame: Frame,
}

#[derive(Serialize)]
struct Health {
    message: &'static str,
    docs: &'static str,
    status: &'static str,
}

async fn home(State(app): State<App>, reader: Reader, headers: HeaderMap) -> Response {
    let mut answer = if accepts_html(&headers) {
        let page = HomePage { t: reader.texts, frame: Frame::of(&app, &reader, "/") };
        html(StatusCode::OK, &page)
    } else {
        let data = Health {
            message: "This is Kayle. It verifies passports by their chip and keeps nothing.",
            docs: "https://github.com/kayle-id/kayle/tree/main/docs",
            status: "healthy",
        };
        envelope::data(data).into_response()
    };
    answer.headers_mut().insert(header::VARY, HeaderValue::from_static("accept, accept-language"));
    answer
}

async fn data(State(app): State<App>, reader: Reader) -> Response {
    let page = DataPage { t: reader.texts, frame: Frame::of(&app, &reader, "/data") };
    html(StatusCode::OK, &page)
}

/// Whether a browser asks: they name the type, and programs ask for anything.
pub(super) fn accepts_html(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|range| range.split(';').next().is_some_and(|name| name.trim() == "text/html"))
}
