//! `/v1/sessions/attempts` (REFERENCE 1.3), and the attempt as it is shown.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use domain::attempt::{Attempt, AttemptState, FailureCode};
use domain::id::{AttemptId, SessionId};
use serde::{Deserialize, Serialize};
use store::{AttemptFilter, AttemptStatus};

use super::caller::{Caller, SessionsRead};
use super::list::{self, Params, list};
use crate::app::App;
use crate::assurance::AssuranceView;
use crate::envelope::ApiError;
use crate::iso::iso;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/sessions/attempts", get(list_attempts))
        // Where the reference system's list really lives.
        .route("/v1/sessions/attempts/attempts", get(list_attempts))
}

#[derive(Deserialize)]
struct ListParams {
    session_id: Option<String>,
    status: Option<String>,
    limit: Option<String>,
    starting_after: Option<String>,
}

/// An attempt object.
#[derive(Serialize)]
pub(crate) struct AttemptView {
    id: String,
    session_id: String,
    status: &'static str,
    failure_code: Option<&'static str>,
    risk_score: u8,
    assurance: Option<AssuranceView>,
    completed_at: Option<String>,
    created_at: String,
    updated_at: String,
}

impl AttemptView {
    /// The attempt as it is shown.
    pub(crate) fn of(session: &SessionId, attempt: &Attempt) -> Self {
        Self {
            id: attempt.id.to_string(),
            session_id: session.to_string(),
            status: attempt.status(),
            failure_code: attempt.failure_code().map(FailureCode::as_str),
            // A failed check of the document is certain; no other score exists without a face match.
            risk_score: u8::from(matches!(attempt.failure_code(), Some(FailureCode::Verdict(_)))),
            assurance: match &attempt.state {
                AttemptState::Succeeded { assurance, .. } => Some(AssuranceView::of(assurance)),
                _ => None,
            },
            completed_at: attempt.completed_at().map(iso),
            created_at: iso(attempt.created_at),
            updated_at: iso(attempt.updated_at),
        }
    }
}

async fn list_attempts(
    State(app): State<App>,
    caller: Caller<SessionsRead>,
    Params(params): Params<ListParams>,
) -> Result<impl IntoResponse, ApiError> {
    if params.session_id.is_none() && params.status.is_none() {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "BAD_REQUEST",
            "name a session_id or a status",
            "the list of all attempts is too long to be of use",
        ));
    }
    let request =
        list::page::<AttemptId>(params.limit.as_deref(), params.starting_after.as_deref())?;
    let limit = request.limit;
    let filter = AttemptFilter {
        session: list::id("session_id", params.session_id.as_deref())?,
        status: params.status.as_deref().map(known_status).transpose()?,
        page: request,
    };
    let page = app.store.list_attempts(&caller.organization.id, filter, app.now()).await?;
    let cursor = page.items.last().map(|(_, attempt)| attempt.id.to_string());
    let attempts =
        page.items.iter().map(|(session, attempt)| AttemptView::of(session, attempt)).collect();
    Ok(list(attempts, limit, page.has_more, cursor))
}

fn known_status(text: &str) -> Result<AttemptStatus, ApiError> {
    AttemptStatus::parse(text).ok_or_else(|| {
        ApiError::invalid_request(
            "`status` is not an attempt status",
            "use in_progress, succeeded, failed or cancelled",
        )
    })
}
