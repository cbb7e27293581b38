//! `/v1/webhooks/deliveries`: what became of each webhook (REFERENCE 1.4).

mod events;

use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use domain::id::DeliveryId;
use serde::{Deserialize, Serialize};
use store::{Delivery, DeliveryFilter};

use super::caller::{Caller, WebhooksRead};
use super::list::{self, Params, list};
use crate::app::App;
use crate::envelope::ApiError;
use crate::iso::iso;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/v1/webhooks/deliveries", get(list_deliveries)).merge(events::routes())
}

#[derive(Deserialize)]
struct ListParams {
    status: Option<String>,
    endpoint_id: Option<String>,
    event_id: Option<String>,
    limit: Option<String>,
    starting_after: Option<String>,
}

/// A delivery object.
#[derive(Serialize)]
struct DeliveryView {
    id: String,
    event_id: String,
    webhook_endpoint_id: String,
    webhook_encryption_key_id: Option<String>,
    status: &'static str,
    attempt_count: u32,
    next_attempt_at: Option<String>,
    last_status_code: Option<u16>,
    last_attempt_at: Option<String>,
    last_error: Option<&'static str>,
    created_at: String,
    updated_at: String,
}

async fn list_deliveries(
    State(app): State<App>,
    caller: Caller<WebhooksRead>,
    Params(params): Params<ListParams>,
) -> Result<impl IntoResponse, ApiError> {
    let request =
        list::page::<DeliveryId>(params.limit.as_deref(), params.starting_after.as_deref())?;
    let limit = request.limit;
    let status = params
        .status
        .as_deref()
        .map(|text| store::delivery_status(text).ok_or_else(unknown_status))
        .transpose()?;
    let filter = DeliveryFilter {
        status,
        endpoint: list::id("endpoint_id", params.endpoint_id.as_deref())?,
        event: list::id("event_id", params.event_id.as_deref())?,
        page: request,
    };
    let page = app.store.list_deliveries(&caller.organization.id, filter).await?;
    let cursor = page.items.last().map(|delivery| delivery.id.to_string());
    Ok(list(page.items.iter().map(DeliveryView::of).collect(), limit, page.has_more, cursor))
}

fn unknown_status() -> ApiError {
    ApiError::invalid_request(
        "`status` is not a delivery status",
        "use pending, delivering, succeeded or failed",
    )
}

impl DeliveryView {
    fn of(delivery: &Delivery) -> Self {
        Self {
            id: delivery.id.to_string(),
            event_id: delivery.event.to_string(),
            webhook_endpoint_id: delivery.endpoint.to_string(),
            webhook_encryption_key_id: delivery.encryption_key.as_ref().map(ToString::to_string),
            status: delivery.status.as_str(),
            attempt_count: delivery.attempt_count,
            next_attempt_at: delivery.next_attempt_at.map(iso),
            last_status_code: delivery.last_status_code,
            last_attempt_at: delivery.last_attempt_at.map(iso),
            last_error: delivery.last_error.map(store::DeliveryError::as_str),
            created_at: iso(delivery.created_at),
            updated_at: iso(delivery.updated_at),
        }
    }
}
