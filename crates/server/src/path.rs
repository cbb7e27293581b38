//! The one parameter in a path.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::envelope::ApiError;

/// The text of a path's parameter; a path that is not UTF-8 has no route.
pub(crate) struct PathText(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for PathText {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(text)) => Ok(Self(text)),
            Err(_) => Err(ApiError::unknown_route()),
        }
    }
}
