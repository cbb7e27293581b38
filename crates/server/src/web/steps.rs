//! What a person does at the page, as forms: agree, decline, cancel, ask for more time, go back.
//!
//! Each ends at the page again, which says what became of it. The browser is told apart by its
//! cookie, and nothing is taken from the pages of others.

use std::sync::Arc;

use askama::Template;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use axum::{Json, RequestExt, Router};
use domain::browser::Visitor;
use domain::consent::Consent;
use domain::id::SessionId;
use domain::key::Secret;
use domain::session::{
    CancelRefusal, ResponseCodeRefusal, Session, Transition, VisitRefusal, random_response_code,
};
use serde::Serialize;
use store::StoreError;
use url::form_urlencoded;

use super::case::{Case, message_about};
use super::consent::CONSENT_VERSION;
use super::document::{Frame, Message, html_for, message};
use super::form::Form;
use super::reader::Reader;
use super::same_origin::{FromScript, SameOrigin};
use crate::app::App;
use crate::browser::{self, Browser, Cookie};
use crate::envelope::ApiError;
use crate::path::PathText;
use crate::texts::Locale;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/{session}/open", post(open))
        .route("/{session}/consent", post(consent))
        .route("/{session}/decline", post(decline))
        .route("/{session}/cancel", post(cancel))
        .route("/{session}/extend", post(extend))
        .route("/{session}/return", post(go_back))
}

/// A form of our own page, or none at all.
struct Step {
    reader: Reader,
    cancel_token: Option<String>,
    cookie: StepCookie,
}

/// What a form may have to do with our cookie.
enum StepCookie {
    /// It came for the first time, from our page for certain. If it needs a cookie, this is where the
    /// same step is taken once more with one.
    Giveable(String),
    /// It came with the one that it was given.
    Given,
    /// It is given none: it may be a form of another site, where a cookie was not missing but kept
    /// off, and a new one would replace it.
    NotGiven,
}

/// Says in the query that a cookie was given for this step.
const COOKIE_GIVEN: &str = "cookie=given";

impl FromRequest<App> for Step {
    type Rejection = ApiError;

    async fn from_request(mut request: Request, app: &App) -> Result<Self, ApiError> {
        let SameOrigin { is_certain } = request.extract_parts_with_state(app).await?;
        let reader: Reader = request.extract_parts_with_state(app).await?;
        let uri = request.uri();
        let cookie = match uri.query() {
            None if is_certain => StepCookie::Giveable(format!("{}?{COOKIE_GIVEN}", uri.path())),
            Some(COOKIE_GIVEN) if is_certain => StepCookie::Given,
            _ => StepCookie::NotGiven,
        };
        let form = Form::from_request(request, app).await?;
        let cancel_token = form.get("cancel_token").filter(|token| !token.is_empty());
        let cancel_token = cancel_token.map(str::to_owned);
        Ok(Self { reader: reader.or(&form), cancel_token, cookie })
    }
}

#[derive(Template)]
#[template(path = "return.html")]
struct ReturnPage<'a> {
    frame: Frame,
    name: &'a str,
    url: String,
}

#[derive(Serialize)]
struct Opened {
    /// Whether a cookie was given, and nothing else done.
    again: bool,
}

/// A browser that has no cookie is given one, and is bound when it comes with it: two tabs that are
/// opened at once end up with the same.
///
/// No form comes here: one of another site comes without the cookie, and would have it replaced. Nor
/// is one given where another browser is bound: it would be of no use, and if the browser is the
/// same, which a form has bound meanwhile, it would replace the one that is.
async fn open(
    State(app): State<App>,
    PathText(id): PathText,
    browser: Browser,
    _: FromScript,
    _: Step,
) -> Result<Response, ApiError> {
    let id: SessionId = id.parse().map_err(|_| ApiError::invalid_session_id())?;
    if !browser.has_secret() {
        let session = app.store.read_session(&id).await?.ok_or_else(ApiError::session_not_found)?;
        session.at(app.now()).session.admit(&Visitor::Unknown)?;
        let mut answer = Json(Opened { again: true }).into_response();
        answer.headers_mut().insert(header::SET_COOKIE, browser::new_cookie(&app, Cookie::Own)?);
        return Ok(answer);
    }
    let now = app.now();
    write(&app, &id, &browser, move |session, visitor| session.open(visitor, now)).await??;
    Ok(Json(Opened { again: false }).into_response())
}

async fn consent(
    State(app): State<App>,
    PathText(id): PathText,
    browser: Browser,
    step: Step,
) -> Response {
    let now = app.now();
    let consent = Consent {
        version: CONSENT_VERSION.to_owned(),
        locale: step.reader.texts.locale().code().to_owned(),
        at: now,
    };
    let unit = move |session: Session, visitor: &Visitor| {
        session.consent(visitor, consent.clone(), now).map_err(Refusal::from)
    };
    take(&app, &id, &browser, &step, "", unit).await
}

async fn decline(
    State(app): State<App>,
    PathText(id): PathText,
    browser: Browser,
    step: Step,
) -> Response {
    let now = app.now();
    let token = step.cancel_token.as_deref().map(|token| app.keys.cancel_token_hash(token));
    let unit = move |session: Session, visitor: &Visitor| {
        session.decline(visitor, token.as_ref(), now).map_err(Refusal::from)
    };
    take(&app, &id, &browser, &step, "", unit).await
}

async fn cancel(
    State(app): State<App>,
    PathText(id): PathText,
    browser: Browser,
    step: Step,
) -> Response {
    let now = app.now();
    let token = step.cancel_token.as_deref().map(|token| app.keys.cancel_token_hash(token));
    let unit = move |session: Session, visitor: &Visitor| {
        session.cancel_by_page(visitor, token.as_ref(), now).map_err(Refusal::from)
    };
    take(&app, &id, &browser, &step, "", unit).await
}

async fn extend(
    State(app): State<App>,
    PathText(id): PathText,
    browser: Browser,
    step: Step,
) -> Response {
    let now = app.now();
    let unit = move |session: Session, visitor: &Visitor| match session.extend(visitor, now) {
        Ok(Transition { session, events, value: _ }) => {
            Ok(Transition { session, events, value: () })
        }
        Err(refusal) => Err(Refusal::from(refusal)),
    };
    // Scripts say it by themselves.
    let done = if step.reader.plain { "&extended=1" } else { "" };
    take(&app, &id, &browser, &step, done, unit).await
}

/// Back to the business, with a code that its server redeems if this is the browser that came.
async fn go_back(
    State(app): State<App>,
    PathText(id): PathText,
    browser: Browser,
    step: Step,
) -> Response {
    let reader = step.reader;
    let Ok(session) = id.parse::<SessionId>() else {
        return message(&app, &reader, Message::InvalidLink, "/");
    };
    match onward(&app, &session, &browser, &reader).await {
        Ok(answer) => answer,
        Err(StoreError::NotFound(_)) => message(&app, &reader, Message::InvalidLink, "/"),
        Err(error) => unavailable(&app, &reader, &session, &error).await,
    }
}

/// A document that leads on to the business. A redirect would be part of the form's navigation, which
/// browsers hold to `form-action` at every hop, and the business may redirect wherever it likes.
async fn onward(
    app: &App,
    id: &SessionId,
    browser: &Browser,
    reader: &Reader,
) -> Result<Response, StoreError> {
    let path = format!("/{id}");
    let Some(url) = return_url(app, id, browser).await? else {
        return Ok(see_other(&format!("{path}?{}", reader.query())));
    };
    let Some(case) = Case::load(app, id).await? else {
        return Ok(message(app, reader, Message::InvalidLink, "/"));
    };
    let page = ReturnPage { name: &case.asker.name, url, frame: Frame::of(app, reader, path) };
    Ok(html_for(StatusCode::OK, &case.frame_ancestors, &page))
}

async fn return_url(
    app: &App,
    id: &SessionId,
    browser: &Browser,
) -> Result<Option<String>, StoreError> {
    let now = app.now();
    let code = app.random(random_response_code);
    let keys = Arc::clone(&app.keys);
    let issued = {
        let code = code.clone();
        write(app, id, browser, move |session, visitor| {
            session.issue_response_code(visitor, &code, &keys, now)
        })
        .await?
    };
    let code = match issued {
        Ok(()) => Some(code),
        Err(ResponseCodeRefusal::NotEnded) => return Ok(None),
        // Whoever it is goes back, and proves nothing.
        Err(ResponseCodeRefusal::Stranger | ResponseCodeRefusal::Redeemed) => None,
    };
    let session = app.store.read_session(id).await?;
    let target = session.and_then(|session| session.redirect_url);
    Ok(target.and_then(|target| way_back(&target, id, code.as_ref())))
}

/// The business's own address, as it wrote it, with what is ours to say.
fn way_back(target: &str, id: &SessionId, code: Option<&Secret>) -> Option<String> {
    const OURS: [&str; 2] = ["session_id", "response_code"];
    let mut url = url::Url::parse(target).ok()?;
    let is_ours = |part: &str| {
        let mut named = form_urlencoded::parse(part.as_bytes()).map(|(name, _)| name);
        named.next().is_some_and(|name| OURS.contains(&name.as_ref()))
    };
    let mut parts: Vec<String> = match url.query() {
        None | Some("") => Vec::new(),
        Some(query) => query.split('&').filter(|part| !is_ours(part)).map(str::to_owned).collect(),
    };
    parts.push(format!("session_id={id}"));
    parts.extend(code.map(|code| format!("response_code={}", code.reveal())));
    url.set_query(Some(&parts.join("&")));
    Some(url.into())
}

/// Why a step is not taken.
enum Refusal {
    /// It is for another browser.
    Stranger,
    /// It is for a browser that keeps cookies.
    NoCookies,
    /// It is for a browser that was there before the phone.
    NotOpened,
    /// The link that it came by is not the whole one.
    WrongToken,
    /// It makes no difference any more; the page says why.
    TooLate,
}

impl From<VisitRefusal> for Refusal {
    fn from(refusal: VisitRefusal) -> Self {
        use CancelRefusal as C;
        match refusal {
            VisitRefusal::Browser(_) | VisitRefusal::CancelToken(C::Browser(_)) => Self::Stranger,
            VisitRefusal::NoCookies => Self::NoCookies,
            VisitRefusal::NotOpened => Self::NotOpened,
            VisitRefusal::CancelToken(C::Invalid) => Self::WrongToken,
            VisitRefusal::CancelToken(C::Used)
            | VisitRefusal::Ended
            | VisitRefusal::ExtendedTooOften => Self::TooLate,
        }
    }
}

/// Takes a step and leads back to the page, which is told `done` if it was taken.
async fn take(
    app: &App,
    id: &str,
    browser: &Browser,
    step: &Step,
    done: &str,
    unit: impl Fn(Session, &Visitor) -> Result<Transition<()>, Refusal> + Send + Sync + 'static,
) -> Response {
    let reader = &step.reader;
    let Ok(id) = id.parse::<SessionId>() else {
        return message(app, reader, Message::InvalidLink, "/");
    };
    let refused = match write(app, &id, browser, unit).await {
        Ok(Ok(())) => {
            let page = see_other(&format!("/{id}?{}{done}", reader.query()));
            return keep_cookie(app, browser, &step.cookie, page);
        }
        Ok(Err(Refusal::TooLate)) => return see_other(&format!("/{id}?{}", reader.query())),
        Ok(Err(Refusal::Stranger)) => Message::OtherBrowser,
        Ok(Err(Refusal::NotOpened)) => Message::NotOpened,
        Ok(Err(Refusal::WrongToken)) => Message::InvalidLink,
        Ok(Err(Refusal::NoCookies)) => match &step.cookie {
            StepCookie::Giveable(path) if !browser.is_framed() => return give_cookie(app, path),
            _ => Message::NoCookies,
        },
        Err(StoreError::NotFound(_)) => Message::InvalidLink,
        Err(error) => return unavailable(app, reader, &id, &error).await,
    };
    message_about(app, reader, refused, &id).await
}

/// Has the browser send the form once more with a cookie: a person may be faster than the script
/// that gets one. In a frame the page itself has come with it.
fn give_cookie(app: &App, path: &str) -> Response {
    match browser::new_cookie(app, Cookie::Own) {
        Ok(cookie) => {
            let headers = [(header::SET_COOKIE, cookie)];
            (headers, Redirect::temporary(path)).into_response()
        }
        Err(error) => error.into_response(),
    }
}

/// Sets a cookie that was given for a step once more when the step is taken: the script may have
/// asked for one as well, and its answer may have come in between with another.
fn keep_cookie(app: &App, browser: &Browser, cookie: &StepCookie, mut page: Response) -> Response {
    if !matches!(cookie, StepCookie::Given) || browser.is_framed() {
        return page;
    }
    match browser.same_cookie(app) {
        Ok(cookie) => {
            page.headers_mut().extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
            page
        }
        Err(error) => error.into_response(),
    }
}

/// Runs a unit on behalf of our page in this browser.
async fn write<E: Send + 'static>(
    app: &App,
    id: &SessionId,
    browser: &Browser,
    unit: impl Fn(Session, &Visitor) -> Result<Transition<()>, E> + Send + Sync + 'static,
) -> Result<Result<(), E>, StoreError> {
    let visitor = browser.page_visitor(&app.keys, id);
    let by = visitor.actor();
    app.store.session_by(by, id, app.now(), move |session| unit(session, &visitor)).await
}

async fn unavailable(app: &App, reader: &Reader, id: &SessionId, error: &StoreError) -> Response {
    tracing::error!(%error, "a step at the page could not be taken");
    message_about(app, reader, Message::Unavailable, id).await
}

pub(super) fn see_other(target: &str) -> Response {
    match HeaderValue::try_from(target) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(error) => ApiError::internal(&error).into_response(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_address_of_the_business_is_kept_as_it_wrote_it() {
        const ID: &str = "vs_ID";
        let id: SessionId = format!("vs_{}", "a".repeat(64)).parse().unwrap();
        let code = Secret::new("CODE".to_owned());
        for (target, expected) in [
            ("https://rp.example/back", "https://rp.example/back?session_id=vs_ID"),
            ("https://rp.example/back?", "https://rp.example/back?session_id=vs_ID"),
            (
                "https://rp.example/back?flow&sig=a%20b+c&&x=%2f#top",
                "https://rp.example/back?flow&sig=a%20b+c&&x=%2f&session_id=vs_ID#top",
            ),
            (
                "https://rp.example/?response_code=planted&a=%20&session%5fid=x&session_id",
                "https://rp.example/?a=%20&session_id=vs_ID",
            ),
        ] {
            let expected = expected.replace(ID, id.as_str());
            assert_eq!(way_back(target, &id, None), Some(expected.clone()), "{target}");
            let (before, after) = expected.split_once('#').unwrap_or((&expected, ""));
            let found = way_back(target, &id, Some(&code)).unwrap();
            assert_eq!(
                found.trim_end_matches(&format!("#{after}")),
                format!("{before}&response_code=CODE")
            );
        }
    }
}
