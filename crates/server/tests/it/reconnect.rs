//! Lost connections: what must be sent again can be sent again, and a socket that lost its place
//! can change nothing (REFERENCE 3.6, 4.5; SECURITY rows 23, 24).

use protocol::{DataKind, ServerMessage};
use testkit::{Heard, PhoneSocket, ack, simulated_passport};

use super::start;

const PHASES: [&str; 7] = [
    "mobile_connected",
    "mrz_scanning",
    "mrz_complete",
    "nfc_reading",
    "nfc_complete",
    "selfie_capturing",
    "selfie_complete",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_lost_at_any_phase_can_finish() {
    let Some(server) = start().await else { return };
    let rp = server.relying_party().await;
    let passport = simulated_passport(&server).await;
    for lost_after in PHASES {
        for from_the_start in [true, false] {
            let session = rp.session(&[("family_name", true)]).await;
            let handoff = rp.handoff(&session.id).await;
            let mut phone = PhoneSocket::claimed(&server, &handoff, "phone").await;
            for phase in
                PHASES.iter().take_while(|phase| **phase != lost_after).chain([&lost_after])
            {
                match *phase {
                    "nfc_complete" => phone.upload_passport(&passport).await,
                    "selfie_complete" => {
                        for index in 0..3 {
                            phone.upload(DataKind::Selfie, index, 3, b"selfie").await;
                        }
                    }
                    _ => {}
                }
                phone.phase(phase).await;
            }
            drop(phone);

            let mut phone = PhoneSocket::claimed(&server, &handoff, "phone").await;
            if from_the_start || PHASES[..3].contains(&lost_after) {
                phone.begin().await;
            }
            phone.prove(&passport).await;
            let heard = phone.share(&session.id, &["family_name", "kayle_document_id"]).await;
            assert!(
                matches!(heard, Heard::Message(ServerMessage::ShareReady { .. })),
                "lost after {lost_after}: {heard:?}"
            );
            assert_eq!(rp.status(&session.id).await["status"], "completed");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_displaced_socket_can_change_nothing() {
    let Some(server) = start().await else { return };
    let rp = server.relying_party().await;
    let passport = simulated_passport(&server).await;
    let session = rp.session(&[]).await;
    let handoff = rp.handoff(&session.id).await;
    let mut first = PhoneSocket::claimed(&server, &handoff, "phone").await;
    first.begin().await;
    first.prove(&passport).await;

    let mut second = PhoneSocket::claimed(&server, &handoff, "phone").await;
    // The first socket had all it needed; it shares without listening first.
    let heard = first.share(&session.id, &["kayle_document_id"]).await;
    assert_eq!(heard.error_code(), "ATTEMPT_CONNECTION_ACTIVE");
    assert_eq!(rp.status(&session.id).await["status"], "in_progress");
    assert_eq!(second.phase("nfc_reading").await, ack("phase_ok"), "the new socket goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_resumes_after_the_server_was_restarted() {
    let Some(server) = start().await else { return };
    let rp = server.relying_party().await;
    let passport = simulated_passport(&server).await;
    let session = rp.session(&[]).await;
    let handoff = rp.handoff(&session.id).await;
    let mut phone = PhoneSocket::claimed(&server, &handoff, "phone").await;
    phone.begin().await;
    phone.upload_passport(&passport).await;
    assert_eq!(phone.phase("nfc_complete").await, ack("phase_ok"));

    drop(phone);
    let server = server.restart().await;
    let mut phone = PhoneSocket::claimed(&server, &handoff, "phone").await;
    phone.prove(&passport).await;
    let heard = phone.share(&session.id, &["kayle_document_id"]).await;
    assert!(matches!(heard, Heard::Message(ServerMessage::ShareReady { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_hello_on_the_same_socket_starts_over() {
    let Some(server) = start().await else { return };
    let rp = server.relying_party().await;
    let passport = simulated_passport(&server).await;
    let session = rp.session(&[]).await;
    let handoff = rp.handoff(&session.id).await;
    let mut phone = PhoneSocket::claimed(&server, &handoff, "phone").await;
    phone.begin().await;
    phone.prove(&passport).await;
    phone.say_hello(&handoff, "phone").await;
    assert_eq!(phone.hear().await, ack("hello_ok"));
    assert!(matches!(
        phone.hear().await,
        Heard::Message(ServerMessage::ActiveAuthChallenge { .. })
    ));
    let heard = phone.share(&session.id, &["kayle_document_id"]).await;
    assert_eq!(heard.error_code(), "PHASE_OUT_OF_ORDER", "the acceptance is gone");
    phone.prove(&passport).await;
}
