//! An HTML answer, and the documents that say one thing.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::envelope::ApiError;

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A document of a title and a sentence.
#[derive(Template)]
#[template(path = "message.html")]
pub(super) struct MessagePage {
    title: &'static str,
    text: &'static str,
}

/// No session has this link.
pub(super) const INVALID_LINK: MessagePage = MessagePage {
    title: "This link does not work",
    text: "It may have been copied incompletely. Go back to the business that sent you and start again.",
};

/// The session belongs to a browser that is not this one.
pub(super) const OTHER_BROWSER: MessagePage = MessagePage {
    title: "This verification was opened in another browser",
    text: "For your safety it goes on only there. Go back to the browser in which you opened it first. \
           If that was not you, close this page; the business can give you a link of your own.",
};

/// The server could not answer.
pub(super) const UNAVAILABLE: MessagePage =
    MessagePage { title: "Something went wrong", text: "Please try again in a moment." };

/// Renders a document that loads nothing but our own script and style.
pub(super) fn html(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(body) => (
            status,
            [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
            ],
            body,
        )
            .into_response(),
        Err(error) => ApiError::internal(&error).into_response(),
    }
}
