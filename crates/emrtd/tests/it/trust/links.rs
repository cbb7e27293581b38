//! Chains over several links, and a change of name (9303-12 §7.1.1.5).

use emrtd::trust::{Certificate, Crl, TrustStore};

use super::authority::Authority;
use super::{unvouched, vouched};

#[test]
fn trust_follows_several_links_and_a_change_of_name() {
    // Three keys; the name changes with the third.
    let first = Authority::csca("UT", "CSCA", 1);
    let second = Authority::csca("UT", "CSCA", 2);
    let third = Authority::csca("UT", "CSCA of the Republic", 3);
    let links = [first.link(&second, 11), second.link(&third, 12)];
    let store = TrustStore::builder()
        .add_csca(links[1].clone(), unvouched())
        .add_csca(links[0].clone(), unvouched())
        .add_csca(third.parsed(), unvouched())
        .add_csca(first.parsed(), vouched())
        .build();
    assert!(store.cscas().iter().all(|csca| csca.provenance().verified), "along the whole chain");

    let link = store.cscas().iter().find(|csca| csca.certificate() == &links[1]).unwrap();
    let climbed: Vec<&Certificate> =
        store.climb(link).into_iter().map(|csca| csca.certificate()).collect();
    assert_eq!(climbed, [&links[1], &links[0], &first.parsed()]);
    assert!(links[1].subject() != links[1].issuer(), "the name changes here");

    // The list of the newest key covers what the first one signed under the old name.
    let signer = first.signer(7).parsed();
    let with_crl = |authority: &Authority| {
        let store = TrustStore::builder()
            .add_csca(links[1].clone(), unvouched())
            .add_csca(links[0].clone(), unvouched())
            .add_csca(third.parsed(), unvouched())
            .add_csca(first.parsed(), vouched())
            .add_crl(Crl::from_der(&authority.crl(&[7], 0, &[])).unwrap())
            .build();
        let csca = store.issuer_of(&signer).unwrap();
        store.crls_for(signer.issuer(), csca).iter().any(|crl| crl.lists(signer.serial()))
    };
    assert!(with_crl(&third));
    // One of the new name and country without the links says nothing about it.
    let stranger = Authority::csca("UT", "CSCA of the Republic", 4);
    assert!(!with_crl(&stranger));
}

#[test]
fn a_link_of_another_country_leads_nowhere() {
    let utopia = Authority::csca("UT", "CSCA", 1);
    let dystopia = Authority::csca("DY", "CSCA", 2);
    let store = TrustStore::builder()
        .add_csca(utopia.parsed(), vouched())
        .add_csca(utopia.link(&dystopia, 11), unvouched())
        .add_csca(dystopia.parsed(), unvouched())
        .build();
    let verified: Vec<bool> = store.cscas().iter().map(|csca| csca.provenance().verified).collect();
    assert_eq!(verified, [true, false, false]);
}

#[test]
fn links_in_a_circle_end() {
    let (one, two) = (Authority::csca("UT", "One", 1), Authority::csca("UT", "Two", 2));
    let circle = [one.link(&two, 11), two.link(&one, 12)];
    let store = TrustStore::builder()
        .add_csca(circle[0].clone(), unvouched())
        .add_csca(circle[1].clone(), unvouched())
        .add_crl(Crl::from_der(&one.crl(&[], 0, &[])).unwrap())
        .build();
    for csca in store.cscas() {
        assert!(store.climb(csca).len() <= 2);
        assert!(!csca.provenance().verified);
    }
}
