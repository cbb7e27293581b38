//! Endpoints and their keys, as the seam asks for them.

use domain::id::{EncryptionKeyId, EndpointId, OrganizationId};
use domain::time::Timestamp;
use domain::webhook::{EncryptionKey, Endpoint};

use super::{Sqlite, encryption_keys, endpoints};
use crate::backend::Answer;
use crate::page::Page;
use crate::webhooks::{EndpointChange, EndpointFilter, KeyFilter, Webhooks};

impl Webhooks for Sqlite {
    fn create_endpoint(&self, endpoint: Endpoint) -> Answer<()> {
        self.write(move |unit| endpoints::insert(unit.db, &endpoint))
    }

    fn list_endpoints(
        &self,
        organization: &OrganizationId,
        filter: EndpointFilter,
    ) -> Answer<Page<Endpoint>> {
        let organization = organization.clone();
        self.read(move |db| endpoints::list(db, &organization, &filter))
    }

    fn read_endpoint(
        &self,
        organization: &OrganizationId,
        id: &EndpointId,
    ) -> Answer<Option<Endpoint>> {
        let (organization, id) = (organization.clone(), id.clone());
        self.read(move |db| endpoints::load(db, &organization, &id))
    }

    fn endpoint_unit(
        &self,
        organization: &OrganizationId,
        id: &EndpointId,
        change: EndpointChange,
    ) -> Answer<Endpoint> {
        let (organization, id) = (organization.clone(), id.clone());
        self.write(move |unit| endpoints::update(unit.db, &organization, &id, change))
    }

    fn set_endpoint_secret(
        &self,
        organization: &OrganizationId,
        id: &EndpointId,
        sealed_secret: String,
        now: Timestamp,
    ) -> Answer<()> {
        let (organization, id) = (organization.clone(), id.clone());
        self.write(move |unit| {
            endpoints::set_secret(unit.db, &organization, &id, &sealed_secret, now)
        })
    }

    fn delete_endpoint(&self, organization: &OrganizationId, id: &EndpointId) -> Answer<()> {
        let (organization, id) = (organization.clone(), id.clone());
        self.write(move |unit| endpoints::delete(unit.db, &organization, &id))
    }

    fn add_encryption_key(&self, organization: &OrganizationId, key: EncryptionKey) -> Answer<()> {
        let organization = organization.clone();
        self.write(move |unit| encryption_keys::insert(unit.db, &organization, &key))
    }

    fn list_encryption_keys(
        &self,
        organization: &OrganizationId,
        endpoint: &EndpointId,
        filter: KeyFilter,
    ) -> Answer<Page<EncryptionKey>> {
        let (organization, endpoint) = (organization.clone(), endpoint.clone());
        self.read(move |db| encryption_keys::list(db, &organization, &endpoint, &filter))
    }

    fn set_encryption_key_active(
        &self,
        organization: &OrganizationId,
        id: &EncryptionKeyId,
        active: bool,
        now: Timestamp,
    ) -> Answer<EncryptionKey> {
        let (organization, id) = (organization.clone(), id.clone());
        self.write(move |unit| {
            encryption_keys::set_active(unit.db, &organization, &id, active, now)
        })
    }
}
