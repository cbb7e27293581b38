//! Who may vouch for a master list, and who may no more.

use emrtd::tlv::{self, Oid};
use emrtd::trust::{Crl, Import, Importer, ListSignature, MASTER_LIST, TrustStore};

use super::authority::{Authority, Extension, purpose};
use super::vouched;
use crate::shared::NOW;

/// 2.23.136.1.1.3
const SIGNING_KEY: Oid = Oid::from_octets(&[0x67, 0x81, 0x08, 0x01, 0x01, 0x03]);

fn list(signer: &Authority, csca: &Authority) -> Vec<u8> {
    let members = tlv::set_of(std::slice::from_ref(&csca.certificate));
    signer.sign(&MASTER_LIST, &tlv::sequence(&[&tlv::integer(&[0]), &members]), NOW)
}

fn store(cscas: &[&Authority], crls: &[Vec<u8>]) -> TrustStore {
    let builder = TrustStore::builder();
    let builder = cscas.iter().fold(builder, |b, csca| b.add_csca(csca.parsed(), vouched()));
    crls.iter().fold(builder, |b, crl| b.add_crl(Crl::from_der(crl).unwrap())).build()
}

fn import(bytes: &[u8], root: &Authority, trust: &TrustStore) -> Import {
    let roots = [root.parsed()];
    let mut importer = Importer::new(&roots).revoked_by(trust);
    importer.push(bytes);
    importer.finish()
}

fn is_verified(import: &Import) -> bool {
    let [(_, signature)] = import.master_lists.as_slice() else { panic!("{import:?}") };
    assert_eq!(signature.is_verified(), import.accepted.iter().any(|found| found.verified));
    assert_eq!(matches!(signature, ListSignature::Invalid { .. }), import.accepted.is_empty());
    signature.is_verified()
}

#[test]
fn a_revoked_root_vouches_for_no_list() {
    let csca = Authority::csca("UT", "CSCA", 1);
    let signer = csca.issue("List Signer", 9, &[purpose(&SIGNING_KEY)]);
    let bytes = list(&signer, &csca);
    let good = store(&[&csca], &[csca.crl(&[], 0, &[])]);
    assert_eq!(good.vouching(), [csca.parsed()]);
    assert!(is_verified(&import(&bytes, &csca, &good)));

    let bad = store(&[&csca], &[csca.crl(&[1], 0, &[])]);
    assert!(bad.vouching().is_empty());
    // Not even if the operator names it.
    let refused = import(&bytes, &csca, &bad);
    assert!(!is_verified(&refused));
    assert!(refused.refused[0].reason.to_string().contains("revoked"));
    // Neither through a link that holds its key.
    let link = csca.linked_by(&Authority::csca("UT", "Before", 2), 3);
    assert!(!is_verified(&import(&bytes, &link, &bad)));
}

#[test]
fn a_revoked_list_signer_signs_no_list() {
    let csca = Authority::csca("UT", "CSCA", 1);
    let signer = csca.issue("List Signer", 9, &[purpose(&SIGNING_KEY)]);
    let bytes = list(&signer, &csca);
    assert!(!is_verified(&import(&bytes, &csca, &store(&[&csca], &[csca.crl(&[9], 0, &[])]))));
    // A list of a stranger revokes nothing.
    let stranger = Authority::csca("UT", "CSCA", 2);
    assert!(is_verified(&import(&bytes, &csca, &store(&[&csca], &[stranger.crl(&[9], 0, &[])]))));
}

#[test]
fn only_a_certificate_for_the_purpose_signs_lists() {
    let csca = Authority::csca("UT", "CSCA", 1);
    let trust = store(&[&csca], &[]);
    let verified = |signer: &Authority| is_verified(&import(&list(signer, &csca), &csca, &trust));
    let usage = |bits: u8, unused: u8| (15, true, tlv::bit_string(&[bits], unused));
    let issued = |more: &[Extension]| {
        csca.issue("List Signer", 9, &[&[purpose(&SIGNING_KEY)], more].concat())
    };
    assert!(verified(&issued(&[])));
    assert!(verified(&issued(&[usage(0x80, 7)])));
    // The CSCA itself (9303-12 7.1.1 wants a signer of its own for lists).
    assert!(!verified(&csca));
    assert!(!verified(&csca.signer(9)));
    assert!(!verified(&issued(&[usage(0x06, 1)])));
    assert!(!verified(&issued(&[(99, true, tlv::null())])));
}
