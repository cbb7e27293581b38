//! The server under test: on a random port, with a clock that tests move, real sockets, a real
//! database, a simulated issuing state, and a place where webhooks arrive.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "test support: a failure here fails the test"
)]

mod browser;
mod chip;
mod chromium;
mod clock;
pub mod crash;
mod device;
mod entropy;
mod gallery;
mod phone;
mod qr;
mod rp;
mod server;
mod sink;
mod state;
mod visit;

pub use browser::{PageBrowser, way_on};
pub use chip::{ChipOnReader, Utopia};
pub use chromium::{Axe, Chromium, Loaded, Screen, Seen, Tab, read_qr_codes};
pub use clock::TestClock;
pub use device::DeviceKey;
pub use entropy::SeededEntropy;
pub use gallery::Gallery;
pub use phone::{Closed, Heard, PhoneSocket, ack};
pub use postgres_cluster::{PostgresDatabase, skipped};
pub use qr::read_qr_drawing;
pub use rp::{Created, Handoff, RelyingParty};
pub use server::{Database, MASTER, TestServer, pause, within};
pub use sink::{Delivery, WebhookSink};
pub use state::{Passport, simulated_passport};
pub use visit::Visit;
