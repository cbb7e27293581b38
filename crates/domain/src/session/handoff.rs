//! Minting a handoff (REFERENCE 3.2; SECURITY rows 2, 3, 5, 15).

use super::{Session, SessionState, TOKEN_LIFETIME, TOKEN_REUSE, Transition};
use crate::attempt::{Attempt, AttemptState, HandoffToken};
use crate::browser::{BrowserMismatch, Visitor};
use crate::id::AttemptId;
use crate::key::{Keys, Secret};
use crate::policy::BrowserBinding;
use crate::time::Timestamp;

/// Why no handoff is minted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MintRefusal {
    /// The session has ended.
    #[error("the session has ended")]
    SessionEnded,
    /// A phone holds the session.
    #[error("a phone is already connected")]
    InProgress,
    /// See [`BrowserMismatch`].
    #[error(transparent)]
    Browser(#[from] BrowserMismatch),
    /// Our page asks, and the person in front of it has not agreed yet.
    #[error("the person at the page has not agreed yet")]
    ConsentRequired,
    /// The policy gives links to our page alone, and whoever asks is none or shows no cookie.
    #[error("links of this session are given to its page alone, in a browser with its cookie")]
    PageRequired,
}

/// What the page hands to the phone.
#[derive(Clone, Debug)]
pub struct Handoff {
    /// The attempt the token opens.
    pub attempt: AttemptId,
    /// The mobile write token.
    pub token: Secret,
    /// When the token stops working for a first hello.
    pub expires_at: Timestamp,
}

impl Session {
    /// Mints a handoff, or gives the one of the last minute again.
    ///
    /// `fresh` is used only if a new attempt is made. Earlier tokens are left alone: a QR code
    /// that is on a screen works until its own end, or until any token of the session is claimed.
    ///
    /// The first page that asks binds its browser to the session, if the policy says so and no
    /// phone has claimed the session yet. Where it requires a browser, nobody else gets a link before.
    pub fn mint(
        mut self,
        fresh: AttemptId,
        keys: &Keys,
        visitor: &Visitor,
        now: Timestamp,
    ) -> Result<Transition<Handoff>, MintRefusal> {
        self.admit(visitor)?;
        match self.state {
            SessionState::Created => {}
            SessionState::InProgress(_) => return Err(MintRefusal::InProgress),
            _ => return Err(MintRefusal::SessionEnded),
        }
        self.bind(visitor, now);
        if self.policy.browser_binding == BrowserBinding::Required
            && self.browser.is_none()
            && self.device.is_none()
        {
            return Err(MintRefusal::PageRequired);
        }
        if visitor.is_page() && self.consent.is_none() && self.device.is_none() {
            return Err(MintRefusal::ConsentRequired);
        }
        if let Some(handoff) = self.reusable(keys, now) {
            return Ok(Transition::quiet(self, handoff));
        }
        let token = keys.handoff_token(&self.id, &fresh, now);
        let attempt = Attempt {
            id: fresh,
            created_at: now,
            updated_at: now,
            token: HandoffToken {
                hash: keys.handoff_token_hash(token.reveal()),
                issued_at: now,
                expires_at: now + TOKEN_LIFETIME,
            },
            user_code: None,
            state: AttemptState::Offered,
        };
        let handoff =
            Handoff { attempt: attempt.id.clone(), token, expires_at: attempt.token.expires_at };
        self.attempts.push(attempt);
        self.updated_at = now;
        Ok(Transition::quiet(self, handoff))
    }

    /// The handoff of one of its attempts, as it was minted: the token is kept nowhere and made again.
    pub fn handoff_of(&self, attempt: &Attempt, keys: &Keys) -> Handoff {
        Handoff {
            attempt: attempt.id.clone(),
            token: keys.handoff_token(&self.id, &attempt.id, attempt.token.issued_at),
            expires_at: attempt.token.expires_at,
        }
    }

    pub(super) fn bind(&mut self, visitor: &Visitor, now: Timestamp) {
        let open = self.browser.is_none()
            && self.device.is_none()
            && self.policy.browser_binding != BrowserBinding::Off;
        if let Visitor::Page(browser) = visitor
            && open
        {
            self.browser = Some(browser.clone());
            self.updated_at = now;
        }
    }

    fn reusable(&self, keys: &Keys, now: Timestamp) -> Option<Handoff> {
        let newest = self.attempts.last()?;
        // Another node may have minted it, and its clock may be ahead of ours.
        let issued = newest.token.issued_at;
        let young = now.since(issued).max(issued.since(now)) < TOKEN_REUSE;
        (newest.state == AttemptState::Offered && young).then(|| self.handoff_of(newest, keys))
    }
}
