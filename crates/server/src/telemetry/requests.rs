//! One record for each request, in the log and in the metrics, and its id in the answer.

use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;

use super::request_id::{RequestId, X_REQUEST_ID};
use super::{health, loggable_session, milliseconds};
use crate::app::App;

/// The stable code of an answer; `envelope` leaves it there.
#[derive(Clone, Copy)]
pub(crate) struct StableCode(pub(crate) &'static str);

/// Answers the request inside a span that has its id, and leaves one record of it.
pub(crate) async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = app.request_ids.of(&request, &app.proxies);
    request.extensions_mut().insert(id.clone());
    let mut record = Record::of(app, &request, id);
    let span = tracing::info_span!(
        target: "kayle::request",
        "request",
        request_id = record.id.as_str(),
        method = record.method,
        route = record.route(),
        status = tracing::field::Empty,
        code = tracing::field::Empty,
    );
    let mut response = next.run(request).instrument(span.clone()).await;
    record.status = Some(response.status());
    record.code = response.extensions().get::<StableCode>().map(|code| code.0);
    span.record("status", response.status().as_u16());
    span.record("code", record.code);
    response.headers_mut().insert(X_REQUEST_ID, record.id.header());
    response
}

/// Written when it is dropped, so that a request whose client left is recorded too.
struct Record {
    app: App,
    id: RequestId,
    method: &'static str,
    route: Option<MatchedPath>,
    session: Option<String>,
    began: Duration,
    status: Option<StatusCode>,
    code: Option<&'static str>,
}

impl Record {
    fn of(app: App, request: &Request, id: RequestId) -> Self {
        app.metrics.request_began();
        let session = request.uri().path().split('/').find_map(loggable_session);
        Self {
            id,
            method: known(request.method()),
            route: request.extensions().get::<MatchedPath>().cloned(),
            session: session.map(str::to_owned),
            began: app.metrics.clock(),
            status: None,
            code: None,
            app,
        }
    }

    fn route(&self) -> &str {
        self.route.as_ref().map_or("none", MatchedPath::as_str)
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let took = self.app.metrics.clock().saturating_sub(self.began);
        let status = self.status.map(|status| status.as_u16());
        self.app.metrics.request_ended(self.method, self.route(), status, took);
        if let Some(code) = self.code {
            self.app.metrics.refused("http", code);
        }
        macro_rules! record {
            ($level:ident, $what:literal) => {
                tracing::$level!(
                    target: "kayle::request",
                    request_id = self.id.as_str(),
                    method = self.method,
                    route = self.route(),
                    status,
                    code = self.code,
                    duration_ms = milliseconds(took),
                    session = self.session.as_deref(),
                    $what
                )
            };
        }
        match self.status {
            None => record!(info, "aborted by the client"),
            Some(status) if status.is_server_error() => record!(warn, "answered"),
            Some(_) if health::is_route(self.route()) => record!(debug, "answered"),
            Some(_) => record!(info, "answered"),
        }
    }
}

/// The method, from a closed set: a client may invent others.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
