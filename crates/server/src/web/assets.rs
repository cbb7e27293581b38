//! The page's own files, embedded in the binary.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::app::App;

const SCRIPT: &str = include_str!("../../assets/page.js");
const OPEN_SCRIPT: &str = include_str!("../../assets/open.js");
const STYLE: &str = include_str!("../../assets/page.css");

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/assets/page.js", get(|| file("text/javascript; charset=utf-8", SCRIPT)))
        .route("/assets/open.js", get(|| file("text/javascript; charset=utf-8", OPEN_SCRIPT)))
        .route("/assets/page.css", get(|| file("text/css; charset=utf-8", STYLE)))
}

async fn file(content_type: &'static str, body: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-cache")], body)
}
