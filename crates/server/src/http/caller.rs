//! Who calls, and what they may do. A handler that takes a [`Caller`] states its policy by it.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use domain::audit::Actor;
use domain::id::ApiKeyId;
use domain::organization::{Organization, Scope};

use crate::app::App;
use crate::envelope::ApiError;

/// A scope as a type.
pub(crate) trait RequiredScope: Send + Sync {
    /// The scope.
    const SCOPE: Scope;
}

macro_rules! required_scope {
    ($($name:ident),*) => { $(
        /// See [`Scope`].
        pub(crate) struct $name;

        impl RequiredScope for $name {
            const SCOPE: Scope = Scope::$name;
        }
    )* };
}

required_scope!(SessionsRead, SessionsWrite, WebhooksRead, WebhooksWrite);

/// An organization whose API key holds the scope `S`. It cannot be had otherwise.
pub(crate) struct Caller<S> {
    /// The organization the key speaks for.
    pub(crate) organization: Organization,
    key: ApiKeyId,
    scope: PhantomData<S>,
}

impl<S: RequiredScope> FromRequestParts<App> for Caller<S> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let presented = presented(&parts.headers).ok_or_else(ApiError::unauthorized)?;
        let hash = app.keys.api_key_hash(presented);
        let (key, organization) =
            app.store.find_api_key(&hash).await?.ok_or_else(ApiError::unauthorized)?;
        if key.revoked_at.is_some() {
            return Err(ApiError::unauthorized());
        }
        if !key.allows(S::SCOPE) {
            return Err(ApiError::forbidden(S::SCOPE));
        }
        Ok(Self { organization, key: key.id, scope: PhantomData })
    }
}

/// The API key that a request presents, right or not: one text for all its spellings, for limits
/// count by it too.
pub(crate) fn presented(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    Some(value.strip_prefix("Bearer ")?.trim())
}

impl<S> Caller<S> {
    /// How the audit trail names it.
    pub(crate) fn actor(&self) -> Actor {
        Actor::RelyingParty(self.key.clone())
    }
}
