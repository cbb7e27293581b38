//! Every single bit.

use emrtd::lds::DataGroup;
use emrtd::sim::{SimulatedDocument, StateProfile};
use emrtd::trust::{Crl, TrustStore};
use emrtd::verify::{PassiveReason, Revocation, passive};

use super::{Held, Specimen, hold, specimens};
use crate::keys;
use crate::shared::NOW;
use crate::trust::{certificate, vouched};

/// Of EF.SOD with the certificate and both signatures in it. Only the name by
/// which the signer calls its certificate can change; that is noted.
fn every_bit_of_the_security_object(specimen: &Specimen) {
    let length = specimen.document.sod.len();
    let mut noted = 0;
    for bit in 0..length * 8 {
        let mut changed = specimen.document.clone();
        changed.sod[bit / 8] ^= 1 << (bit % 8);
        match hold(specimen, &changed) {
            Held::Refused => {}
            Held::SignerIdNoted => {
                assert!(specimen.signer_id.contains(&(bit / 8)), "bit {bit}");
                noted += 1;
            }
            Held::Same | Held::TemplateNoted => {
                panic!("{}: bit {bit} does not matter", specimen.name)
            }
        }
    }
    // Else the tolerance is not exercised.
    assert!(noted > 100, "{noted}");
}

#[test]
fn of_a_security_object_signed_with_ecdsa() {
    every_bit_of_the_security_object(&specimens()[0]);
}

#[test]
fn of_a_security_object_with_indefinite_lengths() {
    every_bit_of_the_security_object(&specimens()[1]);
}

#[test]
fn of_a_security_object_signed_with_pss() {
    every_bit_of_the_security_object(&specimens()[2]);
}

#[test]
fn of_a_security_object_signed_with_plain_ecdsa() {
    every_bit_of_the_security_object(&specimens()[3]);
}

#[test]
fn of_small_data_groups() {
    let specimen = &specimens()[0];
    for group in [DataGroup::DG1, DataGroup::DG14, DataGroup::DG15] {
        let length = specimen.document.group(group).unwrap().len();
        for bit in 0..length * 8 {
            flip(specimen, group, bit);
        }
    }
}

#[test]
fn of_a_portrait_sampled() {
    let specimen = &specimens()[0];
    let length = specimen.document.group(DataGroup::DG2).unwrap().len();
    // The header, and steps that share no factor with the length of anything.
    for bit in (0..800).chain((0..length * 8).step_by(251)) {
        flip(specimen, DataGroup::DG2, bit);
    }
}

fn flip(specimen: &Specimen, group: DataGroup, bit: usize) {
    let mut changed: SimulatedDocument = specimen.document.clone();
    let mut file = changed.group(group).unwrap().to_vec();
    file[bit / 8] ^= 1 << (bit % 8);
    changed.set(group, file);
    let failure = super::verdict(specimen, &changed).unwrap_err();
    assert_eq!(failure.reason, PassiveReason::DgHashMismatch, "{group} bit {bit}");
    assert_eq!(failure.report.proven, []);
}

/// A CRL that was tampered with is no evidence: the signer it revokes is still
/// revoked, or nothing is known.
#[test]
fn of_a_crl() {
    let state = keys::state(StateProfile::utopia());
    let serial = state.document_signer_serial();
    let crl = state.crl(&[serial], NOW.plus_days(-1), Some(NOW.plus_days(30))).unwrap();
    let document = &specimens()[0].document;
    for bit in 0..crl.len() * 8 {
        let mut changed = crl.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let Ok(changed) = Crl::from_der(&changed) else { continue };
        let trust = TrustStore::builder()
            .add_csca(certificate(state.csca()), vouched())
            .add_crl(changed)
            .build();
        match passive(document.clone().into_files(), &trust, NOW) {
            Ok(proof) => assert_eq!(proof.report().revocation, Revocation::Unknown, "bit {bit}"),
            Err(failure) => assert_eq!(failure.reason, PassiveReason::CrlRevoked, "bit {bit}"),
        }
    }
}
