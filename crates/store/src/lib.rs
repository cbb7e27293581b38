//! Durable state, behind one set of traits.
//!
//! A write is a closed unit: the store loads what the unit works on, runs a pure function over
//! it, writes what changed together with the outbox, and answers after the commit. No transaction
//! leaves the store or crosses an `await`. [`Store`] is the handle; what it can do is laid out in
//! the traits of [`Backend`], which every database implements and one contract suite tests.

mod allowances;
mod audit;
mod backend;
mod error;
mod json;
mod location;
mod migration;
mod observer;
mod open;
mod organizations;
mod outbox;
mod page;
mod postgres;
mod sessions;
mod sqlite;
mod transfer;
mod trust;
mod webhooks;

pub use allowances::{Allowances, Drawn, Rate};
pub use audit::AuditTrail;
pub use backend::{Answer, Backend};
pub use error::StoreError;
pub use location::{Location, LocationError, PostgresUrl};
pub use migration::MigrationState;
pub use observer::{Commit, Load, Observer, Pool, Unobserved, Wakeups};
pub use open::{Changed, Notify, OpenOptions, Store, Wake, migration_state};
pub use organizations::Organizations;
pub use outbox::{
    Delivery, DeliveryError, DeliveryFilter, EventFilter, EventSummary, MAX_LEASES_PER_ENDPOINT,
    Outbox, RecordedEvent, SealError, Sealer, delivery_status,
};
pub use page::{MAX_PAGE, Page, PageRequest};
pub use sessions::{
    AttemptFilter, AttemptStatus, Change, SessionFilter, SessionStatus, SessionUnit, Sessions,
};
pub use transfer::{MoveError, MoveProgress, MovedTable, SchemaDifference, sqlite_to_postgres};
pub use trust::{
    ImportCounts, Trust, TrustItem, TrustKind, TrustSnapshot, TrustSource, TrustUpdate,
    TrustVoucher,
};
pub use webhooks::{EndpointChange, EndpointFilter, KeyFilter, MAX_ENDPOINTS, Webhooks};
