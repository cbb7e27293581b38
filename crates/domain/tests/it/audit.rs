//! The audit trail: what a change tells, and what a chain finds out.

use std::borrow::Cow;

use domain::attempt::AttemptState;
use domain::audit::{Action, Actor, Break, Chain, Entry, Head, Record, Verifier, of_session};
use domain::browser::{BoundBrowser, Visitor};
use domain::confirmation::{Flow, MatchCodes};
use domain::consent::Consent;
use domain::entropy::Entropy;
use domain::event::Event;
use domain::id::{AttemptId, OrganizationId, SessionId};
use domain::key::{KeyedHash, Keys};
use domain::session::{Hello, NewSession, Session, Transition};
use domain::share::ShareContract;
use domain::time::Timestamp;
use proptest::prelude::*;

use crate::proof::{NOW, no_face};

/// What every change of a session must tell, whatever it was.
pub(crate) fn check_told(before: &Session, after: &Session, events: &[Event], now: Timestamp) {
    let entries = of_session(Some(before), after, events, None, now);
    let about = |entry: &Entry| {
        (entry.organization.as_ref(), entry.session.as_ref())
            == (Some(&after.organization), Some(&after.id))
    };
    assert!(entries.iter().all(|entry| about(entry) && entry.at == now));
    let told = |action: Action| entries.iter().filter(|entry| entry.action == action).count();
    let of_attempts = |state: fn(&AttemptState) -> bool| {
        let has = |session: &Session, at: usize| {
            session.attempts.get(at).is_some_and(|attempt| state(&attempt.state))
        };
        (0..after.attempts.len()).filter(|at| has(after, *at) && !has(before, *at)).count()
    };
    let minted = after.attempts.len() - before.attempts.len();
    assert_eq!(told(Action::HandoffMinted), minted);
    assert_eq!(
        told(Action::HandoffClaimed),
        of_attempts(|state| matches!(state, AttemptState::Claimed(_)))
    );
    let claims = told(Action::HandoffClaimed) + told(Action::HandoffResumed);
    assert_eq!(claims, usize::try_from(after.fence - before.fence).unwrap());
    assert_eq!(
        told(Action::AttemptSuperseded),
        of_attempts(|state| matches!(state, AttemptState::Superseded { .. }))
    );
    assert_eq!(
        told(Action::AttemptSucceeded),
        of_attempts(|state| matches!(state, AttemptState::Succeeded { .. }))
    );
    assert_eq!(
        told(Action::AttemptFailed),
        of_attempts(|state| matches!(state, AttemptState::Failed { .. }))
    );
    let ends = told(Action::SessionCompleted)
        + told(Action::SessionExpired)
        + told(Action::SessionCancelled);
    assert_eq!(ends, usize::from(after.is_terminal() && !before.is_terminal()));
    let bound = usize::from(before.browser.is_none() && after.browser.is_some());
    assert_eq!(told(Action::BrowserBound), bound);
    assert_eq!(
        told(Action::DeviceProven),
        usize::from(after.device_proven && !before.device_proven)
    );
    assert_eq!(told(Action::MatchCodeConfirmed), usize::from(after.confirmed && !before.confirmed));
}

/// What a transition of the session tells, and the session after it.
fn step<T, E: std::fmt::Debug>(
    before: Session,
    unit: impl FnOnce(Session) -> Result<Transition<T>, E>,
) -> (Session, T, Vec<String>) {
    let Transition { session, events, value } = unit(before.clone()).unwrap();
    check_told(&before, &session, &events, NOW);
    let entries = of_session(Some(&before), &session, &events, None, NOW);
    let line = |entry: &Entry| {
        let [actor, action, .., code] = entry.columns();
        let text = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned).unwrap_or_default();
        format!("{} {} {}", text(actor), text(action), text(code)).trim_end().to_owned()
    };
    (session, value, entries.iter().map(line).collect())
}

#[test]
fn binding_confirmation_and_its_refusal_are_told() {
    let keys = Keys::derive(&[7; 32]);
    let mut random = Counter(0);
    let new = NewSession {
        id: SessionId::random(&mut random),
        organization: OrganizationId::random(&mut random),
        contract: ShareContract::default(),
        policy: no_face(),
        redirect_url: None,
        cancel_token: keys.cancel_token_hash("cancel"),
    };
    let session = Session::create(new, NOW);
    let page = Visitor::Page(BoundBrowser {
        secret: KeyedHash([1; 32]),
        browser: None,
        os: None,
        place: Some("Zürich".into()),
        network: None,
    });
    let consent = Consent { version: "1".into(), locale: "en".into(), at: NOW };
    let agree = |session: Session| session.consent(&page, consent, NOW);
    let (session, (), told) = step(session, agree);
    assert_eq!(told, ["page browser.bound", "page consent.given"]);
    let attempt = AttemptId::random(&mut random);
    let mint = |session: Session| session.mint(attempt.clone(), &keys, &page, NOW);
    let (session, handoff, told) = step(session, mint);
    assert_eq!(told, ["anyone handoff.minted"], "nobody said who asked");
    assert_eq!(page.actor(), Actor::Page);
    assert_eq!(Visitor::PageWithoutCookies.actor(), Actor::Page);
    assert_eq!(Visitor::Browser(KeyedHash([1; 32])).actor(), Actor::Anyone);
    let hello = Hello {
        attempt: attempt.clone(),
        token: keys.handoff_token_hash(handoff.token.reveal()),
        device: keys.device_hash(&session.id, "device"),
        app_version: None,
        flow: Flow::CrossDevice,
        confirms: true,
        network: None,
        proof: None,
    };
    let (session, granted, told) = step(session, |session| session.hello(hello, NOW));
    assert_eq!(told, ["phone handoff.claimed"]);
    let choices = MatchCodes::of(&keys, &attempt);
    let choose = |choice: String| {
        let (attempt, keys) = (attempt.clone(), &keys);
        move |session: Session| session.choose(&attempt, granted.fence, &choice, keys, NOW)
    };
    let (_, _, told) = step(session.clone(), choose(choices.shown()));
    assert_eq!(told, ["phone match_code.confirmed"]);
    let (_, _, told) = step(session.clone(), choose("xx".into()));
    assert_eq!(told, ["phone attempt.failed match_code_wrong", "phone session.completed"]);
    let (_, _, told) =
        step(session.clone(), |session| session.not_me(&attempt, granted.fence, NOW));
    assert_eq!(told, ["phone attempt.failed session_cancelled", "phone session.cancelled not_me"]);
    let token = keys.cancel_token_hash("cancel");
    let (_, _, told) =
        step(session, |session| session.cancel_with_token(&token, &Visitor::Unknown, NOW));
    assert_eq!(
        told,
        ["page attempt.failed session_cancelled", "page session.cancelled cancelled_by_person"]
    );
}

struct Counter(u8);

impl Entropy for Counter {
    fn fill(&mut self, buffer: &mut [u8]) {
        self.0 = self.0.wrapping_add(1);
        buffer.fill(self.0 % 252);
    }
}

fn chain() -> Chain {
    Keys::derive(&[7; 32]).audit_chain()
}

fn trail(length: u8) -> Vec<Record> {
    let mut head = Head::START;
    let actions = Action::ALL.iter().cycle().take(length.into());
    actions
        .map(|action| {
            let entry = Entry::new(*action, Actor::Operator, NOW);
            head = chain().append(&head, &entry);
            let columns = entry.columns().map(|text| text.map(Cow::into_owned));
            Record { number: head.number, at: entry.at, columns, hash: head.hash }
        })
        .collect()
}

fn verify(records: &[Record], noted: Option<Head>) -> Result<Head, Break> {
    let mut verifier = Verifier::new(chain(), noted);
    for record in records {
        verifier.next(record)?;
    }
    verifier.finish()
}

#[test]
fn a_trail_verifies_up_to_its_head() {
    assert_eq!(verify(&[], None), Ok(Head::START));
    let whole = trail(5);
    assert_eq!(verify(&whole, None), Ok(whole[4].head()));
    for noted in &whole {
        assert_eq!(verify(&whole, Some(noted.head())), Ok(whole[4].head()));
    }
}

#[test]
fn a_chain_of_another_master_secret_is_found_out() {
    let other = Keys::derive(&[8; 32]).audit_chain();
    let entry = Entry::new(Action::SessionCreated, Actor::Page, NOW);
    let head = other.append(&Head::START, &entry);
    let columns = entry.columns().map(|text| text.map(Cow::into_owned));
    let forged = Record { number: 1, at: NOW, columns, hash: head.hash };
    assert_eq!(verify(&[forged], None), Err(Break::Altered(1)));
}

#[test]
fn a_cut_end_is_found_by_a_noted_head_alone() {
    let whole = trail(5);
    assert_eq!(verify(&whole[..3], None), Ok(whole[2].head()));
    assert_eq!(verify(&whole[..3], Some(whole[4].head())), Err(Break::Missing(4)));
    // Cut, and written on: the numbers are there again, and the noted hash is not.
    let mut rewritten = whole[..3].to_vec();
    let entry = Entry::new(Action::SessionExpired, Actor::Server, NOW);
    let mut head = whole[2].head();
    for _ in 0..2 {
        head = chain().append(&head, &entry);
        let columns = entry.columns().map(|text| text.map(Cow::into_owned));
        rewritten.push(Record { number: head.number, at: NOW, columns, hash: head.hash });
    }
    assert!(verify(&rewritten, None).is_ok());
    assert_eq!(verify(&rewritten, Some(whole[4].head())), Err(Break::Altered(5)));
}

#[test]
fn a_selection_is_checked_line_by_line() {
    let whole = trail(5);
    let mut verifier = Verifier::new(chain(), None);
    verifier.next_selected(&whole[0].hash, &whole[1]).unwrap();
    verifier.next_selected(&whole[1].hash, &whole[2]).unwrap();
    // Not after what it says it followed, twice, and backwards.
    assert_eq!(verifier.next_selected(&whole[2].hash, &whole[4]), Err(Break::Altered(5)));
    assert_eq!(verifier.next_selected(&whole[1].hash, &whole[2]), Err(Break::Altered(3)));
    assert_eq!(verifier.next_selected(&Head::START.hash, &whole[0]), Err(Break::Altered(1)));
    verifier.next_selected(&whole[3].hash, &whole[4]).unwrap();
    assert_eq!(verifier.finish(), Ok(whole[4].head()));
}

#[test]
fn heads_are_read_as_they_are_written() {
    let head = trail(3)[2].head();
    assert_eq!(head.to_string().parse(), Ok(head));
    let hash = "0".repeat(64);
    for wrong in ["", "1", ":", &format!("x:{hash}"), &format!("1:{hash}0"), &format!("1:g{hash}")]
    {
        assert!(wrong.parse::<Head>().is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn no_change_of_a_record_verifies(
        at in 0..5_usize,
        column in 0..9_usize,
        text in prop::option::of("[a-z:._]{0,12}"),
        number in 1..9_u64,
        bit in 0..256_usize,
    ) {
        let whole = trail(5);
        let mut changed = whole.clone();
        match column {
            0..7 => changed[at].columns[column] = text,
            7 => changed[at].number = number,
            _ => changed[at].hash[bit / 8] ^= 1 << (bit % 8),
        }
        prop_assume!(changed != whole);
        prop_assert!(verify(&changed, None).is_err());
        changed = whole.clone();
        changed[at].at = Timestamp(NOW.0 ^ (1 << (bit % 60)));
        prop_assert_eq!(verify(&changed, None), Err(Break::Altered(at as u64 + 1)));
    }

    #[test]
    fn texts_cannot_move_between_columns(from in 0..7_usize, to in 0..7_usize) {
        let mut changed = trail(1);
        changed[0].columns.swap(from, to);
        prop_assume!(changed != trail(1));
        prop_assert_eq!(verify(&changed, None), Err(Break::Altered(1)));
    }

    #[test]
    fn no_order_but_the_first_verifies(a in 0..5_usize, b in 0..5_usize, gone in 0..4_usize) {
        let whole = trail(5);
        let mut changed = whole.clone();
        // The rows change places and keep the numbers of the places.
        changed.swap(a, b);
        changed.iter_mut().zip(1..).for_each(|(record, number)| record.number = number);
        prop_assert_eq!(verify(&changed, None).is_ok(), a == b);
        changed = whole.clone();
        changed.remove(gone);
        prop_assert_eq!(verify(&changed, None), Err(Break::Missing(gone as u64 + 1)));
        changed.iter_mut().zip(1..).for_each(|(record, number)| record.number = number);
        prop_assert_eq!(verify(&changed, None), Err(Break::Altered(gone as u64 + 1)));
        changed = whole.clone();
        changed.insert(gone + 1, whole[gone].clone());
        prop_assert_eq!(verify(&changed, None), Err(Break::Altered(gone as u64 + 1)));
    }
}
