//! The encryption keys of endpoints: at most one of each endpoint is active.

use domain::audit::{Actor, Entry};
use domain::id::{EncryptionKeyId, EndpointId, OrganizationId};
use domain::time::Timestamp;
use domain::webhook::EncryptionKey;

use super::audit::tell;
use super::endpoints;
use super::failure::Outcome;
use super::link::{Link, Query, params, query};
use super::row::Row;
use crate::error::StoreError;
use crate::page::Page;
use crate::webhooks::KeyFilter;

pub(super) const TABLE: &str = "encryption_keys";

pub(super) async fn insert(
    link: &Link,
    organization: &OrganizationId,
    key: &EncryptionKey,
    by: &Actor,
) -> Outcome<()> {
    let locked = link.begin(vec![endpoints::lock(organization, &key.endpoint)]).await?;
    if locked.iter().all(Vec::is_empty) {
        return Err(StoreError::NotFound("webhook endpoint").into());
    }
    let mut writes = Vec::new();
    if key.disabled_at.is_none() {
        writes.push(switch_off_all(&key.endpoint, key.created_at));
    }
    writes.push(query(
        "INSERT INTO encryption_keys
             (id, endpoint_id, key_id, jwk, created_at, updated_at, disabled_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        params![
            key.id.to_string(),
            key.endpoint.to_string(),
            key.key_id.clone(),
            key.jwk.clone(),
            key.created_at.as_millis(),
            key.updated_at.as_millis(),
            key.disabled_at.map(Timestamp::as_millis),
        ],
    ));
    writes.extend(tell(&[Entry::encryption_key_added(organization, key, by.clone())]));
    link.commit(writes).await.map(drop)
}

pub(super) async fn list(
    link: &Link,
    organization: &OrganizationId,
    endpoint: &EndpointId,
    filter: &KeyFilter,
) -> Outcome<Page<EncryptionKey>> {
    let list = query(
        "SELECT k.* FROM encryption_keys k JOIN endpoints e ON e.id = k.endpoint_id
         WHERE e.organization_id = $1 AND k.endpoint_id = $2 AND k.id > $3
             AND ($4::boolean IS NULL OR $4 = (k.disabled_at IS NULL))
         ORDER BY k.id LIMIT $5",
        params![
            organization.to_string(),
            endpoint.to_string(),
            filter.page.after().to_owned(),
            filter.active,
            filter.page.rows(),
        ],
    );
    let found = link.read(list).await?;
    let keys = found.iter().map(|row| decode(&Row::of(TABLE, row))).collect::<Outcome<_>>()?;
    Ok(filter.page.page(keys))
}

/// The keys that payloads for an organization's endpoints are encrypted to.
pub(super) fn active(organization: &OrganizationId) -> Query {
    query(
        "SELECT k.* FROM encryption_keys k JOIN endpoints e ON e.id = k.endpoint_id
         WHERE e.organization_id = $1 AND k.disabled_at IS NULL",
        params![organization.to_string()],
    )
}

/// The lock on the endpoint lets one change at a time say which key is active.
pub(super) async fn set_active(
    link: &Link,
    organization: &OrganizationId,
    id: &EncryptionKeyId,
    active: bool,
    by: &Actor,
    now: Timestamp,
) -> Outcome<EncryptionKey> {
    let lock = query(
        "SELECT e.id FROM endpoints e JOIN encryption_keys k ON k.endpoint_id = e.id
         WHERE k.id = $1 AND e.organization_id = $2 FOR NO KEY UPDATE OF e",
        params![id.to_string(), organization.to_string()],
    );
    let load = query(
        "SELECT k.* FROM encryption_keys k JOIN endpoints e ON e.id = k.endpoint_id
         WHERE k.id = $1 AND e.organization_id = $2",
        params![id.to_string(), organization.to_string()],
    );
    let found = link.begin(vec![lock, load]).await?;
    let row = found.last().and_then(|rows| rows.first());
    let key = row.map(|row| decode(&Row::of(TABLE, row))).transpose()?;
    let mut key = key.ok_or(StoreError::NotFound("encryption key"))?;
    if key.disabled_at.is_none() == active {
        return Ok(key);
    }
    let mut writes = Vec::new();
    if active {
        writes.push(switch_off_all(&key.endpoint, now));
    }
    key.disabled_at = (!active).then_some(now);
    key.updated_at = now;
    writes.push(query(
        "UPDATE encryption_keys SET disabled_at = $2, updated_at = $3 WHERE id = $1",
        params![
            id.to_string(),
            key.disabled_at.map(Timestamp::as_millis),
            key.updated_at.as_millis(),
        ],
    ));
    let entry = Entry::encryption_key_switched(organization, &key, by.clone(), now);
    writes.extend(tell(&[entry]));
    link.commit(writes).await?;
    Ok(key)
}

fn switch_off_all(endpoint: &EndpointId, now: Timestamp) -> Query {
    query(
        "UPDATE encryption_keys SET disabled_at = $2, updated_at = $2
         WHERE endpoint_id = $1 AND disabled_at IS NULL",
        params![endpoint.to_string(), now.as_millis()],
    )
}

pub(super) fn decode(row: &Row<'_>) -> Outcome<EncryptionKey> {
    Ok(EncryptionKey {
        id: row.id("id")?,
        endpoint: row.id("endpoint_id")?,
        key_id: row.text("key_id")?.to_owned(),
        jwk: row.text("jwk")?.to_owned(),
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        disabled_at: row.optional_time("disabled_at")?,
    })
}
