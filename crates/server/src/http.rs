//! The REST API: one file per resource, one envelope for every answer.

mod attempts;
pub(crate) mod caller;
mod deliveries;
mod encryption_keys;
mod endpoints;
pub(crate) mod headers;
mod json;
mod list;
mod sessions;
mod verify;

use axum::Router;

use crate::app::App;
use crate::envelope::ApiError;

/// All routes of the API.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .merge(sessions::routes())
        .merge(attempts::routes())
        .merge(verify::routes())
        .merge(endpoints::routes())
        .merge(encryption_keys::routes())
        .merge(deliveries::routes())
}

/// No route has this path.
pub(crate) async fn unknown_route() -> ApiError {
    ApiError::unknown_route()
}

/// The path has a route, but not for this method.
pub(crate) async fn wrong_method() -> ApiError {
    ApiError::wrong_method()
}
