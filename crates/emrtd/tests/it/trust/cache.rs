//! The chain cache: what is remembered, and what is not.

use emrtd::UnixSeconds;
use emrtd::sim::{DocumentProfile, Holder, IssuingState, StateProfile};
use emrtd::trust::{Certificate, Crl, TrustStore};
use emrtd::verify::{CheckName, Outcome, PassiveReason, Revocation, passive};

use super::authority::Authority;
use super::{certificate, utopia, vouched};
use crate::shared::NOW;

fn files(state: &IssuingState) -> emrtd::verify::DocumentFiles {
    state.issue(&Holder::example(), &DocumentProfile::passport()).unwrap().into_files()
}

fn store(state: &IssuingState) -> TrustStore {
    TrustStore::builder().add_csca(certificate(state.csca()), vouched()).build()
}

#[test]
fn a_chain_is_remembered_once_for_all_documents_of_a_signer() {
    let state = utopia();
    let trust = store(&state);
    assert_eq!(trust.remembered(), 0);
    let first = passive(files(&state), &trust, NOW).unwrap();
    assert_eq!(trust.remembered(), 1);
    let second = passive(files(&state), &trust, NOW).unwrap();
    assert_eq!(trust.remembered(), 1);
    assert_eq!(first.report(), second.report(), "known or not, the report is the same");
}

/// The same issuer and serial number, another key: a forged signer.
#[test]
fn another_certificate_with_the_same_serial_and_issuer_gains_nothing() {
    let csca = Authority::csca("UT", "CSCA", 1);
    let forger = Authority::csca("UT", "CSCA", 1);
    let (real, forged) = (csca.signer(7).parsed(), forger.signer(7).parsed());
    assert_eq!((real.issuer(), real.serial()), (forged.issuer(), forged.serial()));
    let trust = TrustStore::builder().add_csca(csca.parsed(), vouched()).build();
    for _ in 0..2 {
        assert!(trust.issuer_of(&real).is_some());
        assert!(trust.issuer_of(&forged).is_none());
    }
    // Nor one bit of the proven certificate, be it in the signature.
    for at in [real.der().len() / 2, real.der().len() - 1] {
        let mut changed = real.der().to_vec();
        changed[at] ^= 1;
        if let Ok(changed) = Certificate::from_der(&changed) {
            assert!(trust.issuer_of(&changed).is_none(), "byte {at}");
        }
    }
    assert_eq!(trust.remembered(), 1, "nothing unproven is remembered");
}

#[test]
fn a_document_of_a_forged_signer_fails_beside_a_remembered_one() {
    let (state, forger) = (utopia(), utopia());
    let trust = store(&state);
    passive(files(&state), &trust, NOW).unwrap();
    let failure = passive(files(&forger), &trust, NOW).unwrap_err();
    assert_eq!(failure.reason, PassiveReason::ChainUntrusted);
}

#[test]
fn expiry_between_two_uses_is_seen() {
    let state = utopia();
    let trust = store(&state);
    let before = passive(files(&state), &trust, NOW).unwrap();
    assert!(before.report().signer_validity.unwrap().at_check);
    assert!(before.require_valid_signer(NOW).is_ok());
    let later = NOW.plus_days(365 * 12);
    let after = passive(files(&state), &trust, later).unwrap();
    assert!(!after.report().signer_validity.unwrap().at_check);
    assert!(matches!(after.report().outcome(CheckName::ValidityPeriods), Outcome::Noted(_)));
    let failure = after.require_valid_signer(later).unwrap_err();
    assert_eq!(failure.reason, PassiveReason::SignerCertificateExpired);
}

#[test]
fn a_list_that_becomes_overdue_between_two_uses_is_seen() {
    let state = utopia();
    let list = state.crl(&[], NOW, Some(NOW.plus_days(30))).unwrap();
    let trust = TrustStore::builder()
        .add_csca(certificate(state.csca()), vouched())
        .add_crl(Crl::from_der(&list).unwrap())
        .build();
    let revocation =
        |at: UnixSeconds| passive(files(&state), &trust, at).unwrap().report().revocation.clone();
    let next_update = Some(NOW.plus_days(30));
    assert_eq!(revocation(NOW), Revocation::NotRevoked { this_update: NOW, next_update });
    assert_eq!(revocation(NOW.plus_days(31)), Revocation::Stale { this_update: NOW });
    assert_eq!(revocation(NOW.plus_days(-1)), Revocation::Unknown, "it is from the future");
}

#[test]
fn a_new_generation_knows_nothing_of_what_the_old_one_proved() {
    let state = utopia();
    let builder = || TrustStore::builder().add_csca(certificate(state.csca()), vouched());
    let old = builder().build();
    passive(files(&state), &old, NOW).unwrap();

    // The CSCA was withdrawn.
    let withdrawn = TrustStore::builder()
        .add_csca(
            certificate(IssuingState::new(StateProfile::of("DYS", "DY"), NOW).unwrap().csca()),
            vouched(),
        )
        .build();
    let failure = passive(files(&state), &withdrawn, NOW).unwrap_err();
    assert_eq!(failure.reason, PassiveReason::ChainUntrusted);

    // The signer was revoked.
    let crl = |serial: &[u8]| {
        Crl::from_der(&state.crl(&[serial], NOW, Some(NOW.plus_days(30))).unwrap()).unwrap()
    };
    let revoked = builder().add_crl(crl(state.document_signer_serial())).build();
    for _ in 0..2 {
        let failure = passive(files(&state), &revoked, NOW).unwrap_err();
        assert_eq!(failure.reason, PassiveReason::CrlRevoked);
        let stated = failure.report.revocation;
        assert_eq!(stated, Revocation::Revoked { this_update: NOW });
    }

    // The CSCA itself was revoked.
    let anchor = certificate(state.csca());
    let revoked = builder().add_crl(crl(anchor.serial())).build();
    let failure = passive(files(&state), &revoked, NOW).unwrap_err();
    assert_eq!(failure.reason, PassiveReason::CrlRevoked);
    assert!(failure.detail.contains("CSCA"), "{}", failure.detail);
    assert_eq!(revoked.remembered(), 0);
}
