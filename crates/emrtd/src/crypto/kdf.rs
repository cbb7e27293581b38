//! The key derivation function of chips (9303-11 §9.7.1).

use zeroize::{Zeroize, Zeroizing};

use super::DigestAlgorithm;
use super::symmetric::{Cipher, Key, LibraryFailure};

/// What a derived key is for, by its counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// Encryption: counter 1.
    Encryption,
    /// Message authentication: counter 2.
    Mac,
    /// Decryption of the PACE nonce, from a password: counter 3.
    Password,
}

/// Derives a key for `cipher` from a shared secret: the leading octets of
/// SHA-1 (3DES, AES-128) or SHA-256 (AES-192, AES-256) over the secret and the
/// counter; 3DES keys get odd parity.
///
/// # Errors
/// When OpenSSL fails.
pub fn derive(secret: &[u8], usage: KeyUse, cipher: Cipher) -> Result<Key, LibraryFailure> {
    let digest = match cipher {
        Cipher::TripleDes | Cipher::Aes128 => DigestAlgorithm::Sha1,
        Cipher::Aes192 | Cipher::Aes256 => DigestAlgorithm::Sha256,
    };
    let counter: u32 = match usage {
        KeyUse::Encryption => 1,
        KeyUse::Mac => 2,
        KeyUse::Password => 3,
    };
    let input = Zeroizing::new([secret, &counter.to_be_bytes()].concat());
    let mut output = Zeroizing::new(digest.digest(&input).ok_or(LibraryFailure)?);
    if cipher == Cipher::TripleDes {
        output.iter_mut().for_each(set_odd_parity);
    }
    let key = output.get(..cipher.key_len()).and_then(|octets| Key::new(cipher, octets));
    output.zeroize();
    key.ok_or(LibraryFailure)
}

fn set_odd_parity(octet: &mut u8) {
    let upper = *octet & 0xFE;
    *octet = upper | u8::from(upper.count_ones().is_multiple_of(2));
}
