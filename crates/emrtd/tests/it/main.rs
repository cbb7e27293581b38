//! Integration tests, laid out like the API.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod active;
mod chip;
mod differential;
mod lds;
mod mrz;
mod read;
mod security_info;
mod shared;
mod sim;
mod specimens;
mod tlv;
mod trust;
mod verify;
