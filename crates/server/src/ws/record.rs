//! What one socket leaves in the log and in the metrics.

use std::time::Duration;

use domain::attempt::Phase;
use protocol::{ClientMessage, ServerMessage};
use tracing::Instrument as _;

use super::conversation::Reply;
use crate::app::App;
use crate::telemetry::{loggable_session, milliseconds};

/// Written when it is dropped.
pub(super) struct Record {
    app: App,
    session: Option<String>,
    opened: Duration,
    /// The end of the last step.
    step: Duration,
    messages: u64,
    close: Option<(u16, String)>,
}

/// What a message is, and which step it ends if it is granted.
#[derive(Clone, Copy)]
pub(super) struct Heard {
    message: &'static str,
    step: Option<&'static str>,
}

impl Record {
    /// A socket was opened.
    pub(super) fn open(app: &App, id: &str) -> Self {
        app.metrics.socket_opened();
        let session = loggable_session(id).map(str::to_owned);
        tracing::info!(target: "kayle::socket", session, "opened");
        let opened = app.metrics.clock();
        Self { app: app.clone(), session, opened, step: opened, messages: 0, close: None }
    }

    /// Measures how long a message takes to be answered.
    pub(super) async fn hear(
        &mut self,
        heard: Heard,
        answer: impl Future<Output = Reply>,
    ) -> Reply {
        let began = self.app.metrics.clock();
        let span = tracing::debug_span!(target: "kayle::socket", "message", kind = heard.message, step = heard.step);
        let reply = answer.instrument(span).await;
        let ended = self.app.metrics.clock();
        self.messages += 1;
        self.app.metrics.heard(heard.message, ended.saturating_sub(began));
        if let Some(step) = heard.step.filter(|_| is_granted(&reply)) {
            self.app.metrics.step(step, ended.saturating_sub(self.step));
            self.step = ended;
        }
        reply
    }

    /// The server closes the socket. The reason is a text of the server.
    pub(super) fn closing(&mut self, code: u16, reason: &str) {
        self.close = Some((code, reason.to_owned()));
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let open = self.app.metrics.clock().saturating_sub(self.opened);
        let code = self.close.as_ref().map(|(code, _)| *code);
        self.app.metrics.socket_closed(code, open);
        tracing::info!(
            target: "kayle::socket",
            session = self.session.as_deref(),
            code,
            reason = self.close.as_ref().map(|(_, reason)| reason.as_str()),
            messages = self.messages,
            duration_ms = milliseconds(open),
            "closed"
        );
    }
}

impl Heard {
    /// What this message is.
    pub(super) fn of(message: &ClientMessage) -> Self {
        let (message, step) = match message {
            ClientMessage::Hello(_) => ("hello", Some("hello")),
            ClientMessage::DeviceProof { .. } => ("device_proof", Some("hello")),
            ClientMessage::MatchChoice { .. } => ("match_choice", Some("match_code")),
            ClientMessage::NotMe => ("not_me", None),
            ClientMessage::Phase { phase, .. } => {
                ("phase", Phase::parse(phase.trim()).map(Phase::as_str))
            }
            ClientMessage::Data(_) => ("data", None),
            ClientMessage::ShareSelection { .. } => ("share_selection", Some("share")),
            ClientMessage::ChipAuth { .. } => ("chip_auth", None),
            ClientMessage::ChipAccess { .. } => ("chip_access", None),
        };
        Self { message, step }
    }
}

/// A hello that is answered with a challenge is granted with the proof.
fn is_granted(reply: &Reply) -> bool {
    match reply {
        Reply::Say(messages) | Reply::Finish(messages) => !messages.iter().any(|message| {
            matches!(message, ServerMessage::Error { .. } | ServerMessage::DeviceChallenge { .. })
        }),
        Reply::Reject(_) => true,
        Reply::Refuse(_) => false,
    }
}
