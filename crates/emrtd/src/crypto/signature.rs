use std::fmt;

use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Verifier};

use super::{AlgorithmIdentifier, DigestAlgorithm, KeyDescription, PublicKey};
use crate::tlv::{self, Element, Oid, Reader, Rules, Tag};

/// A signature algorithm with everything needed to verify (9303-12 §4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1(DigestAlgorithm),
    /// RSASSA-PSS (RFC 4055).
    RsaPss {
        /// Digest of the message.
        digest: DigestAlgorithm,
        /// Digest of the mask generation function.
        mask: DigestAlgorithm,
        /// Salt length in bytes.
        salt_len: u16,
    },
    /// ECDSA with the signature as a DER `SEQUENCE`.
    Ecdsa(DigestAlgorithm),
    /// ECDSA with the signature as r‖s (TR-03111 §5.2.1).
    EcdsaPlain(DigestAlgorithm),
    /// DSA (9303-12 §4.1.6.2).
    Dsa(DigestAlgorithm),
}

/// Why a signature did not verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The algorithm, or a parameter of it, is not supported.
    #[error("unsupported signature algorithm {0}")]
    Unsupported(Oid),
    /// The algorithm parameters are malformed.
    #[error("signature algorithm: {0}")]
    Parameters(tlv::Error),
    /// The key is of another kind than the algorithm needs.
    #[error("the key cannot make this kind of signature")]
    KeyMismatch,
    /// The signature is not that of this key over these bytes.
    #[error("the signature does not verify")]
    Invalid,
}

impl SignatureAlgorithm {
    /// Reads an algorithm identifier.
    ///
    /// `digest` is the CMS `digestAlgorithm`, which decides when the
    /// identifier names only a key type: `rsaEncryption` (RFC 3370 §3.2), and
    /// `id-ecPublicKey`, which some signers write by mistake.
    ///
    /// # Errors
    /// [`SignatureError::Unsupported`] or [`SignatureError::Parameters`].
    pub fn parse(
        algorithm: &AlgorithmIdentifier,
        digest: Option<DigestAlgorithm>,
    ) -> Result<Self, SignatureError> {
        let unsupported = SignatureError::Unsupported(algorithm.oid);
        let octets = algorithm.oid.octets();
        // Only PSS has parameters. Some signers write `id-ecPublicKey` with the
        // curve of their key, which says nothing new.
        let ec_key = [ANSI_X9_62, &[2, 1]].concat();
        let has_none = algorithm.has_no_parameters();
        if !has_none && octets != RSASSA_PSS && octets != ec_key {
            let what = "parameters where the algorithm has none";
            return Err(SignatureError::Parameters(tlv::Error::value(what, algorithm.offset)));
        }
        if let Some(rest) = octets.strip_prefix(PKCS1) {
            return match rest {
                [1] => digest.map(Self::RsaPkcs1).ok_or(unsupported),
                [5] => Ok(Self::RsaPkcs1(DigestAlgorithm::Sha1)),
                [10] => pss_parameters(algorithm),
                [11] => Ok(Self::RsaPkcs1(DigestAlgorithm::Sha256)),
                [12] => Ok(Self::RsaPkcs1(DigestAlgorithm::Sha384)),
                [13] => Ok(Self::RsaPkcs1(DigestAlgorithm::Sha512)),
                [14] => Ok(Self::RsaPkcs1(DigestAlgorithm::Sha224)),
                _ => Err(unsupported),
            };
        }
        if let Some(rest) = octets.strip_prefix(ANSI_X9_62) {
            return match rest {
                [2, 1] => digest.map(Self::Ecdsa).ok_or(unsupported),
                [4, 1] => Ok(Self::Ecdsa(DigestAlgorithm::Sha1)),
                [4, 3, 1] => Ok(Self::Ecdsa(DigestAlgorithm::Sha224)),
                [4, 3, 2] => Ok(Self::Ecdsa(DigestAlgorithm::Sha256)),
                [4, 3, 3] => Ok(Self::Ecdsa(DigestAlgorithm::Sha384)),
                [4, 3, 4] => Ok(Self::Ecdsa(DigestAlgorithm::Sha512)),
                _ => Err(unsupported),
            };
        }
        if let Some(rest) = octets.strip_prefix(NIST_SIGNATURES) {
            return match rest {
                [1] => Ok(Self::Dsa(DigestAlgorithm::Sha224)),
                [2] => Ok(Self::Dsa(DigestAlgorithm::Sha256)),
                [3] => Ok(Self::Dsa(DigestAlgorithm::Sha384)),
                [4] => Ok(Self::Dsa(DigestAlgorithm::Sha512)),
                _ => Err(unsupported),
            };
        }
        if octets == DSA_WITH_SHA1 {
            return Ok(Self::Dsa(DigestAlgorithm::Sha1));
        }
        match octets.strip_prefix(ECDSA_PLAIN) {
            Some([1]) => Ok(Self::EcdsaPlain(DigestAlgorithm::Sha1)),
            Some([2]) => Ok(Self::EcdsaPlain(DigestAlgorithm::Sha224)),
            Some([3]) => Ok(Self::EcdsaPlain(DigestAlgorithm::Sha256)),
            Some([4]) => Ok(Self::EcdsaPlain(DigestAlgorithm::Sha384)),
            Some([5]) => Ok(Self::EcdsaPlain(DigestAlgorithm::Sha512)),
            _ => Err(unsupported),
        }
    }

    /// The digest of the message.
    pub fn digest(self) -> DigestAlgorithm {
        match self {
            Self::RsaPkcs1(digest)
            | Self::RsaPss { digest, .. }
            | Self::Ecdsa(digest)
            | Self::EcdsaPlain(digest)
            | Self::Dsa(digest) => digest,
        }
    }

    /// Verifies `signature` over `message`.
    ///
    /// # Errors
    /// [`SignatureError::KeyMismatch`] or [`SignatureError::Invalid`].
    pub fn verify(
        self,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        match (self, key.description()) {
            (Self::RsaPkcs1(_) | Self::RsaPss { .. }, KeyDescription::Rsa { .. })
            | (Self::Ecdsa(_) | Self::EcdsaPlain(_), KeyDescription::Ec { .. })
            | (Self::Dsa(_), KeyDescription::Dsa { .. }) => {}
            _ => return Err(SignatureError::KeyMismatch),
        }
        // OpenSSL reports a malformed signature as an error and a wrong one as
        // `false`; both mean the same here.
        match self.verify_with_openssl(key, message, signature) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(SignatureError::Invalid),
        }
    }

    fn verify_with_openssl(
        self,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, openssl::error::ErrorStack> {
        match self {
            Self::RsaPkcs1(digest) => {
                let mut verifier = Verifier::new(digest.message_digest(), key.pkey())?;
                verifier.set_rsa_padding(Padding::PKCS1)?;
                verifier.verify_oneshot(signature, message)
            }
            Self::RsaPss { digest, mask, salt_len } => {
                let mut verifier = Verifier::new(digest.message_digest(), key.pkey())?;
                verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
                verifier.set_rsa_mgf1_md(mask.message_digest())?;
                verifier.set_rsa_pss_saltlen(RsaPssSaltlen::custom(i32::from(salt_len)))?;
                verifier.verify_oneshot(signature, message)
            }
            Self::Dsa(digest) => Verifier::new(digest.message_digest(), key.pkey())?
                .verify_oneshot(signature, message),
            Self::Ecdsa(digest) => {
                let parsed = EcdsaSig::from_der(signature)?;
                // OpenSSL reads other encodings of the same numbers, and what follows them.
                Ok(parsed.to_der()? == signature && ecdsa(key, digest, message, &parsed)?)
            }
            Self::EcdsaPlain(digest) => {
                let (r, s) = signature.split_at(signature.len() / 2);
                let parsed = EcdsaSig::from_private_components(
                    BigNum::from_slice(r)?,
                    BigNum::from_slice(s)?,
                )?;
                ecdsa(key, digest, message, &parsed)
            }
        }
    }
}

/// On the key itself: the way through `Verifier` would set up its curve once more.
fn ecdsa(
    key: &PublicKey,
    digest: DigestAlgorithm,
    message: &[u8],
    signature: &EcdsaSig,
) -> Result<bool, openssl::error::ErrorStack> {
    let digest = openssl::hash::hash(digest.message_digest(), message)?;
    signature.verify(&digest, &*key.pkey().ec_key()?)
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RsaPkcs1(digest) => write!(f, "RSA PKCS#1 v1.5 with {digest}"),
            Self::RsaPss { digest, mask, salt_len } => {
                write!(f, "RSA-PSS with {digest} (MGF1 {mask}, salt {salt_len})")
            }
            Self::Dsa(digest) => write!(f, "DSA with {digest}"),
            Self::Ecdsa(digest) => write!(f, "ECDSA with {digest}"),
            Self::EcdsaPlain(digest) => write!(f, "plain ECDSA with {digest}"),
        }
    }
}

// RSASSA-PSS-params (RFC 4055 §3.1):
//   hashAlgorithm [0] DEFAULT sha1, maskGenAlgorithm [1] DEFAULT mgf1SHA1,
//   saltLength [2] DEFAULT 20, trailerField [3] DEFAULT 1
fn pss_parameters(algorithm: &AlgorithmIdentifier) -> Result<SignatureAlgorithm, SignatureError> {
    let mut digest = DigestAlgorithm::Sha1;
    let mut mask = DigestAlgorithm::Sha1;
    let mut salt_len = 20;
    let encoded = algorithm.parameters.as_deref().unwrap_or(&[0x30, 0x00]);
    let parse = || -> Result<_, tlv::Error> {
        let mut reader = Reader::at(encoded, algorithm.offset, Rules::Ber);
        let mut fields = reader.expect(Tag::SEQUENCE)?.children()?;
        let hash = explicit(&mut fields, 0, Tag::SEQUENCE)?;
        let mask = explicit(&mut fields, 1, Tag::SEQUENCE)?;
        let salt = explicit(&mut fields, 2, Tag::INTEGER)?;
        let trailer = explicit(&mut fields, 3, Tag::INTEGER)?;
        fields.finish()?;
        let hash = hash.map(|e| AlgorithmIdentifier::parse(&e)).transpose()?;
        let mask = mask.map(|e| AlgorithmIdentifier::parse(&e)).transpose()?;
        let salt = salt.map(|e| e.small_unsigned()).transpose()?;
        let trailer = trailer.map(|e| e.small_unsigned()).transpose()?;
        Ok((hash, mask, salt, trailer))
    };
    let (hash_field, mask_field, salt_field, trailer_field) =
        parse().map_err(SignatureError::Parameters)?;
    if let Some(hash) = hash_field {
        digest = known_digest(&hash)?;
    }
    if let Some(generator) = mask_field {
        if generator.oid.octets().strip_prefix(PKCS1) != Some([8].as_slice()) {
            return Err(SignatureError::Unsupported(generator.oid));
        }
        let parameters = generator.parameters.as_deref().unwrap_or(&[]);
        let hash = Reader::at(parameters, generator.offset, Rules::Ber)
            .expect(Tag::SEQUENCE)
            .and_then(|element| AlgorithmIdentifier::parse(&element))
            .map_err(SignatureError::Parameters)?;
        mask = known_digest(&hash)?;
    }
    if let Some(length) = salt_field {
        salt_len = u16::try_from(length).map_err(|_| SignatureError::Unsupported(algorithm.oid))?;
    }
    if trailer_field.is_some_and(|trailer| trailer != 1) {
        return Err(SignatureError::Unsupported(algorithm.oid));
    }
    Ok(SignatureAlgorithm::RsaPss { digest, mask, salt_len })
}

/// `[number] EXPLICIT` around one element of the given tag.
fn explicit<'a>(
    fields: &mut Reader<'a>,
    number: u8,
    tag: Tag,
) -> Result<Option<Element<'a>>, tlv::Error> {
    let Some(wrapper) = fields.optional(Tag::context(number))? else { return Ok(None) };
    let mut children = wrapper.children()?;
    let child = children.expect(tag)?;
    children.finish()?;
    Ok(Some(child))
}

fn known_digest(algorithm: &AlgorithmIdentifier) -> Result<DigestAlgorithm, SignatureError> {
    algorithm.digest().ok_or(SignatureError::Unsupported(algorithm.oid))
}

/// 1.2.840.113549.1.1
const PKCS1: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01];
/// 1.2.840.113549.1.1.10
const RSASSA_PSS: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A];
/// 2.16.840.1.101.3.4.3
const NIST_SIGNATURES: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03];
/// 1.2.840.10040.4.3
const DSA_WITH_SHA1: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x38, 0x04, 0x03];
/// 1.2.840.10045
const ANSI_X9_62: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D];
/// 0.4.0.127.0.7.1.1.4.1
const ECDSA_PLAIN: &[u8] = &[0x04, 0x00, 0x7F, 0x00, 0x07, 0x01, 0x01, 0x04, 0x01];
