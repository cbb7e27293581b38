//! A database that is away for a moment, or whose word on a change is not heard: sockets stay, and
//! find out for themselves.

use testkit::{Database, Handoff, PhoneSocket, PostgresDatabase, RelyingParty, TestServer};

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
