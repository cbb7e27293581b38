//! An intruder who can write to the database, and lacks the master secret.

use domain::audit::{Break, Head, Verifier};
use domain::session::Session;
use rusqlite::Connection;
use store::{Location, StoreError};
use tempfile::TempDir;

use crate::contract::audit::trail;
use crate::world::{Database, NOW, World};
use postgres_cluster::PostgresDatabase;

struct Directory(TempDir);

impl Database for Directory {
    fn location(&self) -> Location {
        Location::Sqlite(self.0.path().join("kayle.db"))
    }
}

/// A way past the store.
enum Raw {
    Sqlite(Connection),
    Postgres(tokio_postgres::Client),
}

impl Raw {
    async fn run(&self, sql: &str) -> Result<(), String> {
        match self {
            Self::Sqlite(raw) => raw.execute_batch(sql).map_err(|error| error.to_string()),
            Self::Postgres(raw) => {
                raw.batch_execute(sql).await.map_err(|error| format!("{:?}", error.as_db_error()))
            }
        }
    }

    /// What an intruder does first.
    async fn drop_triggers(&self) {
        let sql = match self {
            Self::Sqlite(_) => {
                "DROP TRIGGER audit_is_not_updated; DROP TRIGGER audit_is_not_deleted;"
            }
            Self::Postgres(_) => "DROP TRIGGER audit_is_not_changed ON audit",
        };
        self.run(sql).await.unwrap();
    }
}

/// A database that the store and the intruder share; dropped last.
struct Installation {
    world: World,
    raw: Raw,
    _database: Box<dyn Database>,
}

impl Installation {
    /// One whose trail has eight entries, on SQLite.
    async fn sqlite() -> Self {
        let directory = Directory(TempDir::new().unwrap());
        let world = eight_entries(&directory).await;
        let raw = Raw::Sqlite(Connection::open(directory.0.path().join("kayle.db")).unwrap());
        Self { world, raw, _database: Box::new(directory) }
    }

    /// The same on every database that is there.
    async fn each() -> Vec<Self> {
        let mut all = vec![Self::sqlite().await];
        if let Some(database) = PostgresDatabase::new().await {
            let world = eight_entries(&database).await;
            let raw = Raw::Postgres(database.connect().await);
            all.push(Self { world, raw, _database: Box::new(database) });
        }
        all
    }
}

async fn eight_entries(database: &dyn Database) -> World {
    let world = World::new(database).await;
    let organization = world.organization().await;
    for _ in 0..3 {
        let session = world.session(&organization).await;
        world.cancel(&session, NOW).await;
    }
    world.session(&organization).await;
    assert_eq!(trail(&world).await.len(), 8);
    world
}

async fn verify(world: &World, noted: Option<Head>) -> Result<Head, Break> {
    let mut verifier = Verifier::new(world.keys.audit_chain(), noted);
    for record in world.store.read_audit(0, 1000).await.unwrap() {
        verifier.next(&record)?;
    }
    verifier.finish()
}

#[tokio::test]
async fn the_trail_is_neither_updated_nor_deleted_by_mistake() {
    for Installation { world, raw, _database } in Installation::each().await {
        for statement in [
            "UPDATE audit SET code = 'x' WHERE number = 3",
            "DELETE FROM audit WHERE number = 3",
            "DELETE FROM audit",
            "INSERT INTO audit SELECT * FROM audit WHERE number = 3",
        ] {
            assert!(raw.run(statement).await.is_err(), "{statement}");
        }
        if matches!(raw, Raw::Postgres(_)) {
            assert!(raw.run("TRUNCATE audit").await.is_err());
        }
        verify(&world, None).await.unwrap();
    }
}

#[tokio::test]
async fn what_an_intruder_does_to_the_trail_is_found() {
    let attacks = [
        ("UPDATE audit SET actor = 'page' WHERE number = 3", Break::Altered(3)),
        ("UPDATE audit SET at = at + 1 WHERE number = 1", Break::Altered(1)),
        ("UPDATE audit SET code = '' WHERE number = 8", Break::Altered(8)),
        (
            "UPDATE audit SET hash = (SELECT hash FROM audit WHERE number = 3) WHERE number = 2",
            Break::Altered(2),
        ),
        ("DELETE FROM audit WHERE number = 4", Break::Missing(4)),
        ("DELETE FROM audit WHERE number = 1", Break::Missing(1)),
        (
            "DELETE FROM audit WHERE number = 4;
             UPDATE audit SET number = number - 1 WHERE number > 4",
            Break::Altered(4),
        ),
        (
            "UPDATE audit SET number = number + 1000 WHERE number >= 4;
             UPDATE audit SET number = number - 999 WHERE number >= 1000;
             INSERT INTO audit SELECT 4, at, actor, action, organization_id, session_id,
                 attempt_id, object, code, hash FROM audit WHERE number = 3",
            Break::Altered(4),
        ),
        (
            "INSERT INTO audit SELECT 9, at, actor, action, organization_id, session_id,
                 attempt_id, object, code, hash FROM audit WHERE number = 8",
            Break::Altered(9),
        ),
        (
            "UPDATE audit SET number = 1000 WHERE number = 5;
             UPDATE audit SET number = 5 WHERE number = 6;
             UPDATE audit SET number = 6 WHERE number = 1000",
            Break::Altered(5),
        ),
    ];
    for (attack, found) in attacks {
        for Installation { world, raw, _database } in Installation::each().await {
            raw.drop_triggers().await;
            raw.run(attack).await.unwrap();
            assert_eq!(verify(&world, None).await, Err(found), "{attack}");
        }
    }
}

#[tokio::test]
async fn a_cut_end_is_found_by_a_head_that_was_noted() {
    for Installation { world, raw, _database } in Installation::each().await {
        let noted = verify(&world, None).await.unwrap();
        raw.drop_triggers().await;
        raw.run("DELETE FROM audit WHERE number > 6").await.unwrap();
        assert!(verify(&world, None).await.is_ok());
        assert_eq!(verify(&world, Some(noted)).await, Err(Break::Missing(7)));
        // The server writes on, and hides the gap, but not from who noted the head.
        let organization = world.organization().await;
        world.session(&organization).await;
        assert_eq!(trail(&world).await.len(), 8);
        assert_eq!(verify(&world, Some(noted)).await, Err(Break::Altered(8)));
    }
}

/// What the documents say is not found, on PostgreSQL.
#[tokio::test]
async fn what_waits_to_be_linked_is_counted() {
    let Some(database) = PostgresDatabase::new().await else { return };
    let world = World::new(&database).await;
    world.organization().await;
    assert_eq!(world.store.count_unlinked_audit().await, Ok(1));
    assert_eq!(world.store.audit_head().await, Ok(Head::START));
    assert_eq!(world.store.link_audit(10).await, Ok(1));
    assert_eq!(world.store.count_unlinked_audit().await, Ok(0));
    assert_eq!(world.store.audit_head().await.map(|head| head.number), Ok(1));
}

#[tokio::test]
async fn a_row_that_is_no_record_is_named() {
    let Installation { world, raw, _database } = Installation::sqlite().await;
    raw.drop_triggers().await;
    raw.run("UPDATE audit SET hash = x'00' WHERE number = 3").await.unwrap();
    let corrupt = StoreError::Corrupt { table: "audit", column: "hash", row: "3".into() };
    assert_eq!(world.store.read_audit(0, 1000).await, Err(corrupt));
    assert_eq!(world.store.read_audit(0, 2).await.map(|page| page.len()), Ok(2));
}

#[tokio::test]
async fn a_change_whose_entry_cannot_be_written_is_not_made() {
    for Installation { world, raw, _database } in Installation::each().await {
        let organization = world.organization().await;
        let session = world.session(&organization).await;
        let table = match raw {
            Raw::Sqlite(_) => "audit",
            Raw::Postgres(_) => "audit_unlinked",
        };
        raw.run(&format!("ALTER TABLE {table} RENAME TO gone")).await.unwrap();
        let cancel = |session: Session| Ok::<_, std::convert::Infallible>(session.cancel(NOW));
        assert!(world.store.session(&session, NOW, cancel).await.is_err());
        raw.run(&format!("ALTER TABLE gone RENAME TO {table}")).await.unwrap();
        assert_eq!(world.read(&session).await.status(), "created");
    }
}
