//! Health, for load balancers and supervisors.

use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use domain::time::Timestamp;
use serde::Serialize;
use tokio::sync::Mutex;

use crate::app::App;

const LIVE: &str = "/healthz";
const READY: &str = "/readyz";

/// How long the database may take to answer.
const DEADLINE: Duration = Duration::from_secs(2);

/// How long its answer is good for: the database is asked once a second at most, whoever asks.
const FRESH: Duration = Duration::from_secs(1);

/// What the database answered last, and when.
#[derive(Debug, Default)]
pub(crate) struct LastAnswer(Mutex<Option<(Timestamp, bool)>>);

#[derive(Serialize)]
struct Live {
    status: &'static str,
}

#[derive(Serialize)]
struct Ready {
    status: &'static str,
    database: &'static str,
    wakeups: &'static str,
}

/// The routes of the main listener; the metrics listener has them too.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/healthz", get(live)).route("/readyz", get(ready))
}

/// Whether a route is asked all the time by machines.
pub(super) fn is_route(route: &str) -> bool {
    matches!(route, LIVE | READY)
}

/// The process lives and answers. It says nothing of the database: a server whose database is
/// away is not mended by a restart.
async fn live() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], Json(Live { status: "alive" }))
}

/// Whether requests should be sent here.
async fn ready(State(app): State<App>) -> Response {
    let wakeups = app.store.wakeups().as_str();
    let (code, status, database) = if app.shutdown.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining", "not_asked")
    } else if database_answers(&app).await {
        // Polling is slower, and right all the same.
        (StatusCode::OK, "ready", "answers")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not_ready", "does_not_answer")
    };
    let body = Json(Ready { status, database, wakeups });
    (code, [(header::CACHE_CONTROL, "no-store")], body).into_response()
}

async fn database_answers(app: &App) -> bool {
    let mut last = app.last_answer.0.lock().await;
    let now = app.now();
    match *last {
        // After a step back of the clock it is of no age that is known.
        Some((at, answered)) if at <= now && now.since(at) < FRESH => return answered,
        _ => {}
    }
    let answered = tokio::select! {
        answer = app.store.ping() => match answer {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "the database does not answer");
                false
            }
        },
        () = app.clock.sleep_until(now + DEADLINE) => {
            tracing::warn!("the database does not answer in time");
            false
        }
    };
    *last = Some((app.now(), answered));
    answered
}
