//! The audit trail: who did what, and when, without personal data (SECURITY row 21).
//!
//! An [`Entry`] holds ids, closed names and a time; there is no free text that a person, a phone or
//! a relying party could have written. Entries about sessions are derived from the session before
//! and after a unit ([`of_session`]), so that no rule can forget to write one. At rest an entry is a
//! [`Record`], tied by a [`Chain`] to the one before it.

mod chain;
mod session;

pub use chain::{Break, Chain, Head, MalformedHead, Record, Verifier};
pub use session::of_session;

use std::borrow::Cow;

use crate::attempt::FailureCode;
use crate::branding::Branding;
use crate::event::CancelReason;
use crate::id::{ApiKeyId, AttemptId, EncryptionKeyId, EndpointId, OrganizationId, SessionId};
use crate::organization::{ApiKey, Organization};
use crate::policy::Policy;
use crate::time::Timestamp;
use crate::webhook::{EncryptionKey, Endpoint};

/// Who acted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A relying party, by the API key it showed.
    RelyingParty(ApiKeyId),
    /// A browser that asked as our page does; or whoever holds the token that
    /// cancels.
    Page,
    /// Whoever knows the session's id: nothing tells who it was.
    Anyone,
    /// The phone.
    Phone,
    /// A person at the command line.
    Operator,
    /// The server itself, as when time runs out.
    Server,
}

impl Actor {
    /// The actor as it is stored: `key:ID`, or the name.
    pub fn as_text(&self) -> Cow<'static, str> {
        match self {
            Self::RelyingParty(key) => Cow::Owned(format!("key:{key}")),
            Self::Page => Cow::Borrowed("page"),
            Self::Anyone => Cow::Borrowed("anyone"),
            Self::Phone => Cow::Borrowed("phone"),
            Self::Operator => Cow::Borrowed("operator"),
            Self::Server => Cow::Borrowed("server"),
        }
    }
}

macro_rules! actions {
    ($( $(#[$doc:meta])* $name:ident = $text:literal, )*) => {
        /// What was done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Action { $( $(#[$doc])* $name, )* }

        impl Action {
            /// Every action.
            pub const ALL: &[Self] = &[$( Self::$name, )*];

            /// The action as it is stored.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$name => $text, )* }
            }
        }
    };
}

actions! {
    /// The database was bound to a master secret.
    MasterSecretBound = "master_secret.bound",
    /// An organization was created.
    OrganizationCreated = "organization.created",
    /// A policy of an organization was changed; the code is `policy=value`.
    PolicyChanged = "policy.changed",
    /// What an organization looks like was changed; the code is the member.
    BrandingChanged = "branding.changed",
    /// An API key was created.
    ApiKeyCreated = "api_key.created",
    /// An API key was revoked.
    ApiKeyRevoked = "api_key.revoked",
    /// A webhook endpoint was created.
    EndpointCreated = "endpoint.created",
    /// A webhook endpoint was changed.
    EndpointChanged = "endpoint.changed",
    /// The signing secret of a webhook endpoint was shown.
    EndpointSecretRevealed = "endpoint.secret_revealed",
    /// The signing secret of a webhook endpoint was replaced.
    EndpointSecretRotated = "endpoint.secret_rotated",
    /// A webhook endpoint was deleted.
    EndpointDeleted = "endpoint.deleted",
    /// An encryption key was added to an endpoint.
    EncryptionKeyAdded = "encryption_key.added",
    /// An encryption key was switched on.
    EncryptionKeyEnabled = "encryption_key.enabled",
    /// An encryption key was switched off.
    EncryptionKeyDisabled = "encryption_key.disabled",
    /// Trust material was imported, replaced or withdrawn.
    TrustChanged = "trust.changed",
    /// A session was created.
    SessionCreated = "session.created",
    /// A session ended with a verdict.
    SessionCompleted = "session.completed",
    /// The time of a session ran out.
    SessionExpired = "session.expired",
    /// A session was cancelled; the code says why, where somebody said so.
    SessionCancelled = "session.cancelled",
    /// The browser that opened the session was bound to it.
    BrowserBound = "browser.bound",
    /// The person at the page agreed to its text.
    ConsentGiven = "consent.given",
    /// The person at the page asked for more time.
    SessionExtended = "session.extended",
    /// A code to type on the phone was shown at the page.
    UserCodeShown = "user_code.shown",
    /// The page took the person back to the relying party with a response code.
    ResponseCodeIssued = "response_code.issued",
    /// The relying party redeemed a response code.
    ResponseCodeRedeemed = "response_code.redeemed",
    /// The device proved the key that its id names.
    DeviceProven = "device.proven",
    /// The match code that the page shows was chosen on the phone.
    MatchCodeConfirmed = "match_code.confirmed",
    /// A handoff was minted: a new attempt with a token of its own.
    HandoffMinted = "handoff.minted",
    /// A phone consumed the token of a handoff.
    HandoffClaimed = "handoff.claimed",
    /// The phone that holds the attempt came back with another socket.
    HandoffResumed = "handoff.resumed",
    /// An attempt died because another one was claimed.
    AttemptSuperseded = "attempt.superseded",
    /// An attempt succeeded, and claims were shared.
    AttemptSucceeded = "attempt.succeeded",
    /// An attempt failed; the code says why.
    AttemptFailed = "attempt.failed",
}

/// What an entry is about, where that is no organization, session or attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// An API key.
    ApiKey(ApiKeyId),
    /// A webhook endpoint.
    Endpoint(EndpointId),
    /// A key that webhooks are encrypted to.
    EncryptionKey(EncryptionKeyId),
    /// The trust material, by its generation.
    TrustGeneration(u64),
}

impl Object {
    fn as_text(&self) -> Cow<'_, str> {
        match self {
            Self::ApiKey(id) => Cow::Borrowed(id.as_str()),
            Self::Endpoint(id) => Cow::Borrowed(id.as_str()),
            Self::EncryptionKey(id) => Cow::Borrowed(id.as_str()),
            Self::TrustGeneration(number) => Cow::Owned(format!("generation:{number}")),
        }
    }
}

/// A detail from a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Why an attempt failed.
    Failure(FailureCode),
    /// Why a session was cancelled.
    Cancel(CancelReason),
    /// A policy and the value it has now.
    Policy {
        /// Its key.
        key: &'static str,
        /// Its value.
        value: &'static str,
    },
    /// What of a branding was changed.
    Branding(&'static str),
}

impl Code {
    fn as_text(self) -> Cow<'static, str> {
        match self {
            Self::Failure(code) => Cow::Borrowed(code.as_str()),
            Self::Cancel(reason) => Cow::Borrowed(reason.as_str()),
            Self::Branding(member) => Cow::Borrowed(member),
            Self::Policy { key, value } => Cow::Owned(format!("{key}={value}")),
        }
    }
}

/// One line of the trail, before it is linked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What.
    pub action: Action,
    /// The organization it concerns.
    pub organization: Option<OrganizationId>,
    /// The session it concerns.
    pub session: Option<SessionId>,
    /// The attempt it concerns.
    pub attempt: Option<AttemptId>,
    /// What else it concerns.
    pub object: Option<Object>,
    /// A detail.
    pub code: Option<Code>,
}

/// An entry as it is stored: its columns after the time, in order.
pub type Columns<'a> = [Option<Cow<'a, str>>; 7];

impl Entry {
    /// An entry that concerns nothing yet.
    pub const fn new(action: Action, actor: Actor, at: Timestamp) -> Self {
        Self {
            at,
            actor,
            action,
            organization: None,
            session: None,
            attempt: None,
            object: None,
            code: None,
        }
    }

    /// An organization was created.
    pub fn organization_created(organization: &Organization) -> Self {
        Self {
            organization: Some(organization.id.clone()),
            ..Self::new(Action::OrganizationCreated, Actor::Operator, organization.created_at)
        }
    }

    /// One entry for each policy that differs.
    pub fn policies_changed(
        organization: &OrganizationId,
        before: &Policy,
        after: &Policy,
        at: Timestamp,
    ) -> Vec<Self> {
        let pairs = before.entries().into_iter().zip(after.entries());
        pairs
            .filter(|(old, new)| old != new)
            .map(|(_, (key, value))| Self {
                organization: Some(organization.clone()),
                code: Some(Code::Policy { key, value }),
                ..Self::new(Action::PolicyChanged, Actor::Operator, at)
            })
            .collect()
    }

    /// One entry for each member of a branding that differs.
    pub fn branding_changed(
        organization: &OrganizationId,
        before: &Branding,
        after: &Branding,
        at: Timestamp,
    ) -> Vec<Self> {
        let entry = |member| Self {
            organization: Some(organization.clone()),
            code: Some(Code::Branding(member)),
            ..Self::new(Action::BrandingChanged, Actor::Operator, at)
        };
        before.differences(after).into_iter().map(entry).collect()
    }

    /// An API key was created.
    pub fn api_key_created(key: &ApiKey) -> Self {
        Self {
            organization: Some(key.organization.clone()),
            object: Some(Object::ApiKey(key.id.clone())),
            ..Self::new(Action::ApiKeyCreated, Actor::Operator, key.created_at)
        }
    }

    /// An API key was revoked.
    pub fn api_key_revoked(organization: &OrganizationId, key: &ApiKeyId, at: Timestamp) -> Self {
        Self {
            organization: Some(organization.clone()),
            object: Some(Object::ApiKey(key.clone())),
            ..Self::new(Action::ApiKeyRevoked, Actor::Operator, at)
        }
    }

    /// An endpoint was created.
    pub fn endpoint_created(endpoint: &Endpoint, by: Actor) -> Self {
        Self::endpoint(
            Action::EndpointCreated,
            &endpoint.organization,
            &endpoint.id,
            by,
            endpoint.created_at,
        )
    }

    /// Something was done to an endpoint.
    pub fn endpoint(
        action: Action,
        organization: &OrganizationId,
        endpoint: &EndpointId,
        by: Actor,
        at: Timestamp,
    ) -> Self {
        Self {
            organization: Some(organization.clone()),
            object: Some(Object::Endpoint(endpoint.clone())),
            ..Self::new(action, by, at)
        }
    }

    /// An encryption key was added.
    pub fn encryption_key_added(
        organization: &OrganizationId,
        key: &EncryptionKey,
        by: Actor,
    ) -> Self {
        Self::encryption_key(Action::EncryptionKeyAdded, organization, &key.id, by, key.created_at)
    }

    /// An encryption key was switched on or off.
    pub fn encryption_key_switched(
        organization: &OrganizationId,
        key: &EncryptionKey,
        by: Actor,
        at: Timestamp,
    ) -> Self {
        let action = match key.disabled_at {
            None => Action::EncryptionKeyEnabled,
            Some(_) => Action::EncryptionKeyDisabled,
        };
        Self::encryption_key(action, organization, &key.id, by, at)
    }

    fn encryption_key(
        action: Action,
        organization: &OrganizationId,
        key: &EncryptionKeyId,
        by: Actor,
        at: Timestamp,
    ) -> Self {
        Self {
            organization: Some(organization.clone()),
            object: Some(Object::EncryptionKey(key.clone())),
            ..Self::new(action, by, at)
        }
    }

    /// Trust material was changed, and this generation begun.
    pub fn trust_changed(generation: u64, at: Timestamp) -> Self {
        Self {
            object: Some(Object::TrustGeneration(generation)),
            ..Self::new(Action::TrustChanged, Actor::Operator, at)
        }
    }

    /// What is stored of it beside the time: actor, action, organization, session, attempt,
    /// object, code.
    pub fn columns(&self) -> Columns<'_> {
        [
            Some(self.actor.as_text()),
            Some(Cow::Borrowed(self.action.as_str())),
            self.organization.as_ref().map(|id| Cow::Borrowed(id.as_str())),
            self.session.as_ref().map(|id| Cow::Borrowed(id.as_str())),
            self.attempt.as_ref().map(|id| Cow::Borrowed(id.as_str())),
            self.object.as_ref().map(Object::as_text),
            self.code.map(Code::as_text),
        ]
    }
}
