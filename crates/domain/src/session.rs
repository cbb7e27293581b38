//! The session: the aggregate that owns its attempts, and every rule of the handoff
//! (REFERENCE 3; SECURITY rows 1-7, 12-15, 18, 20, 23, 24).

mod handoff;
mod hello;
mod live;
mod visit;

use std::time::Duration;

pub use handoff::{Handoff, MintRefusal};
pub use hello::{Hello, HelloGranted, HelloRefusal};
pub use live::{MatchOutcome, Rejection, WriteRefusal};
pub use visit::{
    MAX_EXTENSIONS, RESPONSE_CODE_LIFETIME, RETURN_LIFETIME, RedeemRefusal, ResponseCodeRefusal,
    UserCode, UserCodeRefusal, VisitRefusal, random_response_code,
};

use crate::attempt::{Attempt, AttemptState, Claim, FailureCode};
use crate::browser::{BoundBrowser, BrowserMismatch, Visitor};
use crate::confirmation::{MatchCodeState, MatchCodes};
use crate::consent::Consent;
use crate::event::{CancelReason, Event, Fact};
use crate::id::{AttemptId, OrganizationId, SessionId};
use crate::key::{KeyedHash, Keys};
use crate::policy::Policy;
use crate::share::ShareContract;
use crate::time::Timestamp;

/// How long a session lives.
pub const SESSION_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// How long a token works for a first hello.
pub const TOKEN_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// How long the same token is given again.
pub const TOKEN_REUSE: Duration = Duration::from_secs(60);

/// How many failed attempts end a session.
pub const MAX_FAILED_ATTEMPTS: usize = 3;

/// The state of a session. The last three are final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// Waiting for a phone.
    Created,
    /// A phone holds this attempt.
    InProgress(AttemptId),
    /// An attempt succeeded, or too many failed.
    Completed(Timestamp),
    /// Its time ran out.
    Expired(Timestamp),
    /// Somebody who may do so ended it.
    Cancelled(Timestamp),
}

/// The token that lets the holder of the verification link cancel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CancelToken {
    /// The keyed hash that a presented token is compared with.
    pub hash: KeyedHash,
    /// When it was used; it works once.
    pub used_at: Option<Timestamp>,
}

/// A code that the browser takes back to the relying party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseCode {
    /// The keyed hash that a presented code is compared with.
    pub hash: KeyedHash,
    /// The first moment at which it no longer works.
    pub expires_at: Timestamp,
    /// When it was redeemed; it works once.
    pub used_at: Option<Timestamp>,
}

/// A verification session with its attempts, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its identifier.
    pub id: SessionId,
    /// Who asks.
    pub organization: OrganizationId,
    /// What is asked for.
    pub contract: ShareContract,
    /// The organization's policies when the session was created.
    pub policy: Policy,
    /// Where the person returns to.
    pub redirect_url: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When its time runs out.
    pub expires_at: Timestamp,
    /// Its state.
    pub state: SessionState,
    /// Its cancel token.
    pub cancel_token: CancelToken,
    /// The device that claimed it first, and that alone may finish it.
    pub device: Option<KeyedHash>,
    /// Whether that device proved its key. From then on no hello counts that does not.
    pub device_proven: bool,
    /// The browser that opened it, and that alone may ask for its links until it is claimed. Forgotten
    /// when the session ends.
    pub browser: Option<BoundBrowser>,
    /// The keyed hash of the secret of the browser that was bound when the session ended: that
    /// browser alone is given a response code. Forgotten when one was redeemed, and after
    /// [`RETURN_LIFETIME`].
    pub returner: Option<KeyedHash>,
    /// That the person at the page agreed.
    pub consent: Option<Consent>,
    /// Why it was cancelled, where a person said so.
    pub cancel_reason: Option<CancelReason>,
    /// How often the person asked for more time.
    pub extensions: u8,
    /// The newest code that the browser takes back to the relying party.
    pub response_code: Option<ResponseCode>,
    /// Whether the person at the page told the phone what it showed.
    pub confirmed: bool,
    /// The last fencing number given out.
    pub fence: u64,
    /// Its attempts, oldest first.
    pub attempts: Vec<Attempt>,
}

/// A session after a transition, what to tell the relying party, and the caller's answer.
#[derive(Debug)]
pub struct Transition<T> {
    /// The session as it shall be stored.
    pub session: Session,
    /// Events to be written in the same unit.
    pub events: Vec<Event>,
    /// The answer.
    pub value: T,
}

/// What a relying party asks for when it creates a session.
#[derive(Debug)]
pub struct NewSession {
    /// A fresh identifier.
    pub id: SessionId,
    /// Who asks.
    pub organization: OrganizationId,
    /// What is asked for.
    pub contract: ShareContract,
    /// The organization's policies now.
    pub policy: Policy,
    /// Where the person returns to.
    pub redirect_url: Option<String>,
    /// The keyed hash of the cancel token.
    pub cancel_token: KeyedHash,
}

/// Why a cancel token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CancelRefusal {
    /// It is not the session's token.
    #[error("the cancel token is not valid")]
    Invalid,
    /// It was used before, and the session is live.
    #[error("the cancel token was used before")]
    Used,
    /// See [`BrowserMismatch`].
    #[error(transparent)]
    Browser(#[from] BrowserMismatch),
}

impl Transition<()> {
    /// The session as it is.
    pub fn unchanged(session: Session) -> Self {
        Self::quiet(session, ())
    }
}

impl<T> Transition<T> {
    fn quiet(session: Session, value: T) -> Self {
        Self { session, events: Vec::new(), value }
    }
}

impl Session {
    /// A new session, which nobody has opened yet.
    pub fn create(new: NewSession, now: Timestamp) -> Self {
        Self {
            id: new.id,
            organization: new.organization,
            contract: new.contract,
            policy: new.policy,
            redirect_url: new.redirect_url,
            created_at: now,
            updated_at: now,
            expires_at: now + SESSION_LIFETIME,
            state: SessionState::Created,
            cancel_token: CancelToken { hash: new.cancel_token, used_at: None },
            device: None,
            device_proven: false,
            browser: None,
            returner: None,
            consent: None,
            cancel_reason: None,
            extensions: 0,
            response_code: None,
            confirmed: false,
            fence: 0,
            attempts: Vec::new(),
        }
    }

    /// The session as it stands at `now`: expired if its time has run out.
    ///
    /// Every unit starts here, so that no rule below has to ask the clock about the session.
    pub fn at(self, now: Timestamp) -> Transition<()> {
        if self.is_terminal() || now < self.expires_at {
            return Transition::quiet(self, ());
        }
        self.end(SessionState::Expired(now), FailureCode::SessionExpired, Fact::SessionExpired, now)
    }

    /// Whether it can change no more.
    pub const fn is_terminal(&self) -> bool {
        self.completed_at().is_some()
    }

    /// When it ended, if it did.
    pub const fn completed_at(&self) -> Option<Timestamp> {
        match self.state {
            SessionState::Completed(at)
            | SessionState::Expired(at)
            | SessionState::Cancelled(at) => Some(at),
            SessionState::Created | SessionState::InProgress(_) => None,
        }
    }

    /// The status on the wire.
    pub const fn status(&self) -> &'static str {
        match self.state {
            SessionState::Created => "created",
            SessionState::InProgress(_) => "in_progress",
            SessionState::Completed(_) => "completed",
            SessionState::Expired(_) => "expired",
            SessionState::Cancelled(_) => "cancelled",
        }
    }

    /// Whether a device has claimed the session and no other may finish it.
    pub const fn same_device_only(&self) -> bool {
        self.device.is_some()
    }

    /// The attempt that a person wants to hear of: the one a phone holds, else the newest that
    /// was not superseded.
    pub fn latest_attempt(&self) -> Option<&Attempt> {
        self.live_attempt()
            .or_else(|| {
                self.attempts
                    .iter()
                    .rev()
                    .find(|attempt| !matches!(attempt.state, AttemptState::Superseded { .. }))
            })
            .or_else(|| self.attempts.last())
    }

    /// The attempt that a phone holds.
    pub fn live_attempt(&self) -> Option<&Attempt> {
        match &self.state {
            SessionState::InProgress(id) => self.attempt(id),
            _ => None,
        }
    }

    /// What the phone that holds the session has come to.
    pub fn live_claim(&self) -> Option<&Claim> {
        match &self.live_attempt()?.state {
            AttemptState::Claimed(claim) => Some(claim),
            _ => None,
        }
    }

    /// One attempt.
    pub fn attempt(&self, id: &AttemptId) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.id == *id)
    }

    /// Whether the visitor may ask for links and details, and cancel with the token: anybody,
    /// unless a browser is bound and no phone has claimed the session yet. What a stranger could
    /// get after that is of no use to any other device.
    ///
    /// # Errors
    /// [`BrowserMismatch`].
    pub fn admit(&self, visitor: &Visitor) -> Result<(), BrowserMismatch> {
        match &self.browser {
            Some(bound) if self.device.is_none() && visitor.secret() != Some(&bound.secret) => {
                Err(BrowserMismatch)
            }
            _ => Ok(()),
        }
    }

    /// The match codes while a phone has to choose, and at no other time.
    pub fn pending_match_codes(&self, keys: &Keys) -> Option<MatchCodes> {
        let attempt = self.live_attempt()?;
        let asked = self.live_claim()?.match_code == MatchCodeState::Pending;
        asked.then(|| MatchCodes::of(keys, &attempt.id))
    }

    /// How many attempts may still fail.
    pub fn remaining_attempts(&self) -> usize {
        let failed = self
            .attempts
            .iter()
            .filter(|attempt| matches!(attempt.state, AttemptState::Failed { .. }))
            .count();
        MAX_FAILED_ATTEMPTS.saturating_sub(failed)
    }

    /// Cancels on the relying party's word. A session that has ended stays as it is.
    pub fn cancel(self, now: Timestamp) -> Transition<()> {
        self.cancel_because(None, now)
    }

    /// Cancels with the token of the verification link, which is consumed in the same step.
    pub fn cancel_with_token(
        mut self,
        token: &KeyedHash,
        visitor: &Visitor,
        now: Timestamp,
    ) -> Result<Transition<()>, CancelRefusal> {
        self.use_cancel_token(token, visitor, now)?;
        Ok(self.cancel_because(Some(CancelReason::ByPerson), now))
    }

    fn use_cancel_token(
        &mut self,
        token: &KeyedHash,
        visitor: &Visitor,
        now: Timestamp,
    ) -> Result<(), CancelRefusal> {
        self.admit(visitor)?;
        if self.cancel_token.hash != *token {
            return Err(CancelRefusal::Invalid);
        }
        if self.cancel_token.used_at.is_some() && !self.is_terminal() {
            return Err(CancelRefusal::Used);
        }
        self.cancel_token.used_at.get_or_insert(now);
        Ok(())
    }

    /// Reaches a final state. Where a person's browser was is nobody's business any more; what is
    /// reported of it stands in the assurance of the attempt. That it is the one to take a response
    /// code back is remembered.
    fn finish(&mut self, state: SessionState) {
        self.state = state;
        self.returner = self.browser.take().map(|browser| browser.secret);
    }

    /// Ends the session and every attempt that is still open.
    fn end(
        mut self,
        state: SessionState,
        code: FailureCode,
        fact: Fact,
        now: Timestamp,
    ) -> Transition<()> {
        for attempt in &mut self.attempts {
            let claimed = match attempt.state {
                AttemptState::Offered => false,
                AttemptState::Claimed(_) => true,
                _ => continue,
            };
            attempt.state = AttemptState::Failed { at: now, code, claimed };
            attempt.updated_at = now;
        }
        self.finish(state);
        self.updated_at = now;
        let event = Event { session: self.id.clone(), fact };
        Transition { session: self, events: vec![event], value: () }
    }
}
