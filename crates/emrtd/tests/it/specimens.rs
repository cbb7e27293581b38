//! Real documents, against the published CSCA certificates.

use std::sync::OnceLock;

use emrtd::UnixSeconds;
use emrtd::lds::DataGroup;
use emrtd::trust::{Certificate, Item, Provenance, TrustStore, import};
use emrtd::verify::{
    CheckName, DocumentFiles, Outcome, PassiveFailure, PassiveReason, PassivelyAuthenticated,
    Revocation, Tolerated, passive,
};
use proptest::prelude::*;

use crate::shared::{NOW, shared, shared_if_any, vector};

/// The CSCA certificates of the German, Dutch and Italian lists.
fn published() -> Option<&'static TrustStore> {
    static STORE: OnceLock<Option<TrustStore>> = OnceLock::new();
    let load = || {
        let mut builder = TrustStore::builder();
        for list in ["DE_ML_2026-05-28-08-28-45.ml", "NL_ML_2026-07-22.ml", "IT_MasterListCSCA.ml"]
        {
            let bytes = shared(&format!("masterlists/{list}"))?;
            for imported in import(&bytes, &[]).accepted {
                let Item::Csca(certificate) = imported.item else { continue };
                let provenance = Provenance { source: list.into(), verified: imported.verified };
                builder = builder.add_csca(certificate, provenance);
            }
        }
        Some(builder.build())
    };
    STORE.get_or_init(load).as_ref()
}

fn specimen(folder: &str) -> Option<DocumentFiles> {
    let mut files = DocumentFiles::new(shared(&format!("specimens/{folder}/SOD_cms.der"))?);
    for number in [1, 2, 3, 4, 14, 15] {
        let path = format!("specimens/{folder}/DG{number}.bin");
        if let Some(file) = shared_if_any(&path) {
            files = files.with(DataGroup::new(number).unwrap(), file);
        }
    }
    Some(files)
}

type Passive = Result<PassivelyAuthenticated<DocumentFiles>, PassiveFailure>;

fn check(folder: &str) -> Option<Passive> {
    Some(passive(specimen(folder)?, published()?, NOW))
}

#[test]
fn passports_that_chain_to_a_published_csca() {
    let cases = [
        (
            "0464524bab9c",
            "AT",
            "ECDSA with SHA-256",
            "EC brainpoolP256r1 (explicit)",
            "EC brainpoolP384r1 (explicit)",
            vec![14],
        ),
        (
            "0b5f3c1d9b5b",
            "SG",
            "RSA-PSS with SHA-256 (MGF1 SHA-256, salt 32)",
            "RSA-2048",
            "RSA-4096",
            vec![14],
        ),
        (
            "283fb45434af",
            "GB",
            "ECDSA with SHA-256",
            "EC P-256 (explicit)",
            "EC P-384 (explicit)",
            vec![],
        ),
        ("2b9f0c34ecdb", "NZ", "RSA PKCS#1 v1.5 with SHA-256", "RSA-2048", "RSA-4096", vec![15]),
        (
            "527a02878ee1",
            "RU",
            "ECDSA with SHA-1",
            "EC P-256 (explicit)",
            "EC P-256 (explicit)",
            vec![],
        ),
        ("847c87547d23", "US", "RSA PKCS#1 v1.5 with SHA-256", "RSA-2048", "RSA-4096", vec![]),
    ];
    for (folder, country, signature, signer, csca, proven) in cases {
        let Some(result) = check(&format!("gmrtd/{folder}")) else {
            return;
        };
        let proof = result.unwrap();
        let report = proof.report();
        let algorithms = report.algorithms.clone();
        assert_eq!(algorithms.sod_signature.as_deref(), Some(signature), "{country}");
        assert_eq!(algorithms.signer_key.as_deref(), Some(signer), "{country}");
        assert_eq!(algorithms.csca_key.as_deref(), Some(csca), "{country}");
        assert_eq!(report.chain[1].country.as_deref(), Some(country));
        let numbers: Vec<u8> = report.proven.iter().map(|group| group.number()).collect();
        assert_eq!(numbers, proven, "{country}");
        assert!(report.not_given.contains(&DataGroup::DG1));
        assert_eq!(report.revocation, Revocation::Unknown);
        assert_eq!(report.tolerated, [Tolerated::SodWithoutTemplate]);
        // Without DG1 and DG2 there is no document.
        let failure = proof.into_document(NOW).unwrap_err();
        assert_eq!(failure.reason, PassiveReason::MissingRequiredArtifacts);
        assert_eq!(failure.report.proven, []);
    }
}

#[test]
fn reference_documents_without_a_public_root_are_sound_and_unknown() {
    for folder in ["3117999effad", "3a3200c15578"] {
        let Some(result) = check(&format!("pymrtd/{folder}")) else {
            return;
        };
        let failure = result.unwrap_err();
        assert_eq!(failure.reason, PassiveReason::ChainUntrusted, "{folder}");
        for passed in [CheckName::SodSignature, CheckName::DataGroupHashes] {
            assert_eq!(failure.report.outcome(passed), Outcome::Passed, "{folder}");
        }
        let chain = CheckName::CertificateChain;
        assert_eq!(failure.report.outcome(chain), Outcome::Failed);
    }
}

/// Why a signer certificate with another issuer name than its CSCA is let pass
/// when the key identifier and the signature are right.
#[test]
fn one_published_link_certificate_names_another_issuer_than_it_has() {
    let Some(trust) = published() else { return };
    let all: Vec<_> = trust.cscas().iter().map(|csca| csca.certificate()).collect();
    let misnamed = |link: &&&Certificate| {
        if link.subject_key_id() == link.authority_key_id() {
            return false;
        }
        let signed = |issuer: &&&Certificate| {
            link.authority_key_id().is_some()
                && link.authority_key_id() == issuer.subject_key_id()
                && link.verify_signed_by(issuer).is_ok()
        };
        let issuers: Vec<_> = all.iter().filter(signed).collect();
        !issuers.is_empty() && issuers.iter().all(|issuer| link.issuer() != issuer.subject())
    };
    let found: Vec<_> = all.iter().filter(misnamed).map(|link| link.country()).collect();
    assert_eq!(found, [Some("ES")]);
}

/// The mutated security objects of BSI TR-03105-5.
#[test]
fn mutated_security_objects_are_refused_for_their_reason() {
    use PassiveReason as R;
    let cases = [
        // SignedData of version 4, 1 and 2, which nobody signs.
        ("4d92734fae5b", R::ParseFailure),
        ("9ae270bdb253", R::ParseFailure),
        ("d7de31d31564", R::ParseFailure),
        ("0af60c0b8a64", R::MessageDigestMismatch),
        ("660aa019fba5", R::ContentTypeMismatch),
        ("81ffc496d658", R::MessageDigestMismatch),
        ("8952f91bd93b", R::CmsSignatureInvalid),
        ("94159b1c6023", R::ContentTypeMismatch),
        ("95d012a902a0", R::ParseFailure),
        ("b2a7ed7cea64", R::LdsObjectInvalid),
        ("b792ef1a7779", R::LdsObjectInvalid),
        ("d66449926c20", R::ParseFailure),
    ];
    for (folder, reason) in cases {
        let Some(result) = check(&format!("pymrtd/{folder}")) else {
            return;
        };
        let failure = result.unwrap_err();
        assert_eq!(failure.reason, reason, "{folder}: {failure}");
        assert!(failure.offset.is_some(), "{folder}");
    }
}

#[test]
fn a_security_object_without_signers_is_refused() {
    let Some(result) = check("gmrtd/3339ea1a5ee3") else {
        return;
    };
    assert_eq!(result.unwrap_err().reason, PassiveReason::MissingSigner);
}

#[test]
fn specimens_of_2006_to_2013() {
    let Some(trust) = published() else { return };
    let load = |path: &str| shared(&format!("specimens/jmrtd/{path}"));
    let (Some(bsi), Some(loes), Some(nz)) =
        (load("bsi2008/EF_SOD.bin"), load("loes2006/ef011D.bin"), load("nz2013/EF_SOD.bin"))
    else {
        return;
    };
    let group = |path: &str| load(path).unwrap();
    let bsi = DocumentFiles::new(bsi)
        .with(DataGroup::DG1, group("bsi2008/Datagroup1.bin"))
        .with(DataGroup::DG2, group("bsi2008/Datagroup2.bin"));
    let failure = passive(bsi, trust, NOW).unwrap_err();
    assert_eq!(failure.reason, PassiveReason::ChainUntrusted);
    assert_eq!(failure.report.outcome(CheckName::DataGroupHashes), Outcome::Passed);
    assert_eq!(
        failure.report.algorithms.signer_key.as_deref(),
        Some("EC brainpoolP224r1 (explicit)")
    );
    assert_eq!(failure.report.tolerated, [Tolerated::SignerKeyUsageMissing]);
    let loes = DocumentFiles::new(loes)
        .with(DataGroup::DG1, group("loes2006/ef0101.bin"))
        .with(DataGroup::DG2, group("loes2006/ef0102.bin"));
    let failure = passive(loes, trust, NOW).unwrap_err();
    assert_eq!(failure.reason, PassiveReason::ChainUntrusted);
    assert_eq!(failure.report.outcome(CheckName::DataGroupHashes), Outcome::Passed);
    // The lists hold a CSCA of that name, and not that key of 2011.
    let failure = passive(DocumentFiles::new(nz), trust, NOW).unwrap_err();
    assert_eq!(failure.reason, PassiveReason::ChainUntrusted);
    assert_eq!(failure.report.outcome(CheckName::SodSignature), Outcome::Passed);
    assert!(failure.report.signed_at.is_some());
}

/// Runs everywhere: the signature of real documents verifies, and trust in
/// nothing proves nothing.
#[test]
fn committed_vectors_are_sound_and_untrusted() {
    let empty = TrustStore::builder().build();
    let files = [
        DocumentFiles::new(vector("bsi2008_EF_SOD.bin")),
        DocumentFiles::new(vector("nz_SOD_cms.der")),
        DocumentFiles::new(vector("at_SOD_cms.der")).with(DataGroup::DG14, vector("at_DG14.bin")),
    ];
    for files in files {
        let failure = passive(files, &empty, NOW).unwrap_err();
        assert_eq!(failure.reason, PassiveReason::ChainUntrusted);
        assert_eq!(failure.report.outcome(CheckName::SodSignature), Outcome::Passed);
    }
}

/// No change of EF.SOD goes unnoticed, except where nothing is signed and
/// nothing depends on it: then the proof is of the same content.
#[test]
fn any_changed_byte_of_a_real_security_object_is_caught_or_harmless() {
    let empty = TrustStore::builder().build();
    let good = emrtd::lds::sod::Sod::parse(&vector("at_SOD_cms.der")).unwrap();
    let sod = vector("at_SOD_cms.der");
    for at in 0..sod.len() {
        let mut changed = sod.clone();
        changed[at] ^= 0x01;
        let files =
            DocumentFiles::new(changed.clone()).with(DataGroup::DG14, vector("at_DG14.bin"));
        let failure = passive(files, &empty, NOW).unwrap_err();
        if failure.reason == PassiveReason::ChainUntrusted {
            let parsed = emrtd::lds::sod::Sod::parse(&changed).unwrap();
            assert_eq!(parsed.security_object, good.security_object, "byte {at}");
        }
    }
}

proptest! {
    #[test]
    fn any_changed_byte_of_a_data_group_is_caught(at in 0..386_usize, flip in 1..=255_u8) {
        let empty = TrustStore::builder().build();
        let mut group = vector("at_DG14.bin");
        group[at] ^= flip;
        let files = DocumentFiles::new(vector("at_SOD_cms.der")).with(DataGroup::DG14, group);
        let failure = passive(files, &empty, NOW).unwrap_err();
        prop_assert_eq!(failure.reason, PassiveReason::DgHashMismatch);
    }

    #[test]
    fn noise_never_panics(sod in proptest::collection::vec(any::<u8>(), 0..300), at in any::<i64>()) {
        let empty = TrustStore::builder().build();
        prop_assert!(passive(DocumentFiles::new(sod), &empty, UnixSeconds(at)).is_err());
    }
}
