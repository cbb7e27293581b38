//! Minting and claiming (REFERENCE 3.2, 3.5; SECURITY rows 2, 3, 5).

use std::collections::BTreeSet;
use std::time::Duration;

use domain::attempt::AttemptState;
use testkit::{Closed, Heard, PhoneSocket, ack};

use super::start;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn fifty_parallel_mints_give_one_attempt_and_one_token() {
    let Some(server) = start().await else { return };
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await;

    let mints: Vec<_> = (0..50)
        .map(|_| {
            let (rp, id) = (rp.clone(), session.id.clone());
            tokio::spawn(async move { rp.handoff(&id).await })
        })
        .collect();
    let mut answers = Vec::new();
    for mint in mints {
        answers.push(mint.await.unwrap());
    }

    assert_eq!(answers.len(), 50);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "all answers are equal");
    let (_, body) = rp.get(&format!("/v1/sessions/{}?include_attempts=true", session.id)).await;
    assert_eq!(body["data"]["attempts"].as_array().unwrap().len(), 1);
    println!("50 parallel mints: 50 equal answers, 1 attempt ({}…)", &answers[0].attempt_id[..8]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minute_later_there_is_a_new_token_and_the_earlier_one_still_works() {
    let Some(server) = start().await else { return };
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await;

    let first = rp.handoff(&session.id).await;
    server.clock.advance(MINUTE - Duration::from_millis(1));
    assert_eq!(rp.handoff(&session.id).await, first, "within the minute it is the same");
    server.clock.advance(Duration::from_millis(1));
    let second = rp.handoff(&session.id).await;
    assert_ne!(second.token, first.token);
    assert_ne!(second.attempt_id, first.attempt_id);

    PhoneSocket::claimed(&server, &first, "phone").await;
    let (_, heard) = PhoneSocket::hello(&server, &second, "other phone").await;
    assert_eq!(heard.error_code(), "HANDOFF_DEVICE_MISMATCH", "a claim ends every other token");
    let (status, body) = rp.mint(&session.id).await;
    assert_eq!(
        (status.as_u16(), body["error"]["code"].as_str()),
        (409, Some("SESSION_IN_PROGRESS"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_after_five_minutes_by_the_servers_clock() {
    let Some(server) = start().await else { return };
    let rp = server.relying_party().await;

    let session = rp.session(&[]).await;
    let handoff = rp.handoff(&session.id).await;
    assert_eq!(handoff.expires_at, "2026-05-05T11:05:00.000Z");
    server.clock.advance(5 * MINUTE - Duration::from_millis(1));
    PhoneSocket::claimed(&server, &handoff, "phone").await;

    let session = rp.session(&[]).await;
    let handoff = rp.handoff(&session.id).await;
    server.clock.advance(5 * MINUTE);
    let (mut socket, heard) = PhoneSocket::hello(&server, &handoff, "phone").await;
    assert_eq!(heard.error_code(), "HANDOFF_TOKEN_EXPIRED");
    assert_eq!(
        socket.hear().await,
        Heard::Closed(Closed { code: 1008, reason: "HANDOFF_TOKEN_EXPIRED".to_owned() })
    );
    assert_eq!(
        rp.status(&session.id).await["same_device_only"],
        false,
        "a late hello claims nothing"
    );
}

/// PostgreSQL holds no U+0000, and a phone must not make errors of the server's own.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_with_control_characters_is_not_kept() {
    let Some(server) = start().await else { return };
    let rp = server.relying_party().await;
    for (version, kept) in [(" 1.2 ", Some("1.2")), ("1\u{0}2", None), ("1\n2", None)] {
        let handoff = rp.handoff(&rp.session(&[]).await.id).await;
        let mut phone = PhoneSocket::connect(&server, &handoff.session_id).await;
        let hello = protocol::Hello { app_version: version.to_owned(), ..handoff.hello("phone") };
        assert_eq!(phone.greet(hello, None).await, ack("hello_ok"), "{version:?}");
        let id = handoff.session_id.parse().unwrap();
        let session = server.store().read_session(&id).await.unwrap().unwrap();
        let AttemptState::Claimed(claim) = &session.latest_attempt().unwrap().state else {
            panic!("claimed")
        };
        assert_eq!(claim.app_version.as_deref(), kept, "{version:?}");
    }
}

/// Twenty devices at once; each with the token that `token_of` gives it.
async fn race(tokens: usize) {
    let Some(server) = start().await else { return };
    let server = std::sync::Arc::new(server);
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await;
    let mut handoffs = Vec::new();
    for _ in 0..tokens {
        handoffs.push(rp.handoff(&session.id).await);
        server.clock.advance(MINUTE);
    }
    assert_eq!(
        handoffs.iter().map(|handoff| &handoff.token).collect::<BTreeSet<_>>().len(),
        tokens
    );

    let start = std::sync::Arc::new(tokio::sync::Barrier::new(20));
    let hellos: Vec<_> = (0..20)
        .map(|device| {
            let (server, handoff) = (server.clone(), handoffs[device % tokens].clone());
            let start = start.clone();
            tokio::spawn(async move {
                let mut socket = PhoneSocket::connect(&server, &handoff.session_id).await;
                start.wait().await;
                socket.say_hello(&handoff, &format!("device-{device}")).await;
                (device, socket.hear().await, socket)
            })
        })
        .collect();
    let (mut winners, mut losers, mut sockets) = (Vec::new(), Vec::new(), Vec::new());
    for hello in hellos {
        let (device, heard, socket) = hello.await.unwrap();
        if heard == ack("hello_ok") {
            winners.push(device);
        } else {
            losers.push(heard.error_code().to_owned());
        }
        sockets.push(socket);
    }
    assert_eq!(winners.len(), 1, "exactly one hello_ok");
    assert_eq!(losers.len(), 19);
    assert!(losers.iter().all(|code| code == "HANDOFF_DEVICE_MISMATCH"), "{losers:?}");
    let status = rp.status(&session.id).await;
    assert_eq!(status["same_device_only"], true);
    assert_eq!(status["status"], "in_progress");
    println!(
        "20 parallel hellos on {tokens} token(s): 1 hello_ok (device {}), 19 HANDOFF_DEVICE_MISMATCH",
        winners[0]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_devices_on_one_token_give_one_winner() {
    race(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_devices_on_four_tokens_give_one_winner() {
    race(4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_attempt_of_the_session_belongs_to_the_same_device() {
    let Some(server) = start().await else { return };
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await;
    let passport = testkit::simulated_passport(&server).await;

    let first = rp.handoff(&session.id).await;
    let mut phone = PhoneSocket::claimed(&server, &first, "phone").await;
    phone.begin().await;
    phone.upload_passport(&passport.with_forged_dg1()).await;
    assert!(matches!(
        phone.phase("nfc_complete").await,
        Heard::Message(protocol::ServerMessage::Verdict(_))
    ));

    let status = rp.status(&session.id).await;
    assert_eq!(status["latest_attempt"]["retry_allowed"], true);
    assert_eq!(status["same_device_only"], true);
    let second = rp.handoff(&session.id).await;
    let (_, heard) = PhoneSocket::hello(&server, &second, "thief").await;
    assert_eq!(heard.error_code(), "HANDOFF_DEVICE_MISMATCH");
    let mut phone = PhoneSocket::claimed(&server, &second, "phone").await;
    phone.begin().await;
    phone.prove(&passport).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_token_fails_on_another_device_and_resumes_on_its_own() {
    let Some(server) = start().await else { return };
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await;
    let handoff = rp.handoff(&session.id).await;
    let mut first = PhoneSocket::claimed(&server, &handoff, "phone").await;

    let (_, heard) = PhoneSocket::hello(&server, &handoff, "thief").await;
    assert_eq!(heard.error_code(), "HANDOFF_DEVICE_MISMATCH");
    assert_eq!(
        first.phase("mobile_connected").await,
        ack("phase_ok"),
        "the thief disturbed nothing"
    );

    let _second = PhoneSocket::claimed(&server, &handoff, "phone").await;
    assert_eq!(first.hear().await.error_code(), "ATTEMPT_CONNECTION_ACTIVE");
    assert!(matches!(first.hear().await, Heard::Closed(Closed { code: 1008, .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_tells_a_stranger_nothing() {
    let Some(server) = start().await else { return };
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await;
    let mut handoff = rp.handoff(&session.id).await;
    PhoneSocket::claimed(&server, &handoff, "phone").await;
    handoff.token = "0".repeat(64);
    let (_, heard) = PhoneSocket::hello(&server, &handoff, "stranger").await;
    assert_eq!(heard.error_code(), "HANDOFF_TOKEN_INVALID");
}
