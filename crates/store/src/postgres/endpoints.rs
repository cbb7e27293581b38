//! Webhook endpoints.

use domain::audit::{Action, Actor, Entry};
use domain::event::EventType;
use domain::id::{EndpointId, OrganizationId};
use domain::time::Timestamp;
use domain::webhook::Endpoint;

use super::audit::tell;
use super::failure::Outcome;
use super::link::{Link, Query, params, query};
use super::row::Row;
use crate::error::StoreError;
use crate::json;
use crate::page::Page;
use crate::webhooks::{EndpointChange, EndpointFilter, MAX_ENDPOINTS};

pub(super) const TABLE: &str = "endpoints";

/// The lock on the organization lets no other endpoint in between count and insert.
pub(super) async fn insert(link: &Link, endpoint: &Endpoint, by: &Actor) -> Outcome<()> {
    let organization = endpoint.organization.to_string();
    let lock = query(
        "SELECT id FROM organizations WHERE id = $1 FOR NO KEY UPDATE",
        params![organization.clone()],
    );
    let count = query(
        "SELECT count(*) AS count FROM endpoints WHERE organization_id = $1",
        params![organization.clone()],
    );
    let counted = link.begin(vec![lock, count]).await?;
    let count = counted.last().and_then(|rows| rows.first());
    let count: i64 = count.map(|row| row.try_get("count")).transpose()?.unwrap_or_default();
    if count >= i64::from(MAX_ENDPOINTS) {
        return Err(StoreError::TooMany { what: "webhook endpoints", limit: MAX_ENDPOINTS }.into());
    }
    let insert = query(
        "INSERT INTO endpoints (id, organization_id, name, url, subscribed, sealed_secret,
             created_at, updated_at, disabled_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            endpoint.id.to_string(),
            organization,
            endpoint.name.clone(),
            endpoint.url.clone(),
            subscribed(endpoint),
            endpoint.sealed_secret.clone(),
            endpoint.created_at.as_millis(),
            endpoint.updated_at.as_millis(),
            endpoint.disabled_at.map(Timestamp::as_millis),
        ],
    );
    let mut writes = vec![insert];
    writes.extend(tell(&[Entry::endpoint_created(endpoint, by.clone())]));
    link.commit(writes).await.map(drop)
}

pub(super) async fn list(
    link: &Link,
    organization: &OrganizationId,
    filter: &EndpointFilter,
) -> Outcome<Page<Endpoint>> {
    let list = query(
        "SELECT * FROM endpoints
         WHERE organization_id = $1 AND id > $2
             AND ($3::boolean IS NULL OR $3 = (disabled_at IS NULL))
         ORDER BY id LIMIT $4",
        params![
            organization.to_string(),
            filter.page.after().to_owned(),
            filter.enabled,
            filter.page.rows(),
        ],
    );
    let found = link.read(list).await?;
    let endpoints = found.iter().map(|row| decode(&Row::of(TABLE, row))).collect::<Outcome<_>>()?;
    Ok(filter.page.page(endpoints))
}

pub(super) fn by_id(organization: &OrganizationId, id: &EndpointId) -> Query {
    query(
        "SELECT * FROM endpoints WHERE id = $1 AND organization_id = $2",
        params![id.to_string(), organization.to_string()],
    )
}

/// One endpoint, which nobody else may change or delete until the transaction ends.
pub(super) fn lock(organization: &OrganizationId, id: &EndpointId) -> Query {
    query(
        "SELECT * FROM endpoints WHERE id = $1 AND organization_id = $2 FOR NO KEY UPDATE",
        params![id.to_string(), organization.to_string()],
    )
}

pub(super) async fn load(
    link: &Link,
    organization: &OrganizationId,
    id: &EndpointId,
) -> Outcome<Option<Endpoint>> {
    let found = link.read(by_id(organization, id)).await?;
    found.first().map(|row| decode(&Row::of(TABLE, row))).transpose()
}

pub(super) async fn update(
    link: &Link,
    organization: &OrganizationId,
    id: &EndpointId,
    by: &Actor,
    change: &mut EndpointChange,
) -> Outcome<Endpoint> {
    let locked = link.begin(vec![lock(organization, id)]).await?;
    let row = locked.first().and_then(|rows| rows.first());
    let stored = row.map(|row| decode(&Row::of(TABLE, row))).transpose()?;
    let stored = stored.ok_or(StoreError::NotFound("webhook endpoint"))?;
    let mut endpoint = stored.clone();
    change(&mut endpoint);
    let update = query(
        "UPDATE endpoints SET name = $2, url = $3, subscribed = $4, updated_at = $5,
             disabled_at = $6
         WHERE id = $1",
        params![
            id.to_string(),
            endpoint.name.clone(),
            endpoint.url.clone(),
            subscribed(&endpoint),
            endpoint.updated_at.as_millis(),
            endpoint.disabled_at.map(Timestamp::as_millis),
        ],
    );
    let at = endpoint.updated_at;
    let entry = Entry::endpoint(Action::EndpointChanged, organization, id, by.clone(), at);
    let mut writes = vec![update];
    writes.extend(tell(&[entry]));
    link.commit(writes).await?;
    let Endpoint { id, organization, sealed_secret, created_at, .. } = stored;
    Ok(Endpoint { id, organization, sealed_secret, created_at, ..endpoint })
}

pub(super) async fn set_secret(
    link: &Link,
    organization: &OrganizationId,
    id: &EndpointId,
    sealed_secret: &str,
    by: &Actor,
    now: Timestamp,
) -> Outcome<()> {
    lock_or_refuse(link, lock(organization, id)).await?;
    let update = query(
        "UPDATE endpoints SET sealed_secret = $3, updated_at = $4
         WHERE id = $1 AND organization_id = $2",
        params![
            id.to_string(),
            organization.to_string(),
            sealed_secret.to_owned(),
            now.as_millis(),
        ],
    );
    let entry = Entry::endpoint(Action::EndpointSecretRotated, organization, id, by.clone(), now);
    let mut writes = vec![update];
    writes.extend(tell(&[entry]));
    link.commit(writes).await.map(drop)
}

pub(super) async fn delete(
    link: &Link,
    organization: &OrganizationId,
    id: &EndpointId,
    by: &Actor,
    now: Timestamp,
) -> Outcome<()> {
    let lock = query(
        "SELECT id FROM endpoints WHERE id = $1 AND organization_id = $2 FOR UPDATE",
        params![id.to_string(), organization.to_string()],
    );
    lock_or_refuse(link, lock).await?;
    let delete = query(
        "DELETE FROM endpoints WHERE id = $1 AND organization_id = $2",
        params![id.to_string(), organization.to_string()],
    );
    let entry = Entry::endpoint(Action::EndpointDeleted, organization, id, by.clone(), now);
    let mut writes = vec![delete];
    writes.extend(tell(&[entry]));
    link.commit(writes).await.map(drop)
}

/// Begins a transaction with the lock on an endpoint that must be there.
async fn lock_or_refuse(link: &Link, lock: Query) -> Outcome<()> {
    if link.begin(vec![lock]).await?.iter().all(Vec::is_empty) {
        return Err(StoreError::NotFound("webhook endpoint").into());
    }
    Ok(())
}

fn subscribed(endpoint: &Endpoint) -> String {
    json::names(endpoint.subscribed.iter().map(|kind| kind.as_str()))
}

pub(super) fn decode(row: &Row<'_>) -> Outcome<Endpoint> {
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
