//! The outbox: events, and their deliveries to endpoints.
//!
//! Both are written in the unit that made the event. The claims of an event are sealed there and
//! then, one JWE for each delivery, and stored in no other form.

use domain::attempt::FailureCode;
use domain::event::{Event, EventType};
use domain::id::{
    AttemptId, DeliveryId, EncryptionKeyId, EndpointId, EventId, OrganizationId, SessionId,
};
use domain::time::Timestamp;
use domain::webhook::{DeliveryResult, DeliveryStatus, DueDelivery, EncryptionKey};

use crate::backend::Answer;
use crate::page::{Page, PageRequest};

/// The most deliveries that are leased for one endpoint at a time, so that an endpoint that is slow
/// or has a backlog holds up no other.
pub const MAX_LEASES_PER_ENDPOINT: u32 = 4;

/// An event with its identity, as a sealer gets it. The claims are in memory only.
#[derive(Debug)]
pub struct RecordedEvent {
    /// Its identifier.
    pub id: EventId,
    /// Whom it is for.
    pub organization: OrganizationId,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// The payload cannot be encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the payload cannot be encrypted to the endpoint's key")]
pub struct SealError;

/// Encrypts the payload of a webhook. It runs inside the unit, so it must be quick and do no I/O.
pub trait Sealer: Send + Sync {
    /// The payload as a compact JWE (RFC 7516 §7.1).
    fn seal(&self, event: &RecordedEvent, key: &EncryptionKey) -> Result<String, SealError>;
}

/// Events and deliveries in a database.
pub trait Outbox {
    /// Takes up to `limit` deliveries that are due: pending ones whose time has come, and those
    /// whose worker let its lease run out. No two workers hold the same one, and no more than
    /// [`MAX_LEASES_PER_ENDPOINT`] are held for one endpoint.
    ///
    /// First come those of the endpoints for which the fewest are held, and among these the ones
    /// due longest. A delivery that cannot be read is failed and its payload erased.
    fn lease_deliveries(&self, now: Timestamp, limit: u32) -> Answer<Vec<DueDelivery>>;

    /// Records what came of a try; `false` if the lease is no longer the delivery's.
    ///
    /// The payload of a delivery that succeeded, or that has no try left, is erased.
    fn finish_delivery(
        &self,
        id: &DeliveryId,
        lease: u64,
        result: DeliveryResult,
        now: Timestamp,
    ) -> Answer<bool>;

    /// When the next delivery falls due after `after`, ends of leases counted in; `None` if
    /// nothing will.
    fn next_delivery_due(&self, after: Timestamp) -> Answer<Option<Timestamp>>;

    /// The deliveries to an organization's endpoints.
    fn list_deliveries(
        &self,
        organization: &OrganizationId,
        filter: DeliveryFilter,
    ) -> Answer<Page<Delivery>>;

    /// One event of an organization.
    fn read_event(
        &self,
        organization: &OrganizationId,
        id: &EventId,
    ) -> Answer<Option<EventSummary>>;

    /// The events of an organization.
    fn list_events(
        &self,
        organization: &OrganizationId,
        filter: EventFilter,
    ) -> Answer<Page<EventSummary>>;
}

/// What is kept of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSummary {
    /// Its identifier.
    pub id: EventId,
    /// Whom it was for.
    pub organization: OrganizationId,
    /// Its kind.
    pub kind: EventType,
    /// The session it happened to.
    pub session: SessionId,
    /// The attempt it is about, if it is about one.
    pub attempt: Option<AttemptId>,
    /// Why the attempt failed, if it is about a failure.
    pub failure_code: Option<FailureCode>,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// Its deliveries, ordered by id.
    pub deliveries: Vec<Delivery>,
}

/// A delivery of an event to an endpoint, without its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its identifier.
    pub id: DeliveryId,
    /// The event.
    pub event: EventId,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// The key its payload was encrypted to, if there was one.
    pub encryption_key: Option<EncryptionKeyId>,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// How many tries were made.
    pub attempt_count: u32,
    /// When the next try falls due, while it is pending.
    pub next_attempt_at: Option<Timestamp>,
    /// When the last try ended.
    pub last_attempt_at: Option<Timestamp>,
    /// What the endpoint answered to the last try, if it answered.
    pub last_status_code: Option<u16>,
    /// Why there is nothing to send, if there is nothing.
    pub last_error: Option<DeliveryError>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Why a delivery failed before its first try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryError {
    /// The endpoint had no active key.
    NoEncryptionKey,
    /// The key could not be used.
    EncryptionFailed,
}

impl DeliveryError {
    /// The code as it is written and stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoEncryptionKey => "no_encryption_key",
            Self::EncryptionFailed => "encryption_failed",
        }
    }

    /// Reads a code; `None` if there is no such code.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::NoEncryptionKey, Self::EncryptionFailed]
            .into_iter()
            .find(|error| error.as_str() == text)
    }
}

/// Reads the status of a delivery; `None` if there is no such status.
pub fn delivery_status(text: &str) -> Option<DeliveryStatus> {
    [
        DeliveryStatus::Pending,
        DeliveryStatus::Delivering,
        DeliveryStatus::Succeeded,
        DeliveryStatus::Failed,
    ]
    .into_iter()
    .find(|status| status.as_str() == text)
}

/// Which deliveries to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Only those of this status.
    pub status: Option<DeliveryStatus>,
    /// Only those to this endpoint.
    pub endpoint: Option<EndpointId>,
    /// Only those of this event.
    pub event: Option<EventId>,
    /// Which page.
    pub page: PageRequest,
}

/// Which events to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only those of this kind.
    pub kind: Option<EventType>,
    /// Only those recorded then or later.
    pub created_from: Option<Timestamp>,
    /// Only those recorded then or earlier.
    pub created_to: Option<Timestamp>,
    /// Which page.
    pub page: PageRequest,
}
