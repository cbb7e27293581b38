//! Starting a server for one test.

use std::sync::Arc;
use std::time::Duration;

use domain::id::{ApiKeyId, OrganizationId};
use domain::key::Keys;
use domain::organization::{ApiKey, Organization, Scope};
use domain::policy::{FaceMatch, Policy};
use server::app::{self, Edge, Options, Running};
use server::apps::Apps;
use server::clock::Clock;
use store::{Location, Store};
use tempfile::TempDir;
use tokio::net::TcpListener;
use zeroize::Zeroizing;

use crate::{PostgresDatabase, RelyingParty, SeededEntropy, TestClock};

/// The master secret of every server under test.
pub const MASTER: [u8; 32] = [0x4b; 32];
const PAUSE: Duration = Duration::from_millis(15);

/// What a server keeps its state in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// A file in its data directory.
    Sqlite,
    /// A fresh database of PostgreSQL.
    Postgres,
}

/// A server that runs for one test and is gone with it.
pub struct TestServer {
    /// Its clock.
    pub clock: TestClock,
    /// Its data directory.
    pub data: TempDir,
    running: Running,
    postgres: Option<Arc<PostgresDatabase>>,
    entropy: std::sync::Mutex<SeededEntropy>,
}

impl TestServer {
    /// Starts a server on a port of its own with an empty database.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts a server with options that differ from the usual ones.
    pub async fn start_with(configure: impl FnOnce(&mut Options)) -> Self {
        Self::launch(None, TestClock::default(), 1, configure).await
    }

    /// Starts a server on such a database, empty; `None`, with a line that says so, where there is
    /// no PostgreSQL.
    pub async fn start_on(database: Database) -> Option<Self> {
        let postgres = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(Arc::new(PostgresDatabase::new().await?)),
        };
        Some(Self::launch(postgres, TestClock::default(), 1, |_| {}).await)
    }

    /// Starts one more server on the same database, under the same clock. `number` tells it from
    /// the others; this one is 1.
    ///
    /// # Panics
    /// On SQLite, which is one server's.
    pub async fn beside(&self, number: u64) -> Self {
        let postgres = self.postgres.clone();
        assert!(postgres.is_some(), "servers share PostgreSQL only");
        Self::launch(postgres, self.clock.clone(), number, |_| {}).await
    }

    async fn launch(
        postgres: Option<Arc<PostgresDatabase>>,
        clock: TestClock,
        number: u64,
        configure: impl FnOnce(&mut Options),
    ) -> Self {
        let data = TempDir::new().unwrap();
        let location = location(&data, postgres.as_deref());
        let mut options = options(location, &clock, number).await;
        configure(&mut options);
        let running = app::start(options).await.unwrap();
        let entropy = std::sync::Mutex::new(SeededEntropy(98 + number));
        Self { clock, data, running, postgres, entropy }
    }

    /// Stops the server and starts it again on the same data.
    pub async fn restart(self) -> Self {
        let Self { clock, data, running, postgres, entropy } = self;
        running.stop().await;
        let location = location(&data, postgres.as_deref());
        let running = app::start(options(location, &clock, 2).await).await.unwrap();
        Self { clock, data, running, postgres, entropy }
    }

    /// Its database, if that is one of PostgreSQL.
    pub fn postgres(&self) -> Option<&PostgresDatabase> {
        self.postgres.as_deref()
    }

    /// Stops the server as SIGTERM does.
    pub async fn stop(self) -> TempDir {
        self.running.stop().await;
        self.data
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://{}", self.running.address)
    }

    /// Where it gives metrics and health to its operator.
    pub fn operator_url(&self) -> String {
        format!("http://{}", self.running.metrics_address.unwrap())
    }

    /// `host:port`.
    pub fn address(&self) -> String {
        self.running.address.to_string()
    }

    /// Its store, for what only an operator does.
    pub fn store(&self) -> &Store {
        &self.running.app.store
    }

    /// The match code that the page of a session shows now.
    pub async fn match_code(&self, session: &str) -> Option<String> {
        let session = self.store().read_session(&session.parse().unwrap()).await.unwrap()?;
        session.pending_match_codes(&Keys::derive(&MASTER)).map(|codes| codes.shown())
    }

    /// What it has counted, as Prometheus reads it.
    pub fn metrics(&self) -> String {
        self.running.app.metrics.text(self.store())
    }

    /// A relying party without a face match, whose key may do everything.
    pub async fn relying_party(&self) -> RelyingParty {
        self.relying_party_under(Policy::default()).await
    }

    /// A relying party with these policies but without a face match, whose key may do everything.
    pub async fn relying_party_under(&self, policy: Policy) -> RelyingParty {
        let policy = Policy { face_match: FaceMatch::Off, ..policy };
        self.relying_party_with(policy, Scope::ALL.to_vec()).await
    }

    /// A relying party with these policies, whose key holds these scopes.
    pub async fn relying_party_with(&self, policy: Policy, scopes: Vec<Scope>) -> RelyingParty {
        self.organization("Example Bank", policy, scopes).await
    }

    /// A relying party of this name without a face match, whose key may do everything.
    pub async fn relying_party_named(&self, name: &str) -> RelyingParty {
        let policy = Policy { face_match: FaceMatch::Off, ..Policy::default() };
        self.organization(name, policy, Scope::ALL.to_vec()).await
    }

    async fn organization(&self, name: &str, policy: Policy, scopes: Vec<Scope>) -> RelyingParty {
        let (organization, key_id, secret) = {
            let mut entropy = self.entropy.lock().unwrap();
            (
                OrganizationId::random(&mut *entropy),
                ApiKeyId::random(&mut *entropy),
                format!("kk_{}", domain::entropy::random_text(32, &mut *entropy)),
            )
        };
        let now = self.clock.now();
        let record = Organization {
            id: organization.clone(),
            name: name.to_owned(),
            policy,
            created_at: now,
        };
        self.store().create_organization(record).await.unwrap();
        let key = ApiKey {
            id: key_id,
            organization: organization.clone(),
            name: "test".to_owned(),
            hash: Keys::derive(&MASTER).api_key_hash(&secret),
            scopes,
            created_at: now,
            revoked_at: None,
        };
        self.store().create_api_key(key).await.unwrap();
        RelyingParty::new(self.url(), organization, secret)
    }
}

fn location(data: &TempDir, postgres: Option<&PostgresDatabase>) -> Location {
    match postgres {
        Some(database) => Location::parse(&database.url).unwrap(),
        None => Location::Sqlite(data.path().join("kayle.db")),
    }
}

async fn options(location: Location, clock: &TestClock, seed: u64) -> Options {
    Options {
        listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        location,
        master: Zeroizing::new(MASTER),
        clock: Arc::new(clock.clone()),
        entropy: Box::new(SeededEntropy(seed)),
        store_entropy: Box::new(SeededEntropy(seed + 1000)),
        public_url: None,
        apps: Apps::default(),
        metrics_listener: Some(TcpListener::bind("127.0.0.1:0").await.unwrap()),
        edge: Edge::default(),
    }
}

/// Lets others work for a moment, before something is asked again that tells nobody of a change.
#[expect(clippy::disallowed_methods, reason = "between two looks, not for a time to pass")]
pub async fn pause() {
    tokio::time::sleep(PAUSE).await;
}

/// Waits for something that must come soon by the wall clock; fails the test if it does not.
#[expect(clippy::disallowed_methods, reason = "a guard against hanging, not a wait")]
pub async fn within<T>(limit: Duration, what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(limit, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} did not happen within {limit:?}"),
    }
}
