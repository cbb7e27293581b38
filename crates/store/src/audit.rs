//! The audit trail.
//!
//! Entries are written in the unit whose change they tell of. SQLite has one writer, which links
//! them there and then. PostgreSQL has many, and a chain that each had to extend would let them
//! commit one after the other only: there, entries are committed unlinked, and
//! [`AuditTrail::link_audit`] links what is committed.

use domain::audit::{Entry, Head, Record};

use crate::backend::Answer;

/// The audit trail in a database.
pub trait AuditTrail {
    /// Tells of something that changed nothing, such as a secret that was shown.
    fn append_audit(&self, entry: Entry) -> Answer<()>;

    /// Up to `limit` records that follow the number `after`, in order. They are as they were
    /// found: see [`domain::audit::Verifier`].
    fn read_audit(&self, after: u64, limit: u32) -> Answer<Vec<Record>>;

    /// The last record, as it was found; [`Head::START`] if there is none.
    fn audit_head(&self) -> Answer<Head>;

    /// How many entries are committed and not linked.
    fn count_unlinked_audit(&self) -> Answer<u64>;

    /// Links up to `limit` entries and says how many; none if another process is at it.
    fn link_audit(&self, limit: u32) -> Answer<u32>;
}
