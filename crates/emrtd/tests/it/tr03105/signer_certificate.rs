//! The document signer certificate: cases 48 to 68.

use emrtd::sim::{CertificateFlaw as Flaw, StateProfile};
use emrtd::verify::{PassiveReason as Reason, Tolerated};

use super::There::{Failure, Moved};
use super::Verdict::{Noting, Refused};
use super::{attempt, cases, passport, rsa, signed_by};
use crate::keys;

cases! {
    lds_h_48: "Another version than 3", Moved("LDS_D_27") =>
        Refused(Reason::SignerCertificateInvalid), "", || signed_by(Flaw::Version(1));
    lds_h_49: "No version", Moved("LDS_D_28") =>
        Refused(Reason::SignerCertificateInvalid), "", || signed_by(Flaw::NoVersion);
    lds_h_50: "No serial number", Failure =>
        Refused(Reason::SignerCertificateInvalid), "", || signed_by(Flaw::NoSerial);
    lds_h_51: "Signature algorithms that differ inside and outside", Failure =>
        Refused(Reason::UnsupportedSignatureAlgorithm),
        "So do parameters that differ, which nobody signs outside.",
        || signed_by(Flaw::AlgorithmsDiffer);
    lds_h_52: "No signature algorithm inside", Failure =>
        Refused(Reason::SignerCertificateInvalid), "", || signed_by(Flaw::NoSignatureElement);
    lds_h_53: "An issuer name without a country", Moved("LDS_D_29") =>
        Noting(&[Tolerated::IssuerNameDiffers]),
        "As 54. The country compared with the CSCA and the MRZ is that of the subject.",
        || signed_by(Flaw::IssuerWithoutCountry);
    lds_h_54: "An issuer name that is not that of the CSCA", Failure =>
        Noting(&[Tolerated::IssuerNameDiffers]),
        "The CSCA is found by the authority key identifier, its signature verifies, and it is of \
         the same country: a name adds nothing to that. Of the published link certificates \
         one of Spain does it. Without the identifier it is refused.",
        || signed_by(Flaw::OtherIssuer);
    lds_h_55: "No issuer", Failure =>
        Refused(Reason::SignerCertificateInvalid), "", || signed_by(Flaw::NoIssuer);
    lds_h_56: "Years before 2050 with four digits", Failure =>
        Noting(&[Tolerated::SignerValidityEncoding]),
        "The date is clear and signed; there is nothing to gain by writing it otherwise.",
        || signed_by(Flaw::GeneralizedTime);
    lds_h_57: "No validity period", Failure =>
        Refused(Reason::SignerCertificateInvalid), "", || signed_by(Flaw::NoValidity);
    lds_h_58: "A public key labelled RSA with MD5", Failure =>
        Refused(Reason::UnsupportedSignerKey), "", || signed_by(Flaw::Md5PublicKey);
    lds_h_59: "No public key", Failure =>
        Refused(Reason::SignerCertificateInvalid), "", || signed_by(Flaw::NoPublicKey);
    lds_h_60: "An authority key identifier without a key identifier", Failure =>
        Noting(&[Tolerated::SignerAuthorityKeyIdMissing]),
        "The identifier only selects a CSCA, which is then found by name; its signature must \
         verify. It proves nothing itself.",
        || signed_by(Flaw::EmptyAuthorityKeyId);
    lds_h_61: "No authority key identifier", Failure =>
        Noting(&[Tolerated::SignerAuthorityKeyIdMissing]), "As 60.",
        || signed_by(Flaw::NoAuthorityKeyId);
    lds_h_62: "A key usage that is not critical", Failure =>
        Noting(&[Tolerated::SignerKeyUsageNotCritical]),
        "Critical asks those who do not know the extension to refuse. It is enforced either way.",
        || signed_by(Flaw::KeyUsageNotCritical);
    lds_h_63: "A key usage without digital signatures", Failure =>
        Refused(Reason::SignerCertificateUsage), "", || signed_by(Flaw::WrongKeyUsage);
    lds_h_64: "No key usage", Failure => Noting(&[Tolerated::SignerKeyUsageMissing]),
        "A published specimen of 2008 has none. What tells other signers of a CSCA apart is \
         enforced: no CA, and no other extended key usage.",
        || signed_by(Flaw::NoKeyUsage);
    lds_h_65: "Signed with RSA PKCS#1 v1.5 and MD5", Failure =>
        Refused(Reason::UnsupportedSignatureAlgorithm), "The signature is right.",
        || attempt(
            &keys::state(StateProfile { pss: false, signer_flaw: Flaw::Md5Signature, ..rsa() }),
            &passport(),
        );
    lds_h_66: "No signature algorithm outside", Failure =>
        Refused(Reason::SignerCertificateInvalid), "", || signed_by(Flaw::NoSignatureAlgorithm);
    lds_h_67: "The signature is wrong", Moved("LDS_D_30") =>
        Refused(Reason::SignerSignatureInvalid), "", || signed_by(Flaw::WrongSignature);
    lds_h_68: "There is no signature", Moved("LDS_D_31") =>
        Refused(Reason::SignerCertificateInvalid), "", || signed_by(Flaw::NoSignatureValue);
}

/// Not in the test plan.
#[test]
fn other_flaws_of_signer_certificates_have_their_reason() {
    for (flaw, reason) in [
        (Flaw::OtherIssuerAlone, Reason::ChainUntrusted),
        (Flaw::ParametersDiffer, Reason::UnsupportedSignatureAlgorithm),
        (Flaw::UnusedBits, Reason::SignerCertificateInvalid),
        (Flaw::Expired, Reason::SignerCertificateExpired),
        (Flaw::NotYetValid, Reason::SignerCertificateNotYetValid),
        (Flaw::MalformedKeyUsage, Reason::SignerCertificateInvalid),
        (Flaw::RepeatedExtension, Reason::SignerCertificateInvalid),
        (Flaw::WrongBasicConstraints, Reason::SignerCertificateUsage),
        (Flaw::OtherPurpose, Reason::SignerCertificateUsage),
        (Flaw::UnknownCritical, Reason::SignerCertificateUsage),
    ] {
        let failure = super::judge(signed_by(flaw)).unwrap_err();
        assert_eq!(failure.reason, reason, "{flaw:?}");
    }
}

/// Not in the test plan: identifiers only select, so these verify all the same.
#[test]
fn key_identifiers_only_select() {
    for flaw in [Flaw::WrongAuthorityKeyId, Flaw::NoSubjectKeyId, Flaw::SubjectWithoutCountry] {
        assert_eq!(super::judge(signed_by(flaw)).unwrap(), super::Verdict::Genuine, "{flaw:?}");
    }
}
