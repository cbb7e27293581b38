//! `/v1/webhooks/events`, also at `/v1/events`: what happened, without what was shared
//! (REFERENCE 1.4).

use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use domain::event::EventType;
use domain::id::EventId;
use serde::{Deserialize, Serialize};
use store::{Delivery, EventFilter, EventSummary};

use crate::app::App;
use crate::envelope::ApiError;
use crate::http::caller::{Caller, WebhooksRead};
use crate::http::endpoints::unknown_event_type;
use crate::http::json::data;
use crate::http::list::{self, Params, list};
use crate::iso::iso;
use crate::path::PathText;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/webhooks/events", get(list_events))
        .route("/v1/webhooks/events/{id}", get(read))
        .route("/v1/events", get(list_events))
        .route("/v1/events/{id}", get(read))
}

#[derive(Deserialize)]
struct ListParams {
    #[serde(rename = "type")]
    kind: Option<String>,
    created_from: Option<String>,
    created_to: Option<String>,
    limit: Option<String>,
    starting_after: Option<String>,
}

/// An event object.
#[derive(Serialize)]
struct EventView {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    trigger_type: &'static str,
    trigger_id: String,
    created_at: String,
    deliveries: Vec<DeliverySummary>,
}

#[derive(Serialize)]
struct DeliverySummary {
    id: String,
    webhook_endpoint_id: String,
    status: &'static str,
    last_status_code: Option<u16>,
    attempt_count: u32,
    last_attempt_at: Option<String>,
}

async fn list_events(
    State(app): State<App>,
    caller: Caller<WebhooksRead>,
    Params(params): Params<ListParams>,
) -> Result<impl IntoResponse, ApiError> {
    let request = list::page::<EventId>(params.limit.as_deref(), params.starting_after.as_deref())?;
    let limit = request.limit;
    let kind = params
        .kind
        .as_deref()
        .map(|name| EventType::parse(name).ok_or_else(unknown_event_type))
        .transpose()?;
    let filter = EventFilter {
        kind,
        created_from: list::time("created_from", params.created_from.as_deref())?,
        created_to: list::time("created_to", params.created_to.as_deref())?,
        page: request,
    };
    let page = app.store.list_events(&caller.organization.id, filter).await?;
    let cursor = page.items.last().map(|event| event.id.to_string());
    Ok(list(page.items.iter().map(EventView::of).collect(), limit, page.has_more, cursor))
}

async fn read(
    State(app): State<App>,
    caller: Caller<WebhooksRead>,
    PathText(id): PathText,
) -> Result<impl IntoResponse, ApiError> {
    let not_found = || ApiError::not_found("event");
    let id: EventId = id.parse().map_err(|_| not_found())?;
    let event = app.store.read_event(&caller.organization.id, &id).await?.ok_or_else(not_found)?;
    Ok(data(EventView::of(&event)))
}

impl EventView {
    fn of(event: &EventSummary) -> Self {
        let (trigger_type, trigger_id) = match &event.attempt {
            Some(attempt) => ("verification_attempt", attempt.to_string()),
            None => ("verification_session", event.session.to_string()),
        };
        Self {
            id: event.id.to_string(),
            kind: event.kind.as_str(),
            trigger_type,
            trigger_id,
            created_at: iso(event.created_at),
            deliveries: event.deliveries.iter().map(DeliverySummary::of).collect(),
        }
    }
}

impl DeliverySummary {
    fn of(delivery: &Delivery) -> Self {
        Self {
            id: delivery.id.to_string(),
            webhook_endpoint_id: delivery.endpoint.to_string(),
            status: delivery.status.as_str(),
            last_status_code: delivery.last_status_code,
            attempt_count: delivery.attempt_count,
            last_attempt_at: delivery.last_attempt_at.map(iso),
        }
    }
}
