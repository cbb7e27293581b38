//! Webhook endpoints.

use domain::event::EventType;
use domain::id::{EndpointId, OrganizationId};
use domain::time::Timestamp;
use domain::webhook::Endpoint;
use rusqlite::{Connection, params};

use super::failure::{Outcome, found};
use super::row::Row;
use crate::error::StoreError;
use crate::json;
use crate::page::Page;
use crate::webhooks::{EndpointChange, EndpointFilter, MAX_ENDPOINTS};

const TABLE: &str = "endpoints";

pub(super) fn insert(db: &Connection, endpoint: &Endpoint) -> Outcome<()> {
    let count: u32 = db
        .prepare_cached("SELECT count(*) FROM endpoints WHERE organization_id = ?1")?
        .query_row([endpoint.organization.as_str()], |row| row.get(0))?;
    if count >= MAX_ENDPOINTS {
        return Err(StoreError::TooMany { what: "webhook endpoints", limit: MAX_ENDPOINTS }.into());
    }
    db.prepare_cached(
        "INSERT INTO endpoints (id, organization_id, name, url, subscribed, sealed_secret,
             created_at, updated_at, disabled_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        endpoint.id.as_str(),
        endpoint.organization.as_str(),
        endpoint.name,
        endpoint.url,
        subscribed(endpoint),
        endpoint.sealed_secret,
        endpoint.created_at.as_millis(),
        endpoint.updated_at.as_millis(),
        endpoint.disabled_at.map(Timestamp::as_millis),
    ])?;
    Ok(())
}

pub(super) fn list(
    db: &Connection,
    organization: &OrganizationId,
    filter: &EndpointFilter,
) -> Outcome<Page<Endpoint>> {
    let mut query = db.prepare_cached(
        "SELECT * FROM endpoints
         WHERE organization_id = ?1 AND id > ?2 AND (?3 IS NULL OR ?3 = (disabled_at IS NULL))
         ORDER BY id LIMIT ?4",
    )?;
    let rows = query.query_and_then(
        params![organization.as_str(), filter.page.after(), filter.enabled, filter.page.rows()],
        |row| decode(&Row::of(TABLE, row)),
    )?;
    Ok(filter.page.page(rows.collect::<Outcome<Vec<_>>>()?))
}

/// The endpoints of an organization that are switched on and subscribed to `kind`.
pub(super) fn subscribers(
    db: &Connection,
    organization: &OrganizationId,
    kind: EventType,
) -> Outcome<Vec<Endpoint>> {
    let mut query = db.prepare_cached(
        "SELECT * FROM endpoints WHERE organization_id = ?1 AND disabled_at IS NULL ORDER BY id",
    )?;
    let rows = query.query_and_then([organization.as_str()], |row| decode(&Row::of(TABLE, row)))?;
    let mut endpoints = rows.collect::<Outcome<Vec<_>>>()?;
    endpoints.retain(|endpoint| endpoint.subscribed.contains(&kind));
    Ok(endpoints)
}

pub(super) fn load(
    db: &Connection,
    organization: &OrganizationId,
    id: &EndpointId,
) -> Outcome<Option<Endpoint>> {
    db.prepare_cached("SELECT * FROM endpoints WHERE id = ?1 AND organization_id = ?2")?
        .query_and_then([id.as_str(), organization.as_str()], |row| decode(&Row::of(TABLE, row)))?
        .next()
        .transpose()
}

pub(super) fn update(
    db: &Connection,
    organization: &OrganizationId,
    id: &EndpointId,
    mut change: EndpointChange,
) -> Outcome<Endpoint> {
    let mut endpoint =
        load(db, organization, id)?.ok_or(StoreError::NotFound("webhook endpoint"))?;
    change(&mut endpoint);
    db.prepare_cached(
        "UPDATE endpoints SET name = ?2, url = ?3, subscribed = ?4, updated_at = ?5,
             disabled_at = ?6
         WHERE id = ?1",
    )?
    .execute(params![
        id.as_str(),
        endpoint.name,
        endpoint.url,
        subscribed(&endpoint),
        endpoint.updated_at.as_millis(),
        endpoint.disabled_at.map(Timestamp::as_millis),
    ])?;
    Ok(load(db, organization, id)?.ok_or(StoreError::NotFound("webhook endpoint"))?)
}

pub(super) fn set_secret(
    db: &Connection,
    organization: &OrganizationId,
    id: &EndpointId,
    sealed_secret: &str,
    now: Timestamp,
) -> Outcome<()> {
    let rows = db
        .prepare_cached(
            "UPDATE endpoints SET sealed_secret = ?3, updated_at = ?4
             WHERE id = ?1 AND organization_id = ?2",
        )?
        .execute(params![id.as_str(), organization.as_str(), sealed_secret, now.as_millis()])?;
    found(rows, "webhook endpoint")
}

pub(super) fn delete(
    db: &Connection,
    organization: &OrganizationId,
    id: &EndpointId,
) -> Outcome<()> {
    let rows = db
        .prepare_cached("DELETE FROM endpoints WHERE id = ?1 AND organization_id = ?2")?
        .execute([id.as_str(), organization.as_str()])?;
    found(rows, "webhook endpoint")
}

fn subscribed(endpoint: &Endpoint) -> String {
    json::names(endpoint.subscribed.iter().map(|kind| kind.as_str()))
}

fn decode(row: &Row<'_>) -> Outcome<Endpoint> {
    Ok(Endpoint {
        id: row.id("id")?,
        organization: row.id("organization_id")?,
        name: row.optional_text("name")?.map(str::to_owned),
        url: row.text("url")?.to_owned(),
        subscribed: row.parsed("subscribed", |text| json::read_names(text, EventType::parse))?,
        sealed_secret: row.text("sealed_secret")?.to_owned(),
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        disabled_at: row.optional_time("disabled_at")?,
    })
}
