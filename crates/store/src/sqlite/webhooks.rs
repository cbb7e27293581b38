//! Endpoints and their keys, as the seam asks for them.

use domain::audit::{Action, Actor, Entry};
use domain::id::{EncryptionKeyId, EndpointId, OrganizationId};
use domain::time::Timestamp;
use domain::webhook::{EncryptionKey, Endpoint};

use super::{Sqlite, encryption_keys, endpoints};
use crate::backend::Answer;
use crate::page::Page;
use crate::webhooks::{EndpointChange, EndpointFilter, KeyFilter, Webhooks};

impl Webhooks for Sqlite {
    fn create_endpoint(&self, endpoint: Endpoint, by: Actor) -> Answer<()> {
        self.write(move |unit| {
            endpoints::insert(unit.db, &endpoint)?;
            unit.tell(Entry::endpoint_created(&endpoint, by));
            Ok(())
        })
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
        by: Actor,
        change: EndpointChange,
    ) -> Answer<Endpoint> {
        let (organization, id) = (organization.clone(), id.clone());
        self.write(move |unit| {
            let endpoint = endpoints::update(unit.db, &organization, &id, change)?;
            let at = endpoint.updated_at;
            unit.tell(Entry::endpoint(Action::EndpointChanged, &organization, &id, by, at));
            Ok(endpoint)
        })
    }

    fn set_endpoint_secret(
        &self,
        organization: &OrganizationId,
        id: &EndpointId,
        sealed_secret: String,
        by: Actor,
        now: Timestamp,
    ) -> Answer<()> {
        let (organization, id) = (organization.clone(), id.clone());
        self.write(move |unit| {
            endpoints::set_secret(unit.db, &organization, &id, &sealed_secret, now)?;
            unit.tell(Entry::endpoint(Action::EndpointSecretRotated, &organization, &id, by, now));
            Ok(())
        })
    }

    fn delete_endpoint(
        &self,
        organization: &OrganizationId,
        id: &EndpointId,
        by: Actor,
        now: Timestamp,
    ) -> Answer<()> {
        let (organization, id) = (organization.clone(), id.clone());
        self.write(move |unit| {
            endpoints::delete(unit.db, &organization, &id)?;
            unit.tell(Entry::endpoint(Action::EndpointDeleted, &organization, &id, by, now));
            Ok(())
        })
    }

    fn add_encryption_key(
        &self,
        organization: &OrganizationId,
        key: EncryptionKey,
        by: Actor,
    ) -> Answer<()> {
        let organization = organization.clone();
        self.write(move |unit| {
            encryption_keys::insert(unit.db, &organization, &key)?;
            unit.tell(Entry::encryption_key_added(&organization, &key, by));
            Ok(())
        })
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
        by: Actor,
        now: Timestamp,
    ) -> Answer<EncryptionKey> {
        let (organization, id) = (organization.clone(), id.clone());
        self.write(move |unit| {
            let (key, switched) =
                encryption_keys::set_active(unit.db, &organization, &id, active, now)?;
            if switched {
                unit.tell(Entry::encryption_key_switched(&organization, &key, by, now));
            }
            Ok(key)
        })
    }
}
