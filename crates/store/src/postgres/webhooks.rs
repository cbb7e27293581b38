//! Endpoints and their keys, as the seam asks for them.

use std::sync::{Arc, Mutex, PoisonError};

use domain::audit::Actor;
use domain::id::{EncryptionKeyId, EndpointId, OrganizationId};
use domain::time::Timestamp;
use domain::webhook::{EncryptionKey, Endpoint};

use super::{Postgres, encryption_keys, endpoints};
use crate::backend::Answer;
use crate::page::Page;
use crate::webhooks::{EndpointChange, EndpointFilter, KeyFilter, Webhooks};

impl Webhooks for Postgres {
    fn create_endpoint(&self, endpoint: Endpoint, by: Actor) -> Answer<()> {
        let about = Arc::new((endpoint, by));
        self.run(move |link| {
            let about = Arc::clone(&about);
            async move { endpoints::insert(&link, &about.0, &about.1).await }
        })
    }

    fn list_endpoints(
        &self,
        organization: &OrganizationId,
        filter: EndpointFilter,
    ) -> Answer<Page<Endpoint>> {
        let about = Arc::new((organization.clone(), filter));
        self.run(move |link| {
            let about = Arc::clone(&about);
            async move { endpoints::list(&link, &about.0, &about.1).await }
        })
    }

    fn read_endpoint(
        &self,
        organization: &OrganizationId,
        id: &EndpointId,
    ) -> Answer<Option<Endpoint>> {
        let about = Arc::new((organization.clone(), id.clone()));
        self.run(move |link| {
            let about = Arc::clone(&about);
            async move { endpoints::load(&link, &about.0, &about.1).await }
        })
    }

    fn endpoint_unit(
        &self,
        organization: &OrganizationId,
        id: &EndpointId,
        by: Actor,
        change: EndpointChange,
    ) -> Answer<Endpoint> {
        let about = Arc::new((organization.clone(), id.clone(), by));
        let change = Arc::new(Mutex::new(change));
        self.run(move |link| {
            let (about, change) = (Arc::clone(&about), Arc::clone(&change));
            async move {
                let mut change: EndpointChange = Box::new(move |endpoint| {
                    (change.lock().unwrap_or_else(PoisonError::into_inner))(endpoint);
                });
                endpoints::update(&link, &about.0, &about.1, &about.2, &mut change).await
            }
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
        let about = Arc::new((organization.clone(), id.clone(), sealed_secret, by));
        self.run(move |link| {
            let about = Arc::clone(&about);
            async move {
                let (organization, id, sealed_secret, by) = &*about;
                endpoints::set_secret(&link, organization, id, sealed_secret, by, now).await
            }
        })
    }

    fn delete_endpoint(
        &self,
        organization: &OrganizationId,
        id: &EndpointId,
        by: Actor,
        now: Timestamp,
    ) -> Answer<()> {
        let about = Arc::new((organization.clone(), id.clone(), by));
        self.run(move |link| {
            let about = Arc::clone(&about);
            async move { endpoints::delete(&link, &about.0, &about.1, &about.2, now).await }
        })
    }

    fn add_encryption_key(
        &self,
        organization: &OrganizationId,
        key: EncryptionKey,
        by: Actor,
    ) -> Answer<()> {
        let about = Arc::new((organization.clone(), key, by));
        self.run(move |link| {
            let about = Arc::clone(&about);
            async move { encryption_keys::insert(&link, &about.0, &about.1, &about.2).await }
        })
    }

    fn list_encryption_keys(
        &self,
        organization: &OrganizationId,
        endpoint: &EndpointId,
        filter: KeyFilter,
    ) -> Answer<Page<EncryptionKey>> {
        let about = Arc::new((organization.clone(), endpoint.clone(), filter));
        self.run(move |link| {
            let about = Arc::clone(&about);
            async move { encryption_keys::list(&link, &about.0, &about.1, &about.2).await }
        })
    }

    fn set_encryption_key_active(
        &self,
        organization: &OrganizationId,
        id: &EncryptionKeyId,
        active: bool,
        by: Actor,
        now: Timestamp,
    ) -> Answer<EncryptionKey> {
        let about = Arc::new((organization.clone(), id.clone(), by));
        self.run(move |link| {
            let about = Arc::clone(&about);
            async move {
                let (organization, id, by) = &*about;
                encryption_keys::set_active(&link, organization, id, active, by, now).await
            }
        })
    }
}
