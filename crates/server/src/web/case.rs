//! A session as its page needs it: with who asks, and in the words of a reader.

use axum::response::Response;
use domain::branding::{FrameAncestors, WebUrl};
use domain::browser::Visitor;
use domain::id::SessionId;
use domain::session::Session;
use store::StoreError;

use super::document::{self, Message, message_for};
use super::handoff::remaining_ms;
use super::present::{Asker, PlainHandoff, Presentation, Presented, present};
use super::reader::Reader;
use super::screen::Screen;
use super::theme;
use crate::app::App;
use crate::envelope::ApiError;

/// A session and who asks.
pub(super) struct Case {
    /// The session as it stands now.
    pub(super) session: Session,
    /// Who asks.
    pub(super) asker: Asker,
    /// Whose pages may show this one in a frame.
    pub(super) frame_ancestors: FrameAncestors,
}

impl Case {
    /// Reads a session; `None` if there is none of this id.
    pub(super) async fn load(app: &App, id: &SessionId) -> Result<Option<Self>, StoreError> {
        let Some(session) = app.store.read_session(id).await? else { return Ok(None) };
        let Some(organization) = app.store.read_organization(&session.organization).await? else {
            return Ok(None);
        };
        let branding = app.store.read_branding(&organization.id).await?;
        let text = |url: &WebUrl| url.as_str().to_owned();
        let asker = Asker {
            name: organization.name,
            domain: branding.shown_domain(app.now()).map(ToString::to_string),
            has_logo: branding.logo.is_some(),
            theme: theme::path(&branding),
            terms: branding.terms_url.as_ref().map(text),
            privacy: branding.privacy_url.as_ref().map(text),
        };
        Ok(Some(Self {
            session: session.at(app.now()).session,
            asker,
            frame_ancestors: branding.frame_ancestors,
        }))
    }

    /// The screen for this visitor.
    pub(super) fn screen(&self, app: &App, visitor: &Visitor) -> Screen {
        Screen::of(&self.session, visitor, &app.keys)
    }

    /// The screen in the words of a reader, with the steps that the visitor may take; `handoff` is
    /// for pages without scripts.
    pub(super) fn present(
        &self,
        app: &App,
        screen: &Screen,
        visitor: &Visitor,
        reader: &Reader,
        handoff: Option<&PlainHandoff>,
    ) -> Result<Presented, ApiError> {
        let code_address = format!("{}code", app.public_url);
        let presentation = Presentation {
            screen,
            session: &self.session,
            asker: &self.asker,
            texts: reader.texts,
            device: reader.device,
            code_address: &code_address,
            apps: &app.apps,
            plain: reader.plain,
            may_act: self.session.may_act(visitor),
            handoff,
        };
        present(&presentation).map_err(|error| ApiError::internal(&error))
    }

    /// How long the session lasts, in milliseconds.
    pub(super) fn remaining_ms(&self, app: &App) -> u64 {
        remaining_ms(self.session.expires_at, app.now())
    }
}

/// A document of one sentence about a session, for the frames that show its page.
pub(super) async fn message_about(
    app: &App,
    reader: &Reader,
    message: Message,
    id: &SessionId,
) -> Response {
    let path = format!("/{id}");
    match Case::load(app, id).await {
        Ok(Some(case)) => message_for(app, reader, message, &path, &case.frame_ancestors),
        // There is nobody whose frame it could be, or nobody who could say.
        _ => document::message(app, reader, message, &path),
    }
}
