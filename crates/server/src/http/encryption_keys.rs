//! `/v1/webhooks/endpoints/…/keys` and `/v1/webhooks/keys`: the keys that payloads are encrypted
//! to (REFERENCE 1.4).

mod jwk;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use domain::id::{EncryptionKeyId, EndpointId};
use domain::webhook::EncryptionKey;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::KeyFilter;

use self::jwk::{ALGORITHM, KEY_TYPE, PublicJwk};
use super::caller::{Caller, WebhooksRead, WebhooksWrite};
use super::json::{Body, created, data};
use super::list::{self, Params, list};
use crate::app::App;
use crate::envelope::ApiError;
use crate::iso::iso;
use crate::path::PathText;

/// It goes into the header of every payload.
const KEY_ID_CHARACTERS: std::ops::RangeInclusive<usize> = 1..=255;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/webhooks/endpoints/{id}/keys", post(create).get(list_keys))
        .route("/v1/webhooks/keys/{id}/deactivate", post(deactivate))
        .route("/v1/webhooks/keys/{id}/reactivate", post(reactivate))
}

#[derive(Deserialize)]
struct CreateBody {
    key_id: String,
    jwk: Map<String, Value>,
    algorithm: String,
    key_type: String,
}

#[derive(Deserialize)]
struct ListParams {
    is_active: Option<String>,
    limit: Option<String>,
    starting_after: Option<String>,
}

/// An encryption key object.
#[derive(Serialize)]
struct KeyView {
    id: String,
    webhook_endpoint_id: String,
    key_id: String,
    algorithm: &'static str,
    key_type: &'static str,
    jwk: Value,
    is_active: bool,
    created_at: String,
    updated_at: String,
    disabled_at: Option<String>,
}

async fn create(
    State(app): State<App>,
    caller: Caller<WebhooksWrite>,
    PathText(endpoint): PathText,
    Body(body): Body<CreateBody>,
) -> Result<Response, ApiError> {
    let endpoint: EndpointId =
        endpoint.parse().map_err(|_| ApiError::not_found("webhook endpoint"))?;
    if !KEY_ID_CHARACTERS.contains(&body.key_id.chars().count())
        || body.key_id.chars().any(char::is_control)
    {
        return Err(ApiError::invalid_request(
            "`key_id` must have 1 to 255 characters, none of them a control character",
            "it is your own name for the key; payloads carry it as `kid`",
        ));
    }
    if body.algorithm != ALGORITHM || body.key_type != KEY_TYPE {
        return Err(ApiError::invalid_request(
            "`algorithm` must be \"RSA-OAEP-256\" and `key_type` \"RSA\"",
            "no other kind of key is supported",
        ));
    }
    let jwk = PublicJwk::check(&body.jwk).map_err(|error| {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "INVALID_JWK",
            error.to_string(),
            "send the public key: {\"kty\": \"RSA\", \"n\": \"…\", \"e\": \"AQAB\"}",
        )
    })?;
    let now = app.now();
    let key = EncryptionKey {
        id: app.random(EncryptionKeyId::random),
        endpoint,
        key_id: body.key_id,
        jwk: jwk.into_json(),
        created_at: now,
        updated_at: now,
        disabled_at: None,
    };
    let by = caller.actor();
    app.store.add_encryption_key(&caller.organization.id, key.clone(), by).await?;
    Ok(created(KeyView::of(&key)?))
}

/// An endpoint that is not there has no keys (REFERENCE 1.4).
async fn list_keys(
    State(app): State<App>,
    caller: Caller<WebhooksRead>,
    PathText(endpoint): PathText,
    Params(params): Params<ListParams>,
) -> Result<impl IntoResponse, ApiError> {
    let request =
        list::page::<EncryptionKeyId>(params.limit.as_deref(), params.starting_after.as_deref())?;
    let limit = request.limit;
    let filter =
        KeyFilter { active: list::flag("is_active", params.is_active.as_deref())?, page: request };
    let Ok(endpoint) = endpoint.parse::<EndpointId>() else {
        return Ok(list(Vec::new(), limit, false, None));
    };
    let page = app.store.list_encryption_keys(&caller.organization.id, &endpoint, filter).await?;
    let cursor = page.items.last().map(|key| key.id.to_string());
    let keys = page.items.iter().map(KeyView::of).collect::<Result<Vec<_>, _>>()?;
    Ok(list(keys, limit, page.has_more, cursor))
}

async fn deactivate(
    State(app): State<App>,
    caller: Caller<WebhooksWrite>,
    PathText(id): PathText,
) -> Result<impl IntoResponse, ApiError> {
    switch(&app, &caller, &id, false).await
}

async fn reactivate(
    State(app): State<App>,
    caller: Caller<WebhooksWrite>,
    PathText(id): PathText,
) -> Result<impl IntoResponse, ApiError> {
    switch(&app, &caller, &id, true).await
}

async fn switch(
    app: &App,
    caller: &Caller<WebhooksWrite>,
    id: &str,
    active: bool,
) -> Result<Response, ApiError> {
    let id: EncryptionKeyId = id.parse().map_err(|_| ApiError::not_found("encryption key"))?;
    let key = app
        .store
        .set_encryption_key_active(&caller.organization.id, &id, active, caller.actor(), app.now())
        .await?;
    Ok(data(KeyView::of(&key)?).into_response())
}

impl KeyView {
    fn of(key: &EncryptionKey) -> Result<Self, ApiError> {
        Ok(Self {
            id: key.id.to_string(),
            webhook_endpoint_id: key.endpoint.to_string(),
            key_id: key.key_id.clone(),
            algorithm: ALGORITHM,
            key_type: KEY_TYPE,
            jwk: serde_json::from_str(&key.jwk).map_err(|error| ApiError::internal(&error))?,
            is_active: key.disabled_at.is_none(),
            created_at: iso(key.created_at),
            updated_at: iso(key.updated_at),
            disabled_at: key.disabled_at.map(iso),
        })
    }
}
