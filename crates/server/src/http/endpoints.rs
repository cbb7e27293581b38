//! `/v1/webhooks/endpoints`: endpoints and their signing secrets (REFERENCE 1.4).

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use domain::audit::{Action, Entry};
use domain::event::EventType;
use domain::id::EndpointId;
use domain::webhook::Endpoint;
use serde::{Deserialize, Serialize};
use store::{EndpointFilter, StoreError};

use super::caller::{Caller, WebhooksRead, WebhooksWrite};
use super::json::{Body, created, data, present};
use super::list::{self, Params, list};
use crate::app::App;
use crate::envelope::ApiError;
use crate::iso::iso;
use crate::path::PathText;
use crate::signing_secret;

const NAME_CHARACTERS: std::ops::RangeInclusive<usize> = 1..=120;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/webhooks/endpoints", post(create).get(list_endpoints))
        .route("/v1/webhooks/endpoints/{id}", get(read).patch(update).delete(delete))
        .route("/v1/webhooks/endpoints/{id}/signing-secret/reveal", post(reveal))
        .route("/v1/webhooks/endpoints/{id}/signing-secret/rotate", post(rotate))
}

#[derive(Deserialize)]
struct CreateBody {
    url: String,
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    subscribed_event_types: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct UpdateBody {
    #[serde(default, deserialize_with = "present")]
    name: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    url: Option<String>,
    #[serde(default, deserialize_with = "present")]
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    subscribed_event_types: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct ListParams {
    enabled: Option<String>,
    limit: Option<String>,
    starting_after: Option<String>,
}

/// An endpoint object.
#[derive(Serialize)]
struct EndpointView {
    id: String,
    organization_id: String,
    name: Option<String>,
    url: String,
    enabled: bool,
    subscribed_event_types: Vec<&'static str>,
    created_at: String,
    updated_at: String,
    disabled_at: Option<String>,
}

#[derive(Serialize)]
struct CreatedView<'a> {
    endpoint: EndpointView,
    signing_secret: &'a str,
}

#[derive(Serialize)]
struct SecretView<'a> {
    endpoint_id: &'a str,
    signing_secret: &'a str,
}

async fn create(
    State(app): State<App>,
    caller: Caller<WebhooksWrite>,
    Body(body): Body<CreateBody>,
) -> Result<Response, ApiError> {
    let now = app.now();
    let url = webhook_url(&app, &body.url)?;
    let name = body.name.as_deref().map(endpoint_name).transpose()?;
    let subscribed = match &body.subscribed_event_types {
        None => EventType::ALL.to_vec(),
        Some(names) => event_types(names)?,
    };
    let by = caller.actor();
    let id = app.random(EndpointId::random);
    let secret = app.random(signing_secret::generate);
    let sealed_secret = app
        .random(|entropy| signing_secret::seal(&secret, &id, &app.keys, entropy))
        .map_err(|error| ApiError::internal(&error))?;
    let endpoint = Endpoint {
        id,
        organization: caller.organization.id,
        name,
        url,
        subscribed,
        sealed_secret,
        created_at: now,
        updated_at: now,
        disabled_at: (body.enabled == Some(false)).then_some(now),
    };
    app.store.create_endpoint(endpoint.clone(), by).await.map_err(refused)?;
    Ok(created(CreatedView {
        endpoint: EndpointView::of(&endpoint),
        signing_secret: secret.reveal(),
    }))
}

async fn list_endpoints(
    State(app): State<App>,
    caller: Caller<WebhooksRead>,
    Params(params): Params<ListParams>,
) -> Result<impl IntoResponse, ApiError> {
    let request =
        list::page::<EndpointId>(params.limit.as_deref(), params.starting_after.as_deref())?;
    let limit = request.limit;
    let filter = EndpointFilter {
        enabled: list::flag("enabled", params.enabled.as_deref())?,
        page: request,
    };
    let page = app.store.list_endpoints(&caller.organization.id, filter).await?;
    let cursor = page.items.last().map(|endpoint| endpoint.id.to_string());
    Ok(list(page.items.iter().map(EndpointView::of).collect(), limit, page.has_more, cursor))
}

async fn read(
    State(app): State<App>,
    caller: Caller<WebhooksRead>,
    PathText(id): PathText,
) -> Result<impl IntoResponse, ApiError> {
    let endpoint = owned(&app, &caller, &id).await?;
    Ok(data(EndpointView::of(&endpoint)))
}

async fn update(
    State(app): State<App>,
    caller: Caller<WebhooksWrite>,
    PathText(id): PathText,
    Body(body): Body<UpdateBody>,
) -> Result<impl IntoResponse, ApiError> {
    let UpdateBody { name, url, enabled, subscribed_event_types } = body;
    if name.is_none() && url.is_none() && enabled.is_none() && subscribed_event_types.is_none() {
        return Err(ApiError::invalid_request(
            "the body changes nothing",
            "send at least one of name, url, enabled, subscribed_event_types",
        ));
    }
    let name = name.map(|name| name.as_deref().map(endpoint_name).transpose()).transpose()?;
    let url = url.map(|url| webhook_url(&app, &url)).transpose()?;
    let subscribed = subscribed_event_types.map(|names| event_types(&names)).transpose()?;
    let now = app.now();
    let change = move |endpoint: &mut Endpoint| {
        if let Some(name) = &name {
            endpoint.name.clone_from(name);
        }
        if let Some(url) = &url {
            endpoint.url.clone_from(url);
        }
        if let Some(subscribed) = &subscribed {
            endpoint.subscribed.clone_from(subscribed);
        }
        match enabled {
            None => {}
            Some(true) => endpoint.disabled_at = None,
            Some(false) => endpoint.disabled_at = endpoint.disabled_at.or(Some(now)),
        }
        endpoint.updated_at = now;
    };
    let id = endpoint_id(&id)?;
    let by = caller.actor();
    let endpoint = app.store.update_endpoint(&caller.organization.id, &id, by, change).await?;
    Ok(data(EndpointView::of(&endpoint)))
}

async fn delete(
    State(app): State<App>,
    caller: Caller<WebhooksWrite>,
    PathText(id): PathText,
) -> Result<StatusCode, ApiError> {
    let (id, by) = (endpoint_id(&id)?, caller.actor());
    app.store.delete_endpoint(&caller.organization.id, &id, by, app.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn reveal(
    State(app): State<App>,
    caller: Caller<WebhooksWrite>,
    PathText(id): PathText,
) -> Result<Response, ApiError> {
    let endpoint = owned(&app, &caller, &id).await?;
    let secret = signing_secret::open(&endpoint.sealed_secret, &endpoint.id, &app.keys)
        .map_err(|error| ApiError::internal(&error))?;
    let action = Action::EndpointSecretRevealed;
    let (by, now) = (caller.actor(), app.now());
    let entry = Entry::endpoint(action, &caller.organization.id, &endpoint.id, by, now);
    app.store.append_audit(entry).await?;
    let view = SecretView { endpoint_id: endpoint.id.as_str(), signing_secret: secret.reveal() };
    Ok(data(view).into_response())
}

async fn rotate(
    State(app): State<App>,
    caller: Caller<WebhooksWrite>,
    PathText(id): PathText,
) -> Result<Response, ApiError> {
    let id = endpoint_id(&id)?;
    let secret = app.random(signing_secret::generate);
    let sealed = app
        .random(|entropy| signing_secret::seal(&secret, &id, &app.keys, entropy))
        .map_err(|error| ApiError::internal(&error))?;
    let by = caller.actor();
    app.store.set_endpoint_secret(&caller.organization.id, &id, sealed, by, app.now()).await?;
    let view = SecretView { endpoint_id: id.as_str(), signing_secret: secret.reveal() };
    Ok(data(view).into_response())
}

/// An endpoint of the caller's organization.
async fn owned<S>(app: &App, caller: &Caller<S>, id: &str) -> Result<Endpoint, ApiError> {
    app.store.read_endpoint(&caller.organization.id, &endpoint_id(id)?).await?.ok_or_else(not_found)
}

fn endpoint_id(text: &str) -> Result<EndpointId, ApiError> {
    text.parse().map_err(|_| not_found())
}

fn not_found() -> ApiError {
    ApiError::not_found("webhook endpoint")
}

fn refused(error: StoreError) -> ApiError {
    match error {
        StoreError::TooMany { .. } => ApiError::new(
            StatusCode::CONFLICT,
            "TOO_MANY_ENDPOINTS",
            error.to_string(),
            "delete an endpoint that is no longer needed, or change one",
        ),
        other => other.into(),
    }
}

fn webhook_url(app: &App, url: &str) -> Result<String, ApiError> {
    app.targets.check_webhook(url).map(String::from).map_err(|error| {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "WEBHOOK_URL_REJECTED",
            format!("`url` {error}"),
            "use an https URL of a public host, without credentials or fragment",
        )
    })
}

fn endpoint_name(text: &str) -> Result<String, ApiError> {
    let name = text.trim();
    if !NAME_CHARACTERS.contains(&name.chars().count()) || name.chars().any(char::is_control) {
        return Err(ApiError::invalid_request(
            "`name` must have 1 to 120 characters, none of them a control character",
            "leave it out for an endpoint without a name",
        ));
    }
    Ok(name.to_owned())
}

/// In the order of [`EventType::ALL`], each once.
fn event_types(names: &[String]) -> Result<Vec<EventType>, ApiError> {
    let mut types = Vec::with_capacity(EventType::ALL.len());
    for name in names {
        let kind = EventType::parse(name).ok_or_else(unknown_event_type)?;
        if !types.contains(&kind) {
            types.push(kind);
        }
    }
    types.sort_unstable();
    Ok(types)
}

/// Refuses a name that is no event type.
pub(super) fn unknown_event_type() -> ApiError {
    ApiError::invalid_request(
        "this is not an event type",
        "use verification.attempt.succeeded, verification.attempt.failed, \
         verification.session.expired or verification.session.cancelled",
    )
}

impl EndpointView {
    fn of(endpoint: &Endpoint) -> Self {
        Self {
            id: endpoint.id.to_string(),
            organization_id: endpoint.organization.to_string(),
            name: endpoint.name.clone(),
            url: endpoint.url.clone(),
            enabled: endpoint.disabled_at.is_none(),
            subscribed_event_types: endpoint.subscribed.iter().map(|kind| kind.as_str()).collect(),
            created_at: iso(endpoint.created_at),
            updated_at: iso(endpoint.updated_at),
            disabled_at: endpoint.disabled_at.map(iso),
        }
    }
}
