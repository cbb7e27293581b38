//! Active authentication (9303-11 §6.1).

use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};

use super::{Access, Answer, CONDITIONS, Chip, FAILURE, Refusal, ok};
use crate::crypto::DigestAlgorithm;
use crate::read::apdu::StatusWord;
use crate::sim::personalisation::{ActiveScheme, Trailer};

impl Chip {
    /// INTERNAL AUTHENTICATE.
    pub(super) fn sign_challenge(&mut self, challenge: &[u8]) -> Answer {
        if self.volatile.access == Access::None {
            return Err(Refusal(StatusWord::SECURITY_STATUS));
        }
        let Some(active) = self.personalisation.active.clone() else { return Err(CONDITIONS) };
        if challenge.len() != 8 {
            return Err(Refusal(StatusWord::WRONG_LENGTH));
        }
        let key = PKey::private_key_from_der(&active.private)?;
        let signature = match active.scheme {
            ActiveScheme::Rsa { trailer, lesser } => {
                self.sign_rsa(&key.rsa()?, trailer, lesser, challenge)?
            }
            ActiveScheme::Ecdsa(digest) => sign_ecdsa(&key, digest, challenge)?,
        };
        Ok(ok(&signature))
    }

    /// ISO/IEC 9796-2 scheme 1: `6A ‖ M1 ‖ H(M1 ‖ challenge) ‖ trailer`, M1
    /// being random and as long as there is room.
    fn sign_rsa(
        &mut self,
        key: &Rsa<Private>,
        trailer: Trailer,
        lesser: bool,
        challenge: &[u8],
    ) -> Result<Vec<u8>, Refusal> {
        let (digest, trailer) = match trailer {
            Trailer::Implicit => (DigestAlgorithm::Sha1, vec![0xBC]),
            Trailer::Explicit(digest) => (digest, vec![identifier(digest), 0xCC]),
        };
        let len = key.size() as usize;
        let m1_len = len.checked_sub(1 + digest.output_len() + trailer.len()).ok_or(FAILURE)?;
        let mut m1 = vec![0; m1_len];
        self.draw(&mut m1)?;
        let hash = digest.digest(&[&m1, challenge].concat()).ok_or(FAILURE)?;
        let message = [&[0x6A][..], &m1, &hash, &trailer].concat();
        let mut signature = vec![0; len];
        key.private_encrypt(&message, &mut signature, Padding::NONE)?;
        if lesser {
            let value = BigNum::from_slice(&signature)?;
            let mut negated = BigNum::new()?;
            negated.checked_sub(key.n(), &value)?;
            if negated < value {
                signature = negated.to_vec_padded(len as i32)?;
            }
        }
        Ok(signature)
    }
}

/// r‖s, each as long as the order of the group (TR-03111 §5.2.1).
fn sign_ecdsa(
    key: &PKey<Private>,
    digest: DigestAlgorithm,
    challenge: &[u8],
) -> Result<Vec<u8>, Refusal> {
    let key = key.ec_key()?;
    let hash = digest.digest(challenge).ok_or(FAILURE)?;
    let signature = EcdsaSig::sign(&hash, &key)?;
    let half = key.group().order_bits().div_ceil(8) as i32;
    Ok([signature.r().to_vec_padded(half)?, signature.s().to_vec_padded(half)?].concat())
}

/// ISO/IEC 10118-3
fn identifier(digest: DigestAlgorithm) -> u8 {
    match digest {
        DigestAlgorithm::Sha1 => 0x33,
        DigestAlgorithm::Sha224 => 0x38,
        DigestAlgorithm::Sha256 => 0x34,
        DigestAlgorithm::Sha384 => 0x36,
        DigestAlgorithm::Sha512 => 0x35,
    }
}
