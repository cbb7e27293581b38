//! What a person does at the page, and what others try there.

use std::time::Duration;

use domain::attempt::Phase;
use domain::browser::{BoundBrowser, BrowserMismatch, Visitor};
use domain::confirmation::Flow;
use domain::consent::Consent;
use domain::event::{CancelReason, Fact};
use domain::id::{AttemptId, OrganizationId, SessionId};
use domain::key::{KeyedHash, Keys, Secret};
use domain::policy::{BrowserBinding, Policy};
use domain::session::{
    CancelRefusal, Handoff, Hello, MAX_EXTENSIONS, MintRefusal, NewSession, RESPONSE_CODE_LIFETIME,
    RedeemRefusal, ResponseCodeRefusal, SESSION_LIFETIME, Session, UserCodeRefusal, VisitRefusal,
};
use domain::share::ShareContract;

use domain::entropy::Entropy;

use crate::proof::NOW;

struct Counter(u8);

impl Entropy for Counter {
    fn fill(&mut self, buffer: &mut [u8]) {
        self.0 = self.0.wrapping_add(1);
        buffer.fill(self.0 % 252);
    }
}

fn keys() -> Keys {
    Keys::derive(&[9; 32])
}

fn session_under(policy: Policy) -> Session {
    let mut entropy = Counter(0);
    let new = NewSession {
        id: SessionId::random(&mut entropy),
        organization: OrganizationId::random(&mut entropy),
        contract: ShareContract::default(),
        policy,
        redirect_url: None,
        cancel_token: keys().cancel_token_hash("cancel"),
    };
    Session::create(new, NOW)
}

fn session() -> Session {
    session_under(Policy::default())
}

/// The page in a browser of its own.
fn page(number: u8) -> Visitor {
    Visitor::Page(BoundBrowser {
        secret: KeyedHash([number; 32]),
        browser: None,
        os: None,
        place: None,
        network: None,
    })
}

fn consent() -> Consent {
    Consent { version: "1".into(), locale: "de".into(), at: NOW }
}

fn agreed() -> Session {
    session().consent(&page(1), consent(), NOW).unwrap().session
}

fn minted(session: Session) -> (Session, Handoff) {
    let fresh = AttemptId::random(&mut Counter(200));
    let minted = session.mint(fresh, &keys(), &page(1), NOW).unwrap();
    (minted.session, minted.value)
}

fn claimed(session: Session, handoff: &Handoff) -> Session {
    let hello = Hello {
        attempt: handoff.attempt.clone(),
        token: keys().handoff_token_hash(handoff.token.reveal()),
        device: keys().device_hash(&session.id, "phone"),
        app_version: None,
        flow: Flow::Unknown,
        confirms: false,
        network: None,
        proof: None,
    };
    session.hello(hello, NOW).unwrap().session
}

#[test]
fn the_page_gets_no_link_before_consent() {
    let fresh = AttemptId::random(&mut Counter(1));
    let refused = session().mint(fresh.clone(), &keys(), &page(1), NOW).map(drop);
    assert_eq!(refused, Err(MintRefusal::ConsentRequired));
    assert!(agreed().mint(fresh.clone(), &keys(), &page(1), NOW).is_ok());
    let cookieless = session().mint(fresh.clone(), &keys(), &Visitor::PageWithoutCookies, NOW);
    assert_eq!(cookieless.map(drop), Err(MintRefusal::ConsentRequired), "the page is the page");
    // Reference clients ask beside the page, which is not asked for its consent.
    assert!(session().mint(fresh, &keys(), &Visitor::Unknown, NOW).is_ok());
}

#[test]
fn the_first_consent_binds_and_stands() {
    let session = agreed();
    let later = Consent { version: "2".into(), at: NOW + Duration::from_secs(9), ..consent() };
    let stranger = session.clone().consent(&page(2), later.clone(), NOW).map(drop);
    assert_eq!(stranger, Err(VisitRefusal::Browser(BrowserMismatch)));
    let again = session.consent(&page(1), later.clone(), NOW).unwrap().session;
    assert_eq!(again.consent, Some(consent()));
    let ended = again.cancel(NOW).session;
    assert_eq!(ended.consent(&page(1), later, NOW).map(drop), Err(VisitRefusal::Ended));
}

fn binding(browser_binding: BrowserBinding) -> Session {
    session_under(Policy { browser_binding, ..Policy::default() })
}

/// A session whose link was minted beside the page, and that a phone has claimed.
fn claimed_beside_the_page(browser_binding: BrowserBinding) -> Session {
    let fresh = AttemptId::random(&mut Counter(200));
    let minted = binding(browser_binding).mint(fresh, &keys(), &Visitor::Unknown, NOW).unwrap();
    claimed(minted.session, &minted.value)
}

type Told = Result<(), VisitRefusal>;

/// What becomes of the steps that a page can take: consent, decline, cancel, extend.
fn steps(session: &Session, visitor: &Visitor) -> [Told; 4] {
    let session = || session.clone();
    [
        session().consent(visitor, consent(), NOW).map(drop),
        session().decline(visitor, None, NOW).map(drop),
        session().cancel_by_page(visitor, None, NOW).map(drop),
        session().extend(visitor, NOW).map(drop),
    ]
}

const COOKIELESS: [Visitor; 2] = [Visitor::Unknown, Visitor::PageWithoutCookies];

#[test]
fn nobody_takes_a_step_in_the_place_of_a_person_whose_browser_is_not_known() {
    for policy in [BrowserBinding::WhenOpened, BrowserBinding::Required] {
        for visitor in COOKIELESS {
            let refused = [Err(VisitRefusal::NoCookies); 4];
            assert_eq!(steps(&binding(policy), &visitor), refused, "{policy:?} {visitor:?}");
        }
        let bound = binding(policy).open(&page(1), NOW).unwrap().session;
        for visitor in [page(2), Visitor::Unknown, Visitor::PageWithoutCookies] {
            let refused = [Err(VisitRefusal::Browser(BrowserMismatch)); 4];
            assert_eq!(steps(&bound, &visitor), refused, "{policy:?} {visitor:?}");
        }
        assert_eq!(steps(&bound, &page(1)), [Ok(()); 4]);
    }
    // A stranger after the claim, while the person has not agreed.
    let fresh = AttemptId::random(&mut Counter(200));
    let minted = session().mint(fresh, &keys(), &Visitor::Unknown, NOW).unwrap();
    let bound = minted.session.open(&page(1), NOW).unwrap().session;
    let bound = claimed(bound, &minted.value);
    for visitor in [page(2), Visitor::Unknown, Visitor::PageWithoutCookies] {
        assert_eq!(steps(&bound, &visitor), [Err(VisitRefusal::Browser(BrowserMismatch)); 4]);
    }
    assert_eq!(steps(&bound, &page(1)), [Ok(()); 4], "and the person goes on");
    let unbound = claimed_beside_the_page(BrowserBinding::WhenOpened);
    for visitor in [page(1), Visitor::Unknown, Visitor::PageWithoutCookies] {
        let refused = [Err(VisitRefusal::NotOpened); 4];
        assert_eq!(steps(&unbound, &visitor), refused, "it came after the phone");
    }
}

/// The page has forms for those whose steps are taken, and for nobody else.
#[test]
fn who_may_act_is_who_is_not_refused() {
    let policies = [BrowserBinding::WhenOpened, BrowserBinding::Required, BrowserBinding::Off];
    let mut sessions: Vec<_> = policies.map(binding).into();
    sessions.extend(policies.map(|policy| binding(policy).open(&page(1), NOW).unwrap().session));
    sessions.extend([BrowserBinding::WhenOpened, BrowserBinding::Off].map(claimed_beside_the_page));
    let (session, handoff) = minted(agreed());
    sessions.push(claimed(session, &handoff));
    for session in sessions {
        for visitor in [page(1), page(2)] {
            let taken = steps(&session, &visitor).map(|told| told.is_ok());
            assert_eq!(taken, [session.may_act(&visitor); 4], "{session:?} {visitor:?}");
        }
        let nobody = session.may_act(&Visitor::Unknown);
        let will_be_bound = session.browser.is_none() && session.device.is_none();
        let is_open_to_all = session.policy.browser_binding == BrowserBinding::Off;
        assert_eq!(nobody, will_be_bound || is_open_to_all, "{session:?}");
        assert!(!session.cancel(NOW).session.may_act(&page(1)), "it has ended");
    }
}

#[test]
fn a_wrong_cancel_token_ends_nothing_and_a_right_one_does() {
    let (right, wrong) = (keys().cancel_token_hash("cancel"), keys().cancel_token_hash("guess"));
    let unbound = claimed_beside_the_page(BrowserBinding::WhenOpened);
    let bound = claimed(minted(agreed()).0, &minted(agreed()).1);
    for (session, refusal) in [
        (unbound, VisitRefusal::NotOpened),
        (bound, VisitRefusal::Browser(BrowserMismatch)),
        // Where nobody is known, who sends one has to have the right one.
        (binding(BrowserBinding::Off), VisitRefusal::CancelToken(CancelRefusal::Invalid)),
        (
            claimed_beside_the_page(BrowserBinding::Off),
            VisitRefusal::CancelToken(CancelRefusal::Invalid),
        ),
    ] {
        let stranger = page(2);
        for token in [&right, &wrong] {
            let is_right = token == &right;
            let declined = session.clone().decline(&stranger, Some(token), NOW);
            let cancelled = session.clone().cancel_by_page(&stranger, Some(token), NOW);
            for (ended, reason) in
                [(declined, CancelReason::Declined), (cancelled, CancelReason::ByPerson)]
            {
                let told = ended.map(|ended| {
                    assert!(ended.session.cancel_token.used_at.is_some());
                    ended.session.cancel_reason
                });
                assert_eq!(told, if is_right { Ok(Some(reason)) } else { Err(refusal) });
            }
        }
    }
    let owner = agreed().cancel_by_page(&page(1), Some(&wrong), NOW).unwrap().session;
    assert_eq!(owner.cancel_reason, Some(CancelReason::ByPerson), "the owner needs none");
}

#[test]
fn where_no_browser_is_bound_anybody_takes_the_steps_until_the_end() {
    let claimed = claimed_beside_the_page(BrowserBinding::Off);
    for session in [binding(BrowserBinding::Off), claimed] {
        for visitor in [page(1), Visitor::Unknown, Visitor::PageWithoutCookies] {
            assert_eq!(steps(&session, &visitor), [Ok(()); 4], "{visitor:?}");
        }
    }
}

#[test]
fn what_has_ended_stays_as_it_is_and_calls_nobody_a_stranger() {
    for policy in [BrowserBinding::WhenOpened, BrowserBinding::Required, BrowserBinding::Off] {
        let session = binding(policy).consent(&page(1), consent(), NOW).unwrap().session;
        let (session, handoff) = minted(session);
        let ended = claimed(session, &handoff).cancel(NOW).session;
        for visitor in [page(1), page(2), Visitor::PageWithoutCookies] {
            let told = [Err(VisitRefusal::Ended), Ok(()), Ok(()), Err(VisitRefusal::Ended)];
            assert_eq!(steps(&ended, &visitor), told, "{policy:?} {visitor:?}");
            let again = ended.clone().decline(&visitor, None, NOW).unwrap();
            assert_eq!((again.session, again.events), (ended.clone(), vec![]));
            let again = ended.clone().cancel_by_page(&visitor, None, NOW).unwrap();
            assert_eq!((again.session, again.events), (ended.clone(), vec![]));
        }
    }
}

#[test]
fn declining_and_cancelling_say_who_did_it() {
    let declined = agreed().decline(&page(1), None, NOW).unwrap();
    assert_eq!(declined.session.cancel_reason, Some(CancelReason::Declined));
    let reason = |fact: &Fact| {
        matches!(fact, Fact::SessionCancelled { reason: Some(CancelReason::Declined) })
    };
    assert!(reason(&declined.events[0].fact));
    assert_eq!(
        agreed().decline(&page(2), None, NOW).map(drop),
        Err(VisitRefusal::Browser(BrowserMismatch))
    );

    let cancelled = agreed().cancel_by_page(&page(1), None, NOW).unwrap().session;
    assert_eq!(cancelled.cancel_reason, Some(CancelReason::ByPerson));
    let stranger = agreed().cancel_by_page(&page(2), None, NOW).map(drop);
    assert_eq!(stranger, Err(VisitRefusal::Browser(BrowserMismatch)));
    let token = keys().cancel_token_hash("cancel");
    let with_token = agreed().cancel_by_page(&page(2), Some(&token), NOW).map(drop);
    let refused = VisitRefusal::CancelToken(CancelRefusal::Browser(BrowserMismatch));
    assert_eq!(with_token, Err(refused), "not yet claimed");
    let (session, handoff) = minted(agreed());
    let session = claimed(session, &handoff);
    let cancelled = session.cancel_by_page(&Visitor::Unknown, Some(&token), NOW).unwrap().session;
    assert_eq!(cancelled.cancel_reason, Some(CancelReason::ByPerson));
    assert_eq!(session_under(Policy::default()).cancel(NOW).session.cancel_reason, None);
}

#[test]
fn a_person_gets_more_time_ten_times() {
    let mut session = agreed();
    let mut now = NOW;
    for _ in 0..MAX_EXTENSIONS {
        now = session.expires_at - Duration::from_secs(60);
        session = session.extend(&page(1), now).unwrap().session;
        assert_eq!(session.expires_at, now + SESSION_LIFETIME);
    }
    let stranger = agreed().extend(&page(2), NOW).map(drop);
    assert_eq!(stranger, Err(VisitRefusal::Browser(BrowserMismatch)));
    let refused = session.clone().extend(&page(1), now).map(drop);
    assert_eq!(refused, Err(VisitRefusal::ExtendedTooOften));
    let expired = session.clone().at(session.expires_at).session;
    assert_eq!(expired.extend(&page(1), now).map(drop), Err(VisitRefusal::Ended));
}

#[test]
fn a_response_code_is_for_the_browser_that_opened_the_session_and_works_once() {
    let keys = keys();
    let issue = |session: Session, visitor: &Visitor, code: &str, now| {
        session.issue_response_code(visitor, &Secret::new(code), &keys, now)
    };
    let early = issue(agreed(), &page(1), "a", NOW).map(drop);
    assert_eq!(early, Err(ResponseCodeRefusal::NotEnded));
    let ended = agreed().cancel(NOW).session;
    assert!(ended.browser.is_none(), "what is known of the browser is forgotten");
    for stranger in [page(2), Visitor::Unknown, Visitor::Browser(KeyedHash([2; 32]))] {
        let refused = issue(ended.clone(), &stranger, "a", NOW).map(drop);
        assert_eq!(refused, Err(ResponseCodeRefusal::Stranger));
    }
    let unbound =
        session_under(Policy { browser_binding: BrowserBinding::Off, ..Policy::default() });
    let unbound = unbound.consent(&page(1), consent(), NOW).unwrap().session.cancel(NOW).session;
    let refused = issue(unbound, &page(1), "a", NOW).map(drop);
    assert_eq!(refused, Err(ResponseCodeRefusal::Stranger), "nobody is known to come back");

    let first = issue(ended, &page(1), "a", NOW).unwrap().session;
    let hash = |code: &str| keys.response_code_hash(&first.id, code);
    let second = issue(first.clone(), &page(1), "b", NOW).unwrap().session;
    let redeem = |session: &Session, code: &str, now| {
        session.clone().redeem_response_code(&hash(code), now).map(|done| done.session)
    };
    assert_eq!(redeem(&second, "a", NOW), Err(RedeemRefusal::Invalid), "another took its place");
    assert_eq!(redeem(&second, "c", NOW), Err(RedeemRefusal::Invalid));
    let late = NOW + RESPONSE_CODE_LIFETIME;
    assert_eq!(redeem(&second, "b", late), Err(RedeemRefusal::Expired));
    let used = redeem(&second, "b", late - Duration::from_millis(1)).unwrap();
    assert_eq!(redeem(&used, "b", NOW), Err(RedeemRefusal::Used));
    assert!(used.returner.is_none(), "nothing ties the browser to the session any more");
    let another = issue(used, &page(1), "d", NOW).map(drop);
    assert_eq!(another, Err(ResponseCodeRefusal::Redeemed));
    let other_session = SessionId::random(&mut Counter(77));
    assert!(keys.response_code_hash(&other_session, "b") != hash("b"));
}

#[test]
fn a_user_code_is_shown_to_the_page_and_typed_as_people_type() {
    let keys = keys();
    let none = agreed().user_code(&page(1), &keys, NOW).map(drop);
    assert_eq!(none, Err(UserCodeRefusal::NoHandoff));
    let fresh = AttemptId::random(&mut Counter(200));
    let minted_beside = session().mint(fresh, &keys, &Visitor::Unknown, NOW).unwrap().session;
    for visitor in [page(1), Visitor::PageWithoutCookies] {
        let refused = minted_beside.clone().user_code(&visitor, &keys, NOW).map(drop);
        assert_eq!(refused, Err(UserCodeRefusal::ConsentRequired), "nobody agreed at the page");
    }
    let (session, handoff) = minted(agreed());
    let stranger = session.clone().user_code(&page(2), &keys, NOW).map(drop);
    assert_eq!(stranger, Err(UserCodeRefusal::Browser(BrowserMismatch)));
    let shown = session.clone().user_code(&page(1), &keys, NOW).unwrap();
    let code = shown.value.code.reveal().to_owned();
    assert!(code.len() == 8 && code.chars().all(|letter| "BCDFGHJKLMNPQRSTVWXZ".contains(letter)));
    let (attempt, expires_at) = (shown.value.attempt, shown.value.expires_at);
    assert_eq!((attempt, expires_at), (handoff.attempt.clone(), handoff.expires_at));
    let typed = format!(" {}-{} ", &code[..4], &code[4..]).to_lowercase();
    assert_eq!(shown.session.attempts[0].user_code, Some(keys.user_code_hash(&typed)));
    assert!(keys.user_code_hash(&code[..7]) != keys.user_code_hash(&code));
    assert!(keys.user_code_hash(&format!("{code}B")) != keys.user_code_hash(&code));
    let late = session.clone().user_code(&page(1), &keys, handoff.expires_at).map(drop);
    assert_eq!(late, Err(UserCodeRefusal::NoHandoff));
    let gone = claimed(session, &handoff).user_code(&page(1), &keys, NOW).map(drop);
    assert_eq!(gone, Err(UserCodeRefusal::NoHandoff));
}

#[test]
fn progress_counts_while_the_chip_is_read_and_never_goes_back() {
    let (session, handoff) = minted(session_with_code_off());
    let session = claimed(session, &handoff);
    let report = |session: Session, percent| {
        session.report_progress(&handoff.attempt, 1, percent, NOW).unwrap().session
    };
    let progress = |session: &Session| match &session.attempts[0].state {
        domain::attempt::AttemptState::Claimed(claim) => claim.progress,
        _ => None,
    };
    let early = report(session.clone(), 10);
    assert_eq!(progress(&early), None, "nothing is read yet");
    let reading = session.advance(&handoff.attempt, 1, Phase::NfcReading, NOW).unwrap().session;
    let some = report(reading, 40);
    assert_eq!(progress(&some), Some(40));
    assert_eq!(progress(&report(some.clone(), 30)), Some(40));
    assert_eq!(progress(&report(some.clone(), 255)), Some(100));
    assert!(some.report_progress(&handoff.attempt, 2, 50, NOW).is_err(), "another socket's number");
}

fn session_with_code_off() -> Session {
    let policy = Policy { match_code: domain::policy::MatchCodePolicy::Off, ..Policy::default() };
    session_under(policy).consent(&page(1), consent(), NOW).unwrap().session
}
