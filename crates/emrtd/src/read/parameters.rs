//! The domain parameters that a `PACEInfo` means (9303-11 §9.2.2, §9.5.1).

use super::access::{AccessError, AccessStep};
use crate::crypto::agreement::Domain;
use crate::crypto::{AlgorithmIdentifier, Curve, KeyDescription, PublicKey};
use crate::lds::security_info::{KeyAgreement, PaceInfo, PaceMapping, SecurityInfos};
use crate::tlv::{self, Oid, Reader, Rules, Tag};

/// Greatest number that only standardized parameters may have (9303-11 §9.5.1).
const LAST_RESERVED_ID: u32 = 31;

/// The group of `info`, where `announced` holds the parameters that the chip
/// spells out itself.
///
/// Nobody signed those, and a weak group gives the password away. They are
/// taken only where they are, generator included, exactly one of the
/// standardized.
pub(super) fn domain(info: &PaceInfo, announced: &SecurityInfos) -> Result<Domain, AccessError> {
    if info.version != 2 {
        return Err(AccessError::Unsupported);
    }
    let domain = match info.parameter_id {
        Some(id) if id <= LAST_RESERVED_ID => Domain::standardized(id).map_err(|error| {
            AccessError::agreement(AccessStep::SetAuthenticationTemplate, error)
        })?,
        _ => spelled_out(info, announced)?,
    };
    let agreement = match domain.curve() {
        Some(_) => KeyAgreement::Ecdh,
        None => KeyAgreement::Dh,
    };
    let mappable = info.protocol.mapping != PaceMapping::Integrated || domain.has_point_encoding();
    if agreement != info.protocol.agreement || !mappable {
        return Err(AccessError::Unsupported);
    }
    Ok(domain)
}

fn spelled_out(info: &PaceInfo, announced: &SecurityInfos) -> Result<Domain, AccessError> {
    let mut meant = announced.pace_domain_parameters().filter(|candidate| {
        candidate.agreement == info.protocol.agreement
            && candidate.mapping == info.protocol.mapping
            && candidate.parameter_id == info.parameter_id
    });
    let (Some(parameters), None) = (meant.next(), meant.next()) else {
        return Err(AccessError::Unsupported);
    };
    let known = match info.protocol.agreement {
        KeyAgreement::Ecdh => known_curve(&parameters.parameters),
        KeyAgreement::Dh => known_field(&parameters.parameters),
    };
    known.ok_or(AccessError::ProprietaryParameters)
}

/// A key of those parameters is read by OpenSSL, which recognizes its curves.
fn known_curve(parameters: &AlgorithmIdentifier) -> Option<Domain> {
    if let Some(domain) = by_number(parameters) {
        return Some(domain);
    }
    let algorithm = tlv::sequence(&[
        &tlv::oid_element(&parameters.oid),
        parameters.parameters.as_deref().unwrap_or(&[]),
    ]);
    Curve::ALL.into_iter().find_map(|curve| {
        let domain = Domain::ec(curve).ok()?;
        let key = tlv::bit_string(&domain.generator().ok()?, 0);
        let description = PublicKey::from_spki(&tlv::sequence(&[&algorithm, &key]))?.description();
        let same = matches!(description, KeyDescription::Ec { curve: found, .. } if found == curve);
        same.then_some(domain)
    })
}

fn known_field(parameters: &AlgorithmIdentifier) -> Option<Domain> {
    if let Some(domain) = by_number(parameters) {
        return Some(domain);
    }
    let encoded = parameters.parameters.as_deref()?;
    let mut fields =
        Reader::new(encoded, Rules::Ber).expect(Tag::SEQUENCE).ok()?.children().ok()?;
    let mut number = || fields.expect(Tag::INTEGER).ok()?.integer_octets().ok();
    let (prime, generator) = (number()?, number()?);
    let order = match parameters.oid {
        X942 => Some(number()?),
        PKCS3 => None,
        _ => return None,
    };
    [0, 1, 2].into_iter().find_map(|id| {
        Domain::standardized(id).ok().filter(|domain| domain.is_field(prime, generator, order))
    })
}

fn by_number(parameters: &AlgorithmIdentifier) -> Option<Domain> {
    if parameters.oid != STANDARDIZED {
        return None;
    }
    let mut reader = Reader::new(parameters.parameters.as_deref()?, Rules::Ber);
    let id = reader.expect(Tag::INTEGER).ok()?.small_unsigned().ok()?;
    reader.finish().ok()?;
    Domain::standardized(id).ok()
}

/// 0.4.0.127.0.7.1.2, standardizedDomainParameters
const STANDARDIZED: Oid = Oid::from_octets(&[0x04, 0x00, 0x7F, 0x00, 0x07, 0x01, 0x02]);
/// 1.2.840.10046.2.1, dhpublicnumber
const X942: Oid = Oid::from_octets(&[0x2A, 0x86, 0x48, 0xCE, 0x3E, 0x02, 0x01]);
/// 1.2.840.113549.1.3.1, dhKeyAgreement
const PKCS3: Oid = Oid::from_octets(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x03, 0x01]);
