//! Every algorithm and format a state can choose, made and verified.

mod chip;

use emrtd::crypto::{Curve, DigestAlgorithm};
use emrtd::mrz::Format;
use emrtd::sim::{DocumentProfile, Holder, IssuingState, KeyKind, StateProfile};
use emrtd::trust::{Crl, TrustStore};
use emrtd::verify::{Revocation, passive};

use crate::shared::NOW;
use crate::trust::{certificate, vouched};

/// Issues a document in each format, and verifies it with a current CRL.
fn issue_and_verify(profile: StateProfile) {
    let name = format!("{:?} {:?} {}", profile.csca, profile.signer, profile.hash);
    let state = IssuingState::new(profile, NOW).expect(&name);
    let crl = state.crl(&[&[1, 2, 3]], NOW.plus_days(-1), Some(NOW.plus_days(30)));
    let trust = TrustStore::builder()
        .add_csca(certificate(state.csca()), vouched())
        .add_crl(Crl::from_der(&crl.unwrap()).unwrap())
        .build();
    for format in [Format::Td1, Format::Td2, Format::Td3] {
        let profile = DocumentProfile { format, ..DocumentProfile::passport() };
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
    }
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
fn every_digest_with_every_scheme() {
    for hash in DigestAlgorithm::ALL {
        for pss in [false, true] {
            issue_and_verify(StateProfile {
                csca: KeyKind::Rsa(2048),
                signer: KeyKind::Rsa(2048),
                hash,
                pss,
                ..StateProfile::utopia()
            });
        }
        issue_and_verify(StateProfile { hash, ..StateProfile::utopia() });
    }
}

#[test]
fn large_rsa_keys_and_mixed_chains() {
    for (csca, signer) in [
        (KeyKind::Rsa(4096), KeyKind::Rsa(3072)),
        (KeyKind::Rsa(6144), KeyKind::Ec(Curve::BrainpoolP256r1, true)),
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
