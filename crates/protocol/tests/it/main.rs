#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
#![allow(missing_docs, reason = "tests")]

mod codes;
mod frames;
mod hostile_frames;
mod link;
mod reports;
