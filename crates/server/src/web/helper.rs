//! The script that relying parties load into their own pages.

use axum::Router;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use axum::routing::get;

use crate::app::App;

const SCRIPT: &str = include_str!("../../assets/kayle.js");

/// Long enough for a visit, short enough for a repair.
const KEPT: &str = "public, max-age=3600";

pub(super) fn routes() -> Router<App> {
    Router::new().route("/assets/kayle.js", get(script))
}

/// Pages of any origin may load it, those that ask every resource for its leave too (CORS and CORP).
/// It holds nothing of anybody.
async fn script() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, KEPT),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    (headers, SCRIPT)
}
