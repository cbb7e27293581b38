//! What an organization adds to its pages: its colours and its logo.

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::branding::{Accent, Branding, Colour, DarkAccent, LightAccent, Pages};
use domain::id::SessionId;

use crate::app::App;
use crate::envelope::ApiError;
use crate::path::PathText;

/// The path says all that the answer does.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// A logo may change; a browser that has it asks again after this time.
const FOR_A_WHILE: &str = "private, max-age=300";

/// A drawing that is opened by itself runs nothing, loads nothing and has no origin; only the styles
/// in it count.
const HARMLESS: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox";

pub(super) fn routes() -> Router<App> {
    Router::new().route("/theme/{file}", get(theme)).route("/{session}/logo", get(logo))
}

/// The path of the colours of an organization, if it chose any.
pub(super) fn path(branding: &Branding) -> Option<String> {
    let (light, dark) = branding.theme()?;
    Some(format!("/theme/{}-{}.css", light.colour().hex(), dark.colour().hex()))
}

/// Only colours that can be read, so that nobody is sent our page in others.
async fn theme(PathText(file): PathText) -> Response {
    match colours(&file) {
        Some((light, dark)) => {
            let headers = [
                (header::CONTENT_TYPE, "text/css; charset=utf-8"),
                (header::CACHE_CONTROL, FOR_GOOD),
            ];
            (headers, style(light, dark)).into_response()
        }
        None => ApiError::unknown_route().into_response(),
    }
}

fn colours(file: &str) -> Option<(LightAccent, DarkAccent)> {
    let (light, dark) = file.strip_suffix(".css")?.split_once('-')?;
    Some((accent(light)?, accent(dark)?))
}

/// In lower case alone: one path for one answer.
fn accent<P: Pages>(hex: &str) -> Option<Accent<P>> {
    if hex.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    Accent::new(Colour::of_hex(hex)?).ok()
}

fn style(light: LightAccent, dark: DarkAccent) -> String {
    let variables =
        |colour: Colour| format!(":root {{ --accent: {colour}; --on-accent: {}; }}", colour.text());
    format!(
        "{}\n@media (prefers-color-scheme: dark) {{ {} }}\n",
        variables(light.colour()),
        variables(dark.colour())
    )
}

/// The logo is as public as the page: whoever knows the session may see it, and nothing is written.
async fn logo(State(app): State<App>, PathText(id): PathText) -> Result<Response, ApiError> {
    let id: SessionId = id.parse().map_err(|_| ApiError::unknown_route())?;
    let session = app.store.read_session(&id).await?.ok_or_else(ApiError::unknown_route)?;
    let logo = app.store.read_logo(&session.organization).await?;
    let logo = logo.ok_or_else(ApiError::unknown_route)?;
    let headers = [
        (header::CONTENT_TYPE, logo.media_type().as_str()),
        (header::CACHE_CONTROL, FOR_A_WHILE),
        (header::CONTENT_SECURITY_POLICY, HARMLESS),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, logo.bytes().to_vec()).into_response())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_theme_is_two_colours_that_can_be_read() {
        let (light, dark) = colours("7a1030-ff9fb5.css").unwrap();
        assert_eq!(
            style(light, dark),
            ":root { --accent: #7a1030; --on-accent: #ffffff; }\n\
             @media (prefers-color-scheme: dark) { :root { --accent: #ff9fb5; --on-accent: #000000; } }\n"
        );
        for bad in [
            "",
            ".css",
            "7a1030-ff9fb5",
            "7a1030.css",
            "7A1030-ff9fb5.css",
            "7a1030-ff9fb5-7a1030.css",
            "#7a1030-ff9fb5.css",
            "7a1030-ff9fbé.css",
            "ff9fb5-ff9fb5.css",
            "7a1030-7a1030.css",
            "7a1030;}-ff9fb5.css",
        ] {
            assert!(colours(bad).is_none(), "{bad}");
        }
    }
}
