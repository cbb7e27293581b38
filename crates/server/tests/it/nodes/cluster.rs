//! Several real `kayle serve` processes on one PostgreSQL database.

use std::fs::{File, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use domain::browser::Visitor;
use domain::entropy::Entropy;
use domain::id::AttemptId;
use domain::key::Keys;
use domain::time::Timestamp;
use server::clock::{Clock, SystemClock};
use server::entropy::OsEntropy;
use store::{OpenOptions, RecordedEvent, SealError, Sealer, Store};
use tempfile::TempDir;
use testkit::crash::{self, PassportOnDisk};
use testkit::{Handoff, Passport, RelyingParty};
use tokio::task::JoinHandle;

/// Nodes, what they share, and one organization.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Node>,
    pub(crate) store: Store,
    passport: PassportOnDisk,
    organization: String,
    key: String,
    keys: Arc<Keys>,
    folder: TempDir,
    url: String,
    _database: testkit::PostgresDatabase,
}

/// A server process.
pub(crate) struct Node {
    process: Child,
    url: String,
}

struct NoSealer;

impl Sealer for NoSealer {
    fn seal(
        &self,
        _: &RecordedEvent,
        _: &domain::webhook::EncryptionKey,
    ) -> Result<String, SealError> {
        Err(SealError)
    }
}

impl Cluster {
    /// Starts so many nodes; `None` where there is no PostgreSQL.
    pub(crate) async fn start(nodes: usize) -> Option<Self> {
        let database = testkit::PostgresDatabase::new().await?;
        let url = database.url.clone();
        let folder = TempDir::new().unwrap();
        let mut master = [0; 32];
        OsEntropy.fill(&mut master);
        let file = folder.path().join("master.key");
        std::fs::write(&file, domain::key::hex(&master)).unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        let passport = crash::passport_on_disk(folder.path());

        let kayle = |args: &[&str]| operate(folder.path(), &url, args);
        let organization =
            kayle(&["org", "create", "Example Bank"])["id"].as_str().unwrap().to_owned();
        kayle(&["org", "set", &organization, "face_match=off"]);
        let scopes = "sessions:read,sessions:write,webhooks:read,webhooks:write";
        let key =
            kayle(&["key", "create", "--org", &organization, "--name", "test", "--scope", scopes]);
        kayle(&["trust", "import", passport.csca.to_str().unwrap()]);
        let store = Store::open(OpenOptions {
            location: store::Location::parse(&url).unwrap(),
            entropy: Box::new(OsEntropy),
            sealer: Arc::new(NoSealer),
            chain: Keys::derive(&master).audit_chain(),
            notify: Arc::new(|_| {}),
            observer: Arc::new(store::Unobserved),
        })
        .await
        .unwrap();
        let mut cluster = Self {
            nodes: Vec::new(),
            store,
            passport,
            organization,
            key: key["key"].as_str().unwrap().to_owned(),
            keys: Arc::new(Keys::derive(&master)),
            folder,
            url,
            _database: database,
        };
        for _ in 0..nodes {
            cluster.add();
        }
        Some(cluster)
    }

    /// Starts one more node.
    pub(crate) fn add(&mut self) {
        let number = self.nodes.len();
        self.nodes.push(Node::start(self.folder.path(), &self.url, number));
    }

    /// The relying party, talking to one node.
    pub(crate) fn rp(&self, node: usize) -> RelyingParty {
        crash::relying_party(&self.nodes[node].url, &self.organization, &self.key)
    }

    /// `host:port` of a node.
    pub(crate) fn address(&self, node: usize) -> String {
        self.nodes[node].url.trim_start_matches("http://").to_owned()
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self, node: usize) {
        self.nodes[node].process.kill().unwrap();
        self.nodes[node].process.wait().unwrap();
    }

    /// The passport that the nodes trust.
    pub(crate) fn passport(&self) -> Passport {
        let read = |name: &str| std::fs::read(self.passport.folder.join(name)).unwrap();
        Passport {
            dg1: read("DG1.bin"),
            dg2: read("DG2.bin"),
            sod: read("EF_SOD.bin"),
            surname: self.passport.surname.clone(),
        }
    }

    /// A handoff as it was minted so long ago by a node.
    pub(crate) async fn minted_before(&self, session: &str, age: Duration) -> Handoff {
        let then = SystemClock.now() - age;
        let (id, fresh) = (session.parse().unwrap(), AttemptId::random(&mut OsEntropy));
        let keys = Arc::clone(&self.keys);
        let mint = move |it: domain::session::Session| {
            it.mint(fresh.clone(), &keys, &Visitor::Unknown, then)
        };
        let minted = self.store.session(&id, then, mint).await.unwrap().unwrap();
        Handoff {
            session_id: session.to_owned(),
            attempt_id: minted.attempt.to_string(),
            token: minted.token.reveal().to_owned(),
            expires_at: String::new(),
        }
    }

    /// The organization's id.
    pub(crate) fn organization(&self) -> domain::id::OrganizationId {
        self.organization.parse().unwrap()
    }

    /// The nodes' clock.
    pub(crate) fn now(&self) -> Timestamp {
        SystemClock.now()
    }
}

impl Node {
    fn start(folder: &Path, database: &str, number: usize) -> Self {
        let log = File::create(folder.join(format!("node-{number}.log"))).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_kayle"))
            .args(["serve", "--listen", "127.0.0.1:0", "--database", database, "--data"])
            .arg(folder.join(format!("node-{number}")))
            .env("KAYLE_MASTER_KEY_FILE", folder.join("master.key"))
            // All requests come from one address here.
            .env("KAYLE_RATE_LIMITS", "1000")
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").expect("the ready line").to_owned();
        Self { process, url }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn operate(folder: &Path, database: &str, args: &[&str]) -> serde_json::Value {
    let output = Command::new(env!("CARGO_BIN_EXE_kayle"))
        .args(args)
        .args(["--json", "--database", database, "--data"])
        .arg(folder.join("operator"))
        .env("KAYLE_MASTER_KEY_FILE", folder.join("master.key"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Other people's sessions: created, minted, watched and cancelled on all nodes, without a pause.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    finished: Arc<AtomicUsize>,
    tasks: Vec<JoinHandle<()>>,
}

impl Load {
    pub(crate) fn on(cluster: &Cluster) -> Self {
        let (stop, finished) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let tasks = (0..2 * cluster.nodes.len())
            .map(|number| {
                let here = cluster.rp(number % cluster.nodes.len());
                let there = cluster.rp((number + 1) % cluster.nodes.len());
                let (stop, finished) = (Arc::clone(&stop), Arc::clone(&finished));
                tokio::spawn(async move {
                    while !stop.load(Ordering::Relaxed) {
                        let session = here.session(&[]).await;
                        let handoff = there.handoff(&session.id).await;
                        assert_eq!(here.handoff(&session.id).await, handoff);
                        assert_eq!(there.status(&session.id).await["status"], "created");
                        let cancel = format!("/v1/sessions/{}/cancel", session.id);
                        let request = here.request(reqwest::Method::POST, &cancel);
                        assert_eq!(here.send(request).await.0, 204);
                        assert_eq!(there.status(&session.id).await["status"], "cancelled");
                        finished.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        Self { stop, finished, tasks }
    }

    /// Waits for what is under way. How many sessions were carried to their end, each as it must.
    pub(crate) async fn stop(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
        self.finished.load(Ordering::Relaxed)
    }
}
