#![allow(clippy::unwrap_used, reason = "tests")]

use domain::attempt::{Attempt, Claim, HandoffToken, VerdictCode};
use domain::browser::BoundBrowser;
use domain::confirmation::{Flow, MatchCodeState, MatchCodes};
use domain::consent::Consent;
use domain::entropy::Entropy;
use domain::id::{AttemptId, OrganizationId, SessionId};
use domain::key::KeyedHash;
use domain::policy::Policy;
use domain::session::NewSession;
use domain::share::ShareContract;
use domain::time::Timestamp;

use super::*;

const NOW: Timestamp = Timestamp(1_000);
const OURS: KeyedHash = KeyedHash([1; 32]);
const CODE: FailureCode = FailureCode::Verdict(VerdictCode::DocumentExpired);

struct Zeros;

impl Entropy for Zeros {
    fn fill(&mut self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

fn attempt(state: AttemptState) -> Attempt {
    let token = HandoffToken { hash: OURS, issued_at: NOW, expires_at: NOW };
    Attempt {
        id: AttemptId::random(&mut Zeros),
        created_at: NOW,
        updated_at: NOW,
        token,
        user_code: None,
        state,
    }
}

fn claimed(phase: Phase, progress: Option<u8>, match_code: MatchCodeState) -> Attempt {
    attempt(AttemptState::Claimed(Claim {
        claimed_at: NOW,
        fence: 1,
        phase,
        phase_at: NOW,
        progress,
        app_version: None,
        flow: Flow::CrossDevice,
        network: SameNetwork::Different,
        match_code,
    }))
}

fn failed(code: FailureCode) -> Attempt {
    attempt(AttemptState::Failed { at: NOW, code, claimed: true })
}

/// A session that was opened in our browser and agreed to there.
fn session(state: SessionState, attempts: Vec<Attempt>) -> Session {
    let new = NewSession {
        id: SessionId::random(&mut Zeros),
        organization: OrganizationId::random(&mut Zeros),
        contract: ShareContract::default(),
        policy: Policy::default(),
        redirect_url: None,
        cancel_token: OURS,
    };
    let browser =
        BoundBrowser { secret: OURS, browser: None, os: None, place: None, network: None };
    let consent = Consent { version: "1".to_owned(), locale: "en".to_owned(), at: NOW };
    Session {
        state,
        device: attempts.iter().any(Attempt::was_claimed).then_some(OURS),
        attempts,
        browser: Some(browser),
        consent: Some(consent),
        ..Session::create(new, NOW)
    }
}

fn seen(session: &Session) -> Screen {
    Screen::of(session, &Visitor::Browser(OURS), &Keys::derive(&[7; 32]))
}

#[test]
fn before_a_phone_comes() {
    let mut case = session(SessionState::Created, vec![]);
    assert_eq!(seen(&case), Screen::Offer);
    case.consent = None;
    assert_eq!(seen(&case), Screen::Consent);
    // The API minted it: a page that is opened later asks all the same.
    case.attempts = vec![attempt(AttemptState::Offered)];
    assert_eq!(seen(&case), Screen::Consent);
    case.device = Some(OURS);
    assert_eq!(seen(&case), Screen::Claimed, "no code is offered once a phone has come");
}

#[test]
fn while_the_phone_is_at_work() {
    for (phase, progress, screen) in [
        (Phase::MobileConnected, None, Screen::Connected),
        (Phase::MrzScanning, None, Screen::Reading { mrz: true, percent: None }),
        (Phase::MrzComplete, None, Screen::Reading { mrz: false, percent: None }),
        (Phase::NfcReading, None, Screen::Reading { mrz: false, percent: None }),
        (Phase::NfcReading, Some(70), Screen::Reading { mrz: false, percent: Some(70) }),
        (Phase::NfcReading, Some(100), Screen::Checking),
        (Phase::NfcComplete, Some(100), Screen::Checking),
        (Phase::SelfieCapturing, None, Screen::Selfie),
        (Phase::SelfieComplete, None, Screen::Share),
    ] {
        let attempt = claimed(phase, progress, MatchCodeState::Confirmed);
        let case = session(SessionState::InProgress(attempt.id.clone()), vec![attempt]);
        assert_eq!(seen(&case), screen, "{phase:?} {progress:?}");
    }
}

#[test]
fn the_number_is_for_the_browser_that_opened_the_session() {
    let keys = Keys::derive(&[7; 32]);
    let attempt = claimed(Phase::MobileConnected, None, MatchCodeState::Pending);
    let code = MatchCodes::of(&keys, &attempt.id).shown();
    let mut case = session(SessionState::InProgress(attempt.id.clone()), vec![attempt]);
    assert_eq!(seen(&case), Screen::Match { code, network: SameNetwork::Different });
    for stranger in [Visitor::Unknown, Visitor::Browser(KeyedHash([2; 32]))] {
        assert_eq!(Screen::of(&case, &stranger, &keys), Screen::Connected);
    }
    case.browser = None;
    assert_eq!(Screen::of(&case, &Visitor::Unknown, &keys), Screen::Connected);
    assert_eq!(seen(&case), Screen::Connected);
}

#[test]
fn the_same_phone_may_try_again() {
    let case = session(SessionState::Created, vec![failed(CODE)]);
    assert_eq!(seen(&case), Screen::Retry { code: CODE, remaining: 2 });
    let again = session(SessionState::Created, vec![failed(CODE), attempt(AttemptState::Offered)]);
    assert_eq!(seen(&again), Screen::Claimed, "the phone has asked for the next try");
}

#[test]
fn every_end_says_how_it_came() {
    let cancelled = |reason| {
        let code = FailureCode::SessionCancelled;
        let mut case = session(SessionState::Cancelled(NOW), vec![failed(code)]);
        case.cancel_reason = reason;
        case
    };
    for (case, screen) in [
        (session(SessionState::Completed(NOW), vec![failed(CODE)]), Screen::Failed(CODE)),
        (session(SessionState::Expired(NOW), vec![]), Screen::Expired),
        (
            session(SessionState::Expired(NOW), vec![failed(FailureCode::SessionExpired)]),
            Screen::Expired,
        ),
        (cancelled(None), Screen::Cancelled { by: Canceller::Organization }),
        (cancelled(Some(CancelReason::ByPerson)), Screen::Cancelled { by: Canceller::Person }),
        (cancelled(Some(CancelReason::Declined)), Screen::Declined),
        (cancelled(Some(CancelReason::NotMe)), Screen::NotMe),
    ] {
        assert_eq!(seen(&case), screen);
        assert_eq!(Screen::of(&case, &Visitor::Unknown, &Keys::derive(&[7; 32])), screen);
        assert!(screen.is_end() && case.is_terminal());
    }
}
