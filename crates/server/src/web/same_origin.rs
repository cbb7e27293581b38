//! Only our own pages may post (SECURITY rows 15, 16).

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use url::Url;

use crate::app::App;
use crate::envelope::ApiError;

/// Where a request comes from, as the browser says.
const SITE: &str = "sec-fetch-site";

/// Proof that a request does not come from a page of somebody else.
///
/// Browsers say where a request comes from in `Sec-Fetch-Site`, which no page can set. Those that do
/// not know it (Safari before 16.4), or do not send it where there is no TLS, name the page's origin
/// in `Origin` instead, which must be ours.
///
/// Our own forms send the origin `null`, since our pages send no referrer, and so may those of
/// others. In browsers that old, what a form of another site is kept from is the cookie: it is
/// `SameSite=Lax`, unless the organization has the page framed, and a form that comes without it is
/// given none.
pub(super) struct SameOrigin {
    /// Whether `Sec-Fetch-Site` says so. Otherwise a form may yet be one of another site.
    pub(super) is_certain: bool,
}

/// Proof that a request comes from a script, and not from a form or a link, which any site may have.
pub(super) struct FromScript;

impl FromRequestParts<App> for SameOrigin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        if !is_ours(&parts.headers, &app.public_url) {
            return Err(cross_site());
        }
        Ok(Self { is_certain: parts.headers.contains_key(SITE) })
    }
}

impl FromRequestParts<App> for FromScript {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        if navigates(&parts.headers) { Err(cross_site()) } else { Ok(Self) }
    }
}

fn is_ours(headers: &HeaderMap, public_url: &Url) -> bool {
    if let Some(site) = headers.get(SITE) {
        return site == "same-origin";
    }
    let own = public_url.origin().ascii_serialization();
    headers.get_all(header::ORIGIN).iter().all(|origin| origin == "null" || *origin == *own)
}

/// Whether a browser asks for a document to show.
fn navigates(headers: &HeaderMap) -> bool {
    if let Some(mode) = headers.get("sec-fetch-mode") {
        return mode == "navigate";
    }
    let accept = headers.get(header::ACCEPT).map(header::HeaderValue::as_bytes);
    accept.is_some_and(|accept| accept.windows(9).any(|part| part == b"text/html"))
}

fn cross_site() -> ApiError {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "CROSS_SITE",
        "this is taken from our own pages only",
        "open the verification link and go on from its page",
    )
}
