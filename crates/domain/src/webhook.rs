//! Endpoints, their keys, and the life of a delivery (REFERENCE 1.4 and 7).

use std::time::Duration;

use crate::event::EventType;
use crate::id::{DeliveryId, EncryptionKeyId, EndpointId, EventId, OrganizationId};
use crate::time::Timestamp;

/// Where a relying party receives events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its identifier.
    pub id: EndpointId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// A name for people.
    pub name: Option<String>,
    /// Where requests go.
    pub url: String,
    /// Which events it receives.
    pub subscribed: Vec<EventType>,
    /// The signing secret, encrypted under the at-rest key.
    pub sealed_secret: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was switched off, if it is.
    pub disabled_at: Option<Timestamp>,
}

/// A public key that payloads for one endpoint are encrypted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptionKey {
    /// Its identifier.
    pub id: EncryptionKeyId,
    /// The endpoint it belongs to.
    pub endpoint: EndpointId,
    /// The relying party's own name for it: the `kid` of the JWE.
    pub key_id: String,
    /// The public JWK as JSON: checked, without private members.
    pub jwk: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was switched off, if it is.
    pub disabled_at: Option<Timestamp>,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// Waits for its next try.
    Pending,
    /// Leased by a worker until the lease ends.
    Delivering,
    /// The endpoint answered with a 2xx.
    Succeeded,
    /// All tries are used up, or it could not be encrypted.
    Failed,
}

impl DeliveryStatus {
    /// The status on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivering => "delivering",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

/// A delivery that a worker has leased and must send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDelivery {
    /// Its identifier; the same for every try.
    pub id: DeliveryId,
    /// The event it tells of.
    pub event: EventId,
    /// The event's kind.
    pub kind: EventType,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// Where it goes, as the endpoint says now; `None` if the endpoint is switched off.
    pub url: Option<String>,
    /// The endpoint's signing secret, encrypted under the at-rest key.
    pub sealed_secret: String,
    /// The JWE.
    pub payload: String,
    /// How many tries were made before this one.
    pub attempts: u32,
    /// The lease that the result must name.
    pub lease: u64,
}

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryResult {
    /// The endpoint answered with this status.
    Answered(u16),
    /// No answer: refused target, network error or time-out.
    NoAnswer,
}

impl DeliveryResult {
    /// Whether the endpoint took it.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Answered(200..=299))
    }

    /// The status code, if there was one.
    pub const fn status_code(self) -> Option<u16> {
        match self {
            Self::Answered(code) => Some(code),
            Self::NoAnswer => None,
        }
    }
}

/// How long a worker may hold a delivery before another may take it: a little longer than a try
/// may take, so that what a killed worker held is tried again soon.
pub const DELIVERY_LEASE: Duration = Duration::from_secs(30);

/// The waits before the second and each later try: 28 hours in all.
pub const RETRY_WAITS: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(5 * 3600),
    Duration::from_secs(10 * 3600),
    Duration::from_secs(10 * 3600),
];

/// When to try again after `attempts` tries that all failed; `None` when no try is left.
pub fn next_try(attempts: u32, now: Timestamp) -> Option<Timestamp> {
    let wait = RETRY_WAITS.get(usize::try_from(attempts).ok()?.checked_sub(1)?)?;
    Some(now + *wait)
}
