//! What must hold on every database, on PostgreSQL.
#![expect(clippy::duplicate_mod, reason = "the same tests run on each database")]

use testkit::{Database, TestServer};

#[path = "deliveries.rs"]
mod deliveries;
#[path = "endings.rs"]
mod endings;
#[path = "handoff.rs"]
mod handoff;
#[path = "reconnect.rs"]
mod reconnect;
#[path = "response_code.rs"]
mod response_code;

async fn start() -> Option<TestServer> {
    TestServer::start_on(Database::Postgres).await
}
