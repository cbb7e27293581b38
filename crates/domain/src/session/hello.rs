//! The phone's hello: claiming an attempt, or resuming it (REFERENCE 3.5; SECURITY rows 3, 7).

use super::{Session, SessionState, Transition};
use crate::attempt::{AttemptState, Claim, Phase};
use crate::id::AttemptId;
use crate::key::KeyedHash;
use crate::time::Timestamp;

/// What a phone presents.
#[derive(Clone, Debug)]
pub struct Hello {
    /// The attempt it wants.
    pub attempt: AttemptId,
    /// The keyed hash of the token it holds.
    pub token: KeyedHash,
    /// The keyed hash of its device id.
    pub device: KeyedHash,
    /// Its own word on its version.
    pub app_version: Option<String>,
}

/// The attempt is the phone's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HelloGranted {
    /// What every write of this socket must carry.
    pub fence: u64,
    /// Where the phone stands.
    pub phase: Phase,
    /// Whether an earlier socket of the same device was displaced.
    pub resumed: bool,
}

/// Why a hello is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HelloRefusal {
    /// The session has ended.
    #[error("the session has ended")]
    SessionEnded,
    /// The session has no such attempt, or the attempt has ended.
    #[error("the attempt does not exist or has ended")]
    AttemptNotFound,
    /// The token is not the attempt's.
    #[error("the handoff token is not valid")]
    TokenInvalid,
    /// The token was not used in time.
    #[error("the handoff token has expired")]
    TokenExpired,
    /// Another device has claimed the session.
    #[error("another device has claimed this session")]
    DeviceMismatch,
}

impl Session {
    /// Claims the attempt for the device, or lets the device that holds it take it over.
    ///
    /// The first claim binds the device to the *session*: every other token dies with it, and
    /// no later attempt can be claimed by another device.
    pub fn hello(
        mut self,
        hello: Hello,
        now: Timestamp,
    ) -> Result<Transition<HelloGranted>, HelloRefusal> {
        if self.is_terminal() {
            return Err(HelloRefusal::SessionEnded);
        }
        let at = self
            .attempts
            .iter()
            .position(|attempt| attempt.id == hello.attempt)
            .ok_or(HelloRefusal::AttemptNotFound)?;
        let attempt = &self.attempts[at];
        // The token comes first: only who holds it may learn anything about the session.
        if attempt.token.hash != hello.token {
            return Err(HelloRefusal::TokenInvalid);
        }
        if self.device.is_some_and(|device| device != hello.device) {
            return Err(HelloRefusal::DeviceMismatch);
        }
        let fence = self.fence + 1;
        let (claim, resumed) = match &attempt.state {
            AttemptState::Claimed(held) => (held.clone().resumed(fence, &hello, now), true),
            AttemptState::Offered if attempt.token.expires_at <= now => {
                return Err(HelloRefusal::TokenExpired);
            }
            AttemptState::Offered => (Claim::fresh(fence, &hello, now), false),
            _ => return Err(HelloRefusal::AttemptNotFound),
        };
        let granted = HelloGranted { fence, phase: claim.phase, resumed };
        for (other, attempt) in self.attempts.iter_mut().enumerate() {
            if other == at {
                attempt.state = AttemptState::Claimed(claim.clone());
                attempt.updated_at = now;
            } else if attempt.state == AttemptState::Offered {
                attempt.state = AttemptState::Superseded { at: now };
                attempt.updated_at = now;
            }
        }
        self.fence = fence;
        self.device = Some(hello.device);
        self.state = SessionState::InProgress(hello.attempt);
        self.updated_at = now;
        Ok(Transition::quiet(self, granted))
    }
}

impl Claim {
    fn fresh(fence: u64, hello: &Hello, now: Timestamp) -> Self {
        Self {
            claimed_at: now,
            fence,
            phase: Phase::MobileConnected,
            phase_at: now,
            app_version: hello.app_version.clone(),
        }
    }

    /// The bytes that a phone sent live in the memory of its socket and go with it, so a phone
    /// that comes back is taken back to where it can send them again.
    fn resumed(mut self, fence: u64, hello: &Hello, now: Timestamp) -> Self {
        if self.phase > Phase::NfcReading {
            self.phase = Phase::NfcReading;
            self.phase_at = now;
        }
        self.fence = fence;
        self.app_version = hello.app_version.clone().or(self.app_version);
        self
    }
}
