//! `/.well-known/…`: which apps may open the links of this server.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use super::open;
use crate::app::App;
use crate::envelope::ApiError;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/.well-known/apple-app-site-association", get(apple))
        .route("/.well-known/assetlinks.json", get(android))
}

/// Apple's association file, "Supporting associated domains".
#[derive(Serialize)]
struct AppSiteAssociation {
    applinks: AppLinks,
}

#[derive(Serialize)]
struct AppLinks {
    details: [Detail; 1],
}

#[derive(Serialize)]
struct Detail {
    #[serde(rename = "appIDs")]
    app_ids: Vec<String>,
    components: [Component; 1],
}

#[derive(Serialize)]
struct Component {
    #[serde(rename = "/")]
    path: &'static str,
    comment: &'static str,
}

/// One statement of Google's Digital Asset Links. It speaks for the whole host; which paths an app
/// takes is in its own manifest.
#[derive(Serialize)]
struct Statement<'a> {
    relation: [&'static str; 1],
    target: Target<'a>,
}

#[derive(Serialize)]
struct Target<'a> {
    namespace: &'static str,
    package_name: &'a str,
    sha256_cert_fingerprints: &'a [String],
}

async fn apple(State(app): State<App>) -> Response {
    if app.apps.apple_ids.is_empty() {
        return ApiError::unknown_route().into_response();
    }
    let detail = Detail {
        app_ids: app.apps.apple_ids.iter().map(ToString::to_string).collect(),
        components: [Component { path: open::PATHS, comment: "handoff links" }],
    };
    Json(AppSiteAssociation { applinks: AppLinks { details: [detail] } }).into_response()
}

async fn android(State(app): State<App>) -> Response {
    if app.apps.android_packages.is_empty() {
        return ApiError::unknown_route().into_response();
    }
    let statement = |(package_name, sha256_cert_fingerprints)| Statement {
        relation: ["delegate_permission/common.handle_all_urls"],
        target: Target { namespace: "android_app", package_name, sha256_cert_fingerprints },
    };
    Json(app.apps.android_packages.iter().map(statement).collect::<Vec<_>>()).into_response()
}
