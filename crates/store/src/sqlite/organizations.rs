//! Organizations and API keys.

use domain::audit::Entry;
use domain::branding::{Branding, Edit, Logo};
use domain::id::{ApiKeyId, OrganizationId};
use domain::key::KeyedHash;
use domain::organization::{ApiKey, Organization, Scope};
use domain::policy::Policy;
use domain::time::Timestamp;
use rusqlite::{Connection, params};

use super::failure::Outcome;
use super::row::Row;
use super::{Sqlite, branding, policy};
use crate::backend::Answer;
use crate::error::StoreError;
use crate::json;
use crate::organizations::Organizations;

impl Organizations for Sqlite {
    fn create_organization(&self, organization: Organization) -> Answer<()> {
        self.write(move |unit| {
            unit.db
                .prepare_cached(
                    "INSERT INTO organizations (id, name, face_match, chip_proof, revocation,
                         expired_documents, browser_binding, match_code, device_proof,
                         same_network, user_code, created_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                )?
                .execute(params![
                    organization.id.as_str(),
                    organization.name,
                    organization.policy.face_match.as_str(),
                    organization.policy.chip_proof.as_str(),
                    organization.policy.revocation.as_str(),
                    organization.policy.expired_documents.as_str(),
                    organization.policy.browser_binding.as_str(),
                    organization.policy.match_code.as_str(),
                    organization.policy.device_proof.as_str(),
                    organization.policy.same_network.as_str(),
                    organization.policy.user_code.as_str(),
                    organization.created_at.as_millis(),
                ])?;
            unit.tell(Entry::organization_created(&organization));
            Ok(())
        })
    }

    fn list_organizations(&self) -> Answer<Vec<Organization>> {
        self.read(|db| {
            db.prepare_cached("SELECT * FROM organizations ORDER BY id")?
                .query_and_then([], |row| decode(&Row::of("organizations", row)))?
                .collect()
        })
    }

    fn read_organization(&self, id: &OrganizationId) -> Answer<Option<Organization>> {
        let id = id.clone();
        self.glance(move |db| load(db, &id))
    }

    fn set_policy(&self, id: &OrganizationId, policy: Policy, now: Timestamp) -> Answer<()> {
        let id = id.clone();
        self.write(move |unit| {
            let before = load(unit.db, &id)?.ok_or(StoreError::NotFound("organization"))?.policy;
            unit.db
                .prepare_cached(
                    "UPDATE organizations SET face_match = ?2, chip_proof = ?3, revocation = ?4,
                         expired_documents = ?5, browser_binding = ?6, match_code = ?7,
                         device_proof = ?8, same_network = ?9, user_code = ?10
                     WHERE id = ?1",
                )?
                .execute([
                    id.as_str(),
                    policy.face_match.as_str(),
                    policy.chip_proof.as_str(),
                    policy.revocation.as_str(),
                    policy.expired_documents.as_str(),
                    policy.browser_binding.as_str(),
                    policy.match_code.as_str(),
                    policy.device_proof.as_str(),
                    policy.same_network.as_str(),
                    policy.user_code.as_str(),
                ])?;
            unit.entries = Entry::policies_changed(&id, &before, &policy, now);
            Ok(())
        })
    }

    fn read_branding(&self, id: &OrganizationId) -> Answer<Branding> {
        let id = id.clone();
        self.glance(move |db| branding::load(db, &id))
    }

    fn read_logo(&self, id: &OrganizationId) -> Answer<Option<Logo>> {
        let id = id.clone();
        self.glance(move |db| branding::logo(db, &id))
    }

    fn edit_branding(
        &self,
        id: &OrganizationId,
        edits: Vec<Edit>,
        now: Timestamp,
    ) -> Answer<Branding> {
        let id = id.clone();
        self.write(move |unit| {
            load(unit.db, &id)?.ok_or(StoreError::NotFound("organization"))?;
            let before = branding::load(unit.db, &id)?;
            let after = edits.iter().fold(before.clone(), Branding::edited);
            branding::save(unit.db, &id, &after, &edits)?;
            unit.entries = Entry::branding_changed(&id, &before, &after, now);
            Ok(after)
        })
    }

    fn create_api_key(&self, key: ApiKey) -> Answer<()> {
        self.write(move |unit| {
            unit.db
                .prepare_cached(
                    "INSERT INTO api_keys
                         (id, organization_id, name, hash, scopes, created_at, revoked_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![
                    key.id.as_str(),
                    key.organization.as_str(),
                    key.name,
                    key.hash.0,
                    json::names(key.scopes.iter().map(|scope| scope.as_str())),
                    key.created_at.as_millis(),
                    key.revoked_at.map(Timestamp::as_millis),
                ])?;
            unit.tell(Entry::api_key_created(&key));
            Ok(())
        })
    }

    fn list_api_keys(&self, organization: Option<&OrganizationId>) -> Answer<Vec<ApiKey>> {
        let organization = organization.cloned();
        self.read(move |db| {
            db.prepare_cached(
                "SELECT * FROM api_keys WHERE ?1 IS NULL OR organization_id = ?1 ORDER BY id",
            )?
            .query_and_then([organization.as_ref().map(OrganizationId::as_str)], |row| {
                decode_key(&Row::of("api_keys", row))
            })?
            .collect()
        })
    }

    fn revoke_api_key(&self, id: &ApiKeyId, now: Timestamp) -> Answer<()> {
        let id = id.clone();
        self.write(move |unit| {
            let key = unit
                .db
                .prepare_cached("SELECT * FROM api_keys WHERE id = ?1")?
                .query_and_then([id.as_str()], |row| decode_key(&Row::of("api_keys", row)))?
                .next()
                .transpose()?
                .ok_or(StoreError::NotFound("API key"))?;
            if key.revoked_at.is_none() {
                unit.db
                    .prepare_cached("UPDATE api_keys SET revoked_at = ?2 WHERE id = ?1")?
                    .execute(params![id.as_str(), now.as_millis()])?;
                unit.tell(Entry::api_key_revoked(&key.organization, &id, now));
            }
            Ok(())
        })
    }

    fn find_api_key(&self, hash: &KeyedHash) -> Answer<Option<(ApiKey, Organization)>> {
        let hash = *hash;
        self.glance(move |db| {
            let key = db
                .prepare_cached("SELECT * FROM api_keys WHERE hash = ?1")?
                .query_and_then([hash.0], |row| decode_key(&Row::of("api_keys", row)))?
                .next()
                .transpose()?;
            let Some(key) = key else { return Ok(None) };
            Ok(load(db, &key.organization)?.map(|organization| (key, organization)))
        })
    }
}

fn load(db: &Connection, id: &OrganizationId) -> Outcome<Option<Organization>> {
    db.prepare_cached("SELECT * FROM organizations WHERE id = ?1")?
        .query_and_then([id.as_str()], |row| decode(&Row::of("organizations", row)))?
        .next()
        .transpose()
}

fn decode(row: &Row<'_>) -> Outcome<Organization> {
    Ok(Organization {
        id: row.id("id")?,
        name: row.text("name")?.to_owned(),
        policy: policy::decode(row)?,
        created_at: row.time("created_at")?,
    })
}

fn decode_key(row: &Row<'_>) -> Outcome<ApiKey> {
    Ok(ApiKey {
        id: row.id("id")?,
        organization: row.id("organization_id")?,
        name: row.text("name")?.to_owned(),
        hash: KeyedHash(row.digest("hash")?),
        scopes: row
            .parsed("scopes", |text| json::read_names(text, |name| Scope::parse(name).ok()))?,
        created_at: row.time("created_at")?,
        revoked_at: row.optional_time("revoked_at")?,
    })
}
