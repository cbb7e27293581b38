//! Organizations and API keys.

use domain::audit::Entry;
use domain::branding::{Branding, Edit, Logo};
use domain::id::{ApiKeyId, OrganizationId};
use domain::key::KeyedHash;
use domain::organization::{ApiKey, Organization, Scope};
use domain::policy::Policy;
use domain::time::Timestamp;

use super::audit::tell;
use super::failure::Outcome;
use super::link::{Query, params, query};
use super::row::Row;
use super::{Postgres, branding, policy};
use crate::backend::Answer;
use crate::error::StoreError;
use crate::json;
use crate::organizations::Organizations;

const TABLE: &str = "organizations";
const KEYS: &str = "api_keys";

impl Organizations for Postgres {
    fn create_organization(&self, organization: Organization) -> Answer<()> {
        self.run(move |link| {
            let mut writes = vec![insert(&organization)];
            writes.extend(tell(&[Entry::organization_created(&organization)]));
            async move { link.apply(writes).await.map(drop) }
        })
    }

    fn list_organizations(&self) -> Answer<Vec<Organization>> {
        self.run(|link| async move {
            let all = query("SELECT * FROM organizations ORDER BY id", params![]);
            link.read(all).await?.iter().map(|row| decode(&Row::of(TABLE, row))).collect()
        })
    }

    fn read_organization(&self, id: &OrganizationId) -> Answer<Option<Organization>> {
        let id = id.clone();
        self.run(move |link| {
            let one = by_id(&id);
            async move {
                let found = link.read(one).await?;
                found.first().map(|row| decode(&Row::of(TABLE, row))).transpose()
            }
        })
    }

    fn set_policy(&self, id: &OrganizationId, policy: Policy, now: Timestamp) -> Answer<()> {
        let id = id.clone();
        self.run(move |link| {
            let update = query(
                "UPDATE organizations SET face_match = $2, chip_proof = $3, revocation = $4,
                     expired_documents = $5, browser_binding = $6, match_code = $7,
                     device_proof = $8, same_network = $9, user_code = $10
                 WHERE id = $1",
                params![
                    id.to_string(),
                    policy.face_match.as_str(),
                    policy.chip_proof.as_str(),
                    policy.revocation.as_str(),
                    policy.expired_documents.as_str(),
                    policy.browser_binding.as_str(),
                    policy.match_code.as_str(),
                    policy.device_proof.as_str(),
                    policy.same_network.as_str(),
                    policy.user_code.as_str(),
                ],
            );
            let lock = query(
                "SELECT * FROM organizations WHERE id = $1 FOR NO KEY UPDATE",
                params![id.to_string()],
            );
            let id = id.clone();
            async move {
                let found = link.begin(vec![lock]).await?;
                let row = found.first().and_then(|rows| rows.first());
                let before = row.map(|row| decode(&Row::of(TABLE, row))).transpose()?;
                let before = before.ok_or(StoreError::NotFound("organization"))?.policy;
                let mut writes = vec![update];
                writes.extend(tell(&Entry::policies_changed(&id, &before, &policy, now)));
                link.commit(writes).await.map(drop)
            }
        })
    }

    fn read_branding(&self, id: &OrganizationId) -> Answer<Branding> {
        let id = id.clone();
        self.run(move |link| {
            let one = branding::by_id(&id);
            async move { branding::decode_first(&link.read(one).await?) }
        })
    }

    fn read_logo(&self, id: &OrganizationId) -> Answer<Option<Logo>> {
        let id = id.clone();
        self.run(move |link| {
            let one = branding::logo_by_id(&id);
            async move { branding::decode_logo(&link.read(one).await?) }
        })
    }

    fn edit_branding(
        &self,
        id: &OrganizationId,
        edits: Vec<Edit>,
        now: Timestamp,
    ) -> Answer<Branding> {
        let id = id.clone();
        self.run(move |link| {
            let lock = query(
                "SELECT id FROM organizations WHERE id = $1 FOR NO KEY UPDATE",
                params![id.to_string()],
            );
            let reads = vec![lock, branding::by_id(&id)];
            let (id, edits) = (id.clone(), edits.clone());
            async move {
                let found = link.begin(reads).await?;
                let [organizations, brandings] = found.as_slice() else {
                    return Err(StoreError::NotFound("organization").into());
                };
                if organizations.is_empty() {
                    return Err(StoreError::NotFound("organization").into());
                }
                let before = branding::decode_first(brandings)?;
                let after = edits.iter().fold(before.clone(), Branding::edited);
                let mut writes = branding::save(&id, &after, &edits);
                writes.extend(tell(&Entry::branding_changed(&id, &before, &after, now)));
                link.commit(writes).await?;
                Ok(after)
            }
        })
    }

    fn create_api_key(&self, key: ApiKey) -> Answer<()> {
        self.run(move |link| {
            let insert = query(
                "INSERT INTO api_keys
                     (id, organization_id, name, hash, scopes, created_at, revoked_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
                params![
                    key.id.to_string(),
                    key.organization.to_string(),
                    key.name.clone(),
                    key.hash.0.to_vec(),
                    json::names(key.scopes.iter().map(|scope| scope.as_str())),
                    key.created_at.as_millis(),
                    key.revoked_at.map(Timestamp::as_millis),
                ],
            );
            let mut writes = vec![insert];
            writes.extend(tell(&[Entry::api_key_created(&key)]));
            async move { link.apply(writes).await.map(drop) }
        })
    }

    fn list_api_keys(&self, organization: Option<&OrganizationId>) -> Answer<Vec<ApiKey>> {
        let organization = organization.map(ToString::to_string);
        self.run(move |link| {
            let list = query(
                "SELECT * FROM api_keys
                 WHERE $1::text IS NULL OR organization_id = $1 ORDER BY id",
                params![organization.clone()],
            );
            async move {
                link.read(list).await?.iter().map(|row| decode_key(&Row::of(KEYS, row))).collect()
            }
        })
    }

    fn revoke_api_key(&self, id: &ApiKeyId, now: Timestamp) -> Answer<()> {
        let id = id.clone();
        self.run(move |link| {
            let lock = query(
                "SELECT * FROM api_keys WHERE id = $1 FOR NO KEY UPDATE",
                params![id.to_string()],
            );
            let update = query(
                "UPDATE api_keys SET revoked_at = $2 WHERE id = $1",
                params![id.to_string(), now.as_millis()],
            );
            let id = id.clone();
            async move {
                let found = link.begin(vec![lock]).await?;
                let row = found.first().and_then(|rows| rows.first());
                let key = row.map(|row| decode_key(&Row::of(KEYS, row))).transpose()?;
                let key = key.ok_or(StoreError::NotFound("API key"))?;
                if key.revoked_at.is_none() {
                    let mut writes = vec![update];
                    writes.extend(tell(&[Entry::api_key_revoked(&key.organization, &id, now)]));
                    link.commit(writes).await?;
                }
                Ok(())
            }
        })
    }

    /// In one round trip, since every request of a relying party asks for it.
    fn find_api_key(&self, hash: &KeyedHash) -> Answer<Option<(ApiKey, Organization)>> {
        let hash = hash.0;
        self.run(move |link| async move {
            let key = query("SELECT * FROM api_keys WHERE hash = $1", params![hash.to_vec()]);
            let owner = query(
                "SELECT o.* FROM organizations o JOIN api_keys k ON k.organization_id = o.id
                 WHERE k.hash = $1",
                params![hash.to_vec()],
            );
            let found = link.snapshot(vec![key, owner]).await?;
            let [keys, owners] = found.as_slice() else { return Ok(None) };
            let (Some(key), Some(owner)) = (keys.first(), owners.first()) else { return Ok(None) };
            Ok(Some((decode_key(&Row::of(KEYS, key))?, decode(&Row::of(TABLE, owner))?)))
        })
    }
}

fn insert(organization: &Organization) -> Query {
    query(
        "INSERT INTO organizations (id, name, face_match, chip_proof, revocation,
             expired_documents, browser_binding, match_code, device_proof, same_network,
             user_code, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        params![
            organization.id.to_string(),
            organization.name.clone(),
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
        ],
    )
}

fn by_id(id: &OrganizationId) -> Query {
    query("SELECT * FROM organizations WHERE id = $1", params![id.to_string()])
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
