//! Which leased delivery is sent next, so that a slow endpoint holds up no other.

use std::collections::{HashMap, VecDeque};

use domain::id::EndpointId;
use domain::time::Timestamp;
use domain::webhook::DueDelivery;

/// The most requests at a time.
pub(super) const IN_FLIGHT: usize = 64;
/// The most requests at a time to one endpoint.
pub(super) const IN_FLIGHT_PER_ENDPOINT: usize = 4;
/// The most deliveries that wait here for one endpoint.
const WAITING_PER_ENDPOINT: usize = 64;
/// The most deliveries that wait here at all; bounds the memory that their payloads take.
const WAITING: usize = 256;

/// Leased deliveries by endpoint.
#[derive(Default)]
pub(super) struct Lanes {
    lanes: HashMap<EndpointId, Lane>,
    in_flight: usize,
    waiting: usize,
}

#[derive(Default)]
struct Lane {
    in_flight: usize,
    waiting: VecDeque<Waiting>,
}

struct Waiting {
    delivery: DueDelivery,
    /// After this, the lease could run out before the request does.
    start_by: Timestamp,
}

impl Lanes {
    /// Takes a leased delivery in. Where its endpoint's lane is full, the delivery is let go: its
    /// lease runs out and it falls due again, and meanwhile it does not stand before the
    /// deliveries of other endpoints.
    pub(super) fn admit(&mut self, delivery: DueDelivery, start_by: Timestamp) {
        let lane = self.lanes.entry(delivery.endpoint.clone()).or_default();
        if self.waiting < WAITING && lane.waiting.len() < WAITING_PER_ENDPOINT {
            lane.waiting.push_back(Waiting { delivery, start_by });
            self.waiting += 1;
        }
    }

    /// The next delivery to send, now counted as in flight: one of the endpoint with the fewest
    /// requests in flight. Those that waited too long for their lease are let go.
    pub(super) fn start_next(&mut self, now: Timestamp) -> Option<DueDelivery> {
        while self.has_room() {
            let lane = self
                .lanes
                .values_mut()
                .filter(|lane| lane.in_flight < IN_FLIGHT_PER_ENDPOINT && !lane.waiting.is_empty())
                .min_by_key(|lane| lane.in_flight)?;
            let Waiting { delivery, start_by } = lane.waiting.pop_front()?;
            self.waiting -= 1;
            if now <= start_by {
                lane.in_flight += 1;
                self.in_flight += 1;
                return Some(delivery);
            }
        }
        None
    }

    /// A request of the endpoint ended.
    pub(super) fn finish(&mut self, endpoint: &EndpointId) {
        if let Some(lane) = self.lanes.get_mut(endpoint) {
            lane.in_flight = lane.in_flight.saturating_sub(1);
            self.in_flight = self.in_flight.saturating_sub(1);
        }
        self.lanes.retain(|_, lane| lane.in_flight > 0 || !lane.waiting.is_empty());
    }

    /// Whether another request may start.
    pub(super) fn has_room(&self) -> bool {
        self.in_flight < IN_FLIGHT
    }

    /// How many deliveries wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use domain::event::EventType;

    use super::*;

    const NOW: Timestamp = Timestamp(0);

    fn endpoint(number: usize) -> EndpointId {
        format!("whe_{number:032}").parse().unwrap()
    }

    fn delivery(to: usize) -> DueDelivery {
        DueDelivery {
            id: format!("whd_{}", "d".repeat(64)).parse().unwrap(),
            event: format!("evt_{}", "e".repeat(64)).parse().unwrap(),
            kind: EventType::SessionExpired,
            endpoint: endpoint(to),
            url: None,
            sealed_secret: String::new(),
            payload: String::new(),
            attempts: 0,
            lease: 1,
        }
    }

    fn started(lanes: &mut Lanes) -> Vec<EndpointId> {
        std::iter::from_fn(|| lanes.start_next(NOW)).map(|delivery| delivery.endpoint).collect()
    }

    #[test]
    fn an_endpoint_gets_no_more_than_its_share() {
        let mut lanes = Lanes::default();
        for _ in 0..10 {
            lanes.admit(delivery(1), NOW);
        }
        lanes.admit(delivery(2), NOW);
        let first = started(&mut lanes);
        assert_eq!(first.iter().filter(|id| **id == endpoint(1)).count(), 4);
        assert_eq!(first.iter().filter(|id| **id == endpoint(2)).count(), 1);
        assert_eq!(lanes.waiting(), 6);

        lanes.finish(&endpoint(1));
        assert_eq!(started(&mut lanes), [endpoint(1)]);
    }

    #[test]
    fn all_together_have_a_limit() {
        let mut lanes = Lanes::default();
        for to in 0..IN_FLIGHT + 5 {
            lanes.admit(delivery(to), NOW);
        }
        let first = started(&mut lanes);
        assert_eq!(first.len(), IN_FLIGHT);
        assert!(!lanes.has_room());
        lanes.finish(&first[0]);
        assert!(lanes.has_room());
        assert_eq!(started(&mut lanes).len(), 1);
    }

    #[test]
    fn a_full_lane_lets_go() {
        let mut lanes = Lanes::default();
        for _ in 0..WAITING_PER_ENDPOINT + 10 {
            lanes.admit(delivery(1), NOW);
        }
        assert_eq!(lanes.waiting(), WAITING_PER_ENDPOINT);
        for to in 2..=WAITING {
            lanes.admit(delivery(to), NOW);
        }
        assert_eq!(lanes.waiting(), WAITING);
    }

    /// A delivery whose lease may end during the request could be sent twice.
    #[test]
    fn a_delivery_that_waited_too_long_is_not_sent() {
        let mut lanes = Lanes::default();
        lanes.admit(delivery(1), NOW);
        lanes.admit(delivery(1), Timestamp(11));
        assert!(lanes.start_next(Timestamp(11)).is_some());
        assert!(lanes.start_next(Timestamp(11)).is_none());
        assert_eq!(lanes.waiting(), 0);
    }
}
