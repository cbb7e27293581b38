//! One contract suite for every database behind the store, and what is SQLite's own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests; the wall clock is read to report how long a run took"
)]

mod audit;
mod contract;
mod exclusivity;
mod observer;
mod sqlite;
mod world;
