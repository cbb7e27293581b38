use protocol::{ChunkRetry, MissingChunks, NfcMissing, RetryReason, SelfieMissing, limits};

#[test]
fn chunk_retry_is_the_json_of_the_reference() {
    let report =
        ChunkRetry { kind: 1, index: 0, chunk_index: 2, reason: RetryReason::ChunkTotalMismatch };
    let json = r#"{"kind":1,"index":0,"chunkIndex":2,"reason":"chunk_total_mismatch"}"#;
    assert_eq!(report.to_message(), json);
    assert_eq!(ChunkRetry::parse(json), Some(report));
    let newer = json.replace("chunk_total_mismatch", "something_new");
    assert_eq!(
        ChunkRetry::parse(&newer).map(|report| report.reason),
        Some(RetryReason::Unrecognised)
    );
    assert_eq!(ChunkRetry::parse("chunk 2, please"), None);
}

#[test]
fn missing_data_is_the_json_of_the_reference() {
    let nfc = NfcMissing {
        missing_artifacts: vec!["dg1".into(), "dg2".into(), "sod".into()],
        missing_chunks: vec![MissingChunks {
            kind: 1,
            index: 0,
            chunk_total: 3,
            missing_chunk_indices: vec![2],
        }],
    };
    let json = r#"{"missing_artifacts":["dg1","dg2","sod"],"missing_chunks":[{"kind":1,"index":0,"chunk_total":3,"missing_chunk_indices":[2]}]}"#;
    assert_eq!(nfc.to_message(), json);
    assert_eq!(NfcMissing::parse(json), Some(nfc));

    let selfie = SelfieMissing {
        required_total: 3,
        missing_selfie_indexes: vec![1],
        missing_chunks: vec![MissingChunks {
            kind: 3,
            index: 1,
            chunk_total: 2,
            missing_chunk_indices: vec![0],
        }],
    };
    let json = r#"{"required_total":3,"missing_selfie_indexes":[1],"missing_chunks":[{"kind":3,"index":1,"chunk_total":2,"missing_chunk_indices":[0]}]}"#;
    assert_eq!(selfie.to_message(), json);
    assert_eq!(SelfieMissing::parse(json), Some(selfie));
}

#[test]
fn a_long_report_is_cut_to_what_a_phone_can_read() {
    let chunks = |kind, count| MissingChunks {
        kind,
        index: u32::MAX,
        chunk_total: u32::MAX,
        missing_chunk_indices: (u32::MAX - count..u32::MAX).collect(),
    };
    let report = NfcMissing {
        missing_artifacts: vec!["sod".into()],
        missing_chunks: vec![chunks(1, 256), chunks(4, 256), chunks(5, 256)],
    };
    let message = report.to_message();
    assert!(message.len() <= limits::TEXT_BYTES, "{}", message.len());
    let read = NfcMissing::parse(&message).unwrap();
    assert_eq!(read.missing_artifacts, ["sod"]);
    let first = &read.missing_chunks[0];
    assert_eq!(first.kind, 1);
    assert!(
        report.missing_chunks[0].missing_chunk_indices.starts_with(&first.missing_chunk_indices)
    );
    assert!(!first.missing_chunk_indices.is_empty());
    assert_eq!(message, report.to_message(), "the same report each time");
}
