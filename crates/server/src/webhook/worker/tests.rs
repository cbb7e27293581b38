//! The worker against a real store and a real HTTP server, on a clock that the test moves.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::BTreeSet;
use std::pin::Pin;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use domain::audit::Actor;
use domain::event::EventType;
use domain::id::{EncryptionKeyId, EndpointId, OrganizationId, SessionId};
use domain::key::Secret;
use domain::organization::Organization;
use domain::policy::Policy;
use domain::session::{NewSession, Session};
use domain::share::ShareContract;
use domain::webhook::{DeliveryStatus, EncryptionKey, Endpoint, RETRY_WAITS};
use josekit::jwk::alg::rsa::RsaKeyPair;
use store::{Delivery, DeliveryFilter, Location, OpenOptions, Unobserved, Wake};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use url::Url;

use super::*;
use crate::entropy::OsEntropy;
use crate::webhook::seal::JweSealer;

/// More looks at the store than any healthy run needs.
const MANY_LOOKS: usize = 100_000;

#[derive(Clone)]
struct MovableClock(Arc<watch::Sender<Timestamp>>);

impl MovableClock {
    fn advance(&self, span: Duration) {
        self.0.send_modify(|now| *now = *now + span);
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    fn sleep_until(&self, at: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut time = self.0.subscribe();
        Box::pin(async move {
            let _ = time.wait_for(|now| *now >= at).await;
        })
    }
}

/// Tells until when the worker sleeps.
struct WatchedClock(MovableClock, mpsc::UnboundedSender<Timestamp>);

impl Clock for WatchedClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn sleep_until(&self, at: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let _ = self.1.send(at);
        self.0.sleep_until(at)
    }
}

struct Fixture {
    store: Store,
    keys: Arc<Keys>,
    clock: MovableClock,
    wake: Arc<Notify>,
    organization: OrganizationId,
    jwk: String,
    _data: TempDir,
}

impl Fixture {
    async fn new() -> Self {
        let data = TempDir::new().unwrap();
        let wake = Arc::new(Notify::new());
        let notified = Arc::clone(&wake);
        let store = Store::open(OpenOptions {
            location: Location::Sqlite(data.path().join("kayle.db")),
            entropy: Box::new(OsEntropy),
            sealer: Arc::new(JweSealer),
            chain: Keys::derive(&[9; 32]).audit_chain(),
            notify: Arc::new(move |wake: &Wake| {
                if matches!(wake, Wake::Changed(changed) if changed.events) {
                    notified.notify_one();
                }
            }),
            observer: Arc::new(Unobserved),
        })
        .await
        .unwrap();
        let clock = MovableClock(Arc::new(watch::Sender::new(Timestamp(1_777_978_800_000))));
        let organization = Organization {
            id: OrganizationId::random(&mut OsEntropy),
            name: "RP".to_owned(),
            policy: Policy::default(),
            created_at: clock.now(),
        };
        store.create_organization(organization.clone()).await.unwrap();
        let jwk = RsaKeyPair::generate(2048).unwrap().to_jwk_public_key();
        Self {
            store,
            keys: Arc::new(Keys::derive(&[9; 32])),
            clock,
            wake,
            organization: organization.id,
            jwk: serde_json::to_string(&jwk).unwrap(),
            _data: data,
        }
    }

    async fn endpoint(&self, url: &str) -> (EndpointId, Secret) {
        let id = EndpointId::random(&mut OsEntropy);
        let secret = signing_secret::generate(&mut OsEntropy);
        let now = self.clock.now();
        let endpoint = Endpoint {
            id: id.clone(),
            organization: self.organization.clone(),
            name: None,
            url: url.to_owned(),
            subscribed: EventType::ALL.to_vec(),
            sealed_secret: signing_secret::seal(&secret, &id, &self.keys, &mut OsEntropy).unwrap(),
            created_at: now,
            updated_at: now,
            disabled_at: None,
        };
        self.store.create_endpoint(endpoint, Actor::Operator).await.unwrap();
        let key = EncryptionKey {
            id: EncryptionKeyId::random(&mut OsEntropy),
            endpoint: id.clone(),
            key_id: "rp-1".to_owned(),
            jwk: self.jwk.clone(),
            created_at: now,
            updated_at: now,
            disabled_at: None,
        };
        self.store.add_encryption_key(&self.organization, key, Actor::Operator).await.unwrap();
        (id, secret)
    }

    /// Makes an event: a session that is cancelled.
    async fn fire(&self) {
        let now = self.clock.now();
        let new = NewSession {
            id: SessionId::random(&mut OsEntropy),
            organization: self.organization.clone(),
            contract: ShareContract::default(),
            policy: Policy::default(),
            redirect_url: None,
            cancel_token: self.keys.cancel_token_hash("x"),
        };
        let id = new.id.clone();
        self.store.create_session(Session::create(new, now), Actor::Server).await.unwrap();
        let cancel = move |session: Session| Ok::<_, ()>(session.cancel(now));
        self.store.session(&id, now, cancel).await.unwrap().unwrap();
    }

    fn start(&self) -> (JoinHandle<()>, CancellationToken) {
        self.start_on(Arc::new(self.clock.clone()))
    }

    fn start_on(&self, clock: Arc<dyn Clock>) -> (JoinHandle<()>, CancellationToken) {
        let metrics = Metrics::new(Arc::clone(&clock)).unwrap();
        let worker = Worker::new(
            self.store.clone(),
            Arc::clone(&self.keys),
            clock,
            Arc::clone(&self.wake),
            TargetRules::for_public_url(&Url::parse("http://127.0.0.1:1").unwrap()),
            metrics,
        )
        .unwrap();
        let stop = CancellationToken::new();
        (tokio::spawn(worker.run(stop.clone())), stop)
    }

    async fn deliveries(&self, endpoint: &EndpointId) -> Vec<Delivery> {
        let filter =
            DeliveryFilter { endpoint: Some(endpoint.clone()), ..DeliveryFilter::default() };
        self.store.list_deliveries(&self.organization, filter).await.unwrap().items
    }

    /// Looks until every delivery of the endpoint is as wanted.
    async fn until(&self, endpoint: &EndpointId, wanted: impl Fn(&Delivery) -> bool) {
        for _ in 0..MANY_LOOKS {
            if self.deliveries(endpoint).await.iter().all(&wanted) {
                return;
            }
        }
        panic!("the deliveries did not get there: {:?}", self.deliveries(endpoint).await);
    }

    /// Looks until at least that many deliveries of the endpoint were tried without an answer.
    async fn until_tried(&self, endpoint: &EndpointId, count: usize) {
        let wanted = |delivery: &&Delivery| {
            delivery.attempt_count == 1 && delivery.last_status_code.is_none()
        };
        for _ in 0..MANY_LOOKS {
            let deliveries = self.deliveries(endpoint).await;
            if deliveries.iter().filter(wanted).count() >= count {
                return;
            }
        }
        panic!("fewer than {count} deliveries got there");
    }

    /// The one delivery of the endpoint once it has been tried that often and is at rest.
    async fn tried(&self, endpoint: &EndpointId, tries: u32) -> Delivery {
        let at_rest = |delivery: &Delivery| {
            delivery.attempt_count == tries && delivery.status != DeliveryStatus::Delivering
        };
        self.until(endpoint, at_rest).await;
        let deliveries = self.deliveries(endpoint).await;
        assert_eq!(deliveries.len(), 1);
        deliveries[0].clone()
    }
}

struct Arrived {
    headers: HeaderMap,
    body: String,
}

impl Arrived {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap().to_str().unwrap()
    }
}

/// A server that answers with what `answer` holds, and not while it holds nothing.
struct Sink {
    url: String,
    arrived: mpsc::UnboundedReceiver<Arrived>,
    answer: watch::Sender<Option<StatusCode>>,
}

#[derive(Clone)]
struct Answering {
    arrived: mpsc::UnboundedSender<Arrived>,
    answer: watch::Receiver<Option<StatusCode>>,
}

impl Sink {
    async fn new(answer: Option<u16>) -> Self {
        let answer = answer.map(|code| StatusCode::from_u16(code).unwrap());
        let (sender, arrived) = mpsc::unbounded_channel();
        let (answer, receiver) = watch::channel(answer);
        let state = Answering { arrived: sender, answer: receiver };
        let router = Router::new().route("/hook", post(take)).with_state(state);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, arrived, answer }
    }

    async fn next(&mut self) -> Arrived {
        self.arrived.recv().await.unwrap()
    }
}

async fn take(State(state): State<Answering>, headers: HeaderMap, body: String) -> StatusCode {
    let Answering { arrived, mut answer } = state;
    let _ = arrived.send(Arrived { headers, body });
    let answer = answer.wait_for(Option::is_some).await.unwrap();
    answer.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_is_signed_and_sent_at_once() {
    let fixture = Fixture::new().await;
    let mut sink = Sink::new(Some(204)).await;
    let (endpoint, secret) = fixture.endpoint(&sink.url).await;
    let _worker = fixture.start();
    fixture.fire().await;

    let arrived = sink.next().await;
    assert_eq!(arrived.header("content-type"), "application/jose");
    assert_eq!(arrived.header("x-kayle-event"), "verification.session.cancelled");
    let expected = signature_header(&secret, fixture.clock.now(), &arrived.body).unwrap();
    assert_eq!(arrived.header("x-kayle-signature"), expected);
    assert_eq!(arrived.body.split('.').count(), 5);

    let delivery = fixture.tried(&endpoint, 1).await;
    assert_eq!(arrived.header("x-kayle-delivery-id"), delivery.id.as_str());
    assert_eq!(delivery.status, DeliveryStatus::Succeeded);
    assert_eq!(delivery.last_status_code, Some(204));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_are_tried_again_on_schedule_with_the_same_content() {
    let fixture = Fixture::new().await;
    let mut sink = Sink::new(Some(503)).await;
    let (endpoint, _) = fixture.endpoint(&sink.url).await;
    let _worker = fixture.start();
    fixture.fire().await;

    let first = sink.next().await;
    let mut signatures = BTreeSet::from([first.header("x-kayle-signature").to_owned()]);
    for (wait, tries) in RETRY_WAITS.into_iter().zip(1..) {
        let delivery = fixture.tried(&endpoint, tries).await;
        assert_eq!(delivery.status, DeliveryStatus::Pending);
        assert_eq!(delivery.last_status_code, Some(503));
        // Each try is made at its time: the clock stands still between the tries.
        assert_eq!(delivery.last_attempt_at, Some(fixture.clock.now()));
        assert_eq!(delivery.next_attempt_at, Some(fixture.clock.now() + wait));
        fixture.clock.advance(wait);
        let again = sink.next().await;
        assert_eq!(again.body, first.body);
        assert_eq!(again.header("x-kayle-delivery-id"), first.header("x-kayle-delivery-id"));
        assert!(signatures.insert(again.header("x-kayle-signature").to_owned()));
    }
    let delivery = fixture.tried(&endpoint, 8).await;
    assert_eq!(delivery.status, DeliveryStatus::Failed);
    assert_eq!(delivery.next_attempt_at, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotated_secret_signs_the_next_try() {
    let fixture = Fixture::new().await;
    let mut sink = Sink::new(Some(500)).await;
    let (endpoint, _) = fixture.endpoint(&sink.url).await;
    let _worker = fixture.start();
    fixture.fire().await;
    sink.next().await;
    fixture.tried(&endpoint, 1).await;

    let secret = signing_secret::generate(&mut OsEntropy);
    let sealed = signing_secret::seal(&secret, &endpoint, &fixture.keys, &mut OsEntropy).unwrap();
    let now = fixture.clock.now();
    let by = Actor::Operator;
    let rotated =
        fixture.store.set_endpoint_secret(&fixture.organization, &endpoint, sealed, by, now);
    rotated.await.unwrap();
    fixture.clock.advance(RETRY_WAITS[0]);
    let arrived = sink.next().await;
    let expected = signature_header(&secret, fixture.clock.now(), &arrived.body).unwrap();
    assert_eq!(arrived.header("x-kayle-signature"), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_endpoint_holds_up_no_other() {
    let fixture = Fixture::new().await;
    let mut slow = Sink::new(None).await;
    let (slow_endpoint, _) = fixture.endpoint(&slow.url).await;
    for _ in 0..40 {
        fixture.fire().await;
    }
    let _worker = fixture.start();
    for _ in 0..4 {
        slow.next().await;
    }

    let mut quick = Sink::new(Some(200)).await;
    let (quick_endpoint, _) = fixture.endpoint(&quick.url).await;
    fixture.fire().await;
    quick.next().await;
    let delivery = fixture.tried(&quick_endpoint, 1).await;
    assert_eq!(delivery.status, DeliveryStatus::Succeeded);
    // The clock has not moved, so no request to the slow endpoint has timed out yet; and there
    // are no more than its share.
    assert!(slow.arrived.try_recv().is_err());

    fixture.clock.advance(TIMEOUT);
    // What waited behind them is next.
    fixture.until_tried(&slow_endpoint, 4).await;
    for _ in 0..4 {
        slow.next().await;
    }
}

/// The clock stands still: nothing here waits for a request to time out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_of_a_slow_endpoint_holds_up_no_other() {
    let fixture = Fixture::new().await;
    let mut slow = Sink::new(None).await;
    fixture.endpoint(&slow.url).await;
    for _ in 0..IN_FLIGHT + 50 {
        fixture.fire().await;
    }
    let mut quick = Sink::new(Some(200)).await;
    let (quick_endpoint, _) = fixture.endpoint(&quick.url).await;
    for _ in 0..10 {
        fixture.fire().await;
    }
    let _worker = fixture.start();
    for _ in 0..10 {
        quick.next().await;
    }
    fixture.until(&quick_endpoint, |delivery| delivery.status == DeliveryStatus::Succeeded).await;
    for _ in 0..4 {
        slow.next().await;
    }
    assert!(slow.arrived.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_send_nothing_twice() {
    let fixture = Fixture::new().await;
    let mut sink = Sink::new(Some(200)).await;
    let (endpoint, _) = fixture.endpoint(&sink.url).await;
    let _first = fixture.start();
    let _second = fixture.start();
    for _ in 0..30 {
        fixture.fire().await;
        fixture.wake.notify_waiters();
    }
    fixture.until(&endpoint, |delivery| delivery.status == DeliveryStatus::Succeeded).await;
    let mut ids = Vec::new();
    while let Ok(arrived) = sink.arrived.try_recv() {
        ids.push(arrived.header("x-kayle-delivery-id").to_owned());
    }
    assert_eq!(ids.len(), 30);
    assert_eq!(ids.into_iter().collect::<BTreeSet<_>>().len(), 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_outlives_the_worker_that_held_it() {
    let fixture = Fixture::new().await;
    let mut sink = Sink::new(None).await;
    let (endpoint, _) = fixture.endpoint(&sink.url).await;
    let (worker, _) = fixture.start();
    fixture.fire().await;
    let first = sink.next().await;
    worker.abort();
    let _ = worker.await;
    assert_eq!(fixture.deliveries(&endpoint).await[0].status, DeliveryStatus::Delivering);

    let _successor = fixture.start();
    sink.answer.send_replace(Some(StatusCode::OK));
    fixture.clock.advance(DELIVERY_LEASE);
    let again = sink.next().await;
    assert_eq!(again.header("x-kayle-delivery-id"), first.header("x-kayle-delivery-id"));
    assert_eq!(fixture.tried(&endpoint, 1).await.status, DeliveryStatus::Succeeded);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopping_worker_finishes_what_is_in_flight() {
    let fixture = Fixture::new().await;
    let mut sink = Sink::new(None).await;
    let (endpoint, _) = fixture.endpoint(&sink.url).await;
    let (worker, stop) = fixture.start();
    fixture.fire().await;
    sink.next().await;
    stop.cancel();
    assert!(!worker.is_finished());
    sink.answer.send_replace(Some(StatusCode::OK));
    worker.await.unwrap();
    assert_eq!(fixture.tried(&endpoint, 1).await.status, DeliveryStatus::Succeeded);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disabled_endpoint_and_an_inside_target_get_no_request() {
    let fixture = Fixture::new().await;
    let mut sink = Sink::new(Some(200)).await;
    let (disabled, _) = fixture.endpoint(&sink.url).await;
    // Stored before the rules, or written past them.
    let (inside, _) = fixture.endpoint("https://169.254.169.254/latest/meta-data").await;
    fixture.fire().await;
    let now = fixture.clock.now();
    let switch_off = move |endpoint: &mut Endpoint| endpoint.disabled_at = Some(now);
    let by = Actor::Operator;
    let update = fixture.store.update_endpoint(&fixture.organization, &disabled, by, switch_off);
    update.await.unwrap();
    let _worker = fixture.start();
    for endpoint in [&disabled, &inside] {
        let delivery = fixture.tried(endpoint, 1).await;
        assert_eq!(delivery.status, DeliveryStatus::Pending);
        assert_eq!(delivery.last_status_code, None);
    }
    assert!(sink.arrived.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn being_woken_does_not_shorten_the_wait_after_a_failed_look() {
    let fixture = Fixture::new().await;
    fixture.store.close().await.unwrap();
    let (sleeps, mut slept) = mpsc::unbounded_channel();
    let _worker = fixture.start_on(Arc::new(WatchedClock(fixture.clock.clone(), sleeps)));
    let start = fixture.clock.now();
    let first = start + Duration::from_secs(1);
    assert_eq!(slept.recv().await, Some(first));
    fixture.wake.notify_one();
    assert_eq!(slept.recv().await, Some(first), "a second look would double the wait");
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(slept.recv().await, Some(first + Duration::from_secs(2)));
}

#[test]
fn the_wait_after_a_failed_look_is_bounded() {
    let waits: Vec<u64> = [0, 1, 2, 5, 40, u32::MAX].map(|n| backoff(n).as_secs()).to_vec();
    assert_eq!(waits, [1, 2, 4, 30, 30, 30]);
}
