//! One contract suite for every database behind the store, and what is SQLite's own.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod audit;
mod contract;
mod observer;
mod sqlite;
mod world;
