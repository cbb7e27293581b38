//! Sessions and their attempts.

use domain::attempt::Attempt;
use domain::audit::Actor;
use domain::event::Event;
use domain::id::{AttemptId, OrganizationId, SessionId};
use domain::key::KeyedHash;
use domain::session::Session;
use domain::time::Timestamp;

use crate::backend::Answer;
use crate::page::{Page, PageRequest};

/// What a unit makes of a session.
#[derive(Debug)]
pub struct Change {
    /// The session as it shall be stored.
    pub session: Session,
    /// Events for the outbox.
    pub events: Vec<Event>,
    /// Who asked for it, for the audit trail, where the change itself cannot tell.
    pub by: Option<Actor>,
}

/// A unit whose answer has been taken care of; `None` if it refused.
pub type SessionUnit = Box<dyn FnMut(Session) -> Option<Change> + Send>;

/// Sessions and attempts in a database.
pub trait Sessions {
    /// Stores a new session. Its organization must exist.
    fn create_session(&self, session: Session, by: Actor) -> Answer<()>;

    /// Runs a unit over a session: see [`crate::Store::session`].
    fn session_unit(&self, id: &SessionId, now: Timestamp, unit: SessionUnit) -> Answer<()>;

    /// Reads a session as it is stored. Whoever shows it applies [`Session::at`] first.
    fn read_session(&self, id: &SessionId) -> Answer<Option<Session>>;

    /// The sessions of an organization as they stand at `now`.
    fn list_sessions(
        &self,
        organization: &OrganizationId,
        filter: SessionFilter,
        now: Timestamp,
    ) -> Answer<Page<Session>>;

    /// The attempts of an organization, with their sessions, as they stand at `now`.
    fn list_attempts(
        &self,
        organization: &OrganizationId,
        filter: AttemptFilter,
        now: Timestamp,
    ) -> Answer<Page<(SessionId, Attempt)>>;

    /// Ends live sessions whose time has run out, the longest ago first, in one unit, and gives
    /// how many. One that another process is changing is left to that; one that cannot be read is
    /// logged and left as it is.
    fn expire_sessions(&self, now: Timestamp, limit: u32) -> Answer<u32>;

    /// Live sessions whose time has run out, longest ago first. A unit that changes nothing,
    /// run over each, expires it.
    fn due_sessions(&self, now: Timestamp, limit: u32) -> Answer<Vec<SessionId>>;

    /// The session and the attempt that a user code leads to, by its keyed hash: an attempt that is
    /// offered and whose token works at `now`. None also where two share the code.
    fn find_user_code(
        &self,
        hash: KeyedHash,
        now: Timestamp,
    ) -> Answer<Option<(SessionId, AttemptId)>>;
}

/// Which sessions to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// Only those of this status.
    pub status: Option<SessionStatus>,
    /// Only those created then or later.
    pub created_from: Option<Timestamp>,
    /// Only those created then or earlier.
    pub created_to: Option<Timestamp>,
    /// Which page.
    pub page: PageRequest,
}

/// Which attempts to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttemptFilter {
    /// Only those of this session.
    pub session: Option<SessionId>,
    /// Only those of this status.
    pub status: Option<AttemptStatus>,
    /// Which page.
    pub page: PageRequest,
}

/// The status of a session on the wire, as a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionStatus {
    /// `created`
    Created,
    /// `in_progress`
    InProgress,
    /// `completed`
    Completed,
    /// `expired`
    Expired,
    /// `cancelled`
    Cancelled,
}

impl SessionStatus {
    /// All statuses.
    pub const ALL: [Self; 5] =
        [Self::Created, Self::InProgress, Self::Completed, Self::Expired, Self::Cancelled];

    /// The status on the wire; also what [`Session::status`] gives.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads a status; `None` if there is no such status.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// The status of an attempt on the wire, as a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptStatus {
    /// `in_progress`
    InProgress,
    /// `succeeded`
    Succeeded,
    /// `failed`
    Failed,
    /// `cancelled`
    Cancelled,
}

impl AttemptStatus {
    /// All statuses.
    pub const ALL: [Self; 4] = [Self::InProgress, Self::Succeeded, Self::Failed, Self::Cancelled];

    /// The status on the wire; also what [`Attempt::status`] gives.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads a status; `None` if there is no such status.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}
