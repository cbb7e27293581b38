//! Events: recorded in the unit that made them, with a delivery for each subscriber.

use domain::attempt::FailureCode;
use domain::event::{Event, EventType, Fact};
use domain::id::{DeliveryId, EventId, OrganizationId};
use domain::time::Timestamp;
use domain::webhook::{DeliveryResult, DueDelivery};
use rusqlite::{Connection, params};

use super::failure::Outcome;
use super::row::Row;
use super::writer::Unit;
use super::{Sqlite, deliveries, encryption_keys, endpoints};
use crate::backend::Answer;
use crate::outbox::{
    Delivery, DeliveryError, DeliveryFilter, EventFilter, EventSummary, Outbox, RecordedEvent,
};
use crate::page::Page;

const TABLE: &str = "events";

impl Outbox for Sqlite {
    fn lease_deliveries(&self, now: Timestamp, limit: u32) -> Answer<Vec<DueDelivery>> {
        self.write(move |unit| deliveries::lease(unit.db, now, limit))
    }

    fn finish_delivery(
        &self,
        id: &DeliveryId,
        lease: u64,
        result: DeliveryResult,
        now: Timestamp,
    ) -> Answer<bool> {
        let id = id.clone();
        self.write(move |unit| deliveries::finish(unit.db, &id, lease, result, now))
    }

    fn next_delivery_due(&self, after: Timestamp) -> Answer<Option<Timestamp>> {
        self.read(move |db| deliveries::next_due(db, after))
    }

    fn list_deliveries(
        &self,
        organization: &OrganizationId,
        filter: DeliveryFilter,
    ) -> Answer<Page<Delivery>> {
        let organization = organization.clone();
        self.read(move |db| deliveries::list(db, &organization, &filter))
    }

    fn read_event(
        &self,
        organization: &OrganizationId,
        id: &EventId,
    ) -> Answer<Option<EventSummary>> {
        let (organization, id) = (organization.clone(), id.clone());
        self.read(move |db| {
            let event = db
                .prepare_cached("SELECT * FROM events WHERE id = ?1 AND organization_id = ?2")?
                .query_and_then([id.as_str(), organization.as_str()], |row| {
                    decode(&Row::of(TABLE, row))
                })?
                .next()
                .transpose()?;
            event.map(|event| with_deliveries(db, event)).transpose()
        })
    }

    fn list_events(
        &self,
        organization: &OrganizationId,
        filter: EventFilter,
    ) -> Answer<Page<EventSummary>> {
        let organization = organization.clone();
        self.read(move |db| list(db, &organization, &filter))
    }
}

/// Records an event and what it means for each endpoint. The claims go to the sealer only.
pub(super) fn record(
    unit: &mut Unit<'_>,
    organization: &OrganizationId,
    event: Event,
    now: Timestamp,
) -> Outcome<()> {
    let event = RecordedEvent {
        id: EventId::random(unit.entropy),
        organization: organization.clone(),
        created_at: now,
        event,
    };
    insert(unit.db, &event)?;
    for endpoint in endpoints::subscribers(unit.db, organization, event.event.kind())? {
        let id = DeliveryId::random(unit.entropy);
        let key = encryption_keys::active(unit.db, &endpoint.id)?;
        let payload = match &key {
            None => Err(DeliveryError::NoEncryptionKey),
            Some(key) => unit.sealer.seal(&event, key).map_err(|_| DeliveryError::EncryptionFailed),
        };
        let new =
            deliveries::NewDelivery { id, event: &event, endpoint: endpoint.id, key, payload };
        deliveries::insert(unit.db, new)?;
    }
    Ok(())
}

fn insert(db: &Connection, event: &RecordedEvent) -> Outcome<()> {
    let attempt = event.event.attempt();
    let failure_code = match event.event.fact {
        Fact::AttemptFailed { failure_code, .. } => Some(failure_code.as_str()),
        Fact::AttemptSucceeded { .. } | Fact::SessionExpired | Fact::SessionCancelled { .. } => {
            None
        }
    };
    db.prepare_cached(
        "INSERT INTO events (id, organization_id, type, trigger_type, session_id, attempt_id,
             failure_code, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        event.id.as_str(),
        event.organization.as_str(),
        event.event.kind().as_str(),
        if attempt.is_some() { "verification_attempt" } else { "verification_session" },
        event.event.session.as_str(),
        attempt.map(|attempt| attempt.as_str()),
        failure_code,
        event.created_at.as_millis(),
    ])?;
    Ok(())
}

fn list(
    db: &Connection,
    organization: &OrganizationId,
    filter: &EventFilter,
) -> Outcome<Page<EventSummary>> {
    let mut query = db.prepare_cached(
        "SELECT * FROM events
         WHERE organization_id = ?1 AND id > ?2
             AND (?3 IS NULL OR type = ?3)
             AND (?4 IS NULL OR created_at >= ?4)
             AND (?5 IS NULL OR created_at <= ?5)
         ORDER BY id LIMIT ?6",
    )?;
    let rows = query.query_and_then(
        params![
            organization.as_str(),
            filter.page.after(),
            filter.kind.map(EventType::as_str),
            filter.created_from.map(Timestamp::as_millis),
            filter.created_to.map(Timestamp::as_millis),
            filter.page.rows(),
        ],
        |row| decode(&Row::of(TABLE, row)),
    )?;
    let page = filter.page.page(rows.collect::<Outcome<Vec<_>>>()?);
    let items =
        page.items.into_iter().map(|event| with_deliveries(db, event)).collect::<Outcome<_>>()?;
    Ok(Page { items, has_more: page.has_more })
}

fn with_deliveries(db: &Connection, mut event: EventSummary) -> Outcome<EventSummary> {
    event.deliveries = deliveries::of_event(db, &event.id)?;
    Ok(event)
}

fn decode(row: &Row<'_>) -> Outcome<EventSummary> {
    Ok(EventSummary {
        id: row.id("id")?,
        organization: row.id("organization_id")?,
        kind: row.parsed("type", EventType::parse)?,
        session: row.id("session_id")?,
        attempt: row.optional_id("attempt_id")?,
        failure_code: row.optional_parsed("failure_code", FailureCode::parse)?,
        created_at: row.time("created_at")?,
        deliveries: Vec::new(),
    })
}
