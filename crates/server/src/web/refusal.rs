//! What is refused to a person, in words: a browser that is about to show a document is not answered
//! with the envelope of the API.

use axum::extract::{FromRequestParts as _, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use domain::id::SessionId;

use super::case::message_about;
use super::document::{Message, message};
use super::home::accepts_html;
use super::reader::Reader;
use super::steps::see_other;
use crate::app::App;
use crate::telemetry::requests::StableCode;

/// Puts into words what a route of the page, or what stands before it, answers with an error code.
pub(crate) async fn explain(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let person = Person::of(&mut parts, &app).await;
    let answer = next.run(Request::from_parts(parts, body)).await;
    match (person, answer.extensions().get::<StableCode>()) {
        (Some(person), Some(&StableCode(code))) => person.told(&app, code, answer).await,
        _ => answer,
    }
}

/// Somebody in front of one of our pages.
struct Person {
    reader: Reader,
    session: Option<SessionId>,
    /// Where the page can be had in another language.
    path: String,
}

impl Person {
    /// Programs, scripts and the API's clients do not ask for documents.
    async fn of(parts: &mut Parts, app: &App) -> Option<Self> {
        let route = parts.extensions.get::<MatchedPath>()?.as_str().to_owned();
        if route.starts_with("/v1/") || !accepts_html(&parts.headers) {
            return None;
        }
        let reader = Reader::from_request_parts(parts, app).await.ok()?;
        let session = parts.uri.path().split('/').find_map(|part| part.parse::<SessionId>().ok());
        let path = match &session {
            Some(id) => format!("/{id}"),
            // Where it is now, as far as it can be loaded again.
            None if parts.method == Method::GET => String::new(),
            None if route == "/code" => route,
            None => "/".to_owned(),
        };
        Some(Self { reader, session, path })
    }

    async fn told(self, app: &App, code: &str, answer: Response) -> Response {
        let Self { reader, session, path } = self;
        let said = match (answer.status(), code) {
            // The page of the session says where it stands.
            (StatusCode::CONFLICT | StatusCode::METHOD_NOT_ALLOWED, _) if session.is_some() => {
                return see_other(&format!("{path}?{}", reader.query()));
            }
            // Whoever is too fast has nothing looked up.
            (StatusCode::TOO_MANY_REQUESTS, _) => {
                return reworded(answer, message(app, &reader, Message::TooFast, &path));
            }
            (_, "BROWSER_MISMATCH") => Message::OtherBrowser,
            (_, "PAGE_REQUIRED") => Message::NoCookies,
            (_, "CROSS_SITE") => Message::CrossSite,
            (StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST, _) => Message::InvalidLink,
            _ => Message::Unavailable,
        };
        let page = match &session {
            Some(id) => message_about(app, &reader, said, id).await,
            None => message(app, &reader, said, &path),
        };
        reworded(answer, page)
    }
}

/// The answer as it is, status and limits included, with a page for its body.
fn reworded(answer: Response, page: Response) -> Response {
    let (mut parts, _) = answer.into_parts();
    let (worded, body) = page.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.extend(worded.headers);
    Response::from_parts(parts, body)
}
