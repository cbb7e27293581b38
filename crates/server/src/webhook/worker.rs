//! The worker that takes deliveries from the outbox and sends them.
//!
//! A delivery is sent at least once: if the process dies, or the result cannot be recorded, the
//! lease runs out and the delivery is sent again under the same id.

use std::sync::Arc;
use std::time::Duration;

use domain::key::Keys;
use domain::time::Timestamp;
use domain::webhook::{DELIVERY_LEASE, DeliveryResult, DueDelivery};
use store::{Store, StoreError};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::client::{Client, NoAnswer, Request};
use super::signing::signature_header;
use crate::clock::Clock;
use crate::signing_secret::{self, SecretError};
use crate::target::TargetRules;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::milliseconds;

/// How long an endpoint may take to answer.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The longest time between two looks at the outbox: other processes write to it unseen.
const POLL: Duration = Duration::from_secs(5);
/// The most requests at a time: enough for the shares of many endpoints that do not answer.
const IN_FLIGHT: usize = 256;
/// The longest wait after the database failed.
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// Leaves time to record the result.
const _: () = assert!(TIMEOUT.as_secs() + 3 <= DELIVERY_LEASE.as_secs());

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
    metrics: Metrics,
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
        metrics: Metrics,
    ) -> reqwest::Result<Self> {
        let client = Client::new(rules)?;
        Ok(Self { sender: Arc::new(Sender { store, keys, clock, client, metrics }), wake })
    }

    /// Runs until stopped; then finishes what is in flight.
    ///
    /// What is leased is sent at once. The store leases no more than its share for each endpoint,
    /// so that whatever else is due there waits for the end of a request, and nothing waits here.
    /// After the database failed, nothing shortens the wait before the next look.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let clock = Arc::clone(&self.sender.clock);
        let mut requests = JoinSet::new();
        let mut failures = 0;
        let mut look_at = clock.now();
        loop {
            let now = clock.now();
            let room = IN_FLIGHT.saturating_sub(requests.len());
            if now >= look_at && room > 0 {
                match self.sender.lease(now, room).await {
                    Ok(batch) => {
                        failures = 0;
                        look_at =
                            if batch.len() < room { self.sender.next_due(now).await } else { now };
                        for delivery in batch {
                            requests.spawn(Arc::clone(&self.sender).deliver(delivery));
                        }
                    }
                    Err(error) => {
                        look_at = now + backoff(failures);
                        failures += 1;
                        tracing::error!(%error, "the outbox cannot be read");
                    }
                }
            }
            let look = if requests.len() < IN_FLIGHT { look_at } else { now + POLL };
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(_) = requests.join_next() => {
                    // A panic ends in its delivery's lease running out, as a crash does.
                    while requests.try_join_next().is_some() {}
                    if failures == 0 {
                        look_at = now;
                    }
                }
                () = self.wake.notified() => {
                    if failures == 0 {
                        look_at = now;
                    }
                }
                () = clock.sleep_until(look) => {}
            }
        }
        while requests.join_next().await.is_some() {}
    }
}

impl Sender {
    async fn lease(&self, now: Timestamp, room: usize) -> Result<Vec<DueDelivery>, StoreError> {
        self.store.lease_deliveries(now, u32::try_from(room).unwrap_or(u32::MAX)).await
    }

    async fn next_due(&self, after: Timestamp) -> Timestamp {
        match self.store.next_delivery_due(after).await {
            Ok(Some(due)) => due.min(after + POLL),
            Ok(None) | Err(_) => after + POLL,
        }
    }

    async fn deliver(self: Arc<Self>, delivery: DueDelivery) {
        let (id, endpoint) = (&delivery.id, &delivery.endpoint);
        let attempt = delivery.attempts + 1;
        let began = self.metrics.clock();
        let event = delivery.kind.as_str();
        let span = tracing::debug_span!(target: "kayle::webhook", "webhook", event, attempt);
        let answer = self.attempt(&delivery).instrument(span).await;
        let took = self.metrics.clock().saturating_sub(began);
        self.metrics.delivered(kind_of(&answer), took);
        let duration_ms = milliseconds(took);
        let result = match answer {
            Ok(status) => {
                tracing::info!(target: "kayle::webhook", delivery = %id, %endpoint, event, attempt, status, duration_ms, "answered");
                DeliveryResult::Answered(status)
            }
            Err(error) => {
                tracing::warn!(target: "kayle::webhook", delivery = %id, %endpoint, event, attempt, %error, duration_ms, "not answered");
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

/// How a try ended, as it is counted.
fn kind_of(answer: &Result<u16, TryError>) -> &'static str {
    match answer {
        Ok(200..300) => "2xx",
        Ok(300..400) => "3xx",
        Ok(400..500) => "4xx",
        Ok(500..600) => "5xx",
        Ok(_) => "other",
        Err(TryError::Disabled) => "disabled",
        Err(TryError::Secret(_)) => "secret",
        Err(TryError::Signature) => "signature",
        Err(TryError::NoAnswer(NoAnswer::Target(_))) => "target",
        Err(TryError::NoAnswer(NoAnswer::Connect)) => "no_connection",
        Err(TryError::NoAnswer(NoAnswer::Broken)) => "broken",
        Err(TryError::TimedOut) => "timed_out",
    }
}

/// 1, 2, 4, … seconds, at most [`MAX_BACKOFF`].
fn backoff(failures: u32) -> Duration {
    Duration::from_secs(1_u64 << failures.min(5)).min(MAX_BACKOFF)
}

#[cfg(test)]
mod tests;
