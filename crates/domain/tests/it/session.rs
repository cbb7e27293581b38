//! Random lives of a session, and what must hold after every step of each.

use std::time::Duration;

use domain::attempt::{AttemptState, FailureCode, Phase, VerdictCode};
use domain::browser::{BoundBrowser, Visitor};
use domain::confirmation::Flow;
use domain::consent::Consent;
use domain::entropy::Entropy;
use domain::event::{Event, EventType};
use domain::id::{AttemptId, OrganizationId, SessionId};
use domain::key::{KeyedHash, Keys};
use domain::session::{Hello, MAX_FAILED_ATTEMPTS, NewSession, Session, SessionState, Transition};
use domain::share::ShareContract;
use domain::time::Timestamp;
use proptest::prelude::*;

use crate::audit::check_told;
use crate::proof::{NOW, accepted, no_face};

#[derive(Clone, Debug)]
enum Step {
    Mint { visitor: u8, page: bool },
    Hello { attempt: usize, device: u8, right_token: bool, confirms: bool },
    Choose { grant: usize, right: bool },
    NotMe { grant: usize },
    Advance { grant: usize },
    Reject { grant: usize },
    Share { grant: usize },
    Cancel,
    CancelWithToken { right: bool },
    Wait { seconds: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_u8, any::<bool>()).prop_map(|(visitor, page)| Step::Mint { visitor, page }),
        6 => (0..4_usize, 0..3_u8, prop::bool::weighted(0.9), any::<bool>()).prop_map(
            |(attempt, device, right_token, confirms)| {
                Step::Hello { attempt, device, right_token, confirms }
            }
        ),
        3 => (0..4_usize, prop::bool::weighted(0.8))
            .prop_map(|(grant, right)| Step::Choose { grant, right }),
        1 => (0..4_usize).prop_map(|grant| Step::NotMe { grant }),
        2 => (0..4_usize).prop_map(|grant| Step::Advance { grant }),
        3 => (0..4_usize).prop_map(|grant| Step::Reject { grant }),
        2 => (0..4_usize).prop_map(|grant| Step::Share { grant }),
        1 => Just(Step::Cancel),
        1 => any::<bool>().prop_map(|right| Step::CancelWithToken { right }),
        4 => (1..900_u64).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

struct Counter(u8);

impl Entropy for Counter {
    fn fill(&mut self, buffer: &mut [u8]) {
        self.0 = self.0.wrapping_add(1);
        buffer.fill(self.0 % 252);
    }
}

/// A session with what the outside world holds of it.
struct World {
    session: Session,
    keys: Keys,
    now: Timestamp,
    entropy: Counter,
    /// Attempt and token of every handoff that was shown.
    handoffs: Vec<(AttemptId, String)>,
    /// Attempt, fence and device of every hello that was granted.
    grants: Vec<(AttemptId, u64, u8)>,
    events: Vec<Event>,
}

impl World {
    fn new() -> Self {
        let mut entropy = Counter(0);
        let keys = Keys::derive(&[9; 32]);
        let new = NewSession {
            id: SessionId::random(&mut entropy),
            organization: OrganizationId::random(&mut entropy),
            contract: ShareContract::default(),
            policy: no_face(),
            redirect_url: None,
            cancel_token: keys.cancel_token_hash("cancel"),
        };
        // Minting at the page needs the consent of the person there.
        let mut session = Session::create(new, NOW);
        session.consent = Some(Consent { version: "1".into(), locale: "en".into(), at: NOW });
        Self { session, keys, now: NOW, entropy, handoffs: vec![], grants: vec![], events: vec![] }
    }

    /// One unit as the store runs it: expiry first, then the transition; a refusal changes nothing
    /// but the expiry.
    fn unit<T, E>(
        &mut self,
        unit: impl FnOnce(Session, &Keys) -> Result<Transition<T>, E>,
    ) -> Option<T> {
        let expired = self.session.clone().at(self.now);
        self.session = expired.session;
        self.events.extend(expired.events);
        let done = unit(self.session.clone(), &self.keys).ok()?;
        self.session = done.session;
        self.events.extend(done.events);
        Some(done.value)
    }

    fn take(&mut self, step: Step) {
        let now = self.now;
        match step {
            Step::Wait { seconds } => self.now = now + Duration::from_secs(seconds),
            Step::Mint { visitor, page } => {
                let fresh = AttemptId::random(&mut self.entropy);
                let secret = self.keys.browser_hash(&self.session.id, &visitor.to_string());
                let who = match (visitor, page) {
                    (0, _) => Visitor::Unknown,
                    (_, false) => Visitor::Browser(secret),
                    (_, true) => Visitor::Page(browser(secret)),
                };
                let held_by_another = self.session.device.is_none()
                    && self.session.browser.as_ref().is_some_and(|bound| bound.secret != secret);
                let minted = self.unit(|session, keys| session.mint(fresh, keys, &who, now));
                if let Some(handoff) = minted {
                    assert!(!held_by_another, "a stranger got a link");
                    self.handoffs.push((handoff.attempt, handoff.token.reveal().to_owned()));
                }
            }
            Step::Hello { attempt, device, right_token, confirms } => {
                let Some((attempt, token)) = pick(&self.handoffs, attempt) else { return };
                let token = if right_token { token } else { "wrong".to_owned() };
                let granted = self.unit(|session, keys| {
                    let hello = Hello {
                        attempt: attempt.clone(),
                        token: keys.handoff_token_hash(&token),
                        device: device_hash(keys, &session, device),
                        app_version: None,
                        flow: Flow::Unknown,
                        confirms,
                        network: None,
                        proof: None,
                    };
                    session.hello(hello, now)
                });
                if let Some(granted) = granted {
                    assert!(right_token, "a wrong token opened an attempt");
                    self.grants.push((attempt, granted.fence, device));
                }
            }
            Step::Advance { grant } => {
                let Some((attempt, fence, _)) = pick(&self.grants, grant) else { return };
                self.writes(fence, |session, _| {
                    session.advance(&attempt, fence, Phase::NfcReading, now)
                });
            }
            Step::Reject { grant } => {
                let Some((attempt, fence, _)) = pick(&self.grants, grant) else { return };
                let code = VerdictCode::PassportAuthenticityFailed;
                self.writes(fence, |session, _| session.reject(&attempt, fence, code, now));
            }
            Step::Choose { grant, right } => {
                let Some((attempt, fence, _)) = pick(&self.grants, grant) else { return };
                let shown = self.session.pending_match_codes(&self.keys).map(|codes| codes.shown());
                let choice = shown.filter(|_| right).unwrap_or_else(|| "none".to_owned());
                let before = self.session.is_terminal();
                self.writes(fence, |session, keys| {
                    session.choose(&attempt, fence, &choice, keys, now)
                });
                assert!(before || !right || !self.failed_by_choice(), "the right choice failed");
            }
            Step::NotMe { grant } => {
                let Some((attempt, fence, _)) = pick(&self.grants, grant) else { return };
                self.writes(fence, |session, _| session.not_me(&attempt, fence, now));
            }
            Step::Share { grant } => {
                let Some((attempt, fence, _)) = pick(&self.grants, grant) else { return };
                self.writes(fence, |session, keys| {
                    let selection = session.contract.select(["kayle_document_id"]).unwrap();
                    session.share(&attempt, fence, accepted(), &selection, keys, now)
                });
            }
            Step::Cancel => {
                self.unit(|session, _| Ok::<_, ()>(session.cancel(now)));
            }
            Step::CancelWithToken { right } => {
                let token = if right { "cancel" } else { "other" };
                let done = self.unit(|session, keys| {
                    session.cancel_with_token(
                        &keys.cancel_token_hash(token),
                        &Visitor::Unknown,
                        now,
                    )
                });
                assert!(right || done.is_none(), "a wrong token cancelled");
            }
        }
    }

    fn failed_by_choice(&self) -> bool {
        let code = Some(FailureCode::MatchCodeWrong);
        self.session.attempts.iter().any(|attempt| attempt.failure_code() == code)
    }

    /// A write of a socket: only the one with the newest fence may succeed.
    fn writes<T, E>(
        &mut self,
        fence: u64,
        write: impl FnOnce(Session, &Keys) -> Result<Transition<T>, E>,
    ) {
        let newest = self.session.fence;
        if self.unit(write).is_some() {
            assert_eq!(fence, newest, "a displaced socket wrote");
        }
    }

    fn check(&self, before: &Session) {
        let count = |wanted: fn(&AttemptState) -> bool| {
            self.session.attempts.iter().filter(|attempt| wanted(&attempt.state)).count()
        };
        let live = count(|state| matches!(state, AttemptState::Claimed(_)));
        let succeeded = count(|state| matches!(state, AttemptState::Succeeded { .. }));
        let offered = count(|state| matches!(state, AttemptState::Offered));
        assert_eq!(live, usize::from(matches!(self.session.state, SessionState::InProgress(_))));
        assert!(succeeded <= 1);
        if live == 1 || self.session.is_terminal() {
            assert_eq!(offered, 0, "a token outlived a claim or the session");
        }
        if before.is_terminal() {
            assert_eq!(before.state, self.session.state, "a final state changed");
        }
        if self.session.is_terminal() {
            assert!(self.session.browser.is_none(), "a browser is remembered after the end");
        } else if let Some(browser) = &before.browser {
            assert!(self.session.browser.as_ref() == Some(browser), "another browser took over");
        }
        if before.browser.is_none() && before.device.is_some() {
            assert!(self.session.browser.is_none(), "a browser bound a claimed session");
        }
        assert!(!before.confirmed || self.session.confirmed);
        if let Some(pending) = before.pending_match_codes(&self.keys) {
            let now = self.session.live_attempt();
            let phase = now.and_then(|attempt| match &attempt.state {
                AttemptState::Claimed(claim) => Some(claim.phase),
                _ => None,
            });
            assert!(phase.is_none_or(|phase| phase == Phase::MobileConnected), "{pending:?}");
            assert_eq!(succeeded, 0, "claims were shared before the code was chosen");
        }
        assert!(!self.failed_by_choice() || self.session.is_terminal(), "a second try");
        if let Some(device) = before.device {
            assert!(self.session.device == Some(device), "another device took the session");
        }
        let devices: std::collections::BTreeSet<u8> =
            self.grants.iter().map(|(_, _, device)| *device).collect();
        assert!(devices.len() <= 1, "two devices were granted");
        assert!(self.grants.iter().map(|(_, fence, _)| fence).is_sorted_by(|a, b| a < b));

        let events = |kind| self.events.iter().filter(|event| event.kind() == kind).count();
        assert_eq!(events(EventType::AttemptSucceeded), succeeded);
        assert!(events(EventType::AttemptFailed) <= MAX_FAILED_ATTEMPTS);
        let ended = events(EventType::SessionExpired) + events(EventType::SessionCancelled);
        assert!(ended <= 1);
        assert_eq!(
            ended == 1,
            matches!(self.session.state, SessionState::Expired(_) | SessionState::Cancelled(_))
        );
        assert!(ended + succeeded <= 1, "claims were delivered beside an end");
    }
}

fn pick<T: Clone>(from: &[T], at: usize) -> Option<T> {
    (!from.is_empty()).then(|| from[at % from.len()].clone())
}

fn browser(secret: KeyedHash) -> BoundBrowser {
    BoundBrowser { secret, browser: None, os: None, place: None, network: None }
}

fn device_hash(keys: &Keys, session: &Session, device: u8) -> KeyedHash {
    keys.device_hash(&session.id, &format!("device-{device}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_life_of_a_session_breaks_its_rules(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        for step in steps {
            let (before, told) = (world.session.clone(), world.events.len());
            world.take(step);
            world.check(&before);
            check_told(&before, &world.session, &world.events[told..], world.now);
        }
    }
}
