//! The phone's socket (REFERENCE 2.5 and 4).

mod conversation;
mod evidence;
mod hello;
mod pulse;
mod record;
mod relay;
mod socket;
mod uploads;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use tracing::Instrument as _;

use crate::app::App;
use crate::client_address::ClientAddress;
use crate::connections::Connection;
use crate::envelope::ApiError;
use crate::path::PathText;
use crate::telemetry::request_id::RequestId;

/// A socket reads in small pieces; the library's default of 128 KiB per socket is memory that
/// ten thousand idle sockets would hold.
const READ_BUFFER: usize = 2 * 1024;

/// Four times the largest frame that is served: a frame between the two is read and answered with
/// its error, one above it ends the connection unread.
const MAX_MESSAGE: usize = 4 * protocol::limits::FRAME_BYTES;

/// The route of the socket.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/v1/verify/session/{id}", get(open))
}

async fn open(
    State(app): State<App>,
    request: Extension<RequestId>,
    PathText(id): PathText,
    headers: HeaderMap,
    address: ClientAddress,
    Extension(connection): Extension<Connection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Ok(upgrade) = upgrade else {
        return ApiError::new(
            StatusCode::UPGRADE_REQUIRED,
            "WEBSOCKET_REQUIRED",
            "this path speaks WebSocket",
            "connect with the Kayle app, or see docs/PROTOCOL.md",
        )
        .into_response();
    };
    if !is_allowed_origin(&app, &headers) {
        return ApiError::new(
            StatusCode::FORBIDDEN,
            "ORIGIN_NOT_ALLOWED",
            "pages of other sites may not open this socket",
            "open it from this server's own page, or from an app, which sends no Origin",
        )
        .into_response();
    }
    let Some(places) = app.limits.socket(&id, address) else {
        return ApiError::too_many_sockets(socket::HELLO_DEADLINE);
    };
    let guest = socket::Guest { address, places, _connection: connection };
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .on_upgrade(move |socket| {
            let tasks = app.tasks.clone();
            let span = tracing::info_span!(
                target: "kayle::socket",
                "socket",
                request_id = request.as_str(),
            );
            tasks.track_future(socket::run(app, id, guest, socket).instrument(span))
        })
}

/// Apps send no Origin; a browser always does (RFC 6455 §10.2).
fn is_allowed_origin(app: &App, headers: &HeaderMap) -> bool {
    match headers.get(header::ORIGIN) {
        None => true,
        Some(origin) => origin
            .to_str()
            .is_ok_and(|origin| origin == app.public_url.origin().ascii_serialization()),
    }
}
