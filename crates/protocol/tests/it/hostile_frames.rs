//! Whatever a peer sends, the decoder answers with a message or an error.

use proptest::prelude::*;
use protocol::{
    ClientMessage, DataKind, DataPayload, DecodeError, HandoffContext, Hello, SecretBytes,
    ServerMessage, ShareField, ShareRequest, Verdict, VerdictOutcome, limits,
};

fn phase(name: &str) -> Vec<u8> {
    ClientMessage::Phase { phase: name.into(), error: String::new(), progress: 0 }.encode().unwrap()
}

#[test]
fn empty_and_short_frames_are_refused() {
    let whole = phase("nfc_reading");
    for len in 0..whole.len() {
        assert!(ClientMessage::decode(&whole[..len]).is_err(), "{len}");
    }
}

#[test]
fn a_frame_over_the_limit_is_refused_before_it_is_read() {
    let frame = vec![0; limits::FRAME_BYTES + 1];
    assert_eq!(
        ClientMessage::decode(&frame),
        Err(DecodeError::FrameTooLarge { size: frame.len() })
    );
}

#[test]
fn bytes_after_the_message_are_refused() {
    for count in [1, 8] {
        let mut frame = phase("nfc_reading");
        frame.extend(vec![0; count]);
        assert_eq!(ClientMessage::decode(&frame), Err(DecodeError::TrailingBytes { count }));
    }
}

#[test]
fn a_union_member_of_a_newer_schema_is_no_error() {
    // The union's tag is the first word after the root pointer.
    let mut frame = phase("nfc_reading");
    frame[16] = 10;
    assert_eq!(ClientMessage::decode(&frame), Ok(None));
    assert_eq!(ServerMessage::decode(&frame), Ok(None));
}

#[test]
fn an_unknown_verdict_is_not_taken_for_acceptance() {
    let mut frame = ServerMessage::Verdict(Verdict::accepted()).encode().unwrap();
    frame[32] = 2;
    assert_eq!(ServerMessage::decode(&frame), Err(DecodeError::UnknownOutcome(2)));
}

#[test]
fn text_must_be_utf8_and_short() {
    let mut frame = phase("nfc_reading");
    let at = frame.windows(3).position(|w| w == b"nfc").unwrap();
    frame[at] = 0xff;
    let field = "phase.phase";
    assert_eq!(ClientMessage::decode(&frame), Err(DecodeError::TextNotUtf8 { field }));
    let longest = "x".repeat(limits::DECODED_TEXT_BYTES);
    assert!(ClientMessage::decode(&phase(&longest)).is_ok());
    assert_eq!(
        ClientMessage::decode(&phase(&(longest + "x"))),
        Err(DecodeError::TextTooLong { field })
    );
}

#[test]
fn lists_are_bounded() {
    let selection = |count| ClientMessage::ShareSelection {
        session_id: String::new(),
        keys: vec!["k".into(); count],
    };
    let frame = selection(limits::LIST_ITEMS).encode().unwrap();
    assert!(ClientMessage::decode(&frame).is_ok());
    let frame = selection(limits::LIST_ITEMS + 1).encode().unwrap();
    assert_eq!(
        ClientMessage::decode(&frame),
        Err(DecodeError::TooManyItems { field: "shareSelection.selectedFieldKeys" })
    );
}

#[test]
fn apdus_are_bounded_in_number_and_size() {
    let field = "chipAuth.answers";
    let decode = |count, size| {
        let answers = vec![SecretBytes::from(vec![0; size]); count];
        ClientMessage::decode(&ClientMessage::ChipAuth { answers }.encode().unwrap())
    };
    assert!(decode(limits::CHIP_APDUS, limits::CHIP_APDU_BYTES).is_ok());
    assert_eq!(decode(limits::CHIP_APDUS + 1, 2), Err(DecodeError::TooManyApdus { field }));
    assert_eq!(decode(1, limits::CHIP_APDU_BYTES + 1), Err(DecodeError::ApduTooLong { field }));
}

#[test]
fn a_list_of_empty_structs_cannot_amplify() {
    let frame = ServerMessage::ShareRequest(ShareRequest {
        contract_version: 1,
        session_id: "vs_x".into(),
        fields: vec![],
    });
    let mut frame = frame.encode().unwrap();
    // The tag of the empty list: claim half a billion structs of no words.
    let tag = frame.len() - 8;
    frame[tag..].copy_from_slice(&[0xfc, 0xff, 0xff, 0x7f, 0, 0, 0, 0]);
    assert!(ServerMessage::decode(&frame).is_err());
}

#[test]
fn absent_members_read_as_empty() {
    // Tag 0 (hello) and a null pointer: every text has its default.
    let frame = [0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0].to_vec();
    let frame = [frame, vec![0; 16]].concat();
    assert_eq!(ClientMessage::decode(&frame), Ok(Some(ClientMessage::Hello(Hello::default()))));
}

#[test]
fn a_message_in_several_segments_is_read() {
    // Phase `ping`: root in segment 0 points far into segment 1, where another
    // encoder put the union; its member is in the same segment.
    let word = |hex: u64| hex.to_le_bytes();
    let frame: Vec<u8> = [
        [1, 0, 0, 0, 1, 0, 0, 0],
        [6, 0, 0, 0, 0, 0, 0, 0],
        word(0x0000_0001_0000_0002), // far pointer: segment 1, offset 0
        word(0x0001_0001_0000_0000), // struct, 1 data word, 1 pointer
        word(1),                     // tag: phase
        word(0x0002_0000_0000_0000), // struct, 2 pointers
        word(0x0000_002a_0000_0005), // text of 5 bytes, one word on
        word(0),                     // no error text
        *b"ping\0\0\0\0",
    ]
    .concat();
    assert_eq!(
        ClientMessage::decode(&frame),
        Ok(Some(ClientMessage::Phase { phase: "ping".into(), error: String::new(), progress: 0 }))
    );
}

fn short_text() -> impl Strategy<Value = String> {
    "\\PC{0,40}"
}

fn apdus() -> impl Strategy<Value = Vec<SecretBytes>> {
    let apdu = prop::collection::vec(any::<u8>(), 0..80).prop_map(SecretBytes::from);
    prop::collection::vec(apdu, 0..=limits::CHIP_APDUS)
}

fn client_message() -> impl Strategy<Value = ClientMessage> {
    let texts = (short_text(), short_text(), short_text(), short_text(), short_text());
    let hello =
        (texts, prop::collection::vec(any::<u8>(), 0..=limits::DEVICE_KEY_BYTES), any::<bool>());
    prop_oneof![
        hello.prop_map(|((attempt_id, token, device, app_version, flow), device_key, confirms)| {
            ClientMessage::Hello(Hello {
                attempt_id,
                mobile_write_token: token.into(),
                device_id: device.into(),
                app_version,
                flow,
                device_key,
                confirms,
            })
        }),
        (short_text(), short_text(), any::<u8>())
            .prop_map(|(phase, error, progress)| ClientMessage::Phase { phase, error, progress }),
        (any::<u16>(), prop::collection::vec(any::<u8>(), 0..300), any::<[u32; 4]>()).prop_map(
            |(kind, raw, [index, total, chunk_index, chunk_total])| {
                ClientMessage::Data(DataPayload {
                    kind: DataKind::from_number(kind),
                    raw: raw.into(),
                    index,
                    total,
                    chunk_index,
                    chunk_total,
                })
            }
        ),
        (short_text(), prop::collection::vec(short_text(), 0..6))
            .prop_map(|(session_id, keys)| ClientMessage::ShareSelection { session_id, keys }),
        apdus().prop_map(|answers| ClientMessage::ChipAuth { answers }),
        (short_text(), short_text(), short_text()).prop_map(|(access, downgrade, mapping)| {
            ClientMessage::ChipAccess { access, downgrade, mapping }
        }),
        prop::collection::vec(any::<u8>(), 0..=limits::DEVICE_SIGNATURE_BYTES)
            .prop_map(|signature| ClientMessage::DeviceProof { signature }),
        short_text().prop_map(|choice| ClientMessage::MatchChoice { choice }),
        Just(ClientMessage::NotMe),
    ]
}

fn share_field() -> impl Strategy<Value = ShareField> {
    (short_text(), short_text(), any::<bool>()).prop_map(|(key, reason, required)| ShareField {
        key,
        reason,
        required,
    })
}

fn server_message() -> impl Strategy<Value = ServerMessage> {
    prop_oneof![
        short_text().prop_map(|message| ServerMessage::Ack { message }),
        (short_text(), short_text())
            .prop_map(|(code, message)| ServerMessage::Error { code, message }),
        (any::<bool>(), short_text(), short_text(), any::<bool>(), any::<u32>()).prop_map(
            |(accepted, reason_code, reason_message, retry_allowed, remaining_attempts)| {
                ServerMessage::Verdict(Verdict {
                    outcome: if accepted {
                        VerdictOutcome::Accepted
                    } else {
                        VerdictOutcome::Rejected
                    },
                    reason_code,
                    reason_message,
                    retry_allowed,
                    remaining_attempts,
                })
            }
        ),
        (any::<u32>(), short_text(), prop::collection::vec(share_field(), 0..6)).prop_map(
            |(contract_version, session_id, fields)| {
                ServerMessage::ShareRequest(ShareRequest { contract_version, session_id, fields })
            }
        ),
        (short_text(), prop::collection::vec(short_text(), 0..6))
            .prop_map(|(session_id, keys)| ServerMessage::ShareReady { session_id, keys }),
        (prop::collection::vec(any::<u8>(), 0..70), any::<bool>()).prop_map(
            |(challenge, chip_auth_relay)| {
                ServerMessage::ActiveAuthChallenge { challenge, chip_auth_relay }
            }
        ),
        (apdus(), any::<bool>())
            .prop_map(|(commands, protected)| ServerMessage::ChipAuth { commands, protected }),
        prop::collection::vec(any::<u8>(), 0..=limits::DEVICE_NONCE_BYTES)
            .prop_map(|nonce| ServerMessage::DeviceChallenge { nonce }),
        (
            prop::array::uniform6(short_text()),
            prop::collection::vec(short_text(), 0..=limits::MATCH_CHOICES),
            prop::collection::vec(share_field(), 0..4),
        )
            .prop_map(
                |([organization_name, browser, os, place, network, locale], choices, fields)| {
                    ServerMessage::HandoffContext(HandoffContext {
                        organization_name,
                        browser,
                        os,
                        place,
                        network,
                        choices,
                        fields,
                        locale,
                    })
                }
            ),
    ]
}

proptest! {
    #[test]
    fn client_messages_survive_a_round_trip(message in client_message()) {
        let frame = message.encode().unwrap();
        prop_assert_eq!(&frame[..4], &[0; 4], "one segment");
        prop_assert_eq!(ClientMessage::decode(&frame).unwrap(), Some(message));
    }

    #[test]
    fn server_messages_survive_a_round_trip(message in server_message()) {
        let frame = message.encode().unwrap();
        prop_assert_eq!(&frame[..4], &[0; 4], "one segment");
        prop_assert_eq!(ServerMessage::decode(&frame).unwrap(), Some(message));
    }

    #[test]
    fn random_bytes_do_not_panic(frame in prop::collection::vec(any::<u8>(), 0..512)) {
        let _ = ClientMessage::decode(&frame);
        let _ = ServerMessage::decode(&frame);
    }

    #[test]
    fn damaged_frames_do_not_panic(
        client in client_message(),
        server in server_message(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut client = client.encode().unwrap();
        let mut server = server.encode().unwrap();
        for (at, byte) in damage {
            let at_client = at.index(client.len());
            client[at_client] = byte;
            let at_server = at.index(server.len());
            server[at_server] = byte;
        }
        let _ = ClientMessage::decode(&client);
        let _ = ServerMessage::decode(&server);
    }
}
