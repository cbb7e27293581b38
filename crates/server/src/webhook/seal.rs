//! Encryption of a payload to a relying party's key (REFERENCE 7.2).

use domain::webhook::EncryptionKey;
use josekit::jwe::{self, JweHeader};
use josekit::jwk::Jwk;
use store::{RecordedEvent, SealError, Sealer};

use super::payload::payload;

/// Seals as a compact JWE with the header `{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":…}`
/// (RFC 7516 §7.1).
#[derive(Clone, Copy, Debug)]
pub(crate) struct JweSealer;

impl Sealer for JweSealer {
    fn seal(&self, event: &RecordedEvent, key: &EncryptionKey) -> Result<String, SealError> {
        let jwk = Jwk::from_bytes(&key.jwk).map_err(|_| SealError)?;
        let encrypter = jwe::RSA_OAEP_256.encrypter_from_jwk(&jwk).map_err(|_| SealError)?;
        let mut header = JweHeader::new();
        header.set_algorithm("RSA-OAEP-256");
        header.set_content_encryption("A256GCM");
        header.set_key_id(&key.key_id);
        let payload = payload(event).map_err(|_| SealError)?;
        jwe::serialize_compact(&payload, &header, &encrypter).map_err(|_| SealError)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use domain::access::PhoneReport;
    use domain::assurance::{Assurance, HandoffAssurance, ProofState, RevocationState};
    use domain::attempt::{FailureCode, VerdictCode};
    use domain::browser::SameNetwork;
    use domain::claim::{ClaimValue, Claims};
    use domain::confirmation::{Flow, MatchCodeState};
    use domain::event::{CancelReason, Event, Fact};
    use domain::policy::FaceMatch;
    use domain::time::Timestamp;
    use josekit::jwe::alg::rsaes::RsaesJweAlgorithm;
    use josekit::jwk::alg::rsa::RsaKeyPair;
    use serde_json::{Value, json};

    use super::*;

    fn attempt() -> domain::id::AttemptId {
        format!("va_{}", "a".repeat(64)).parse().unwrap()
    }

    fn recorded(fact: Fact) -> RecordedEvent {
        RecordedEvent {
            id: format!("evt_{}", "e".repeat(64)).parse().unwrap(),
            organization: "00000000-0000-4000-8000-000000000000".parse().unwrap(),
            created_at: Timestamp(1_777_978_800_123),
            event: Event { session: format!("vs_{}", "s".repeat(64)).parse().unwrap(), fact },
        }
    }

    fn succeeded(image: Vec<u8>) -> RecordedEvent {
        recorded(Fact::AttemptSucceeded {
            attempt: attempt(),
            claims: Claims::from([
                ("age_over_18".to_owned(), ClaimValue::Bool(true)),
                ("document_photo".to_owned(), ClaimValue::Image(image)),
                ("family_name".to_owned(), ClaimValue::Text("MÜLLER \"X\"".to_owned())),
                ("given_names".to_owned(), ClaimValue::Text("not selected".to_owned())),
                ("kayle_human_id".to_owned(), ClaimValue::Null),
            ]),
            selected_field_keys: ["age_over_18", "document_photo", "family_name", "kayle_human_id"]
                .map(str::to_owned)
                .to_vec(),
            assurance: Assurance {
                active_authentication: ProofState::Proven { algorithm: "RSA-2048".to_owned() },
                chip_authentication: ProofState::NotAttempted,
                phone_reported: PhoneReport::parse("bac", "pace_failed", ""),
                face_match: FaceMatch::Off,
                revocation: RevocationState::Stale,
                document_expired: None,
                certificates_valid: true,
                trust_verified: false,
                leniencies: vec!["ber_length".to_owned()],
                deviations: Vec::new(),
                handoff: Some(HandoffAssurance {
                    device_proof: true,
                    match_code: MatchCodeState::Confirmed,
                    same_network: SameNetwork::Different,
                    flow: Flow::CrossDevice,
                    browser_bound: true,
                }),
            },
        })
    }

    fn key(pair: &RsaKeyPair, key_id: &str) -> EncryptionKey {
        EncryptionKey {
            id: format!("whk_{}", "k".repeat(32)).parse().unwrap(),
            endpoint: format!("whe_{}", "k".repeat(32)).parse().unwrap(),
            key_id: key_id.to_owned(),
            jwk: serde_json::to_string(&pair.to_jwk_public_key()).unwrap(),
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
            disabled_at: None,
        }
    }

    fn sealed_and_opened(event: &RecordedEvent) -> Value {
        let pair = RsaesJweAlgorithm::RsaOaep256.generate_key_pair(2048).unwrap();
        let jwe = JweSealer.seal(event, &key(&pair, "rp-2026 \"ü\"")).unwrap();
        let header = jwe.split('.').next().unwrap();
        assert_eq!(
            String::from_utf8(URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap(),
            r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"rp-2026 \"ü\""}"#
        );
        let decrypter = jwe::RSA_OAEP_256.decrypter_from_der(pair.to_der_private_key()).unwrap();
        let (plain, _) = jwe::deserialize_compact(&jwe, &decrypter).unwrap();
        serde_json::from_slice(&plain).unwrap()
    }

    #[test]
    fn a_success_tells_the_selected_claims_and_what_they_rest_on() {
        let image = vec![0xff, 0xd8, 0xfb, 0xef, 1];
        assert_eq!(
            sealed_and_opened(&succeeded(image.clone())),
            json!({
                "data": {
                    "claims": {
                        "age_over_18": true,
                        "document_photo": STANDARD.encode(image),
                        "family_name": "MÜLLER \"X\"",
                        "kayle_human_id": null,
                    },
                    "selected_field_keys":
                        ["age_over_18", "document_photo", "family_name", "kayle_human_id"],
                    "assurance": {
                        "passive_authentication": true,
                        "chip_proof": "active_authentication",
                        "chip_proof_algorithm": "RSA-2048",
                        "active_authentication": "proven",
                        "chip_authentication": "not_attempted",
                        "phone_reported": {
                            "access": "bac", "downgrade": "pace_failed", "pace_cam": null,
                        },
                        "face_match": "off",
                        "revocation": "stale",
                        "document_expired": null,
                        "certificates_valid": true,
                        "trust_verified": false,
                        "leniencies": ["ber_length"],
                        "deviations": [],
                        "device_proof": true,
                        "match_code": "confirmed",
                        "same_network": false,
                        "flow": "cross_device",
                        "browser_bound": true,
                    },
                },
                "metadata": {
                    "contract_version": 1,
                    "event_id": format!("evt_{}", "e".repeat(64)),
                    "verification_attempt_id": attempt().as_str(),
                    "verification_session_id": format!("vs_{}", "s".repeat(64)),
                    "created_at": "2026-05-05T11:00:00.123Z",
                },
                "type": "verification.attempt.succeeded",
            })
        );
    }

    #[test]
    fn a_failure_tells_its_code_and_a_session_event_nothing() {
        let failed = recorded(Fact::AttemptFailed {
            attempt: attempt(),
            failure_code: FailureCode::Verdict(VerdictCode::PassportAuthenticityFailed),
        });
        let opened = sealed_and_opened(&failed);
        assert_eq!(opened["data"], json!({ "failure_code": "passport_authenticity_failed" }));
        assert_eq!(opened["metadata"]["verification_attempt_id"], attempt().as_str());

        for (fact, kind) in [
            (Fact::SessionExpired, "verification.session.expired"),
            (Fact::SessionCancelled { reason: None }, "verification.session.cancelled"),
        ] {
            let opened = sealed_and_opened(&recorded(fact));
            assert_eq!(opened["data"], json!({}));
            assert_eq!(opened["type"], kind);
            assert!(opened["metadata"].get("verification_attempt_id").is_none());
        }
        let not_me = Fact::SessionCancelled { reason: Some(CancelReason::NotMe) };
        let opened = sealed_and_opened(&recorded(not_me));
        assert_eq!(opened["data"], json!({ "reason": "not_me" }));
    }

    /// A buffer that grows would leave copies of the claims in freed memory.
    #[test]
    fn the_payload_buffer_never_grows() {
        for length in [0, 1, 1000, 100_000] {
            let payload = payload(&succeeded(vec![7; length])).unwrap();
            assert_eq!(payload.len(), payload.capacity());
        }
    }

    #[test]
    fn an_unusable_key_is_an_error() {
        let pair = RsaesJweAlgorithm::RsaOaep256.generate_key_pair(2048).unwrap();
        for jwk in ["", "{}", r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#, r#"{"kty":"EC"}"#] {
            let mut key = key(&pair, "k");
            key.jwk = jwk.to_owned();
            assert_eq!(JweSealer.seal(&succeeded(Vec::new()), &key), Err(SealError), "{jwk}");
        }
    }
}
