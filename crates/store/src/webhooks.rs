//! Webhook endpoints and their encryption keys.

use domain::audit::Actor;
use domain::id::{EncryptionKeyId, EndpointId, OrganizationId};
use domain::time::Timestamp;
use domain::webhook::{EncryptionKey, Endpoint};

use crate::backend::Answer;
use crate::page::{Page, PageRequest};

/// The most endpoints that an organization has: an event is encrypted once for each, in the unit
/// that makes it.
pub const MAX_ENDPOINTS: u32 = 20;

/// A change of an endpoint.
pub type EndpointChange = Box<dyn FnMut(&mut Endpoint) + Send>;

/// Endpoints and encryption keys in a database. What belongs to another organization than the
/// one named is not found.
pub trait Webhooks {
    /// Stores a new endpoint. Its organization must exist, and have fewer than
    /// [`MAX_ENDPOINTS`].
    fn create_endpoint(&self, endpoint: Endpoint, by: Actor) -> Answer<()>;

    /// The endpoints of an organization.
    fn list_endpoints(
        &self,
        organization: &OrganizationId,
        filter: EndpointFilter,
    ) -> Answer<Page<Endpoint>>;

    /// One endpoint.
    fn read_endpoint(
        &self,
        organization: &OrganizationId,
        id: &EndpointId,
    ) -> Answer<Option<Endpoint>>;

    /// Changes an endpoint: see [`crate::Store::update_endpoint`].
    fn endpoint_unit(
        &self,
        organization: &OrganizationId,
        id: &EndpointId,
        by: Actor,
        change: EndpointChange,
    ) -> Answer<Endpoint>;

    /// Replaces the sealed signing secret; the old one signs no later try.
    fn set_endpoint_secret(
        &self,
        organization: &OrganizationId,
        id: &EndpointId,
        sealed_secret: String,
        by: Actor,
        now: Timestamp,
    ) -> Answer<()>;

    /// Deletes an endpoint with its keys and deliveries.
    fn delete_endpoint(
        &self,
        organization: &OrganizationId,
        id: &EndpointId,
        by: Actor,
        now: Timestamp,
    ) -> Answer<()>;

    /// Stores a new encryption key. If it is active, the endpoint's others are switched off, at
    /// its time of creation.
    fn add_encryption_key(
        &self,
        organization: &OrganizationId,
        key: EncryptionKey,
        by: Actor,
    ) -> Answer<()>;

    /// The encryption keys of an endpoint.
    fn list_encryption_keys(
        &self,
        organization: &OrganizationId,
        endpoint: &EndpointId,
        filter: KeyFilter,
    ) -> Answer<Page<EncryptionKey>>;

    /// Switches an encryption key on or off and gives it back. Switching it on switches the
    /// endpoint's others off.
    fn set_encryption_key_active(
        &self,
        organization: &OrganizationId,
        id: &EncryptionKeyId,
        active: bool,
        by: Actor,
        now: Timestamp,
    ) -> Answer<EncryptionKey>;
}

/// Which endpoints to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointFilter {
    /// Only those that are switched on, or off.
    pub enabled: Option<bool>,
    /// Which page.
    pub page: PageRequest,
}

/// Which encryption keys to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyFilter {
    /// Only those that are switched on, or off.
    pub active: Option<bool>,
    /// Which page.
    pub page: PageRequest,
}
