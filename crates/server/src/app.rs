//! The server, wired: what every request, socket and background task shares.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::middleware::{from_fn_with_state, map_response};
use domain::entropy::Entropy;
use domain::key::{Keys, MASTER_SECRET_BYTES};
use domain::time::Timestamp;
use store::{Changed, Location, OpenOptions, Store, StoreError, Wake};
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;
use zeroize::Zeroizing;

use crate::apps::Apps;
use crate::client_address::Proxies;
use crate::clock::Clock;
use crate::hub::Hub;
use crate::limits::{Limits, RateLimits};
use crate::target::TargetRules;
use crate::telemetry::health::{self, LastAnswer};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::request_id::RequestIds;
use crate::telemetry::{listener, requests};
use crate::trust::TrustCache;
use crate::webhook::seal::JweSealer;
use crate::webhook::worker::Worker;
use crate::{audit, connections, expiry, http, limits, web, ws};

/// How long a stopping server waits for what is in flight: longer than a webhook may take, so that
/// one that was taken is recorded as taken.
const DRAIN: Duration = Duration::from_secs(20);

/// What a server is started with.
pub struct Options {
    /// Where it listens.
    pub listener: TcpListener,
    /// Its database.
    pub location: Location,
    /// The master secret that its keys are derived from.
    pub master: Zeroizing<[u8; MASTER_SECRET_BYTES]>,
    /// Its clock.
    pub clock: Arc<dyn Clock>,
    /// Its randomness.
    pub entropy: Box<dyn Entropy + Send>,
    /// Randomness for the ids that the store gives out.
    pub store_entropy: Box<dyn Entropy + Send>,
    /// Under which URL people and phones reach it; `http://<bound address>` if absent.
    pub public_url: Option<Url>,
    /// The apps that open its links.
    pub apps: Apps,
    /// Where it gives metrics and health to its operator, if anywhere.
    pub metrics_listener: Option<TcpListener>,
    /// What it believes of clients, and how much it takes from each.
    pub edge: Edge,
}

/// How a server stands towards its clients.
#[derive(Clone, Debug, Default)]
pub struct Edge {
    /// Whose word on addresses counts.
    pub proxies: Proxies,
    /// How far rate limits are stretched.
    pub rate_limits: RateLimits,
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be used.
    #[error("the database cannot be opened")]
    Store(#[from] StoreError),
    /// The listening socket cannot be used.
    #[error("the listening socket cannot be used")]
    Listener(#[from] std::io::Error),
    /// The public URL is no usable base.
    #[error("the public URL must be http(s)://host[:port] without a path")]
    PublicUrl,
    /// The metrics cannot be set up.
    #[error("the metrics cannot be set up: {0}")]
    Metrics(String),
    /// No HTTP client can be made for webhooks.
    #[error("the webhook client cannot be made: {0}")]
    WebhookClient(String),
}

/// What every part of the server shares.
#[derive(Clone)]
pub struct App(Arc<Shared>);

/// See [`App`].
pub struct Shared {
    /// Durable state.
    pub store: Store,
    /// Derived keys.
    pub keys: Arc<Keys>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Wake-ups by session.
    pub hub: Hub,
    /// The trust store as it was last imported.
    pub trust: TrustCache,
    /// Under which URL people and phones reach this server.
    pub public_url: Url,
    /// The apps that open handoff links.
    pub apps: Apps,
    /// Which URLs an organization may name.
    pub targets: TargetRules,
    /// Whose word on addresses and places counts.
    pub proxies: Proxies,
    /// What each client may take.
    pub limits: Limits,
    /// What is counted and measured.
    pub metrics: Metrics,
    /// Gives each request its id.
    pub(crate) request_ids: RequestIds,
    /// Whether the database answered when it was last asked.
    pub(crate) last_answer: LastAnswer,
    /// Cancelled when the server stops.
    pub shutdown: CancellationToken,
    /// Sockets and background work, waited for when the server stops.
    pub tasks: TaskTracker,
    /// One permit for each proof that may be made at a time.
    pub provers: Arc<Semaphore>,
    entropy: Mutex<Box<dyn Entropy + Send>>,
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Shared {
    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Makes something that needs randomness: an id, a token.
    pub fn random<T>(&self, make: impl FnOnce(&mut dyn Entropy) -> T) -> T {
        make(self.entropy.lock().unwrap_or_else(PoisonError::into_inner).as_mut())
    }

    /// The page of a session, without any secret.
    pub fn page_url(&self, session: &domain::id::SessionId) -> Url {
        let mut url = self.public_url.clone();
        url.set_path(session.as_str());
        url
    }
}

/// A server that runs.
pub struct Running {
    /// The address it listens on.
    pub address: SocketAddr,
    /// The address on which it gives metrics, if it does.
    pub metrics_address: Option<SocketAddr>,
    /// The shared parts, for whoever started it.
    pub app: App,
    server: tokio::task::JoinHandle<()>,
    metrics: Option<tokio::task::JoinHandle<()>>,
}

/// Opens the database, starts the background work and begins to serve.
pub async fn start(mut options: Options) -> Result<Running, StartError> {
    let address = options.listener.local_addr()?;
    let metrics_address =
        options.metrics_listener.as_ref().map(TcpListener::local_addr).transpose()?;
    let public_url = match options.public_url {
        Some(url) => check_public_url(url)?,
        None => Url::parse(&format!("http://{address}")).map_err(|_| StartError::PublicUrl)?,
    };
    let keys = Arc::new(Keys::derive(&options.master));
    let metrics = Metrics::new(Arc::clone(&options.clock))
        .map_err(|error| StartError::Metrics(error.to_string()))?;
    let hub = Hub::default();
    let outbox = Arc::new(Notify::new());
    let notify = {
        let (hub, outbox) = (hub.clone(), Arc::clone(&outbox));
        move |wake: &Wake| match wake {
            Wake::Changed(Changed { session, events }) => {
                hub.wake(session);
                if *events {
                    outbox.notify_one();
                }
            }
            Wake::Everything => {
                hub.wake_all();
                outbox.notify_one();
            }
        }
    };
    let store = Store::open(OpenOptions {
        location: options.location,
        entropy: options.store_entropy,
        sealer: Arc::new(JweSealer),
        chain: keys.audit_chain(),
        notify: Arc::new(notify),
        observer: Arc::new(metrics.clone()),
    })
    .await?;
    store.bind_master_secret(keys.check_value(), options.clock.now()).await?;
    let targets = TargetRules::for_public_url(&public_url);
    let limits = Limits::new(options.edge.rate_limits, Arc::clone(&options.clock));
    let app = App(Arc::new(Shared {
        trust: TrustCache::new(store.clone()),
        store,
        keys,
        clock: options.clock,
        hub,
        public_url,
        apps: options.apps,
        targets,
        proxies: options.edge.proxies,
        limits,
        metrics,
        request_ids: RequestIds::new(&mut *options.entropy),
        last_answer: LastAnswer::default(),
        shutdown: CancellationToken::new(),
        tasks: TaskTracker::new(),
        provers: Arc::new(Semaphore::new(
            std::thread::available_parallelism().map_or(1, usize::from),
        )),
        entropy: Mutex::new(options.entropy),
    }));
    let worker = Worker::new(
        app.store.clone(),
        Arc::clone(&app.keys),
        Arc::clone(&app.clock),
        outbox,
        app.targets.clone(),
        app.metrics.clone(),
    )
    .map_err(|error| StartError::WebhookClient(error.to_string()))?;
    app.tasks.spawn(worker.run(app.shutdown.clone()));
    app.tasks.spawn(expiry::sweep(app.clone()));
    app.tasks.spawn(limits::shed(app.clone()));
    app.tasks.spawn(listener::fold(app.clone()));
    let metrics = options.metrics_listener.map(|listener| listener::serve(listener, app.clone()));
    app.tasks.spawn(audit::keep(app.clone()));
    let router = router(app.clone());
    let server = tokio::spawn(connections::serve(options.listener, router, app.clone()));
    Ok(Running { address, metrics_address, app, server, metrics })
}

impl Running {
    /// Stops taking requests, lets what is in flight end, and closes the database.
    pub async fn stop(self) {
        self.app.shutdown.cancel();
        self.app.tasks.close();
        let drained = async {
            let _ = self.server.await;
            self.app.tasks.wait().await;
        };
        let deadline = self.app.clock.now() + DRAIN;
        tokio::select! {
            () = drained => {}
            () = self.app.clock.sleep_until(deadline) => tracing::warn!("stopped with work in flight"),
        }
        if let Err(error) = self.app.store.close().await {
            tracing::error!(%error, "the database was not closed");
        }
        if let Some(metrics) = self.metrics {
            metrics.abort();
        }
    }
}

fn router(app: App) -> axum::Router {
    http::routes()
        .merge(ws::routes())
        .merge(web::routes())
        .merge(health::routes())
        .fallback(http::unknown_route)
        .method_not_allowed_fallback(http::wrong_method)
        .layer(from_fn_with_state(app.clone(), limits::requests::limit))
        .layer(from_fn_with_state(app.clone(), web::explain))
        .layer(map_response(http::headers::protect))
        .layer(from_fn_with_state(app.clone(), requests::observe))
        .with_state(app)
}

fn check_public_url(url: Url) -> Result<Url, StartError> {
    let plain = matches!(url.scheme(), "http" | "https")
        && url.host().is_some()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if plain { Ok(url) } else { Err(StartError::PublicUrl) }
}
