//! Deliveries: their lease, their schedule and the end of their payload.

use domain::event::EventType;
use domain::id::{DeliveryId, EndpointId, EventId, OrganizationId};
use domain::time::Timestamp;
use domain::webhook::{
    DELIVERY_LEASE, DeliveryResult, DeliveryStatus, DueDelivery, EncryptionKey, next_try,
};
use rusqlite::{Connection, params};

use super::failure::{Failure, Outcome, integer};
use super::row::Row;
use crate::error::StoreError;
use crate::outbox::{
    Delivery, DeliveryError, DeliveryFilter, MAX_LEASES_PER_ENDPOINT, RecordedEvent,
    delivery_status,
};
use crate::page::{MAX_PAGE, Page};

const TABLE: &str = "deliveries";

/// A delivery as it comes into being: with something to send, or failed.
pub(super) struct NewDelivery<'a> {
    pub(super) id: DeliveryId,
    pub(super) event: &'a RecordedEvent,
    pub(super) endpoint: EndpointId,
    pub(super) key: Option<EncryptionKey>,
    pub(super) payload: Result<String, DeliveryError>,
}

pub(super) fn insert(db: &Connection, new: NewDelivery<'_>) -> Outcome<()> {
    let now = new.event.created_at.as_millis();
    let (status, tries, error) = match &new.payload {
        Ok(_) => (DeliveryStatus::Pending, 0, None),
        Err(error) => (DeliveryStatus::Failed, 1, Some(error.as_str())),
    };
    let payload = new.payload.ok();
    db.prepare_cached(
        "INSERT INTO deliveries (id, event_id, endpoint_id, encryption_key_id, organization_id,
             status, due_at, payload, attempt_count, last_attempt_at, last_error, created_at,
             updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12)",
    )?
    .execute(params![
        new.id.as_str(),
        new.event.id.as_str(),
        new.endpoint.as_str(),
        new.key.as_ref().map(|key| key.id.as_str()),
        new.event.organization.as_str(),
        status.as_str(),
        payload.is_some().then_some(now),
        payload,
        tries,
        error.map(|_| now),
        error,
        now,
    ])?;
    Ok(())
}

/// Takes what is due. The write lock makes it the only one who does.
///
/// `share` goes from endpoint to endpoint and takes no more rows of each than it may hold, so that
/// the work does not grow with a backlog; `nth` counts in what the endpoint holds already.
pub(super) fn lease(db: &Connection, now: Timestamp, limit: u32) -> Outcome<Vec<DueDelivery>> {
    let due = {
        let mut query = db.prepare_cached(
            "WITH share AS MATERIALIZED (
                 SELECT d.rowid AS delivery, d.due_at,
                     row_number() OVER (PARTITION BY e.id ORDER BY d.due_at)
                         + (SELECT count(*) FROM deliveries held
                            WHERE held.endpoint_id = e.id AND held.status = 'delivering'
                                AND held.due_at > ?1) AS nth
                 FROM endpoints e CROSS JOIN deliveries d
                 WHERE d.rowid IN (
                     SELECT due.rowid FROM deliveries due
                     WHERE due.endpoint_id = e.id AND due.due_at <= ?1
                     ORDER BY due.due_at LIMIT ?3)
             )
             SELECT share.delivery, d.id, d.event_id, d.endpoint_id, d.payload, d.attempt_count, d.lease, v.type,
                 e.sealed_secret, CASE WHEN e.disabled_at IS NULL THEN e.url END AS url
             FROM share
             CROSS JOIN deliveries d ON d.rowid = share.delivery
             JOIN events v ON v.id = d.event_id
             JOIN endpoints e ON e.id = d.endpoint_id
             WHERE share.nth <= ?3
             ORDER BY share.nth, share.due_at LIMIT ?2",
        )?;
        let rows = query.query_and_then(
            params![now.as_millis(), limit.min(MAX_PAGE), MAX_LEASES_PER_ENDPOINT],
            |row| Ok::<_, Failure>((row.get::<_, i64>("delivery")?, decode_due(row))),
        )?;
        rows.collect::<Outcome<Vec<_>>>()?
    };
    let mut leased = Vec::with_capacity(due.len());
    let mut take = db.prepare_cached(
        "UPDATE deliveries SET status = 'delivering', due_at = ?2, lease = ?3, updated_at = ?4
         WHERE id = ?1",
    )?;
    for (row, delivery) in due {
        let delivery = match delivery {
            Ok(delivery) => delivery,
            Err(Failure::Store(error @ StoreError::Corrupt { .. })) => {
                tracing::error!(%error, "a webhook is given up");
                give_up(db, row, now)?;
                continue;
            }
            Err(failure) => return Err(failure),
        };
        take.execute(params![
            delivery.id.as_str(),
            (now + DELIVERY_LEASE).as_millis(),
            integer(delivery.lease)?,
            now.as_millis(),
        ])?;
        leased.push(delivery);
    }
    Ok(leased)
}

/// Ends a delivery that cannot be read, so that it stands before no other. It is found by its
/// place in the table: its id may be what cannot be read.
fn give_up(db: &Connection, row: i64, now: Timestamp) -> Outcome<()> {
    db.prepare_cached(
        "UPDATE deliveries SET status = 'failed', due_at = NULL, payload = NULL, updated_at = ?2
         WHERE rowid = ?1",
    )?
    .execute(params![row, now.as_millis()])?;
    Ok(())
}

/// Records a try, if the lease still holds. Once nothing is left to send, the payload goes.
pub(super) fn finish(
    db: &Connection,
    id: &DeliveryId,
    lease: u64,
    result: DeliveryResult,
    now: Timestamp,
) -> Outcome<bool> {
    let tries = db
        .prepare_cached(
            "SELECT id, attempt_count FROM deliveries
             WHERE id = ?1 AND lease = ?2 AND status = 'delivering'",
        )?
        .query_and_then(params![id.as_str(), integer(lease)?], |row| {
            Row::of(TABLE, row).number::<u32>("attempt_count")
        })?
        .next()
        .transpose()?;
    let Some(tries) = tries.map(|tries| tries.saturating_add(1)) else { return Ok(false) };
    let next = if result.is_success() { None } else { next_try(tries, now) };
    let status = match next {
        _ if result.is_success() => DeliveryStatus::Succeeded,
        Some(_) => DeliveryStatus::Pending,
        None => DeliveryStatus::Failed,
    };
    db.prepare_cached(
        "UPDATE deliveries SET status = ?2, due_at = ?3, attempt_count = ?4,
             last_attempt_at = ?5, last_status_code = ?6, updated_at = ?5,
             payload = CASE WHEN ?3 IS NULL THEN NULL ELSE payload END
         WHERE id = ?1",
    )?
    .execute(params![
        id.as_str(),
        status.as_str(),
        next.map(Timestamp::as_millis),
        tries,
        now.as_millis(),
        result.status_code(),
    ])?;
    Ok(true)
}

pub(super) fn next_due(db: &Connection, after: Timestamp) -> Outcome<Option<Timestamp>> {
    let due: Option<i64> = db
        .prepare_cached("SELECT min(due_at) FROM deliveries WHERE due_at > ?1")?
        .query_row([after.as_millis()], |row| row.get(0))?;
    Ok(due.map(Timestamp))
}

pub(super) fn list(
    db: &Connection,
    organization: &OrganizationId,
    filter: &DeliveryFilter,
) -> Outcome<Page<Delivery>> {
    // The deliveries of one event, or to one endpoint, are few among those of an organization: the
    // plus keeps SQLite from going through the latter (sqlite.org/optoverview.html §7).
    let narrow = match (&filter.event, &filter.endpoint) {
        (None, None) => "organization_id = ?1 AND ?4 IS NULL AND ?5 IS NULL",
        (None, Some(_)) => "+organization_id = ?1 AND endpoint_id = ?4 AND ?5 IS NULL",
        (Some(_), None) => "+organization_id = ?1 AND ?4 IS NULL AND event_id = ?5",
        (Some(_), Some(_)) => "+organization_id = ?1 AND +endpoint_id = ?4 AND event_id = ?5",
    };
    let mut query = db.prepare_cached(&format!(
        "SELECT * FROM deliveries
         WHERE {narrow} AND id > ?2 AND (?3 IS NULL OR status = ?3)
         ORDER BY id LIMIT ?6"
    ))?;
    let rows = query.query_and_then(
        params![
            organization.as_str(),
            filter.page.after(),
            filter.status.map(DeliveryStatus::as_str),
            filter.endpoint.as_ref().map(EndpointId::as_str),
            filter.event.as_ref().map(EventId::as_str),
            filter.page.rows(),
        ],
        |row| decode(&Row::of(TABLE, row)),
    )?;
    Ok(filter.page.page(rows.collect::<Outcome<Vec<_>>>()?))
}

pub(super) fn of_event(db: &Connection, event: &EventId) -> Outcome<Vec<Delivery>> {
    db.prepare_cached("SELECT * FROM deliveries WHERE event_id = ?1 ORDER BY id")?
        .query_and_then([event.as_str()], |row| decode(&Row::of(TABLE, row)))?
        .collect()
}

/// A due delivery with the number of the lease that is about to begin.
fn decode_due(row: &rusqlite::Row<'_>) -> Outcome<DueDelivery> {
    let event = Row::keyed("events", "event_id", row);
    let endpoint = Row::keyed("endpoints", "endpoint_id", row);
    let row = Row::of(TABLE, row);
    Ok(DueDelivery {
        id: row.id("id")?,
        event: row.id("event_id")?,
        kind: event.parsed("type", EventType::parse)?,
        endpoint: row.id("endpoint_id")?,
        url: endpoint.optional_text("url")?.map(str::to_owned),
        sealed_secret: endpoint.text("sealed_secret")?.to_owned(),
        payload: row.text("payload")?.to_owned(),
        attempts: row.number("attempt_count")?,
        lease: row.number::<u64>("lease")?.saturating_add(1),
    })
}

fn decode(row: &Row<'_>) -> Outcome<Delivery> {
    let status = row.parsed("status", delivery_status)?;
    let due_at = row.optional_time("due_at")?;
    let status_code = row.optional_integer("last_status_code")?;
    Ok(Delivery {
        id: row.id("id")?,
        event: row.id("event_id")?,
        endpoint: row.id("endpoint_id")?,
        encryption_key: row.optional_id("encryption_key_id")?,
        status,
        attempt_count: row.number("attempt_count")?,
        next_attempt_at: due_at.filter(|_| status == DeliveryStatus::Pending),
        last_attempt_at: row.optional_time("last_attempt_at")?,
        last_status_code: status_code
            .map(|code| row.known("last_status_code", u16::try_from(code).ok()))
            .transpose()?,
        last_error: row.optional_parsed("last_error", DeliveryError::parse)?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
