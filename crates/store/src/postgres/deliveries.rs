//! Deliveries: their lease, their schedule and the end of their payload.

use domain::event::EventType;
use domain::id::{DeliveryId, EndpointId, EventId, OrganizationId};
use domain::time::Timestamp;
use domain::webhook::{
    DELIVERY_LEASE, DeliveryResult, DeliveryStatus, DueDelivery, EncryptionKey, next_try,
};

use super::failure::{Failure, Outcome, integer};
use super::link::{Link, Query, params, query};
use super::row::Row;
use crate::error::StoreError;
use crate::outbox::{
    Delivery, DeliveryError, DeliveryFilter, MAX_LEASES_PER_ENDPOINT, RecordedEvent,
    delivery_status,
};
use crate::page::{MAX_PAGE, Page};

pub(super) const TABLE: &str = "deliveries";

/// The advisory lock of whoever leases: "Kayl", 2.
const LEASING: &str = "SELECT pg_try_advisory_xact_lock(1264679276, 2) AS mine";

/// Takes what is due. `waiting` leaps through the index from endpoint to endpoint that has
/// something to send, so that the work does not grow with those that have nothing; `share` takes
/// no more rows of each than it may hold, so that it does not grow with a backlog; `nth` counts in
/// what the endpoint holds already. A row that is locked is being finished or deleted and waits
/// for the next look.
const LEASE: &str = "
    WITH RECURSIVE waiting AS (
        (SELECT endpoint_id FROM deliveries WHERE due_at IS NOT NULL ORDER BY endpoint_id LIMIT 1)
        UNION ALL
        SELECT (
            SELECT d.endpoint_id FROM deliveries d
            WHERE d.due_at IS NOT NULL AND d.endpoint_id > w.endpoint_id
            ORDER BY d.endpoint_id LIMIT 1
        ) FROM waiting w WHERE w.endpoint_id IS NOT NULL
    ), share AS MATERIALIZED (
        SELECT due.id, due.due_at,
            row_number() OVER (PARTITION BY w.endpoint_id ORDER BY due.due_at, due.id)
                + (SELECT count(*) FROM deliveries held
                   WHERE held.endpoint_id = w.endpoint_id AND held.status = 'delivering'
                       AND held.due_at > $1) AS nth
        FROM waiting w CROSS JOIN LATERAL (
            SELECT d.id, d.due_at FROM deliveries d
            WHERE d.endpoint_id = w.endpoint_id AND d.due_at <= $1
            ORDER BY d.due_at, d.id LIMIT $3
        ) due
    ), chosen AS MATERIALIZED (
        SELECT id, nth, due_at FROM share WHERE nth <= $3 ORDER BY nth, due_at, id LIMIT $2
    ), locked AS MATERIALIZED (
        SELECT d.id FROM deliveries d WHERE d.id IN (SELECT id FROM chosen)
        ORDER BY d.id FOR UPDATE SKIP LOCKED
    )
    UPDATE deliveries d
    SET status = 'delivering', due_at = $4, lease = d.lease + 1, updated_at = $1
    FROM locked JOIN chosen USING (id), events v, endpoints e
    WHERE d.id = locked.id AND d.due_at <= $1 AND v.id = d.event_id AND e.id = d.endpoint_id
    RETURNING d.id, d.event_id, d.endpoint_id, d.payload, d.attempt_count, d.lease, v.type,
        e.sealed_secret, CASE WHEN e.disabled_at IS NULL THEN e.url END AS url,
        chosen.nth, chosen.due_at AS was_due_at";

/// A delivery as it comes into being: with something to send, or failed.
pub(super) struct NewDelivery<'a> {
    pub(super) id: DeliveryId,
    pub(super) event: &'a RecordedEvent,
    pub(super) endpoint: &'a EndpointId,
    pub(super) key: Option<&'a EncryptionKey>,
    pub(super) payload: Result<String, DeliveryError>,
}

pub(super) fn insert(new: NewDelivery<'_>) -> Query {
    let now = new.event.created_at.as_millis();
    let (status, tries, error) = match &new.payload {
        Ok(_) => (DeliveryStatus::Pending, 0_i64, None),
        Err(error) => (DeliveryStatus::Failed, 1, Some(error.as_str())),
    };
    let payload = new.payload.ok();
    query(
        "INSERT INTO deliveries (id, event_id, endpoint_id, encryption_key_id, organization_id,
             status, due_at, payload, attempt_count, last_attempt_at, last_error, created_at,
             updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)",
        params![
            new.id.to_string(),
            new.event.id.to_string(),
            new.endpoint.to_string(),
            new.key.map(|key| key.id.to_string()),
            new.event.organization.to_string(),
            status.as_str(),
            payload.is_some().then_some(now),
            payload,
            tries,
            error.map(|_| now),
            error,
            now,
        ],
    )
}

/// Takes what is due; `None` while another process does. One at a time counts what an endpoint
/// holds: two that count at once would each give it its whole share.
pub(super) async fn lease(
    link: &Link,
    now: Timestamp,
    limit: u32,
) -> Outcome<Option<Vec<DueDelivery>>> {
    // A statement of its own: the next one sees what the last holder of the lock committed.
    let found = link.begin(vec![query(LEASING, params![])]).await?;
    let mine = found.first().and_then(|rows| rows.first()).map(|row| row.try_get("mine"));
    if mine.transpose()? != Some(true) {
        return Ok(None);
    }
    let lease = query(
        LEASE,
        params![
            now.as_millis(),
            i64::from(limit.min(MAX_PAGE)),
            i64::from(MAX_LEASES_PER_ENDPOINT),
            (now + DELIVERY_LEASE).as_millis(),
        ],
    );
    let mut rows = link.change(lease).await?;
    let place = |row: &tokio_postgres::Row| {
        (row.try_get::<_, i64>("nth").ok(), row.try_get::<_, i64>("was_due_at").ok())
    };
    rows.sort_by_key(place);
    let mut leased = Vec::with_capacity(rows.len());
    for row in &rows {
        match decode_due(row) {
            Ok(delivery) => leased.push(delivery),
            Err(Failure::Store(error @ StoreError::Corrupt { .. })) => {
                tracing::error!(%error, "a webhook is given up");
                give_up(link, row.try_get("id")?, now).await?;
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(Some(leased))
}

/// Ends a delivery that cannot be read, so that it stands before no other.
async fn give_up(link: &Link, id: String, now: Timestamp) -> Outcome<()> {
    let fail = query(
        "UPDATE deliveries SET status = 'failed', due_at = NULL, payload = NULL, updated_at = $2
         WHERE id = $1",
        params![id, now.as_millis()],
    );
    link.apply(vec![fail]).await.map(drop)
}

/// Records a try, if the lease still holds. Once nothing is left to send, the payload goes.
pub(super) async fn finish(
    link: &Link,
    id: &DeliveryId,
    lease: u64,
    result: DeliveryResult,
    now: Timestamp,
) -> Outcome<bool> {
    let lease = integer(lease)?;
    let held = query(
        "SELECT id, attempt_count FROM deliveries
         WHERE id = $1 AND lease = $2 AND status = 'delivering'",
        params![id.to_string(), lease],
    );
    let held = link.read(held).await?;
    let tries = held.first().map(|row| Row::of(TABLE, row).number::<u32>("attempt_count"));
    let Some(tries) = tries.transpose()?.map(|tries| tries.saturating_add(1)) else {
        return Ok(false);
    };
    let next = if result.is_success() { None } else { next_try(tries, now) };
    let status = match next {
        _ if result.is_success() => DeliveryStatus::Succeeded,
        Some(_) => DeliveryStatus::Pending,
        None => DeliveryStatus::Failed,
    };
    let update = query(
        "UPDATE deliveries SET status = $3, due_at = $4, attempt_count = $5, last_attempt_at = $6,
             last_status_code = $7, updated_at = $6,
             payload = CASE WHEN $4::bigint IS NULL THEN NULL ELSE payload END
         WHERE id = $1 AND lease = $2 AND status = 'delivering'",
        params![
            id.to_string(),
            lease,
            status.as_str(),
            next.map(Timestamp::as_millis),
            i64::from(tries),
            now.as_millis(),
            result.status_code().map(i64::from),
        ],
    );
    Ok(link.apply(vec![update]).await?.iter().sum::<u64>() > 0)
}

pub(super) async fn next_due(link: &Link, after: Timestamp) -> Outcome<Option<Timestamp>> {
    let next = query(
        "SELECT min(due_at) AS due_at FROM deliveries WHERE due_at > $1",
        params![after.as_millis()],
    );
    let found = link.read(next).await?;
    let due: Option<i64> = found.first().map_or(Ok(None), |row| row.try_get("due_at"))?;
    Ok(due.map(Timestamp))
}

pub(super) async fn list(
    link: &Link,
    organization: &OrganizationId,
    filter: &DeliveryFilter,
) -> Outcome<Page<Delivery>> {
    // A statement of its own for each, since each has its own best way.
    let narrow = match (&filter.event, &filter.endpoint) {
        (None, None) => "$4::text IS NULL AND $5::text IS NULL",
        (None, Some(_)) => "endpoint_id = $4 AND $5::text IS NULL",
        (Some(_), None) => "$4::text IS NULL AND event_id = $5",
        (Some(_), Some(_)) => "endpoint_id = $4 AND event_id = $5",
    };
    let list = query(
        format!(
            "SELECT * FROM deliveries
             WHERE organization_id = $1 AND {narrow} AND id > $2
                 AND ($3::text IS NULL OR status = $3)
             ORDER BY id LIMIT $6"
        ),
        params![
            organization.to_string(),
            filter.page.after().to_owned(),
            filter.status.map(DeliveryStatus::as_str),
            filter.endpoint.as_ref().map(ToString::to_string),
            filter.event.as_ref().map(EventId::to_string),
            filter.page.rows(),
        ],
    );
    let found = link.read(list).await?;
    let deliveries =
        found.iter().map(|row| decode(&Row::of(TABLE, row))).collect::<Outcome<_>>()?;
    Ok(filter.page.page(deliveries))
}

/// The deliveries of these events, ordered by id.
pub(super) fn of_events(events: Vec<String>) -> Query {
    query("SELECT * FROM deliveries WHERE event_id = ANY ($1) ORDER BY id", params![events])
}

/// A due delivery with the number of the lease that has begun.
fn decode_due(row: &tokio_postgres::Row) -> Outcome<DueDelivery> {
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
        lease: row.number("lease")?,
    })
}

pub(super) fn decode(row: &Row<'_>) -> Outcome<Delivery> {
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
