//! The worked examples of the reference, in both directions.

use protocol::{
    Ack, ClientMessage, DataKind, DataPayload, DecodeError, EncodeError, Hello, ServerMessage,
    ShareField, ShareRequest, Verdict, VerdictOutcome, limits,
};

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[track_caller]
fn client(message: &ClientMessage, hex: &str) {
    assert_eq!(message.encode().unwrap(), bytes(hex), "encoder");
    assert_eq!(ClientMessage::decode(&bytes(hex)).unwrap().as_ref(), Some(message), "decoder");
}

#[track_caller]
fn server(message: &ServerMessage, hex: &str) {
    assert_eq!(message.encode().unwrap(), bytes(hex), "encoder");
    assert_eq!(ServerMessage::decode(&bytes(hex)).unwrap().as_ref(), Some(message), "decoder");
}

/// The example of the reference, from a phone that has none of the members that were added.
#[test]
fn hello_of_an_earlier_phone() {
    let frame = bytes(
        "000000000b0000000000000001000100000000000000000000000000000004000d0000002a0000000d000000220000000d000000220000000d0000002200000076615f6100000000746f6b00000000006465760000000000312e300000000000",
    );
    let hello = Hello {
        attempt_id: "va_a".into(),
        mobile_write_token: "tok".into(),
        device_id: "dev".into(),
        app_version: "1.0".into(),
        ..Hello::default()
    };
    assert_eq!(ClientMessage::decode(&frame), Ok(Some(ClientMessage::Hello(hello))));
}

#[test]
fn a_key_or_signature_longer_than_any_is_refused() {
    let key = Hello { device_key: vec![4; limits::DEVICE_KEY_BYTES + 1], ..Hello::default() };
    let signature = vec![0x30; limits::DEVICE_SIGNATURE_BYTES + 1];
    for (message, field, limit) in [
        (ClientMessage::Hello(key), "hello.deviceKey", limits::DEVICE_KEY_BYTES),
        (
            ClientMessage::DeviceProof { signature },
            "deviceProof.signature",
            limits::DEVICE_SIGNATURE_BYTES,
        ),
    ] {
        assert_eq!(
            ClientMessage::decode(&message.encode().unwrap()),
            Err(DecodeError::BytesTooLong { field, limit })
        );
    }
}

/// The example of the reference, from a phone that does not tell how much it has read.
#[test]
fn phase_of_an_earlier_phone() {
    let frame = bytes(
        "0000000008000000000000000100010001000000000000000000000000000200050000006a000000090000000a0000006e66635f636f6d706c657465000000000000000000000000",
    );
    let phase =
        ClientMessage::Phase { phase: "nfc_complete".into(), error: String::new(), progress: 0 };
    assert_eq!(ClientMessage::decode(&frame), Ok(Some(phase)));
}

#[test]
fn phase_with_progress() {
    client(
        &ClientMessage::Phase { phase: "nfc_reading".into(), error: String::new(), progress: 70 },
        "000000000a000000000000000100010001000000000000000000000001000300460000000000000009000000620000000d0000000a00000000000000000000006e66635f72656164696e6700000000000000000000000000",
    );
}

#[test]
fn data() {
    client(
        &ClientMessage::Data(DataPayload {
            kind: DataKind::Dg2,
            raw: vec![1, 2, 3].into(),
            index: 0,
            total: 1,
            chunk_index: 1,
            chunk_total: 2,
        }),
        "0000000008000000000000000100010002000000000000000000000003000100010000000000000001000000010000000200000000000000010000001a0000000102030000000000",
    );
}

#[test]
fn share_selection() {
    client(
        &ClientMessage::ShareSelection {
            session_id: "vs_x".into(),
            keys: vec!["kayle_document_id".into()],
        },
        "000000000a000000000000000100010003000000000000000000000000000200050000002a000000050000000e00000076735f780000000001000000920000006b61796c655f646f63756d656e745f696400000000000000",
    );
}

#[test]
fn ack() {
    server(
        &Ack::HelloOk.into(),
        "0000000006000000000000000100010000000000000000000000000000000100010000004a00000068656c6c6f5f6f6b0000000000000000",
    );
}

#[test]
fn error() {
    server(
        &ServerMessage::Error { code: "HELLO_REQUIRED".into(), message: "m".into() },
        "0000000008000000000000000100010001000000000000000000000000000200050000007a000000090000001200000048454c4c4f5f524551554952454400006d00000000000000",
    );
}

#[test]
fn verdict() {
    server(
        &ServerMessage::Verdict(Verdict {
            outcome: VerdictOutcome::Rejected,
            reason_code: "selfie_face_mismatch".into(),
            reason_message: "m".into(),
            retry_allowed: true,
            remaining_attempts: 2,
        }),
        "000000000a000000000000000100010002000000000000000000000001000200010001000200000005000000aa0000000d0000001200000073656c6669655f666163655f6d69736d61746368000000006d00000000000000",
    );
}

#[test]
fn share_request() {
    server(
        &ServerMessage::ShareRequest(ShareRequest {
            contract_version: 1,
            session_id: "vs_x".into(),
            fields: vec![ShareField { key: "a".into(), reason: "r".into(), required: true }],
        }),
        "000000000d0000000000000001000100030000000000000000000000010002000100000000000000050000002a000000050000001f00000076735f7800000000040000000100020001000000000000000500000012000000050000001200000061000000000000007200000000000000",
    );
}

#[test]
fn share_ready() {
    server(
        &ServerMessage::ShareReady { session_id: "vs_x".into(), keys: vec!["a".into()] },
        "0000000008000000000000000100010004000000000000000000000000000200050000002a000000050000000e00000076735f780000000001000000120000006100000000000000",
    );
}

/// The bytes that Kayle sends: one data word more than the reference has, for the flag.
const CHALLENGE_WITH_RELAY: &str = "0000000006000000000000000100010005000000000000000000000001000100010000000000000001000000420000000102030405060708";

#[test]
fn active_auth_challenge() {
    server(
        &ServerMessage::ActiveAuthChallenge {
            challenge: vec![1, 2, 3, 4, 5, 6, 7, 8],
            chip_auth_relay: true,
        },
        CHALLENGE_WITH_RELAY,
    );
}

#[test]
fn a_challenge_of_the_reference_offers_no_relay() {
    let sent = "000000000500000000000000010001000500000000000000000000000000010001000000420000000102030405060708";
    assert_eq!(
        ServerMessage::decode(&bytes(sent)).unwrap(),
        Some(ServerMessage::ActiveAuthChallenge {
            challenge: vec![1, 2, 3, 4, 5, 6, 7, 8],
            chip_auth_relay: false,
        })
    );
}

/// Reads a frame as a phone of the reference schema does, which knows one pointer and no data of
/// `ServerActiveAuthChallenge`: a struct's pointers come after as many data words as the pointer
/// to it says, whether the reader knows them or not.
#[test]
fn a_phone_of_the_reference_schema_reads_the_challenge_unchanged() {
    let frame = bytes(CHALLENGE_WITH_RELAY);
    let words: Vec<u64> =
        frame[8..].chunks(8).map(|word| u64::from_le_bytes(word.try_into().unwrap())).collect();
    let pointers = |at: usize| {
        assert_eq!(words[at] & 3, 0, "a struct");
        let to = at + 1 + usize::try_from((words[at] & 0xffff_ffff) >> 2).unwrap();
        (to, to + usize::from((words[at] >> 32) as u16))
    };
    let (union, challenge) = pointers(0);
    assert_eq!(words[union] & 0xffff, 5, "activeAuthChallenge");
    let (_, list) = pointers(challenge);
    assert_eq!((words[list] & 3, (words[list] >> 32) & 7), (1, 2), "a list of bytes");
    let at = list + 1 + usize::try_from((words[list] & 0xffff_ffff) >> 2).unwrap();
    assert_eq!(words[list] >> 35, 8);
    assert_eq!(words[at].to_le_bytes(), [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn chip_auth_commands() {
    server(
        &ServerMessage::ChipAuth {
            commands: vec![
                vec![0x00, 0x22, 0x41, 0x06, 0x00].into(),
                vec![0x00, 0x86, 0x00, 0x00].into(),
            ],
            protected: true,
        },
        "000000000900000000000000010001000700000000000000000000000100010001000000000000000100000016000000050000002a000000050000002200000000224106000000000086000000000000",
    );
}

#[test]
fn chip_auth_answers() {
    client(
        &ClientMessage::ChipAuth {
            answers: vec![vec![0x90, 0x00].into(), vec![0x7c, 0x00, 0x90, 0x00].into()],
        },
        "000000000800000000000000010001000400000000000000000000000000010001000000160000000500000012000000050000002200000090000000000000007c00900000000000",
    );
    client(
        &ClientMessage::ChipAuth { answers: vec![] },
        "00000000040000000000000001000100040000000000000000000000000001000100000006000000",
    );
}

#[test]
fn chip_access() {
    client(
        &ClientMessage::ChipAccess {
            access: "pace_cam".into(),
            downgrade: String::new(),
            mapping: "proven".into(),
        },
        "000000000a000000000000000100010005000000000000000000000000000300090000004a0000000d0000000a0000000d0000003a000000706163655f63616d0000000000000000000000000000000070726f76656e0000",
    );
}

#[test]
fn the_reserved_server_message_is_ignored() {
    let mut frame = ServerMessage::Ack { message: "hello_ok".into() }.encode().unwrap();
    frame[16] = 6;
    assert_eq!(ServerMessage::decode(&frame).unwrap(), None);
}

#[test]
fn a_data_kind_of_a_newer_schema_keeps_its_number() {
    for number in [8, 9, u16::MAX] {
        let message = ClientMessage::Data(DataPayload {
            kind: DataKind::from_number(number),
            raw: vec![7; 9].into(),
            index: 3,
            total: 4,
            chunk_index: 0,
            chunk_total: 0,
        });
        let frame = message.encode().unwrap();
        assert_eq!(ClientMessage::decode(&frame).unwrap(), Some(message));
    }
}

#[test]
fn the_largest_chunk_of_a_phone_fits_a_frame() {
    let payload = |len| {
        ClientMessage::Data(DataPayload {
            kind: DataKind::Selfie,
            raw: vec![0xff; len].into(),
            index: 0,
            total: 3,
            chunk_index: 0,
            chunk_total: 1,
        })
    };
    // Root, union, payload struct and segment table take 64 bytes.
    for len in [limits::SELFIE_CHUNK_BYTES, limits::FRAME_BYTES - 64] {
        let frame = payload(len).encode().unwrap();
        assert!(frame.len() <= limits::FRAME_BYTES);
        assert_eq!(ClientMessage::decode(&frame).unwrap(), Some(payload(len)));
    }
    for len in [limits::FRAME_BYTES - 63, 10 * limits::FRAME_BYTES] {
        assert!(matches!(payload(len).encode(), Err(EncodeError::FrameTooLarge { .. })));
    }
}

#[test]
fn human_texts_are_cut_and_codes_are_not() {
    let long = "é".repeat(300);
    let sent = ServerMessage::Error { code: "DATA_CHUNK_RETRY".into(), message: long.clone() };
    let Some(ServerMessage::Error { code, message }) =
        ServerMessage::decode(&sent.encode().unwrap()).unwrap()
    else {
        panic!("an error stays an error");
    };
    assert_eq!(code, "DATA_CHUNK_RETRY");
    assert!(message.len() <= limits::TEXT_BYTES && long.starts_with(message.trim_end_matches('…')));
}

#[test]
fn debug_output_shows_no_secret() {
    let hello = ClientMessage::Hello(Hello {
        attempt_id: "va_a".into(),
        mobile_write_token: "s3cret-token".into(),
        device_id: "s3cret-device".into(),
        app_version: "1.0".into(),
        ..Hello::default()
    });
    let data = ClientMessage::Data(DataPayload {
        kind: DataKind::Dg1,
        raw: vec![0xab, 0xcd].into(),
        index: 0,
        total: 1,
        chunk_index: 0,
        chunk_total: 1,
    });
    let answers = ClientMessage::ChipAuth { answers: vec![vec![0xab, 0xcd].into()] };
    let commands =
        ServerMessage::ChipAuth { commands: vec![vec![0xab, 0xcd].into()], protected: false };
    let shown = format!("{hello:?} {data:?} {answers:?} {commands:?}");
    assert!(shown.contains("va_a") && shown.contains("Dg1"));
    assert!(!shown.contains("s3cret") && !shown.contains("171") && !shown.contains("205"));
}
