//! The body of a request, of bounded size and in bounded time.

use std::time::Duration;

use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;

use crate::app::App;
use crate::envelope::ApiError;

/// The largest body, in bytes.
pub(crate) const MAX_BODY: usize = 64 * 1024;

/// How long a body may take to arrive.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// Reads the body, if it is no larger than `most` bytes.
///
/// # Errors
/// 413, and 408 if it does not arrive in time.
pub(crate) async fn read(request: Request, app: &App, most: usize) -> Result<Bytes, ApiError> {
    let body = tokio::select! {
        // What has arrived needs no timer.
        biased;
        body = to_bytes(request.into_body(), most) => body,
        () = app.clock.sleep_until(app.now() + BODY_DEADLINE) => return Err(too_slow()),
    };
    body.map_err(|_| {
        ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "PAYLOAD_TOO_LARGE",
            format!("the body is larger than {most} bytes, or did not arrive whole"),
            "send a smaller body",
        )
    })
}

fn too_slow() -> ApiError {
    ApiError::new(
        StatusCode::REQUEST_TIMEOUT,
        "REQUEST_TIMEOUT",
        format!("the body did not arrive within {} seconds", BODY_DEADLINE.as_secs()),
        "send it again, in one piece",
    )
}
