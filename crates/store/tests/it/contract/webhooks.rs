//! Endpoints and encryption keys.

use domain::audit::Actor;
use domain::event::EventType;
use domain::webhook::{EncryptionKey, Endpoint};
use store::{DeliveryFilter, EndpointFilter, KeyFilter, MAX_ENDPOINTS, StoreError};

use crate::world::{Database, NOW, World};

const BY: Actor = Actor::Operator;

pub(crate) async fn endpoints_round_trip_and_stay_in_their_organization(database: &dyn Database) {
    let world = World::new(database).await;
    let (ours, theirs) = (world.organization().await, world.organization().await);
    let endpoint = world.endpoint(&ours, None).await;
    let off = Endpoint { disabled_at: Some(NOW), name: None, ..world.new_endpoint(&ours) };
    world.store.create_endpoint(off.clone(), BY).await.unwrap();
    assert_eq!(world.store.read_endpoint(&ours, &endpoint.id).await, Ok(Some(endpoint.clone())));
    for (enabled, expected) in [(Some(true), &endpoint), (Some(false), &off)] {
        let filter = EndpointFilter { enabled, ..EndpointFilter::default() };
        let page = world.store.list_endpoints(&ours, filter).await.unwrap();
        assert_eq!((page.items, page.has_more), (vec![expected.clone()], false));
    }

    let none = Err(StoreError::NotFound("webhook endpoint"));
    let id = &endpoint.id;
    assert_eq!(world.store.read_endpoint(&theirs, id).await, Ok(None));
    assert_eq!(world.store.update_endpoint(&theirs, id, BY, |_| {}).await.map(drop), none);
    assert_eq!(world.store.delete_endpoint(&theirs, id, BY, NOW).await, none);
    assert_eq!(world.store.set_endpoint_secret(&theirs, id, "x".into(), BY, NOW).await, none);
    let key = world.new_key(id, "k");
    assert_eq!(world.store.add_encryption_key(&theirs, key, BY).await, none);

    let expected = Endpoint {
        name: None,
        subscribed: vec![EventType::SessionExpired],
        disabled_at: Some(NOW),
        ..endpoint.clone()
    };
    let changed = world.store.update_endpoint(&ours, id, BY, |endpoint| {
        endpoint.name = None;
        endpoint.subscribed = vec![EventType::SessionExpired];
        endpoint.disabled_at = Some(NOW);
        endpoint.sealed_secret = "not by this door".into();
    });
    assert_eq!(changed.await, Ok(expected.clone()));
    world.store.set_endpoint_secret(&ours, id, "rotated".into(), BY, NOW).await.unwrap();
    let expected = Endpoint { sealed_secret: "rotated".into(), ..expected };
    assert_eq!(world.store.read_endpoint(&ours, id).await, Ok(Some(expected)));
}

pub(crate) async fn an_organization_has_a_bounded_number_of_endpoints(database: &dyn Database) {
    let world = World::new(database).await;
    let (ours, theirs) = (world.organization().await, world.organization().await);
    let mut last = None;
    for _ in 0..MAX_ENDPOINTS {
        last = Some(world.endpoint(&ours, None).await.id);
    }
    let one_more = world.new_endpoint(&ours);
    let refused = Err(StoreError::TooMany { what: "webhook endpoints", limit: MAX_ENDPOINTS });
    assert_eq!(world.store.create_endpoint(one_more.clone(), BY).await, refused);
    assert_eq!(world.store.read_endpoint(&ours, &one_more.id).await, Ok(None));
    world.endpoint(&theirs, None).await;
    world.store.delete_endpoint(&ours, &last.unwrap(), BY, NOW).await.unwrap();
    assert_eq!(world.store.create_endpoint(one_more, BY).await, Ok(()));
}

pub(crate) async fn one_key_is_active_at_most(database: &dyn Database) {
    let world = World::new(database).await;
    let (ours, theirs) = (world.organization().await, world.organization().await);
    let endpoint = world.endpoint(&ours, None).await.id;
    let active = async || {
        let filter = KeyFilter { active: Some(true), ..KeyFilter::default() };
        let page = world.store.list_encryption_keys(&ours, &endpoint, filter).await.unwrap();
        page.items.into_iter().map(|key| key.key_id).collect::<Vec<_>>()
    };
    let keys: Vec<EncryptionKey> =
        ["first", "second"].map(|name| world.new_key(&endpoint, name)).into();
    for key in &keys {
        world.store.add_encryption_key(&ours, key.clone(), BY).await.unwrap();
        assert_eq!(active().await, [key.key_id.as_str()]);
    }
    let first = &keys[0].id;
    let on = world.store.set_encryption_key_active(&ours, first, true, BY, NOW).await.unwrap();
    assert_eq!((on.disabled_at, active().await), (None, vec!["first".to_owned()]));
    let off = world.store.set_encryption_key_active(&ours, first, false, BY, NOW).await.unwrap();
    assert_eq!((off.disabled_at, active().await), (Some(NOW), vec![]));
    assert_eq!(
        world.store.set_encryption_key_active(&theirs, first, true, BY, NOW).await,
        Err(StoreError::NotFound("encryption key"))
    );
    let all = KeyFilter::default();
    let page = world.store.list_encryption_keys(&ours, &endpoint, all.clone()).await.unwrap();
    assert_eq!(page.items.len(), 2);
    let page = world.store.list_encryption_keys(&theirs, &endpoint, all).await.unwrap();
    assert_eq!(page.items, []);
}

pub(crate) async fn deleting_an_endpoint_takes_its_deliveries(database: &dyn Database) {
    let world = World::new(database).await;
    let organization = world.organization().await;
    let endpoint = world.endpoint(&organization, Some("k")).await.id;
    let session = world.session(&organization).await;
    world.cancel(&session, NOW).await;
    let all = DeliveryFilter::default;
    let page = world.store.list_deliveries(&organization, all()).await.unwrap();
    assert_eq!(page.items.len(), 1);
    world.store.delete_endpoint(&organization, &endpoint, BY, NOW).await.unwrap();
    let page = world.store.list_deliveries(&organization, all()).await.unwrap();
    assert_eq!(page.items, []);
    assert_eq!(world.store.lease_deliveries(NOW, 10).await, Ok(vec![]));
}
