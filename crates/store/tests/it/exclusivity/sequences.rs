//! Random lives of a session: the same steps through the model and through the real store, with
//! several nodes whose clocks differ, jump and run on, and which are killed in the middle of work:
//! on PostgreSQL with everything that they do, on SQLite the callers only.

use std::time::Instant;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use store::Location;
use tempfile::TempDir;

use super::model::{Answer, Ask, HOUR, Hello, MINUTE, Model, Op, Rules, Who};
use super::node::Node;
use super::real::{Arena, DEVICES, Life, START};
use postgres_cluster::PostgresDatabase;

/// How many nodes share the database.
const NODES: usize = 3;

/// How many lives a plain test run takes; `KAYLE_MODEL_SEQUENCES` asks for others.
const SEQUENCES: u32 = 200;

/// What happens next. Numbers that pick something are taken modulo how much there is to pick.
#[derive(Clone, Debug)]
enum Step {
    /// Somebody does something through a node.
    Do { node: usize, deed: Deed },
    /// A node dies while this is on its way: after so many microseconds.
    Kill { node: usize, deed: Deed, moment: u16 },
    /// The sweep of a node comes by.
    Sweep { node: usize },
    /// Time passes everywhere.
    Wait { millis: i64 },
    /// The clock of one node is set.
    Jump { node: usize, millis: i64 },
}

#[derive(Clone, Debug)]
enum Deed {
    Mint {
        who: Who,
    },
    /// Attempts and tokens in `with` are filled in.
    Hello {
        attempt: usize,
        token: Token,
        proof: Option<Token>,
        with: Hello,
    },
    Advance {
        grant: usize,
        phase: u8,
    },
    Choose {
        grant: usize,
        right: bool,
    },
    NotMe {
        grant: usize,
    },
    Reject {
        grant: usize,
    },
    Share {
        grant: usize,
    },
    /// A socket with the fence of another one.
    Forge {
        grant: usize,
        ahead: bool,
    },
    Cancel,
    CancelWithToken {
        right: bool,
        who: Who,
    },
}

#[derive(Clone, Copy, Debug)]
enum Token {
    Right,
    Other(usize),
    Garbage,
}

fn deed() -> impl Strategy<Value = Deed> {
    let newest = prop_oneof![3 => Just(0_usize), 1 => 0..4_usize];
    let token = prop_oneof![
        8 => Just(Token::Right),
        1 => (0..4_usize).prop_map(Token::Other),
        1 => Just(Token::Garbage),
    ];
    let proof = prop::option::weighted(
        0.4,
        prop_oneof![6 => Just(Token::Right), 1 => (0..4_usize).prop_map(Token::Other)],
    );
    let device = prop_oneof![5 => Just(0_u8), 1 => 1..DEVICES];
    let network = prop_oneof![4 => Just(Some(0_u8)), 1 => Just(None), 1 => Just(Some(1_u8))];
    let with = (device, prop::bool::weighted(0.2), prop::bool::weighted(0.8), network).prop_map(
        |(device, same_device, confirms, network)| Hello {
            attempt: 0,
            token: None,
            device,
            proof: None,
            same_device,
            confirms,
            network,
        },
    );
    let browser = || prop_oneof![6 => Just(0_u8), 1 => 1..DEVICES];
    let who = || {
        prop_oneof![
            1 => Just(Who::Stranger),
            1 => browser().prop_map(Who::Browser),
            2 => browser().prop_map(Who::Page),
        ]
    };
    prop_oneof![
        8 => who().prop_map(|who| Deed::Mint { who }),
        10 => (newest.clone(), token, proof, with)
            .prop_map(|(attempt, token, proof, with)| Deed::Hello { attempt, token, proof, with }),
        4 => (newest.clone(), prop::bool::weighted(0.8))
            .prop_map(|(grant, right)| Deed::Choose { grant, right }),
        4 => (newest.clone(), 0..7_u8).prop_map(|(grant, phase)| Deed::Advance { grant, phase }),
        6 => newest.clone().prop_map(|grant| Deed::Reject { grant }),
        1 => newest.clone().prop_map(|grant| Deed::Share { grant }),
        1 => (newest, any::<bool>()).prop_map(|(grant, ahead)| Deed::Forge { grant, ahead }),
        1 => prop_oneof![1 => Just(Deed::Cancel), 1 => Just(Deed::NotMe { grant: 0 }), 2 => (any::<bool>(), who()).prop_map(|(right, who)| Deed::CancelWithToken { right, who })],
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let span = prop_oneof![
        4 => 1..30_000_i64,
        4 => (0..=2_i64).prop_map(|off| MINUTE + off - 1),
        3 => (0..=2_i64).prop_map(|off| 5 * MINUTE + off - 1),
        2 => MINUTE..10 * MINUTE,
        1 => (0..=2_i64).prop_map(|off| HOUR + off - 1),
    ];
    let jump = prop_oneof![6 => -20_000..20_000_i64, 1 => -2 * HOUR..0, 1 => 0..2 * HOUR];
    prop_oneof![
        24 => (0..NODES, deed()).prop_map(|(node, deed)| Step::Do { node, deed }),
        3 => (0..NODES, deed(), 0..6000_u16)
            .prop_map(|(node, deed, moment)| Step::Kill { node, deed, moment }),
        1 => (0..NODES).prop_map(|node| Step::Sweep { node }),
        5 => span.prop_map(|millis| Step::Wait { millis }),
        1 => (0..NODES, jump).prop_map(|(node, millis)| Step::Jump { node, millis }),
    ]
}

/// The nodes of one database; they outlive a sequence, kills apart.
struct Cluster {
    arena: Arena,
    nodes: Vec<Node>,
    url: Option<String>,
    /// What kills.
    server: Option<tokio_postgres::Client>,
}

/// What was done.
#[derive(Clone, Copy, Default)]
struct Count {
    steps: u64,
    /// Work of nodes that died before they answered.
    unanswered: u64,
    /// How much of it was committed.
    committed: u64,
}

/// One life, in the model and in the database.
struct Run<'a> {
    cluster: &'a mut Cluster,
    life: Life,
    model: Model,
    now: i64,
    skew: [i64; NODES],
    grants: Vec<(u32, u64)>,
    count: Count,
}

impl Run<'_> {
    async fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        self.count.steps += 1;
        match step {
            Step::Wait { millis } => self.now += millis,
            Step::Jump { node, millis } => self.skew[*node] += millis,
            Step::Sweep { node } => {
                let now = self.now + self.skew[*node];
                let life = self.life.clone();
                let look = move |store| async move { life.is_due(&store, now).await };
                let due = self.cluster.nodes[*node].run(look).await;
                prop_assert_eq!(due, self.model.is_live() && now >= self.model.expires, "due");
                if due {
                    self.run(*node, &Op::Touch).await?;
                }
            }
            Step::Do { node, deed } => {
                if let Some(op) = self.op(deed) {
                    self.run(*node, &op).await?;
                }
            }
            Step::Kill { node, deed, moment } => {
                if let Some(op) = self.op(deed) {
                    self.kill(*node, &op, *moment).await?;
                }
            }
        }
        Ok(())
    }

    async fn run(&mut self, node: usize, op: &Op) -> Result<(), TestCaseError> {
        let now = self.now + self.skew[node];
        let expected = self.model.apply(op, now);
        let answer = self.cluster.nodes[node].run(|store| self.life.apply(&store, op, now)).await;
        prop_assert_eq!(&answer, &expected, "the answer to {:?}", op);
        self.remember(op, &answer);
        // Whatever one node wrote, every node reads.
        let seen = self.look((node + 1) % NODES).await;
        prop_assert_eq!(&seen, &self.model, "what is stored after {:?}", op);
        Ok(())
    }

    /// What was on its way when the node died was done whole or not at all.
    async fn kill(&mut self, node: usize, op: &Op, moment: u16) -> Result<(), TestCaseError> {
        let now = self.now + self.skew[node];
        let mut without = self.model.clone();
        let expected = self.model.apply(op, now);
        let next = Node::start(&self.cluster.arena, self.cluster.url.as_deref()).await;
        let victim = std::mem::replace(&mut self.cluster.nodes[node], next);
        let work = |store: &store::Store| self.life.apply(store, op, now);
        let answer = victim.die(work, moment, self.cluster.server.as_ref()).await;
        let answered = answer.is_some();
        if let Some(answer) = answer {
            prop_assert_eq!(&answer, &expected, "the answer to {:?} before the kill", op);
            self.remember(op, &answer);
            without = self.model.clone();
        }
        // Another unit waits for the lock of whatever the dead node left behind.
        let other = &self.cluster.nodes[(node + 1) % NODES];
        other.run(|store| self.life.apply(&store, &Op::Touch, now)).await;
        without.apply(&Op::Touch, now);
        self.model.apply(&Op::Touch, now);
        let seen = self.look(node).await;
        if !answered && without != self.model {
            self.count.unanswered += 1;
            self.count.committed += u64::from(seen == self.model);
        }
        if seen == without {
            self.model = without;
        }
        prop_assert_eq!(&seen, &self.model, "what is stored after a kill during {:?}", op);
        Ok(())
    }

    async fn look(&self, node: usize) -> Model {
        let life = self.life.clone();
        let look = move |store| async move { life.look(&store, true).await };
        self.cluster.nodes[node].run(look).await
    }

    fn remember(&mut self, op: &Op, answer: &Answer) {
        if let (Op::Hello(hello), Answer::Granted { fence, .. }) = (op, answer) {
            self.grants.push((hello.attempt, *fence));
        }
    }

    /// The deed with what it needs, if there is that already.
    fn op(&self, deed: &Deed) -> Option<Op> {
        let shown = self.life.shown();
        // Counted from the newest.
        let grant = |at: &usize| self.grants.iter().rev().cycle().nth(*at).copied();
        Some(match deed {
            Deed::Mint { who } => {
                Op::Mint { fresh: self.cluster.arena.fresh(&self.life), who: *who }
            }
            Deed::Hello { attempt, token, proof, with } => {
                let attempt = *shown.iter().rev().cycle().nth(*attempt)?;
                let of = |token: &Token| match token {
                    Token::Right => Some(attempt),
                    Token::Other(at) => shown.iter().cycle().nth(*at).copied(),
                    Token::Garbage => None,
                };
                let (token, proof) = (of(token), proof.as_ref().and_then(of));
                Op::Hello(Hello { attempt, token, proof, ..*with })
            }
            Deed::Choose { grant: at, right } => {
                let (attempt, fence) = grant(at)?;
                Op::Choose { attempt, fence, right: *right }
            }
            Deed::NotMe { grant: at } => {
                let (attempt, fence) = grant(at)?;
                Op::NotMe { attempt, fence }
            }
            Deed::Advance { grant: at, phase } => {
                let (attempt, fence) = grant(at)?;
                Op::Advance { attempt, fence, phase: *phase }
            }
            Deed::Reject { grant: at } => {
                let (attempt, fence) = grant(at)?;
                Op::Reject { attempt, fence }
            }
            Deed::Share { grant: at } => {
                let (attempt, fence) = grant(at)?;
                Op::Share { attempt, fence }
            }
            Deed::Forge { grant: at, ahead } => {
                let (attempt, fence) = grant(at)?;
                let fence = if *ahead { fence + 1 } else { fence - 1 };
                Op::Advance { attempt, fence, phase: 6 }
            }
            Deed::Cancel => Op::Cancel,
            Deed::CancelWithToken { right, who } => {
                Op::CancelWithToken { right: *right, who: *who }
            }
        })
    }
}

fn rules() -> impl Strategy<Value = Rules> {
    let ask =
        prop_oneof![1 => Just(Ask::Never), 3 => Just(Ask::IfSupported), 1 => Just(Ask::Always)];
    (prop::bool::weighted(0.8), ask, prop::bool::weighted(0.2), prop::bool::weighted(0.2)).prop_map(
        |(bind_browser, match_code, prove_device, same_network)| Rules {
            bind_browser,
            match_code,
            prove_device,
            same_network,
        },
    )
}

async fn live(cluster: &mut Cluster, rules: Rules, steps: &[Step]) -> Result<Count, TestCaseError> {
    let life = cluster.arena.session(rules).await;
    let model = Model::created(rules, START);
    let mut run = Run {
        cluster,
        life,
        model,
        now: START,
        skew: [0; NODES],
        grants: vec![],
        count: Count::default(),
    };
    for step in steps {
        run.take(step).await?;
    }
    // Nothing stays behind that the sweep of a later sequence would find.
    run.cluster.nodes[0].run(|store| run.life.apply(&store, &Op::Cancel, run.now)).await;
    Ok(run.count)
}

/// Runs `sequences` lives on the database, split over `workers` threads.
fn compare(location: &Location, url: Option<&str>, sequences: u32, workers: u32) {
    let began = Instant::now();
    let counts: Vec<Count> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers)
            .map(|worker| {
                let share = sequences / workers + u32::from(worker < sequences % workers);
                scope.spawn(move || compare_on_one_thread(location, url, share))
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let took = began.elapsed().as_secs_f64();
    let sum = |of: fn(&Count) -> u64| counts.iter().map(of).sum::<u64>();
    println!(
        "{}: {sequences} sequences, {} steps in {took:.1} s, no difference; \
         {} changes of nodes that died, {} of them committed",
        if url.is_some() { "PostgreSQL" } else { "SQLite" },
        sum(|count| count.steps),
        sum(|count| count.unanswered),
        sum(|count| count.committed),
    );
}

fn compare_on_one_thread(location: &Location, url: Option<&str>, sequences: u32) -> Count {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let cluster = runtime.block_on(async {
        let arena = Arena::new(location.clone()).await;
        let mut nodes = Vec::new();
        for _ in 0..NODES {
            nodes.push(Node::start(&arena, url).await);
        }
        let server = match url {
            Some(url) => Some(connect(url).await),
            None => None,
        };
        let url = url.map(str::to_owned);
        std::cell::RefCell::new(Cluster { arena, nodes, url, server })
    });
    let count = std::cell::Cell::new(Count::default());
    let config = Config { cases: sequences, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(
        &(rules(), prop::collection::vec(step(), 1..60)),
        |(rules, script)| {
            let done = runtime.block_on(live(&mut cluster.borrow_mut(), rules, &script))?;
            let before = count.get();
            count.set(Count {
                steps: before.steps + done.steps,
                unanswered: before.unanswered + done.unanswered,
                committed: before.committed + done.committed,
            });
            Ok(())
        },
    );
    if let Err(error) = result {
        match error {
            TestError::Fail(why, script) => panic!("{why}\nsteps: {script:#?}"),
            TestError::Abort(why) => panic!("{why}"),
        }
    }
    runtime.block_on(async {
        for node in cluster.into_inner().nodes {
            node.close().await;
        }
    });
    count.get()
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A server answers more slowly than a file, so that a plain run takes fewer there.
fn asked_for(usual: u32) -> u32 {
    std::env::var("KAYLE_MODEL_SEQUENCES").map_or(usual, |text| text.parse().unwrap())
}

#[test]
fn no_life_of_a_session_differs_from_the_model_on_sqlite() {
    let folder = TempDir::new().unwrap();
    compare(&Location::Sqlite(folder.path().join("kayle.db")), None, asked_for(SEQUENCES), 1);
}

#[tokio::test]
async fn no_life_of_a_session_differs_from_the_model_on_postgres() {
    let Some(database) = PostgresDatabase::new().await else { return };
    let (location, url) = (Location::parse(&database.url).unwrap(), database.url.clone());
    let compared = move || compare(&location, Some(&url), asked_for(SEQUENCES / 4), 2);
    tokio::task::spawn_blocking(compared).await.unwrap();
}
