//! Master lists, certificates, CRLs and the store.

mod authority;
mod cache;
mod crl;
mod deviation;
mod ldif;
mod links;
mod vouchers;

use emrtd::sim::{IssuingState, StateProfile};
use emrtd::tlv;
use emrtd::trust::{
    Certificate, Crl, CscaRefused, Import, ImportError, Item, ListSignature, MASTER_LIST,
    MasterList, Provenance, SourceKind, TrustStore, import,
};
use openssl::base64::encode_block;

use crate::shared::{NOW, shared};

pub(crate) fn vouched() -> Provenance {
    Provenance { source: "test".into(), verified: true }
}

fn unvouched() -> Provenance {
    Provenance { source: "test".into(), verified: false }
}

pub(crate) fn certificate(der: &[u8]) -> Certificate {
    Certificate::from_der(der).unwrap()
}

fn utopia() -> IssuingState {
    IssuingState::new(StateProfile::utopia(), NOW).unwrap()
}

fn root(name: &str) -> Option<Certificate> {
    let bytes = shared(&format!("masterlists/{name}"))?;
    let import = import(&bytes, &[]);
    match import.accepted.into_iter().next()?.item {
        Item::Csca(certificate) => Some(certificate),
        _ => None,
    }
}

fn counts(import: &Import) -> (usize, usize, usize) {
    let verified = import.accepted.iter().filter(|item| item.verified).count();
    (import.accepted.len(), verified, import.refused.len())
}

/// What is accepted (of that: verified) and refused of every published list.
#[test]
fn published_master_lists() {
    let (Some(german), Some(dutch)) = (root("DE_ROOT_CA_CSCA07.cer"), root("NL_ROOT_CA.cer"))
    else {
        return;
    };
    let roots = [german, dutch];
    let expected = [
        // Signed under an earlier csca-germany than the root that is published.
        ("DE_ML_2024-08-07-07-38-24.ml", "unknown signer", (531, 0, 10)),
        ("DE_ML_2026-05-28-08-28-45.ml", "verified", (580, 580, 8)),
        ("NL_ML_2026-07-22.ml", "verified", (411, 411, 0)),
        ("IT_MasterListCSCA.ml", "unknown signer", (323, 0, 10)),
        ("ICAO_ml_September2023.ml", "invalid", (0, 0, 1)),
        ("tananaev_masterList.pemlist", "unsigned", (572, 0, 9)),
    ];
    for (name, signature, count) in expected {
        let Some(bytes) = shared(&format!("masterlists/{name}")) else {
            return;
        };
        let import = import(&bytes, &roots);
        assert_eq!(counts(&import), count, "{name}");
        let found = match import.master_lists.as_slice() {
            [(_, ListSignature::Verified { .. })] => "verified",
            [(_, ListSignature::UnknownSigner { .. })] => "unknown signer",
            [(_, ListSignature::Invalid { .. })] => "invalid",
            [(_, ListSignature::Unsigned)] => "unsigned",
            _ => "not one list",
        };
        assert_eq!(found, signature, "{name}");
    }
}

fn published(name: &str) -> Option<MasterList> {
    let bytes = shared(&format!("masterlists/{name}"))?;
    Some(MasterList::parse(&bytes).unwrap())
}

fn listed(list: &MasterList) -> Vec<Certificate> {
    let certificates = list.certificates().iter();
    certificates.map(|(_, certificate)| certificate.clone()).collect()
}

#[test]
fn a_verified_list_can_vouch_for_older_and_foreign_list_signers() {
    let Some(german) = published("DE_ML_2026-05-28-08-28-45.ml") else {
        return;
    };
    let roots = listed(&german);
    for name in ["DE_ML_2024-08-07-07-38-24.ml", "IT_MasterListCSCA.ml"] {
        let list = published(name).unwrap();
        assert!(list.verify_signature(&roots).is_verified(), "{name}");
        assert!(!list.verify_signature(&[]).is_verified(), "{name}");
    }
}

/// What is refused are link certificates; the keys in them come again in
/// certificates that are accepted, so no state is lost.
#[test]
fn no_state_loses_its_key_to_a_refusal() {
    let Some(german) = published("DE_ML_2026-05-28-08-28-45.ml") else {
        return;
    };
    let all = listed(&german);
    let (good, bad): (Vec<_>, Vec<_>) = all.iter().partition(|csca| csca.check_csca().is_ok());
    assert_eq!(bad.len(), 8);
    for refused in bad {
        assert_eq!(refused.check_csca(), Err(CscaRefused::NotCa));
        assert!(!refused.is_self_signed());
        assert!(good.iter().any(|csca| csca.has_same_key(refused)), "{refused:?}");
    }
}

#[test]
fn link_certificates_of_indonesia_lead_from_key_to_key() {
    let load = |name: &str| {
        let bytes = shared(&format!("csca-extra/{name}"))?;
        match import(&bytes, &[]).accepted.into_iter().next()?.item {
            Item::Csca(certificate) => Some(certificate),
            _ => None,
        }
    };
    let (Some(old), Some(link), Some(new)) =
        (load("2016-01_CSCA.cer"), load("2020-10_CSCA_LINK.cer"), load("2020-10_CSCA.cer"))
    else {
        return;
    };
    assert!(old.is_self_signed() && new.is_self_signed() && !link.is_self_signed());
    assert!(link.has_same_key(&new));
    assert!(link.verify_signed_by(&old).is_ok());
    assert!(link.verify_signed_by(&new).is_err());
    // The old root vouches for its link, and the link for the new root, which
    // holds the same key; nothing vouches for a root before the old one.
    let before = load("2010-12_CSCA.cer").unwrap();
    let store = TrustStore::builder()
        .add_csca(before.clone(), unvouched())
        .add_csca(link.clone(), unvouched())
        .add_csca(old, vouched())
        .add_csca(new.clone(), unvouched())
        .build();
    let verified = |certificate: &Certificate| {
        let csca = store.cscas().iter().find(|csca| csca.certificate() == certificate);
        csca.unwrap().provenance().verified
    };
    assert!(verified(&link) && verified(&new));
    assert!(!verified(&before));
}

#[test]
fn simulated_list_verifies_only_under_its_own_root() {
    let utopia = utopia();
    let bytes = utopia.master_list(&[utopia.csca()]).unwrap();
    let own = certificate(utopia.csca());
    assert_eq!(counts(&import(&bytes, std::slice::from_ref(&own))), (1, 1, 0));
    assert_eq!(counts(&import(&bytes, &[])), (1, 0, 0));
    // Another state of the same name has another key.
    let impostor = IssuingState::new(StateProfile::utopia(), NOW).unwrap();
    assert_eq!(counts(&import(&bytes, &[certificate(impostor.csca())])), (1, 0, 0));
    // Neither the signer nor a document signer is a root.
    let signer = certificate(utopia.document_signer());
    assert_eq!(counts(&import(&bytes, &[signer])), (1, 0, 0));
}

#[test]
fn a_list_signed_by_a_document_signer_is_refused() {
    let utopia = utopia();
    let content = tlv::sequence(&[&tlv::integer(&[0]), &tlv::set_of(&[utopia.csca().to_vec()])]);
    let list = utopia.sign(&MASTER_LIST, &content).unwrap();
    let import = import(&list, &[certificate(utopia.csca())]);
    assert_eq!(counts(&import), (0, 0, 1));
    assert!(matches!(import.refused[0].reason, ImportError::ListSignature(_)));
}

#[test]
fn a_list_signer_of_another_country_than_its_root_is_unknown() {
    let profile = StateProfile { signer_country: "DE".into(), ..StateProfile::utopia() };
    let state = IssuingState::new(profile, NOW).unwrap();
    let list = state.master_list(&[state.csca()]).unwrap();
    let list = MasterList::parse(&list).unwrap();
    let outcome = list.verify_signature(&[certificate(state.csca())]);
    assert!(matches!(outcome, ListSignature::UnknownSigner { .. }));
}

#[test]
fn a_changed_list_is_refused_whole() {
    let utopia = utopia();
    let own = [certificate(utopia.csca())];
    let bytes = utopia.master_list(&[utopia.csca()]).unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let import = import(&changed, &own);
        let verified = import.accepted.iter().filter(|item| item.verified);
        for item in verified {
            // Only bytes the signature does not cover may change unnoticed,
            // and what is taken is still the certificate itself.
            let Item::Csca(csca) = &item.item else { panic!("byte {at}") };
            assert_eq!(csca.der(), utopia.csca(), "byte {at}");
        }
        let _ = MasterList::parse(&bytes[..at]);
    }
}

#[test]
fn a_document_signer_is_no_csca() {
    let utopia = utopia();
    let signer = certificate(utopia.document_signer());
    assert_eq!(signer.check_csca(), Err(CscaRefused::NotCa));
    let store = TrustStore::builder().add_csca(signer, vouched()).build();
    assert!(store.is_empty());
    assert_eq!(store.refused().len(), 1);
}

#[test]
fn a_forged_self_signature_is_refused() {
    let utopia = utopia();
    let mut forged = utopia.csca().to_vec();
    let serial = forged.windows(8).position(|w| w == &certificate(utopia.csca()).serial()[..8]);
    forged[serial.unwrap() + 7] ^= 1;
    assert_eq!(certificate(&forged).check_csca(), Err(CscaRefused::SelfSignature));
}

#[test]
fn a_crl_counts_only_under_the_key_of_its_csca() {
    let utopia = utopia();
    let impostor = IssuingState::new(StateProfile::utopia(), NOW).unwrap();
    let crl = |state: &IssuingState| {
        Crl::from_der(&state.crl(&[&[7]], NOW, Some(NOW.plus_days(30))).unwrap()).unwrap()
    };
    let store = TrustStore::builder()
        .add_csca(certificate(utopia.csca()), vouched())
        .add_crl(crl(&utopia))
        .add_crl(crl(&impostor))
        .build();
    assert_eq!(store.crls().count(), 1);
    assert!(store.unused_crls()[0].issuer_known);
    assert!(crl(&utopia).lists(&[7]) && !crl(&utopia).lists(&[8]));
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = encode_block(der);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

#[test]
fn pem_holds_many_objects() {
    let utopia = utopia();
    let crl = utopia.crl(&[], NOW, Some(NOW.plus_days(1))).unwrap();
    let file = format!(
        "Utopia\n{}{}{}-----BEGIN CERTIFICATE-----\nAAAA\n",
        pem("CERTIFICATE", utopia.csca()),
        pem("X509 CRL", &crl),
        pem("CERTIFICATE", b"nonsense"),
    );
    let import = import(file.as_bytes(), &[]);
    let kinds: Vec<&str> = import.accepted.iter().map(kind).collect();
    assert_eq!(kinds, ["csca", "crl"]);
    assert_eq!(import.accepted[0].source.kind, SourceKind::Pem);
    assert_eq!(import.accepted[0].source.position, 2);
    assert_eq!(import.refused.len(), 2);
}

fn kind(imported: &emrtd::trust::Imported) -> &'static str {
    match imported.item {
        Item::Csca(_) => "csca",
        Item::Certificate(_) => "certificate",
        Item::Crl(_) => "crl",
        Item::DeviationList(_) => "deviation list",
    }
}

/// As the ICAO PKD writes it: folded base64, one bad entry among good ones.
#[test]
fn ldif_of_the_public_key_directory() {
    let utopia = utopia();
    let fold = |text: &str| {
        let lines: Vec<&str> =
            text.as_bytes().chunks(76).map(|c| std::str::from_utf8(c).unwrap()).collect();
        lines.join("\r\n ")
    };
    let entry = |dn: &str, attribute: &str, der: &[u8]| {
        let value = fold(&format!("{attribute}:: {}", encode_block(der)));
        format!("dn: {dn}\r\nobjectClass: top\r\n{value}\r\n\r\n")
    };
    let crl = utopia.crl(&[&[9]], NOW, Some(NOW.plus_days(1))).unwrap();
    let list = utopia.master_list(&[utopia.csca()]).unwrap();
    let file = format!(
        "version: 1\r\n# PKD\r\n{}{}dn: cn=bad\r\nuserCertificate;binary:: AAAA\r\n\r\n{}{}",
        entry("c=UT,dc=data", "CscaMasterListData", &list),
        entry("c=UT,dc=data", "pkdMasterListContent", &list),
        entry("cn=ds,c=UT,dc=data", "userCertificate;binary", utopia.document_signer()),
        entry("cn=crl,c=UT,dc=data", "certificateRevocationList;binary", &crl),
    );
    let import = import(file.as_bytes(), &[certificate(utopia.csca())]);
    let kinds: Vec<&str> = import.accepted.iter().map(kind).collect();
    assert_eq!(kinds, ["csca", "crl"]);
    assert!(import.accepted[0].verified);
    assert_eq!((import.repeated, import.document_signers), (1, 1));
    assert_eq!(import.refused.len(), 1);
    assert!(matches!(import.refused[0].reason, ImportError::Certificate(_)));
    assert_eq!(import.refused[0].source.kind, SourceKind::Ldif);
}

#[test]
fn nonsense_is_refused_with_a_reason() {
    for bytes in [&b""[..], b"\x30\x80", b"hello", b"-----BEGIN X-----", &[0x30; 64]] {
        let import = import(bytes, &[]);
        assert_eq!(import.accepted.len(), 0);
        assert_eq!(import.refused.len(), 1);
    }
}

/// Every country of the published lists belongs to an issuing state that a
/// document can name.
#[test]
fn every_country_of_the_published_lists_is_known() {
    let states: Vec<String> = ('A'..='Z')
        .flat_map(|a| ('A'..='Z').flat_map(move |b| ('A'..='Z').map(move |c| format!("{a}{b}{c}"))))
        .chain(["D".to_owned()])
        .collect();
    for name in ["DE_ML_2026-05-28-08-28-45.ml", "NL_ML_2026-07-22.ml", "IT_MasterListCSCA.ml"] {
        let Some(list) = published(name) else {
            return;
        };
        let countries: std::collections::BTreeSet<String> =
            listed(&list).iter().filter_map(|csca| csca.country().map(str::to_owned)).collect();
        let unknown: Vec<&String> = countries
            .iter()
            .filter(|country| {
                let agrees = |state: &String| {
                    emrtd::verify::agreement(state, country) != emrtd::verify::Agreement::Different
                };
                !states.iter().any(agrees)
            })
            .collect();
        assert!(unknown.is_empty(), "{name}: {unknown:?}");
    }
}
