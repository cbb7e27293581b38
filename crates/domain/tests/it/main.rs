//! The rules of a session, over the public types alone.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod age;
mod audit;
mod branding;
mod chip;
mod device;
mod proof;
mod session;
mod visit;
