//! Many callers at once on one session, through several nodes: every recorded history must be
//! linearizable against the model.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use domain::entropy::Entropy;
use store::{Location, Store};
use tempfile::TempDir;
use tokio::sync::Barrier;

use super::history::{Call, MAX_CALLS, linearize};
use super::model::{Answer, Hello, MINUTE, Model, Op, Who};
use super::real::{Arena, Life, START, rules};
use crate::world::Seeded;
use postgres_cluster::PostgresDatabase;

const NODES: usize = 3;
const CALLERS: usize = 8;
const CALLS_EACH: usize = 6;

/// How many histories a plain test run records; `KAYLE_HISTORIES` asks for others.
const HISTORIES: u64 = 60;

/// What all callers of a history share.
struct Scene {
    arena: Arc<Arena>,
    life: Life,
    ticket: AtomicU64,
    calls: Mutex<Vec<Call>>,
}

impl Scene {
    async fn call(&self, node: &Store, op: Op, now: i64) -> Answer {
        let invoked = self.ticket.fetch_add(1, Ordering::SeqCst);
        let answer = self.life.apply(node, &op, now).await;
        let answered = self.ticket.fetch_add(1, Ordering::SeqCst);
        self.calls.lock().unwrap().push(Call {
            invoked,
            answered,
            now,
            op,
            answer: answer.clone(),
        });
        answer
    }

    /// One caller's part. Its clock is a little off.
    async fn play(&self, node: Store, now: i64, seed: u64) {
        let mut random = Seeded::new(seed);
        let mut draw = |below: u64| {
            let mut bytes = [0; 8];
            random.fill(&mut bytes);
            u64::from_le_bytes(bytes) % below
        };
        let now = now + draw(4000) as i64;
        let device = draw(3) as u8;
        let mut held = None;
        for _ in 0..CALLS_EACH {
            let shown = self.life.shown();
            let attempt = shown[draw(shown.len() as u64) as usize];
            let op = match (draw(20), held) {
                (0..6, _) => Op::Mint { fresh: self.arena.fresh(&self.life), who: Who::Stranger },
                (6..13, _) => hello(attempt, Some(attempt), device),
                (13, _) => hello(attempt, None, device),
                (14..16, Some((attempt, fence))) => Op::Reject { attempt, fence },
                (16, Some((attempt, fence))) => Op::Advance { attempt, fence, phase: 2 },
                (17, _) if draw(8) == 0 => Op::Cancel,
                _ => Op::Look { events: false },
            };
            let asked = op.clone();
            if let (Op::Hello(hello), Answer::Granted { fence, .. }) =
                (asked, self.call(&node, op, now).await)
            {
                held = Some((hello.attempt, fence));
            }
        }
    }
}

fn hello(attempt: u32, token: Option<u32>, device: u8) -> Op {
    let (same_device, confirms) = (false, false);
    Op::Hello(Hello { attempt, token, device, proof: None, same_device, confirms, network: None })
}

/// Records one history and checks it. How many calls it has.
async fn record(arena: &Arc<Arena>, nodes: &[Store], seed: u64) -> usize {
    let life = arena.session(rules()).await;
    let scene = Arc::new(Scene {
        arena: Arc::clone(arena),
        life,
        ticket: AtomicU64::new(0),
        calls: Mutex::default(),
    });
    // Up to three tokens are out when the race begins; the last is about to be a minute old.
    let mut now = START;
    for _ in 0..=seed % 3 {
        let fresh = arena.fresh(&scene.life);
        scene.call(&nodes[0], Op::Mint { fresh, who: Who::Stranger }, now).await;
        now += MINUTE;
    }
    now -= 2000;
    let barrier = Arc::new(Barrier::new(CALLERS));
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (scene, barrier) = (Arc::clone(&scene), Arc::clone(&barrier));
            let node = nodes[caller % nodes.len()].clone();
            let seed = seed.wrapping_mul(1_000_003) + caller as u64;
            tokio::spawn(async move {
                barrier.wait().await;
                scene.play(node, now, seed).await;
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    scene.call(&nodes[1], Op::Look { events: true }, now).await;
    let mut calls = std::mem::take(&mut *scene.calls.lock().unwrap());
    assert!(calls.len() <= MAX_CALLS);
    // The order of answers is most often near an order that fits, so it is tried first.
    calls.sort_by_key(|call| call.answered);
    let order = linearize(&Model::created(rules(), START), &calls);
    assert!(order.is_some(), "seed {seed}: no order fits this history: {calls:#?}");
    scene.call(&nodes[0], Op::Cancel, now).await;
    calls.len()
}

/// Records histories on a database until enough are checked.
async fn check(location: Location, name: &str) {
    let histories =
        std::env::var("KAYLE_HISTORIES").map_or(HISTORIES, |text| text.parse().unwrap());
    let began = Instant::now();
    let first = RandomState::new().build_hasher().finish() >> 16;
    let arena = Arc::new(Arena::new(location).await);
    let mut nodes = Vec::new();
    for _ in 0..NODES {
        nodes.push(arena.node().await);
    }
    let mut calls = 0;
    for seed in first..first + histories {
        calls += record(&arena, &nodes, seed).await;
    }
    for node in nodes {
        node.close().await.unwrap();
    }
    let took = began.elapsed().as_secs_f64();
    println!("{name}: {histories} histories, {calls} calls in {took:.1} s, all linearizable");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_calls_are_linearizable_on_sqlite() {
    let folder = TempDir::new().unwrap();
    check(Location::Sqlite(folder.path().join("kayle.db")), "SQLite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_calls_are_linearizable_on_postgres() {
    let Some(database) = PostgresDatabase::new().await else { return };
    check(Location::parse(&database.url).unwrap(), "PostgreSQL").await;
}
