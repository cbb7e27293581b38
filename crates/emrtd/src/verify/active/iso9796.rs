//! ISO/IEC 9796-2 digital signature scheme 1, as 9303-11 §6.1.2.2 uses it.

use openssl::bn::{BigNum, BigNumRef};
use openssl::error::ErrorStack;
use openssl::pkey::Public;
use openssl::rsa::{Padding, Rsa};

use super::{ActiveFailure, MIN_RSA_BITS};
use crate::crypto::{DigestAlgorithm, PublicKey};

/// Verifies `signature` over M1 ‖ `challenge`; M1 is in the signature.
pub(super) fn verify(
    key: &PublicKey,
    bits: u32,
    challenge: [u8; 8],
    signature: &[u8],
) -> Result<DigestAlgorithm, ActiveFailure> {
    if bits < MIN_RSA_BITS || !bits.is_multiple_of(8) {
        return Err(ActiveFailure::RsaLength(bits));
    }
    let rsa = key.pkey().rsa().map_err(|_| ActiveFailure::Signature)?;
    if !is_sound_exponent(rsa.e()) {
        return Err(ActiveFailure::RsaExponent);
    }
    let expected = (bits / 8) as usize;
    if signature.len() != expected {
        return Err(ActiveFailure::Length { expected, found: signature.len() });
    }
    // A signature not below the modulus is an error to OpenSSL.
    let message = recover(&rsa, signature).map_err(|_| ActiveFailure::Signature)?;
    check_representative(&message, challenge)
}

/// With e = 1 every message signs itself, and an even e has no inverse.
fn is_sound_exponent(exponent: &BigNumRef) -> bool {
    exponent.num_bits() >= 2 && exponent.is_bit_set(0)
}

/// The message representative: s^e, or n − s^e for a signer that publishes the
/// lesser of s and n − s (ISO/IEC 9796-2 §B.4 and B.6). Representatives end in
/// the nibble C and n is odd, so only one of the two can be meant.
fn recover(rsa: &Rsa<Public>, signature: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let mut message = vec![0; rsa.size() as usize];
    rsa.public_decrypt(signature, &mut message, Padding::NONE)?;
    if message.last().is_some_and(|last| last & 0x0F == TRAILER_NIBBLE) {
        return Ok(message);
    }
    let mut negated = BigNum::new()?;
    negated.checked_sub(rsa.n(), &*BigNum::from_slice(&message)?)?;
    let len = i32::try_from(message.len()).unwrap_or(i32::MAX);
    negated.to_vec_padded(len)
}

/// Checks `6A ‖ M1 ‖ H(M1 ‖ challenge) ‖ trailer`.
fn check_representative(
    message: &[u8],
    challenge: [u8; 8],
) -> Result<DigestAlgorithm, ActiveFailure> {
    let [PARTIAL_RECOVERY, body @ .., id, last] = message else {
        return Err(ActiveFailure::Representative);
    };
    let (digest, body) = match *last {
        TRAILER_SHA1 => {
            let longer = message.get(1..message.len() - 1).unwrap_or(&[]);
            (DigestAlgorithm::Sha1, longer)
        }
        TRAILER_WITH_ID => (digest_of(*id).ok_or(ActiveFailure::Trailer(*id))?, body),
        _ => return Err(ActiveFailure::Representative),
    };
    let m1_len =
        body.len().checked_sub(digest.output_len()).ok_or(ActiveFailure::Representative)?;
    let (m1, hash) = body.split_at(m1_len);
    if !digest.matches(&[m1, &challenge].concat(), hash) {
        return Err(ActiveFailure::Signature);
    }
    Ok(digest)
}

/// ISO/IEC 10118-3 identifiers. They are hexadecimal: reading `34` as 34 would
/// take SHA-256 for something else.
fn digest_of(id: u8) -> Option<DigestAlgorithm> {
    Some(match id {
        0x33 => DigestAlgorithm::Sha1,
        0x34 => DigestAlgorithm::Sha256,
        0x35 => DigestAlgorithm::Sha512,
        0x36 => DigestAlgorithm::Sha384,
        0x38 => DigestAlgorithm::Sha224,
        _ => return None,
    })
}

const PARTIAL_RECOVERY: u8 = 0x6A;
const TRAILER_NIBBLE: u8 = 0x0C;
const TRAILER_SHA1: u8 = 0xBC;
const TRAILER_WITH_ID: u8 = 0xCC;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    const M1: &str = "9D2784A67F8E7C659973EA1AEA25D95B6C8F91E5002F369F0FBDCE8A3CEC1991\
        B543F1696546C5524CF23A5303CD6C98599F40B79F377B5F3A1406B3B4D8F96784D23AA88DB7E1032A405E69\
        325FA91A6E86F5C71AEA978264C4A207446DAD4E7292E2DCDA3024B47DA8";
    const DIGEST: &str = "C063AA1E6D22FBD976AB0FE73D94D2D9C6D88127";
    const CHALLENGE: [u8; 8] = [0xF1, 0x73, 0x58, 0x99, 0x74, 0xBF, 0x40, 0xC6];

    fn hex(text: &str) -> Vec<u8> {
        let pair = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(pair).collect()
    }

    /// 9303-11 appendix F, from step 13 on. It does not print the modulus, so
    /// that its step 12, s^e, cannot be repeated.
    #[test]
    fn worked_example() {
        let message = hex(&format!("6A{M1}{DIGEST}BC"));
        assert_eq!(message.len(), 128, "step 9");
        assert_eq!(hex(M1).len() * 8, 848, "step 5");
        let hashed = [hex(M1), CHALLENGE.to_vec()].concat();
        assert_eq!(DigestAlgorithm::Sha1.digest(&hashed).unwrap(), hex(DIGEST), "step 17");
        assert_eq!(check_representative(&message, CHALLENGE), Ok(DigestAlgorithm::Sha1));
        for bit in 0..message.len() * 8 {
            let mut changed = message.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(check_representative(&changed, CHALLENGE).is_err(), "bit {bit}");
        }
        for bit in 0..64 {
            let challenge = (u64::from_be_bytes(CHALLENGE) ^ (1 << bit)).to_be_bytes();
            assert_eq!(
                check_representative(&message, challenge),
                Err(ActiveFailure::Signature),
                "bit {bit}"
            );
        }
    }

    #[test]
    fn no_length_is_too_short_to_check() {
        for len in 0..80 {
            let mut message = vec![0x6A; len];
            for trailer in [&[0xBC][..], &[0x34, 0xCC], &[0x35, 0xCC], &[0xCC]] {
                if let Some(start) = len.checked_sub(trailer.len()) {
                    message[start..].copy_from_slice(trailer);
                }
                assert!(check_representative(&message, CHALLENGE).is_err());
            }
        }
    }
}
