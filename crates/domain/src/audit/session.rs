//! What a unit did to a session, read off the session before and after it.

use super::{Action, Actor, Code, Entry};
use crate::attempt::{Attempt, AttemptState, FailureCode};
use crate::event::{CancelReason, Event, Fact};
use crate::session::{Session, SessionState};
use crate::time::Timestamp;

/// The entries for a session that was `before` (`None`: it is new) and is `after`.
///
/// `events` are those of the unit. `by` is who asked, where neither they nor the two sessions can
/// tell: the relying party that created or cancelled it, the page that asked for a link. A phone's way from phase to phase makes no
/// entries.
pub fn of_session(
    before: Option<&Session>,
    after: &Session,
    events: &[Event],
    by: Option<&Actor>,
    at: Timestamp,
) -> Vec<Entry> {
    // Every field is named, so that a new one cannot be left out without a thought.
    let Session {
        id,
        organization,
        contract: _,
        policy: _,
        redirect_url: _,
        created_at: _,
        updated_at: _,
        expires_at: _,
        state,
        // The reason tells who used it.
        cancel_token: _,
        device_proven,
        browser,
        // Follows from the end and from what was redeemed.
        returner: _,
        consent,
        // The event tells of it.
        cancel_reason: _,
        extensions,
        response_code,
        confirmed,
        // Both change with a claim, which the attempt tells of.
        device: _,
        fence: _,
        attempts,
    } = after;
    let mut entries = Vec::new();
    let mut tell = |action, actor, attempt: Option<&Attempt>, code| {
        entries.push(Entry {
            organization: Some(organization.clone()),
            session: Some(id.clone()),
            attempt: attempt.map(|attempt| attempt.id.clone()),
            code,
            ..Entry::new(action, actor, at)
        });
    };
    if before.is_none() {
        tell(Action::SessionCreated, by.cloned().unwrap_or(Actor::Server), None, None);
    }
    let reason = events.iter().find_map(|event| match event.fact {
        Fact::SessionCancelled { reason } => reason,
        _ => None,
    });
    let canceller = || match (reason, by) {
        (Some(CancelReason::NotMe), _) => Actor::Phone,
        (Some(CancelReason::Declined | CancelReason::ByPerson), _) => Actor::Page,
        (None, Some(actor)) => actor.clone(),
        (None, None) => Actor::Server,
    };
    if browser.is_some() && before.is_none_or(|session| session.browser.is_none()) {
        tell(Action::BrowserBound, Actor::Page, None, None);
    }
    if consent.is_some() && before.is_none_or(|session| session.consent.is_none()) {
        tell(Action::ConsentGiven, Actor::Page, None, None);
    }
    if before.is_some_and(|session| session.extensions < *extensions) {
        tell(Action::SessionExtended, Actor::Page, None, None);
    }
    let old_code = before.and_then(|session| session.response_code.as_ref());
    if let Some(code) = response_code {
        if old_code.is_none_or(|old| old.hash != code.hash) {
            tell(Action::ResponseCodeIssued, Actor::Page, None, None);
        } else if code.used_at.is_some() && old_code.is_some_and(|old| old.used_at.is_none()) {
            tell(Action::ResponseCodeRedeemed, by.cloned().unwrap_or(Actor::Server), None, None);
        }
    }
    for (position, attempt) in attempts.iter().enumerate() {
        let old = before.and_then(|session| session.attempts.get(position));
        if old.is_none() {
            let minter = by.cloned().unwrap_or(Actor::Anyone);
            tell(Action::HandoffMinted, minter, Some(attempt), None);
        }
        if attempt.user_code.is_some() && old.is_none_or(|old| old.user_code.is_none()) {
            tell(Action::UserCodeShown, Actor::Page, Some(attempt), None);
        }
        let old = old.map_or(&AttemptState::Offered, |old| &old.state);
        match (old, &attempt.state) {
            (old, new) if old == new => {}
            (AttemptState::Claimed(old), AttemptState::Claimed(new)) => {
                if old.fence != new.fence {
                    tell(Action::HandoffResumed, Actor::Phone, Some(attempt), None);
                }
            }
            (_, AttemptState::Offered) => {}
            (_, AttemptState::Claimed(_)) => {
                tell(Action::HandoffClaimed, Actor::Phone, Some(attempt), None);
            }
            (_, AttemptState::Superseded { .. }) => {
                tell(Action::AttemptSuperseded, Actor::Phone, Some(attempt), None);
            }
            (_, AttemptState::Succeeded { .. }) => {
                tell(Action::AttemptSucceeded, Actor::Phone, Some(attempt), None);
            }
            (_, AttemptState::Failed { code, .. }) => {
                let actor = match code {
                    FailureCode::SessionExpired => Actor::Server,
                    FailureCode::SessionCancelled => canceller(),
                    FailureCode::MatchCodeWrong | FailureCode::Verdict(_) => Actor::Phone,
                };
                tell(Action::AttemptFailed, actor, Some(attempt), Some(Code::Failure(*code)));
            }
        }
    }
    if *device_proven && !before.is_some_and(|session| session.device_proven) {
        tell(Action::DeviceProven, Actor::Phone, None, None);
    }
    if *confirmed && !before.is_some_and(|session| session.confirmed) {
        tell(Action::MatchCodeConfirmed, Actor::Phone, after.live_attempt(), None);
    }
    if before.is_none_or(|before| before.state != *state) {
        match state {
            // The attempts tell of these.
            SessionState::Created | SessionState::InProgress(_) => {}
            SessionState::Completed(_) => tell(Action::SessionCompleted, Actor::Phone, None, None),
            SessionState::Expired(_) => tell(Action::SessionExpired, Actor::Server, None, None),
            SessionState::Cancelled(_) => {
                tell(Action::SessionCancelled, canceller(), None, reason.map(Code::Cancel));
            }
        }
    }
    entries
}
