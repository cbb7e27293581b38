//! The policies of an organization or a session, a column each.

use domain::policy::Policy;

use super::failure::Outcome;
use super::row::Row;

/// Reads the columns of a row.
pub(super) fn decode(row: &Row<'_>) -> Outcome<Policy> {
    let defaults = Policy::default();
    defaults.entries().into_iter().try_fold(defaults, |policy, (column, _)| {
        row.parsed(column, |text| policy.set(column, text).ok())
    })
}
