//! `GET /vs_…`: the page of a session.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use domain::browser::Visitor;
use domain::id::SessionId;
use domain::session::{MAX_EXTENSIONS, MintRefusal, Session};

use super::assets;
use super::case::{Case, message_about};
use super::document::{Frame, Message, html_for, message, message_for};
use super::handoff::Links;
use super::present::{Asker, PlainHandoff, Presented};
use super::reader::Reader;
use super::screen::Screen;
use super::user_code;
use crate::app::App;
use crate::browser::{self, Browser, Cookie};
use crate::envelope::ApiError;
use crate::handoff::{self, HandoffError};
use crate::path::PathText;
use crate::texts::Locale;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/{session}", any(page))
}

/// From when on the end of a session is spoken of, in milliseconds before it.
const WARN_MS: u64 = 5 * 60 * 1000;

/// How often a page without scripts looks for news, in seconds.
const REFRESH: u32 = 15;

/// The same where people read and type: each look takes a screen reader back to the top.
const REFRESH_OF_OFFER: u32 = 30;

#[derive(Template)]
#[template(path = "session.html")]
struct SessionPage<'a> {
    frame: Frame,
    session: &'a str,
    asker: &'a Asker,
    initial: String,
    presented: Presented,
    remaining_ms: u64,
    scripts: String,
    /// Where the page is without scripts, and where it looks for news.
    plain_url: String,
    /// After how many seconds a page without scripts looks for news, if it does.
    refresh: Option<u32>,
    time: SessionTime,
}

/// What a page says of the time of its session.
struct SessionTime {
    /// Whether it says so from the beginning. A script does when the time comes.
    shown: bool,
    /// How much is left.
    left: String,
    /// Whether whoever is shown it can have more.
    extendable: bool,
    /// Whether more was had just now.
    extended: bool,
}

async fn page(
    State(app): State<App>,
    method: Method,
    PathText(id): PathText,
    reader: Reader,
    browser: Browser,
) -> Response {
    let Ok(id) = id.parse::<SessionId>() else {
        if id.starts_with("vs_") && method == Method::GET {
            return message(&app, &reader, Message::InvalidLink, "");
        }
        return ApiError::unknown_route().into_response();
    };
    if !matches!(method, Method::GET | Method::HEAD) {
        return ([(header::ALLOW, "GET, HEAD")], ApiError::wrong_method()).into_response();
    }
    match show(&app, &id, &reader, &browser).await {
        Ok(page) => page,
        Err(_) => message_about(&app, &reader, Message::Unavailable, &id).await,
    }
}

/// A link preview comes here too. It is shown the page and binds nothing.
async fn show(
    app: &App,
    id: &SessionId,
    reader: &Reader,
    browser: &Browser,
) -> Result<Response, ApiError> {
    let Some(mut case) = Case::load(app, id).await? else {
        return Ok(message(app, reader, Message::InvalidLink, ""));
    };
    let path = format!("/{id}");
    let visitor = browser.visitor(&app.keys, id);
    if case.session.admit(&visitor).is_err() {
        return Ok(message_for(app, reader, Message::OtherBrowser, &path, &case.frame_ancestors));
    }
    let mut screen = case.screen(app, &visitor);
    let mut handoff = None;
    if reader.plain && screen == Screen::Offer {
        match plain_handoff(app, id, reader, browser).await {
            Ok(links) => handoff = Some(links),
            // A phone came in between.
            Err(HandoffError::Refused(MintRefusal::InProgress | MintRefusal::SessionEnded)) => {
                let Some(now) = Case::load(app, id).await? else {
                    return Ok(message(app, reader, Message::InvalidLink, ""));
                };
                screen = now.screen(app, &visitor);
                case = now;
            }
            Err(HandoffError::Refused(MintRefusal::PageRequired)) => {
                return Ok(message_for(
                    app,
                    reader,
                    Message::NoCookies,
                    &path,
                    &case.frame_ancestors,
                ));
            }
            Err(error) => return Err(error.into()),
        }
    }
    let presented = case.present(app, &screen, &visitor, reader, handoff.as_ref())?;
    let remaining_ms = case.remaining_ms(app);
    let time = SessionTime::of(&case.session, &visitor, &screen, reader, remaining_ms);
    let page = SessionPage {
        session: id.as_str(),
        initial: case.asker.name.chars().next().map(String::from).unwrap_or_default(),
        asker: &case.asker,
        scripts: assets::page_scripts(),
        plain_url: plain_url(&path, reader),
        frame: Frame::of(app, reader, path),
        time,
        presented,
        remaining_ms,
        refresh: refresh_of(&screen),
    };
    let mut answer = html_for(StatusCode::OK, &case.frame_ancestors, &page);
    // In a frame the script's own requests do not say that they come from one.
    let embedded = browser.is_framed() && !case.frame_ancestors.is_empty();
    if (reader.plain || embedded) && !browser.has_secret() {
        let cookie = if embedded { Cookie::Embedded } else { Cookie::Own };
        answer.headers_mut().insert(header::SET_COOKIE, browser::new_cookie(app, cookie)?);
    }
    Ok(answer)
}

/// A code that was asked for stays. That more time was had is said once.
fn plain_url(path: &str, reader: &Reader) -> String {
    let code = if reader.wants_code { "&code=1" } else { "" };
    format!("{path}?lang={}&plain=1{code}", reader.texts.locale().code())
}

/// A person who reads what to agree to is not interrupted: nothing happens there but by themselves.
fn refresh_of(screen: &Screen) -> Option<u32> {
    match screen {
        Screen::Consent => None,
        Screen::Offer => Some(REFRESH_OF_OFFER),
        screen => (!screen.is_end()).then_some(REFRESH),
    }
}

impl SessionTime {
    fn of(
        session: &Session,
        visitor: &Visitor,
        screen: &Screen,
        reader: &Reader,
        remaining_ms: u64,
    ) -> Self {
        let soon = remaining_ms < WARN_MS;
        // Without scripts, a page that looks for no news hears of no end either.
        let says_so = soon || refresh_of(screen).is_none();
        let minutes = remaining_ms.div_ceil(60_000).max(1);
        Self {
            shown: reader.plain && !screen.is_end() && says_so,
            left: reader.texts.time_left(if reader.plain { minutes } else { minutes.min(5) }),
            extendable: session.may_act(visitor) && session.extensions < MAX_EXTENSIONS,
            extended: reader.extended && !soon && !screen.is_end(),
        }
    }
}

async fn plain_handoff(
    app: &App,
    id: &SessionId,
    reader: &Reader,
    browser: &Browser,
) -> Result<PlainHandoff, HandoffError> {
    let visitor = browser.page_visitor(&app.keys, id);
    let user_code = if reader.wants_code {
        // A phone that comes in between is met by the next question.
        user_code::issue(app, id, &visitor).await.ok().map(|code| user_code::shown(&code))
    } else {
        None
    };
    let handoff = handoff::offer(app, id, visitor).await?;
    let links = Links::of(app, id, &handoff).map_err(HandoffError::Link)?;
    Ok(PlainHandoff {
        qr: links.qr().map_err(HandoffError::Link)?,
        link: links.carried().expose().to_owned(),
        same_device_link: links.same_device_link().expose().to_owned(),
        app_link: links.same_device_app_link().expose().to_owned(),
        user_code,
    })
}

#[cfg(test)]
mod tests;
