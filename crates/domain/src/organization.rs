//! Organizations (relying parties), their API keys and scopes.

use std::fmt;

use crate::id::{ApiKeyId, OrganizationId};
use crate::key::KeyedHash;
use crate::policy::Policy;
use crate::time::Timestamp;

/// A relying party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its identifier.
    pub id: OrganizationId,
    /// The name that people are shown.
    pub name: String,
    /// What it decided for its sessions.
    pub policy: Policy,
    /// When it was created.
    pub created_at: Timestamp,
}

/// What an API key may do (REFERENCE 1.2). Writing implies reading in the same area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Read sessions and attempts.
    SessionsRead,
    /// Create and cancel sessions.
    SessionsWrite,
    /// Read endpoints, keys, deliveries and events.
    WebhooksRead,
    /// Change endpoints and keys, reveal and rotate secrets.
    WebhooksWrite,
    /// Read analytics.
    AnalyticsRead,
}

/// The text names no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown scope `{0}`; known scopes: sessions:read, sessions:write, webhooks:read, \
     webhooks:write, analytics:read"
)]
pub struct UnknownScope(pub String);

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 5] = [
        Self::SessionsRead,
        Self::SessionsWrite,
        Self::WebhooksRead,
        Self::WebhooksWrite,
        Self::AnalyticsRead,
    ];

    /// The scope as it is written and stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SessionsRead => "sessions:read",
            Self::SessionsWrite => "sessions:write",
            Self::WebhooksRead => "webhooks:read",
            Self::WebhooksWrite => "webhooks:write",
            Self::AnalyticsRead => "analytics:read",
        }
    }

    /// Reads a scope.
    pub fn parse(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| UnknownScope(text.to_owned()))
    }

    fn implies(self, wanted: Self) -> bool {
        self == wanted
            || matches!(
                (self, wanted),
                (Self::SessionsWrite, Self::SessionsRead)
                    | (Self::WebhooksWrite, Self::WebhooksRead)
            )
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The record of an API key. The key itself is shown once and kept by its owner alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its identifier.
    pub id: ApiKeyId,
    /// The organization it speaks for.
    pub organization: OrganizationId,
    /// A name for people.
    pub name: String,
    /// The keyed hash it is found by.
    pub hash: KeyedHash,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was revoked. A revoked key stays revoked.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether the key is in force and holds `scope`, directly or by implication.
    pub fn allows(&self, scope: Scope) -> bool {
        self.revoked_at.is_none() && self.scopes.iter().any(|held| held.implies(scope))
    }
}
