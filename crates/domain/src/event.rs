//! What happened, as a relying party is told (REFERENCE 7.1).

use crate::assurance::Assurance;
use crate::attempt::FailureCode;
use crate::claim::Claims;
use crate::id::{AttemptId, SessionId};

/// The kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventType {
    /// An attempt proved a document and the person shared claims of it.
    AttemptSucceeded,
    /// An attempt failed.
    AttemptFailed,
    /// A session ended by its time.
    SessionExpired,
    /// A session was cancelled.
    SessionCancelled,
}

impl EventType {
    /// All kinds; what an endpoint subscribes to unless told otherwise.
    pub const ALL: [Self; 4] =
        [Self::AttemptSucceeded, Self::AttemptFailed, Self::SessionExpired, Self::SessionCancelled];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AttemptSucceeded => "verification.attempt.succeeded",
            Self::AttemptFailed => "verification.attempt.failed",
            Self::SessionExpired => "verification.session.expired",
            Self::SessionCancelled => "verification.session.cancelled",
        }
    }

    /// Reads a name; `None` if there is no such event.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// An event on its way to the outbox.
///
/// The claims live here in memory only, between the verdict and the encryption of the webhook.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The session it happened to.
    pub session: SessionId,
    /// What happened.
    pub fact: Fact,
}

/// Why a session was cancelled, where somebody said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelReason {
    /// The holder of the phone did not open the page. Somebody may have sent them the link.
    NotMe,
    /// The person at the page did not agree.
    Declined,
    /// The person cancelled, at the page or with the cancel token.
    ByPerson,
}

impl CancelReason {
    /// All reasons.
    pub const ALL: [Self; 3] = [Self::NotMe, Self::Declined, Self::ByPerson];

    /// The reason on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotMe => "not_me",
            Self::Declined => "declined",
            Self::ByPerson => "cancelled_by_person",
        }
    }

    /// Reads a reason; `None` if there is none like it.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// What happened, with what the relying party is told of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// See [`EventType::AttemptSucceeded`].
    AttemptSucceeded {
        /// The attempt.
        attempt: AttemptId,
        /// The claims that the person chose to share.
        claims: Claims,
        /// Their keys in alphabetical order.
        selected_field_keys: Vec<String>,
        /// Which proofs were made.
        assurance: Assurance,
    },
    /// See [`EventType::AttemptFailed`].
    AttemptFailed {
        /// The attempt.
        attempt: AttemptId,
        /// Why.
        failure_code: FailureCode,
    },
    /// See [`EventType::SessionExpired`].
    SessionExpired,
    /// See [`EventType::SessionCancelled`].
    SessionCancelled {
        /// Why, where somebody said so.
        reason: Option<CancelReason>,
    },
}

impl Event {
    /// Its kind.
    pub const fn kind(&self) -> EventType {
        match self.fact {
            Fact::AttemptSucceeded { .. } => EventType::AttemptSucceeded,
            Fact::AttemptFailed { .. } => EventType::AttemptFailed,
            Fact::SessionExpired => EventType::SessionExpired,
            Fact::SessionCancelled { .. } => EventType::SessionCancelled,
        }
    }

    /// The attempt it is about, if it is about one.
    pub const fn attempt(&self) -> Option<&AttemptId> {
        match &self.fact {
            Fact::AttemptSucceeded { attempt, .. } | Fact::AttemptFailed { attempt, .. } => {
                Some(attempt)
            }
            Fact::SessionExpired | Fact::SessionCancelled { .. } => None,
        }
    }
}
