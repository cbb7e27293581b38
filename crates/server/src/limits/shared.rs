//! The one rate that several nodes keep together: new sessions of an organization.
//!
//! A node draws a portion from the database and spends it by itself, so that the database is asked
//! about every hundredth session. The other rates are kept by each node alone: they protect the
//! node's own processor and memory from whoever reaches it, and a client that reaches three nodes
//! gets three times what one gives it. Handoffs per session are bounded in the domain, on whatever
//! node they are asked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::id::OrganizationId;
use domain::time::Timestamp;
use store::{Rate, StoreError};

use super::policy::SESSIONS;
use super::{Decision, RateLimits};
use crate::app::App;

/// A portion is this part of the quota.
const PORTIONS: u32 = 50;

/// How long a portion is kept. What a node does not spend by then is lost to all for the time that
/// it takes to come back.
const PORTION_LIFE: Duration = Duration::from_secs(10);

/// The clock's step.
const SHORTEST: Duration = Duration::from_millis(1);

/// What this node holds of each organization's allowance. It has as many entries as organizations
/// have created sessions here lately.
#[derive(Default)]
pub(super) struct Portions(Mutex<HashMap<OrganizationId, Arc<tokio::sync::Mutex<Portion>>>>);

#[derive(Clone, Copy)]
struct Portion {
    left: u32,
    /// What was left in the database when this was drawn.
    behind: u32,
    /// Whether there was nothing to draw.
    denied: bool,
    /// From when until when this holds.
    from: Timestamp,
    until: Timestamp,
}

impl Portion {
    const NONE: Self = Self {
        left: 0,
        behind: 0,
        denied: false,
        from: Timestamp(i64::MIN),
        until: Timestamp(i64::MIN),
    };

    /// Whether it was drawn and is to be spent. A clock that was set back ends it: it would hold,
    /// a refusal too, until the old time is reached again.
    fn holds(&self, now: Timestamp) -> bool {
        (self.from..self.until).contains(&now)
    }
}

impl Portions {
    fn of(&self, organization: &OrganizationId) -> Arc<tokio::sync::Mutex<Portion>> {
        let mut portions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let portion = portions
            .entry(organization.clone())
            .or_insert_with(|| Arc::new(tokio::sync::Mutex::new(Portion::NONE)));
        Arc::clone(portion)
    }

    /// Forgets portions that nobody waits for and that have run out.
    pub(super) fn shed(&self, now: Timestamp) {
        let mut portions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        portions.retain(|_, portion| {
            Arc::strong_count(portion) > 1
                || portion.try_lock().map_or(true, |portion| portion.holds(now))
        });
    }
}

/// Takes one from the organization's allowance of new sessions.
pub(crate) async fn new_session(
    app: &App,
    organization: &OrganizationId,
) -> Result<Option<Decision>, StoreError> {
    let RateLimits::Times(times) = app.limits.stretch else { return Ok(None) };
    let window = Duration::from_secs(SESSIONS.window.into());
    let rate = Rate { quota: SESSIONS.quota.saturating_mul(times.get()), window };
    let portion = app.limits.portions.of(organization);
    // One draws and the others wait for it: each drawing for itself would spend the quota on
    // portions that nobody needs.
    let mut portion = portion.lock().await;
    let now = app.now();
    if !portion.holds(now) || (portion.left == 0 && !portion.denied) {
        let want = (rate.quota / PORTIONS).max(1);
        let drawn =
            app.store.draw_allowance(SESSIONS.name, organization.as_str(), rate, want, now).await?;
        let denied = drawn.granted == 0;
        let life = if denied { drawn.next_in.max(SHORTEST) } else { PORTION_LIFE };
        *portion = Portion {
            left: drawn.granted,
            behind: drawn.left,
            denied,
            from: now,
            until: now + life,
        };
    }
    let refused = portion.left == 0;
    portion.left = portion.left.saturating_sub(1);
    let remaining = portion.left.saturating_add(portion.behind);
    let reset = if refused {
        portion.until.since(now)
    } else {
        window * rate.quota.saturating_sub(remaining) / rate.quota.max(1)
    };
    Ok(Some(Decision { policy: &SESSIONS, quota: rate.quota, remaining, reset, refused }))
}
