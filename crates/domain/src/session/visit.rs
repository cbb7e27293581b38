//! What a person does at the page, before and after the phone (SECURITY rows 15, 16, 33).

use std::time::Duration;

use super::{CancelRefusal, ResponseCode, SESSION_LIFETIME, Session, SessionState, Transition};
use crate::attempt::{AttemptState, FailureCode};
use crate::browser::{BrowserMismatch, Visitor};
use crate::consent::Consent;
use crate::entropy::{Entropy, random_text};
use crate::event::{CancelReason, Fact};
use crate::id::AttemptId;
use crate::key::{KeyedHash, Keys, Secret};
use crate::policy::{BrowserBinding, UserCodePolicy};
use crate::time::Timestamp;

/// How often a person may ask for more time (WCAG 2.2 §2.2.1).
pub const MAX_EXTENSIONS: u8 = 10;

/// How long a response code can be redeemed.
pub const RESPONSE_CODE_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// For how long after its end a session remembers which browser may take a response code back.
pub const RETURN_LIFETIME: Duration = Duration::from_secs(6 * 60 * 60);

/// 49 characters of 36 carry more than 253 bits.
const RESPONSE_CODE_LENGTH: usize = 49;

/// Why the page may not do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VisitRefusal {
    /// See [`BrowserMismatch`].
    #[error(transparent)]
    Browser(#[from] BrowserMismatch),
    /// No browser is bound, and the visitor's keeps no cookies: it cannot be told from any other.
    #[error("the browser keeps no cookies")]
    NoCookies,
    /// No browser is bound, and none will be: a phone came before the page was opened.
    #[error("a phone came before the page was opened")]
    NotOpened,
    /// See [`CancelRefusal`].
    #[error(transparent)]
    CancelToken(#[from] CancelRefusal),
    /// The session has ended.
    #[error("the session has ended")]
    Ended,
    /// More time was asked for as often as it may be.
    #[error("the time was extended as often as it may be")]
    ExtendedTooOften,
}

/// Why a response code is not issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResponseCodeRefusal {
    /// The session has not ended.
    #[error("the session has not ended")]
    NotEnded,
    /// The visitor is not the browser that opened the session.
    #[error("the session was opened in another browser")]
    Stranger,
    /// One was redeemed.
    #[error("a response code of this session was redeemed")]
    Redeemed,
}

/// Why a response code is not redeemed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedeemRefusal {
    /// It is not the session's newest code.
    #[error("the response code is not valid")]
    Invalid,
    /// It was redeemed before.
    #[error("the response code was redeemed before")]
    Used,
    /// It was not redeemed in time.
    #[error("the response code has expired")]
    Expired,
}

/// Why no user code is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UserCodeRefusal {
    /// See [`BrowserMismatch`].
    #[error(transparent)]
    Browser(#[from] BrowserMismatch),
    /// Nobody has agreed at the page yet.
    #[error("the person at the page has not agreed yet")]
    ConsentRequired,
    /// The policy is `user_code=off`.
    #[error("this session is not paired by a typed code")]
    Off,
    /// No attempt is offered whose token still works.
    #[error("there is no handoff to type a code for")]
    NoHandoff,
}

/// A code that a person types on the phone instead of scanning.
#[derive(Clone, Debug)]
pub struct UserCode {
    /// The attempt it leads to.
    pub attempt: AttemptId,
    /// Eight letters.
    pub code: Secret,
    /// When it stops working: with the token.
    pub expires_at: Timestamp,
}

impl Session {
    /// Whether the page may take steps for this visitor now, or will once it is opened. With the
    /// cancel token whoever [is admitted](Self::admit) may end the session as well.
    pub fn may_act(&self, visitor: &Visitor) -> bool {
        let is_owner = match &self.browser {
            _ if self.policy.browser_binding == BrowserBinding::Off => true,
            Some(bound) => visitor.secret() == Some(&bound.secret),
            None => self.device.is_none(),
        };
        is_owner && !self.is_terminal()
    }

    /// Binds the browser that our page was opened in, if the policy says so and none is bound.
    ///
    /// # Errors
    /// [`BrowserMismatch`], if another one is.
    pub fn open(
        mut self,
        visitor: &Visitor,
        now: Timestamp,
    ) -> Result<Transition<()>, BrowserMismatch> {
        self.admit(visitor)?;
        if !self.is_terminal() {
            self.bind(visitor, now);
        }
        Ok(Transition::quiet(self, ()))
    }

    /// Records that the person at the page agreed. The first consent stands.
    ///
    /// Whoever was not shown the page must not agree in another's place: the visitor has to be the
    /// browser that is bound, which it becomes by this if none is.
    ///
    /// # Errors
    /// [`VisitRefusal`].
    pub fn consent(
        mut self,
        visitor: &Visitor,
        consent: Consent,
        now: Timestamp,
    ) -> Result<Transition<()>, VisitRefusal> {
        self.check_live_owner(visitor, now)?;
        if self.consent.is_none() {
            self.consent = Some(consent);
            self.updated_at = now;
        }
        Ok(Transition::quiet(self, ()))
    }

    /// Ends the session because the person at the page does not agree: in the browser that is bound,
    /// or with the cancel token. One that has ended stays as it is, whoever asks.
    ///
    /// # Errors
    /// [`VisitRefusal`].
    pub fn decline(
        self,
        visitor: &Visitor,
        token: Option<&KeyedHash>,
        now: Timestamp,
    ) -> Result<Transition<()>, VisitRefusal> {
        self.end_by_page(visitor, token, CancelReason::Declined, now)
    }

    /// Cancels at the page: in the browser that is bound, or with the cancel token. A session that
    /// has ended stays as it is, whoever asks.
    ///
    /// # Errors
    /// [`VisitRefusal`].
    pub fn cancel_by_page(
        self,
        visitor: &Visitor,
        token: Option<&KeyedHash>,
        now: Timestamp,
    ) -> Result<Transition<()>, VisitRefusal> {
        self.end_by_page(visitor, token, CancelReason::ByPerson, now)
    }

    /// Gives the person another hour from now.
    ///
    /// # Errors
    /// [`VisitRefusal`].
    pub fn extend(
        mut self,
        visitor: &Visitor,
        now: Timestamp,
    ) -> Result<Transition<Timestamp>, VisitRefusal> {
        self.check_live_owner(visitor, now)?;
        if self.extensions >= MAX_EXTENSIONS {
            return Err(VisitRefusal::ExtendedTooOften);
        }
        self.extensions += 1;
        self.expires_at = self.expires_at.max(now + SESSION_LIFETIME);
        self.updated_at = now;
        let expires_at = self.expires_at;
        Ok(Transition::quiet(self, expires_at))
    }

    /// A code that the browser takes back to the relying party, whose server redeems it. A new one
    /// takes the place of the last.
    ///
    /// # Errors
    /// [`ResponseCodeRefusal`].
    pub fn issue_response_code(
        mut self,
        visitor: &Visitor,
        code: &Secret,
        keys: &Keys,
        now: Timestamp,
    ) -> Result<Transition<()>, ResponseCodeRefusal> {
        if !self.is_terminal() {
            return Err(ResponseCodeRefusal::NotEnded);
        }
        if self.response_code.as_ref().is_some_and(|code| code.used_at.is_some()) {
            return Err(ResponseCodeRefusal::Redeemed);
        }
        if self.returner.is_none() || visitor.secret() != self.returner.as_ref() {
            return Err(ResponseCodeRefusal::Stranger);
        }
        self.response_code = Some(ResponseCode {
            hash: keys.response_code_hash(&self.id, code.reveal()),
            expires_at: now + RESPONSE_CODE_LIFETIME,
            used_at: None,
        });
        self.updated_at = now;
        Ok(Transition::quiet(self, ()))
    }

    /// Takes a response code back from the relying party. It works once, and then nothing ties the
    /// browser to the session any more.
    ///
    /// # Errors
    /// [`RedeemRefusal`].
    pub fn redeem_response_code(
        mut self,
        presented: &KeyedHash,
        now: Timestamp,
    ) -> Result<Transition<()>, RedeemRefusal> {
        let Some(code) = self.response_code.as_mut().filter(|code| code.hash == *presented) else {
            return Err(RedeemRefusal::Invalid);
        };
        if code.used_at.is_some() {
            return Err(RedeemRefusal::Used);
        }
        if code.expires_at <= now {
            return Err(RedeemRefusal::Expired);
        }
        code.used_at = Some(now);
        self.returner = None;
        self.updated_at = now;
        Ok(Transition::quiet(self, ()))
    }

    /// The user code of the newest handoff, which works from now on.
    ///
    /// # Errors
    /// [`UserCodeRefusal`].
    pub fn user_code(
        mut self,
        visitor: &Visitor,
        keys: &Keys,
        now: Timestamp,
    ) -> Result<Transition<UserCode>, UserCodeRefusal> {
        self.check_live_owner(visitor, now).map_err(|refusal| match refusal {
            VisitRefusal::Browser(mismatch) => UserCodeRefusal::Browser(mismatch),
            // Without a browser that is known, nobody has agreed.
            VisitRefusal::NoCookies | VisitRefusal::NotOpened => UserCodeRefusal::ConsentRequired,
            _ => UserCodeRefusal::NoHandoff,
        })?;
        if self.policy.user_code == UserCodePolicy::Off {
            return Err(UserCodeRefusal::Off);
        }
        if self.consent.is_none() {
            return Err(UserCodeRefusal::ConsentRequired);
        }
        let id = self.id.clone();
        let attempt = match (&self.state, self.attempts.last_mut()) {
            (SessionState::Created, Some(attempt))
                if attempt.state == AttemptState::Offered && now < attempt.token.expires_at =>
            {
                attempt
            }
            _ => return Err(UserCodeRefusal::NoHandoff),
        };
        let code = keys.user_code(&id, &attempt.id, attempt.token.issued_at);
        let hash = keys.user_code_hash(code.reveal());
        let shown =
            UserCode { attempt: attempt.id.clone(), code, expires_at: attempt.token.expires_at };
        if attempt.user_code != Some(hash) {
            attempt.user_code = Some(hash);
            attempt.updated_at = now;
            self.updated_at = now;
        }
        Ok(Transition::quiet(self, shown))
    }

    fn end_by_page(
        mut self,
        visitor: &Visitor,
        token: Option<&KeyedHash>,
        reason: CancelReason,
        now: Timestamp,
    ) -> Result<Transition<()>, VisitRefusal> {
        if !self.is_terminal() {
            match (self.check_owner(visitor, now), token) {
                // Nobody is known here: a token that was sent has to be right.
                (Ok(()), Some(token)) if self.policy.browser_binding == BrowserBinding::Off => {
                    self.use_cancel_token(token, visitor, now)?;
                }
                (Ok(()), _) => {}
                (Err(refusal), None) => return Err(refusal),
                (Err(refusal), Some(token)) => {
                    let used = self.use_cancel_token(token, visitor, now);
                    used.map_err(|wrong| match wrong {
                        CancelRefusal::Invalid => refusal,
                        wrong => wrong.into(),
                    })?;
                }
            }
        }
        Ok(self.cancel_because(Some(reason), now))
    }

    /// Whether the session is live and this its owner.
    fn check_live_owner(&mut self, visitor: &Visitor, now: Timestamp) -> Result<(), VisitRefusal> {
        if self.is_terminal() {
            return Err(VisitRefusal::Ended);
        }
        self.check_owner(visitor, now)
    }

    /// Whether the visitor of a live session is the browser that is bound, which our page becomes
    /// by this if none is and no phone has come; or anybody, where the policy binds none.
    fn check_owner(&mut self, visitor: &Visitor, now: Timestamp) -> Result<(), VisitRefusal> {
        if self.policy.browser_binding == BrowserBinding::Off {
            return Ok(());
        }
        self.bind(visitor, now);
        match &self.browser {
            Some(bound) if visitor.secret() == Some(&bound.secret) => Ok(()),
            Some(_) => Err(BrowserMismatch.into()),
            None if self.device.is_some() => Err(VisitRefusal::NotOpened),
            None => Err(VisitRefusal::NoCookies),
        }
    }

    pub(super) fn cancel_because(
        mut self,
        reason: Option<CancelReason>,
        now: Timestamp,
    ) -> Transition<()> {
        if self.is_terminal() {
            return Transition::quiet(self, ());
        }
        self.cancel_reason = reason;
        self.end(
            SessionState::Cancelled(now),
            FailureCode::SessionCancelled,
            Fact::SessionCancelled { reason },
            now,
        )
    }
}

/// A fresh response code.
pub fn random_response_code(entropy: &mut dyn Entropy) -> Secret {
    Secret::new(random_text(RESPONSE_CODE_LENGTH, entropy))
}
