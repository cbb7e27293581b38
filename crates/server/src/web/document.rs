//! An HTML answer, and the documents that say one thing.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::branding::FrameAncestors;

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
    /// Where another language is asked for; where this document is, if it is empty.
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
    /// The session belongs to no browser: a phone came before its page was opened.
    NotOpened,
    /// The session needs a browser that keeps cookies.
    NoCookies,
    /// What was asked did not come from a page of ours.
    CrossSite,
    /// The server could not answer.
    Unavailable,
    /// More was asked for than is answered.
    TooFast,
}

impl Frame {
    /// Whether a link that leads away opens in a window of its own: the page of a session stays open,
    /// and where it is in a frame, no other page of ours may be.
    pub(super) fn stays(&self) -> bool {
        self.path.starts_with("/vs_")
    }

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

/// A document of one sentence that nobody may frame, with the status that fits. Another language of
/// it is asked for at `path`.
pub(super) fn message(app: &App, reader: &Reader, message: Message, path: &str) -> Response {
    message_for(app, reader, message, path, &FrameAncestors::default())
}

/// A document of one sentence for the frames of an organization, with the status that fits.
pub(super) fn message_for(
    app: &App,
    reader: &Reader,
    message: Message,
    path: &str,
    frame_ancestors: &FrameAncestors,
) -> Response {
    let t = reader.texts;
    let (status, title, text) = match message {
        Message::InvalidLink => {
            (StatusCode::NOT_FOUND, t.invalid_link_title(), t.invalid_link_text())
        }
        Message::OtherBrowser => {
            (StatusCode::FORBIDDEN, t.other_browser_title(), t.other_browser_text())
        }
        Message::NotOpened => (StatusCode::FORBIDDEN, t.not_opened_title(), t.not_opened_text()),
        Message::NoCookies => (StatusCode::FORBIDDEN, t.no_cookies_title(), t.no_cookies_text()),
        Message::CrossSite => (StatusCode::FORBIDDEN, t.cross_site_title(), t.cross_site_text()),
        Message::Unavailable => {
            (StatusCode::INTERNAL_SERVER_ERROR, t.unavailable_title(), t.unavailable_text())
        }
        Message::TooFast => (StatusCode::TOO_MANY_REQUESTS, t.too_fast_title(), t.too_fast_text()),
    };
    let page = MessagePage { frame: Frame::of(app, reader, path), title, text };
    html_for(status, frame_ancestors, &page)
}

/// Renders a document that nobody may frame; see [`html_for`].
pub(super) fn html(status: StatusCode, page: &impl Template) -> Response {
    html_for(status, &FrameAncestors::default(), page)
}

/// Renders a document that loads nothing but our own script and style, and whose forms go to us.
/// Only `frame_ancestors` may show it in a frame.
pub(super) fn html_for(
    status: StatusCode,
    frame_ancestors: &FrameAncestors,
    page: &impl Template,
) -> Response {
    let policy = content_security_policy(frame_ancestors);
    match page.render() {
        Ok(body) => (
            status,
            [
                (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
                (header::CONTENT_SECURITY_POLICY, policy),
            ],
            body,
        )
            .into_response(),
        Err(error) => ApiError::internal(&error).into_response(),
    }
}

fn content_security_policy(frame_ancestors: &FrameAncestors) -> String {
    let mut ancestors = frame_ancestors.iter().collect::<Vec<_>>().join(" ");
    if ancestors.is_empty() {
        "'none'".clone_into(&mut ancestors);
    }
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}"
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn only_named_origins_may_frame() {
        let of = |origins: &[&str]| {
            let origins = origins.iter().map(|origin| origin.parse().unwrap()).collect();
            let policy = content_security_policy(&FrameAncestors::new(origins).unwrap());
            policy.split("; ").last().map(str::to_owned)
        };
        assert_eq!(of(&[]).as_deref(), Some("frame-ancestors 'none'"));
        assert_eq!(
            of(&["https://b.example:8443", "https://a.example"]).as_deref(),
            Some("frame-ancestors https://a.example https://b.example:8443")
        );
    }
}
