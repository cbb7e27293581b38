//! The private keys of a chip, and their public keys as DG14 and DG15 write them.

use openssl::bn::BigNumContext;
use openssl::dh::Dh;
use openssl::ec::{Asn1Flag, EcGroup, EcKey};
use openssl::pkey::{PKey, Params};
use openssl::rsa::Rsa;

use super::description::{ActiveAuthentication, Trailer};
use crate::crypto::agreement::Domain;
use crate::crypto::{Curve, DigestAlgorithm};
use crate::lds::security_info::KeyAgreement;
use crate::sim::Error;
use crate::tlv::{self, Oid};

/// The key of active authentication.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::sim) struct ActiveKey {
    pub(in crate::sim) scheme: ActiveScheme,
    /// PKCS #8
    pub(in crate::sim) private: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) enum ActiveScheme {
    Rsa { trailer: Trailer, lesser: bool },
    Ecdsa(DigestAlgorithm),
}

impl ActiveKey {
    /// A new key, and its `SubjectPublicKeyInfo` with spelled-out parameters.
    pub(super) fn generate(form: ActiveAuthentication) -> Result<(Self, Vec<u8>), Error> {
        let (key, scheme) = match form {
            ActiveAuthentication::Rsa { bits, trailer, lesser } => {
                (PKey::from_rsa(Rsa::generate(bits)?)?, ActiveScheme::Rsa { trailer, lesser })
            }
            ActiveAuthentication::Ec { curve, digest } => {
                let key = EcKey::generate(&*explicit_group(curve)?)?;
                (PKey::from_ec_key(key)?, ActiveScheme::Ecdsa(digest))
            }
        };
        let private = key.private_key_to_pkcs8()?;
        Ok((Self { scheme, private }, key.public_key_to_der()?))
    }

    /// Another key of the same kind.
    pub(super) fn another(&self) -> Result<Self, Error> {
        let key = PKey::private_key_from_der(&self.private)?;
        let other = match key.rsa() {
            Ok(rsa) => PKey::from_rsa(Rsa::generate(rsa.size() * 8)?)?,
            Err(_) => PKey::from_ec_key(EcKey::generate(key.ec_key()?.group())?)?,
        };
        Ok(Self { scheme: self.scheme, private: other.private_key_to_pkcs8()? })
    }
}

/// A key of chip authentication, and of PACE with chip authentication mapping.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::sim) struct ChipKey {
    pub(in crate::sim) key_id: Option<u32>,
    /// Number of the standardized domain parameters.
    pub(in crate::sim) domain: u32,
    /// Big-endian.
    pub(in crate::sim) private: Vec<u8>,
}

impl ChipKey {
    pub(super) fn generate(domain: u32, key_id: Option<u32>) -> Result<Self, Error> {
        let private = match Domain::standardized(domain)?.curve() {
            Some(curve) => {
                EcKey::generate(&*EcGroup::from_curve_name(curve.nid())?)?.private_key().to_vec()
            }
            None => standardized_dh(domain)?.generate_key()?.private_key().to_vec(),
        };
        Ok(Self { key_id, domain, private })
    }

    pub(super) fn agreement(&self) -> Result<KeyAgreement, Error> {
        agreement_of(self.domain)
    }

    /// With spelled-out parameters, as 9303-11 §9.2.6 has it for DG14. Those of
    /// DH are of PKCS #3, without the order (9303-11 §9.6, table 13).
    pub(super) fn explicit_spki(&self) -> Result<Vec<u8>, Error> {
        let public = self.public()?;
        let Some(curve) = Domain::standardized(self.domain)?.curve() else {
            let dh = standardized_dh(self.domain)?;
            let parameters = tlv::sequence(&[
                &tlv::integer(&dh.prime_p().to_vec()),
                &tlv::integer(&dh.generator().to_vec()),
            ]);
            let algorithm = tlv::sequence(&[&tlv::oid_element(&PKCS3), &parameters]);
            let value = tlv::bit_string(&tlv::integer(&public), 0);
            return Ok(tlv::sequence(&[&algorithm, &value]));
        };
        let group = explicit_group(curve)?;
        let mut context = BigNumContext::new()?;
        let point = openssl::ec::EcPoint::from_bytes(&group, &public, &mut context)?;
        Ok(EcKey::from_public_key(&group, &point)?.public_key_to_der()?)
    }

    /// With the number of its parameters, as 9303-11 §9.2.6 has it for
    /// EF.CardSecurity.
    pub(super) fn standardized_spki(&self) -> Result<Vec<u8>, Error> {
        let domain = tlv::integer(&self.domain.to_be_bytes());
        let algorithm = tlv::sequence(&[&tlv::oid_element(&STANDARDIZED), &domain]);
        Ok(tlv::sequence(&[&algorithm, &tlv::bit_string(&self.public()?, 0)]))
    }

    fn public(&self) -> Result<Vec<u8>, Error> {
        Ok(Domain::standardized(self.domain)?.key_pair(&self.private)?.public().to_vec())
    }
}

pub(super) fn agreement_of(domain: u32) -> Result<KeyAgreement, Error> {
    Ok(match Domain::standardized(domain)?.curve() {
        Some(_) => KeyAgreement::Ecdh,
        None => KeyAgreement::Dh,
    })
}

fn explicit_group(curve: Curve) -> Result<EcGroup, Error> {
    let mut group = EcGroup::from_curve_name(curve.nid())?;
    group.set_asn1_flag(Asn1Flag::EXPLICIT_CURVE);
    Ok(group)
}

fn standardized_dh(domain: u32) -> Result<Dh<Params>, Error> {
    Ok(match domain {
        0 => Dh::get_1024_160()?,
        1 => Dh::get_2048_224()?,
        _ => Dh::get_2048_256()?,
    })
}

/// 0.4.0.127.0.7.1.2, standardizedDomainParameters
const STANDARDIZED: Oid = Oid::from_octets(&[0x04, 0x00, 0x7F, 0x00, 0x07, 0x01, 0x02]);
/// 1.2.840.113549.1.3.1, dhKeyAgreement
const PKCS3: Oid = Oid::from_octets(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x03, 0x01]);
