use protocol::codes::{FailureCode, SocketCode, close};
use protocol::{Ack, DataKind, Phase};

#[test]
fn every_code_parses_back() {
    for code in SocketCode::ALL {
        assert_eq!(SocketCode::parse(code.as_str()), Some(*code));
    }
    for code in FailureCode::ALL {
        assert_eq!(FailureCode::parse(code.as_str()), Some(*code));
    }
    assert_eq!(SocketCode::parse("session_expired"), None);
}

#[test]
fn closing_codes_are_those_of_the_reference() {
    let closing = |close_code| {
        SocketCode::ALL
            .iter()
            .filter(|code| code.close_code() == Some(close_code))
            .map(|code| code.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        closing(close::NORMAL),
        ["INVALID_SESSION_ID", "SESSION_NOT_FOUND", "SESSION_EXPIRED"]
    );
    assert_eq!(
        closing(close::POLICY),
        [
            "SESSION_CANCELLED",
            "HELLO_AUTH_REQUIRED",
            "ATTEMPT_NOT_FOUND",
            "HANDOFF_TOKEN_INVALID",
            "HANDOFF_TOKEN_EXPIRED",
            "HANDOFF_TOKEN_CONSUMED",
            "HANDOFF_DEVICE_MISMATCH",
            "ATTEMPT_CONNECTION_ACTIVE",
            "DEVICE_PROOF_REQUIRED",
            "DEVICE_PROOF_INVALID",
            "MATCH_CODE_UNSUPPORTED",
            "NETWORK_MISMATCH",
            "MATCH_CODE_WRONG",
            "TOO_MANY_CONNECTIONS",
            "RATE_LIMITED",
            "PONG_MISSING",
            "CONNECTION_IDLE",
        ]
    );
    assert_eq!(closing(close::TOO_BIG), ["FRAME_TOO_LARGE"]);
    assert_eq!(closing(close::INTERNAL), ["INTERNAL_ERROR"]);
}

#[test]
fn verdicts_carry_judgements_only() {
    let verdicts: Vec<_> = FailureCode::ALL
        .iter()
        .filter(|code| code.is_verdict())
        .map(|code| code.as_str())
        .collect();
    assert_eq!(
        verdicts,
        [
            "passport_authenticity_failed",
            "passport_active_authentication_failed",
            "passport_chip_authentication_failed",
            "passport_chip_proof_missing",
            "passport_revocation_unknown",
            "document_expired",
            "selfie_face_mismatch",
            "document_data_invalid",
        ]
    );
}

#[test]
fn acknowledgements() {
    let chunk = Ack::DataChunkOk { kind: DataKind::Dg2, index: 0, chunk_index: 7 };
    let whole = Ack::DataOk { kind: DataKind::Selfie, index: 2 };
    for (ack, text) in [
        (Ack::HelloOk, "hello_ok"),
        (Ack::PhaseOk, "phase_ok"),
        (Ack::ChipAccessReceived, "chip_access_received"),
        (chunk, "data_chunk_ok_1_0_7"),
        (whole, "data_ok_3_2"),
    ] {
        assert_eq!(ack.to_string(), text);
        assert_eq!(Ack::parse(text), Some(ack));
    }
    for text in
        ["", "data_ok_1", "data_ok_+1_0", "data_ok_1_0_0", "data_chunk_ok_1_0", "data_ok_65536_0"]
    {
        assert_eq!(Ack::parse(text), None, "{text}");
    }
}

#[test]
fn phases_follow_each_other() {
    let mut names = vec![Phase::MobileConnected.as_str()];
    let mut phase = Phase::MobileConnected;
    while let Some(next) = phase.next() {
        names.push(next.as_str());
        phase = next;
    }
    assert_eq!(
        names,
        [
            "mobile_connected",
            "mrz_scanning",
            "mrz_complete",
            "nfc_reading",
            "nfc_complete",
            "selfie_capturing",
            "selfie_complete",
        ]
    );
    for phase in Phase::ALL {
        assert_eq!(Phase::parse(&format!(" {phase}\n")), Some(phase));
    }
    for name in ["", "error", "toString", "NFC_READING"] {
        assert_eq!(Phase::parse(name), None);
    }
}
