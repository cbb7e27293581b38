//! JSON in and out.

use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use crate::app::App;
use crate::body::{self, MAX_BODY};
use crate::envelope::ApiError;
pub(crate) use crate::envelope::data;

/// The envelope with status 201.
pub(crate) fn created<T: Serialize>(value: T) -> Response {
    (StatusCode::CREATED, data(value)).into_response()
}

/// A JSON body that must be there: 415 for another type, 400 for anything but what `T` says.
pub(crate) struct Body<T>(pub(crate) T);

/// No body, or one that says nothing: old clients send a JSON content type with an empty body.
pub(crate) struct NoBody;

/// An object without members.
#[derive(Deserialize)]
struct Nothing {}

impl FromRequest<App> for NoBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        match read(request, app).await? {
            Some(bytes) if !bytes.is_empty() => parse::<Nothing>(&bytes).map(|Nothing {}| Self),
            _ => Ok(Self),
        }
    }
}

/// A JSON body that may be left out together with its content type.
pub(crate) struct OptionalBody<T>(pub(crate) Option<T>);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        match read(request, app).await? {
            Some(bytes) => parse(&bytes).map(Self),
            None => Err(wrong_type()),
        }
    }
}

impl<T: DeserializeOwned> FromRequest<App> for OptionalBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        match read(request, app).await? {
            Some(bytes) => parse(&bytes).map(|body| Self(Some(body))),
            None => Ok(Self(None)),
        }
    }
}

/// For a member that may be left out: tells one that is `null` from one that is absent.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// The body; `None` if there is neither a body nor a content type.
async fn read(request: Request, app: &App) -> Result<Option<Vec<u8>>, ApiError> {
    let content_type = request.headers().get(header::CONTENT_TYPE).cloned();
    let bytes = body::read(request, app, MAX_BODY).await?;
    match content_type {
        None if bytes.is_empty() => Ok(None),
        Some(value) if is_json(value.as_bytes()) => Ok(Some(bytes.into())),
        _ => Err(wrong_type()),
    }
}

/// `application/json` or `application/*+json`, with any parameters (RFC 6839 §3.1).
fn is_json(content_type: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(content_type) else { return false };
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // An array would be taken for the members in the order of our source.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(ApiError::invalid_request(
            "the body is an array, not an object",
            "docs/API.md shows the shape of every body",
        ));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let mut track = serde_path_to_error::Track::new();
    let mut unknown = None;
    let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let parsed = serde_ignored::deserialize(tracked, |path| {
        unknown.get_or_insert_with(|| path.to_string());
    });
    let value = match parsed {
        Ok(value) => value,
        Err(error) if error.is_data() => {
            let path = track.path().to_string();
            return Err(ApiError::invalid_request(
                format!("the body does not fit at `{path}`: {error}"),
                "docs/API.md shows the shape of every body",
            ));
        }
        Err(error) => return Err(malformed(&error)),
    };
    json.end().map_err(|error| malformed(&error))?;
    match unknown {
        None => Ok(value),
        Some(path) => Err(ApiError::invalid_request(
            format!("unknown member `{path}`"),
            "leave it out; members that are not understood are refused, not ignored",
        )),
    }
}

fn malformed(error: &serde_json::Error) -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "MALFORMED_JSON",
        format!("the body is not JSON (line {}, column {})", error.line(), error.column()),
        "send one JSON value in UTF-8",
    )
}

fn wrong_type() -> ApiError {
    ApiError::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_MEDIA_TYPE",
        "the body must be JSON",
        "send `Content-Type: application/json`",
    )
}
