//! An intruder who can write to the files of SQLite, and lacks the master secret.

use domain::audit::{Break, Head, Verifier};
use domain::session::Session;
use rusqlite::Connection;
use store::{Location, StoreError};
use tempfile::TempDir;

use crate::contract::audit::trail;
use crate::world::{Database, NOW, World};

struct Directory(TempDir);

impl Database for Directory {
    fn location(&self) -> Location {
        Location::Sqlite(self.0.path().join("kayle.db"))
    }
}

/// A database whose trail has eight entries, and a connection that goes past the store.
async fn installation() -> (Directory, World, Connection) {
    let directory = Directory(TempDir::new().unwrap());
    let world = World::new(&directory).await;
    let organization = world.organization().await;
    for _ in 0..3 {
        let session = world.session(&organization).await;
        world.cancel(&session, NOW).await;
    }
    world.session(&organization).await;
    assert_eq!(trail(&world).await.len(), 8);
    let raw = Connection::open(directory.0.path().join("kayle.db")).unwrap();
    (directory, world, raw)
}

async fn verify(world: &World, noted: Option<Head>) -> Result<Head, Break> {
    let mut verifier = Verifier::new(world.keys.audit_chain(), noted);
    for record in world.store.read_audit(0, 1000).await.unwrap() {
        verifier.next(&record)?;
    }
    verifier.finish()
}

const DROP: &str = "DROP TRIGGER audit_is_not_updated; DROP TRIGGER audit_is_not_deleted;";

#[tokio::test]
async fn the_trail_is_neither_updated_nor_deleted_by_mistake() {
    let (_directory, world, raw) = installation().await;
    for statement in [
        "UPDATE audit SET code = 'x' WHERE number = 3",
        "DELETE FROM audit WHERE number = 3",
        "DELETE FROM audit",
        "INSERT INTO audit SELECT * FROM audit WHERE number = 3",
    ] {
        assert!(raw.execute_batch(statement).is_err(), "{statement}");
    }
    verify(&world, None).await.unwrap();
}

#[tokio::test]
async fn what_an_intruder_does_to_the_trail_is_found() {
    let attacks = [
        ("UPDATE audit SET actor = 'page' WHERE number = 3", Break::Altered(3)),
        ("UPDATE audit SET at = at + 1 WHERE number = 1", Break::Altered(1)),
        ("UPDATE audit SET code = '' WHERE number = 8", Break::Altered(8)),
        ("UPDATE audit SET hash = zeroblob(32) WHERE number = 2", Break::Altered(2)),
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
        let (_directory, world, raw) = installation().await;
        raw.execute_batch(DROP).unwrap();
        raw.execute_batch(attack).unwrap();
        assert_eq!(verify(&world, None).await, Err(found), "{attack}");
    }
}

#[tokio::test]
async fn a_cut_end_is_found_by_a_head_that_was_noted() {
    let (_directory, world, raw) = installation().await;
    let noted = verify(&world, None).await.unwrap();
    raw.execute_batch(DROP).unwrap();
    raw.execute_batch("DELETE FROM audit WHERE number > 6").unwrap();
    assert!(verify(&world, None).await.is_ok());
    assert_eq!(verify(&world, Some(noted)).await, Err(Break::Missing(7)));
    // The server writes on, and hides the gap, but not from who noted the head.
    let organization = world.organization().await;
    world.session(&organization).await;
    assert!(verify(&world, None).await.is_ok());
    assert_eq!(verify(&world, Some(noted)).await, Err(Break::Altered(8)));
}

#[tokio::test]
async fn a_row_that_is_no_record_is_named() {
    let (_directory, world, raw) = installation().await;
    raw.execute_batch(DROP).unwrap();
    raw.execute_batch("UPDATE audit SET hash = x'00' WHERE number = 3").unwrap();
    let corrupt = StoreError::Corrupt { table: "audit", column: "hash", row: "3".into() };
    assert_eq!(world.store.read_audit(0, 1000).await, Err(corrupt));
    assert_eq!(world.store.read_audit(0, 2).await.map(|page| page.len()), Ok(2));
}

#[tokio::test]
async fn a_change_whose_entry_cannot_be_written_is_not_made() {
    let (_directory, world, raw) = installation().await;
    let organization = world.organization().await;
    let session = world.session(&organization).await;
    raw.execute_batch("ALTER TABLE audit RENAME TO gone").unwrap();
    let cancel = |session: Session| Ok::<_, std::convert::Infallible>(session.cancel(NOW));
    assert!(world.store.session(&session, NOW, cancel).await.is_err());
    raw.execute_batch("ALTER TABLE gone RENAME TO audit").unwrap();
    assert_eq!(world.read(&session).await.status(), "created");
}
