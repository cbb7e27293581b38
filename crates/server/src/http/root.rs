//! `GET /`: is this thing on?

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use serde::Serialize;

use super::json::data;
use crate::app::App;

#[derive(Serialize)]
struct Health {
    message: &'static str,
    docs: &'static str,
    status: &'static str,
}

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/", get(root))
}

async fn root() -> impl IntoResponse {
    data(Health {
        message: "This is Kayle. It verifies passports by their chip and keeps nothing.",
        docs: "https://github.com/kayle-id/kayle/tree/main/docs",
        status: "healthy",
    })
}
