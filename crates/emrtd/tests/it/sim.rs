//! Every algorithm and format a state can choose, made and verified.

mod chip;

use emrtd::crypto::{Curve, DigestAlgorithm};
use emrtd::mrz::Format;
use emrtd::sim::{DocumentProfile, Holder, IssuingState, KeyKind, StateProfile};
use emrtd::trust::{Crl, TrustStore};
use emrtd::verify::{PassiveReason, Revocation, passive};

use crate::keys;
use crate::shared::NOW;
use crate::trust::{certificate, vouched};

/// Issues documents in every format and encoding and verifies them with a
/// current CRL; then with the link certificate of an earlier CSCA alone.
fn issue_and_verify(profile: StateProfile) {
    let name = format!("{profile:?}");
    let state = keys::state(profile);
    let crl = |serials: &[&[u8]]| {
        let due = Some(NOW.plus_days(30));
        Crl::from_der(&state.crl(serials, NOW.plus_days(-1), due).unwrap()).unwrap()
    };
    let trusting = || TrustStore::builder().add_csca(certificate(state.csca()), vouched());
    let trust = trusting().add_crl(crl(&[&[1, 2, 3]])).build();
    for (format, lds_version, indefinite, by_key_id) in [
        (Format::Td1, None, false, false),
        (Format::Td2, Some("0108"), false, true),
        (Format::Td3, None, true, false),
        (Format::Td3, Some("0108"), true, false),
    ] {
        let lds_version = lds_version.map(str::to_owned);
        let profile = DocumentProfile {
            format,
            lds_version: lds_version.clone(),
            indefinite,
            by_key_id,
            ..DocumentProfile::passport()
        };
        let document = state.issue(&Holder::example(), &profile).unwrap();
        let proof = passive(document.into_files(), &trust, NOW).expect(&name);
        let proof = proof.into_document(NOW).expect(&name);
        assert_eq!(proof.get().mrz().format(), format);
        assert_eq!(proof.get().mrz().given_names(), "ANNA MARIA");
        let report = proof.report();
        assert!(matches!(report.revocation, Revocation::NotRevoked { .. }), "{name}");
        assert!(report.signer_validity.unwrap().at_check);
        assert_eq!(report.tolerated, []);
        assert_eq!(report.chain.len(), 2);
        let lds = lds_version.map_or("LDS security object v0".into(), |lds| format!("LDS {lds}"));
        assert_eq!(report.checks[0].detail, lds);
    }
    let document = || state.issue(&Holder::example(), &DocumentProfile::passport()).unwrap();
    let revoking = trusting().add_crl(crl(&[state.document_signer_serial()])).build();
    let failure = passive(document().into_files(), &revoking, NOW).unwrap_err();
    assert_eq!(failure.reason, PassiveReason::CrlRevoked, "{name}");

    let earlier = keys::earlier_state(state.profile().clone());
    let link = certificate(&earlier.link_certificate(&state).unwrap());
    let linked = TrustStore::builder()
        .add_csca(certificate(earlier.csca()), vouched())
        .add_csca(link, unvouched())
        .build();
    let proof = passive(document().into_files(), &linked, NOW).expect(&name);
    assert_eq!(proof.report().chain.len(), 3, "{name}");
    assert!(proof.report().csca_provenance.as_ref().unwrap().verified, "{name}");
}

fn unvouched() -> emrtd::trust::Provenance {
    emrtd::trust::Provenance { source: "test".into(), verified: false }
}

#[test]
fn every_curve_named_and_explicit() {
    for curve in Curve::ALL {
        for explicit in [false, true] {
            issue_and_verify(StateProfile {
                csca: KeyKind::Ec(curve, explicit),
                signer: KeyKind::Ec(curve, !explicit),
                ..StateProfile::utopia()
            });
        }
    }
}

#[test]
fn every_digest_with_ecdsa_in_both_formats() {
    for hash in DigestAlgorithm::ALL {
        for plain_ecdsa in [false, true] {
            for curve in [Curve::P521, Curve::BrainpoolP384r1, Curve::P224] {
                issue_and_verify(StateProfile {
                    csca: KeyKind::Ec(curve, true),
                    signer: KeyKind::Ec(curve, true),
                    hash,
                    plain_ecdsa,
                    ..StateProfile::utopia()
                });
            }
        }
    }
}

#[test]
fn every_digest_with_both_rsa_schemes() {
    for hash in DigestAlgorithm::ALL {
        for pss in [false, true] {
            issue_and_verify(StateProfile {
                csca: KeyKind::Rsa(3072),
                signer: KeyKind::Rsa(2048),
                hash,
                pss,
                ..StateProfile::utopia()
            });
        }
    }
}

#[test]
fn large_rsa_keys() {
    for csca in [KeyKind::Rsa(2048), KeyKind::Rsa(4096), KeyKind::Rsa(6144)] {
        for pss in [false, true] {
            let signer = KeyKind::Rsa(3072);
            issue_and_verify(StateProfile { csca, signer, pss, ..StateProfile::utopia() });
        }
    }
}

#[test]
fn dsa_and_mixed_chains() {
    for (csca, signer) in [
        (KeyKind::Dsa(2048), KeyKind::Dsa(2048)),
        (KeyKind::Rsa(4096), KeyKind::Ec(Curve::BrainpoolP256r1, true)),
        (KeyKind::Ec(Curve::P521, true), KeyKind::Rsa(2048)),
    ] {
        issue_and_verify(StateProfile { csca, signer, ..StateProfile::utopia() });
    }
}

#[test]
fn files_have_names() {
    let state = IssuingState::new(StateProfile::utopia(), NOW).unwrap();
    let document = state.issue(&Holder::example(), &DocumentProfile::card()).unwrap();
    let names: Vec<String> = document.files().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["EF_SOD.bin", "DG1.bin", "DG2.bin"]);
}
