//! The worker that takes deliveries from the outbox and sends them.
//!
//! A delivery is sent at least once: if the process dies, or the result cannot be recorded, the
//! lease runs out and the delivery is sent again under the same id.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::id::EndpointId;
use domain::key::Keys;
use domain::time::Timestamp;
use domain::webhook::{DELIVERY_LEASE, DeliveryResult, DueDelivery};
use store::{Store, StoreError};
use tokio::sync::Notify;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use super::client::{Client, NoAnswer, Request};
use super::lanes::Lanes;
use super::signing::signature_header;
use crate::clock::Clock;
use crate::signing_secret::{self, SecretError};
use crate::target::TargetRules;

/// How long an endpoint may take to answer.
const TIMEOUT: Duration = Duration::from_secs(15);
/// How long a leased delivery may wait before its request starts; leaves time to record the result.
const MAX_WAIT: Duration = Duration::from_secs(12);
/// The longest time between two looks at the outbox: other processes write to it unseen.
const POLL: Duration = Duration::from_secs(5);
/// The wait before the next look when everything that is due goes to endpoints that are busy.
const PACE: Duration = Duration::from_secs(1);
/// The shortest wait when the outbox says that something is due, but gave nothing.
const SOON: Duration = Duration::from_millis(100);
/// How many deliveries are leased at a time.
const BATCH: u32 = 32;
/// With fewer waiting than this, a request that ends makes the worker look for more.
const FEW_WAITING: usize = 16;
/// The longest wait after the database failed.
const MAX_BACKOFF: Duration = Duration::from_secs(30);

const _: () = assert!(MAX_WAIT.as_secs() + TIMEOUT.as_secs() < DELIVERY_LEASE.as_secs());

/// Sends what is due until it is stopped.
pub(crate) struct Worker {
    sender: Arc<Sender>,
    wake: Arc<Notify>,
}

struct Sender {
    store: Store,
    keys: Arc<Keys>,
    clock: Arc<dyn Clock>,
    client: Client,
}

/// Why a try had no answer, for the log.
#[derive(Debug, thiserror::Error)]
enum TryError {
    #[error("the endpoint is switched off")]
    Disabled,
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("the request cannot be signed")]
    Signature,
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    #[error("no answer in time")]
    TimedOut,
}

impl Worker {
    /// A worker that looks at the outbox whenever it is woken, when something falls due, and
    /// every five seconds. Fails if the system has no TLS.
    pub(crate) fn new(
        store: Store,
        keys: Arc<Keys>,
        clock: Arc<dyn Clock>,
        wake: Arc<Notify>,
        rules: TargetRules,
    ) -> reqwest::Result<Self> {
        let client = Client::new(rules)?;
        Ok(Self { sender: Arc::new(Sender { store, keys, clock, client }), wake })
    }

    /// Runs until stopped; then finishes what is in flight.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let clock = Arc::clone(&self.sender.clock);
        let mut lanes = Lanes::default();
        let mut requests = JoinSet::new();
        let mut endpoints: HashMap<Id, EndpointId> = HashMap::new();
        let mut failures = 0;
        let mut look_at = clock.now();
        loop {
            let now = clock.now();
            let leased = if now >= look_at && lanes.has_room() {
                Some(self.sender.lease(&mut lanes, now).await)
            } else {
                None
            };
            let mut started = false;
            while let Some(delivery) = lanes.start_next(now) {
                started = true;
                let endpoint = delivery.endpoint.clone();
                let request = requests.spawn(Arc::clone(&self.sender).deliver(delivery));
                endpoints.insert(request.id(), endpoint);
            }
            match leased {
                None => {}
                Some(Ok(full)) => {
                    failures = 0;
                    look_at = match (full, started) {
                        (true, true) => now,
                        (true, false) => now + PACE,
                        (false, _) => self.sender.next_due(now).await,
                    };
                    if look_at <= now && lanes.has_room() {
                        continue;
                    }
                }
                Some(Err(error)) => {
                    look_at = now + backoff(failures);
                    failures += 1;
                    tracing::error!(%error, "the outbox cannot be read");
                }
            }
            let sleep_until = if lanes.has_room() { look_at } else { now + POLL };
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(ended) = requests.join_next_with_id() => {
                    // A panic ends in its delivery's lease running out, as a crash does.
                    let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
                    if let Some(endpoint) = endpoints.remove(&id) {
                        lanes.finish(&endpoint);
                    }
                    let pause = if lanes.waiting() < FEW_WAITING { Duration::ZERO } else { PACE };
                    look_at = look_at.min(now + pause);
                }
                () = self.wake.notified() => look_at = now,
                () = clock.sleep_until(sleep_until) => {}
            }
        }
        while requests.join_next().await.is_some() {}
    }
}

impl Sender {
    /// Leases a batch; `true` if there may be more.
    async fn lease(&self, lanes: &mut Lanes, now: Timestamp) -> Result<bool, StoreError> {
        let batch = self.store.lease_deliveries(now, BATCH).await?;
        let full = u32::try_from(batch.len()).is_ok_and(|length| length >= BATCH);
        for delivery in batch {
            lanes.admit(delivery, now + MAX_WAIT);
        }
        Ok(full)
    }

    async fn next_due(&self, now: Timestamp) -> Timestamp {
        match self.store.next_delivery_due().await {
            Ok(Some(due)) => due.clamp(now + SOON, now + POLL),
            Ok(None) | Err(_) => now + POLL,
        }
    }

    async fn deliver(self: Arc<Self>, delivery: DueDelivery) {
        let (id, endpoint) = (&delivery.id, &delivery.endpoint);
        let attempt = delivery.attempts + 1;
        let result = match self.attempt(&delivery).await {
            Ok(status) => {
                tracing::info!(delivery = %id, %endpoint, attempt, status, "webhook answered");
                DeliveryResult::Answered(status)
            }
            Err(error) => {
                tracing::warn!(delivery = %id, %endpoint, attempt, %error, "webhook not answered");
                DeliveryResult::NoAnswer
            }
        };
        let now = self.clock.now();
        match self.store.finish_delivery(id, delivery.lease, result, now).await {
            Ok(true) => {}
            Ok(false) => tracing::warn!(delivery = %id, attempt, "webhook outlived its lease"),
            Err(error) => {
                tracing::error!(delivery = %id, attempt, %error, "a webhook's result is not recorded");
            }
        }
    }

    async fn attempt(&self, delivery: &DueDelivery) -> Result<u16, TryError> {
        let url = delivery.url.as_deref().ok_or(TryError::Disabled)?;
        let secret = signing_secret::open(&delivery.sealed_secret, &delivery.endpoint, &self.keys)?;
        let now = self.clock.now();
        let signature =
            signature_header(&secret, now, &delivery.payload).map_err(|_| TryError::Signature)?;
        let request = self.client.send(Request {
            url,
            delivery: delivery.id.as_str(),
            event: delivery.kind.as_str(),
            signature: &signature,
            body: delivery.payload.clone(),
        });
        tokio::select! {
            biased;
            answer = request => Ok(answer?),
            () = self.clock.sleep_until(now + TIMEOUT) => Err(TryError::TimedOut),
        }
    }
}

/// 1, 2, 4, … seconds, at most [`MAX_BACKOFF`].
fn backoff(failures: u32) -> Duration {
    Duration::from_secs(1_u64 << failures.min(5)).min(MAX_BACKOFF)
}

#[cfg(test)]
mod tests;
