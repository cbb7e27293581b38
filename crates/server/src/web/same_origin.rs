//! Only our own pages may post (SECURITY rows 15, 16).

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

use crate::envelope::ApiError;

/// Proof that a request does not come from a page of somebody else.
///
/// Browsers say where a request comes from in `Sec-Fetch-Site`, which no page can set. Who does not
/// send it is no such browser, and cannot be made to send somebody's cookie by another page: the
/// cookie is `SameSite`.
pub(super) struct SameOrigin;

impl<S: Sync> FromRequestParts<S> for SameOrigin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        match parts.headers.get("sec-fetch-site") {
            Some(site) if site != "same-origin" => Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "CROSS_SITE",
                "this is taken from our own pages only",
                "open the verification link and go on from its page",
            )),
            _ => Ok(Self),
        }
    }
}
