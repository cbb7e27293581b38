//! Events: recorded in the unit that made them, with a delivery for each subscriber.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::attempt::FailureCode;
use domain::event::{Event, EventType, Fact};
use domain::id::{DeliveryId, EndpointId, EventId, OrganizationId};
use domain::time::Timestamp;
use domain::webhook::{DeliveryResult, DueDelivery, EncryptionKey, Endpoint};

use super::failure::Outcome;
use super::link::{Link, Query, params, query};
use super::row::Row;
use super::{Postgres, Shared, TRIES, deliveries, detached, encryption_keys, endpoints};
use crate::backend::Answer;
use crate::error::StoreError;
use crate::outbox::{
    Delivery, DeliveryError, DeliveryFilter, EventFilter, EventSummary, Outbox, RecordedEvent,
};
use crate::page::Page;

const TABLE: &str = "events";

impl Outbox for Postgres {
    fn lease_deliveries(&self, now: Timestamp, limit: u32) -> Answer<Vec<DueDelivery>> {
        let shared = Arc::clone(&self.shared);
        detached(async move {
            for tries in 1..=TRIES {
                let lease =
                    |link: Arc<Link>| async move { deliveries::lease(&link, now, limit).await };
                if let Some(leased) = shared.run(lease).await? {
                    return Ok(leased);
                }
                // Whoever leases just now may not see what has only just fallen due.
                shared.rest(tries).await;
            }
            Err(StoreError::Busy)
        })
    }

    fn finish_delivery(
        &self,
        id: &DeliveryId,
        lease: u64,
        result: DeliveryResult,
        now: Timestamp,
    ) -> Answer<bool> {
        let id = id.clone();
        self.run(move |link| {
            let id = id.clone();
            async move { deliveries::finish(&link, &id, lease, result, now).await }
        })
    }

    fn next_delivery_due(&self, after: Timestamp) -> Answer<Option<Timestamp>> {
        self.run(move |link| async move { deliveries::next_due(&link, after).await })
    }

    fn list_deliveries(
        &self,
        organization: &OrganizationId,
        filter: DeliveryFilter,
    ) -> Answer<Page<Delivery>> {
        let about = Arc::new((organization.clone(), filter));
        self.run(move |link| {
            let about = Arc::clone(&about);
            async move { deliveries::list(&link, &about.0, &about.1).await }
        })
    }

    fn read_event(
        &self,
        organization: &OrganizationId,
        id: &EventId,
    ) -> Answer<Option<EventSummary>> {
        let (organization, id) = (organization.clone(), id.clone());
        self.run(move |link| {
            let event = query(
                "SELECT * FROM events WHERE id = $1 AND organization_id = $2",
                params![id.to_string(), organization.to_string()],
            );
            let deliveries = deliveries::of_events(vec![id.to_string()]);
            async move {
                let found = link.snapshot(vec![event, deliveries]).await?;
                let [events, deliveries] = found.as_slice() else { return Ok(None) };
                Ok(with_deliveries(events, deliveries)?.pop())
            }
        })
    }

    fn list_events(
        &self,
        organization: &OrganizationId,
        filter: EventFilter,
    ) -> Answer<Page<EventSummary>> {
        let organization = organization.clone();
        self.run(move |link| {
            let (read, page) = (list(&organization, &filter), filter.page.clone());
            async move {
                let found = link.begin_snapshot(vec![read]).await?.pop().unwrap_or_default();
                let page = page.page(found);
                let ids =
                    page.items.iter().map(|row| row.try_get("id")).collect::<Result<_, _>>()?;
                let deliveries = link.end_snapshot(vec![deliveries::of_events(ids)]).await?;
                let deliveries = deliveries.first().map_or(&[][..], Vec::as_slice);
                let items = with_deliveries(&page.items, deliveries)?;
                Ok(Page { items, has_more: page.has_more })
            }
        })
    }
}

/// The endpoints that an organization's events may go to, and their keys.
pub(super) struct Subscribers(Vec<(Endpoint, Option<EncryptionKey>)>);

impl Subscribers {
    /// None of them can be deleted before the transaction ends.
    pub(super) async fn load(link: &Link, organization: &OrganizationId) -> Outcome<Self> {
        let lock = query(
            "SELECT * FROM endpoints WHERE organization_id = $1 AND disabled_at IS NULL
             ORDER BY id FOR KEY SHARE",
            params![organization.to_string()],
        );
        let found = link.read_all(vec![lock, encryption_keys::active(organization)]).await?;
        let [locked, active] = found.as_slice() else { return Ok(Self(Vec::new())) };
        let keys = active.iter().map(|row| {
            let key = encryption_keys::decode(&Row::of(encryption_keys::TABLE, row))?;
            Ok((key.endpoint.clone(), key))
        });
        let mut keys = keys.collect::<Outcome<BTreeMap<EndpointId, EncryptionKey>>>()?;
        let subscribers = locked.iter().map(|row| {
            let endpoint = endpoints::decode(&Row::of(endpoints::TABLE, row))?;
            let key = keys.remove(&endpoint.id);
            Ok((endpoint, key))
        });
        subscribers.collect::<Outcome<_>>().map(Self)
    }

    /// What writes an event and what it means for each endpoint. The claims go to the sealer only.
    pub(super) fn record(
        &self,
        shared: &Shared,
        organization: &OrganizationId,
        event: Event,
        now: Timestamp,
    ) -> Outcome<Vec<Query>> {
        let event = RecordedEvent {
            id: shared.random(EventId::random),
            organization: organization.clone(),
            created_at: now,
            event,
        };
        let mut writes = vec![insert(&event)];
        let kind = event.event.kind();
        for (endpoint, key) in self.0.iter().filter(|(one, _)| one.subscribed.contains(&kind)) {
            let payload = match key {
                None => Err(DeliveryError::NoEncryptionKey),
                Some(key) => {
                    shared.sealer.seal(&event, key).map_err(|_| DeliveryError::EncryptionFailed)
                }
            };
            writes.push(deliveries::insert(deliveries::NewDelivery {
                id: shared.random(DeliveryId::random),
                event: &event,
                endpoint: &endpoint.id,
                key: key.as_ref(),
                payload,
            }));
        }
        Ok(writes)
    }
}

fn insert(event: &RecordedEvent) -> Query {
    let attempt = event.event.attempt();
    let failure_code = match event.event.fact {
        Fact::AttemptFailed { failure_code, .. } => Some(failure_code.as_str()),
        Fact::AttemptSucceeded { .. } | Fact::SessionExpired | Fact::SessionCancelled { .. } => {
            None
        }
    };
    query(
        "INSERT INTO events (id, organization_id, type, trigger_type, session_id, attempt_id,
             failure_code, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            event.id.to_string(),
            event.organization.to_string(),
            event.event.kind().as_str(),
            if attempt.is_some() { "verification_attempt" } else { "verification_session" },
            event.event.session.to_string(),
            attempt.map(ToString::to_string),
            failure_code,
            event.created_at.as_millis(),
        ],
    )
}

fn list(organization: &OrganizationId, filter: &EventFilter) -> Query {
    query(
        "SELECT * FROM events
         WHERE organization_id = $1 AND id > $2
             AND ($3::text IS NULL OR type = $3)
             AND ($4::bigint IS NULL OR created_at >= $4)
             AND ($5::bigint IS NULL OR created_at <= $5)
         ORDER BY id LIMIT $6",
        params![
            organization.to_string(),
            filter.page.after().to_owned(),
            filter.kind.map(EventType::as_str),
            filter.created_from.map(Timestamp::as_millis),
            filter.created_to.map(Timestamp::as_millis),
            filter.page.rows(),
        ],
    )
}

fn with_deliveries(
    events: &[tokio_postgres::Row],
    deliveries: &[tokio_postgres::Row],
) -> Outcome<Vec<EventSummary>> {
    let mut by_event: BTreeMap<EventId, Vec<Delivery>> = BTreeMap::new();
    for row in deliveries {
        let delivery = deliveries::decode(&Row::of(deliveries::TABLE, row))?;
        by_event.entry(delivery.event.clone()).or_default().push(delivery);
    }
    let with_deliveries = |row| {
        let mut event = decode(&Row::of(TABLE, row))?;
        event.deliveries = by_event.remove(&event.id).unwrap_or_default();
        Ok(event)
    };
    events.iter().map(with_deliveries).collect()
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
