//! Rates of requests: which route is counted how, and the headers that say so.
//!
//! `RateLimit` and `RateLimit-Policy` as in draft-ietf-httpapi-ratelimit-headers-10, for the
//! policy that is nearest to its end; `Retry-After` (RFC 9110 §10.2.3) where one was passed.

use std::time::Duration;

use axum::extract::{FromRequestParts as _, MatchedPath, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::id::SessionId;

use super::policy::{
    API, CANCEL, CANCEL_OF_ADDRESS, HANDOFF, HANDOFF_OF_ADDRESS, PAGE, PAGE_OF_ADDRESS, REQUESTS,
    SOCKETS, SOCKETS_OF_ADDRESS, STATUS, STATUS_OF_ADDRESS, STEP, STEP_OF_ADDRESS, UNAUTHORIZED,
};
use super::{Decision, Limits, Policy};
use crate::app::App;
use crate::client_address::ClientAddress;
use crate::envelope::ApiError;
use crate::http::caller::presented;

/// The largest head of a request, in bytes: cookies and headers of proxies included.
const MAX_HEAD: usize = 16 * 1024;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// How a route is counted, beside the rate of all requests of its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Status,
    Handoff,
    Page,
    Cancel,
    Step,
    Socket,
    Api,
    Other,
}

impl Kind {
    /// By the route that takes the request, as the router decided it: the path as it was written
    /// has more than one spelling.
    fn of(route: &str) -> Self {
        match route {
            "/v1/verify/session/{id}" => Self::Socket,
            "/v1/verify/session/{id}/status" | "/{session}/live" | "/{session}/events" => {
                Self::Status
            }
            "/v1/verify/session/{id}/handoff" | "/{session}/handoff" | "/{session}/code" => {
                Self::Handoff
            }
            "/v1/verify/session/{id}/cancel" | "/{session}/cancel" | "/{session}/decline" => {
                Self::Cancel
            }
            "/{session}/open" | "/{session}/consent" | "/{session}/extend"
            | "/{session}/return" => Self::Step,
            "/v1/verify/session/{id}/details" | "/{session}" | "/open/{session}" | "/code" => {
                Self::Page
            }
            _ if route.starts_with("/v1/") => Self::Api,
            _ => Self::Other,
        }
    }

    /// By session and address, and by address alone.
    fn policies(self) -> Option<(&'static Policy, &'static Policy)> {
        match self {
            Self::Status => Some((&STATUS, &STATUS_OF_ADDRESS)),
            Self::Handoff => Some((&HANDOFF, &HANDOFF_OF_ADDRESS)),
            Self::Page => Some((&PAGE, &PAGE_OF_ADDRESS)),
            Self::Cancel => Some((&CANCEL, &CANCEL_OF_ADDRESS)),
            Self::Step => Some((&STEP, &STEP_OF_ADDRESS)),
            Self::Socket => Some((&SOCKETS, &SOCKETS_OF_ADDRESS)),
            Self::Api | Self::Other => None,
        }
    }
}

/// Refuses what is too much, and says on every answer of a limited route what is left.
///
/// Sessions are counted by address too: a stranger who knows a session's id uses up its own
/// share, and never that of the person it belongs to.
pub(crate) async fn limit(
    State(app): State<App>,
    address: ClientAddress,
    request: Request,
    next: Next,
) -> Response {
    if size_of_head(&request) > MAX_HEAD {
        return head_too_large().into_response();
    }
    if request.headers().contains_key(app.proxies.forwarded_header.name()) {
        app.limits.tell_of_proxy(&app.proxies, address.ip());
    }
    let (mut parts, body) = request.into_parts();
    let decided = decide(&app.limits, address, &mut parts).await;
    if let Some(refused) = decided.filter(|decision| decision.refused) {
        return refuse(refused);
    }
    let mut response = next.run(Request::from_parts(parts, body)).await;
    // What a handler decided itself, such as the organization's rate of new sessions.
    let inside = response.extensions_mut().remove::<Decision>();
    let unauthorized = (response.status() == StatusCode::UNAUTHORIZED)
        .then(|| app.limits.take(&UNAUTHORIZED, address.network()))
        .flatten();
    if let Some(refused) = unauthorized.filter(|decision| decision.refused) {
        return refuse(refused);
    }
    let nearest = [decided, inside, unauthorized].into_iter().flatten().min_by(nearer);
    if let Some(decision) = nearest {
        decision.describe(&mut response);
    }
    response
}

async fn decide(limits: &Limits, address: ClientAddress, parts: &mut Parts) -> Option<Decision> {
    let network = address.network();
    let all = limits.take(&REQUESTS, network)?;
    if all.refused {
        return Some(all);
    }
    let kind = match parts.extensions.get::<MatchedPath>() {
        Some(route) => Kind::of(route.as_str()),
        // No route takes it, and nothing is looked up for it.
        None => Kind::Other,
    };
    if let Some((of_session, of_address)) = kind.policies() {
        let of_address = limits.take(of_address, network)?;
        if of_address.refused {
            return Some(of_address);
        }
        // Whatever is no session id is counted together: there is nothing to ask it for.
        let parameters = RawPathParams::from_request_parts(parts, &()).await.ok();
        let session = parameters.iter().flatten().find_map(|(_, id)| id.parse::<SessionId>().ok());
        let of_session = limits.take(of_session, (session, network))?;
        return Some(most_urgent([of_session, of_address]));
    }
    if kind == Kind::Api
        && let Some(key) = presented(&parts.headers)
    {
        // A made-up one has a rate of its own, and ends at `UNAUTHORIZED`.
        return limits.take(&API, key);
    }
    // The assets and the like: they say nothing of limits, as long as they are far from them.
    None
}

fn most_urgent(decisions: [Decision; 2]) -> Decision {
    let [one, other] = decisions;
    if one.refused || (!other.refused && nearer(&one, &other).is_le()) { one } else { other }
}

fn nearer(one: &Decision, other: &Decision) -> std::cmp::Ordering {
    let left = |decision: &Decision| {
        u64::from(decision.remaining) * 1_000_000 / u64::from(decision.quota.max(1))
    };
    left(one).cmp(&left(other))
}

/// The answer to a request that is too much.
pub(crate) fn refuse(decision: Decision) -> Response {
    refuse_with(decision, ApiError::rate_limited(decision.policy.per).into_response())
}

/// The same, with an answer that people read.
pub(crate) fn refuse_with(decision: Decision, mut response: Response) -> Response {
    decision.describe(&mut response);
    // Where a handler refuses, it is the nearest to its end.
    response.extensions_mut().insert(decision);
    if let Ok(seconds) = HeaderValue::try_from(seconds(decision.reset).max(1).to_string()) {
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

impl Decision {
    fn describe(&self, response: &mut Response) {
        let Self { policy, quota, remaining, reset, .. } = self;
        let (name, window) = (policy.name, policy.window);
        let headers = [
            (RATE_LIMIT, format!("\"{name}\";r={remaining};t={}", seconds(*reset))),
            (RATE_LIMIT_POLICY, format!("\"{name}\";q={quota};w={window}")),
        ];
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        }
    }
}

/// Whole seconds, rounded up: who waits that long is not refused again.
fn seconds(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}

fn size_of_head(request: &Request) -> usize {
    let headers = request.headers().iter();
    let lines: usize = headers.map(|(name, value)| name.as_str().len() + value.len()).sum();
    lines + request.uri().path_and_query().map_or(0, |path| path.as_str().len())
}

fn head_too_large() -> ApiError {
    ApiError::head_too_large(MAX_HEAD)
}
