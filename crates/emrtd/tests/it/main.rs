//! Integration tests, laid out like the API.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod active;
mod chip;
mod differential;
mod forgery;
mod keys;
mod lds;
mod mrz;
mod properties;
mod read;
mod security_info;
mod shared;
mod sim;
mod specimens;
mod tlv;
mod tr03105;
mod trust;
mod verify;
