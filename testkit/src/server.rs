//! Starting a server for one test.

use std::path::Path;
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

use crate::{RelyingParty, SeededEntropy, TestClock};

/// The master secret of every server under test.
pub const MASTER: [u8; 32] = [0x4b; 32];

/// A server that runs for one test and is gone with it.
pub struct TestServer {
    /// Its clock.
    pub clock: TestClock,
    /// Its data directory.
    pub data: TempDir,
    running: Running,
    entropy: std::sync::Mutex<SeededEntropy>,
}

impl TestServer {
    /// Starts a server on a port of its own with an empty database.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts a server with options that differ from the usual ones.
    pub async fn start_with(configure: impl FnOnce(&mut Options)) -> Self {
        let data = TempDir::new().unwrap();
        let clock = TestClock::default();
        let mut options = options(data.path(), &clock, 1).await;
        configure(&mut options);
        let running = app::start(options).await.unwrap();
        Self { clock, data, running, entropy: std::sync::Mutex::new(SeededEntropy(99)) }
    }

    /// Stops the server and starts it again on the same data.
    pub async fn restart(self) -> Self {
        let Self { clock, data, running, entropy } = self;
        running.stop().await;
        let running = app::start(options(data.path(), &clock, 2).await).await.unwrap();
        Self { clock, data, running, entropy }
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
            name: "Example Bank".to_owned(),
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

async fn options(data: &Path, clock: &TestClock, seed: u64) -> Options {
    Options {
        listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        location: Location::Sqlite(data.join("kayle.db")),
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

/// Waits for something that must come soon by the wall clock; fails the test if it does not.
#[expect(clippy::disallowed_methods, reason = "a guard against hanging, not a wait")]
pub async fn within<T>(limit: Duration, what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(limit, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} did not happen within {limit:?}"),
    }
}
