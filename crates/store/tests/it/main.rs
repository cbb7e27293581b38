//! One contract suite for every database behind the store, and what is each one's own.
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
mod postgres;
mod sqlite;
mod transfer;
mod wire;
mod world;
