//! The code that a person types on the phone instead of scanning: `POST /{session}/code` shows it,
//! `/code` takes it.
//!
//! It leads to the same attempt as the link, lives as long, and dies with it. Whoever types it is
//! given the link of the app and nothing else: no cookie, no word of the session.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::attempt::AttemptState;
use domain::browser::Visitor;
use domain::id::SessionId;
use domain::session::{Session, UserCode, UserCodeRefusal};
use protocol::SecretText;
use serde::Serialize;
use store::StoreError;

use super::document::{Frame, html};
use super::form::Form;
use super::handoff::{Links, remaining_ms};
use super::reader::Reader;
use super::same_origin::SameOrigin;
use crate::app::App;
use crate::browser::Browser;
use crate::client_address::ClientAddress;
use crate::envelope::ApiError;
use crate::handoff;
use crate::limits::{USER_CODE, requests};
use crate::path::PathText;
use crate::texts::{Locale, Texts};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/code", get(form).post(enter)).route("/{session}/code", post(show))
}

/// How much the form takes: a code, and how people may part it.
pub(super) const LONGEST: usize = 20;

#[derive(Serialize)]
struct UserCodeView {
    /// `XXXX-XXXX`.
    user_code: String,
    /// How long it works.
    expires_in_ms: u64,
    /// Where it is typed.
    address: String,
}

#[derive(Template)]
#[template(path = "type.html")]
struct TypePage {
    t: Texts,
    frame: Frame,
    /// What is wrong with the last one.
    wrong: Option<String>,
    /// The last one, to be compared and corrected.
    typed: String,
}

#[derive(Template)]
#[template(path = "typed.html")]
struct TypedPage<'a> {
    t: Texts,
    frame: Frame,
    /// The link of the app, as a person carried it here.
    link: &'a str,
    ios: Option<&'a str>,
    android: Option<&'a str>,
}

/// Shows the code of the newest handoff to the browser that opened the session.
async fn show(
    State(app): State<App>,
    _: SameOrigin,
    PathText(id): PathText,
    reader: Reader,
    browser: Browser,
    form: Form,
) -> Result<Response, ApiError> {
    let session: SessionId = id.parse().map_err(|_| ApiError::invalid_session_id())?;
    let reader = reader.or(&form);
    let visitor = browser.page_visitor(&app.keys, &session);
    let code = issue(&app, &session, &visitor).await?;
    if reader.plain {
        return Ok(Redirect::to(&format!("/{session}?{}&code=1", reader.query())).into_response());
    }
    Ok(Json(UserCodeView {
        user_code: shown(&code),
        expires_in_ms: remaining_ms(code.expires_at, app.now()),
        address: format!("{}code", app.public_url),
    })
    .into_response())
}

/// The code of the newest handoff, or of a new one if hardly anything is left of that.
pub(super) async fn issue(
    app: &App,
    session: &SessionId,
    visitor: &Visitor,
) -> Result<UserCode, ApiError> {
    match ask(app, session, visitor).await? {
        Ok(code) if code.expires_at.since(app.now()) > handoff::WORTH_SHOWING => return Ok(code),
        Err(UserCodeRefusal::Off) => return Err(UserCodeRefusal::Off.into()),
        _ => {}
    }
    handoff::mint(app, session, visitor.clone()).await?;
    Ok(ask(app, session, visitor).await??)
}

/// As people are shown it: two groups of four.
pub(super) fn shown(code: &UserCode) -> String {
    let (one, other) = code.code.reveal().split_at(code.code.reveal().len() / 2);
    format!("{one}-{other}")
}

async fn ask(
    app: &App,
    session: &SessionId,
    visitor: &Visitor,
) -> Result<Result<UserCode, UserCodeRefusal>, ApiError> {
    let (now, keys, by) = (app.now(), std::sync::Arc::clone(&app.keys), visitor.actor());
    let visitor = visitor.clone();
    let unit = move |session: Session| session.user_code(&visitor, &keys, now);
    match app.store.session_by(by, session, now, unit).await {
        Ok(asked) => Ok(asked),
        Err(StoreError::NotFound(_)) => Err(ApiError::session_not_found()),
        Err(error) => Err(error.into()),
    }
}

async fn form(State(app): State<App>, reader: Reader) -> Response {
    type_page(&app, &reader, StatusCode::OK, None, "")
}

async fn enter(
    State(app): State<App>,
    _: SameOrigin,
    address: ClientAddress,
    reader: Reader,
    form: Form,
) -> Result<Response, ApiError> {
    let reader = reader.or(&form);
    let typed = form.get("code").unwrap_or_default();
    // Before it is looked up: who asks many at once must not learn more than was left.
    let decided = app.limits.take(&USER_CODE, address.network());
    if let Some(refused) = decided.filter(|decision| decision.refused) {
        let text = reader.texts.too_fast_text();
        let page = type_page(&app, &reader, StatusCode::TOO_MANY_REQUESTS, Some(text), typed);
        return Ok(requests::refuse_with(refused, page));
    }
    let found = find(&app, typed).await;
    // Only wrong ones count, and one that could not be looked up is none.
    if !matches!(found, Ok(None)) {
        app.limits.give_back(&USER_CODE, address.network());
    }
    let Some(link) = found? else {
        let text = reader.texts.type_wrong();
        return Ok(type_page(&app, &reader, StatusCode::NOT_FOUND, Some(text), typed));
    };
    let page = TypedPage {
        t: reader.texts,
        frame: Frame::of(&app, &reader, "/code"),
        link: link.expose(),
        ios: app.apps.ios.as_ref().map(url::Url::as_str),
        android: app.apps.android.as_ref().map(url::Url::as_str),
    };
    Ok(html(StatusCode::OK, &page))
}

/// The link that a code stands for, if it is the code of an attempt that a phone may still claim.
async fn find(app: &App, typed: &str) -> Result<Option<SecretText>, ApiError> {
    let now = app.now();
    let hash = app.keys.user_code_hash(typed);
    let Some((session, attempt)) = app.store.find_user_code(hash, now).await? else {
        return Ok(None);
    };
    let Some(found) = app.store.read_session(&session).await? else { return Ok(None) };
    let found = found.at(now).session;
    let Some(attempt) = found.attempt(&attempt).filter(|attempt| {
        attempt.state == AttemptState::Offered
            && now < attempt.token.expires_at
            && attempt.user_code == Some(hash)
            && !found.is_terminal()
    }) else {
        return Ok(None);
    };
    let handoff = found.handoff_of(attempt, &app.keys);
    Links::of(app, &session, &handoff).map(|links| Some(links.carried_app_link()))
}

fn type_page(
    app: &App,
    reader: &Reader,
    status: StatusCode,
    wrong: Option<String>,
    typed: &str,
) -> Response {
    let frame = Frame::of(app, reader, "/code");
    let typed = typed.chars().take(LONGEST).collect();
    html(status, &TypePage { t: reader.texts, frame, wrong, typed })
}
