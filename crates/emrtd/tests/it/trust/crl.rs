//! Revocation lists: which count, for whom, and which replaces which.

use emrtd::tlv;
use emrtd::trust::{Certificate, Crl, CrlError, TrustStore};

use super::authority::Authority;
use super::{unvouched, vouched};

fn crl(der: &[u8]) -> Crl {
    Crl::from_der(der).unwrap()
}

/// A CRL number.
fn number(value: &[u8]) -> super::authority::Extension {
    (20, false, tlv::integer(value))
}

#[test]
fn partial_and_indirect_lists_are_refused() {
    let csca = Authority::csca("UT", "CSCA", 1);
    let refused = |extensions: &[(u8, bool, Vec<u8>)]| {
        Crl::from_der(&csca.crl(&[7], 0, extensions)).unwrap_err()
    };
    // Their silence on a serial proves nothing, critical or not.
    for critical in [true, false] {
        let delta = refused(&[(27, critical, tlv::integer(&[1]))]);
        assert!(matches!(delta, CrlError::Partial(_)), "{delta}");
        let limited = refused(&[(28, critical, tlv::sequence(&[]))]);
        assert!(matches!(limited, CrlError::Partial(_)), "{limited}");
    }
    let unknown = refused(&[(99, true, tlv::null())]);
    assert_eq!(unknown, CrlError::CriticalExtension("2.5.29.99".into()));
    assert!(Crl::from_der(&csca.crl(&[7], 0, &[(99, false, tlv::null())])).is_ok());

    // An entry for a certificate of another issuer, and one with a critical extension.
    let entry = |number: u8, critical: bool| {
        let oid = tlv::oid_element(&emrtd::tlv::Oid::from_octets(&[0x55, 0x1D, number]));
        let flag = if critical { tlv::boolean(true) } else { Vec::new() };
        let value = tlv::octet_string(&tlv::sequence(&[]));
        let extension = tlv::sequence(&[&tlv::sequence(&[&oid, &flag, &value])]);
        tlv::sequence(&[&tlv::integer(&[7]), &tlv::time(crate::shared::NOW), &extension])
    };
    let indirect = Crl::from_der(&csca.crl_of(&entry(29, true), 0, &[])).unwrap_err();
    assert!(matches!(indirect, CrlError::Partial(_)), "{indirect}");
    let critical = Crl::from_der(&csca.crl_of(&entry(21, true), 0, &[])).unwrap_err();
    assert!(matches!(critical, CrlError::CriticalExtension(_)), "{critical}");
    assert!(Crl::from_der(&csca.crl_of(&entry(21, false), 0, &[])).is_ok());
}

#[test]
fn an_older_list_never_replaces_a_newer_one() {
    let csca = Authority::csca("UT", "CSCA", 1);
    let other = Authority::csca("UT", "CSCA", 2);
    let of = |days: i64, value: &[u8]| crl(&csca.crl(&[], days, &[number(value)]));
    let (old, new) = (of(0, &[9]), of(1, &[10]));
    assert!(new.supersedes(&old) && !old.supersedes(&new) && !new.supersedes(&new));
    // Numbers are numbers, not texts: 255 < 256.
    assert!(of(1, &[1, 0]).supersedes(&of(0, &[0xFF])));
    // The same day, and a number more.
    assert!(of(0, &[10]).supersedes(&old));
    // Where number and time contradict each other, neither goes away.
    let contradicting = of(1, &[8]);
    assert!(!contradicting.supersedes(&old) && !old.supersedes(&contradicting));
    // Nor by a list of another key or name, however new.
    assert!(!crl(&other.crl(&[], 9, &[number(&[99])])).supersedes(&old));
    let renamed = Authority::csca("UT", "Another", 3);
    assert!(!crl(&renamed.crl(&[], 9, &[number(&[99])])).supersedes(&old));
}

#[test]
fn a_key_that_may_not_sign_lists_signs_none() {
    // keyCertSign alone.
    let root = Authority::csca("UT", "CSCA", 1);
    let constraints = tlv::sequence(&[&tlv::boolean(true)]);
    let usage = [(15, true, tlv::bit_string(&[0x04], 2)), (19, true, constraints)];
    let csca = root.issue("Limited", 2, &usage);
    let store = TrustStore::builder()
        .add_csca(csca.parsed(), vouched())
        .add_crl(crl(&csca.crl(&[7], 0, &[])))
        .build();
    assert_eq!((store.cscas().len(), store.crls().count()), (1, 0));
    assert!(store.unused_crls()[0].issuer_known);
}

#[test]
fn a_csca_nobody_vouched_for_does_not_speak_for_one_that_somebody_did() {
    let real = Authority::csca("UT", "CSCA", 1);
    let forged = Authority::csca("UT", "CSCA", 2);
    let signer = Certificate::from_der(&real.signer(7).certificate).unwrap();
    let store = TrustStore::builder()
        .add_csca(real.parsed(), vouched())
        .add_csca(forged.parsed(), unvouched())
        // One list that revokes a signer it has nothing to say about, one that clears it.
        .add_crl(crl(&forged.crl(&[7], 0, &[])))
        .build();
    let csca = store.issuer_of(&signer).unwrap();
    assert_eq!(csca.certificate(), &real.parsed());
    assert_eq!(store.crls().count(), 1);
    assert!(store.crls_for(signer.issuer(), csca).is_empty());
}

#[test]
fn a_revoked_csca_issues_nothing_and_vouches_for_nobody() {
    let old = Authority::csca("UT", "CSCA", 1);
    let new = Authority::csca("UT", "CSCA", 2);
    let link = old.link(&new, 3);
    let (by_old, by_new) = (old.signer(7).parsed(), new.signer(8).parsed());
    let store = |revoked: &[u8]| {
        TrustStore::builder()
            .add_csca(old.parsed(), vouched())
            .add_csca(new.parsed(), unvouched())
            .add_csca(link.clone(), unvouched())
            .add_crl(crl(&old.crl(revoked, 0, &[])))
            .build()
    };
    let good = store(&[]);
    assert!(good.issuer_of(&by_old).is_some() && good.issuer_of(&by_new).is_some());
    assert!(good.cscas().iter().all(|csca| csca.provenance().verified));

    // The old root's own list names the old root: nothing of its key counts any more.
    let bad = store(&[1]);
    assert!(bad.issuer_of(&by_old).is_none());
    let verified = bad.cscas().iter().filter(|csca| csca.provenance().verified);
    assert_eq!(verified.count(), 1, "the link is followed no more");

    // Only the link is revoked: what it led to is still there, unvouched.
    let unlinked = store(&[3]);
    assert!(unlinked.issuer_of(&by_old).is_some());
    assert_eq!(unlinked.issuer_of(&by_new).unwrap().certificate(), &new.parsed());
    assert!(!unlinked.issuer_of(&by_new).unwrap().provenance().verified);
}

#[test]
fn how_many_real_cscas_may_sign_lists() {
    let Some(bytes) = crate::shared::shared("masterlists/DE_ML_2026-05-28-08-28-45.ml") else {
        return;
    };
    let list = emrtd::trust::MasterList::parse(&bytes).unwrap();
    let (all, may_not) = list.certificates().iter().fold((0, 0), |(all, not), (_, csca)| {
        let may_not = csca.key_usage().is_some_and(|usage| !usage.crl_sign());
        (all + 1, not + usize::from(may_not))
    });
    // The rule costs next to nobody his list.
    assert_eq!((all, may_not), (588, 0));
}
