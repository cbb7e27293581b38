//! Trust items.

use store::{ImportCounts, TrustItem, TrustKind};

use crate::world::{Database, NOW, World};

pub(crate) async fn imports_count_and_begin_generations(database: &dyn Database) {
    let world = World::new(database);
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
