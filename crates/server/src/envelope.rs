//! The envelope of all answers (REFERENCE 1.1): the data, or an error with a stable code, what
//! happened, and what to do.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::browser::BrowserMismatch;
use domain::session::{CancelRefusal, MintRefusal, RedeemRefusal, UserCodeRefusal};
use domain::share::ShareContractError;
use serde::Serialize;
use store::StoreError;

use crate::telemetry::requests::StableCode;

/// Where every code is explained.
const DOCS: &str = "https://github.com/kayle-id/kayle/blob/main/docs/ERRORS.md";

/// `{"data": …, "error": null}`.
#[derive(Serialize)]
pub(crate) struct Data<T> {
    data: T,
    error: Option<()>,
}

/// An error as it is answered.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    hint: &'static str,
}

#[derive(Serialize)]
struct Envelope<'a> {
    data: Option<()>,
    error: Detail<'a>,
}

#[derive(Serialize)]
struct Detail<'a> {
    code: &'a str,
    message: &'a str,
    hint: &'a str,
    docs: String,
}

/// Wraps an answer in the envelope.
pub(crate) fn data<T: Serialize>(data: T) -> Json<Data<T>> {
    Json(Data { data, error: None })
}

impl ApiError {
    /// An error with its status, stable code, message and hint.
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
        hint: &'static str,
    ) -> Self {
        Self { status, code, message: message.into(), hint }
    }

    /// A request that does not say what it must say.
    pub(crate) fn invalid_request(message: impl Into<String>, hint: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_REQUEST", message, hint)
    }

    /// An object of the caller's organization that is not there.
    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            format!("no such {what}"),
            "check the id, and that the API key belongs to the same organization",
        )
    }

    pub(crate) fn session_not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "SESSION_NOT_FOUND",
            "no such session",
            "check the id; sessions of other organizations are not visible",
        )
    }

    pub(crate) fn invalid_session_id() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "INVALID_SESSION_ID",
            "this is not a session id",
            "a session id is vs_ followed by 64 letters or digits",
        )
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "UNAUTHORIZED",
            "a valid API key is needed",
            "send `Authorization: Bearer kk_…`; make a key with `kayle key create`",
        )
    }

    pub(crate) fn forbidden(scope: domain::organization::Scope) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "FORBIDDEN",
            format!("the API key lacks the scope {scope}"),
            "make a key that holds the scope with `kayle key create --scope …`",
        )
    }

    pub(crate) fn unknown_route() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "ROUTE_NOT_FOUND",
            "no route has this path",
            "check the path; the API lives under /v1",
        )
    }

    pub(crate) fn wrong_method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            "this path does not take this method",
            "the Allow header lists the methods it takes",
        )
    }

    /// More than one client, session or key may ask.
    pub(crate) fn rate_limited(per: &str) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "RATE_LIMITED",
            format!("too many requests of this {per}"),
            "wait as long as Retry-After says; docs/LIMITS.md has the limits",
        )
    }

    /// A client that has as many sockets as it may. Those that say nothing are closed after
    /// `retry_after`.
    pub(crate) fn too_many_sockets(retry_after: Duration) -> Response {
        let error = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "TOO_MANY_CONNECTIONS",
            "too many open sockets of this address",
            "close one, or wait for Retry-After seconds; docs/LIMITS.md has the limits",
        );
        let retry_after = HeaderValue::from(retry_after.as_secs());
        ([(header::RETRY_AFTER, retry_after)], error).into_response()
    }

    /// A request whose path and headers are larger than any honest one.
    pub(crate) fn head_too_large(most: usize) -> Self {
        Self::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "HEADERS_TOO_LARGE",
            format!("path and headers are larger than {most} bytes"),
            "send fewer cookies and shorter headers",
        )
    }

    /// Something that is ours to mend. The detail is logged once and not sent.
    pub(crate) fn internal(error: &(impl std::error::Error + 'static)) -> Self {
        tracing::error!(error = error as &dyn std::error::Error, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL_SERVER_ERROR",
            "the server could not answer",
            "try again; if it persists, its operator finds the cause in the log",
        )
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let docs = format!("{DOCS}#{}", self.code.to_ascii_lowercase());
        let error = Detail { code: self.code, message: &self.message, hint: self.hint, docs };
        let envelope = Json(Envelope { data: None, error });
        let mut response =
            (self.status, Extension(StableCode(self.code)), envelope).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(what) => Self::not_found(what),
            away @ (StoreError::Busy | StoreError::Unavailable) => {
                tracing::error!(error = %away, "a request could not be answered");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "SERVICE_UNAVAILABLE",
                    "the database does not answer just now",
                    "try again in a moment",
                )
            }
            other => Self::internal(&other),
        }
    }
}

impl From<MintRefusal> for ApiError {
    fn from(refusal: MintRefusal) -> Self {
        let (code, hint) = match refusal {
            MintRefusal::SessionEnded => {
                ("SESSION_EXPIRED", "the business that sent you can create a new session")
            }
            MintRefusal::InProgress => {
                ("SESSION_IN_PROGRESS", "continue on the phone that started")
            }
            MintRefusal::Browser(mismatch) => return mismatch.into(),
            MintRefusal::ConsentRequired => {
                ("CONSENT_REQUIRED", "agree at the page first: POST /{session}/consent")
            }
            MintRefusal::PageRequired => {
                return Self::new(
                    StatusCode::FORBIDDEN,
                    "PAGE_REQUIRED",
                    refusal.to_string(),
                    "open the verification link in a browser that keeps cookies",
                );
            }
        };
        Self::new(StatusCode::CONFLICT, code, refusal.to_string(), hint)
    }
}

impl From<BrowserMismatch> for ApiError {
    fn from(mismatch: BrowserMismatch) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "BROWSER_MISMATCH",
            mismatch.to_string(),
            "continue where the page was opened first, or start again with the business",
        )
    }
}

impl From<CancelRefusal> for ApiError {
    fn from(refusal: CancelRefusal) -> Self {
        let (status, code, hint) = match refusal {
            CancelRefusal::Invalid => (
                StatusCode::UNAUTHORIZED,
                "CANCEL_TOKEN_INVALID",
                "use the cancel_token of the answer that created the session",
            ),
            CancelRefusal::Used => (
                StatusCode::CONFLICT,
                "CANCEL_TOKEN_USED",
                "a cancel token works once; the session can still be cancelled with an API key",
            ),
            CancelRefusal::Browser(mismatch) => return mismatch.into(),
        };
        Self::new(status, code, refusal.to_string(), hint)
    }
}

impl From<UserCodeRefusal> for ApiError {
    fn from(refusal: UserCodeRefusal) -> Self {
        match refusal {
            UserCodeRefusal::Browser(mismatch) => mismatch.into(),
            UserCodeRefusal::ConsentRequired => MintRefusal::ConsentRequired.into(),
            UserCodeRefusal::Off => Self::new(
                StatusCode::CONFLICT,
                "USER_CODE_OFF",
                refusal.to_string(),
                "scan the code or open the link; `user_code=offered` would allow it",
            ),
            UserCodeRefusal::NoHandoff => Self::new(
                StatusCode::CONFLICT,
                "NO_HANDOFF",
                refusal.to_string(),
                "ask for a handoff first: POST /{session}/handoff",
            ),
        }
    }
}

impl From<RedeemRefusal> for ApiError {
    fn from(refusal: RedeemRefusal) -> Self {
        let (status, code, hint) = match refusal {
            RedeemRefusal::Invalid => (
                StatusCode::BAD_REQUEST,
                "RESPONSE_CODE_INVALID",
                "send the response_code of the URL that the person came back with",
            ),
            RedeemRefusal::Used => (
                StatusCode::CONFLICT,
                "RESPONSE_CODE_USED",
                "a response code works once; whoever sent it again may not be the person",
            ),
            RedeemRefusal::Expired => (
                StatusCode::GONE,
                "RESPONSE_CODE_EXPIRED",
                "a response code works for five minutes; the session can still be read",
            ),
        };
        Self::new(status, code, refusal.to_string(), hint)
    }
}

impl From<ShareContractError> for ApiError {
    fn from(error: ShareContractError) -> Self {
        use ShareContractError as E;
        let (code, hint) = match &error {
            E::TooManyFields => ("TOO_MANY_SHARE_FIELDS", "ask for fewer fields"),
            E::NotAnObject(_) | E::RequiredNotBoolean(_) => (
                "INVALID_SHARE_FIELDS",
                "each field is {\"required\": true|false, \"reason\": \"…\"}",
            ),
            E::ReasonRequired(_) => ("REASON_REQUIRED", "say why you ask; the person reads it"),
            E::ReasonTooLong(_) => ("REASON_TOO_LONG", "keep each reason within 200 characters"),
            E::InvalidAgeGate(_) => ("INVALID_AGE_GATE_KEY", "use for example age_over_18"),
            E::UnknownClaim(_) => ("UNKNOWN_CLAIM_KEY", "docs/API.md lists the claims"),
            E::MultipleAgeGates(_) => ("MULTIPLE_AGE_GATES_NOT_ALLOWED", "keep the one you need"),
            E::BirthDateAndAgeGate => (
                "DOB_AND_AGE_GATE_CONFLICT",
                "an age gate exists so that the date of birth need not be shared",
            ),
        };
        Self::new(StatusCode::BAD_REQUEST, code, error.to_string(), hint)
    }
}
