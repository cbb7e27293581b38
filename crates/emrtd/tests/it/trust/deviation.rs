//! Deviation lists (9303-12 §10, 9303-3 §7).

use emrtd::tlv::{self, Oid, Tag};
use emrtd::trust::{
    Certificate, Crl, DEVIATION_LIST, DeviationKind, DeviationList, Item, ListSignature,
    TrustStore, import,
};

use super::authority::{Authority, purpose};
use super::{unvouched, vouched};
use crate::shared::NOW;

/// 2.23.136.1.1.8
const SIGNING_KEY: Oid = Oid::from_octets(&[0x67, 0x81, 0x08, 0x01, 0x01, 0x08]);

fn described(arcs: &[u8], parameters: &[u8]) -> Vec<u8> {
    let kind = Oid::from_octets(&[DEVIATION_LIST.octets(), arcs].concat());
    let words = tlv::tagged(Tag(0x13), b"see notice 7");
    let parameters = if parameters.is_empty() { Vec::new() } else { tlv::explicit(0, parameters) };
    tlv::sequence(&[&words, &tlv::oid_element(&kind), &parameters])
}

fn entry(documents: &[&[u8]], descriptions: &[Vec<u8>]) -> Vec<u8> {
    tlv::sequence(&[&tlv::sequence(documents), &tlv::set_of(descriptions)])
}

fn content(entries: &[Vec<u8>]) -> Vec<u8> {
    let sha256 = Oid::from_octets(&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01]);
    let digest = tlv::sequence(&[&tlv::oid_element(&sha256)]);
    tlv::sequence(&[&tlv::integer(&[0]), &digest, &tlv::set_of(entries)])
}

/// One entry for each way to name a signer, and one by number alone.
fn list(csca: &Authority, signer: &Certificate) -> Vec<u8> {
    let by_key = tlv::tagged(Tag::context_primitive(2), signer.subject_key_id().unwrap());
    let issuer = &csca.name;
    let by_serial =
        tlv::tagged(Tag::context(1), &[issuer.clone(), tlv::integer(signer.serial())].concat());
    let by_hash = tlv::tagged(Tag::context_primitive(3), &openssl::sha::sha256(signer.der()));
    let number = tlv::tagged(Tag(0x13), b"L898902C3");
    let numbers = tlv::tagged(Tag::context(5), &number);
    let kind = tlv::tagged(Tag::context_primitive(0), b"P<");
    content(&[
        entry(&[&by_key], &[described(&[1, 4], &[])]),
        entry(&[&by_serial], &[described(&[2, 2], &tlv::integer(&[2]))]),
        entry(&[&by_hash], &[described(&[2, 3], &[])]),
        entry(&[&kind, &numbers], &[described(&[3, 1], &tlv::integer(&[5]))]),
    ])
}

fn list_signer(csca: &Authority) -> Authority {
    csca.issue("Deviation List Signer", 9, &[purpose(&SIGNING_KEY)])
}

#[test]
fn what_a_state_says_of_its_documents_is_known() {
    let csca = Authority::csca("UT", "CSCA", 1);
    let (signer, other) = (csca.signer(7).parsed(), csca.signer(8).parsed());
    let bytes = list_signer(&csca).sign(&DEVIATION_LIST, &list(&csca, &signer), NOW);
    let imported = import(&bytes, &[]);
    let [found] = imported.accepted.as_slice() else { panic!("{imported:?}") };
    let Item::DeviationList(list) = &found.item else { panic!("{found:?}") };
    assert_eq!(list.signed_at(), Some(NOW));

    let store = TrustStore::builder()
        .add_csca(csca.parsed(), vouched())
        .add_deviation_list(list.clone())
        .build();
    assert_eq!(store.deviation_lists().map(|(_, country)| country).collect::<Vec<_>>(), ["UT"]);
    let mut kinds: Vec<DeviationKind> = store
        .deviations_of(&signer)
        .iter()
        .flat_map(|known| known.descriptions().iter().map(|description| description.kind))
        .collect();
    kinds.sort_by_key(|kind| kind.code());
    assert_eq!(
        kinds,
        [
            DeviationKind::ActiveAuthenticationKeyCompromised,
            DeviationKind::DataGroupHashWrong(Some(2)),
            DeviationKind::MrzWrongData,
            DeviationKind::SodSignatureWrong,
        ]
    );
    let by_signer_alone =
        store.deviations_of(&signer).iter().filter(|known| known.is_by_signer_alone()).count();
    assert_eq!(by_signer_alone, 3);
    // Of another signer only the entry by number may be about its documents.
    let [known] = store.deviations_of(&other).try_into().unwrap();
    assert!(!known.is_by_signer_alone());
    assert_eq!(known.descriptions()[0].text.as_deref(), Some("see notice 7"));
    let deviation = known.deviation().unwrap();
    assert!(deviation.may_concern_document("P", "L898902C3"));
    assert!(!deviation.may_concern_document("P", "L898902C4"));
    assert!(!deviation.may_concern_document("ID", "L898902C3"));
    // "P" means passports with a second letter, too.
    assert!(deviation.may_concern_document("PP", "L898902C3"));
    assert!(deviation.may_concern_document("P<", "L898902C3<"));
    assert!(!format!("{known:?}").contains("L898902C3"), "no number in Debug");
}

#[test]
fn a_list_counts_only_under_a_verified_csca_of_the_state_it_speaks_for() {
    let (csca, stranger) = (Authority::csca("UT", "CSCA", 1), Authority::csca("DY", "CSCA", 2));
    let signer = csca.signer(7).parsed();
    let content = list(&csca, &signer);
    let parse = |bytes: &[u8]| DeviationList::parse(bytes).unwrap();
    let deviations = |list: DeviationList, verified: bool| {
        let provenance = if verified { vouched() } else { unvouched() };
        let store = TrustStore::builder()
            .add_csca(csca.parsed(), provenance)
            .add_csca(stranger.parsed(), vouched())
            .add_deviation_list(list)
            .build();
        store.deviations_of(&signer).len()
    };
    let honest = list_signer(&csca).sign(&DEVIATION_LIST, &content, NOW);
    assert_eq!(deviations(parse(&honest), true), 4);
    assert_eq!(deviations(parse(&honest), false), 0, "nobody vouches for the CSCA");
    // A document signer may not sign such lists.
    let unfit = csca.signer(5).sign(&DEVIATION_LIST, &content, NOW);
    assert_eq!(deviations(parse(&unfit), true), 0);
    // Another state's list says nothing about this state's documents.
    let key = stranger.issue("Deviation List Signer", 9, &[purpose(&SIGNING_KEY)]);
    assert_eq!(deviations(parse(&key.sign(&DEVIATION_LIST, &content, NOW)), true), 0);
    // Any changed bit of what is signed.
    let at = honest.windows(12).position(|window| window == b"see notice 7").unwrap();
    let mut forged = honest;
    forged[at] = b'S';
    let outcome = parse(&forged).verify_signature(&[csca.parsed()]);
    assert!(matches!(outcome, ListSignature::Invalid { .. }));
}

#[test]
fn neither_a_revoked_signer_nor_a_revoked_csca_speaks_of_deviations() {
    let csca = Authority::csca("UT", "CSCA", 1);
    let signer = csca.signer(7).parsed();
    let bytes = list_signer(&csca).sign(&DEVIATION_LIST, &list(&csca, &signer), NOW);
    let deviations = |revoked: &[u8]| {
        let store = TrustStore::builder()
            .add_csca(csca.parsed(), vouched())
            .add_crl(Crl::from_der(&csca.crl(revoked, 0, &[])).unwrap())
            .add_deviation_list(DeviationList::parse(&bytes).unwrap())
            .build();
        (store.deviations_of(&signer).len(), store.unused_deviation_lists().len())
    };
    assert_eq!(deviations(&[]), (4, 0));
    // The CSCA, and the signer of the list.
    assert_eq!(deviations(&[1]), (0, 1));
    assert_eq!(deviations(&[9]), (0, 1));
}

#[test]
fn broken_lists_are_refused_and_none_panics() {
    let csca = Authority::csca("UT", "CSCA", 1);
    let signer = csca.signer(7).parsed();
    let bytes = list_signer(&csca).sign(&DEVIATION_LIST, &list(&csca, &signer), NOW);
    for end in 0..bytes.len() {
        assert!(DeviationList::parse(&bytes[..end]).is_err());
    }
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x55;
        let _ = DeviationList::parse(&changed);
    }
    let other = list_signer(&csca).sign(&emrtd::trust::MASTER_LIST, b"\x30\x00", NOW);
    assert!(DeviationList::parse(&other).is_err());
}
