//! The block ciphers and message authentication codes of secure messaging
//! (9303-11 §9.8.6, §9.8.7).

use std::fmt;

use openssl::cipher::CipherRef;
use openssl::cipher_ctx::CipherCtx;
use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use zeroize::Zeroizing;

/// Length in bytes of every message authentication code on the wire.
pub const MAC_LEN: usize = 8;

/// OpenSSL failed on input that is valid: out of memory, or built without the
/// algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cryptographic library failed")]
pub struct LibraryFailure;

impl From<ErrorStack> for LibraryFailure {
    fn from(_: ErrorStack) -> Self {
        Self
    }
}

/// A block cipher with its key size (9303-11 §9.7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say all")]
pub enum Cipher {
    TripleDes,
    Aes128,
    Aes192,
    Aes256,
}

impl Cipher {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::TripleDes, Self::Aes128, Self::Aes192, Self::Aes256];

    /// Length of a key in bytes; two-key 3DES has 16.
    pub const fn key_len(self) -> usize {
        match self {
            Self::TripleDes | Self::Aes128 => 16,
            Self::Aes192 => 24,
            Self::Aes256 => 32,
        }
    }

    /// Length of a block, and of the send sequence counter, in bytes.
    pub const fn block_len(self) -> usize {
        match self {
            Self::TripleDes => 8,
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
        }
    }

    fn cbc(self) -> &'static CipherRef {
        match self {
            Self::TripleDes => openssl::cipher::Cipher::des_ede3_cbc(),
            Self::Aes128 => openssl::cipher::Cipher::aes_128_cbc(),
            Self::Aes192 => openssl::cipher::Cipher::aes_192_cbc(),
            Self::Aes256 => openssl::cipher::Cipher::aes_256_cbc(),
        }
    }
}

impl fmt::Display for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TripleDes => "3DES",
            Self::Aes128 => "AES-128",
            Self::Aes192 => "AES-192",
            Self::Aes256 => "AES-256",
        })
    }
}

/// A key with its cipher. Zeroized on drop; `Debug` shows the cipher alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    cipher: Cipher,
    octets: Zeroizing<Vec<u8>>,
}

impl Key {
    /// `None` unless `octets` has the length the cipher needs.
    pub fn new(cipher: Cipher, octets: &[u8]) -> Option<Self> {
        (octets.len() == cipher.key_len())
            .then(|| Self { cipher, octets: Zeroizing::new(octets.to_vec()) })
    }

    /// The cipher.
    pub fn cipher(&self) -> Cipher {
        self.cipher
    }

    /// The secret itself.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// CBC encryption of whole blocks, without padding.
    ///
    /// # Errors
    /// Also when `iv` is not one block or `data` not whole blocks.
    pub fn cbc_encrypt(&self, iv: &[u8], data: &[u8]) -> Result<Vec<u8>, LibraryFailure> {
        self.cbc(iv, data, true)
    }

    /// CBC decryption of whole blocks, padding left in place.
    ///
    /// # Errors
    /// Also when `iv` is not one block or `data` not whole blocks.
    pub fn cbc_decrypt(
        &self,
        iv: &[u8],
        data: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, LibraryFailure> {
        self.cbc(iv, data, false).map(Zeroizing::new)
    }

    /// One block in ECB, for the initialization vector of AES secure messaging
    /// (9303-11 §9.8.6.2).
    ///
    /// # Errors
    /// Also when `block` is not one block.
    pub fn encrypt_block(&self, block: &[u8]) -> Result<Vec<u8>, LibraryFailure> {
        if block.len() != self.cipher.block_len() {
            return Err(LibraryFailure);
        }
        self.cbc_encrypt(&vec![0; block.len()], block)
    }

    /// The message authentication code in 8 bytes: for 3DES the retail MAC
    /// with padding method 2, for AES the truncated CMAC of the bytes as they
    /// are (9303-11 §9.8.7).
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn mac(&self, data: &[u8]) -> Result<[u8; MAC_LEN], LibraryFailure> {
        match self.cipher {
            Cipher::TripleDes => retail_mac(&self.octets, data),
            Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256 => self.cmac(data),
        }
    }

    /// Whether `mac` is that of `data`, compared in constant time.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn verify_mac(&self, data: &[u8], mac: &[u8]) -> Result<bool, LibraryFailure> {
        let expected = self.mac(data)?;
        Ok(mac.len() == MAC_LEN && openssl::memcmp::eq(&expected, mac))
    }

    fn cbc(&self, iv: &[u8], data: &[u8], encrypt: bool) -> Result<Vec<u8>, LibraryFailure> {
        let block_len = self.cipher.block_len();
        if iv.len() != block_len || !data.len().is_multiple_of(block_len) {
            return Err(LibraryFailure);
        }
        match self.cipher {
            Cipher::TripleDes => {
                let (first, second) = halves(&self.octets)?;
                let key = Zeroizing::new([first, second, first].concat());
                run(self.cipher.cbc(), &key, iv, data, encrypt)
            }
            _ => run(self.cipher.cbc(), &self.octets, iv, data, encrypt),
        }
    }

    fn cmac(&self, data: &[u8]) -> Result<[u8; MAC_LEN], LibraryFailure> {
        let cipher = match self.cipher {
            Cipher::Aes192 => openssl::symm::Cipher::aes_192_cbc(),
            Cipher::Aes256 => openssl::symm::Cipher::aes_256_cbc(),
            Cipher::Aes128 => openssl::symm::Cipher::aes_128_cbc(),
            Cipher::TripleDes => return Err(LibraryFailure),
        };
        let key = PKey::cmac(&cipher, &self.octets)?;
        let mut signer = Signer::new_without_digest(&key)?;
        signer.update(data)?;
        let mut full = [0; 16];
        signer.sign(&mut full)?;
        full.first_chunk().copied().ok_or(LibraryFailure)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, redacted)", self.cipher)
    }
}

/// Padding method 2 of ISO/IEC 9797-1: `80`, then zeros to a whole block.
pub fn pad(data: &[u8], block_len: usize) -> Vec<u8> {
    let padded_len = (data.len() / block_len + 1) * block_len;
    let mut padded = Vec::with_capacity(padded_len);
    padded.extend_from_slice(data);
    padded.push(0x80);
    padded.resize(padded_len, 0);
    padded
}

/// Takes padding method 2 off; `None` when it is not there.
pub fn unpad(padded: &[u8], block_len: usize) -> Option<&[u8]> {
    let zeros = padded.iter().rev().take_while(|octet| **octet == 0).count();
    let (rest, _) = padded.split_at_checked(padded.len().checked_sub(zeros)?)?;
    let data = rest.strip_suffix(&[0x80])?;
    (zeros < block_len).then_some(data)
}

/// MAC algorithm 3 of ISO/IEC 9797-1 with DES and padding method 2.
///
/// Single DES is 3DES with one key thrice: OpenSSL 3 keeps DES itself in a
/// provider that is not loaded.
fn retail_mac(key: &[u8], data: &[u8]) -> Result<[u8; MAC_LEN], LibraryFailure> {
    const BLOCK: usize = 8;
    let (first, second) = halves(key)?;
    let single = Zeroizing::new([first, first, first].concat());
    let double = Zeroizing::new([first, second, first].concat());
    let padded = Zeroizing::new(pad(data, BLOCK));
    let (body, last) = padded.split_last_chunk::<BLOCK>().ok_or(LibraryFailure)?;
    let cbc = openssl::cipher::Cipher::des_ede3_cbc();
    let chained = Zeroizing::new(run(cbc, &single, &[0; BLOCK], body, true)?);
    let iv = chained.last_chunk::<BLOCK>().copied().unwrap_or([0; BLOCK]);
    run(cbc, &double, &iv, last, true)?.try_into().map_err(|_| LibraryFailure)
}

fn halves(key: &[u8]) -> Result<(&[u8], &[u8]), LibraryFailure> {
    match key.split_at_checked(8) {
        Some((first, second)) if second.len() == 8 => Ok((first, second)),
        _ => Err(LibraryFailure),
    }
}

fn run(
    cipher: &CipherRef,
    key: &[u8],
    iv: &[u8],
    data: &[u8],
    encrypt: bool,
) -> Result<Vec<u8>, LibraryFailure> {
    let mut context = CipherCtx::new()?;
    if encrypt {
        context.encrypt_init(Some(cipher), Some(key), Some(iv))?;
    } else {
        context.decrypt_init(Some(cipher), Some(key), Some(iv))?;
    }
    context.set_padding(false);
    let mut out = Vec::with_capacity(data.len() + cipher.block_size());
    context.cipher_update_vec(data, &mut out)?;
    context.cipher_final_vec(&mut out)?;
    Ok(out)
}
