//! The socket's own rules (REFERENCE 4.1, 4.4 to 4.6).

use std::time::Duration;

use protocol::{ClientMessage, DataKind, DataPayload, ServerMessage, limits};
use testkit::{Closed, Handoff, Heard, PhoneSocket, RelyingParty, TestServer, ack};
use tokio_tungstenite::tungstenite::Message;

async fn ready() -> (TestServer, RelyingParty, Handoff) {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await;
    let handoff = rp.handoff(&session.id).await;
    (server, rp, handoff)
}

fn chunk(
    kind: DataKind,
    index: u32,
    total: u32,
    chunk_index: u32,
    chunk_total: u32,
    raw: &[u8],
) -> ClientMessage {
    ClientMessage::Data(DataPayload {
        kind,
        raw: raw.to_vec().into(),
        index,
        total,
        chunk_index,
        chunk_total,
    })
}

fn message(heard: &Heard) -> serde_json::Value {
    match heard {
        Heard::Message(ServerMessage::Error { message, .. }) => {
            serde_json::from_str(message).unwrap()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn before_hello_nothing_else_is_heard() {
    let (server, _, handoff) = ready().await;
    let mut socket = PhoneSocket::connect(&server, &handoff.session_id).await;
    assert_eq!(socket.phase("mobile_connected").await.error_code(), "HELLO_REQUIRED");
    let upload = socket.upload(DataKind::Dg1, 0, 1, b"x").await;
    assert_eq!(upload.error_code(), "HELLO_REQUIRED");
    socket.send_raw(Message::Text("hello".into())).await;
    assert_eq!(socket.hear().await.error_code(), "INVALID_MESSAGE");
    socket.send_raw(Message::Binary(vec![1, 2, 3].into())).await;
    assert_eq!(socket.hear().await.error_code(), "DECODE_FAILED");
    socket.say_hello(&handoff, "phone").await;
    assert_eq!(socket.hear().await, ack("hello_ok"), "none of it closed the socket");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_says_nothing_is_closed() {
    let (server, _, handoff) = ready().await;
    let mut socket = PhoneSocket::connect(&server, &handoff.session_id).await;
    assert_eq!(socket.phase("ping").await.error_code(), "HELLO_REQUIRED");
    server.clock.advance(Duration::from_secs(5));
    assert_eq!(socket.hear().await.error_code(), "HELLO_REQUIRED");
    assert!(matches!(socket.hear().await, Heard::Closed(Closed { code: 1008, .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_large_a_frame_closes_the_socket_with_1009() {
    for size in [limits::FRAME_BYTES + 1, 4 * limits::FRAME_BYTES] {
        let (server, _, handoff) = ready().await;
        let mut socket = PhoneSocket::claimed(&server, &handoff, "phone").await;
        socket.send_raw(Message::Binary(vec![0; size].into())).await;
        assert_eq!(socket.hear().await.error_code(), "FRAME_TOO_LARGE", "{size}");
        assert_eq!(
            socket.hear().await,
            Heard::Closed(Closed { code: 1009, reason: "FRAME_TOO_LARGE".to_owned() })
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_needed_and_belong_together() {
    let (server, rp, handoff) = ready().await;
    for (broken, code) in [
        (Handoff { token: " ".to_owned(), ..handoff.clone() }, "HELLO_AUTH_REQUIRED"),
        (Handoff { attempt_id: String::new(), ..handoff.clone() }, "HELLO_AUTH_REQUIRED"),
        (
            Handoff { attempt_id: format!("va_{}", "0".repeat(64)), ..handoff.clone() },
            "ATTEMPT_NOT_FOUND",
        ),
        (Handoff { token: "f".repeat(64), ..handoff.clone() }, "HANDOFF_TOKEN_INVALID"),
    ] {
        let (mut socket, heard) = PhoneSocket::hello(&server, &broken, "phone").await;
        assert_eq!(heard.error_code(), code);
        assert_eq!(
            socket.hear().await,
            Heard::Closed(Closed { code: 1008, reason: code.to_owned() })
        );
    }
    let (_, heard) = PhoneSocket::hello(&server, &handoff, "  ").await;
    assert_eq!(heard.error_code(), "HELLO_AUTH_REQUIRED");
    // A token of one session is worth nothing in another.
    let other = rp.session(&[]).await;
    let stolen = Handoff { session_id: other.id, ..handoff };
    let (_, heard) = PhoneSocket::hello(&server, &stolen, "phone").await;
    assert_eq!(heard.error_code(), "ATTEMPT_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn phases_come_in_order_and_unknown_ones_are_acknowledged() {
    let (server, _, handoff) = ready().await;
    let mut socket = PhoneSocket::claimed(&server, &handoff, "phone").await;
    assert_eq!(socket.phase("mrz_complete").await.error_code(), "PHASE_OUT_OF_ORDER");
    for name in ["ping", "error", "toString", ""] {
        assert_eq!(socket.phase(name).await, ack("phase_ok"), "{name}");
    }
    socket.begin().await;
    assert_eq!(socket.phase("nfc_reading").await, ack("phase_ok"), "the same again is fine");
    assert_eq!(socket.phase("mrz_scanning").await.error_code(), "PHASE_OUT_OF_ORDER");
    assert_eq!(socket.phase("selfie_capturing").await.error_code(), "PHASE_OUT_OF_ORDER");
}

#[tokio::test(flavor = "multi_thread")]
async fn data_has_its_phase() {
    let (server, _, handoff) = ready().await;
    let mut socket = PhoneSocket::claimed(&server, &handoff, "phone").await;
    assert_eq!(
        socket.upload(DataKind::Dg1, 0, 1, b"x").await.error_code(),
        "NFC_DATA_PHASE_REQUIRED"
    );
    socket.begin().await;
    assert_eq!(
        socket.upload(DataKind::Selfie, 0, 3, b"x").await.error_code(),
        "SELFIE_DATA_PHASE_REQUIRED"
    );
    let unknown = socket.upload(DataKind::from_number(9), 0, 1, b"x").await;
    assert_eq!(unknown.error_code(), "UNKNOWN_DATA_KIND");
    assert_eq!(
        socket.upload(DataKind::ActiveAuth, 0, 1, &[0; 8]).await.error_code(),
        "ACTIVE_AUTH_PAYLOAD_INVALID"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn chunks_come_in_any_order_and_what_is_missing_is_named() {
    let (server, _, handoff) = ready().await;
    let mut socket = PhoneSocket::claimed(&server, &handoff, "phone").await;
    socket.begin().await;
    let missing = socket.phase("nfc_complete").await;
    assert_eq!(missing.error_code(), "NFC_REQUIRED_DATA_MISSING");
    assert_eq!(message(&missing)["missing_artifacts"], serde_json::json!(["dg1", "dg2", "sod"]));
    assert_eq!(
        socket.ask(&chunk(DataKind::Dg2, 0, 1, 2, 3, b"c")).await,
        ack("data_chunk_ok_1_0_2")
    );
    assert_eq!(
        socket.ask(&chunk(DataKind::Dg2, 0, 1, 0, 3, b"a")).await,
        ack("data_chunk_ok_1_0_0")
    );
    let missing = socket.phase("nfc_complete").await;
    assert_eq!(
        message(&missing)["missing_chunks"],
        serde_json::json!([{ "kind": 1, "index": 0, "chunk_total": 3, "missing_chunk_indices": [1] }])
    );
    for (bad, reason) in [
        (chunk(DataKind::Dg2, 0, 1, 0, 4, b"a"), "chunk_total_mismatch"),
        (chunk(DataKind::Dg1, 0, 1, 2, 2, b"a"), "invalid_chunk_range"),
    ] {
        let heard = socket.ask(&bad).await;
        assert_eq!(heard.error_code(), "DATA_CHUNK_RETRY");
        assert_eq!(message(&heard)["reason"], reason);
    }
    assert_eq!(
        socket.ask(&chunk(DataKind::Dg1, 0, 1, 0, 257, b"a")).await.error_code(),
        "CHUNK_TOTAL_TOO_LARGE"
    );
    assert_eq!(socket.ask(&chunk(DataKind::Dg2, 0, 1, 1, 3, b"b")).await, ack("data_ok_1_0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_artifact_and_one_socket_have_their_bounds() {
    let (server, _, handoff) = ready().await;
    let mut socket = PhoneSocket::claimed(&server, &handoff, "phone").await;
    socket.begin().await;
    let block = vec![0; 260_000];
    let mut sent = 0;
    // 8 MiB is 32.3 blocks: the thirty-third is one too many.
    for index in 0..33 {
        let heard = socket.ask(&chunk(DataKind::Dg2, 0, 1, index, 40, &block)).await;
        sent += block.len();
        if index < 32 {
            assert_eq!(heard, ack(&format!("data_chunk_ok_1_0_{index}")));
        } else {
            assert_eq!(heard.error_code(), "ARTIFACT_TOO_LARGE");
        }
    }
    loop {
        let heard = socket.upload(DataKind::Dg14, 0, 1, &block).await;
        sent += block.len();
        if sent > limits::TRANSFER_BYTES {
            assert_eq!(heard.error_code(), "TRANSFER_TOO_LARGE");
            break;
        }
        assert_eq!(heard, ack("data_ok_4_0"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_sites_may_not_open_the_socket() {
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;
    let (server, _, handoff) = ready().await;
    let connect = async |origin: String| {
        let url = format!("ws://{}/v1/verify/session/{}", server.address(), handoff.session_id);
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("Origin", origin.parse().unwrap());
        tokio_tungstenite::connect_async(request).await.is_ok()
    };
    assert!(!connect("https://evil.example".to_owned()).await);
    assert!(!connect("null".to_owned()).await);
    assert!(connect(server.url()).await);
}
