//! A database that is away for a moment, or whose word on a change is not heard: sockets stay, and
//! find out for themselves.

use std::time::Duration;

use protocol::DataKind;
use serde_json::json;
use testkit::{
    Closed, Database, Handoff, Heard, PhoneSocket, PostgresDatabase, RelyingParty, TestServer, ack,
    simulated_passport,
};

const SECOND: Duration = Duration::from_secs(1);

async fn started() -> Option<(TestServer, RelyingParty)> {
    let server = TestServer::start_on(Database::Postgres).await?;
    let rp = server.relying_party().await;
    Some((server, rp))
}

fn database(server: &TestServer) -> &PostgresDatabase {
    server.postgres().unwrap()
}

async fn handed_off(rp: &RelyingParty) -> (String, Handoff) {
    let session = rp.session(&[("family_name", true)]).await.id;
    let handoff = rp.handoff(&session).await;
    (session, handoff)
}

async fn expect_cancelled(phone: &mut PhoneSocket) {
    assert_eq!(phone.hear().await.error_code(), "SESSION_CANCELLED");
    let closed = Closed { code: 1008, reason: "SESSION_CANCELLED".to_owned() };
    assert_eq!(phone.hear().await, Heard::Closed(closed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hello_that_cannot_be_answered_claims_nothing() {
    let Some((server, rp)) = started().await else { return };
    let (session, handoff) = handed_off(&rp).await;
    let client = database(&server).connect().await;
    client.batch_execute("ALTER TABLE organizations RENAME TO away").await.unwrap();
    let hello = || handoff.confirming_hello("phone", "cross_device");
    let mut phone = PhoneSocket::connect(&server, &session).await;
    assert_eq!(phone.greet(hello(), None).await.error_code(), "INTERNAL_ERROR");
    client.batch_execute("ALTER TABLE away RENAME TO organizations").await.unwrap();
    assert_eq!(rp.status(&session).await["status"], "created");
    PhoneSocket::connect(&server, &session).await.welcome(hello(), None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_loss_of_the_database_costs_no_phone_its_socket() {
    let Some((server, rp)) = started().await else { return };
    let passport = simulated_passport(&server).await;
    let (session, handoff) = handed_off(&rp).await;
    let mut phone = PhoneSocket::claimed(&server, &handoff, "phone").await;
    let (other_session, other_handoff) = handed_off(&rp).await;
    let mut other = PhoneSocket::claimed(&server, &other_handoff, "other phone").await;
    phone.begin().await;

    // The server loses what tells it of changes, and has everybody look; nobody can.
    database(&server).allow_connections(false).await;
    database(&server).disconnect_all().await;
    for _ in 0..500 {
        let heard = phone.upload(DataKind::Dg1, 0, 1, &passport.dg1).await;
        assert_eq!(heard, ack("data_ok_0_0"), "an upload asks nothing of the database");
    }
    database(&server).allow_connections(true).await;

    phone.prove(&passport).await;
    phone.share(&session, &["family_name", "kayle_document_id"]).await;
    assert_eq!(rp.status(&session).await["status"], "completed");
    // Who fell behind looks again.
    let path = format!("/v1/sessions/{other_session}/cancel");
    assert!(rp.post(&path, json!({})).await.0.is_success());
    server.clock.advance(4 * SECOND);
    expect_cancelled(&mut other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_nobody_told_of_is_seen_at_the_next_ping() {
    let Some((server, rp)) = started().await else { return };
    let (session, handoff) = handed_off(&rp).await;
    let mut phone = PhoneSocket::claimed(&server, &handoff, "phone").await;
    let cancel = format!(
        "UPDATE sessions SET state = 'cancelled', completed_at = updated_at, \
         live_attempt_id = NULL WHERE id = '{session}'"
    );
    database(&server).connect().await.batch_execute(&cancel).await.unwrap();
    assert_eq!(phone.phase("ping").await, ack("phase_ok"), "it cannot know yet");
    server.clock.advance(25 * SECOND);
    expect_cancelled(&mut phone).await;
}
