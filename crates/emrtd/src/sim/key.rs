use std::fmt;

use openssl::dsa::Dsa;
use openssl::ec::{Asn1Flag, EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer};

use zeroize::Zeroizing;

use super::Error;
use crate::crypto::{Curve, DigestAlgorithm};
use crate::tlv::{self, Oid};

/// The kind of key a simulated authority has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA with a modulus of so many bits.
    Rsa(u32),
    /// A curve, its parameters named or spelled out.
    Ec(Curve, /* explicit: */ bool),
    /// DSA with a prime of so many bits.
    Dsa(u32),
}

/// A private key of a simulated authority. Cheap to clone: large RSA keys take
/// long to make, and many states can have the same.
#[derive(Clone)]
pub struct PrivateKey {
    key: PKey<Private>,
    kind: KeyKind,
}

impl PrivateKey {
    /// Makes a key.
    ///
    /// # Errors
    /// When OpenSSL does not make such keys.
    pub fn generate(kind: KeyKind) -> Result<Self, Error> {
        let key = match kind {
            KeyKind::Rsa(bits) => PKey::from_rsa(Rsa::generate(bits)?)?,
            KeyKind::Ec(curve, explicit) => {
                let mut group = EcGroup::from_curve_name(curve.nid())?;
                group.set_asn1_flag(if explicit {
                    Asn1Flag::EXPLICIT_CURVE
                } else {
                    Asn1Flag::NAMED_CURVE
                });
                PKey::from_ec_key(EcKey::generate(&group)?)?
            }
            KeyKind::Dsa(bits) => PKey::from_dsa(Dsa::generate(bits)?)?,
        };
        Ok(Self { key, kind })
    }

    /// The key in PKCS #8, to be kept.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        Ok(Zeroizing::new(self.key.private_key_to_pkcs8()?))
    }

    /// Reads what [`to_pkcs8`](Self::to_pkcs8) gave for a key of this kind.
    ///
    /// # Errors
    /// When it is no private key.
    pub fn from_pkcs8(der: &[u8], kind: KeyKind) -> Result<Self, Error> {
        Ok(Self { key: PKey::private_key_from_pkcs8(der)?, kind })
    }

    /// Its kind.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({:?})", self.kind)
    }
}

/// How a simulated authority signs, given its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Signing {
    pub(super) digest: DigestAlgorithm,
    /// RSA keys sign with PSS.
    pub(super) pss: bool,
    /// Curves sign in the plain format of TR-03111.
    pub(super) plain: bool,
}

/// A private key and how it signs.
pub(super) struct SigningKey {
    key: PrivateKey,
    signing: Signing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Pkcs1,
    Pss,
    Ecdsa,
    EcdsaPlain,
    Dsa,
}

impl SigningKey {
    pub(super) fn new(key: PrivateKey, signing: Signing) -> Self {
        Self { key, signing }
    }

    pub(super) fn spki(&self) -> Result<Vec<u8>, Error> {
        Ok(self.key.key.public_key_to_der()?)
    }

    pub(super) fn digest(&self) -> DigestAlgorithm {
        self.signing.digest
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let md = self.signing.digest.message_digest();
        let mut signer = Signer::new(md, &self.key.key)?;
        match self.scheme() {
            Scheme::Pkcs1 => signer.set_rsa_padding(Padding::PKCS1)?,
            Scheme::Pss => {
                signer.set_rsa_padding(Padding::PKCS1_PSS)?;
                signer.set_rsa_mgf1_md(md)?;
                signer.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
            }
            Scheme::Ecdsa | Scheme::Dsa => {}
            Scheme::EcdsaPlain => {
                let signature = EcdsaSig::from_der(&signer.sign_oneshot_to_vec(message)?)?;
                let order_bytes = self.key.key.ec_key()?.group().order_bits().div_ceil(8) as i32;
                let mut plain = signature.r().to_vec_padded(order_bytes)?;
                plain.extend(signature.s().to_vec_padded(order_bytes)?);
                return Ok(plain);
            }
        }
        Ok(signer.sign_oneshot_to_vec(message)?)
    }

    /// RSA PKCS#1 v1.5 with MD5 where the key is RSA, else the usual signature.
    pub(super) fn sign_with_md5(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        if !matches!(self.key.kind, KeyKind::Rsa(_)) {
            return self.sign(message);
        }
        let mut signer = Signer::new(MessageDigest::md5(), &self.key.key)?;
        Ok(signer.sign_oneshot_to_vec(message)?)
    }

    /// The `AlgorithmIdentifier` of [`sign`](Self::sign).
    pub(super) fn algorithm(&self) -> Vec<u8> {
        let digest = self.signing.digest;
        let pick = |numbers: [u8; 5]| {
            let index = DigestAlgorithm::ALL.iter().position(|known| *known == digest);
            index.and_then(|index| numbers.get(index).copied()).unwrap_or_default()
        };
        match self.scheme() {
            Scheme::Pkcs1 => {
                let oid = pkcs1(pick([5, 14, 11, 12, 13]));
                tlv::sequence(&[&tlv::oid_element(&oid), &tlv::null()])
            }
            Scheme::Pss => {
                let salt_len = self.signing.digest.output_len() as u8;
                pss_algorithm(&digest_identifier(self.signing.digest), salt_len, None)
            }
            Scheme::Ecdsa => {
                let arc: &[u8] = match pick([0, 1, 2, 3, 4]) {
                    0 => &[1],
                    number => &[3, number],
                };
                bare(&[&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04], arc].concat())
            }
            Scheme::EcdsaPlain => {
                let arc = pick([1, 2, 3, 4, 5]);
                bare(&[0x04, 0x00, 0x7F, 0x00, 0x07, 0x01, 0x01, 0x04, 0x01, arc])
            }
            Scheme::Dsa if self.signing.digest == DigestAlgorithm::Sha1 => {
                bare(&[0x2A, 0x86, 0x48, 0xCE, 0x38, 0x04, 0x03])
            }
            Scheme::Dsa => {
                let arc = pick([0, 1, 2, 3, 4]);
                bare(&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, arc])
            }
        }
    }

    /// The identifier of the key alone, `rsaEncryption`; as
    /// [`algorithm`](Self::algorithm) for other keys.
    pub(super) fn key_algorithm(&self) -> Vec<u8> {
        match self.scheme() {
            Scheme::Pkcs1 => tlv::sequence(&[&tlv::oid_element(&pkcs1(1)), &tlv::null()]),
            _ => self.algorithm(),
        }
    }

    fn scheme(&self) -> Scheme {
        match self.key.kind {
            KeyKind::Rsa(_) if self.signing.pss => Scheme::Pss,
            KeyKind::Rsa(_) => Scheme::Pkcs1,
            KeyKind::Ec(..) if self.signing.plain => Scheme::EcdsaPlain,
            KeyKind::Ec(..) => Scheme::Ecdsa,
            KeyKind::Dsa(_) => Scheme::Dsa,
        }
    }
}

pub(super) fn digest_identifier(digest: DigestAlgorithm) -> Vec<u8> {
    tlv::sequence(&[&tlv::oid_element(&digest.oid()), &tlv::null()])
}

/// RSASSA-PSS with a mask of the same digest, also when that is MD5.
pub(super) fn pss_algorithm(hash: &[u8], salt_len: u8, trailer: Option<u8>) -> Vec<u8> {
    let mask = tlv::sequence(&[&tlv::oid_element(&pkcs1(8)), hash]);
    let trailer = trailer.map(|value| tlv::explicit(3, &tlv::integer(&[value])));
    let parameters = tlv::sequence(&[
        &tlv::explicit(0, hash),
        &tlv::explicit(1, &mask),
        &tlv::explicit(2, &tlv::integer(&[salt_len])),
        &trailer.unwrap_or_default(),
    ]);
    tlv::sequence(&[&tlv::oid_element(&pkcs1(10)), &parameters])
}

/// MD5, which nothing may be signed with.
pub(super) fn md5_identifier() -> Vec<u8> {
    let oid = Oid::from_octets(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x02, 0x05]);
    tlv::sequence(&[&tlv::oid_element(&oid), &tlv::null()])
}

/// RSA PKCS#1 v1.5 with MD5.
pub(super) fn md5_with_rsa() -> Vec<u8> {
    tlv::sequence(&[&tlv::oid_element(&pkcs1(4)), &tlv::null()])
}

fn bare(oid: &[u8]) -> Vec<u8> {
    tlv::sequence(&[&tlv::oid_element(&Oid::from_octets(oid))])
}

fn pkcs1(number: u8) -> Oid {
    Oid::from_octets(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, number])
}
