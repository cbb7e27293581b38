//! The encryption keys of endpoints: at most one of each endpoint is active.

use domain::id::{EncryptionKeyId, EndpointId, OrganizationId};
use domain::time::Timestamp;
use domain::webhook::EncryptionKey;
use rusqlite::{Connection, params};

use super::endpoints;
use super::failure::Outcome;
use super::row::Row;
use crate::error::StoreError;
use crate::page::Page;
use crate::webhooks::KeyFilter;

const TABLE: &str = "encryption_keys";

pub(super) fn insert(
    db: &Connection,
    organization: &OrganizationId,
    key: &EncryptionKey,
) -> Outcome<()> {
    endpoints::load(db, organization, &key.endpoint)?
        .ok_or(StoreError::NotFound("webhook endpoint"))?;
    if key.disabled_at.is_none() {
        switch_off_all(db, &key.endpoint, key.created_at)?;
    }
    db.prepare_cached(
        "INSERT INTO encryption_keys
             (id, endpoint_id, key_id, jwk, created_at, updated_at, disabled_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        key.id.as_str(),
        key.endpoint.as_str(),
        key.key_id,
        key.jwk,
        key.created_at.as_millis(),
        key.updated_at.as_millis(),
        key.disabled_at.map(Timestamp::as_millis),
    ])?;
    Ok(())
}

pub(super) fn list(
    db: &Connection,
    organization: &OrganizationId,
    endpoint: &EndpointId,
    filter: &KeyFilter,
) -> Outcome<Page<EncryptionKey>> {
    let mut query = db.prepare_cached(
        "SELECT k.* FROM encryption_keys k JOIN endpoints e ON e.id = k.endpoint_id
         WHERE e.organization_id = ?1 AND k.endpoint_id = ?2 AND k.id > ?3
             AND (?4 IS NULL OR ?4 = (k.disabled_at IS NULL))
         ORDER BY k.id LIMIT ?5",
    )?;
    let rows = query.query_and_then(
        params![
            organization.as_str(),
            endpoint.as_str(),
            filter.page.after(),
            filter.active,
            filter.page.rows(),
        ],
        |row| decode(&Row::of(TABLE, row)),
    )?;
    Ok(filter.page.page(rows.collect::<Outcome<Vec<_>>>()?))
}

/// The key that payloads for the endpoint are encrypted to.
pub(super) fn active(db: &Connection, endpoint: &EndpointId) -> Outcome<Option<EncryptionKey>> {
    db.prepare_cached(
        "SELECT * FROM encryption_keys WHERE endpoint_id = ?1 AND disabled_at IS NULL",
    )?
    .query_and_then([endpoint.as_str()], |row| decode(&Row::of(TABLE, row)))?
    .next()
    .transpose()
}

/// Gives the key as it is now, and whether it was switched.
pub(super) fn set_active(
    db: &Connection,
    organization: &OrganizationId,
    id: &EncryptionKeyId,
    active: bool,
    now: Timestamp,
) -> Outcome<(EncryptionKey, bool)> {
    let mut key = db
        .prepare_cached(
            "SELECT k.* FROM encryption_keys k JOIN endpoints e ON e.id = k.endpoint_id
             WHERE k.id = ?1 AND e.organization_id = ?2",
        )?
        .query_and_then([id.as_str(), organization.as_str()], |row| decode(&Row::of(TABLE, row)))?
        .next()
        .transpose()?
        .ok_or(StoreError::NotFound("encryption key"))?;
    if key.disabled_at.is_none() == active {
        return Ok((key, false));
    }
    if active {
        switch_off_all(db, &key.endpoint, now)?;
    }
    key.disabled_at = (!active).then_some(now);
    key.updated_at = now;
    db.prepare_cached(
        "UPDATE encryption_keys SET disabled_at = ?2, updated_at = ?3 WHERE id = ?1",
    )?
    .execute(params![
        id.as_str(),
        key.disabled_at.map(Timestamp::as_millis),
        key.updated_at.as_millis(),
    ])?;
    Ok((key, true))
}

fn switch_off_all(db: &Connection, endpoint: &EndpointId, now: Timestamp) -> Outcome<()> {
    db.prepare_cached(
        "UPDATE encryption_keys SET disabled_at = ?2, updated_at = ?2
         WHERE endpoint_id = ?1 AND disabled_at IS NULL",
    )?
    .execute(params![endpoint.as_str(), now.as_millis()])?;
    Ok(())
}

fn decode(row: &Row<'_>) -> Outcome<EncryptionKey> {
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
