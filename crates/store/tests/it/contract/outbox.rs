//! Events and deliveries.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::assurance::{Assurance, ProofState, RevocationState};
use domain::attempt::{FailureCode, VerdictCode};
use domain::audit::Actor;
use domain::claim::ClaimValue;
use domain::event::{Event, EventType, Fact};
use domain::id::{AttemptId, OrganizationId};
use domain::policy::FaceMatch;
use domain::session::Transition;
use domain::time::Timestamp;
use domain::webhook::{DELIVERY_LEASE, DeliveryResult, DeliveryStatus, Endpoint, RETRY_WAITS};
use store::{
    Delivery, DeliveryError, DeliveryFilter, EventFilter, MAX_LEASES_PER_ENDPOINT, StoreError,
};

use crate::world::{BROKEN, Database, NOW, World};

const INSTANT: Duration = Duration::from_millis(1);

/// The fact of a success that shares one claim.
pub(crate) fn success(attempt: AttemptId, claim: &str) -> Fact {
    let claims = BTreeMap::from([("family_name".into(), ClaimValue::Text(claim.into()))]);
    Fact::AttemptSucceeded {
        attempt,
        claims,
        selected_field_keys: vec!["family_name".into()],
        assurance: Assurance {
            active_authentication: ProofState::NotOffered,
            chip_authentication: ProofState::NotOffered,
            phone_reported: None,
            face_match: FaceMatch::Off,
            revocation: RevocationState::NotRevoked,
            document_expired: Some(false),
            certificates_valid: true,
            trust_verified: true,
            leniencies: vec![],
            deviations: vec![],
            handoff: None,
        },
    }
}

async fn deliveries(world: &World, organization: &OrganizationId) -> Vec<Delivery> {
    let all = DeliveryFilter::default();
    world.store.list_deliveries(organization, all).await.unwrap().items
}

/// One session cancelled, one endpoint, one delivery.
async fn one_delivery(world: &World) -> (OrganizationId, Endpoint) {
    let organization = world.organization().await;
    let endpoint = world.endpoint(&organization, Some("k")).await;
    let session = world.session(&organization).await;
    world.cancel(&session, NOW).await;
    (organization, endpoint)
}

pub(crate) async fn each_endpoint_gets_what_it_can_take(database: &dyn Database) {
    let world = World::new(database).await;
    let (ours, theirs) = (world.organization().await, world.organization().await);
    let good = world.endpoint(&ours, Some("good")).await;
    let keyless = world.endpoint(&ours, None).await;
    let broken = world.endpoint(&ours, Some(BROKEN)).await;
    let unsubscribed = world.endpoint(&ours, Some("k")).await.id;
    let disabled = world.endpoint(&ours, Some("k")).await.id;
    world.endpoint(&theirs, Some("k")).await;
    let update = world.store.update_endpoint(&ours, &unsubscribed, Actor::Operator, |endpoint| {
        endpoint.subscribed.retain(|kind| *kind != EventType::SessionCancelled);
    });
    update.await.unwrap();
    let update = world.store.update_endpoint(&ours, &disabled, Actor::Operator, |endpoint| {
        endpoint.disabled_at = Some(NOW);
    });
    update.await.unwrap();

    let session = world.session(&ours).await;
    world.cancel(&session, NOW).await;
    let made = deliveries(&world, &ours).await;
    let of = |endpoint: &Endpoint| {
        made.iter().find(|delivery| delivery.endpoint == endpoint.id).unwrap()
    };
    assert_eq!(made.len(), 3);
    let pending = of(&good);
    assert_eq!((pending.status, pending.attempt_count), (DeliveryStatus::Pending, 0));
    assert_eq!((pending.next_attempt_at, pending.last_attempt_at), (Some(NOW), None));
    for (endpoint, error) in
        [(&keyless, DeliveryError::NoEncryptionKey), (&broken, DeliveryError::EncryptionFailed)]
    {
        let failed = of(endpoint);
        assert_eq!((failed.status, failed.attempt_count), (DeliveryStatus::Failed, 1));
        assert_eq!((failed.last_error, failed.next_attempt_at), (Some(error), None));
    }
    assert!(deliveries(&world, &theirs).await.is_empty());

    let due = world.store.lease_deliveries(NOW, 10).await.unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!(due[0].payload, format!("sealed.{}.good", pending.event));
    assert_eq!((&due[0].id, &due[0].event), (&pending.id, &pending.event));
    assert_eq!((due[0].attempts, due[0].url.as_deref()), (0, Some(good.url.as_str())));
    assert_eq!(due[0].kind, EventType::SessionCancelled);
    for (filter, count) in [
        (DeliveryFilter { endpoint: Some(broken.id), ..Default::default() }, 1),
        (DeliveryFilter { endpoint: Some(disabled), ..Default::default() }, 0),
        (DeliveryFilter { event: Some(pending.event.clone()), ..Default::default() }, 3),
        (
            DeliveryFilter {
                event: Some(pending.event.clone()),
                endpoint: Some(good.id),
                ..Default::default()
            },
            1,
        ),
        (DeliveryFilter { status: Some(DeliveryStatus::Failed), ..Default::default() }, 2),
    ] {
        let page = world.store.list_deliveries(&ours, filter.clone()).await.unwrap();
        assert_eq!(page.items.len(), count);
        let page = world.store.list_deliveries(&theirs, filter).await.unwrap();
        assert_eq!(page.items, []);
    }
}

pub(crate) async fn no_two_workers_hold_one_delivery(database: &dyn Database) {
    let world = World::new(database).await;
    let beside = World::beside(database).await;
    let organization = world.organization().await;
    for _ in 0..10 {
        world.endpoint(&organization, Some("k")).await;
    }
    for _ in 0..3 {
        let session = world.session(&organization).await;
        world.cancel(&session, NOW).await;
    }
    let workers: Vec<_> = (0..16)
        .map(|worker| {
            let store = if worker % 2 == 0 { &world.store } else { &beside.store }.clone();
            tokio::spawn(async move {
                loop {
                    match store.lease_deliveries(NOW, 3).await {
                        // A machine with other work: the worker comes again, as it does here.
                        Err(StoreError::Busy) => {}
                        leased => break leased.unwrap(),
                    }
                }
            })
        })
        .collect();
    let mut held = Vec::new();
    for worker in workers {
        held.extend(worker.await.unwrap().into_iter().map(|delivery| delivery.id));
    }
    held.sort();
    held.dedup();
    assert_eq!(held.len(), 30, "16 workers of 3 hold all 30 and none twice");
    assert_eq!(world.store.lease_deliveries(NOW, 10).await, Ok(vec![]));
}

pub(crate) async fn an_endpoint_gets_no_more_than_its_share(database: &dyn Database) {
    let world = World::new(database).await;
    let organization = world.organization().await;
    let busy = world.endpoint(&organization, Some("k")).await.id;
    for _ in 0..50 {
        let session = world.session(&organization).await;
        world.cancel(&session, NOW).await;
    }
    let share = usize::try_from(MAX_LEASES_PER_ENDPOINT).unwrap();
    let lease = async |now, limit| world.store.lease_deliveries(now, limit).await.unwrap();
    let held = lease(NOW, 100).await;
    assert_eq!(held.len(), share);
    assert_eq!(lease(NOW, 100).await, []);

    // Younger than the whole backlog, and first all the same.
    let quiet = world.endpoint(&organization, Some("k")).await.id;
    let session = world.session(&organization).await;
    let now = NOW + INSTANT;
    world.cancel(&session, now).await;
    let finished = world.store.finish_delivery(&held[0].id, 1, DeliveryResult::Answered(200), now);
    assert!(finished.await.unwrap());
    let next: Vec<_> = lease(now, 1).await.into_iter().map(|due| due.endpoint).collect();
    assert_eq!(next, [quiet]);
    let next: Vec<_> = lease(now, 100).await.into_iter().map(|due| due.endpoint).collect();
    assert_eq!(next, [busy], "what ended makes room for one");

    // A lease that has run out is held no more.
    assert_eq!(lease(now + DELIVERY_LEASE, 100).await.len(), share + 1);
}

pub(crate) async fn a_lease_runs_out(database: &dyn Database) {
    let world = World::new(database).await;
    one_delivery(&world).await;
    let end = NOW + DELIVERY_LEASE;
    let first = world.store.lease_deliveries(NOW, 1).await.unwrap().remove(0);
    assert_eq!(world.store.lease_deliveries(end - INSTANT, 1).await, Ok(vec![]));
    assert_eq!(world.store.next_delivery_due(NOW).await, Ok(Some(end)));
    let second = world.store.lease_deliveries(end, 1).await.unwrap().remove(0);
    assert_eq!(second.id, first.id);
    assert_ne!(second.lease, first.lease);
    let finish = async |lease, result| {
        world.store.finish_delivery(&first.id, lease, result, end).await.unwrap()
    };
    assert!(!finish(first.lease, DeliveryResult::Answered(200)).await, "the late worker is out");
    assert!(finish(second.lease, DeliveryResult::Answered(200)).await);
    assert!(!finish(second.lease, DeliveryResult::NoAnswer).await, "a result counts once");
}

pub(crate) async fn retries_follow_the_schedule_to_the_end(database: &dyn Database) {
    let world = World::new(database).await;
    let (organization, _) = one_delivery(&world).await;
    let mut now = NOW;
    for (tries, wait) in (0_u32..).zip(RETRY_WAITS.map(Some).into_iter().chain([None])) {
        assert_eq!(world.store.next_delivery_due(now - INSTANT).await, Ok(Some(now)));
        assert_eq!(world.store.lease_deliveries(now - INSTANT, 1).await, Ok(vec![]));
        let due = world.store.lease_deliveries(now, 1).await.unwrap().remove(0);
        assert_eq!(due.attempts, tries);
        let result =
            if tries == 0 { DeliveryResult::NoAnswer } else { DeliveryResult::Answered(503) };
        assert!(world.store.finish_delivery(&due.id, due.lease, result, now).await.unwrap());
        let delivery = deliveries(&world, &organization).await.remove(0);
        assert_eq!(delivery.attempt_count, tries + 1);
        assert_eq!(delivery.last_status_code, result.status_code());
        assert_eq!(delivery.last_attempt_at, Some(now));
        assert_eq!(delivery.next_attempt_at, wait.map(|wait| now + wait));
        now = now + wait.unwrap_or_default();
    }
    let delivery = deliveries(&world, &organization).await.remove(0);
    assert_eq!(delivery.status, DeliveryStatus::Failed);
    assert_eq!(delivery.attempt_count, 8);
    assert_eq!(world.store.next_delivery_due(Timestamp(0)).await, Ok(None));
    let years = Duration::from_secs(1 << 30);
    assert_eq!(world.store.lease_deliveries(now + years, 1).await, Ok(vec![]));
}

pub(crate) async fn a_success_ends_the_delivery(database: &dyn Database) {
    let world = World::new(database).await;
    let (organization, _) = one_delivery(&world).await;
    let due = world.store.lease_deliveries(NOW, 1).await.unwrap().remove(0);
    let leased = deliveries(&world, &organization).await.remove(0);
    assert_eq!((leased.status, leased.next_attempt_at), (DeliveryStatus::Delivering, None));
    let answer = DeliveryResult::Answered(204);
    assert!(world.store.finish_delivery(&due.id, due.lease, answer, NOW).await.unwrap());
    let done = deliveries(&world, &organization).await.remove(0);
    assert_eq!((done.status, done.last_status_code), (DeliveryStatus::Succeeded, Some(204)));
    assert_eq!(world.store.next_delivery_due(Timestamp(0)).await, Ok(None));
}

pub(crate) async fn a_disabled_endpoint_has_no_url(database: &dyn Database) {
    let world = World::new(database).await;
    let (organization, endpoint) = one_delivery(&world).await;
    let update =
        world.store.update_endpoint(&organization, &endpoint.id, Actor::Operator, |endpoint| {
            endpoint.disabled_at = Some(NOW);
        });
    update.await.unwrap();
    let due = world.store.lease_deliveries(NOW, 1).await.unwrap().remove(0);
    assert_eq!(due.url, None);
}

pub(crate) async fn events_are_listed_without_claims(database: &dyn Database) {
    let world = World::new(database).await;
    let (ours, theirs) = (world.organization().await, world.organization().await);
    world.endpoint(&ours, Some("k")).await;
    let session = world.session(&ours).await;
    let attempt = world.mint(&session, NOW).await.unwrap().attempt;
    world.tell(&session, success(attempt.clone(), "ERIKSSON")).await;
    let failure_code = FailureCode::Verdict(VerdictCode::PassportAuthenticityFailed);
    world.tell(&session, Fact::AttemptFailed { attempt: attempt.clone(), failure_code }).await;
    world.cancel(&session, NOW).await;
    for (kind, of, code) in [
        (EventType::AttemptSucceeded, Some(attempt.clone()), None),
        (EventType::AttemptFailed, Some(attempt), Some(failure_code)),
        (EventType::SessionCancelled, None, None),
    ] {
        let filter = EventFilter { kind: Some(kind), ..EventFilter::default() };
        let page = world.store.list_events(&ours, filter).await.unwrap();
        assert_eq!(page.items.len(), 1);
        let event = &page.items[0];
        assert_eq!((&event.session, &event.attempt), (&session, &of));
        assert_eq!((event.failure_code, event.created_at), (code, NOW));
        assert_eq!(event.deliveries.len(), 1);
        assert_eq!(world.store.read_event(&ours, &event.id).await.unwrap().as_ref(), Some(event));
        assert_eq!(world.store.read_event(&theirs, &event.id).await, Ok(None));
    }
    let filter = EventFilter { created_from: Some(NOW + INSTANT), ..EventFilter::default() };
    assert_eq!(world.store.list_events(&ours, filter).await.unwrap().items, []);
}

pub(crate) async fn nothing_of_a_refused_unit_is_told(database: &dyn Database) {
    let world = World::new(database).await;
    let organization = world.organization().await;
    world.endpoint(&organization, Some("k")).await;
    let session = world.session(&organization).await;
    let nobody = world.id(AttemptId::random);
    // The first event and its delivery are written before the second fails.
    let unit = world.store.session(&session, NOW, move |session| {
        let event = |fact| Event { session: session.id.clone(), fact };
        let events = vec![
            event(Fact::SessionCancelled { reason: None }),
            event(success(nobody.clone(), "X")),
        ];
        Ok::<_, ()>(Transition { session, events, value: () })
    });
    assert!(unit.await.is_err());
    assert!(deliveries(&world, &organization).await.is_empty());
    let events = world.store.list_events(&organization, EventFilter::default()).await.unwrap();
    assert_eq!(events.items, []);
}
