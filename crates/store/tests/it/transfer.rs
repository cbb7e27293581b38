//! Moving an installation from SQLite to PostgreSQL.

use std::path::PathBuf;

use domain::attempt::Phase;
use domain::id::SessionId;
use domain::key::{KeyedHash, Keys};
use domain::session::{Handoff, SessionState};
use store::{
    EventFilter, Location, MoveError, MovedTable, PostgresUrl, SchemaDifference, StoreError,
    TrustItem, TrustKind, sqlite_to_postgres,
};
use tempfile::TempDir;

use crate::world::{self, NOW, World};
use postgres_cluster::PostgresDatabase;

/// A file with something of everything, and a database to move it into.
struct Scene {
    _folder: TempDir,
    file: PathBuf,
    database: PostgresDatabase,
    target: PostgresUrl,
    claimed: (SessionId, Handoff),
}

impl Scene {
    /// `None` where there is no PostgreSQL.
    async fn new() -> Option<Self> {
        let database = PostgresDatabase::new().await?;
        let Ok(Location::Postgres(target)) = Location::parse(&database.url) else {
            panic!("a URL of PostgreSQL");
        };
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("kayle.db");
        let world = world::open(Location::Sqlite(file.clone()), 1).await.unwrap();
        let claimed = furnish(&world).await;
        world.store.close().await.unwrap();
        Some(Self { _folder: folder, file, database, target: *target, claimed })
    }

    async fn run(&self) -> Result<Vec<MovedTable>, MoveError> {
        sqlite_to_postgres(&self.file, &self.target, |_| {}).await
    }

    /// Migrates the target and changes it behind Kayle's back.
    async fn prepare(&self, sql: &str) {
        let location = Location::Postgres(Box::new(self.target.clone()));
        world::open(location, 3).await.unwrap().store.close().await.unwrap();
        self.database.connect().await.batch_execute(sql).await.unwrap();
    }

    async fn rows(&self, table: &str) -> i64 {
        let count = format!("SELECT count(*) FROM {table}");
        self.database.connect().await.query_one(&count, &[]).await.unwrap().get(0)
    }
}

async fn furnish(world: &World) -> (SessionId, Handoff) {
    world.store.bind_master_secret(KeyedHash([5; 32]), NOW).await.unwrap();
    let organization = world.organization().await;
    world.endpoint(&organization, Some("key")).await;
    world.endpoint(&organization, Some(world::BROKEN)).await;
    let item = TrustItem {
        fingerprint: [0x5c; 32],
        kind: TrustKind::Csca,
        der: (0..=255).collect(),
        source: "tab\tline\nbackslash \\N \u{e4}".into(),
        verified: true,
        imported_at: NOW,
    };
    world.store.import_trust(vec![item]).await.unwrap();
    for _ in 0..300 {
        let ended = world.session(&organization).await;
        world.mint(&ended, NOW).await.unwrap();
        world.cancel(&ended, NOW).await;
    }
    let claimed = world.session(&organization).await;
    let handoff = world.mint(&claimed, NOW).await.unwrap();
    let hello = world.hello(&claimed, &handoff, "phone");
    let said = world.store.session(&claimed, NOW, move |it| it.hello(hello.clone(), NOW));
    said.await.unwrap().unwrap();
    (claimed, handoff)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_moved_and_goes_on() {
    let Some(scene) = Scene::new().await else { return };
    let mut heard = Vec::new();
    let moved = sqlite_to_postgres(&scene.file, &scene.target, |progress| {
        assert!(progress.done <= progress.total);
        heard.push(progress.done);
    })
    .await
    .unwrap();
    let rows = |name: &str| moved.iter().find(|table| table.name == name).unwrap().rows;
    assert_eq!((rows("sessions"), rows("attempts"), rows("events")), (301, 301, 300));
    assert_eq!((rows("deliveries"), rows("installation")), (600, 1));
    assert!(heard.is_sorted());
    assert_eq!(heard.last().copied(), Some(moved.iter().map(|table| table.rows).sum()));

    let old = world::open(Location::Sqlite(scene.file.clone()), 4).await.unwrap();
    let location = Location::Postgres(Box::new(scene.target.clone()));
    let new = world::open(location, 5).await.unwrap();
    let (id, handoff) = &scene.claimed;
    assert_eq!(new.read(id).await, old.read(id).await);
    let organization = new.read(id).await.organization;
    let events = |world: &World| world.store.list_events(&organization, EventFilter::default());
    assert_eq!(events(&new).await, events(&old).await);
    assert_eq!(new.store.trust_snapshot().await, old.store.trust_snapshot().await);
    // The phone that was connected resumes; work goes on; the secret is still the one.
    let hello = new.hello(id, handoff, "phone");
    let said = new.store.session(id, NOW, move |it| it.hello(hello.clone(), NOW));
    let granted = said.await.unwrap().unwrap();
    assert_eq!((granted.fence, granted.resumed, granted.phase), (2, true, Phase::MobileConnected));
    assert!(matches!(new.read(id).await.state, SessionState::InProgress(_)));
    new.cancel(id, NOW).await;
    assert_eq!(new.store.lease_deliveries(NOW, 10).await.unwrap().len(), 4);
    assert_eq!(new.store.bind_master_secret(KeyedHash([5; 32]), NOW).await, Ok(()));
    let stranger = new.store.bind_master_secret(Keys::derive(&[1; 32]).check_value(), NOW).await;
    assert!(matches!(stranger, Err(StoreError::Conflict(_))));

    old.store.close().await.unwrap();
    let again = scene.run().await;
    assert!(matches!(again, Err(MoveError::TargetNotEmpty { .. })), "{again:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_open_elsewhere_or_absent_is_not_moved() {
    let Some(scene) = Scene::new().await else { return };
    let world = world::open(Location::Sqlite(scene.file.clone()), 6).await.unwrap();
    assert_eq!(scene.run().await, Err(MoveError::SourceInUse));
    world.store.close().await.unwrap();
    let nowhere = scene.file.with_extension("gone");
    let absent = sqlite_to_postgres(&nowhere, &scene.target, |_| {}).await;
    assert_eq!(absent, Err(MoveError::NoSource));
    assert!(!nowhere.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_schema_alone_has_is_an_error() {
    let Some(scene) = Scene::new().await else { return };
    let (table, column) = ("organizations".to_owned(), "more".to_owned());
    for (change, difference) in [
        ("CREATE TABLE more (id text)", SchemaDifference::SurplusTable("more".to_owned())),
        (
            "DROP TABLE more; ALTER TABLE organizations ADD COLUMN more text",
            SchemaDifference::SurplusColumn(table.clone(), column),
        ),
        (
            "ALTER TABLE organizations DROP COLUMN more; ALTER TABLE organizations DROP COLUMN name",
            SchemaDifference::MissingColumn(table, "name".to_owned()),
        ),
    ] {
        scene.prepare(change).await;
        assert_eq!(scene.run().await, Err(MoveError::Schemas(difference)));
    }
    assert_eq!(scene.rows("organizations").await, 0);
}

/// An operator has to find it, and what it holds is in no message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_that_postgres_cannot_hold_is_named_by_its_place() {
    let Some(scene) = Scene::new().await else { return };
    let world = world::open(Location::Sqlite(scene.file.clone()), 6).await.unwrap();
    let organization = world.organization().await;
    world.store.close().await.unwrap();
    let raw = rusqlite::Connection::open(&scene.file).unwrap();
    let name = ["Bank\0of Evil", organization.as_str()];
    raw.execute("UPDATE organizations SET name = ?1 WHERE id = ?2", name).unwrap();
    drop(raw);
    let unfit = MoveError::Unfit {
        table: "organizations".to_owned(),
        column: "name".to_owned(),
        row: organization.to_string(),
    };
    assert!(!unfit.to_string().contains("Evil"));
    assert_eq!(scene.run().await, Err(unfit));
    assert_eq!(scene.rows("organizations").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_is_lost_or_changed_on_the_way_takes_all_back() {
    let Some(scene) = Scene::new().await else { return };
    for (body, expected) in [
        (
            "IF NEW.state = 'created' OR NEW.state = 'in_progress' THEN RETURN NULL; END IF; RETURN NEW;",
            MoveError::NotWhole { table: "sessions".to_owned(), sent: 301, found: 300 },
        ),
        (
            "NEW.fence := NEW.fence + 1; RETURN NEW;",
            MoveError::NotFaithful { table: "sessions".to_owned() },
        ),
    ] {
        // The attempt of the session that is lost would be missed by its reference.
        let sql = format!(
            "ALTER TABLE attempts DROP CONSTRAINT IF EXISTS attempts_session_id_fkey;
             CREATE OR REPLACE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql
                 AS $$ BEGIN {body} END $$;
             DROP TRIGGER IF EXISTS meddle ON sessions;
             CREATE TRIGGER meddle BEFORE INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION meddle()",
        );
        scene.prepare(&sql).await;
        assert_eq!(scene.run().await, Err(expected));
        for table in ["organizations", "sessions", "installation"] {
            assert_eq!(scene.rows(table).await, 0, "{table}");
        }
        assert_eq!(scene.rows("trust_generation").await, 1);
    }
}
