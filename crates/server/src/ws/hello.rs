//! Saying hello: in one step, or in two with a proof of the device key (docs/PROTOCOL.md).
//!
//! In two, nothing is read or written before the proof: the hello waits in the memory of its
//! socket, and is claimed with in one unit when the phone has signed the nonce.

use domain::browser::{BrowserFamily, OsFamily};
use domain::confirmation::{Flow, MatchCodeState, MatchCodes};
use domain::device::{DeviceKey, DeviceProven};
use domain::id::{AttemptId, SessionId};
use domain::session::{Hello, HelloGranted, HelloRefusal};
use protocol::codes::SocketCode;
use protocol::{HandoffContext, limits};

use crate::app::App;
use crate::client_address::Network;

/// A hello as it was read.
pub(super) struct Greeting {
    pub(super) hello: Hello,
    /// The key that the phone says it holds, with the token, which the statement needs.
    pub(super) key: Option<(DeviceKey, protocol::SecretText)>,
}

/// A hello that waits for the proof of its key.
pub(super) struct Challenged {
    hello: Hello,
    key: DeviceKey,
    statement: String,
}

impl Greeting {
    /// Reads a hello to a session from a network, if it can be told.
    pub(super) fn read(
        app: &App,
        session: &SessionId,
        network: Option<Network>,
        hello: &protocol::Hello,
    ) -> Result<Self, SocketCode> {
        let [attempt, token, device] =
            [&hello.attempt_id, hello.mobile_write_token.expose(), hello.device_id.expose()]
                .map(str::trim);
        if attempt.is_empty() || token.is_empty() || device.is_empty() {
            return Err(SocketCode::HelloAuthRequired);
        }
        let attempt: AttemptId = attempt.parse().map_err(|_| SocketCode::AttemptNotFound)?;
        let key = if hello.device_key.is_empty() {
            None
        } else {
            let key =
                DeviceKey::parse(&hello.device_key).map_err(|_| SocketCode::DeviceProofInvalid)?;
            Some((key, token.into()))
        };
        Ok(Self {
            hello: Hello {
                attempt,
                token: app.keys.handoff_token_hash(token),
                device: app.keys.device_hash(session, device),
                app_version: app_version(&hello.app_version),
                flow: Flow::parse(hello.flow.trim()).unwrap_or_default(),
                confirms: hello.confirms,
                network: network.map(|network| app.keys.network_hash(session, network.0)),
                proof: None,
            },
            key,
        })
    }
}

/// A version as it may be stored. PostgreSQL takes no U+0000, and nobody needs what cannot be shown.
fn app_version(said: &str) -> Option<String> {
    let said = said.trim();
    (!said.is_empty() && !said.contains(char::is_control)).then(|| said.to_owned())
}

impl Challenged {
    /// Lets the hello wait, and draws the nonce that its key has to sign.
    pub(super) fn new(
        app: &App,
        session: &SessionId,
        hello: Hello,
        key: DeviceKey,
        token: &protocol::SecretText,
    ) -> (Self, [u8; limits::DEVICE_NONCE_BYTES]) {
        let nonce = app.random(|entropy| {
            let mut nonce = [0; limits::DEVICE_NONCE_BYTES];
            entropy.fill(&mut nonce);
            nonce
        });
        let statement = protocol::device::statement(
            &app.public_url.origin().ascii_serialization(),
            session.as_str(),
            hello.attempt.as_str(),
            token.expose(),
            &nonce,
        );
        (Self { hello, key, statement }, nonce)
    }

    /// The hello with its proof. The nonce is used up either way.
    pub(super) fn prove(
        self,
        app: &App,
        session: &SessionId,
        signature: &[u8],
    ) -> Result<Hello, SocketCode> {
        let proof = DeviceProven::verify(
            &self.hello,
            session,
            &app.keys,
            &self.key,
            &self.statement,
            signature,
        )
        .map_err(|_| SocketCode::DeviceProofInvalid)?;
        Ok(Hello { proof: Some(proof), ..self.hello })
    }
}

/// What the person is shown of the page, and the codes to choose from; without the fields.
pub(super) fn context(
    app: &App,
    organization: String,
    attempt: &AttemptId,
    granted: &HelloGranted,
) -> HandoffContext {
    let browser = granted.browser.as_ref();
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    HandoffContext {
        organization_name: organization,
        browser: text(browser.and_then(|browser| browser.browser).map(BrowserFamily::as_str)),
        os: text(browser.and_then(|browser| browser.os).map(OsFamily::as_str)),
        place: text(browser.and_then(|browser| browser.place.as_deref())),
        network: granted.network.as_str().to_owned(),
        choices: match granted.match_code {
            MatchCodeState::Pending => MatchCodes::of(&app.keys, attempt).choices().to_vec(),
            _ => Vec::new(),
        },
        ..HandoffContext::default()
    }
}

/// The code of a refusal.
pub(super) const fn refusal(refusal: HelloRefusal) -> SocketCode {
    match refusal {
        HelloRefusal::SessionEnded => SocketCode::SessionExpired,
        HelloRefusal::AttemptNotFound => SocketCode::AttemptNotFound,
        HelloRefusal::TokenInvalid => SocketCode::HandoffTokenInvalid,
        HelloRefusal::TokenExpired => SocketCode::HandoffTokenExpired,
        HelloRefusal::DeviceMismatch => SocketCode::HandoffDeviceMismatch,
        HelloRefusal::ProofInvalid => SocketCode::DeviceProofInvalid,
        HelloRefusal::ProofRequired => SocketCode::DeviceProofRequired,
        HelloRefusal::NetworkMismatch => SocketCode::NetworkMismatch,
        HelloRefusal::MatchCodeUnsupported => SocketCode::MatchCodeUnsupported,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_cannot_be_stored_or_shown_is_none() {
        assert_eq!(app_version(" 1.2.3 (45) "), Some("1.2.3 (45)".to_owned()));
        for said in ["", "  ", "1.2\0", "\u{1b}[31m1.2", "1\n2", "1\u{85}2"] {
            assert_eq!(app_version(said), None, "{said:?}");
        }
    }
}
