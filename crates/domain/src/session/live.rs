//! What the socket that holds an attempt may write (SECURITY rows 20, 23, 24).
//!
//! Every write names the attempt and carries the fencing number of its hello. A socket that was
//! displaced, or whose session has ended, finds that its number no longer opens anything.

use super::{Session, SessionState, Transition};
use crate::attempt::{AttemptState, Claim, FailureCode, Phase, VerdictCode};
use crate::claim::ClaimContext;
use crate::event::{Event, Fact};
use crate::id::AttemptId;
use crate::key::Keys;
use crate::share::Selection;
use crate::time::Timestamp;
use crate::verdict::Accepted;

/// Why a write is refused. The socket has nothing more to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WriteRefusal {
    /// The session was cancelled.
    #[error("the session was cancelled")]
    Cancelled,
    /// The session has ended.
    #[error("the session has ended")]
    Ended,
    /// Another socket of the same device has taken over.
    #[error("another connection has taken over")]
    Displaced,
}

/// What follows from a rejected attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// How many attempts may still fail.
    pub remaining_attempts: usize,
}

impl Rejection {
    /// Whether the person may try again.
    pub const fn retry_allowed(self) -> bool {
        self.remaining_attempts > 0
    }
}

impl Session {
    /// Whether the socket with this fencing number still holds the attempt.
    pub fn holds(&self, attempt: &AttemptId, fence: u64) -> Result<&Claim, WriteRefusal> {
        match &self.state {
            SessionState::Cancelled(_) => return Err(WriteRefusal::Cancelled),
            SessionState::Completed(_) | SessionState::Expired(_) => {
                return Err(WriteRefusal::Ended);
            }
            SessionState::InProgress(live) if live == attempt => {}
            SessionState::InProgress(_) | SessionState::Created => {
                return Err(WriteRefusal::Displaced);
            }
        }
        match self.attempt(attempt).map(|attempt| &attempt.state) {
            Some(AttemptState::Claimed(claim)) if claim.fence == fence => Ok(claim),
            _ => Err(WriteRefusal::Displaced),
        }
    }

    /// Records how far the phone has come.
    pub fn advance(
        mut self,
        attempt: &AttemptId,
        fence: u64,
        phase: Phase,
        now: Timestamp,
    ) -> Result<Transition<()>, WriteRefusal> {
        if self.holds(attempt, fence)?.phase == phase {
            return Ok(Transition::quiet(self, ()));
        }
        self.update(attempt, now, |state| {
            if let AttemptState::Claimed(claim) = state {
                claim.phase = phase;
                claim.phase_at = now;
            }
        });
        Ok(Transition::quiet(self, ()))
    }

    /// Fails the attempt; the third failure ends the session.
    pub fn reject(
        mut self,
        attempt: &AttemptId,
        fence: u64,
        code: VerdictCode,
        now: Timestamp,
    ) -> Result<Transition<Rejection>, WriteRefusal> {
        self.holds(attempt, fence)?;
        let code = FailureCode::from(code);
        self.update(attempt, now, |state| {
            *state = AttemptState::Failed { at: now, code, claimed: true }
        });
        let rejection = Rejection { remaining_attempts: self.remaining_attempts() };
        self.state = if rejection.retry_allowed() {
            SessionState::Created
        } else {
            SessionState::Completed(now)
        };
        let fact = Fact::AttemptFailed { attempt: attempt.clone(), failure_code: code };
        let event = Event { session: self.id.clone(), fact };
        Ok(Transition { session: self, events: vec![event], value: rejection })
    }

    /// Completes the session with the claims that the person chose, built from the proof.
    pub fn share(
        mut self,
        attempt: &AttemptId,
        fence: u64,
        accepted: &Accepted,
        selection: &Selection,
        keys: &Keys,
        now: Timestamp,
    ) -> Result<Transition<()>, WriteRefusal> {
        self.holds(attempt, fence)?;
        let context = ClaimContext { organization: &self.organization, keys, now };
        let fact = Fact::AttemptSucceeded {
            attempt: attempt.clone(),
            claims: accepted.claims(selection, context),
            selected_field_keys: selection.keys().map(str::to_owned).collect(),
            assurance: accepted.assurance().clone(),
        };
        let assurance = accepted.assurance().clone();
        self.update(attempt, now, |state| *state = AttemptState::Succeeded { at: now, assurance });
        self.state = SessionState::Completed(now);
        let event = Event { session: self.id.clone(), fact };
        Ok(Transition { session: self, events: vec![event], value: () })
    }

    fn update(&mut self, id: &AttemptId, now: Timestamp, change: impl FnOnce(&mut AttemptState)) {
        if let Some(attempt) = self.attempts.iter_mut().find(|attempt| attempt.id == *id) {
            change(&mut attempt.state);
            attempt.updated_at = now;
        }
        self.updated_at = now;
    }
}
