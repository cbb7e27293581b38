//! What a store tells of its own work.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use store::{Commit, Load, Location, Observer, Wakeups};
use tempfile::TempDir;

use crate::world::open_observed;

/// Every look at its clock is a second later.
#[derive(Default)]
struct Watching {
    looks: AtomicU64,
    commits: Mutex<Vec<Commit>>,
}

impl Observer for Watching {
    fn clock(&self) -> Duration {
        Duration::from_secs(self.looks.fetch_add(1, Ordering::SeqCst))
    }

    fn commit(&self, commit: Commit) {
        self.commits.lock().unwrap().push(commit);
    }
}

struct Panicking;

impl Observer for Panicking {
    fn clock(&self) -> Duration {
        Duration::ZERO
    }

    fn commit(&self, _commit: Commit) {
        panic!("an observer failed");
    }
}

#[tokio::test]
async fn every_commit_is_told_with_its_units_and_its_time() {
    let folder = TempDir::new().unwrap();
    let watching = Arc::new(Watching::default());
    let location = Location::Sqlite(folder.path().join("kayle.db"));
    let world = open_observed(location, 1, watching.clone()).await.unwrap();
    let writes = (0..40).map(|_| {
        let (store, organization) = (world.store.clone(), world.new_organization());
        tokio::spawn(async move { store.create_organization(organization).await.unwrap() })
    });
    for write in writes.collect::<Vec<_>>() {
        write.await.unwrap();
    }
    let commits = watching.commits.lock().unwrap();
    assert_eq!(commits.iter().map(|commit| commit.units).sum::<usize>(), 40);
    assert!(commits.iter().all(|commit| commit.committed && commit.units > 0));
    assert!(commits.iter().all(|commit| commit.took == Duration::from_secs(1)));
    assert_eq!(world.store.load(), Load::default());
    assert_eq!(world.store.wakeups(), Wakeups::OneProcess);
}

#[tokio::test]
async fn an_observer_that_panics_takes_no_write_with_it() {
    let folder = TempDir::new().unwrap();
    let location = Location::Sqlite(folder.path().join("kayle.db"));
    let world = open_observed(location, 1, Arc::new(Panicking)).await.unwrap();
    world.organization().await;
    world.organization().await;
}
