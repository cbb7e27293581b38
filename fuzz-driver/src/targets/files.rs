use emrtd::lds::dg1::Dg1;
use emrtd::lds::dg2::Dg2;
use emrtd::lds::dg14::Dg14;
use emrtd::lds::dg15::Dg15;
use emrtd::lds::security_info::SecurityInfos;
use emrtd::lds::sod::Sod;
use emrtd::mrz::{Fields, Mrz};
use emrtd::read::pace::Pace;
use emrtd::read::{CardSecurity, MrzKey, Password};
use emrtd::trust::TrustStore;
use emrtd::verify::{self, DocumentFiles};

use super::NOW;

/// A zone that was read is a password, and is read again as the same.
pub(super) fn mrz(data: &[u8]) {
    let Ok(zone) = Mrz::parse(data, NOW) else { return };
    check_zone(&zone);
}

fn check_zone(zone: &Mrz) {
    assert!(MrzKey::from_mrz(zone).is_ok(), "a zone that opens no chip");
    let again = Mrz::parse(zone.text().as_bytes(), NOW);
    assert!(again.is_ok_and(|again| again.text() == zone.text()));
    let (birth, expiry) = (zone.birth_date(), zone.expiry_date());
    assert!(birth.earliest() <= birth.latest() && expiry.earliest() <= expiry.latest());
    // Writing its names anew must not fail but for what does not fit.
    let fields = Fields {
        format: zone.format(),
        document_code: zone.document_code(),
        issuing_state: zone.issuing_state(),
        surname: zone.surname(),
        given_names: zone.given_names(),
        document_number: zone.document_number(),
        nationality: zone.nationality(),
        birth_date: "740812",
        sex: zone.sex(),
        expiry_date: "340415",
        optional_data: zone.optional_data(),
    };
    if let Ok(text) = fields.write() {
        let again = Mrz::parse(text.as_bytes(), NOW);
        assert!(again.is_ok_and(|again| again.document_number() == zone.document_number()));
    }
}

/// With nobody trusted, nothing is genuine.
pub(super) fn sod(data: &[u8]) {
    if let Ok(sod) = Sod::parse(data) {
        for group in sod.security_object.data_groups() {
            assert!(sod.security_object.hash(group).is_some());
        }
    }
    let files = DocumentFiles::new(data.to_vec());
    assert!(verify::passive(files, &TrustStore::default(), NOW).is_err());
}

pub(super) fn dg1(data: &[u8]) {
    if let Ok(dg1) = Dg1::parse(data, NOW) {
        check_zone(dg1.mrz());
    }
}

pub(super) fn dg2(data: &[u8]) {
    if let Ok(dg2) = Dg2::parse(data) {
        assert!(dg2.portrait().image().len() <= data.len());
    }
}

pub(super) fn dg14(data: &[u8]) {
    if let Ok(dg14) = Dg14::parse(data) {
        check_infos(dg14.security_infos());
    }
}

pub(super) fn dg15(data: &[u8]) {
    if let Ok(dg15) = Dg15::parse(data) {
        assert!(!dg15.public_key().description().to_string().is_empty());
    }
}

/// Whatever is announced, PACE starts with it or says why not.
pub(super) fn card_access(data: &[u8]) {
    if let Ok(infos) = SecurityInfos::parse(data, 0) {
        check_infos(&infos);
    }
}

fn check_infos(infos: &SecurityInfos) {
    let Ok(key) = MrzKey::new("L898902C3", "740812", "340415") else { return };
    let password = Password::Mrz(key);
    for info in infos.pace().take(4) {
        let supported = Pace::supports(info, infos).is_ok();
        assert_eq!(Pace::start(info, infos, &password, true).is_ok(), supported);
    }
    for key in infos.chip_public_keys() {
        assert!(key.public_key.len() <= key.spki.len());
    }
    if let Some(info) = infos.active_authentication() {
        let _ = info.ecdsa_digest();
    }
}

/// With nobody trusted, nobody vouches for a file.
pub(super) fn card_security(data: &[u8]) {
    assert!(CardSecurity::verify(data, Some(&TrustStore::default())).is_err());
    if let Ok(file) = CardSecurity::verify(data, None) {
        assert!(!file.is_trusted());
        check_infos(file.security_infos());
    }
}
