//! Revocation lists: which count, for whom, and which replaces which.

use emrtd::tlv;
use emrtd::trust::{Certificate, Crl, CrlError, TrustStore, TrustStoreBuilder};

use super::authority::Authority;
use super::{unvouched, vouched};
use crate::shared::NOW;

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

/// What of these lists another one of them replaces.
fn replaced(builder: TrustStoreBuilder, lists: &[&Crl]) -> Vec<bool> {
    let all = lists.iter().fold(builder, |builder, list| builder.add_crl((*list).clone()));
    let superseded = all.build().superseded_crls(NOW.plus_days(20));
    lists.iter().map(|list| superseded.contains(&list.fingerprint())).collect()
}

#[test]
fn an_older_list_never_replaces_a_newer_one() {
    let csca = Authority::csca("UT", "CSCA", 1);
    let of = |days: i64, value: &[u8]| crl(&csca.crl(&[], days, &[number(value)]));
    let store = || TrustStore::builder().add_csca(csca.parsed(), vouched());
    let (old, new) = (of(0, &[9]), of(1, &[10]));
    assert_eq!(replaced(store(), &[&old, &new]), [true, false]);
    // Numbers are numbers, not texts: 255 < 256.
    assert_eq!(replaced(store(), &[&of(1, &[1, 0]), &of(0, &[0xFF])]), [false, true]);
    // The same day, and a number more.
    assert_eq!(replaced(store(), &[&of(0, &[10]), &old]), [false, true]);
    // Where number and time contradict each other, neither goes away.
    assert_eq!(replaced(store(), &[&of(1, &[8]), &old]), [false, false]);
    // One from the future replaces nothing until its time has come.
    assert_eq!(replaced(store(), &[&of(21, &[99]), &old]), [false, false]);
}

#[test]
fn only_the_key_that_signed_a_list_replaces_it() {
    let csca = Authority::csca("UT", "CSCA", 1);
    let old = crl(&csca.crl(&[7], 0, &[number(&[9])]));
    let with = |other: &Authority| {
        let builder = TrustStore::builder()
            .add_csca(csca.parsed(), vouched())
            .add_csca(other.parsed(), vouched());
        let new = crl(&other.crl(&[], 9, &[number(&[99])]));
        assert_eq!(new.authority_key_id(), other.parsed().subject_key_id());
        replaced(builder, &[&old, &new])
    };
    // Of another key or name, however new and vouched for.
    assert_eq!(with(&Authority::csca("UT", "CSCA", 2)), [false, false]);
    assert_eq!(with(&Authority::csca("UT", "Another", 3)), [false, false]);
    // Nor by one that says it has the key of the older one.
    let forged = Authority::claiming_key_of(&csca, "UT", "CSCA", 4);
    assert_eq!(forged.parsed().subject_key_id(), csca.parsed().subject_key_id());
    assert_eq!(with(&forged), [false, false]);
}

#[test]
fn no_list_takes_the_revocation_of_a_csca_back() {
    let csca = Authority::csca("UT", "CSCA", 1);
    let other = Authority::csca("UT", "CSCA", 2);
    let store = || {
        TrustStore::builder().add_csca(csca.parsed(), vouched()).add_csca(other.parsed(), vouched())
    };
    let of = |serials: &[u8], days: i64| crl(&csca.crl(serials, days, &[]));
    // It is silent on itself, once it has revoked itself.
    assert_eq!(replaced(store(), &[&of(&[1, 7], 0), &of(&[7], 1)]), [false, false]);
    // Nor does a revoked key replace a list at all.
    assert_eq!(replaced(store(), &[&of(&[1, 7], 0), &of(&[1, 7], 1)]), [false, false]);
    // Another CSCA stays revoked while the newer list says so.
    assert_eq!(replaced(store(), &[&of(&[2, 7], 0), &of(&[7], 1)]), [false, false]);
    assert_eq!(replaced(store(), &[&of(&[2, 7], 0), &of(&[2], 1)]), [true, false]);
    let lists = [of(&[2, 7], 0), of(&[7], 1)];
    let built = lists.into_iter().fold(store(), TrustStoreBuilder::add_crl).build();
    let found = built.cscas().iter().find(|found| found.certificate() == &other.parsed());
    assert!(built.revocation_of(found.unwrap()).is_some());
}

#[test]
fn the_list_of_a_revoked_key_revokes_and_clears_nothing() {
    let (old, new) = (Authority::csca("UT", "CSCA", 1), Authority::csca("UT", "CSCA", 2));
    let signer = old.signer(7).parsed();
    let lists = |revoked: &[u8], listed: &[u8]| {
        let store = TrustStore::builder()
            .add_csca(old.parsed(), vouched())
            .add_csca(new.parsed(), vouched())
            .add_crl(crl(&old.crl(revoked, -1, &[])))
            .add_crl(crl(&new.crl(listed, 1, &[])))
            .build();
        let csca = store.issuer_of(&signer).unwrap();
        assert_eq!(csca.certificate(), &old.parsed());
        let is_listed =
            store.crls_for(signer.issuer(), csca).iter().any(|list| list.lists(signer.serial()));
        (is_listed, store.clearing_crls_for(signer.issuer(), csca).len())
    };
    assert_eq!(lists(&[], &[]), (false, 2));
    // The second key is revoked: its later list is no word on anything fresh.
    assert_eq!(lists(&[2], &[]), (false, 1));
    assert_eq!(lists(&[2], &[7]), (true, 1));
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
