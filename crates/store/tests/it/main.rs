//! One contract suite for every database behind the store, and what is each one's own.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "../../../../testkit/src/postgres.rs"]
mod cluster;
mod contract;
mod postgres;
#[path = "../../../../testkit/src/skip.rs"]
mod skip;
mod sqlite;
mod world;
