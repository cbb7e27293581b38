//! Every rule of passive authentication, attacked.

use std::collections::BTreeSet;

use emrtd::crypto::DigestAlgorithm;
use emrtd::lds::sod::LDS_SECURITY_OBJECT;
use emrtd::lds::{DataGroup, ElementaryFile};
use emrtd::sim::{DocumentProfile, Flaw, Holder, IssuingState, SimulatedDocument, StateProfile};
use emrtd::tlv;
use emrtd::trust::{Crl, TrustStore, TrustStoreBuilder};
use emrtd::verify::{
    Agreement, CheckName, DocumentFiles, Outcome, PassiveFailure, PassiveReason, Revocation,
    Tolerated, agreement, alpha2, passive,
};
use proptest::prelude::*;

use crate::shared::NOW;
use crate::trust::{certificate, vouched};

fn utopia() -> IssuingState {
    IssuingState::new(StateProfile::utopia(), NOW).unwrap()
}

fn trusting(state: &IssuingState) -> TrustStoreBuilder {
    TrustStore::builder().add_csca(certificate(state.csca()), vouched())
}

fn passport(state: &IssuingState) -> SimulatedDocument {
    with_flaw(state, Flaw::None)
}

fn with_flaw(state: &IssuingState, flaw: Flaw) -> SimulatedDocument {
    let profile = DocumentProfile { flaw, ..DocumentProfile::passport() };
    state.issue(&Holder::example(), &profile).unwrap()
}

fn refusal(document: SimulatedDocument, trust: &TrustStore) -> PassiveFailure {
    match passive(document.into_files(), trust, NOW) {
        Ok(proof) => proof.into_document(NOW).unwrap_err(),
        Err(failure) => failure,
    }
}

#[test]
fn every_flaw_of_a_security_object_has_its_reason() {
    use PassiveReason as R;
    let state = utopia();
    let trust = trusting(&state).build();
    for (flaw, reason) in [
        (Flaw::WrongSignedContentType, R::SignedContentTypeMismatch),
        (Flaw::NoSignedContentType, R::SignedContentTypeMismatch),
        (Flaw::NoMessageDigest, R::MessageDigestMissing),
        (Flaw::WrongMessageDigest, R::MessageDigestMismatch),
        (Flaw::NoSignedAttributes, R::SignedAttributesMissing),
        (Flaw::WrongContentType, R::ContentTypeMismatch),
        (Flaw::NoSigner, R::MissingSigner),
        (Flaw::TwoSigners, R::MultipleSigners),
        (Flaw::NoCertificate, R::MissingSignerCertificate),
        (Flaw::WrongSignature, R::CmsSignatureInvalid),
        (Flaw::SignedByMasterListSigner, R::SignerCertificateUsage),
        (Flaw::SignedByCsca, R::SignerCertificateUsage),
    ] {
        let failure = refusal(with_flaw(&state, flaw), &trust);
        assert_eq!(failure.reason, reason, "{flaw:?}");
        assert_eq!(failure.report.proven, []);
    }
}

#[test]
fn a_ca_does_not_sign_documents() {
    let state = utopia();
    let failure = refusal(with_flaw(&state, Flaw::SignedByCsca), &trusting(&state).build());
    assert_eq!(failure.detail, "it is a CA");
}

#[test]
fn a_wrong_signer_identifier_is_tolerated_and_reported() {
    let state = utopia();
    let document = with_flaw(&state, Flaw::WrongSignerId);
    let proof = passive(document.into_files(), &trusting(&state).build(), NOW).unwrap();
    assert_eq!(proof.report().tolerated, [Tolerated::SignerIdMismatch]);
}

#[test]
fn document_types_outside_the_signers_list_are_noted() {
    let state = utopia();
    let trust = trusting(&state).build();
    let outcome = |document: SimulatedDocument| {
        let proof = passive(document.into_files(), &trust, NOW).unwrap();
        let proof = proof.into_document(NOW).unwrap();
        proof.report().outcome(CheckName::DocumentType)
    };
    assert_eq!(outcome(passport(&state)), Outcome::Passed);
    // The simulated signer is for P and I; this card has another letter.
    let zone = emrtd::mrz::Fields {
        format: emrtd::mrz::Format::Td1,
        document_code: "AR",
        issuing_state: "UTO",
        surname: "ERIKSSON",
        given_names: "",
        document_number: "1",
        nationality: "UTO",
        birth_date: "740812",
        sex: 'F',
        expiry_date: "340415",
        optional_data: "",
    };
    let dg1 = emrtd::lds::dg1::Dg1::write(&zone.write().unwrap());
    let profile =
        DocumentProfile { more_groups: vec![(DataGroup::DG1, dg1)], ..DocumentProfile::card() };
    let card = state.issue(&Holder::example(), &profile).unwrap();
    assert!(matches!(outcome(card), Outcome::Noted(_)));
}

/// The place of the `nth` occurrence of `needle`, from 0.
fn find(bytes: &[u8], needle: &[u8], nth: usize) -> usize {
    let places = bytes.windows(needle.len()).enumerate();
    let mut places = places.filter(|(_, window)| *window == needle).map(|(at, _)| at);
    places.nth(nth).unwrap()
}

#[test]
fn unknown_algorithms_and_broken_certificates_have_their_reason() {
    use PassiveReason as R;
    let state = utopia();
    let trust = trusting(&state).build();
    let sha256 = DigestAlgorithm::Sha256.oid();
    let ecdsa = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02];
    let prime_field = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x01, 0x01];
    let patched = |needle: &[u8], nth, value| {
        let mut document = passport(&state);
        let at = find(&document.sod, needle, nth) + needle.len() - 1;
        document.sod[at] = value;
        refusal(document, &trust).reason
    };
    // In the order of EF.SOD: the set of digests, the LDS security object, the
    // signer; then the certificate twice, and the signer.
    assert_eq!(patched(sha256.octets(), 1, 9), R::UnsupportedDigestAlgorithm);
    assert_eq!(patched(sha256.octets(), 2, 9), R::UnsupportedDigestAlgorithm);
    assert_eq!(patched(&ecdsa, 0, 9), R::UnsupportedSignatureAlgorithm);
    assert_eq!(patched(&ecdsa, 2, 9), R::UnsupportedSignatureAlgorithm);
    assert_eq!(patched(&prime_field, 0, 2), R::UnsupportedSignerKey);
    // The version of the certificate.
    assert_eq!(patched(&[0xA0, 3, 2, 1, 2], 0, 7), R::SignerCertificateInvalid);
}

/// A curve with a chosen generator is what CVE-2020-0601 was about.
#[test]
fn a_key_on_a_curve_with_another_generator_is_no_key() {
    let state = utopia();
    let trust = trusting(&state).build();
    let mut document = passport(&state);
    // The x coordinate of the base point of P-256.
    let generator = [0x6B, 0x17, 0xD1, 0xF2, 0xE1, 0x2C, 0x42, 0x47];
    let at = find(&document.sod, &generator, 0);
    document.sod[at] ^= 1;
    assert_eq!(refusal(document, &trust).reason, PassiveReason::UnsupportedSignerKey);
}

fn security_object(version: u8, groups: &[(u8, &[u8])], more: &[u8]) -> Vec<u8> {
    let digest = DigestAlgorithm::Sha256;
    let entries: Vec<u8> = groups
        .iter()
        .flat_map(|(number, file)| {
            let hash = tlv::octet_string(&digest.digest(file).unwrap());
            tlv::sequence(&[&tlv::integer(&[*number]), &hash])
        })
        .collect();
    tlv::sequence(&[
        &tlv::integer(&[version]),
        &tlv::sequence(&[&tlv::oid_element(&digest.oid())]),
        &tlv::tagged(tlv::Tag::SEQUENCE, &entries),
        more,
    ])
}

#[test]
fn malformed_security_objects_are_refused_though_signed() {
    let state = utopia();
    let trust = trusting(&state).build();
    let empty = tlv::sequence(&[]);
    for object in [
        security_object(2, &[(1, b"")], b""),
        security_object(0, &[], b""),
        security_object(0, &[(0, b"")], b""),
        security_object(0, &[(17, b"")], b""),
        security_object(0, &[(1, b"a"), (1, b"b")], b""),
        security_object(1, &[(1, b"")], &empty),
        security_object(0, &[(1, b"")], &tlv::null()),
    ] {
        let sod = state.sign(&LDS_SECURITY_OBJECT, &object).unwrap();
        let failure = passive(DocumentFiles::new(sod), &trust, NOW).unwrap_err();
        assert_eq!(failure.reason, PassiveReason::LdsObjectInvalid);
    }
}

#[test]
fn version_1_security_objects_are_read_and_dg1_must_be_listed() {
    let state = utopia();
    let trust = trusting(&state).build();
    let text = |text: &str| tlv::tagged(tlv::Tag(0x13), text.as_bytes());
    let version = tlv::sequence(&[&text("0108"), &text("040000")]);
    let object = security_object(1, &[(2, b"portrait")], &version);
    let sod = state.sign(&LDS_SECURITY_OBJECT, &object).unwrap();
    let files = DocumentFiles::new(sod).with(DataGroup::DG2, b"portrait".to_vec());
    let proof = passive(files, &trust, NOW).unwrap();
    assert_eq!(proof.report().checks[0].detail, "LDS 0108");
    assert_eq!(proof.report().proven, [DataGroup::DG2]);
    let failure = proof.into_document(NOW).unwrap_err();
    assert_eq!(failure.reason, PassiveReason::RequiredDgHashMissing);
}

#[test]
fn trust_in_nothing_or_in_others_proves_nothing() {
    let state = utopia();
    let nothing = TrustStore::builder().build();
    assert_eq!(refusal(passport(&state), &nothing).reason, PassiveReason::ChainUntrusted);
    // Same name, another key.
    let impostor = trusting(&utopia()).build();
    assert_eq!(refusal(passport(&state), &impostor).reason, PassiveReason::ChainUntrusted);
}

#[test]
fn an_issuer_that_is_no_ca_is_not_trusted() {
    let profile = StateProfile { csca_is_ca: false, ..StateProfile::utopia() };
    let state = IssuingState::new(profile, NOW).unwrap();
    let trust = trusting(&state).build();
    assert!(trust.is_empty());
    assert_eq!(refusal(passport(&state), &trust).reason, PassiveReason::ChainUntrusted);
}

#[test]
fn a_forged_signer_certificate_is_refused() {
    let state = utopia();
    let trust = trusting(&state).build();
    let mut document = passport(&state);
    let signer = state.document_signer();
    let start = document.sod.windows(signer.len()).position(|w| w == signer).unwrap();
    // The last byte of the certificate's own signature.
    document.sod[start + signer.len() - 1] ^= 1;
    let failure = refusal(document, &trust);
    assert_eq!(failure.reason, PassiveReason::SignerSignatureInvalid);
}

#[test]
fn a_signer_of_another_country_than_its_csca_is_refused() {
    let profile = StateProfile { signer_country: "DE".into(), ..StateProfile::utopia() };
    let state = IssuingState::new(profile, NOW).unwrap();
    let failure = refusal(passport(&state), &trusting(&state).build());
    assert_eq!(failure.reason, PassiveReason::SignerCountryMismatch);
}

#[test]
fn the_case_of_a_country_does_not_matter() {
    let profile = StateProfile { signer_country: "ut".into(), ..StateProfile::utopia() };
    let state = IssuingState::new(profile, NOW).unwrap();
    let proof = passive(passport(&state).into_files(), &trusting(&state).build(), NOW).unwrap();
    assert!(proof.into_document(NOW).is_ok());
}

#[test]
fn a_state_cannot_issue_documents_of_another() {
    let state = utopia();
    for other in ["D", "USA", "UNO", "XXA", "UT", "ZZZ"] {
        let profile =
            DocumentProfile { issuing_state: Some(other.into()), ..DocumentProfile::passport() };
        let document = state.issue(&Holder::example(), &profile).unwrap();
        let failure = refusal(document, &trusting(&state).build());
        assert_eq!(failure.reason, PassiveReason::DocumentCountryMismatch, "{other}");
        assert_eq!(failure.file, Some(ElementaryFile::Dg(DataGroup::DG1)));
    }
}

#[test]
fn countries_that_agree_and_that_do_not() {
    for (state, country) in [
        ("D", "DE"),
        ("D", "de"),
        ("GBR", "GB"),
        ("GBD", "GB"),
        ("EUE", "EU"),
        ("UNO", "UN"),
        ("UNA", "UN"),
        ("RKS", "KS"),
        ("UTO", "UT"),
        ("XOM", "XOM"),
        ("LTU", "LTU"),
        ("NLD", "NL"),
    ] {
        assert_eq!(agreement(state, country), Agreement::Same, "{state} {country}");
    }
    for (state, country) in [("CHN", "HK"), ("UNO", "ZZ"), ("XOM", "XO")] {
        assert!(matches!(agreement(state, country), Agreement::Exception(_)));
    }
    for (state, country) in [
        ("D", "DK"),
        ("UTO", "DE"),
        ("DEU", "UT"),
        ("XXA", "XX"),
        ("", ""),
        ("D", ""),
        ("", "DE"),
        ("HKG", "CN"),
        ("UNO", "US"),
    ] {
        assert_eq!(agreement(state, country), Agreement::Different, "{state} {country}");
    }
    assert_eq!(alpha2("ZWE"), Some("ZW"));
    assert_eq!(alpha2("AFG"), Some("AF"));
}

fn crl(state: &IssuingState, serials: &[&[u8]], issued: i64, due: i64) -> Crl {
    let next = Some(NOW.plus_days(due));
    Crl::from_der(&state.crl(serials, NOW.plus_days(issued), next).unwrap()).unwrap()
}

#[test]
fn a_revoked_signer_is_refused_also_by_an_overdue_crl() {
    let state = utopia();
    let serial = state.document_signer_serial();
    for (issued, due) in [(-1, 30), (-90, -60)] {
        let trust = trusting(&state).add_crl(crl(&state, &[serial], issued, due)).build();
        let failure = refusal(passport(&state), &trust);
        assert_eq!(failure.reason, PassiveReason::CrlRevoked);
        assert!(matches!(failure.report.revocation, Revocation::Revoked { .. }));
    }
    // A later CRL that forgot it does not bring it back.
    let trust = trusting(&state)
        .add_crl(crl(&state, &[serial], -90, -60))
        .add_crl(crl(&state, &[], -1, 30))
        .build();
    assert_eq!(refusal(passport(&state), &trust).reason, PassiveReason::CrlRevoked);
}

#[test]
fn missing_and_overdue_crls_are_reported() {
    let state = utopia();
    let revocation = |trust: TrustStore| {
        let proof = passive(passport(&state).into_files(), &trust, NOW).unwrap();
        proof.report().revocation.clone()
    };
    assert_eq!(revocation(trusting(&state).build()), Revocation::Unknown);
    let stale = trusting(&state).add_crl(crl(&state, &[], -90, -60)).build();
    assert!(matches!(revocation(stale), Revocation::Stale { .. }));
    let future = trusting(&state).add_crl(crl(&state, &[], 5, 30)).build();
    assert_eq!(revocation(future), Revocation::Unknown);
    let current = trusting(&state).add_crl(crl(&state, &[&[5]], -1, 30)).build();
    assert!(matches!(revocation(current), Revocation::NotRevoked { .. }));
}

#[test]
fn a_crl_of_a_revoked_csca_clears_nobody() {
    let (state, other) = (utopia(), utopia());
    let trust = |revoked: &[&[u8]], listed: &[&[u8]]| {
        trusting(&state)
            .add_csca(certificate(other.csca()), vouched())
            .add_crl(crl(&state, revoked, -90, -60))
            .add_crl(crl(&other, listed, -1, 30))
            .build()
    };
    let revocation = |trust: TrustStore| {
        let proof = passive(passport(&state).into_files(), &trust, NOW).unwrap();
        proof.report().revocation.clone()
    };
    assert!(matches!(revocation(trust(&[], &[])), Revocation::NotRevoked { .. }));
    let csca = certificate(other.csca());
    let (revoked, signer) = ([csca.serial()], [state.document_signer_serial()]);
    assert!(matches!(revocation(trust(&revoked, &[])), Revocation::Stale { .. }));
    let failure = refusal(passport(&state), &trust(&revoked, &signer));
    assert_eq!(failure.reason, PassiveReason::CrlRevoked);
}

#[test]
fn a_crl_of_an_impostor_revokes_nothing() {
    let (state, impostor) = (utopia(), utopia());
    let serial = state.document_signer_serial();
    let trust = trusting(&state).add_crl(crl(&impostor, &[serial], -1, 30)).build();
    let proof = passive(passport(&state).into_files(), &trust, NOW).unwrap();
    assert_eq!(proof.report().revocation, Revocation::Unknown);
}

#[test]
fn a_state_cannot_revoke_for_another() {
    let state = utopia();
    let foreign = IssuingState::new(StateProfile::of("D", "DE"), NOW).unwrap();
    let serial = state.document_signer_serial();
    let forged = foreign.crl_in_name_of("UT", &[serial], NOW.plus_days(-1), Some(NOW.plus_days(9)));
    let trust = trusting(&state)
        .add_csca(certificate(foreign.csca()), vouched())
        .add_crl(Crl::from_der(&forged.unwrap()).unwrap())
        .build();
    assert_eq!(trust.crls().count(), 0);
    let proof = passive(passport(&state).into_files(), &trust, NOW).unwrap();
    assert_eq!(proof.report().revocation, Revocation::Unknown);
}

#[test]
fn a_crl_of_a_later_key_covers_earlier_signers() {
    let (old, new) = (utopia(), utopia());
    let link = certificate(&old.link_certificate(&new).unwrap());
    let trust = trusting(&old)
        .add_csca(link, vouched())
        .add_crl(crl(&new, &[old.document_signer_serial()], -1, 30))
        .build();
    assert_eq!(refusal(passport(&old), &trust).reason, PassiveReason::CrlRevoked);
}

#[test]
fn a_link_certificate_is_an_anchor_and_its_chain_is_shown() {
    let (old, new) = (utopia(), utopia());
    let link = certificate(&old.link_certificate(&new).unwrap());
    let trust = trusting(&old).add_csca(link, vouched()).build();
    let proof = passive(passport(&new).into_files(), &trust, NOW).unwrap();
    let chain = &proof.report().chain;
    assert_eq!(chain.len(), 3);
    assert!(!chain[1].self_signed && chain[2].self_signed);
}

#[test]
fn validity_is_reported_and_refused_only_on_request() {
    let state = utopia();
    let trust = trusting(&state).build();
    for (days, reason) in [
        (365 * 20, PassiveReason::SignerCertificateExpired),
        (-100, PassiveReason::SignerCertificateNotYetValid),
    ] {
        let at = NOW.plus_days(days);
        let proof = passive(passport(&state).into_files(), &trust, at).unwrap();
        assert!(!proof.report().signer_validity.unwrap().at_check);
        let noted = proof.report().outcome(CheckName::ValidityPeriods);
        assert!(matches!(noted, Outcome::Noted(_)));
        assert_eq!(proof.require_valid_signer(at).unwrap_err().reason, reason);
    }
    let proof = passive(passport(&state).into_files(), &trust, NOW).unwrap();
    assert!(proof.require_valid_signer(NOW).is_ok());
}

#[test]
fn swapped_undeclared_and_missing_groups_are_refused() {
    use PassiveReason as R;
    let state = utopia();
    let trust = trusting(&state).build();
    let dg1 = DataGroup::DG1;

    let other = Holder { document_number: "X00000000".into(), ..Holder::example() };
    let other = state.issue(&other, &DocumentProfile::passport()).unwrap();
    let mut swapped = passport(&state);
    swapped.set(dg1, other.group(dg1).unwrap().to_vec());
    let failure = refusal(swapped, &trust);
    assert_eq!((failure.reason, failure.file), (R::DgHashMismatch, Some(ElementaryFile::Dg(dg1))));

    let mut undeclared = passport(&state);
    undeclared.set(DataGroup::DG15, vec![0x6F, 0]);
    assert_eq!(refusal(undeclared, &trust).reason, R::SodUndeclaredDgSupplied);

    let mut missing = passport(&state);
    missing.remove(DataGroup::DG2);
    assert_eq!(refusal(missing, &trust).reason, R::MissingRequiredArtifacts);

    let profile = DocumentProfile {
        more_groups: vec![(DataGroup::DG15, vec![0x6F, 0])],
        ..DocumentProfile::passport()
    };
    let mut hidden = state.issue(&Holder::example(), &profile).unwrap();
    hidden.remove(DataGroup::DG15);
    let proof = passive(hidden.into_files(), &trust, NOW).unwrap();
    assert_eq!(proof.report().not_given, [DataGroup::DG15]);
    let failure = proof.require(DataGroup::DG15).unwrap_err();
    assert_eq!(failure.reason, R::SodDeclaredDgMissing);
}

#[test]
fn portraits_and_zones_that_cannot_be_read_are_refused() {
    let state = utopia();
    let trust = trusting(&state).build();
    let with_group = |group, file: Vec<u8>| {
        let profile =
            DocumentProfile { more_groups: vec![(group, file)], ..DocumentProfile::passport() };
        refusal(state.issue(&Holder::example(), &profile).unwrap(), &trust).reason
    };
    assert_eq!(with_group(DataGroup::DG1, vec![0x61, 0]), PassiveReason::ParseFailure);
    let zone = emrtd::lds::dg1::Dg1::write(&"<".repeat(88));
    assert_eq!(with_group(DataGroup::DG1, zone), PassiveReason::MrzInvalid);
    assert_eq!(with_group(DataGroup::DG2, vec![0x75, 0]), PassiveReason::PortraitInvalid);
    let gif = emrtd::lds::dg2::Dg2::write(b"GIF89a", 1, 1);
    assert_eq!(with_group(DataGroup::DG2, gif), PassiveReason::PortraitUnsupported);
}

#[test]
fn bytes_after_the_security_object_are_refused() {
    let state = utopia();
    let trust = trusting(&state).build();
    let mut document = passport(&state);
    let end = document.sod.len();
    document.sod.extend([0; 4]);
    let failure = refusal(document, &trust);
    assert_eq!((failure.reason, failure.offset), (PassiveReason::TrailingData, Some(end)));
}

#[test]
fn a_security_object_cut_anywhere_is_refused() {
    let state = utopia();
    let trust = trusting(&state).build();
    let whole = passport(&state);
    for end in 0..whole.sod.len() {
        let mut cut = whole.clone();
        cut.sod.truncate(end);
        assert!(passive(cut.into_files(), &trust, NOW).is_err(), "{end}");
    }
}

#[test]
fn the_digest_binds_every_file() {
    let state = utopia();
    let trust = trusting(&state).build();
    let digest =
        |document: SimulatedDocument| passive(document.into_files(), &trust, NOW).unwrap().digest();
    let whole = passport(&state);
    assert_eq!(digest(whole.clone()), digest(whole.clone()));
    let mut less = whole.clone();
    less.remove(DataGroup::DG2);
    assert_ne!(digest(whole.clone()), digest(less));
    let again = state.issue(&Holder::example(), &DocumentProfile::passport()).unwrap();
    assert_ne!(digest(whole), digest(again));
}

#[test]
fn nothing_personal_is_printed() {
    let state = utopia();
    let trust = trusting(&state).build();
    let files = passport(&state).into_files();
    let shown = format!("{files:?}");
    let proof = passive(files, &trust, NOW).unwrap().into_document(NOW).unwrap();
    let mut changed = passport(&state);
    changed.set(DataGroup::DG1, emrtd::lds::dg1::Dg1::write("ERIKSSON"));
    let failure = refusal(changed, &trust);
    for text in [shown, format!("{proof:?}"), format!("{failure:?} {failure}")] {
        for secret in ["ERIKSSON", "ANNA", "L898902C3", "740812"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[test]
fn reason_codes_are_stable_and_distinct() {
    let codes: BTreeSet<&str> = PassiveReason::ALL.into_iter().map(PassiveReason::code).collect();
    assert_eq!(codes.len(), PassiveReason::ALL.len());
    for code in [
        "chain_untrusted",
        "crl_revoked",
        "cms_signature_invalid",
        "dg_hash_mismatch",
        "missing_required_artifacts",
        "missing_signer",
        "missing_signer_certificate",
        "parse_failure",
        "required_dg_hash_missing",
        "signer_certificate_expired",
        "signer_certificate_invalid",
        "signer_certificate_not_yet_valid",
        "sod_declared_dg_missing",
        "sod_undeclared_dg_supplied",
        "trust_bundle_unavailable",
        "unsupported_digest_algorithm",
    ] {
        assert!(codes.contains(code), "{code}");
    }
    let failure = PassiveFailure::trust_bundle_unavailable();
    assert_eq!(failure.reason.code(), "trust_bundle_unavailable");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any changed byte of a data group, or of the signed part of EF.SOD.
    #[test]
    fn any_changed_byte_is_caught(group in 1..=2_u8, at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let state = utopia();
        let trust = trusting(&state).build();
        let mut document = passport(&state);
        let group = DataGroup::new(group).unwrap();
        let mut file = document.group(group).unwrap().to_vec();
        let at = at.index(file.len());
        file[at] ^= flip;
        document.set(group, file);
        prop_assert_eq!(refusal(document, &trust).reason, PassiveReason::DgHashMismatch);
    }
}
