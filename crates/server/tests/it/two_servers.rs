//! Two servers on one database of PostgreSQL: what happens on one is heard on the other.

use std::time::Duration;

use protocol::ServerMessage;
use reqwest::Method;
use testkit::{
    Closed, Database, Heard, PhoneSocket, TestServer, WebhookSink, simulated_passport, within,
};

/// How soon a change on one server must be heard on the other. A loaded machine has more than the
/// second that is promised.
const SOON: Duration = Duration::from_secs(10);

async fn servers() -> Option<(TestServer, TestServer)> {
    let first = TestServer::start_on(Database::Postgres).await?;
    let second = first.beside(2).await;
    Some((first, second))
}

async fn hears_of_the_cancellation(phone: &mut PhoneSocket) {
    let told = within(SOON, "being told", phone.hear()).await;
    assert_eq!(told.error_code(), "SESSION_CANCELLED");
    let closed = within(SOON, "being closed", phone.hear()).await;
    let reason = "SESSION_CANCELLED".to_owned();
    assert_eq!(closed, Heard::Closed(Closed { code: 1008, reason }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_may_use_both_servers() {
    let Some((first, second)) = servers().await else { return };
    let rp = first.relying_party().await;
    let sink = WebhookSink::register(&rp).await;
    let session = rp.session(&[("family_name", true)]).await;
    let handoff = rp.handoff(&session.id).await;
    let mut phone = PhoneSocket::claimed(&second, &handoff, "phone").await;
    // Imported by way of the first server while the second runs.
    let passport = simulated_passport(&first).await;
    phone.begin().await;
    phone.prove(&passport).await;
    drop(phone);
    let mut phone = PhoneSocket::claimed(&first, &handoff, "phone").await;
    phone.prove(&passport).await;
    let heard = phone.share(&session.id, &["family_name", "kayle_document_id"]).await;
    assert!(matches!(heard, Heard::Message(ServerMessage::ShareReady { .. })), "{heard:?}");
    assert_eq!(rp.at(&second).status(&session.id).await["status"], "completed");
    let delivery = within(SOON, "the webhook", sink.next()).await;
    assert_eq!(sink.open(&delivery)["type"], "verification.attempt.succeeded");
    assert_eq!(rp.event_types().await, ["verification.attempt.succeeded"], "and only once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_on_one_server_closes_the_socket_on_the_other() {
    let Some((first, second)) = servers().await else { return };
    let rp = first.relying_party().await;
    let session = rp.session(&[]).await;
    let handoff = rp.handoff(&session.id).await;
    let mut phone = PhoneSocket::claimed(&second, &handoff, "phone").await;
    let path = format!("/v1/sessions/{}/cancel", session.id);
    assert_eq!(rp.send(rp.request(Method::POST, &path)).await.0, 204);
    hears_of_the_cancellation(&mut phone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_lost_lose_no_wake_up() {
    let Some((first, second)) = servers().await else { return };
    let rp = first.relying_party().await;
    for _ in 0..3 {
        let session = rp.session(&[]).await;
        let handoff = rp.handoff(&session.id).await;
        let mut phone = PhoneSocket::claimed(&second, &handoff, "phone").await;
        first.postgres().unwrap().disconnect_all().await;
        let path = format!("/v1/sessions/{}/cancel", session.id);
        assert_eq!(rp.send(rp.request(Method::POST, &path)).await.0, 204);
        hears_of_the_cancellation(&mut phone).await;
    }
}
