//! PostgreSQL: the contract, and what is its own: locks, lost connections, wake-ups.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::attempt::{AttemptState, Phase};
use domain::browser::SameNetwork;
use domain::confirmation::MatchCodeState;
use domain::id::{AttemptId, OrganizationId, SessionId};
use domain::policy::{ChipProofPolicy, ExpiredDocuments, FaceMatch, Policy, RevocationPolicy};
use domain::session::Session;
use domain::time::Timestamp;
use store::{
    Changed, Location, MigrationState, OpenOptions, Store, StoreError, Unobserved, Wake, Wakeups,
};
use tokio::sync::mpsc;

use crate::contract::contract_suite;
use crate::wire::Wire;
use crate::world::{Database, NOW, Seeded, TestSealer, World, open};
use postgres_cluster::PostgresDatabase;

contract_suite!(postgres_cluster::PostgresDatabase::new);

impl Database for PostgresDatabase {
    fn location(&self) -> Location {
        Location::parse(&self.url).unwrap()
    }
}

/// A store whose wake-ups are waited for.
async fn hearing(database: &dyn Database) -> (Store, mpsc::UnboundedReceiver<Wake>) {
    // Of two with one name, neither would hear the other.
    static SEED: AtomicU64 = AtomicU64::new(77);
    let seed = SEED.fetch_add(1, Ordering::Relaxed);
    let (tell, heard) = mpsc::unbounded_channel();
    let store = Store::open(OpenOptions {
        location: database.location(),
        entropy: Box::new(Seeded(seed)),
        sealer: Arc::new(TestSealer),
        chain: domain::key::Keys::derive(&[7; 32]).audit_chain(),
        notify: Arc::new(move |wake: &Wake| drop(tell.send(wake.clone()))),
        observer: Arc::new(Unobserved),
    });
    (store.await.unwrap(), heard)
}

#[expect(clippy::disallowed_methods, reason = "a guard against hanging, not a wait")]
async fn next(heard: &mut mpsc::UnboundedReceiver<Wake>) -> Wake {
    tokio::time::timeout(Duration::from_secs(20), heard.recv()).await.unwrap().unwrap()
}

/// Until another process would be heard.
async fn listening(store: &Store) {
    while store.wakeups() != Wakeups::Listening {
        tokio::task::yield_now().await;
    }
}

fn wake(session: &domain::id::SessionId, events: bool) -> Wake {
    Wake::Changed(Changed { session: session.clone(), events })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_heard_by_every_process_and_once() {
    let Some(database) = PostgresDatabase::new().await else { return };
    let (world, beside) = (World::new(&database).await, World::beside(&database).await);
    let (store, mut heard) = hearing(&database).await;
    for one in [&world.store, &beside.store, &store] {
        listening(one).await;
    }
    let organization = world.organization().await;
    let id = world.session(&organization).await;
    world.mint(&id, NOW).await.unwrap();
    assert_eq!(next(&mut heard).await, wake(&id, false));
    beside.cancel(&id, NOW).await;
    assert_eq!(
        next(&mut heard).await,
        wake(&id, false),
        "its events are for whoever recorded them"
    );
    // What this process does itself it hears from itself, and not once more from the database:
    // the change by another process that follows comes next.
    let other = world.session(&organization).await;
    let cancel = |session: Session| Ok::<_, std::convert::Infallible>(session.cancel(NOW));
    store.session(&other, NOW, cancel).await.unwrap().unwrap();
    let last = world.session(&organization).await;
    world.mint(&last, NOW).await.unwrap();
    assert_eq!(next(&mut heard).await, wake(&other, true));
    assert_eq!(next(&mut heard).await, wake(&last, false));
}

/// Who has notified within its transaction holds up every other one that has, commit included.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn units_do_not_notify_and_what_tells_of_them_is_made_again() {
    let Some(database) = PostgresDatabase::new().await else { return };
    let world = World::new(&database).await;
    let (store, mut heard) = hearing(&database).await;
    listening(&store).await;
    let organization = world.organization().await;
    let raw = database.connect().await;
    let telling = "SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE '%pg_notify%' AND pid <> pg_backend_pid()";
    let mut last = 0;
    for _ in 0..3 {
        let id = world.session(&organization).await;
        world.mint(&id, NOW).await.unwrap();
        assert_eq!(next(&mut heard).await, wake(&id, false));
        let pids = raw.query(telling, &[]).await.unwrap();
        assert_eq!(pids.len(), 1, "one connection tells, and nothing else goes over it");
        let pid: i32 = pids[0].get(0);
        assert_ne!(pid, last);
        raw.execute("SELECT pg_terminate_backend($1, 5000)", &[&pid]).await.unwrap();
        last = pid;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_committed_before_closing_is_told() {
    let Some(database) = PostgresDatabase::new().await else { return };
    let world = World::new(&database).await;
    let (store, mut heard) = hearing(&database).await;
    listening(&store).await;
    let organization = world.organization().await;
    let ids = [world.session(&organization).await, world.session(&organization).await];
    for id in &ids {
        world.mint(id, NOW).await.unwrap();
    }
    world.store.close().await.unwrap();
    let mut told = vec![next(&mut heard).await, next(&mut heard).await];
    told.sort_by_key(|told| *told != wake(&ids[0], false));
    assert_eq!(told, ids.map(|id| wake(&id, false)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_is_an_error_and_everything_works_when_it_is_back() {
    let Some(database) = PostgresDatabase::new().await else { return };
    let world = World::new(&database).await;
    let (store, mut heard) = hearing(&database).await;
    listening(&store).await;
    let organization = world.organization().await;
    let id = world.session(&organization).await;
    database.allow_connections(false).await;
    database.disconnect_all().await;
    assert_eq!(next(&mut heard).await, Wake::Everything);
    assert_eq!(store.wakeups(), Wakeups::Polling);
    assert_eq!(next(&mut heard).await, Wake::Everything, "again and again");
    assert_eq!(world.store.read_session(&id).await, Err(StoreError::Unavailable));
    assert_eq!(world.store.ping().await, Err(StoreError::Unavailable));

    database.allow_connections(true).await;
    assert_eq!(world.store.ping().await, Ok(()));
    listening(&store).await;
    while heard.try_recv().is_ok() {}
    world.mint(&id, NOW).await.unwrap();
    while next(&mut heard).await != wake(&id, false) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_were_lost_are_made_again_unseen() {
    let Some(database) = PostgresDatabase::new().await else { return };
    let world = World::new(&database).await;
    let organization = world.organization().await;
    for _ in 0..5 {
        let id = world.session(&organization).await;
        database.disconnect_all().await;
        world.mint(&id, NOW).await.unwrap();
        assert_eq!(world.read(&id).await.attempts.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_somebody_holds_holds_up_no_other() {
    let Some(database) = PostgresDatabase::new().await else { return };
    let world = Arc::new(World::new(&database).await);
    let organization = world.organization().await;
    let (held, free) = (world.session(&organization).await, world.session(&organization).await);
    let raw = database.connect().await;
    raw.batch_execute(&format!("BEGIN; SELECT * FROM sessions WHERE id = '{held}' FOR UPDATE"))
        .await
        .unwrap();
    // More than there are connections.
    let waiting: Vec<_> = (0..40)
        .map(|_| {
            let (world, held) = (Arc::clone(&world), held.clone());
            tokio::spawn(async move {
                let quiet = |session| Ok::<_, ()>(domain::session::Transition::unchanged(session));
                world.store.session(&held, NOW, quiet).await
            })
        })
        .collect();
    world.mint(&free, NOW).await.unwrap();
    raw.batch_execute("COMMIT").await.unwrap();
    for unit in waiting {
        assert_eq!(unit.await.unwrap(), Ok(Ok(())));
    }
}

/// The connection is cut while the unit writes, and while it commits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unit_that_is_cut_leaves_nothing_behind() {
    for trigger in [
        "CREATE TRIGGER cut AFTER UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION wait()",
        "CREATE CONSTRAINT TRIGGER cut AFTER UPDATE ON sessions DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION wait()",
    ] {
        let Some(database) = PostgresDatabase::new().await else { return };
        let world = World::new(&database).await;
        let organization = world.organization().await;
        world.endpoint(&organization, Some("k")).await;
        let id = world.session(&organization).await;
        let and = if database.url.contains('?') { '&' } else { '?' };
        let victim = format!("{}{and}application_name=victim", database.url);
        let victim = open(Location::parse(&victim).unwrap(), 9).await.unwrap();
        let (holder, raw) = (database.connect().await, database.connect().await);
        raw.batch_execute(
            "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NULL; END $$",
        )
        .await
        .unwrap();
        raw.batch_execute(trigger).await.unwrap();
        holder.batch_execute("BEGIN; SELECT pg_advisory_xact_lock(4711)").await.unwrap();
        let unit = {
            let (store, id) = (victim.store.clone(), id.clone());
            let cancel = |session: Session| Ok::<_, std::convert::Infallible>(session.cancel(NOW));
            tokio::spawn(async move { store.session(&id, NOW, cancel).await.map(drop) })
        };
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'victim' AND datname = current_database()
                AND wait_event = 'advisory'";
        while raw.query(cut, &[]).await.unwrap().is_empty() {}
        assert_eq!(unit.await.unwrap(), Err(StoreError::Unavailable));
        holder.batch_execute("COMMIT").await.unwrap();
        assert_eq!(world.read(&id).await.status(), "created");
        let events = || world.store.list_events(&organization, store::EventFilter::default());
        assert_eq!(events().await.unwrap().items, []);
        world.cancel(&id, NOW).await;
        assert_eq!(events().await.unwrap().items.len(), 1);
    }
}

/// The caller cannot know, but whoever waits must look.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_wakes_this_process_and_the_others() {
    let Some(database) = PostgresDatabase::new().await else { return };
    let Some(wire) = Wire::to(&database).await else { return };
    let world = World::new(&database).await;
    let ((store, mut heard), (other, mut others)) =
        (hearing(&wire).await, hearing(&database).await);
    listening(&other).await;
    let organization = world.organization().await;
    let id = world.session(&organization).await;
    assert_eq!(store.read_session(&id).await.unwrap().unwrap().status(), "created");
    wire.lose_the_answer_to_a_commit();
    let cancel = |session: Session| Ok::<_, std::convert::Infallible>(session.cancel(NOW));
    assert_eq!(store.session(&id, NOW, cancel).await.err(), Some(StoreError::Unavailable));
    assert_eq!(world.read(&id).await.status(), "cancelled", "it was committed");
    while next(&mut heard).await != wake(&id, true) {}
    assert_eq!(next(&mut others).await, wake(&id, false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_takes_no_connections_for_a_moment_is_ridden_out() {
    let Some(database) = PostgresDatabase::new().await else { return };
    let Some(wire) = Wire::to(&database).await else { return };
    let world = World::new(&wire).await;
    let organization = world.organization().await;
    let id = world.session(&organization).await;
    wire.refuse(3);
    database.disconnect_all().await;
    world.mint(&id, NOW).await.unwrap();
    assert_eq!(world.read(&id).await.attempts.len(), 1);
}

/// Nobody waits in the database for whoever leases just now, with a connection in hand.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leasing_waits_without_a_connection() {
    let Some(database) = PostgresDatabase::new().await else { return };
    let world = World::new(&database).await;
    let organization = world.organization().await;
    world.endpoint(&organization, Some("k")).await;
    let id = world.session(&organization).await;
    world.cancel(&id, NOW).await;
    let (leasing, raw) = (database.connect().await, database.connect().await);
    leasing.batch_execute("BEGIN; SELECT pg_advisory_xact_lock(1264679276, 2)").await.unwrap();
    let lease = tokio::spawn(world.store.lease_deliveries(NOW, 10));
    while !lease.is_finished() {
        let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        let waiting: i64 = raw.query_one(waiting, &[]).await.unwrap().get(0);
        assert_eq!(waiting, 0);
    }
    assert_eq!(lease.await.unwrap().err(), Some(StoreError::Busy));
    leasing.batch_execute("COMMIT").await.unwrap();
    assert_eq!(world.store.lease_deliveries(NOW, 10).await.unwrap().len(), 1);
}

/// Whoever changes a session expires it, so that the sweep has nothing to wait for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sweep_waits_for_nobody_and_one_unreadable_session_stops_no_other() {
    let Some(database) = PostgresDatabase::new().await else { return };
    let world = World::new(&database).await;
    let organization = world.organization().await;
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(world.session(&organization).await);
    }
    let (held, broken) = (&ids[0], &ids[1]);
    let raw = database.connect().await;
    raw.batch_execute(&format!(
        "UPDATE sessions SET fence = -1 WHERE id = '{broken}';
         BEGIN; SELECT * FROM sessions WHERE id = '{held}' FOR UPDATE"
    ))
    .await
    .unwrap();
    let late = NOW + domain::session::SESSION_LIFETIME;
    assert_eq!(world.store.expire_sessions(late, 100).await, Ok(18));
    assert_eq!(world.read(held).await.status(), "created");
    raw.batch_execute("COMMIT").await.unwrap();
    assert_eq!(world.store.expire_sessions(late, 100).await, Ok(1));
    assert_eq!(world.store.due_sessions(late, 100).await, Ok(vec![broken.clone()]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_is_never_given_back_is_busy() {
    let Some(database) = PostgresDatabase::new().await else { return };
    let world = World::new(&database).await;
    let organization = world.organization().await;
    let held = world.session(&organization).await;
    let raw = database.connect().await;
    raw.batch_execute(&format!("BEGIN; SELECT * FROM sessions WHERE id = '{held}' FOR UPDATE"))
        .await
        .unwrap();
    let quiet = |session| Ok::<_, ()>(domain::session::Transition::unchanged(session));
    assert_eq!(world.store.session(&held, NOW, quiet).await, Err(StoreError::Busy));
}

/// Deadlocks, and the pure unit is run again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unit_that_the_server_took_back_is_run_again() {
    let Some(database) = PostgresDatabase::new().await else { return };
    let world = World::new(&database).await;
    let organization = world.organization().await;
    let id = world.session(&organization).await;
    // The first update of the session fails as a serialization failure does.
    let raw = database.connect().await;
    raw.batch_execute(
        "CREATE SEQUENCE tries;
         CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF nextval('tries') = 1 THEN
                 RAISE EXCEPTION 'once' USING ERRCODE = 'serialization_failure';
             END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER fail_once BEFORE UPDATE ON sessions
             FOR EACH ROW EXECUTE FUNCTION fail_once();",
    )
    .await
    .unwrap();
    let runs = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&runs);
    let cancelled = world.store.session(&id, NOW, move |session: Session| {
        *counted.lock().unwrap() += 1;
        Ok::<_, std::convert::Infallible>(session.cancel(NOW))
    });
    cancelled.await.unwrap().unwrap();
    assert_eq!(*runs.lock().unwrap(), 2);
    assert_eq!(world.read(&id).await.status(), "cancelled");
    assert_eq!(world.woken.lock().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_that_changes_under_a_running_server_stops_nothing() {
    let Some(database) = PostgresDatabase::new().await else { return };
    let world = World::new(&database).await;
    let organization = world.organization().await;
    let id = world.session(&organization).await;
    world.read(&id).await;
    world.mint(&id, NOW).await.unwrap();
    let raw = database.connect().await;
    raw.batch_execute("ALTER TABLE sessions ADD COLUMN of_the_future text").await.unwrap();
    world.read(&id).await;
    world.cancel(&id, NOW).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_processes_may_open_a_new_database_at_once() {
    let Some(database) = PostgresDatabase::new().await else { return };
    let location = database.location();
    let before = store::migration_state(&location).await.unwrap();
    assert_eq!((before.found, before.pending.len() as i64), (0, before.known));
    let openers: Vec<_> = (0..8)
        .map(|seed| {
            let location = location.clone();
            tokio::spawn(async move { open(location, seed).await.map(drop) })
        })
        .collect();
    for opener in openers {
        assert_eq!(opener.await.unwrap(), Ok(()));
    }
    let known = before.known;
    let after = MigrationState { found: known, known, pending: vec![] };
    assert_eq!(store::migration_state(&location).await, Ok(after));
}

/// What a database of the first schema held: a session for each state of an attempt.
const OF_THE_FIRST_SCHEMA: &str = r#"
    INSERT INTO organizations VALUES ('ORG', 'Example', 'off', 'required', 'strict', 'report', 1);
    INSERT INTO sessions
    SELECT 'SESSION' || n, 'ORG', '{}', 'off', 'when_available', 'report', 'report', NULL, 1, 1, 9,
        'in_progress', 'ATTEMPT' || n, NULL, decode(repeat('00', 32), 'hex'), NULL,
        decode(repeat('00', 32), 'hex'), 1
    FROM generate_series(0, 4) AS n;
    INSERT INTO attempts (id, session_id, organization_id, position, created_at, updated_at,
        token_hash, token_issued_at, token_expires_at, state, claimed_at, fence, phase, phase_at,
        ended_at, assurance, failure_code, was_claimed)
    SELECT 'ATTEMPT' || n, 'SESSION' || n, 'ORG', 0, 1, 1, decode(repeat('00', 32), 'hex'), 1, 2,
        of.*
    FROM (VALUES
        ('offered', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL::boolean),
        ('claimed', 1, 1, 'mobile_connected', 1, NULL, NULL, NULL, NULL),
        ('superseded', NULL, NULL, NULL, NULL, 1, NULL, NULL, NULL),
        ('failed', NULL, NULL, NULL, NULL, 1, NULL, 'session_expired', true),
        ('succeeded', NULL, NULL, NULL, NULL, 1, '{"active_authentication":{"state":"not_attempted"},"chip_authentication":{"state":"not_attempted"},"phone_reported":null,"face_match":"off","revocation":"stale","document_expired":true,"certificates_valid":true,"trust_verified":true,"leniencies":["a"]}', NULL, NULL)
    ) AS of (state, claimed_at, fence, phase, phase_at, ended_at, assurance, failure_code, was_claimed)
    JOIN (VALUES (0, 'offered'), (1, 'claimed'), (2, 'superseded'), (3, 'failed'),
        (4, 'succeeded')) AS place (n, state) USING (state);
"#;

#[tokio::test]
async fn a_database_of_the_first_schema_is_brought_up_to_date() {
    let Some(database) = PostgresDatabase::new().await else { return };
    let Some(ids) = PostgresDatabase::new().await else { return };
    let ids = World::new(&ids).await;
    let organization = ids.id(OrganizationId::random);
    let (session, attempt) = (ids.id(SessionId::random), ids.id(AttemptId::random));
    // A digit instead of the last character tells them apart.
    let of = |id: &str, n: usize| format!("{}{n}", &id[..id.len() - 1]);
    let raw = database.connect().await;
    raw.batch_execute(include_str!("../../src/postgres/migrations/0001_initial.sql"))
        .await
        .unwrap();
    raw.batch_execute(
        &OF_THE_FIRST_SCHEMA
            .replace("ORG", organization.as_str())
            .replace("SESSION", &session.as_str()[..session.as_str().len() - 1])
            .replace("ATTEMPT", &attempt.as_str()[..attempt.as_str().len() - 1]),
    )
    .await
    .unwrap();
    raw.batch_execute(
        "CREATE TABLE kayle_schema (version bigint PRIMARY KEY, name text NOT NULL,
             applied_at timestamptz NOT NULL DEFAULT now());
         INSERT INTO kayle_schema (version, name) VALUES (1, '0001_initial')",
    )
    .await
    .unwrap();

    let world = World::new(&database).await;
    let strict = Policy {
        face_match: FaceMatch::Off,
        chip_proof: ChipProofPolicy::Required,
        revocation: RevocationPolicy::Strict,
        expired_documents: ExpiredDocuments::Report,
        ..Policy::default()
    };
    let migrated = world.store.read_organization(&organization).await.unwrap().unwrap();
    assert_eq!(migrated.policy, strict, "what is new has its default");
    for n in 0..5 {
        let id: SessionId = of(session.as_str(), n).parse().unwrap();
        let found = world.read(&id).await;
        let as_before = Policy {
            chip_proof: Policy::default().chip_proof,
            revocation: Policy::default().revocation,
            ..strict
        };
        assert_eq!(found.policy, as_before, "a session keeps its rules");
        assert_eq!((found.browser, found.device_proven, found.confirmed), (None, false, false));
        assert_eq!(found.attempts[0].id.as_str(), of(attempt.as_str(), n));
        match (n, &found.attempts[0].state) {
            (1, AttemptState::Claimed(claim)) => {
                assert_eq!((claim.fence, claim.phase), (1, Phase::MobileConnected));
                assert_eq!(claim.match_code, MatchCodeState::NotAsked, "and may go on");
                assert_eq!(claim.network, SameNetwork::Unknown);
            }
            (0, AttemptState::Offered)
            | (2, AttemptState::Superseded { .. })
            | (3, AttemptState::Failed { .. })
            | (4, AttemptState::Succeeded { .. }) => {}
            (n, other) => panic!("attempt {n} is {other:?}"),
        }
        // And it can be written.
        world.cancel(&id, Timestamp(2)).await;
    }
}

#[tokio::test]
async fn what_is_no_database_of_this_kayle_is_refused_and_left_alone() {
    let Some(database) = PostgresDatabase::new().await else { return };
    let raw = database.connect().await;
    raw.batch_execute("CREATE TABLE recipes (id bigint)").await.unwrap();
    let foreign = open(database.location(), 1).await.err();
    assert_eq!(foreign, Some(StoreError::UnsupportedDatabase));
    let tables = "SELECT count(*) FROM pg_class c
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'";
    let count: i64 = raw.query_one(tables, &[]).await.unwrap().get(0);
    assert_eq!(count, 1);

    raw.batch_execute("DROP TABLE recipes").await.unwrap();
    World::new(&database).await;
    raw.batch_execute("INSERT INTO kayle_schema (version, name) VALUES (99, 'x')").await.unwrap();
    let newer = open(database.location(), 1).await.err();
    assert!(matches!(newer, Some(StoreError::TooNew { found: 99, .. })), "{newer:?}");
}

#[tokio::test]
async fn a_database_that_forgets_is_refused() {
    let Some(database) = PostgresDatabase::new().await else { return };
    database.administer("ALTER DATABASE DATABASE_NAME SET synchronous_commit = off").await;
    let refused = open(database.location(), 1).await.err();
    assert!(matches!(refused, Some(StoreError::Refused(_))), "{refused:?}");
}

#[tokio::test]
async fn a_password_opens_and_a_wrong_one_is_in_no_message() {
    let Some(database) = PostgresDatabase::new().await else { return };
    let Some(url) = &database.tcp_url else { return };
    World::new(&database).await;
    open(Location::parse(url).unwrap(), 1).await.unwrap().store.ping().await.unwrap();
    let wrong = url.replace("horse", "donkey");
    let location = Location::parse(&wrong).unwrap();
    let refused = open(location.clone(), 1).await.err().unwrap();
    assert!(matches!(refused, StoreError::Refused(_)), "{refused:?}");
    assert!(!format!("{refused:?} {refused} {location:?}").contains("donkey"));
    // A server without TLS does not pass for one with it.
    let secured = open(Location::parse(&format!("{url}?sslmode=require")).unwrap(), 1).await;
    assert_eq!(secured.err(), Some(StoreError::Unavailable));
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_named_without_its_contents() {
    let Some(database) = PostgresDatabase::new().await else { return };
    let world = World::new(&database).await;
    let organization = world.organization().await;
    let id = world.session(&organization).await;
    let attempt = world.mint(&id, NOW).await.unwrap().attempt;
    let raw = database.connect().await;
    for (table, column, row, value, good) in [
        ("attempts", "state", attempt.as_str(), "'from the future'", "'offered'"),
        ("attempts", "token_hash", attempt.as_str(), "'\\x00'", "decode(repeat('00', 32), 'hex')"),
        ("sessions", "state", id.as_str(), "'from the future'", "'created'"),
        ("sessions", "contract", id.as_str(), "'[\"from the future\"]'", "'{}'"),
        ("sessions", "face_match", id.as_str(), "'from the future'", "'off'"),
        ("sessions", "fence", id.as_str(), "-1", "0"),
    ] {
        let set = async |to: &str| {
            let update = format!("UPDATE {table} SET {column} = {to} WHERE id = '{row}'");
            raw.batch_execute(&update).await.unwrap();
        };
        set(value).await;
        let expected = StoreError::Corrupt { table, column, row: row.to_owned() };
        assert_eq!(world.store.read_session(&id).await, Err(expected.clone()));
        assert!(!expected.to_string().contains("future"));
        set(good).await;
        assert!(world.store.read_session(&id).await.is_ok());
    }
}

#[tokio::test]
async fn a_delivery_that_cannot_be_read_stops_no_other() {
    let Some(database) = PostgresDatabase::new().await else { return };
    let world = World::new(&database).await;
    let organization = world.organization().await;
    let broken = world.endpoint(&organization, Some("k")).await.id;
    let good = world.endpoint(&organization, Some("k")).await.id;
    let session = world.session(&organization).await;
    world.cancel(&session, NOW).await;
    let raw = database.connect().await;
    let spoil = "UPDATE deliveries SET id = 'from the future' WHERE endpoint_id = $1";
    assert_eq!(raw.execute(spoil, &[&broken.as_str()]).await.unwrap(), 1);
    let due = world.store.lease_deliveries(NOW, 10).await.unwrap();
    assert_eq!(due.into_iter().map(|due| due.endpoint).collect::<Vec<_>>(), [good]);
    let given_up = "SELECT status, payload IS NULL FROM deliveries WHERE endpoint_id = $1";
    let row = raw.query_one(given_up, &[&broken.as_str()]).await.unwrap();
    assert_eq!((row.get(0), row.get(1)), ("failed", true));
}

#[tokio::test]
async fn the_trail_is_neither_updated_nor_deleted_by_mistake() {
    let Some(database) = PostgresDatabase::new().await else { return };
    let world = World::new(&database).await;
    world.organization().await;
    crate::contract::audit::trail(&world).await;
    let raw = database.connect().await;
    for statement in ["UPDATE audit SET code = 'x'", "DELETE FROM audit", "TRUNCATE audit"] {
        assert!(raw.batch_execute(statement).await.is_err(), "{statement}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn close_waits_for_what_runs_and_ends_it_all() {
    let Some(database) = PostgresDatabase::new().await else { return };
    let world = World::new(&database).await;
    let organization = world.organization().await;
    let id = world.session(&organization).await;
    let other = world.store.clone();
    assert_eq!(world.store.close().await, Ok(()));
    assert_eq!(other.ping().await, Err(StoreError::Closed));
    assert_eq!(other.read_session(&id).await, Err(StoreError::Closed));
    assert_eq!(other.close().await, Err(StoreError::Closed));
}
