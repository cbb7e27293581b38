#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
#![allow(missing_docs, reason = "tests")]

mod chip;
mod confirm;
mod conversation;
mod document;
mod relay;
mod scripted_server;
#[cfg(feature = "socket")]
mod socket;

use jiff::Timestamp;
use phone::{PhoneDocument, SoftwareDeviceKey};
use protocol::{HandoffLink, SecretBytes};

fn link() -> HandoffLink {
    let expires_at: Timestamp = "2026-05-05T11:05:00Z".parse().unwrap();
    HandoffLink::new(
        &format!("vs_{}", "s".repeat(64)),
        &format!("va_{}", "a".repeat(64)),
        "7".repeat(64).into(),
        expires_at,
    )
    .unwrap()
}

/// The key of this device.
fn key() -> SoftwareDeviceKey {
    SoftwareDeviceKey::from_bytes(&[7; 32]).unwrap()
}

/// DG2 takes three chunks, the others one.
fn document() -> PhoneDocument {
    PhoneDocument {
        dg1: vec![0x61; 93].into(),
        dg2: (0..150_000_u32).map(|at| at as u8).collect::<Vec<_>>().into(),
        sod: vec![0x77; 2_000].into(),
        dg14: Some(vec![0x6e; 300].into()),
        dg15: Some(vec![0x6f; 300].into()),
    }
}

/// The second one takes two chunks.
fn selfies() -> [SecretBytes; 3] {
    [vec![1; 1_000].into(), vec![2; 140_000].into(), vec![3; 1_000].into()]
}
