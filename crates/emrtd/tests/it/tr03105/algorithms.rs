//! Digest and signature algorithms: cases 1 to 15, 36, 70 to 83, 94 to 98.

use emrtd::crypto::{Curve, DigestAlgorithm as Digest};
use emrtd::sim::{DocumentProfile, Flaw, KeyKind, StateProfile};
use emrtd::verify::PassiveReason as Reason;

use super::There::{Failure, Success};
use super::Verdict::{Genuine, Noting, Refused};
use super::{Attempt, attempt, cases, flawed, passport, rsa};
use crate::keys;

cases! {
    lds_h_01: "RSA PKCS#1 v1.5 with SHA-1 throughout", Success => Genuine,
        "The report names the algorithm.", || pkcs1(Digest::Sha1);
    lds_h_02: "RSA-PSS with SHA-1 throughout", Success => Genuine,
        "The report names the algorithm.", || pss(Digest::Sha1);
    lds_h_03: "RSA-PSS with SHA-256 throughout", Success => Genuine, "",
        || pss(Digest::Sha256);
    lds_h_04: "RSA PKCS#1 v1.5 with SHA-224 throughout", Success => Genuine, "",
        || pkcs1(Digest::Sha224);
    lds_h_05: "RSA PKCS#1 v1.5 with SHA-256 throughout", Success => Genuine, "",
        || pkcs1(Digest::Sha256);
    lds_h_06: "RSA PKCS#1 v1.5 with SHA-384 throughout", Success => Genuine, "",
        || pkcs1(Digest::Sha384);
    lds_h_07: "RSA PKCS#1 v1.5 with SHA-512 throughout", Success => Genuine, "",
        || pkcs1(Digest::Sha512);
    lds_h_08: "DSA with SHA-1 throughout", Success => Genuine,
        "The report names the algorithm. With a DSA-2048 key for the CSCA too.",
        || dsa(Digest::Sha1);
    lds_h_09: "ECDSA with SHA-1 throughout, X9.62 identifier", Success => Genuine,
        "The report names the algorithm.",
        || ecdsa(Digest::Sha1, Curve::BrainpoolP256r1, Curve::BrainpoolP224r1, false);
    lds_h_10: "ECDSA with SHA-1 throughout, BSI identifier (plain format)", Success => Genuine,
        "The report names the algorithm.",
        || ecdsa(Digest::Sha1, Curve::BrainpoolP256r1, Curve::BrainpoolP224r1, true);
    lds_h_11: "ECDSA with SHA-224 throughout, BSI identifier", Success => Genuine, "",
        || ecdsa(Digest::Sha224, Curve::BrainpoolP256r1, Curve::BrainpoolP224r1, true);
    lds_h_12: "ECDSA with SHA-256 throughout, BSI identifier", Success => Genuine, "",
        || ecdsa(Digest::Sha256, Curve::BrainpoolP256r1, Curve::BrainpoolP256r1, true);
    lds_h_13: "ECDSA with SHA-384 throughout, BSI identifier", Success => Genuine, "",
        || ecdsa(Digest::Sha384, Curve::BrainpoolP384r1, Curve::BrainpoolP384r1, true);
    lds_h_14: "ECDSA with SHA-512 throughout, BSI identifier", Success => Genuine, "",
        || ecdsa(Digest::Sha512, Curve::BrainpoolP512r1, Curve::BrainpoolP512r1, true);
    lds_h_15: "RSA PKCS#1 v1.5 with SHA-256; EF.SOD holds no signer certificate",
        Success => Refused(Reason::MissingSignerCertificate),
        "9303-10 §4.6.2.2 requires the certificate in EF.SOD. The plan supposes a system that \
         has it from the PKD; Kayle keeps CSCA certificates only, and says what is missing.",
        || attempt(
            &keys::state(StateProfile { pss: false, ..rsa() }),
            &DocumentProfile { flaw: Flaw::NoCertificate, ..passport() },
        );
    lds_h_36: "The signature is RSA PKCS#1 v1.5 with MD5",
        Failure => Refused(Reason::UnsupportedSignatureAlgorithm),
        "The signature is right; the algorithm is not one of ours.",
        || attempt(
            &keys::state(StateProfile { pss: false, ..rsa() }),
            &DocumentProfile { flaw: Flaw::Md5Signature, ..passport() },
        );
    lds_h_70: "ECDSA with SHA-224 throughout, X9.62 identifier", Success => Genuine, "",
        || ecdsa(Digest::Sha224, Curve::BrainpoolP256r1, Curve::BrainpoolP224r1, false);
    lds_h_71: "ECDSA with SHA-256 throughout, X9.62 identifier", Success => Genuine, "",
        || ecdsa(Digest::Sha256, Curve::P256, Curve::P256, false);
    lds_h_72: "ECDSA with SHA-384 throughout, X9.62 identifier", Success => Genuine, "",
        || ecdsa(Digest::Sha384, Curve::P384, Curve::P384, false);
    lds_h_73: "ECDSA with SHA-512 throughout, X9.62 identifier", Success => Genuine, "",
        || ecdsa(Digest::Sha512, Curve::P521, Curve::BrainpoolP512r1, false);
    lds_h_74: "Data groups are hashed with SHA-224, all else with SHA-256", Success => Genuine, "",
        || attempt(
            &keys::state(rsa()),
            &DocumentProfile { group_hash: Some(Digest::Sha224), ..passport() },
        );
    lds_h_75: "Digests are SHA-224, the PSS signatures use SHA-256",
        Success => Noting(&[emrtd::verify::Tolerated::SignatureDigestDiffers]),
        "RFC 4055 wants the same digest in both places; the report names it.",
        || attempt(&keys::state(rsa()), &DocumentProfile {
            group_hash: Some(Digest::Sha224),
            message_hash: Some(Digest::Sha224),
            ..passport()
        });
    lds_h_76: "The CSCA signs with ECDSA and SHA-224, the document signer with RSA and SHA-256",
        Success => Noting(&[emrtd::verify::Tolerated::SignatureDigestDiffers]),
        "As 75.",
        || attempt(
            &keys::state(StateProfile {
                csca: KeyKind::Ec(Curve::BrainpoolP256r1, true),
                csca_hash: Some(Digest::Sha224),
                pss: false,
                ..rsa()
            }),
            &DocumentProfile {
                group_hash: Some(Digest::Sha224),
                message_hash: Some(Digest::Sha224),
                ..passport()
            },
        );
    lds_h_77: "The CSCA signs with PSS and SHA-224, the document signer with PSS and SHA-256",
        Success => Genuine, "",
        || attempt(
            &keys::state(StateProfile { csca_hash: Some(Digest::Sha224), ..rsa() }),
            &passport(),
        );
    lds_h_78: "The CSCA signs with PKCS#1 v1.5, the document signer with PSS", Success => Genuine,
        "",
        || attempt(&keys::state(StateProfile { csca_pss: Some(false), ..rsa() }), &passport());
    lds_h_79: "As 1; the signer calls its algorithm rsaEncryption", Success => Genuine,
        "The report names the algorithm.", || rsa_encryption(Digest::Sha1);
    lds_h_80: "As 4; the signer calls its algorithm rsaEncryption", Success => Genuine, "",
        || rsa_encryption(Digest::Sha224);
    lds_h_81: "As 5; the signer calls its algorithm rsaEncryption", Success => Genuine, "",
        || rsa_encryption(Digest::Sha256);
    lds_h_82: "As 6; the signer calls its algorithm rsaEncryption", Success => Genuine, "",
        || rsa_encryption(Digest::Sha384);
    lds_h_83: "As 7; the signer calls its algorithm rsaEncryption", Success => Genuine, "",
        || rsa_encryption(Digest::Sha512);
    lds_h_94: "RSA-PSS with SHA-224 throughout", Success => Genuine, "", || pss(Digest::Sha224);
    lds_h_95: "RSA-PSS with SHA-384 throughout", Success => Genuine, "", || pss(Digest::Sha384);
    lds_h_96: "RSA-PSS with SHA-512 throughout", Success => Genuine, "", || pss(Digest::Sha512);
    lds_h_97: "DSA with SHA-224 throughout", Success => Genuine, "As 8.", || dsa(Digest::Sha224);
    lds_h_98: "DSA with SHA-256 throughout", Success => Genuine, "As 8.", || dsa(Digest::Sha256);
}

fn pkcs1(hash: Digest) -> Attempt {
    attempt(&keys::state(StateProfile { hash, pss: false, ..rsa() }), &passport())
}

fn pss(hash: Digest) -> Attempt {
    attempt(&keys::state(StateProfile { hash, ..rsa() }), &passport())
}

fn rsa_encryption(hash: Digest) -> Attempt {
    let state = keys::state(StateProfile { hash, pss: false, ..rsa() });
    attempt(&state, &DocumentProfile { key_algorithm: true, ..passport() })
}

fn dsa(hash: Digest) -> Attempt {
    let (csca, signer) = (KeyKind::Dsa(2048), KeyKind::Dsa(2048));
    attempt(&keys::state(StateProfile { csca, signer, hash, ..rsa() }), &passport())
}

fn ecdsa(hash: Digest, csca: Curve, signer: Curve, plain: bool) -> Attempt {
    let state = keys::state(StateProfile {
        csca: KeyKind::Ec(csca, true),
        signer: KeyKind::Ec(signer, true),
        hash,
        plain_ecdsa: plain,
        ..StateProfile::utopia()
    });
    attempt(&state, &passport())
}

/// Not in the test plan: PSS parameters that lie.
#[test]
fn pss_parameters_must_be_those_of_the_signature() {
    for (flaw, reason) in [
        (Flaw::PssTrailer, Reason::UnsupportedSignatureAlgorithm),
        (Flaw::PssMask, Reason::UnsupportedSignatureAlgorithm),
        (Flaw::PssSaltLength, Reason::CmsSignatureInvalid),
    ] {
        let failure = super::judge(flawed(flaw)).unwrap_err();
        assert_eq!(failure.reason, reason, "{flaw:?}");
    }
}
