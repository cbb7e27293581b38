//! Lists, page by page (REFERENCE 1.1).

use std::fmt::Display;
use std::str::FromStr;

use axum::Json;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use domain::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::PageRequest;

use crate::envelope::ApiError;

const DEFAULT_LIMIT: u32 = 10;
const MAX_LIMIT: u32 = 100;

/// A list answer.
#[derive(Serialize)]
pub(crate) struct ListBody<T> {
    data: Vec<T>,
    error: Option<()>,
    pagination: Pagination,
}

#[derive(Serialize)]
struct Pagination {
    limit: u32,
    has_more: bool,
    next_cursor: Option<String>,
}

/// Wraps a page of items; `cursor` is the id of the last one.
pub(crate) fn list<T: Serialize>(
    items: Vec<T>,
    limit: u32,
    has_more: bool,
    cursor: Option<String>,
) -> Json<ListBody<T>> {
    let next_cursor = cursor.filter(|_| has_more);
    Json(ListBody {
        data: items,
        error: None,
        pagination: Pagination { limit, has_more, next_cursor },
    })
}

/// A query string, with the envelope for what does not fit.
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Query::try_from_uri(&parts.uri).map(|Query(value)| Self(value)).map_err(|_| {
            ApiError::invalid_request(
                "the query string cannot be read",
                "docs/API.md lists the parameters of every route",
            )
        })
    }
}

/// `limit`: 1 to 100, 10 if absent.
fn limit(text: Option<&str>) -> Result<u32, ApiError> {
    match text.map(str::parse::<u32>) {
        None => Ok(DEFAULT_LIMIT),
        Some(Ok(limit)) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
        Some(_) => {
            Err(ApiError::invalid_request("`limit` must be 1 to 100", "leave it out for 10"))
        }
    }
}

/// `limit` and `starting_after`; the cursor must be an id of the listed kind.
pub(crate) fn page<T: FromStr + Display>(
    limit_text: Option<&str>,
    starting_after: Option<&str>,
) -> Result<PageRequest, ApiError> {
    let limit = limit(limit_text)?;
    let cursor: Option<T> = id("starting_after", starting_after)?;
    Ok(PageRequest { starting_after: cursor.map(|id| id.to_string()), limit })
}

/// A parameter that must be an id of the right kind, if it is there.
pub(crate) fn id<T: FromStr>(name: &str, text: Option<&str>) -> Result<Option<T>, ApiError> {
    text.map(|text| {
        text.parse().map_err(|_| {
            ApiError::invalid_request(
                format!("`{name}` is not an id of the right kind"),
                "use an id exactly as it was given",
            )
        })
    })
    .transpose()
}

/// A parameter that must be a time, if it is there.
pub(crate) fn time(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, ApiError> {
    text.map(|text| {
        crate::iso::parse(text).ok_or_else(|| {
            ApiError::invalid_request(
                format!("`{name}` is not an ISO 8601 time"),
                "use for example 2026-05-05T11:00:00.000Z",
            )
        })
    })
    .transpose()
}

/// A parameter that must be a yes or a no, if it is there.
pub(crate) fn flag(name: &str, text: Option<&str>) -> Result<Option<bool>, ApiError> {
    match text {
        None => Ok(None),
        Some("true" | "1") => Ok(Some(true)),
        Some("false" | "0") => Ok(Some(false)),
        Some(_) => Err(ApiError::invalid_request(
            format!("`{name}` must be true or false"),
            "leave it out if unsure",
        )),
    }
}
