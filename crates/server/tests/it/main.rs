//! The server, tested through its front door: a real server, real sockets, a real database.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "tests")]

mod audit;
mod binding;
mod broken_phone;
mod canary;
mod chip;
mod cli;
mod confirmation;
mod consent;
mod crash;
mod deliveries;
mod device_proof;
mod encryption_keys;
mod endings;
mod endpoints;
mod errors;
mod flood;
mod handoff;
mod installation;
mod interop;
mod limits;
mod nodes;
#[cfg(feature = "otlp")]
mod otlp;
mod page;
mod phone;
mod process;
mod reconnect;
mod sessions;
mod socket;
mod telemetry;
mod trust;
