//! The closed unit, and lists of sessions and attempts.

use std::convert::Infallible;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use domain::access::PhoneReport;
use domain::assurance::{Assurance, HandoffAssurance, ProofState, RevocationState};
use domain::attempt::{AttemptState, Claim, FailureCode, Phase, VerdictCode};
use domain::audit::Actor;
use domain::browser::{
    AddressFamily, BoundBrowser, BrowserFamily, NetworkHash, OsFamily, SameNetwork, Visitor,
};
use domain::confirmation::{Flow, MatchCodeState};
use domain::consent::Consent;
use domain::event::{CancelReason, Event, EventType, Fact};
use domain::id::{AttemptId, SessionId};
use domain::key::{KeyedHash, Keys};
use domain::policy::FaceMatch;
use domain::session::{
    HelloRefusal, ResponseCode, SESSION_LIFETIME, Session, SessionState, Transition,
};
use store::{
    AttemptFilter, AttemptStatus, Changed, EventFilter, PageRequest, SessionFilter, SessionStatus,
    StoreError,
};

use crate::world::{Database, NOW, World};

fn quiet(session: Session) -> Result<Transition<()>, Infallible> {
    Ok(Transition { session, events: Vec::new(), value: () })
}

fn attempt_states() -> Vec<AttemptState> {
    let proven = |algorithm: &str| ProofState::Proven { algorithm: algorithm.into() };
    let assurance = |revocation, document_expired| Assurance {
        active_authentication: match revocation {
            RevocationState::NotRevoked => proven("RSA-2048"),
            RevocationState::Stale => ProofState::NotAttempted,
            RevocationState::Unknown => ProofState::NotOffered,
        },
        chip_authentication: match revocation {
            RevocationState::NotRevoked => ProofState::NotOffered,
            RevocationState::Stale => proven("ECDH"),
            RevocationState::Unknown => ProofState::NotAttempted,
        },
        phone_reported: match revocation {
            RevocationState::NotRevoked => PhoneReport::parse("pace_cam", "", "proven"),
            RevocationState::Stale => PhoneReport::parse("bac", "pace_failed", ""),
            RevocationState::Unknown => None,
        },
        face_match: FaceMatch::Off,
        revocation,
        document_expired,
        certificates_valid: true,
        trust_verified: false,
        leniencies: vec!["a leniency".into()],
        deviations: vec!["a deviation".into()],
        handoff: document_expired.map(|expired| HandoffAssurance {
            device_proof: expired,
            match_code: MatchCodeState::Confirmed,
            same_network: SameNetwork::Same,
            flow: Flow::SameDevice,
            browser_bound: !expired,
        }),
    };
    let mut states = vec![AttemptState::Offered, AttemptState::Superseded { at: NOW }];
    states.extend(Phase::ALL.map(|phase| {
        AttemptState::Claimed(Claim {
            claimed_at: NOW,
            fence: 7,
            phase,
            phase_at: NOW + Duration::from_secs(1),
            app_version: (phase != Phase::NfcReading).then(|| "1.2.3".to_owned()),
            flow: Flow::CrossDevice,
            network: SameNetwork::Different,
            match_code: MatchCodeState::Pending,
            progress: (phase == Phase::NfcReading).then_some(40),
        })
    }));
    for (flow, (network, match_code)) in Flow::ALL
        .into_iter()
        .cycle()
        .zip(SameNetwork::ALL.iter().copied().cycle().zip(MatchCodeState::ALL))
    {
        states.push(AttemptState::Claimed(Claim {
            claimed_at: NOW,
            fence: 8,
            phase: Phase::MobileConnected,
            phase_at: NOW,
            app_version: None,
            flow,
            network,
            match_code,
            progress: None,
        }));
    }
    states.extend(
        [
            (RevocationState::NotRevoked, Some(false)),
            (RevocationState::Stale, Some(true)),
            (RevocationState::Unknown, None),
        ]
        .map(|(revocation, expired)| AttemptState::Succeeded {
            at: NOW,
            assurance: assurance(revocation, expired),
        }),
    );
    states.extend(FailureCode::ALL.map(|code| AttemptState::Failed {
        at: NOW,
        code,
        claimed: code == FailureCode::Verdict(VerdictCode::DocumentDataInvalid),
    }));
    states
}

/// Every kind of bound browser, and none.
fn browsers() -> Vec<Option<BoundBrowser>> {
    let network = |family| NetworkHash { family, hash: KeyedHash([6; 32]) };
    let full = BoundBrowser {
        secret: KeyedHash([5; 32]),
        browser: Some(BrowserFamily::SamsungInternet),
        os: Some(OsFamily::Android),
        place: Some("Zürich, Switzerland".to_owned()),
        network: Some(network(AddressFamily::V6)),
    };
    let v4 = BoundBrowser { network: Some(network(AddressFamily::V4)), ..full.clone() };
    let bare = BoundBrowser { browser: None, os: None, place: None, network: None, ..full.clone() };
    vec![Some(full), Some(v4), None, Some(bare)]
}

/// What a person can have done at the page, in five kinds.
fn visited(session: &mut Session, kind: usize) {
    session.extensions = u8::try_from(kind).unwrap();
    session.cancel_reason = CancelReason::ALL.get(kind).copied();
    session.returner = kind.is_multiple_of(2).then_some(KeyedHash([4; 32]));
    session.consent = (kind != 1).then(|| Consent {
        version: "2026-1".to_owned(),
        locale: "uk".to_owned(),
        at: NOW + Duration::from_secs(2),
    });
    session.response_code = (kind != 2).then(|| ResponseCode {
        hash: KeyedHash([2; 32]),
        expires_at: NOW + Duration::from_secs(300),
        used_at: (kind == 0).then_some(NOW),
    });
}

pub(crate) async fn a_user_code_leads_to_an_offered_attempt_and_to_no_other(
    database: &dyn Database,
) {
    let world = World::new(database).await;
    let organization = world.organization().await;
    let keys = Keys::derive(&[7; 32]);
    let shown = async || {
        let id = world.session(&organization).await;
        let handoff = world.mint(&id, NOW).await.unwrap();
        let show = {
            let keys = Keys::derive(&[7; 32]);
            move |session: Session| {
                let page = Visitor::Page(BoundBrowser {
                    secret: KeyedHash([1; 32]),
                    browser: None,
                    os: None,
                    place: None,
                    network: None,
                });
                let consent = Consent { version: "1".into(), locale: "de".into(), at: NOW };
                let agreed = session.consent(&page, consent, NOW).unwrap().session;
                agreed.user_code(&page, &keys, NOW)
            }
        };
        let code = world.store.session(&id, NOW, show).await.unwrap().unwrap();
        (id, handoff, keys.user_code_hash(code.code.reveal()))
    };
    let (id, handoff, hash) = shown().await;
    let (other, _, other_hash) = shown().await;
    let find = async |hash, now| world.store.find_user_code(hash, now).await.unwrap();
    assert_eq!(find(hash, NOW).await, Some((id.clone(), handoff.attempt.clone())));
    assert_ne!(find(other_hash, NOW).await, find(hash, NOW).await);
    assert_eq!(find(KeyedHash([1; 32]), NOW).await, None);
    let last = handoff.expires_at - Duration::from_millis(1);
    assert!(find(hash, last).await.is_some());
    assert_eq!(find(hash, handoff.expires_at).await, None, "it dies with its token");
    let hello = world.hello(&id, &handoff, "phone");
    let claim = move |session: Session| session.hello(hello.clone(), NOW);
    world.store.session(&id, NOW, claim).await.unwrap().unwrap();
    assert_eq!(find(hash, NOW).await, None, "a phone has come");
    world
        .store
        .session(&other, NOW, |session| quiet(session.cancel(NOW).session))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(find(other_hash, NOW).await, None, "the session has ended");
}

pub(crate) async fn which_browser_may_come_back_is_forgotten_in_time(database: &dyn Database) {
    let world = World::new(database).await;
    let organization = world.organization().await;
    let ended = |seconds: u64| {
        let at = NOW + Duration::from_secs(seconds);
        Session {
            state: SessionState::Cancelled(at),
            returner: Some(KeyedHash([4; 32])),
            ..world.new_session(&organization)
        }
    };
    // One that lives keeps what it has, whatever the time.
    let live = Session { returner: Some(KeyedHash([4; 32])), ..world.new_session(&organization) };
    let sessions = [ended(1), ended(2), ended(3), ended(4), live];
    for session in &sessions {
        world.store.create_session(session.clone(), Actor::Server).await.unwrap();
    }
    let before = NOW + Duration::from_secs(3);
    let forget = async |limit| world.store.forget_returners(before, limit).await.unwrap();
    assert_eq!((forget(2).await, forget(2).await, forget(2).await), (2, 1, 0));
    for (session, forgotten) in sessions.into_iter().zip([true, true, true, false, false]) {
        let kept = (!forgotten).then_some(KeyedHash([4; 32]));
        assert_eq!(world.read(&session.id).await, Session { returner: kept, ..session });
    }
}

pub(crate) async fn every_state_round_trips(database: &dyn Database) {
    let world = World::new(database).await;
    let organization = world.organization().await;
    let live = world.id(AttemptId::random);
    let mut opened_by = browsers().into_iter();
    for state in [
        SessionState::Created,
        SessionState::InProgress(live),
        SessionState::Completed(NOW),
        SessionState::Expired(NOW),
        SessionState::Cancelled(NOW),
    ] {
        let mut session = world.new_session(&organization);
        session.attempts = attempt_states().into_iter().map(|state| world.attempt(state)).collect();
        session.state = state;
        session.device = Some(KeyedHash([9; 32]));
        session.device_proven = session.state == SessionState::Created;
        session.confirmed = session.state == SessionState::Completed(NOW);
        session.browser = opened_by.next().flatten();
        session.cancel_token.used_at = Some(NOW);
        session.fence = 41;
        visited(&mut session, opened_by.len());
        session.attempts[0].user_code = Some(KeyedHash([8; 32]));
        world.store.create_session(session.clone(), Actor::Server).await.unwrap();
        assert_eq!(world.read(&session.id).await, session);
    }
    // And by way of the unit, which updates rows rather than inserting them.
    let id = world.session(&organization).await;
    let old = world.read(&id).await;
    let attempts: Vec<_> =
        attempt_states().iter().map(|_| world.attempt(AttemptState::Offered)).collect();
    let offered = Session { attempts, redirect_url: old.redirect_url.clone(), ..old };
    let mut ended = offered.clone();
    ended.browser = browsers().remove(0);
    (ended.device_proven, ended.confirmed) = (true, true);
    visited(&mut ended, 0);
    ended.attempts[0].user_code = Some(KeyedHash([8; 32]));
    for (attempt, state) in ended.attempts.iter_mut().zip(attempt_states()) {
        attempt.state = state;
    }
    ended.state = SessionState::Completed(NOW);
    ended.device = Some(KeyedHash([1; 32]));
    for next in [offered, ended] {
        let stored = next.clone();
        world.store.session(&id, NOW, move |_| quiet(stored.clone())).await.unwrap().unwrap();
        assert_eq!(world.read(&id).await, next);
    }
}

pub(crate) async fn fifty_parallel_mints_make_one_attempt(database: &dyn Database) {
    let world = Arc::new(World::new(database).await);
    let organization = world.organization().await;
    let id = world.session(&organization).await;
    let mints: Vec<_> = (0..50)
        .map(|_| {
            let (world, id) = (Arc::clone(&world), id.clone());
            tokio::spawn(
                async move { world.mint(&id, NOW).await.unwrap().token.reveal().to_owned() },
            )
        })
        .collect();
    let mut tokens = Vec::new();
    for mint in mints {
        tokens.push(mint.await.unwrap());
    }
    tokens.dedup();
    assert_eq!((tokens.len(), world.read(&id).await.attempts.len()), (1, 1));
}

pub(crate) async fn parallel_hellos_have_one_winner(database: &dyn Database) {
    let world = World::new(database).await;
    let organization = world.organization().await;
    let id = world.session(&organization).await;
    let handoff = world.mint(&id, NOW).await.unwrap();
    let hellos: Vec<_> = (0..50)
        .map(|device| {
            let (store, id) = (world.store.clone(), id.clone());
            let hello = world.hello(&id, &handoff, &format!("device {device}"));
            tokio::spawn(async move {
                let said =
                    store.session(&id, NOW, move |session| session.hello(hello.clone(), NOW));
                said.await.unwrap()
            })
        })
        .collect();
    let mut winners = 0;
    for hello in hellos {
        match hello.await.unwrap() {
            Ok(granted) => {
                winners += 1;
                assert_eq!((granted.fence, granted.resumed), (1, false));
            }
            Err(refusal) => assert_eq!(refusal, HelloRefusal::DeviceMismatch),
        }
    }
    assert_eq!(winners, 1);
    assert_eq!(world.read(&id).await.fence, 1);
}

/// All units wait behind one that is held up, so that they share a batch where there are batches.
pub(crate) async fn a_failed_unit_leaves_its_neighbours_alone(database: &dyn Database) {
    let world = World::new(database).await;
    let organization = world.organization().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(world.session(&organization).await);
    }
    let [holder, before, broken, panicking, after] = ids.try_into().unwrap();
    let (release, held) = mpsc::channel::<()>();
    let nowhere = world.id(SessionId::random);
    let fresh = world.id(AttemptId::random);
    let keys = Keys::derive(&[7; 32]);

    let hold = world.store.session(&holder, NOW, move |session| {
        let _ = held.recv();
        quiet(session)
    });
    // The attempt is written before the event is found to belong to no session.
    let fail = world.store.session(&broken, NOW, move |session| {
        let mut transition = session.mint(fresh.clone(), &keys, &Visitor::Unknown, NOW)?;
        let fact = Fact::SessionCancelled { reason: None };
        transition.events.push(Event { session: nowhere.clone(), fact });
        Ok::<_, domain::session::MintRefusal>(transition)
    });
    let panic = world.store.session(&panicking, NOW, |session| {
        assert!(session.is_terminal(), "a unit that panics");
        quiet(session)
    });
    let refuse = world.store.session(&after, NOW, |_| Err::<Transition<()>, _>("refused"));
    let (hold, first, fail, panic, refuse, last, ()) = tokio::join!(
        biased;
        hold,
        world.mint(&before, NOW),
        fail,
        panic,
        refuse,
        world.mint(&after, NOW),
        async { release.send(()).unwrap() }
    );
    assert_eq!(hold, Ok(Ok(())));
    assert_eq!(fail.map(drop), Err(StoreError::Conflict("what it belongs to does not exist")));
    assert_eq!(panic, Err(StoreError::Panicked));
    assert_eq!(refuse, Ok(Err("refused")));
    for (id, minted) in [(before, first), (after, last)] {
        let attempts = world.read(&id).await.attempts;
        assert_eq!(attempts.len(), 1);
        assert_eq!(attempts[0].id, minted.unwrap().attempt);
    }
    for id in [broken, panicking] {
        let session = world.read(&id).await;
        assert_eq!((session.attempts, session.updated_at), (vec![], NOW));
    }
    let events = world.store.list_events(&organization, EventFilter::default()).await.unwrap();
    assert_eq!(events.items, []);
}

pub(crate) async fn expiry_is_kept_though_the_unit_refuses(database: &dyn Database) {
    let world = World::new(database).await;
    let organization = world.organization().await;
    let id = world.session(&organization).await;
    let other = world.session(&organization).await;
    world.cancel(&other, NOW).await;
    world.mint(&id, NOW).await.unwrap();
    let late = NOW + SESSION_LIFETIME;
    let early = late - Duration::from_millis(1);
    assert_eq!(world.store.due_sessions(early, 10).await, Ok(vec![]));
    assert_eq!(world.store.due_sessions(late, 10).await, Ok(vec![id.clone()]));
    assert_eq!(world.store.due_sessions(late, 0).await, Ok(vec![]));

    let refused =
        world.store.session(&id, late, |_| Err::<Transition<()>, _>("not now")).await.unwrap();
    assert_eq!(refused, Err("not now"));
    let session = world.read(&id).await;
    assert_eq!(session.state, SessionState::Expired(late));
    assert_eq!(session.attempts[0].failure_code(), Some(FailureCode::SessionExpired));
    assert_eq!(world.store.due_sessions(late, 10).await, Ok(vec![]));

    // A second unit finds it expired and tells nobody again.
    world.store.session(&id, late, quiet).await.unwrap().unwrap();
    let kind = Some(EventType::SessionExpired);
    let filter = EventFilter { kind, ..EventFilter::default() };
    let events = world.store.list_events(&organization, filter).await.unwrap();
    assert_eq!(events.items.iter().map(|event| &event.session).collect::<Vec<_>>(), [&id]);
}

pub(crate) async fn due_sessions_end_together(database: &dyn Database) {
    let (world, beside) = (World::new(database).await, World::beside(database).await);
    let organization = world.organization().await;
    world.endpoint(&organization, Some("k")).await;
    let mut ids = Vec::new();
    for _ in 0..40 {
        let id = world.session(&organization).await;
        world.mint(&id, NOW).await.unwrap();
        ids.push(id);
    }
    let late = NOW + SESSION_LIFETIME;
    let early = late - Duration::from_millis(1);
    assert_eq!(world.store.expire_sessions(early, 100).await, Ok(0));
    assert_eq!(world.store.expire_sessions(late, 3).await, Ok(3));
    // Two at once share the rest: each session is ended by one of them.
    let others: Vec<_> = [&world.store, &beside.store]
        .map(|store| tokio::spawn(store.expire_sessions(late, 100)))
        .into_iter()
        .collect();
    let mut ended = 3;
    for other in others {
        ended += other.await.unwrap().unwrap();
    }
    assert_eq!(ended, 40);
    assert_eq!(world.store.due_sessions(late, 10).await, Ok(vec![]));
    let page = store::PageRequest::default();
    let filter = EventFilter { page, ..EventFilter::default() };
    let mut told = Vec::new();
    for event in world.store.list_events(&organization, filter).await.unwrap().items {
        if event.kind == EventType::SessionExpired {
            assert_eq!(event.deliveries.len(), 1);
            told.push(event.session);
        }
    }
    told.sort();
    told.dedup();
    let session = world.read(&ids[39]).await;
    assert_eq!(session.state, SessionState::Expired(late));
    assert_eq!(session.attempts[0].failure_code(), Some(FailureCode::SessionExpired));
    assert!(told.len() >= 10, "each is told: {}", told.len());
    let woken = [&world, &beside].map(|world| world.woken.lock().unwrap().clone()).concat();
    for id in &ids {
        assert!(woken.iter().any(|changed| changed.session == *id && changed.events), "{id}");
    }
}

pub(crate) async fn lists_agree_with_lazy_expiry(database: &dyn Database) {
    let world = World::new(database).await;
    let organization = world.organization().await;
    let id = world.session(&organization).await;
    world.mint(&id, NOW).await.unwrap();
    let late = NOW + SESSION_LIFETIME;
    for (now, session_status, attempt_status) in [
        (NOW, SessionStatus::Created, AttemptStatus::InProgress),
        (late, SessionStatus::Expired, AttemptStatus::Failed),
    ] {
        for status in SessionStatus::ALL {
            let filter = SessionFilter { status: Some(status), ..SessionFilter::default() };
            let page = world.store.list_sessions(&organization, filter, now).await.unwrap();
            let statuses: Vec<_> = page.items.iter().map(Session::status).collect();
            let expected = (status == session_status).then_some(status.as_str());
            assert_eq!(statuses, Vec::from_iter(expected));
        }
        for status in AttemptStatus::ALL {
            for session in [None, Some(id.clone())] {
                let filter =
                    AttemptFilter { session, status: Some(status), ..AttemptFilter::default() };
                let page = world.store.list_attempts(&organization, filter, now).await.unwrap();
                let statuses: Vec<_> = page
                    .items
                    .iter()
                    .map(|(session, attempt)| (session, attempt.status()))
                    .collect();
                let expected = (status == attempt_status).then_some((&id, status.as_str()));
                assert_eq!(statuses, Vec::from_iter(expected));
            }
        }
    }
    assert_eq!(world.read(&id).await.state, SessionState::Created, "lists write nothing");
}

pub(crate) async fn lists_come_in_pages(database: &dyn Database) {
    let world = World::new(database).await;
    let (ours, theirs) = (world.organization().await, world.organization().await);
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(world.session(&ours).await);
        world.session(&theirs).await;
    }
    ids.sort();
    let mut seen = Vec::new();
    let mut page = PageRequest { starting_after: None, limit: 2 };
    for more in [true, true, false] {
        let filter = SessionFilter { page: page.clone(), ..SessionFilter::default() };
        let got = world.store.list_sessions(&ours, filter, NOW).await.unwrap();
        assert_eq!(got.has_more, more);
        seen.extend(got.items.into_iter().map(|session| session.id));
        page.starting_after = seen.last().map(ToString::to_string);
    }
    assert_eq!(seen, ids);

    let second = Duration::from_millis(1);
    for (from, to, count) in
        [(Some(NOW), Some(NOW), 5), (Some(NOW + second), None, 0), (None, Some(NOW - second), 0)]
    {
        let filter =
            SessionFilter { created_from: from, created_to: to, ..SessionFilter::default() };
        let got = world.store.list_sessions(&ours, filter, NOW).await.unwrap();
        assert_eq!(got.items.len(), count);
    }
}

pub(crate) async fn what_does_not_exist_is_named(database: &dyn Database) {
    let world = World::new(database).await;
    let nobody = world.new_organization().id;
    let session = world.new_session(&nobody);
    assert_eq!(world.store.read_session(&session.id).await, Ok(None));
    let unit = world.store.session(&session.id, NOW, quiet).await;
    assert_eq!(unit, Err(StoreError::NotFound("session")));
    assert_eq!(
        world.store.create_session(session, Actor::Server).await,
        Err(StoreError::Conflict("what it belongs to does not exist"))
    );
}

pub(crate) async fn a_unit_cannot_rewrite_what_is_fixed(database: &dyn Database) {
    let world = World::new(database).await;
    let organization = world.organization().await;
    let id = world.session(&organization).await;
    world.mint(&id, NOW).await.unwrap();
    let stored = world.read(&id).await;
    let changes: [fn(&mut Session); 4] = [
        |session| session.redirect_url = None,
        |session| session.cancel_token.hash = KeyedHash([0; 32]),
        |session| session.attempts.clear(),
        |session| session.attempts[0].token.hash = KeyedHash([0; 32]),
    ];
    for change in changes {
        let unit = world.store.session(&id, NOW, move |mut session| {
            change(&mut session);
            quiet(session)
        });
        assert!(matches!(unit.await, Err(StoreError::Conflict(_))));
        assert_eq!(world.read(&id).await, stored);
    }
}

pub(crate) async fn only_changes_wake_and_only_once(database: &dyn Database) {
    let world = World::new(database).await;
    let organization = world.organization().await;
    let id = world.session(&organization).await;
    world.store.session(&id, NOW, quiet).await.unwrap().unwrap();
    let refused = world.store.session(&id, NOW, |_| Err::<Transition<()>, _>("no"));
    refused.await.unwrap().unwrap_err();
    assert_eq!(*world.woken.lock().unwrap(), []);
    world.mint(&id, NOW).await.unwrap();
    world.mint(&id, NOW).await.unwrap();
    let minted = Changed { session: id.clone(), events: false };
    assert_eq!(*world.woken.lock().unwrap(), std::slice::from_ref(&minted));
    world.cancel(&id, NOW).await;
    let cancelled = Changed { session: id, events: true };
    assert_eq!(*world.woken.lock().unwrap(), [minted, cancelled]);
}
