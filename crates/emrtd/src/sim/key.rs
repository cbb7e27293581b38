use openssl::ec::{Asn1Flag, EcGroup, EcKey};
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer};

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
}

/// A private key and how it signs.
pub(super) struct SigningKey {
    key: PKey<Private>,
    digest: DigestAlgorithm,
    scheme: Scheme,
}

#[derive(Clone, Copy)]
enum Scheme {
    Pkcs1,
    Pss,
    Ecdsa,
}

impl SigningKey {
    pub(super) fn generate(
        kind: KeyKind,
        digest: DigestAlgorithm,
        pss: bool,
    ) -> Result<Self, Error> {
        let (key, scheme) = match kind {
            KeyKind::Rsa(bits) => {
                let scheme = if pss { Scheme::Pss } else { Scheme::Pkcs1 };
                (PKey::from_rsa(Rsa::generate(bits)?)?, scheme)
            }
            KeyKind::Ec(curve, explicit) => {
                let mut group = EcGroup::from_curve_name(curve.nid())?;
                group.set_asn1_flag(if explicit {
                    Asn1Flag::EXPLICIT_CURVE
                } else {
                    Asn1Flag::NAMED_CURVE
                });
                (PKey::from_ec_key(EcKey::generate(&group)?)?, Scheme::Ecdsa)
            }
        };
        Ok(Self { key, digest, scheme })
    }

    pub(super) fn spki(&self) -> Result<Vec<u8>, Error> {
        Ok(self.key.public_key_to_der()?)
    }

    pub(super) fn digest(&self) -> DigestAlgorithm {
        self.digest
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let md = self.digest.message_digest();
        let mut signer = Signer::new(md, &self.key)?;
        match self.scheme {
            Scheme::Pkcs1 => signer.set_rsa_padding(Padding::PKCS1)?,
            Scheme::Pss => {
                signer.set_rsa_padding(Padding::PKCS1_PSS)?;
                signer.set_rsa_mgf1_md(md)?;
                signer.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
            }
            Scheme::Ecdsa => {}
        }
        Ok(signer.sign_oneshot_to_vec(message)?)
    }

    /// The `AlgorithmIdentifier` of [`sign`](Self::sign).
    pub(super) fn algorithm(&self) -> Vec<u8> {
        match self.scheme {
            Scheme::Pkcs1 => {
                let number = match self.digest {
                    DigestAlgorithm::Sha1 => 5,
                    DigestAlgorithm::Sha224 => 14,
                    DigestAlgorithm::Sha256 => 11,
                    DigestAlgorithm::Sha384 => 12,
                    DigestAlgorithm::Sha512 => 13,
                };
                tlv::sequence(&[&tlv::oid_element(&pkcs1(number)), &tlv::null()])
            }
            Scheme::Pss => {
                let hash = digest_identifier(self.digest);
                let mask = tlv::sequence(&[&tlv::oid_element(&pkcs1(8)), &hash]);
                let salt = tlv::integer(&[self.digest.output_len() as u8]);
                let parameters = tlv::sequence(&[
                    &tlv::explicit(0, &hash),
                    &tlv::explicit(1, &mask),
                    &tlv::explicit(2, &salt),
                ]);
                tlv::sequence(&[&tlv::oid_element(&pkcs1(10)), &parameters])
            }
            Scheme::Ecdsa => {
                const ECDSA: [u8; 6] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04];
                let arc: &[u8] = match self.digest {
                    DigestAlgorithm::Sha1 => &[1],
                    DigestAlgorithm::Sha224 => &[3, 1],
                    DigestAlgorithm::Sha256 => &[3, 2],
                    DigestAlgorithm::Sha384 => &[3, 3],
                    DigestAlgorithm::Sha512 => &[3, 4],
                };
                let oid = Oid::from_octets(&[&ECDSA, arc].concat());
                tlv::sequence(&[&tlv::oid_element(&oid)])
            }
        }
    }
}

pub(super) fn digest_identifier(digest: DigestAlgorithm) -> Vec<u8> {
    tlv::sequence(&[&tlv::oid_element(&digest.oid()), &tlv::null()])
}

fn pkcs1(number: u8) -> Oid {
    Oid::from_octets(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, number])
}
