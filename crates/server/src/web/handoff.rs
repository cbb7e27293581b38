//! `POST /{session}/handoff`: the way to the phone, as the page shows it.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use domain::id::SessionId;
use domain::session::Handoff;
use domain::time::Timestamp;
use protocol::{Flow, HandoffLink, SecretText};
use serde::Serialize;

use super::qr;
use super::same_origin::SameOrigin;
use crate::app::App;
use crate::browser::Browser;
use crate::envelope::ApiError;
use crate::handoff;
use crate::iso::iso;
use crate::path::PathText;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/{session}/handoff", post(mint))
}

/// What the page needs to show a way to the phone.
#[derive(Serialize)]
struct HandoffView {
    /// The link that is carried to another device; its payload is in the fragment.
    link: String,
    /// The link of the button on the phone itself.
    same_device_link: String,
    /// The same in the app's own scheme, where nothing claims the https link.
    app_link: String,
    /// `link` as a QR code, an SVG document.
    qr: String,
    /// When the code stops working for a phone that has not come.
    expires_at: String,
    /// How long that is from now: the clock of the page may be wrong.
    expires_in_ms: u64,
}

/// The links of one handoff.
pub(super) struct Links {
    link: HandoffLink,
    page: url::Url,
}

impl Links {
    /// Those that lead to this server.
    pub(super) fn of(app: &App, session: &SessionId, handoff: &Handoff) -> Result<Self, ApiError> {
        let expires_at = jiff::Timestamp::from_millisecond(handoff.expires_at.as_millis())
            .map_err(|error| ApiError::internal(&error))?;
        let token = SecretText::from(handoff.token.reveal());
        let link = HandoffLink::new(session.as_str(), handoff.attempt.as_str(), token, expires_at)
            .and_then(|link| link.with_api(app.public_url.clone()))
            .map_err(|error| ApiError::internal(&error))?;
        Ok(Self { link, page: app.public_url.clone() })
    }

    /// The https link that is carried from the page to another device.
    pub(super) fn carried(&self) -> SecretText {
        self.link.clone().with_flow(Flow::CrossDevice).to_https(&self.page)
    }

    /// The same as a QR code, an SVG document.
    pub(super) fn qr(&self) -> Result<String, ApiError> {
        qr::svg(self.carried().expose()).map_err(|error| ApiError::internal(&error))
    }

    /// The carried link in the app's own scheme, for the phone that it was carried to.
    pub(super) fn carried_app_link(&self) -> SecretText {
        self.link.clone().with_flow(Flow::CrossDevice).to_scheme_uri()
    }

    /// The https link of the button on the phone itself.
    pub(super) fn same_device_link(&self) -> SecretText {
        self.same_device().to_https(&self.page)
    }

    /// The same in the app's own scheme.
    pub(super) fn same_device_app_link(&self) -> SecretText {
        self.same_device().to_scheme_uri()
    }

    fn same_device(&self) -> HandoffLink {
        self.link.clone().with_flow(Flow::SameDevice)
    }
}

/// Milliseconds from `now` to `at`.
pub(super) fn remaining_ms(at: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(at.since(now).as_millis()).unwrap_or(u64::MAX)
}

async fn mint(
    State(app): State<App>,
    _: SameOrigin,
    PathText(id): PathText,
    browser: Browser,
) -> Result<Json<HandoffView>, ApiError> {
    let session: SessionId = id.parse().map_err(|_| ApiError::invalid_session_id())?;
    let handoff = handoff::mint(&app, &session, browser.page_visitor(&app.keys, &session)).await?;
    let links = Links::of(&app, &session, &handoff)?;
    Ok(Json(HandoffView {
        qr: links.qr()?,
        link: links.carried().expose().to_owned(),
        same_device_link: links.same_device_link().expose().to_owned(),
        app_link: links.same_device_app_link().expose().to_owned(),
        expires_at: iso(handoff.expires_at),
        expires_in_ms: remaining_ms(handoff.expires_at, app.now()),
    }))
}
