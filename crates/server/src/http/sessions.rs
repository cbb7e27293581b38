//! `/v1/sessions`: create, read, list, cancel (REFERENCE 1.3); redeem a response code.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use domain::attempt::Attempt;
use domain::entropy::random_text;
use domain::id::SessionId;
use domain::policy::FaceMatch;
use domain::session::{NewSession, RedeemRefusal, Session, Transition};
use domain::share::{CONTRACT_VERSION, FieldSource, RequestedField, ShareContract, ShareField};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{SessionFilter, SessionStatus};

use super::attempts::AttemptView;
use super::caller::{Caller, SessionsRead, SessionsWrite};
use super::json::{Body, NoBody, OptionalBody, created, data, present};
use super::list::{self, Params, list};
use crate::app::App;
use crate::envelope::ApiError;
use crate::iso::iso;
use crate::limits;
use crate::path::PathText;

const CANCEL_TOKEN_LENGTH: usize = 48;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/sessions", post(create).get(list_sessions))
        .route("/v1/sessions/{id}", get(read))
        .route("/v1/sessions/{id}/cancel", post(cancel))
        .route("/v1/sessions/{id}/response-code", post(redeem))
}

#[derive(Deserialize, Default)]
struct CreateBody {
    redirect_url: Option<String>,
    /// `null` is an error, and no member at all is the default contract.
    #[serde(default, deserialize_with = "present")]
    share_fields: Option<Value>,
}

#[derive(Deserialize)]
struct RedeemBody {
    response_code: String,
}

#[derive(Deserialize)]
struct IncludeAttempts {
    include_attempts: Option<String>,
}

#[derive(Deserialize)]
struct ListParams {
    status: Option<String>,
    created_from: Option<String>,
    created_to: Option<String>,
    limit: Option<String>,
    starting_after: Option<String>,
    include_attempts: Option<String>,
}

#[derive(Serialize)]
struct SessionView {
    id: String,
    status: &'static str,
    contract_version: u32,
    share_fields: Map<String, Value>,
    redirect_url: Option<String>,
    verification_url: String,
    expires_at: String,
    created_at: String,
    updated_at: String,
    completed_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<Vec<AttemptView>>,
    consent: Option<ConsentView>,
}

/// What the person at the page agreed to.
#[derive(Serialize)]
struct ConsentView {
    version: String,
    locale: String,
    given_at: String,
}

#[derive(Serialize)]
struct ShareFieldView<'a> {
    required: bool,
    reason: &'a str,
    source: &'static str,
}

async fn create(
    State(app): State<App>,
    caller: Caller<SessionsWrite>,
    Params(params): Params<IncludeAttempts>,
    OptionalBody(body): OptionalBody<CreateBody>,
) -> Result<Response, ApiError> {
    let allowed = limits::shared::new_session(&app, &caller.organization.id).await?;
    if let Some(refused) = allowed.filter(|decision| decision.refused) {
        return Ok(limits::requests::refuse(refused));
    }
    let include = list::flag("include_attempts", params.include_attempts.as_deref())?;
    let body = body.unwrap_or_default();
    let contract = match &body.share_fields {
        None => ShareContract::default(),
        Some(fields) => share_contract(fields)?,
    };
    let redirect_url = body.redirect_url.map(|url| check_redirect(&app, &url)).transpose()?;
    if caller.organization.policy.face_match == FaceMatch::Required {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "FACE_MATCH_UNAVAILABLE",
            "the organization requires a face match, which this version cannot make",
            "its operator can decide to go without: kayle org set ID face_match=off",
        ));
    }
    let by = caller.actor();
    if !caller.organization.policy.can_be_met() {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "BROWSER_BINDING_REQUIRED",
            "match_code=required and same_network=required cannot be met with browser_binding=off",
            "without a browser that holds the session there is nothing to compare a phone with",
        ));
    }
    let cancel_token = app.random(|entropy| random_text(CANCEL_TOKEN_LENGTH, entropy));
    let session = Session::create(
        NewSession {
            id: app.random(SessionId::random),
            organization: caller.organization.id,
            contract,
            policy: caller.organization.policy,
            redirect_url,
            cancel_token: app.keys.cancel_token_hash(&cancel_token),
        },
        app.now(),
    );
    app.store.create_session(session.clone(), by).await?;
    app.metrics.session_created();
    let mut view = SessionView::of(&session, &app, include.unwrap_or(false));
    // In the fragment, which browsers send to nobody (SECURITY row 8).
    view.verification_url.push_str("#cancel_token=");
    view.verification_url.push_str(&cancel_token);
    view.cancel_token = Some(cancel_token);
    let mut answer = created(view);
    if let Some(allowed) = allowed {
        answer.extensions_mut().insert(allowed);
    }
    Ok(answer)
}

async fn read(
    State(app): State<App>,
    caller: Caller<SessionsRead>,
    PathText(id): PathText,
    Params(params): Params<IncludeAttempts>,
) -> Result<impl IntoResponse, ApiError> {
    let include = list::flag("include_attempts", params.include_attempts.as_deref())?;
    let session = owned(&app, &caller, &id).await?;
    Ok(data(SessionView::of(&session, &app, include.unwrap_or(false))))
}

async fn list_sessions(
    State(app): State<App>,
    caller: Caller<SessionsRead>,
    Params(params): Params<ListParams>,
) -> Result<impl IntoResponse, ApiError> {
    let include =
        list::flag("include_attempts", params.include_attempts.as_deref())?.unwrap_or(false);
    let request =
        list::page::<SessionId>(params.limit.as_deref(), params.starting_after.as_deref())?;
    let limit = request.limit;
    let filter = SessionFilter {
        status: params.status.as_deref().map(known_status).transpose()?,
        created_from: list::time("created_from", params.created_from.as_deref())?,
        created_to: list::time("created_to", params.created_to.as_deref())?,
        page: request,
    };
    let now = app.now();
    let page = app.store.list_sessions(&caller.organization.id, filter, now).await?;
    let sessions: Vec<_> =
        page.items.into_iter().map(|session| SessionView::of(&session, &app, include)).collect();
    let cursor = sessions.last().map(|session| session.id.clone());
    Ok(list(sessions, limit, page.has_more, cursor))
}

async fn cancel(
    State(app): State<App>,
    caller: Caller<SessionsWrite>,
    PathText(id): PathText,
    _: NoBody,
) -> Result<StatusCode, ApiError> {
    let session = owned(&app, &caller, &id).await?;
    let now = app.now();
    let unit = move |session: Session| Ok::<_, ApiError>(session.cancel(now));
    app.store.session_by(caller.actor(), &session.id, now, unit).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// The person came back to the relying party with this code: who holds it is who was at the page.
async fn redeem(
    State(app): State<App>,
    caller: Caller<SessionsWrite>,
    PathText(id): PathText,
    Body(body): Body<RedeemBody>,
) -> Result<impl IntoResponse, ApiError> {
    let session = owned(&app, &caller, &id).await?;
    let now = app.now();
    let presented = app.keys.response_code_hash(&session.id, &body.response_code);
    let unit = move |session: Session| {
        let Transition { session, events, value: () } =
            session.redeem_response_code(&presented, now)?;
        Ok::<_, RedeemRefusal>(Transition { value: session.clone(), session, events })
    };
    let session = app.store.session_by(caller.actor(), &session.id, now, unit).await??;
    Ok(data(SessionView::of(&session, &app, true)))
}

/// A session of the caller's organization, as it stands now.
async fn owned<S>(app: &App, caller: &Caller<S>, id: &str) -> Result<Session, ApiError> {
    let id: SessionId = id.parse().map_err(|_| ApiError::invalid_session_id())?;
    match app.store.read_session(&id).await? {
        Some(session) if session.organization == caller.organization.id => {
            Ok(session.at(app.now()).session)
        }
        _ => Err(ApiError::session_not_found()),
    }
}

fn known_status(text: &str) -> Result<SessionStatus, ApiError> {
    SessionStatus::parse(text).ok_or_else(|| {
        ApiError::invalid_request(
            "`status` is not a session status",
            "use created, in_progress, completed, expired or cancelled",
        )
    })
}

fn check_redirect(app: &App, url: &str) -> Result<String, ApiError> {
    app.targets.check_redirect(url).map(String::from).map_err(|error| {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "INVALID_REDIRECT_URL",
            format!("redirect_url: {error}"),
            "use an https URL without credentials; http to loopback only where this server is on loopback",
        )
    })
}

/// The contract's own errors come first, in the reference's order; then members it does not know.
fn share_contract(fields: &Value) -> Result<ShareContract, ApiError> {
    let Value::Object(fields) = fields else {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "INVALID_SHARE_FIELDS",
            "share_fields must be an object",
            "each member is a claim key: {\"family_name\": {\"required\": true, \"reason\": \"…\"}}",
        ));
    };
    let requested: Vec<_> = fields.iter().map(|(key, value)| requested_field(key, value)).collect();
    let contract = ShareContract::requested(&requested)?;
    for (key, value) in fields {
        let members = value.as_object().into_iter().flat_map(Map::keys);
        if let Some(name) =
            members.into_iter().find(|name| !matches!(name.as_str(), "required" | "reason"))
        {
            return Err(ApiError::invalid_request(
                format!("unknown member `share_fields.{key}.{name}`"),
                "leave it out; members that are not understood are refused, not ignored",
            ));
        }
    }
    Ok(contract)
}

fn requested_field(key: &str, value: &Value) -> RequestedField {
    RequestedField {
        key: key.to_owned(),
        is_object: value.is_object(),
        required: value.get("required").and_then(Value::as_bool),
        reason: value.get("reason").and_then(Value::as_str).map(str::to_owned),
    }
}

impl SessionView {
    fn of(session: &Session, app: &App, include_attempts: bool) -> Self {
        Self {
            id: session.id.to_string(),
            status: session.status(),
            contract_version: CONTRACT_VERSION,
            share_fields: session
                .contract
                .fields()
                .map(|(key, field)| (key.to_owned(), field_view(field)))
                .collect(),
            redirect_url: session.redirect_url.clone(),
            verification_url: app.page_url(&session.id).into(),
            expires_at: iso(session.expires_at),
            created_at: iso(session.created_at),
            updated_at: iso(session.updated_at),
            completed_at: session.completed_at().map(iso),
            cancel_token: None,
            attempts: include_attempts.then(|| {
                session
                    .attempts
                    .iter()
                    .map(|attempt: &Attempt| AttemptView::of(&session.id, attempt))
                    .collect()
            }),
            consent: session.consent.as_ref().map(|consent| ConsentView {
                version: consent.version.clone(),
                locale: consent.locale.clone(),
                given_at: iso(consent.at),
            }),
        }
    }
}

fn field_view(field: &ShareField) -> Value {
    serde_json::json!(ShareFieldView {
        required: field.required,
        reason: &field.reason,
        source: match field.source {
            FieldSource::Default => "default",
            FieldSource::RelyingParty => "rc",
        },
    })
}
