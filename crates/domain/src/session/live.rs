//! What the socket that holds an attempt may write (SECURITY rows 12, 13, 20, 23, 24).
//!
//! Every write names the attempt and carries the fencing number of its hello. A socket that was
//! displaced, or whose session has ended, finds that its number no longer opens anything.

use super::{Session, SessionState, Transition};
use crate::assurance::{Assurance, HandoffAssurance};
use crate::attempt::{AttemptState, Claim, FailureCode, Phase, VerdictCode};
use crate::claim::ClaimContext;
use crate::confirmation::{MatchCodeState, MatchCodes};
use crate::event::{CancelReason, Event, Fact};
use crate::id::AttemptId;
use crate::key::Keys;
use crate::share::Selection;
use crate::time::Timestamp;
use crate::verdict::Accepted;

/// Why a write is refused. But for the last, the socket has nothing more to say.
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
    /// The phone has to choose the match code first.
    #[error("the match code has to be confirmed first")]
    MatchCodePending,
}

/// What became of a chosen match code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchOutcome {
    /// It is the one that the page shows, or one was confirmed before.
    Right,
    /// It is not; attempt and session have ended.
    Wrong,
    /// None was asked for.
    NotAsked,
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
        self.may_go_on(attempt, fence)?;
        self.update(attempt, now, |state| {
            if let AttemptState::Claimed(claim) = state {
                claim.phase = phase;
                claim.phase_at = now;
            }
        });
        Ok(Transition::quiet(self, ()))
    }

    /// Records how much of the chip the phone has read, in percent. It never goes back.
    pub fn report_progress(
        mut self,
        attempt: &AttemptId,
        fence: u64,
        percent: u8,
        now: Timestamp,
    ) -> Result<Transition<()>, WriteRefusal> {
        let claim = self.may_go_on(attempt, fence)?;
        let percent = percent.min(100);
        if claim.phase != Phase::NfcReading || claim.progress.is_some_and(|had| had >= percent) {
            return Ok(Transition::quiet(self, ()));
        }
        self.update(attempt, now, |state| {
            if let AttemptState::Claimed(claim) = state {
                claim.progress = Some(percent);
            }
        });
        Ok(Transition::quiet(self, ()))
    }

    /// Takes the phone's choice of a match code. There is one try: a wrong choice fails the
    /// attempt and ends the session, for a guesser is right too often to be let try again.
    pub fn choose(
        mut self,
        attempt: &AttemptId,
        fence: u64,
        choice: &str,
        keys: &Keys,
        now: Timestamp,
    ) -> Result<Transition<MatchOutcome>, WriteRefusal> {
        match self.holds(attempt, fence)?.match_code {
            MatchCodeState::NotAsked | MatchCodeState::Unsupported => {
                return Ok(Transition::quiet(self, MatchOutcome::NotAsked));
            }
            MatchCodeState::Confirmed => {
                return Ok(Transition::quiet(self, MatchOutcome::Right));
            }
            MatchCodeState::Pending => {}
        }
        if MatchCodes::of(keys, attempt).is_right(choice) {
            self.confirmed = true;
            self.update(attempt, now, |state| {
                if let AttemptState::Claimed(claim) = state {
                    claim.match_code = MatchCodeState::Confirmed;
                }
            });
            return Ok(Transition::quiet(self, MatchOutcome::Right));
        }
        let code = FailureCode::MatchCodeWrong;
        self.update(attempt, now, |state| {
            *state = AttemptState::Failed { at: now, code, claimed: true }
        });
        self.finish(SessionState::Completed(now));
        let fact = Fact::AttemptFailed { attempt: attempt.clone(), failure_code: code };
        let event = Event { session: self.id.clone(), fact };
        Ok(Transition { session: self, events: vec![event], value: MatchOutcome::Wrong })
    }

    /// Cancels on the word of the phone's holder, who did not open the page.
    pub fn not_me(
        self,
        attempt: &AttemptId,
        fence: u64,
        now: Timestamp,
    ) -> Result<Transition<()>, WriteRefusal> {
        self.holds(attempt, fence)?;
        Ok(self.cancel_because(Some(CancelReason::NotMe), now))
    }

    /// Fails the attempt; the third failure ends the session.
    pub fn reject(
        mut self,
        attempt: &AttemptId,
        fence: u64,
        code: VerdictCode,
        now: Timestamp,
    ) -> Result<Transition<Rejection>, WriteRefusal> {
        self.may_go_on(attempt, fence)?;
        let code = FailureCode::from(code);
        self.update(attempt, now, |state| {
            *state = AttemptState::Failed { at: now, code, claimed: true }
        });
        let rejection = Rejection { remaining_attempts: self.remaining_attempts() };
        if rejection.retry_allowed() {
            self.state = SessionState::Created;
        } else {
            self.finish(SessionState::Completed(now));
        }
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
        let claim = self.may_go_on(attempt, fence)?;
        let handoff = HandoffAssurance {
            device_proof: self.device_proven,
            match_code: claim.match_code,
            same_network: claim.network,
            flow: claim.flow,
            browser_bound: self.browser.is_some(),
        };
        let assurance = Assurance { handoff: Some(handoff), ..accepted.assurance().clone() };
        let context = ClaimContext { organization: &self.organization, keys, now };
        let fact = Fact::AttemptSucceeded {
            attempt: attempt.clone(),
            claims: accepted.claims(selection, context),
            selected_field_keys: selection.keys().map(str::to_owned).collect(),
            assurance: assurance.clone(),
        };
        self.update(attempt, now, |state| *state = AttemptState::Succeeded { at: now, assurance });
        self.finish(SessionState::Completed(now));
        let event = Event { session: self.id.clone(), fact };
        Ok(Transition { session: self, events: vec![event], value: () })
    }

    fn may_go_on(&self, attempt: &AttemptId, fence: u64) -> Result<&Claim, WriteRefusal> {
        match self.holds(attempt, fence)? {
            claim if claim.match_code == MatchCodeState::Pending => {
                Err(WriteRefusal::MatchCodePending)
            }
            claim => Ok(claim),
        }
    }

    fn update(&mut self, id: &AttemptId, now: Timestamp, change: impl FnOnce(&mut AttemptState)) {
        if let Some(attempt) = self.attempts.iter_mut().find(|attempt| attempt.id == *id) {
            change(&mut attempt.state);
            attempt.updated_at = now;
        }
        self.updated_at = now;
    }
}
