//! The file, `SignedData` and `SignerInfo`: cases 17 to 38, 84 and 85.

use emrtd::sim::{DocumentProfile, Flaw};
use emrtd::verify::{PassiveReason as Reason, Tolerated};

use super::There::{Failure, Moved};
use super::Verdict::{Noting, Refused};
use super::{Attempt, attempt, cases, flawed, passport, rsa};
use crate::keys;

cases! {
    lds_h_17: "The file has tag 78 instead of 77", Moved("LDS_D_02") =>
        Refused(Reason::ParseFailure), "", || flawed(Flaw::WrongTemplate);
    lds_h_18: "The length of the file is too small", Moved("LDS_D_03") =>
        Refused(Reason::TrailingData), "", || flawed(Flaw::TemplateTooShort);
    lds_h_19: "The length of the file is too large", Moved("LDS_D_04") =>
        Refused(Reason::ParseFailure), "", || flawed(Flaw::TemplateTooLong);
    lds_h_20: "SignedData of another version than 3", Moved("LDS_D_05") =>
        Refused(Reason::ParseFailure),
        "Versions 1, 2 and 4 of the published reference data too: `specimens`.",
        || flawed(Flaw::SignedDataVersion(4));
    lds_h_21: "SignedData without a version", Moved("LDS_D_06") =>
        Refused(Reason::ParseFailure), "", || flawed(Flaw::NoSignedDataVersion);
    lds_h_22: "SignedData announces MD5", Moved("LDS_D_07") =>
        Refused(Reason::UnsupportedDigestAlgorithm), "", || flawed(Flaw::Md5Announced);
    lds_h_23: "SignedData without a list of digest algorithms", Moved("LDS_D_08") =>
        Refused(Reason::ParseFailure), "", || flawed(Flaw::NoDigestAlgorithms);
    lds_h_24: "The content is labelled as something else", Moved("LDS_D_09") =>
        Refused(Reason::ContentTypeMismatch), "", || flawed(Flaw::WrongContentType);
    lds_h_25: "The content has no label", Moved("LDS_D_10") =>
        Refused(Reason::ParseFailure), "", || flawed(Flaw::NoContentType);
    lds_h_26: "SignerInfo of a version that does not exist", Moved("LDS_D_11") =>
        Refused(Reason::ParseFailure), "", || flawed(Flaw::SignerVersion(2));
    lds_h_27: "SignerInfo without a version", Moved("LDS_D_12") =>
        Refused(Reason::ParseFailure), "", || flawed(Flaw::NoSignerVersion);
    lds_h_28: "The signer names the issuer and serial number of another certificate",
        Moved("LDS_D_13") => Noting(&[Tolerated::SignerIdMismatch]),
        "Passports of Malaysia do. The identifier only selects among the certificates in EF.SOD, \
         and there is one: the signature must verify under it and the chain must hold. With two \
         certificates it is refused.",
        || flawed(Flaw::WrongSignerId);
    lds_h_29: "The signer names the subject key identifier of another certificate",
        Moved("LDS_D_14") => Noting(&[Tolerated::SignerIdMismatch]), "As 28.",
        || by_key_id(Flaw::WrongSignerId);
    lds_h_30: "The signer's digest is MD5", Moved("LDS_D_15") =>
        Refused(Reason::UnsupportedDigestAlgorithm), "", || flawed(Flaw::Md5Digest);
    lds_h_31: "The signer names no digest", Moved("LDS_D_16") =>
        Refused(Reason::ParseFailure), "", || flawed(Flaw::NoDigestAlgorithm);
    lds_h_32: "The signed messageDigest is of something else", Moved("LDS_D_17") =>
        Refused(Reason::MessageDigestMismatch), "", || flawed(Flaw::WrongMessageDigest);
    lds_h_33: "No signed messageDigest", Moved("LDS_D_18") =>
        Refused(Reason::MessageDigestMissing), "", || flawed(Flaw::NoMessageDigest);
    lds_h_37: "The signature is wrong", Moved("LDS_D_19") =>
        Refused(Reason::CmsSignatureInvalid), "", || flawed(Flaw::WrongSignature);
    lds_h_38: "There is no signature", Moved("LDS_D_20") =>
        Refused(Reason::ParseFailure), "", || flawed(Flaw::NoSignature);
    lds_h_84: "SignerInfo of version 3 that names issuer and serial number", Failure =>
        Refused(Reason::ParseFailure), "", || flawed(Flaw::SignerVersion(3));
    lds_h_85: "SignerInfo of version 1 that names a subject key identifier", Failure =>
        Refused(Reason::ParseFailure), "", || by_key_id(Flaw::SignerVersion(1));
}

fn by_key_id(flaw: Flaw) -> Attempt {
    let profile = DocumentProfile { by_key_id: true, flaw, ..passport() };
    attempt(&keys::state(rsa()), &profile)
}

/// Not in the test plan.
#[test]
fn a_signer_named_by_its_key_is_found() {
    assert_eq!(super::judge(by_key_id(Flaw::None)).unwrap(), super::Verdict::Genuine);
}

/// Not in the test plan.
#[test]
fn an_empty_list_of_digests_and_a_repeated_attribute_are_refused() {
    for flaw in [Flaw::EmptyDigestAlgorithms, Flaw::TwoMessageDigests] {
        let failure = super::judge(flawed(flaw)).unwrap_err();
        assert_eq!(failure.reason, Reason::ParseFailure, "{flaw:?}");
        assert!(failure.offset.is_some(), "{flaw:?}");
    }
}

/// Not in the test plan.
#[test]
fn a_wrong_identifier_does_not_choose_among_two_certificates() {
    let failure = super::judge(flawed(Flaw::WrongSignerIdAmongTwo)).unwrap_err();
    assert_eq!(failure.reason, Reason::MissingSignerCertificate);
}
