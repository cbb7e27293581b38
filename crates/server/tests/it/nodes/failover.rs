//! A session that wanders over the nodes, and nodes that die.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::audit::Actor;
use domain::id::SessionId;
use domain::policy::{FaceMatch, Policy};
use domain::session::{NewSession, SESSION_LIFETIME, Session};
use domain::share::ShareContract;
use protocol::ServerMessage;
use reqwest::Method;
use serde_json::json;
use server::entropy::OsEntropy;
use testkit::{Closed, Handoff, Heard, PhoneSocket, WebhookSink, ack, within};

use super::cluster::Cluster;

/// What SECURITY row 20 allows.
const SECOND: Duration = Duration::from_secs(1);

async fn claimed(cluster: &Cluster, node: usize, handoff: &Handoff) -> PhoneSocket {
    let mut phone = PhoneSocket::connect_to(&cluster.address(node), &handoff.session_id).await;
    phone.claim(handoff, "phone").await;
    phone
}

async fn shared(phone: &mut PhoneSocket, session: &str, keys: &[&str]) {
    let answer = phone.share(session, keys).await;
    assert!(matches!(answer, Heard::Message(ServerMessage::ShareReady { .. })), "{answer:?}");
}

async fn told_and_closed_within_a_second(phone: &mut PhoneSocket, code: &str) {
    let end = async { (phone.hear().await, phone.hear().await) };
    let (told, closed) = within(SECOND, "being told and closed", end).await;
    assert_eq!(told.error_code(), code);
    assert_eq!(closed, Heard::Closed(Closed { code: 1008, reason: code.to_owned() }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_minted_claimed_and_seen_on_three_nodes() {
    let Some(cluster) = Cluster::start(3).await else { return };
    let session = cluster.rp(2).session(&[]).await;
    let handoff = cluster.rp(0).handoff(&session.id).await;
    let mut phone = claimed(&cluster, 1, &handoff).await;
    let status = cluster.rp(2).status(&session.id).await;
    assert_eq!(status["status"], "in_progress");
    assert_eq!(cluster.rp(0).mint(&session.id).await.1["error"]["code"], "SESSION_IN_PROGRESS");
    phone.begin().await;
    phone.prove(&cluster.passport()).await;
    shared(&mut phone, &session.id, &["kayle_document_id"]).await;
    for node in 0..3 {
        assert_eq!(cluster.rp(node).status(&session.id).await["status"], "completed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_on_one_node_closes_the_socket_on_another_within_a_second() {
    let Some(cluster) = Cluster::start(2).await else { return };
    let rp = cluster.rp(0);
    for by_page in [false, true] {
        let session = rp.session(&[]).await;
        let handoff = rp.handoff(&session.id).await;
        let mut phone = claimed(&cluster, 1, &handoff).await;
        let cancel = if by_page {
            rp.public(Method::POST, &format!("/v1/verify/session/{}/cancel", session.id))
                .json(&json!({ "cancel_token": session.cancel_token }))
        } else {
            rp.request(Method::POST, &format!("/v1/sessions/{}/cancel", session.id))
        };
        let (status, body) = rp.send(cancel).await;
        assert!(status.is_success(), "{body}");
        told_and_closed_within_a_second(&mut phone, "SESSION_CANCELLED").await;
        assert_eq!(cluster.rp(1).status(&session.id).await["status"], "cancelled");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_comes_back_to_another_node_displaces_its_first_socket() {
    let Some(cluster) = Cluster::start(2).await else { return };
    let rp = cluster.rp(0);
    let session = rp.session(&[]).await;
    let handoff = rp.handoff(&session.id).await;
    let mut first = claimed(&cluster, 0, &handoff).await;
    let mut second = claimed(&cluster, 1, &handoff).await;
    told_and_closed_within_a_second(&mut first, "ATTEMPT_CONNECTION_ACTIVE").await;
    second.begin().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_whose_node_is_killed_finishes_on_another() {
    let Some(mut cluster) = Cluster::start(2).await else { return };
    let rp = cluster.rp(1);
    let sink = WebhookSink::register(&rp).await;
    let passport = cluster.passport();
    let session = rp.session(&[("family_name", true)]).await;
    let handoff = cluster.rp(0).handoff(&session.id).await;
    let mut phone = claimed(&cluster, 0, &handoff).await;
    phone.begin().await;
    phone.upload_passport(&passport).await;
    assert_eq!(phone.phase("nfc_complete").await, ack("phase_ok"));

    cluster.kill(0);
    assert!(matches!(phone.hear().await, Heard::Closed(_)));
    let mut stranger = PhoneSocket::connect_to(&cluster.address(1), &session.id).await;
    stranger.say_hello(&handoff, "stranger").await;
    assert_eq!(stranger.hear().await.error_code(), "HANDOFF_DEVICE_MISMATCH");
    // What the phone had sent went with the node, so it is taken back to where it sends it again.
    let mut phone = claimed(&cluster, 1, &handoff).await;
    assert_eq!(phone.phase("nfc_reading").await, ack("phase_ok"));
    phone.prove(&passport).await;
    shared(&mut phone, &session.id, &["family_name", "kayle_document_id"]).await;
    assert_eq!(rp.status(&session.id).await["status"], "completed");
    let event = sink.open(&sink.next().await);
    assert_eq!(event["type"], "verification.attempt.succeeded");
    assert_eq!(event["data"]["claims"]["family_name"], passport.surname.as_str());
}

/// The first node holds a request that is never answered when it dies; the other one delivers when
/// the lease has run out.
#[tokio::test(flavor = "multi_thread")]
async fn the_webhooks_of_a_killed_node_are_delivered_by_another() {
    let Some(mut cluster) = Cluster::start(1).await else { return };
    let rp = cluster.rp(0);
    let sink = WebhookSink::register(&rp).await;
    sink.answer(102);
    let mut cancelled = Vec::new();
    for _ in 0..6 {
        let session = rp.session(&[]).await;
        let cancel = format!("/v1/sessions/{}/cancel", session.id);
        assert_eq!(rp.send(rp.request(Method::POST, &cancel)).await.0, 204);
        cancelled.push(session.id);
    }
    within(Duration::from_secs(10), "a delivery being on its way", async {
        loop {
            let (_, body) = rp.get("/v1/webhooks/deliveries?limit=100").await;
            let deliveries = body["data"].as_array().unwrap();
            if deliveries.iter().any(|delivery| delivery["status"] == "delivering") {
                return;
            }
        }
    })
    .await;
    cluster.add();
    cluster.kill(0);
    sink.answer(200);

    let mut delivered: BTreeMap<String, usize> = BTreeMap::new();
    while delivered.len() < cancelled.len() {
        let event = sink.open(&sink.next().await);
        assert_eq!(event["type"], "verification.session.cancelled");
        let session = event["metadata"]["verification_session_id"].as_str().unwrap();
        *delivered.entry(session.to_owned()).or_default() += 1;
    }
    assert!(cancelled.iter().all(|session| delivered.contains_key(session)), "none is lost");
    // The dead node's requests were never answered, so that nothing was taken twice.
    assert!(delivered.values().all(|times| *times == 1), "{delivered:?}");
    assert!(sink.is_empty().await);
    let types = cluster.rp(1).event_types().await;
    assert_eq!(types, vec!["verification.session.cancelled"; cancelled.len()]);
}

/// Both nodes sweep the same sessions when one dies: each session ends once and is told once.
#[tokio::test(flavor = "multi_thread")]
async fn the_sessions_of_a_killed_node_are_expired_by_another() {
    const SESSIONS: usize = 90;
    let Some(mut cluster) = Cluster::start(2).await else { return };
    let sink = WebhookSink::register(&cluster.rp(1)).await;
    let soon = cluster.now() + Duration::from_millis(1500);
    for _ in 0..SESSIONS {
        let new = NewSession {
            id: SessionId::random(&mut OsEntropy),
            organization: cluster.organization(),
            contract: ShareContract::default(),
            policy: Policy { face_match: FaceMatch::Off, ..Policy::default() },
            redirect_url: None,
            cancel_token: domain::key::KeyedHash([0; 32]),
        };
        let session = Session::create(new, soon - SESSION_LIFETIME);
        cluster.store.create_session(session, Actor::Server).await.unwrap();
    }
    let first = sink.next().await;
    cluster.kill(0);

    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    let mut delivery = first;
    loop {
        let event = sink.open(&delivery);
        assert_eq!(event["type"], "verification.session.expired");
        let session = event["metadata"]["verification_session_id"].as_str().unwrap();
        *told.entry(session.to_owned()).or_default() += 1;
        if told.len() == SESSIONS {
            break;
        }
        delivery = sink.next().await;
    }
    let twice = told.values().filter(|times| **times > 1).count();
    assert!(twice <= 4, "only what the dead node had under way may come twice: {twice}");
    let types = cluster.rp(1).event_types().await;
    assert_eq!(types, vec!["verification.session.expired"; SESSIONS], "each ended once");
}
