//! Trust items.

use store::{ImportCounts, StoreError, TrustItem, TrustKind, TrustSource, TrustUpdate};

use crate::world::{Database, NOW, World};

pub(crate) async fn imports_count_and_begin_generations(database: &dyn Database) {
    let world = World::new(database).await;
    let item = |number: u8, verified: bool| TrustItem {
        fingerprint: [number; 32],
        kind: if number == 1 { TrustKind::Csca } else { TrustKind::Crl },
        der: vec![0x30, number],
        source: "master list".into(),
        verified,
        imported_at: NOW,
    };
    let import = async |items| world.store.import_trust(items).await.unwrap();
    let generation = async || world.store.trust_generation().await.unwrap();

    assert_eq!(generation().await, 0);
    let counts = import(vec![item(1, false), item(2, true), item(2, true)]).await;
    assert_eq!(counts, ImportCounts { added: 2, known: 1, upgraded: 0 });
    assert_eq!(generation().await, 1);

    let counts = import(vec![item(1, true), item(2, false)]).await;
    assert_eq!(counts, ImportCounts { added: 0, known: 1, upgraded: 1 });
    assert_eq!(generation().await, 2);

    let counts = import(vec![item(1, true), item(2, true)]).await;
    assert_eq!(counts, ImportCounts { added: 0, known: 2, upgraded: 0 });
    assert_eq!(generation().await, 2, "an import that changes nothing begins no generation");
    assert_eq!(world.store.trust_items().await, Ok(vec![item(1, true), item(2, true)]));
}

fn item(number: u8, source: &str, verified: bool) -> TrustItem {
    TrustItem {
        fingerprint: [number; 32],
        kind: TrustKind::Csca,
        der: vec![0x30, number],
        source: source.into(),
        verified,
        imported_at: NOW,
    }
}

async fn update(world: &World, name: &str, edition: Option<i64>) -> TrustUpdate {
    TrustUpdate {
        generation: world.store.trust_generation().await.unwrap(),
        source: TrustSource { name: name.into(), edition, imported_at: NOW },
        put: Vec::new(),
        withdrawn: Vec::new(),
        superseded: Vec::new(),
    }
}

pub(crate) async fn an_item_stays_until_its_last_source_withdraws_it(database: &dyn Database) {
    let world = World::new(database).await;
    let apply = async |update| world.store.update_trust(update).await.unwrap();
    let put = |update: TrustUpdate, put: Vec<TrustItem>| TrustUpdate { put, ..update };
    let first = put(update(&world, "a", Some(1)).await, vec![item(1, "", true), item(2, "", true)]);
    apply(first).await;
    let second = put(update(&world, "b", None).await, vec![item(1, "", false), item(3, "", false)]);
    apply(second).await;
    let stored = async || world.store.trust_items().await.unwrap();
    assert_eq!(stored().await, [item(1, "a", true), item(2, "a", true), item(3, "b", false)]);
    assert_eq!(world.store.trust_generation().await, Ok(2));

    // Another source still holds the first; what it is worth is what that source is worth.
    let withdrawal = update(&world, "a", Some(2)).await;
    apply(TrustUpdate { withdrawn: vec![[1; 32], [2; 32]], ..withdrawal }).await;
    assert_eq!(stored().await, [item(1, "b", false), item(3, "b", false)]);
    let snapshot = world.store.trust_snapshot().await.unwrap();
    assert_eq!(snapshot.generation, 3);
    assert_eq!(snapshot.items, stored().await);
    let names: Vec<&str> = snapshot.sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(names, ["b"], "a source that holds nothing is forgotten");
    assert_eq!(snapshot.vouchers.len(), 2);

    // What is superseded goes whoever holds it.
    let superseding = put(update(&world, "c", Some(7)).await, vec![item(4, "", true)]);
    apply(TrustUpdate { superseded: vec![[3; 32]], ..superseding }).await;
    assert_eq!(stored().await, [item(1, "b", false), item(4, "c", true)]);

    // Adding to a source by hand does not make it forget its edition, and changing nothing begins
    // no generation.
    world.store.import_trust(vec![item(4, "c", true)]).await.unwrap();
    apply(update(&world, "c", None).await).await;
    let snapshot = world.store.trust_snapshot().await.unwrap();
    assert_eq!((snapshot.generation, snapshot.sources[1].edition), (4, Some(7)));
}

pub(crate) async fn an_update_for_another_generation_is_refused(database: &dyn Database) {
    let world = World::new(database).await;
    let stale = TrustUpdate { put: vec![item(1, "", true)], ..update(&world, "a", None).await };
    world.store.import_trust(vec![item(2, "b", true)]).await.unwrap();
    let refused = world.store.update_trust(stale).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    assert_eq!(world.store.trust_items().await, Ok(vec![item(2, "b", true)]));
}
