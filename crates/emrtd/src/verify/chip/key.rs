//! Which of the keys in DG14 to use, and the group it is in.

use openssl::bn::BigNum;
use openssl::dh::Dh;

use super::ChipFailure;
use crate::crypto::agreement::{AgreementError, Domain, PublicValue};
use crate::crypto::symmetric::Cipher;
use crate::crypto::{KeyDescription, PublicKey};
use crate::lds::DataGroup;
use crate::lds::dg14::Dg14;
use crate::lds::security_info::{
    ChipAuthenticationInfo, ChipAuthenticationProtocol, ChipAuthenticationPublicKeyInfo,
    KeyAgreement, SecurityInfos,
};
use crate::tlv::{Oid, Reader, Rules, Tag};
use crate::verify::SignedFiles;

/// A prime field below this length in bytes proves nothing.
const MIN_PRIME_LEN: usize = 128;

/// The chip's static public key, validated, and how to use it.
#[derive(Debug)]
pub(super) struct ChipKey {
    pub(super) protocol: ChipAuthenticationProtocol,
    pub(super) version: u32,
    pub(super) key_id: Option<u32>,
    pub(super) domain: Domain,
    pub(super) public: PublicValue,
}

impl ChipKey {
    /// The best protocol whose key is usable.
    pub(super) fn choose(files: &impl SignedFiles) -> Result<Self, ChipFailure> {
        let dg14 = Dg14::parse(files.file(DataGroup::DG14).ok_or(ChipFailure::NoKey)?)?;
        let infos = dg14.security_infos();
        let mut failure = ChipFailure::NotOffered;
        for info in offers(infos) {
            for key in keys_for(infos, &info) {
                match usable(key) {
                    Some((domain, public)) => {
                        let ChipAuthenticationInfo { protocol, version, key_id } = info;
                        return Ok(Self { protocol, version, key_id, domain, public });
                    }
                    None => failure = ChipFailure::Key(key.offset),
                }
            }
        }
        Err(failure)
    }
}

/// The protocols of versions 1 and 2, the preferred first.
fn offers(infos: &SecurityInfos) -> Vec<ChipAuthenticationInfo> {
    let mut offers: Vec<ChipAuthenticationInfo> = infos.chip_authentication().cloned().collect();
    if offers.is_empty() {
        offers = infos.chip_public_keys().map(implied).collect();
    }
    offers.retain(|info| matches!(info.version, 1 | 2));
    offers.sort_by_key(|info| {
        let ChipAuthenticationProtocol { agreement, cipher } = info.protocol;
        (info.version, std::cmp::Reverse((cipher, agreement)))
    });
    offers
}

/// What a chip of TR-03110 1.0 does, which has only a key (TR-03110-3 §A.1.1).
fn implied(key: &ChipAuthenticationPublicKeyInfo) -> ChipAuthenticationInfo {
    let protocol =
        ChipAuthenticationProtocol { agreement: key.agreement, cipher: Cipher::TripleDes };
    ChipAuthenticationInfo { protocol, version: 1, key_id: key.key_id }
}

/// The keys an info can mean: of its number, or those without one.
fn keys_for<'a>(
    infos: &'a SecurityInfos,
    info: &ChipAuthenticationInfo,
) -> impl Iterator<Item = &'a ChipAuthenticationPublicKeyInfo> {
    let (agreement, key_id) = (info.protocol.agreement, info.key_id);
    let of_kind = move |key: &&ChipAuthenticationPublicKeyInfo| key.agreement == agreement;
    // A number may be left out where there is one key (9303-11 §9.2.6).
    let is_only_one = infos.chip_public_keys().filter(of_kind).count() == 1;
    infos.chip_public_keys().filter(of_kind).filter(move |key| {
        key.key_id == key_id || (is_only_one && (key.key_id.is_none() || key_id.is_none()))
    })
}

fn usable(key: &ChipAuthenticationPublicKeyInfo) -> Option<(Domain, PublicValue)> {
    let domain = domain(key)?;
    let is_curve = domain.curve().is_some();
    if is_curve != (key.agreement == KeyAgreement::Ecdh) {
        return None;
    }
    if !is_curve && domain.field_len() < MIN_PRIME_LEN {
        return None;
    }
    let public = if is_curve {
        domain.public_key(&key.public_key)
    } else {
        let mut reader = Reader::new(&key.public_key, Rules::Ber);
        let value = reader.expect(Tag::INTEGER).ok()?.integer_octets().ok()?;
        reader.finish().ok()?;
        domain.public_key(value)
    };
    Some((domain, public.ok()?))
}

fn domain(key: &ChipAuthenticationPublicKeyInfo) -> Option<Domain> {
    let parameters = key.algorithm.parameters.as_deref().unwrap_or(&[]);
    if key.algorithm.oid == STANDARDIZED {
        let id = Reader::new(parameters, Rules::Ber).expect(Tag::INTEGER).ok()?;
        return Domain::standardized(id.small_unsigned().ok()?).ok();
    }
    match key.agreement {
        KeyAgreement::Ecdh => match PublicKey::from_spki(&key.spki)?.description() {
            KeyDescription::Ec { curve, .. } => Domain::ec(curve).ok(),
            KeyDescription::Rsa { .. } | KeyDescription::Dsa { .. } => None,
        },
        KeyAgreement::Dh => {
            let mut fields =
                Reader::new(parameters, Rules::Ber).expect(Tag::SEQUENCE).ok()?.children().ok()?;
            let mut number = || fields.expect(Tag::INTEGER).ok()?.integer_octets().ok();
            let (prime, generator) = (number()?, number()?);
            if key.algorithm.oid == X942 {
                return Domain::dh(prime, generator, number()?).ok();
            }
            if key.algorithm.oid != PKCS3 {
                return None;
            }
            let orders = known_orders(prime).ok()?;
            orders.iter().find_map(|order| Domain::dh(prime, generator, order).ok())
        }
    }
}

/// The orders a generator may have whose parameters (PKCS #3) do not say it:
/// those of RFC 5114, and that of the squares, for a safe prime. That the
/// numbers are prime is not checked: the state signed them.
fn known_orders(prime: &[u8]) -> Result<Vec<Vec<u8>>, AgreementError> {
    let mut half = BigNum::new()?;
    half.rshift1(&*BigNum::from_slice(prime)?)?;
    let standard = [Dh::get_1024_160()?, Dh::get_2048_224()?, Dh::get_2048_256()?];
    let orders = standard.iter().filter_map(|group| group.prime_q().map(|order| order.to_vec()));
    Ok(orders.chain([half.to_vec()]).collect())
}

/// 0.4.0.127.0.7.1.2, standardizedDomainParameters
const STANDARDIZED: Oid = Oid::from_octets(&[0x04, 0x00, 0x7F, 0x00, 0x07, 0x01, 0x02]);
/// 1.2.840.10046.2.1, dhpublicnumber
const X942: Oid = Oid::from_octets(&[0x2A, 0x86, 0x48, 0xCE, 0x3E, 0x02, 0x01]);
/// 1.2.840.113549.1.3.1, dhKeyAgreement
const PKCS3: Oid = Oid::from_octets(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x03, 0x01]);
