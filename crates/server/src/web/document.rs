//! An HTML answer, and the documents that say one thing.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::assets;
use super::reader::Reader;
use crate::app::App;
use crate::envelope::ApiError;
use crate::texts::{Locale, Texts};

/// What stands around what a page says.
pub(super) struct Frame {
    pub(super) t: Texts,
    pub(super) style: String,
    pub(super) host: String,
    /// Where another language is asked for.
    pub(super) path: String,
    pub(super) plain: bool,
}

/// A document of a title and a sentence.
#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    frame: Frame,
    title: String,
    text: String,
}

/// What a document of one sentence says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// No session has this link.
    InvalidLink,
    /// The session belongs to a browser that is not this one.
    OtherBrowser,
    /// The session needs a browser that keeps cookies.
    NoCookies,
    /// The server could not answer.
    Unavailable,
}

impl Frame {
    /// The frame of a page at `path`.
    pub(super) fn of(app: &App, reader: &Reader, path: impl Into<String>) -> Self {
        Self {
            t: reader.texts,
            style: assets::path("page.css"),
            host: host_of(app),
            path: path.into(),
            plain: reader.plain,
        }
    }
}

/// The host of this server as people read it, with its port if that is not the usual one.
pub(super) fn host_of(app: &App) -> String {
    let host = app.public_url.host_str().unwrap_or_default();
    match app.public_url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// A document of one sentence, with the status that fits.
pub(super) fn message(app: &App, reader: &Reader, message: Message) -> Response {
    let t = reader.texts;
    let (status, title, text) = match message {
        Message::InvalidLink => {
            (StatusCode::NOT_FOUND, t.invalid_link_title(), t.invalid_link_text())
        }
        Message::OtherBrowser => {
            (StatusCode::FORBIDDEN, t.other_browser_title(), t.other_browser_text())
        }
        Message::NoCookies => (StatusCode::FORBIDDEN, t.no_cookies_title(), t.no_cookies_text()),
        Message::Unavailable => {
            (StatusCode::INTERNAL_SERVER_ERROR, t.unavailable_title(), t.unavailable_text())
        }
    };
    html(status, None, &MessagePage { frame: Frame::of(app, reader, ""), title, text })
}

/// Renders a document that loads nothing but our own script and style. Its forms go to us, and on to
/// `form_target` if there is one.
pub(super) fn html(
    status: StatusCode,
    form_target: Option<&str>,
    page: &impl Template,
) -> Response {
    match page.render() {
        Ok(body) => (
            status,
            [
                (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
                (header::CONTENT_SECURITY_POLICY, content_security_policy(form_target)),
            ],
            body,
        )
            .into_response(),
        Err(error) => ApiError::internal(&error).into_response(),
    }
}

fn content_security_policy(form_target: Option<&str>) -> String {
    let target = form_target
        .and_then(|target| url::Url::parse(target).ok())
        .map(|target| target.origin())
        .filter(url::Origin::is_tuple)
        .map(|origin| format!(" {}", origin.ascii_serialization()))
        .unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; base-uri 'none'; form-action 'self'{target}; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_go_to_us_and_back_to_the_business_alone() {
        let of = |target| {
            let policy = content_security_policy(target);
            policy.split("; ").find(|part| part.starts_with("form-action")).map(str::to_owned)
        };
        for (target, expected) in [
            (None, "form-action 'self'"),
            (
                Some("https://bank.example/back?a=1; script-src *"),
                "form-action 'self' https://bank.example",
            ),
            (Some("http://127.0.0.1:3000/"), "form-action 'self' http://127.0.0.1:3000"),
            (Some("bank.example"), "form-action 'self'"),
            (Some("data:text/html,"), "form-action 'self'"),
        ] {
            assert_eq!(of(target).as_deref(), Some(expected), "{target:?}");
        }
    }
}
