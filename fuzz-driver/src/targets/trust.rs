use emrtd::trust::{self, Certificate, Crl, MasterList, Provenance, TrustStore, ldif};

/// A certificate that was read can be told, and put into a store.
pub(super) fn certificate(data: &[u8]) {
    let Ok(certificate) = Certificate::from_der(data) else { return };
    assert_eq!(certificate.der(), data);
    assert!(!format!("{certificate:?} {}", certificate.subject()).is_empty());
    let _ = (certificate.check_csca(), certificate.is_self_signed(), certificate.summary());
    let provenance = Provenance { source: "fuzz".into(), verified: false };
    let store = TrustStore::builder().add_csca(certificate, provenance).build();
    assert!(store.cscas().len() + store.refused().len() <= 1);
}

pub(super) fn crl(data: &[u8]) {
    let Ok(crl) = Crl::from_der(data) else { return };
    assert_eq!(crl.der(), data);
    assert!(!crl.lists(&[0xFF; 40]), "a serial number longer than any");
    let store = TrustStore::builder().add_crl(crl).build();
    assert_eq!(store.crls().count(), 0, "a CRL of nobody");
}

/// Without a root, no list is vouched for.
pub(super) fn master_list(data: &[u8]) {
    if let Ok(list) = MasterList::parse(data) {
        assert!(!list.verify_signature(&[]).is_verified());
        for (offset, _) in list.certificates() {
            assert!(*offset < data.len());
        }
    }
}

/// Any file that may be imported: LDIF, PEM, a list, one certificate or CRL.
pub(super) fn ldif(data: &[u8]) {
    let _ = ldif::is_ldif(data);
    let import = trust::import(data, &[]);
    assert!(import.accepted.iter().all(|item| !item.verified));
}
