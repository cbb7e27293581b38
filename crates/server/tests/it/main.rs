//! The server, tested through its front door: a real server, real sockets, a real database.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "tests")]

mod audit;
mod binding;
mod branding;
mod broken_phone;
mod canary;
mod chip;
mod cli;
mod confirmation;
mod consent;
mod crash;
mod database_loss;
mod device_proof;
mod encryption_keys;
mod endpoints;
mod errors;
mod flood;
mod helper;
mod installation;
mod interop;
mod limits;
mod live;
mod nodes;
mod on_postgres;
mod on_sqlite;
#[cfg(feature = "otlp")]
mod otlp;
mod page;
mod phone;
mod process;
mod reading;
mod sessions;
mod socket;
mod steps;
mod telemetry;
mod trust;
mod two_servers;
mod user_code;
