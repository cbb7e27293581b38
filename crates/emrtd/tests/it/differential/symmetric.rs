//! Ciphers, message authentication codes and key derivation, against
//! RustCrypto's.

use aes::cipher::{Array, BlockCipherEncrypt, KeyInit as _};
use cmac::{Cmac, Mac as _};
use emrtd::crypto::DigestAlgorithm;
use emrtd::crypto::kdf::{self, KeyUse};
use emrtd::crypto::symmetric::{Cipher, Key, pad};
use proptest::prelude::*;
use retail_mac::RetailMac;

/// CBC by hand, on the bare block cipher.
fn cbc<C: BlockCipherEncrypt>(cipher: &C, iv: &[u8], data: &[u8]) -> Vec<u8> {
    let mut previous = iv.to_vec();
    let mut out = Vec::new();
    for block in data.chunks(iv.len()) {
        let mixed: Vec<u8> = block.iter().zip(&previous).map(|(a, b)| a ^ b).collect();
        let mut block = Array::try_from(&mixed[..]).unwrap();
        cipher.encrypt_block(&mut block);
        previous = block.to_vec();
        out.extend_from_slice(&previous);
    }
    out
}

fn their_cbc(cipher: Cipher, key: &[u8], iv: &[u8], data: &[u8]) -> Vec<u8> {
    match cipher {
        Cipher::TripleDes => cbc(&des::TdesEde2::new_from_slice(key).unwrap(), iv, data),
        Cipher::Aes128 => cbc(&aes::Aes128::new_from_slice(key).unwrap(), iv, data),
        Cipher::Aes192 => cbc(&aes::Aes192::new_from_slice(key).unwrap(), iv, data),
        Cipher::Aes256 => cbc(&aes::Aes256::new_from_slice(key).unwrap(), iv, data),
    }
}

fn their_mac(cipher: Cipher, key: &[u8], data: &[u8]) -> Vec<u8> {
    macro_rules! mac {
        ($kind:ty, $data:expr) => {{
            let mut mac = <$kind>::new_from_slice(key).unwrap();
            mac.update($data);
            mac.finalize().into_bytes()[..8].to_vec()
        }};
    }
    match cipher {
        // Their padding is method 1 of ISO/IEC 9797-1, zeros, which adds
        // nothing to what method 2 has padded.
        Cipher::TripleDes => mac!(RetailMac<des::Des>, &pad(data, 8)),
        Cipher::Aes128 => mac!(Cmac<aes::Aes128>, data),
        Cipher::Aes192 => mac!(Cmac<aes::Aes192>, data),
        Cipher::Aes256 => mac!(Cmac<aes::Aes256>, data),
    }
}

proptest! {
    #[test]
    fn ciphers_and_codes(
        key in any::<[u8; 32]>(),
        iv in any::<[u8; 16]>(),
        data in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        for cipher in Cipher::ALL {
            let octets = &key[..cipher.key_len()];
            let ours = Key::new(cipher, octets).unwrap();
            prop_assert_eq!(&ours.mac(&data).unwrap()[..], &their_mac(cipher, octets, &data));
            let iv = &iv[..cipher.block_len()];
            let padded = pad(&data, cipher.block_len());
            let encrypted = ours.cbc_encrypt(iv, &padded).unwrap();
            prop_assert_eq!(&encrypted, &their_cbc(cipher, octets, iv, &padded));
            prop_assert_eq!(&*ours.cbc_decrypt(iv, &encrypted).unwrap(), &padded);
            let block = &padded[..cipher.block_len()];
            let zero = vec![0; block.len()];
            prop_assert_eq!(
                ours.encrypt_block(block).unwrap(),
                their_cbc(cipher, octets, &zero, block)
            );
        }
    }

    /// 9303-11 §9.7.1, from SHA-1 and SHA-256 as the standard writes it. The
    /// parity of a 3DES key is the only thing its cipher ignores.
    #[test]
    fn key_derivation(secret in proptest::collection::vec(any::<u8>(), 0..100)) {
        for cipher in Cipher::ALL {
            for (usage, counter) in
                [(KeyUse::Encryption, 1), (KeyUse::Mac, 2), (KeyUse::Password, 3)]
            {
                let key = kdf::derive(&secret, usage, cipher).unwrap();
                let digest = match cipher {
                    Cipher::TripleDes | Cipher::Aes128 => DigestAlgorithm::Sha1,
                    Cipher::Aes192 | Cipher::Aes256 => DigestAlgorithm::Sha256,
                };
                let whole = digest.digest(&[&secret[..], &[0, 0, 0, counter]].concat()).unwrap();
                let expected = &whole[..cipher.key_len()];
                if cipher == Cipher::TripleDes {
                    prop_assert!(key.octets().iter().all(|octet| octet.count_ones() % 2 == 1));
                    let block = [7; 8];
                    let theirs = their_cbc(cipher, expected, &[0; 8], &block);
                    prop_assert_eq!(key.encrypt_block(&block).unwrap(), theirs);
                } else {
                    prop_assert_eq!(key.octets(), expected);
                }
            }
        }
    }
}
