//! SQLite: the contract, and what is its own: files, crashes, schema numbers, corrupt rows.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::assurance::{ChipProof, ProofState};
use domain::attempt::AttemptState;
use domain::event::CancelReason;
use domain::id::{AttemptId, OrganizationId, SessionId};
use domain::policy::{ExpiredDocuments, FaceMatch, Policy};
use domain::time::Timestamp;
use domain::webhook::{DeliveryResult, DeliveryStatus};
use rusqlite::Connection;
use store::{DeliveryFilter, Location, StoreError};
use tempfile::TempDir;

use crate::contract::contract_suite;
use crate::contract::outbox::success;
use crate::world::{Database, LONG, NOW, World, open};

contract_suite!(crate::sqlite::some_directory);

/// A database in a directory of its own.
struct Directory(TempDir);

fn directory() -> Directory {
    Directory(TempDir::new().unwrap())
}

async fn some_directory() -> Option<Directory> {
    Some(directory())
}

impl Directory {
    fn path(&self) -> PathBuf {
        self.0.path().join("kayle.db")
    }

    /// The bytes of the database and of every file beside it.
    fn contains(&self, needle: &str) -> bool {
        std::fs::read_dir(self.0.path()).unwrap().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
        })
    }
}

impl Database for Directory {
    fn location(&self) -> Location {
        Location::Sqlite(self.path())
    }
}

/// The files as they are on disk at the moment of a crash, without a word to the store.
fn crash(from: &Directory) -> Directory {
    let to = directory();
    for file in std::fs::read_dir(from.0.path()).unwrap() {
        let file = file.unwrap();
        // The shared memory does not survive a crash of the machine.
        if !file.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(file.path(), to.0.path().join(file.file_name())).unwrap();
        }
    }
    to
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_crash() {
    let database = directory();
    let world = World::new(&database).await;
    let organization = world.organization().await;
    world.endpoint(&organization, Some("k")).await;
    for _ in 0..20 {
        let id = world.session(&organization).await;
        world.mint(&id, NOW).await.unwrap();
        world.cancel(&id, NOW).await;
        let session = world.read(&id).await;
        let after = crash(&database);
        let reopened = World::new(&after).await;
        assert_eq!(reopened.read(&id).await, session);
    }
    let after = crash(&database);
    let pending = DeliveryFilter { status: Some(DeliveryStatus::Pending), ..Default::default() };
    let page =
        World::new(&after).await.store.list_deliveries(&organization, pending).await.unwrap();
    assert_eq!(page.items.len(), 20);
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_drop_without_close() {
    let database = directory();
    let world = World::new(&database).await;
    let organization = world.organization().await;
    let id = world.session(&organization).await;
    world.mint(&id, NOW).await.unwrap();
    let session = world.read(&id).await;
    drop(world);
    assert_eq!(World::new(&database).await.read(&id).await, session);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_a_file() {
    let database = directory();
    let worlds = [Arc::new(World::new(&database).await), Arc::new(World::beside(&database).await)];
    let organization = worlds[0].organization().await;
    let contended = worlds[0].session(&organization).await;
    let tasks: Vec<_> = (0..40)
        .map(|number| {
            let world = Arc::clone(&worlds[number % 2]);
            let (organization, contended) = (organization.clone(), contended.clone());
            tokio::spawn(async move {
                let own = world.session(&organization).await;
                world.mint(&own, NOW).await.unwrap();
                world.mint(&contended, NOW).await.unwrap();
                own
            })
        })
        .collect();
    for task in tasks {
        let own = task.await.unwrap();
        for world in &worlds {
            assert_eq!(world.read(&own).await.attempts.len(), 1);
        }
    }
    assert_eq!(worlds[1].read(&contended).await.attempts.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn many_processes_may_open_a_new_file_at_once() {
    let database = directory();
    let openers: Vec<_> = (0..8)
        .map(|seed| {
            let location = database.location();
            tokio::spawn(async move { open(location, seed).await.map(drop) })
        })
        .collect();
    for opener in openers {
        assert_eq!(opener.await.unwrap(), Ok(()));
    }
}

#[tokio::test]
async fn close_drains_the_queue_and_folds_the_log() {
    let database = directory();
    let world = World::new(&database).await;
    let organization = world.organization().await;
    let id = world.session(&organization).await;
    let other = world.store.clone();
    let (minted, closed) = tokio::join!(biased; world.mint(&id, NOW), world.store.close());
    assert!(minted.is_ok(), "what was queued before is done");
    assert_eq!(closed, Ok(()));
    assert_eq!(other.ping().await, Err(StoreError::Closed));
    assert_eq!(other.read_session(&id).await, Err(StoreError::Closed));
    assert_eq!(other.close().await, Err(StoreError::Closed));
    let files: Vec<_> = std::fs::read_dir(database.0.path()).unwrap().collect();
    assert_eq!(files.len(), 1, "the log and the shared memory are gone");
    assert_eq!(World::new(&database).await.read(&id).await.attempts.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "a guard against hanging, not a wait")]
async fn close_never_waits_for_an_idle_reader() {
    let database = directory();
    for _ in 0..50 {
        let world = World::new(&database).await;
        assert_eq!(world.store.list_organizations().await, Ok(vec![]));
        let closed = tokio::time::timeout(Duration::from_secs(30), world.store.close()).await;
        assert_eq!(closed, Ok(Ok(())));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let database = directory();
    let world = World::new(&database).await;
    world.organization().await;
    let mut names = Vec::new();
    for file in std::fs::read_dir(database.0.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        names.push(file.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["kayle.db", "kayle.db-shm", "kayle.db-wal"]);
}

async fn error_of(path: &Path) -> StoreError {
    open(Location::Sqlite(path.to_owned()), 1).await.err().unwrap()
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let database = directory();
    World::new(&database).await.store.close().await.unwrap();
    let raw = Connection::open(database.path()).unwrap();
    raw.pragma_update(None, "user_version", 99).unwrap();
    drop(raw);
    let before = std::fs::read(database.path()).unwrap();
    assert!(matches!(error_of(&database.path()).await, StoreError::TooNew { found: 99, .. }));
    assert_eq!(std::fs::read(database.path()).unwrap(), before);
}

#[tokio::test]
async fn trust_items_of_the_first_schema_keep_their_sources() {
    let database = directory();
    let raw = Connection::open(database.path()).unwrap();
    raw.execute_batch(include_str!("../../src/sqlite/migrations/0001_initial.sql")).unwrap();
    raw.pragma_update(None, "application_id", 0x4b61_796c_i64).unwrap();
    raw.pragma_update(None, "user_version", 1).unwrap();
    for (number, source, verified) in [(1_u8, "a", true), (2, "a", false), (3, "b", true)] {
        raw.execute(
            "INSERT INTO trust_items VALUES (?1, 'csca', ?2, ?3, ?4, 7)",
            rusqlite::params![[number; 32], [0x30, number], source, verified],
        )
        .unwrap();
    }
    drop(raw);
    let store = open(database.location(), 1).await.unwrap();
    let snapshot = store.store.trust_snapshot().await.unwrap();
    let held: Vec<(u8, &str, bool)> = snapshot
        .items
        .iter()
        .map(|item| (item.fingerprint[0], item.source.as_str(), item.verified))
        .collect();
    assert_eq!(held, [(1, "a", true), (2, "a", false), (3, "b", true)]);
    assert_eq!((snapshot.sources.len(), snapshot.vouchers.len()), (2, 3));
}

#[tokio::test]
async fn what_is_no_database_of_kayle_is_refused_and_left_alone() {
    let database = directory();
    let path = database.path();
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch("CREATE TABLE recipes (id)").unwrap();
    drop(raw);
    let before = std::fs::read(&path).unwrap();
    assert_eq!(error_of(&path).await, StoreError::UnsupportedDatabase);
    assert_eq!(std::fs::read(&path).unwrap(), before);

    let text = database.0.path().join("letter.txt");
    std::fs::write(&text, "Dear database, ".repeat(100)).unwrap();
    assert_eq!(error_of(&text).await, StoreError::UnsupportedDatabase);
    let nowhere = database.0.path().join("no such directory").join("kayle.db");
    assert_eq!(error_of(&nowhere).await, StoreError::Io(std::io::ErrorKind::NotFound));
}

#[tokio::test]
async fn who_cancelled_before_it_was_noted_is_told_from_trail_and_token() {
    let database = directory();
    let ids = World::beside(&directory()).await;
    let organization = ids.id(OrganizationId::random);
    let raw = Connection::open(database.path()).unwrap();
    for step in [
        include_str!("../../src/sqlite/migrations/0001_initial.sql"),
        include_str!("../../src/sqlite/migrations/0002_chip_proof.sql"),
        include_str!("../../src/sqlite/migrations/0003_trust.sql"),
        include_str!("../../src/sqlite/migrations/0004_binding.sql"),
        include_str!("../../src/sqlite/migrations/0005_audit.sql"),
        include_str!("../../src/sqlite/migrations/0006_allowances.sql"),
    ] {
        raw.execute_batch(step).unwrap();
    }
    raw.execute(
        "INSERT INTO organizations (id, name, face_match, created_at) VALUES (?1, 'x', 'off', 1)",
        [organization.as_str()],
    )
    .unwrap();
    // By the phone; with the token; by the relying party, whose token somebody tried afterwards;
    // not at all.
    let cases = [
        ("cancelled", None, Some("phone"), Some(CancelReason::NotMe)),
        ("cancelled", Some(7), Some("page"), Some(CancelReason::ByPerson)),
        ("cancelled", Some(8), Some("key:x"), None),
        ("expired", Some(8), None, None),
    ];
    let mut sessions = Vec::new();
    for (number, (state, token_used, actor, reason)) in (1..).zip(cases) {
        let id = ids.id(SessionId::random);
        raw.execute(
            "INSERT INTO sessions (id, organization_id, contract, face_match, created_at,
                 updated_at, expires_at, state, completed_at, cancel_token_hash,
                 cancel_token_used_at, fence)
             VALUES (?1, ?2, '{}', 'off', 1, 1, 9, ?3, 7, zeroblob(32), ?4, 0)",
            rusqlite::params![id.as_str(), organization.as_str(), state, token_used],
        )
        .unwrap();
        if let Some(actor) = actor {
            raw.execute(
                "INSERT INTO audit (number, at, actor, action, session_id, hash)
                 VALUES (?1, 7, ?2, 'session.cancelled', ?3, zeroblob(32))",
                rusqlite::params![number, actor, id.as_str()],
            )
            .unwrap();
        }
        sessions.push((id, reason));
    }
    raw.pragma_update(None, "application_id", 0x4b61_796c).unwrap();
    raw.pragma_update(None, "user_version", 6).unwrap();
    drop(raw);
    let world = World::new(&database).await;
    for (id, reason) in sessions {
        assert_eq!(world.read(&id).await.cancel_reason, reason);
    }
}

/// What a database of the first schema held: two organizations, a session in progress, a verdict.
const OF_THE_FIRST_SCHEMA: &str = r#"
    INSERT INTO organizations VALUES ('org_aaaaaaaaaaaaaaaaaaaaaaaa', 'Example', 'off', 1);
    INSERT INTO sessions VALUES
        ('SESSION', 'org_aaaaaaaaaaaaaaaaaaaaaaaa', '{}', 'off', NULL, 1, 1, 9, 'in_progress',
         'ATTEMPT', NULL, zeroblob(32), NULL, zeroblob(32), 1);
    INSERT INTO attempts VALUES
        ('ATTEMPT', 'SESSION', 'org_aaaaaaaaaaaaaaaaaaaaaaaa', 0, 1, 1, zeroblob(32), 1, 2,
         'succeeded', NULL, NULL, NULL, NULL, NULL, 1,
         '{"chip_proof":"none","face_match":"off","revocation":"stale","document_expired":true,"certificates_valid":true,"trust_verified":true,"leniencies":["a"]}',
         NULL, NULL);
"#;

#[tokio::test]
async fn a_database_of_the_first_schema_is_brought_up_to_date() {
    let database = directory();
    let world = World::beside(&directory()).await;
    let (organization, session, attempt) = (
        world.id(OrganizationId::random),
        world.id(SessionId::random),
        world.id(AttemptId::random),
    );
    let raw = Connection::open(database.path()).unwrap();
    raw.execute_batch(include_str!("../../src/sqlite/migrations/0001_initial.sql")).unwrap();
    raw.execute_batch(
        &OF_THE_FIRST_SCHEMA
            .replace("org_aaaaaaaaaaaaaaaaaaaaaaaa", organization.as_str())
            .replace("SESSION", session.as_str())
            .replace("ATTEMPT", attempt.as_str()),
    )
    .unwrap();
    raw.pragma_update(None, "application_id", 0x4b61_796c).unwrap();
    raw.pragma_update(None, "user_version", 1).unwrap();
    drop(raw);

    let world = World::new(&database).await;
    let off = Policy { face_match: FaceMatch::Off, ..Policy::default() };
    let migrated = world.store.read_organization(&organization).await.unwrap().unwrap();
    assert_eq!(migrated.policy, off, "an organization has the defaults");
    let session = world.read(&session).await;
    let as_before = Policy { expired_documents: ExpiredDocuments::Report, ..off };
    assert_eq!(session.policy, as_before, "a session keeps its rules");
    let AttemptState::Succeeded { assurance, .. } = &session.attempts[0].state else {
        panic!("the attempt has succeeded")
    };
    assert_eq!(assurance.chip_proof(), ChipProof::None);
    assert_eq!(assurance.active_authentication, ProofState::NotAttempted);
    assert_eq!(assurance.chip_authentication, ProofState::NotAttempted);
    assert_eq!(assurance.phone_reported, None);
    assert_eq!((assurance.document_expired, assurance.leniencies.len()), (Some(true), 1));
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_named_without_its_contents() {
    let database = directory();
    let world = World::new(&database).await;
    let organization = world.organization().await;
    let id = world.session(&organization).await;
    let attempt = world.mint(&id, NOW).await.unwrap().attempt;
    let raw = Connection::open(database.path()).unwrap();
    for (table, column, row, value, good) in [
        ("attempts", "state", attempt.as_str(), "'from the future'", "'offered'"),
        ("attempts", "token_hash", attempt.as_str(), "x'00'", "zeroblob(32)"),
        ("sessions", "state", id.as_str(), "'from the future'", "'created'"),
        ("sessions", "contract", id.as_str(), "'[\"from the future\"]'", "'{}'"),
        ("sessions", "face_match", id.as_str(), "'from the future'", "'off'"),
        ("sessions", "fence", id.as_str(), "-1", "0"),
    ] {
        let set = |to: &str| {
            raw.execute(&format!("UPDATE {table} SET {column} = {to} WHERE id = '{row}'"), [])
                .unwrap()
        };
        set(value);
        let expected = StoreError::Corrupt { table, column, row: row.to_owned() };
        assert_eq!(world.store.read_session(&id).await, Err(expected.clone()));
        assert!(!expected.to_string().contains("future"));
        set(good);
        assert!(world.store.read_session(&id).await.is_ok());
    }
}

#[tokio::test]
async fn a_delivery_that_cannot_be_read_stops_no_other() {
    let database = directory();
    let world = World::new(&database).await;
    let organization = world.organization().await;
    let raw = Connection::open(database.path()).unwrap();
    for (row, change) in [
        ("deliveries", "lease = -1"),
        ("deliveries", "payload = CAST(x'ff' AS TEXT)"),
        ("deliveries", "id = 'from the future'"),
        ("events", "type = 'from the future'"),
        ("endpoints", "sealed_secret = CAST(x'ff' AS TEXT)"),
    ] {
        let (broken, good) = (
            world.endpoint(&organization, Some("k")).await.id,
            world.endpoint(&organization, Some("k")).await.id,
        );
        let session = world.session(&organization).await;
        world.cancel(&session, NOW).await;
        let id = match row {
            "deliveries" => format!("endpoint_id = '{broken}'"),
            "events" => format!("session_id = '{session}'"),
            _ => format!("id = '{broken}'"),
        };
        let changed = raw.execute(&format!("UPDATE {row} SET {change} WHERE {id}"), []).unwrap();
        assert_eq!(changed, 1, "{row}: {change}");
        let due = world.store.lease_deliveries(NOW, 10).await.unwrap();
        let due: Vec<_> = due.into_iter().map(|due| due.endpoint).collect();
        assert_eq!(due, if row == "events" { vec![] } else { vec![good.clone()] }, "{change}");
        let given_up = raw.query_row(
            "SELECT status, due_at IS NULL AND payload IS NULL FROM deliveries
             WHERE endpoint_id = ?1",
            [broken.as_str()],
            |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)),
        );
        assert_eq!(given_up, Ok(("failed".to_owned(), true)), "{change}");
        raw.execute("DELETE FROM deliveries", []).unwrap();
        raw.execute("DELETE FROM encryption_keys", []).unwrap();
        raw.execute("DELETE FROM endpoints", []).unwrap();
    }
}

#[tokio::test]
async fn a_claim_is_nowhere_in_the_files() {
    let database = directory();
    let world = World::new(&database).await;
    let organization = world.organization().await;
    world.endpoint(&organization, Some("k")).await;
    world.endpoint(&organization, None).await;
    let session = world.session(&organization).await;
    let attempt = world.mint(&session, NOW).await.unwrap().attempt;
    world.tell(&session, success(attempt.clone(), "CANARYSSON")).await;
    assert!(database.contains(attempt.as_str()), "the search finds what is there");
    assert!(!database.contains("CANARYSSON"));
    world.store.close().await.unwrap();
    assert!(!database.contains("CANARYSSON"));
}

#[tokio::test]
async fn the_payload_of_an_ended_delivery_is_nowhere_in_the_files() {
    for last in [DeliveryResult::Answered(200), DeliveryResult::NoAnswer] {
        let database = directory();
        let world = World::new(&database).await;
        let organization = world.organization().await;
        world.endpoint(&organization, Some(LONG)).await;
        let session = world.session(&organization).await;
        world.cancel(&session, NOW).await;
        let (mut now, mut last_tried) = (NOW, Timestamp(0));
        while let Some(due_at) = world.store.next_delivery_due(last_tried).await.unwrap() {
            now = due_at;
            last_tried = now;
            let due = world.store.lease_deliveries(now, 1).await.unwrap().remove(0);
            assert!(database.contains("sealed.evt_"));
            assert!(world.store.finish_delivery(&due.id, due.lease, last, now).await.unwrap());
        }
        world.store.close().await.unwrap();
        assert!(!database.contains("sealed.evt_"), "after {last:?} at {now:?}");
    }
}
