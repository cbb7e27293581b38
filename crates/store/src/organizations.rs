//! Organizations and their API keys.

use domain::branding::{Branding, Edit, Logo};
use domain::id::{ApiKeyId, OrganizationId};
use domain::key::KeyedHash;
use domain::organization::{ApiKey, Organization};
use domain::policy::Policy;
use domain::time::Timestamp;

use crate::backend::Answer;

/// Organizations and API keys in a database.
pub trait Organizations {
    /// Stores a new organization.
    fn create_organization(&self, organization: Organization) -> Answer<()>;

    /// All organizations, ordered by id.
    fn list_organizations(&self) -> Answer<Vec<Organization>>;

    /// One organization.
    fn read_organization(&self, id: &OrganizationId) -> Answer<Option<Organization>>;

    /// Sets the policies of an organization. Sessions that exist keep theirs.
    fn set_policy(&self, id: &OrganizationId, policy: Policy, now: Timestamp) -> Answer<()>;

    /// What an organization looks like; the default if nothing was ever set, or there is none.
    fn read_branding(&self, id: &OrganizationId) -> Answer<Branding>;

    /// The logo of an organization.
    fn read_logo(&self, id: &OrganizationId) -> Answer<Option<Logo>>;

    /// Makes all edits or none, in their order, and gives what the organization looks like then.
    fn edit_branding(
        &self,
        id: &OrganizationId,
        edits: Vec<Edit>,
        now: Timestamp,
    ) -> Answer<Branding>;

    /// Stores a new API key. Its organization must exist.
    fn create_api_key(&self, key: ApiKey) -> Answer<()>;

    /// The API keys of one organization, or of all, ordered by id; revoked ones are among them.
    fn list_api_keys(&self, organization: Option<&OrganizationId>) -> Answer<Vec<ApiKey>>;

    /// Revokes an API key for good. One that is revoked already keeps its time.
    fn revoke_api_key(&self, id: &ApiKeyId, now: Timestamp) -> Answer<()>;

    /// Finds an API key, in force or not, and whom it speaks for.
    fn find_api_key(&self, hash: &KeyedHash) -> Answer<Option<(ApiKey, Organization)>>;
}
