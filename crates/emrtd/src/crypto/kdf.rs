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

/// The pseudo-random number mapping `R(s, t)` of the integrated mapping
/// (9303-11 §4.4.3.3.2), before it is reduced modulo a prime of `prime_bits`.
///
/// `None` unless `nonce` (s) and `terminal_nonce` (t) have the lengths the
/// cipher demands.
pub fn pseudo_random(
    nonce: &[u8],
    terminal_nonce: &[u8],
    cipher: Cipher,
    prime_bits: usize,
) -> Option<Zeroizing<Vec<u8>>> {
    let (c0, c1) = match cipher {
        Cipher::TripleDes | Cipher::Aes128 => (C0_128.as_slice(), C1_128.as_slice()),
        Cipher::Aes192 | Cipher::Aes256 => (C0_256.as_flattened(), C1_256.as_flattened()),
    };
    if nonce.len() != c0.len() {
        return None;
    }
    let iv = vec![0; cipher.block_len()];
    let next = |key: &Key, input: &[u8]| {
        let output = Zeroizing::new(key.cbc_encrypt(&iv, input).ok()?);
        Key::new(cipher, output.get(..cipher.key_len())?)
    };
    let mut key = next(&Key::new(cipher, terminal_nonce)?, nonce)?;
    // Growing would leave copies behind that nobody clears.
    let mut output = Zeroizing::new(Vec::with_capacity(prime_bits / 8 + 64));
    while output.len() * 8 < prime_bits + 64 {
        output.extend(key.cbc_encrypt(&iv, c1).ok()?);
        key = next(&key, c0)?;
    }
    Some(output)
}

const C0_128: [u8; 16] = 0xA668_892A_7C41_E3CA_739F_40B0_57D8_5904_u128.to_be_bytes();
const C1_128: [u8; 16] = 0xA4E1_36AC_725F_738B_01C1_F602_17C1_88AD_u128.to_be_bytes();
const C0_256: [[u8; 16]; 2] = [
    0xD463_D652_3412_4EF7_8970_5498_6DCA_0A17_u128.to_be_bytes(),
    0x4E28_DF75_8CBA_A03F_2406_1641_4D5A_1676_u128.to_be_bytes(),
];
const C1_256: [[u8; 16]; 2] = [
    0x54BD_7255_F0AA_F831_BEC3_423F_CF39_D69B_u128.to_be_bytes(),
    0x6CBF_0666_77D0_FAAE_5AAD_D99D_F8E5_3517_u128.to_be_bytes(),
];
