//! Rates that several servers keep together.

use std::time::Duration;

use store::Rate;

use crate::world::{Database, NOW, World};

const RATE: Rate = Rate { quota: 100, window: Duration::from_secs(10) };

pub(crate) async fn servers_draw_from_one_allowance(database: &dyn Database) {
    let world = World::new(database).await;
    let draws: Vec<_> = (0..30)
        .map(|_| tokio::spawn(world.store.draw_allowance("sessions", "one", RATE, 7, NOW)))
        .collect();
    let mut granted = 0;
    for draw in draws {
        granted += draw.await.unwrap().unwrap().granted;
    }
    assert_eq!(granted, 100, "together no more than the quota");

    let draw = async |name, holder, now| {
        world.store.draw_allowance(name, holder, RATE, 7, now).await.unwrap()
    };
    let refused = draw("sessions", "one", NOW).await;
    assert_eq!((refused.granted, refused.next_in), (0, Duration::from_millis(100)));
    assert_eq!(draw("sessions", "other", NOW).await.granted, 7, "each holder has its own");
    assert_eq!(draw("mints", "one", NOW).await.granted, 7, "under each rate");
    let later = draw("sessions", "one", NOW + Duration::from_millis(350)).await;
    assert_eq!((later.granted, later.left), (3, 0));
}
