//! Which PACE to run, and whether somebody hid a better one.
//!
//! EF.CardAccess is not signed. Whoever stands between reader and chip can
//! take entries away, until only a weak protocol or BAC is left; what was there
//! is in DG14 and EF.CardSecurity too, which are signed (9303-11 §9.2.11).

use super::access::AccessError;
use super::parameters;
use crate::crypto::agreement::Domain;
use crate::crypto::symmetric::Cipher;
use crate::lds::security_info::{PaceInfo, PaceMapping, SecurityInfos};

/// The order of preference: a protocol that also authenticates the chip, then
/// the stronger cipher, then the stronger group.
type Rank = (bool, Cipher, usize);

/// The best PACE in EF.CardAccess that this crate speaks.
///
/// # Errors
/// Why it speaks none of those that are announced; `None` when there are none.
pub(super) fn best(card_access: &SecurityInfos) -> Result<PaceInfo, Option<AccessError>> {
    let mut refusal = None;
    let mut best: Option<(Rank, &PaceInfo)> = None;
    for info in card_access.pace() {
        match rank(info, card_access) {
            Ok(rank) if best.as_ref().is_none_or(|(other, _)| rank > *other) => {
                best = Some((rank, info));
            }
            Ok(_) => {}
            Err(error) => refusal = Some(error),
        }
    }
    best.map(|(_, info)| info.clone()).ok_or(refusal)
}

/// Whether `signed` announces a PACE that the reader would have preferred to
/// `used`, and that `card_access` does not announce. Where no PACE was used,
/// any that was hidden counts, also one that this crate does not speak.
pub(super) fn is_hidden(
    signed: &SecurityInfos,
    card_access: Option<&SecurityInfos>,
    used: Option<&PaceInfo>,
) -> bool {
    let is_announced =
        |info: &PaceInfo| card_access.is_some_and(|infos| infos.pace().any(|other| other == info));
    let used = match (used, card_access) {
        (Some(used), Some(card_access)) => rank(used, card_access).ok(),
        _ => None,
    };
    signed.pace().filter(|info| !is_announced(info)).any(|info| match used {
        Some(used) => rank(info, signed).is_ok_and(|rank| rank > used),
        None => true,
    })
}

fn rank(info: &PaceInfo, announced: &SecurityInfos) -> Result<Rank, AccessError> {
    let domain = parameters::domain(info, announced)?;
    let proves_chip = info.protocol.mapping == PaceMapping::ChipAuthentication;
    Ok((proves_chip, info.protocol.cipher, strength(&domain)))
}

/// Roughly the bits of security of a group (NIST SP 800-57 part 1, table 2).
fn strength(domain: &Domain) -> usize {
    match (domain.curve(), domain.field_bits()) {
        (Some(_), bits) => bits / 2,
        (None, ..=1024) => 80,
        (None, _) => 112,
    }
}
