use emrtd::crypto::kdf::{self, KeyUse};
use emrtd::crypto::symmetric::{Cipher, Key, pad, unpad};

use super::hex;

/// 9303-11 appendix D.1
#[test]
fn derives_3des_keys_with_odd_parity() {
    let seed = hex("239AB9CB282DAF66231DC5A4DF6BFBAE");
    let enc = kdf::derive(&seed, KeyUse::Encryption, Cipher::TripleDes).unwrap();
    let mac = kdf::derive(&seed, KeyUse::Mac, Cipher::TripleDes).unwrap();
    assert_eq!(enc.octets(), hex("AB94FDECF2674FDFB9B391F85D7F76F2"));
    assert_eq!(mac.octets(), hex("7962D9ECE03D1ACD4C76089DCE131543"));
    assert!(enc.octets().iter().all(|octet| octet.count_ones() % 2 == 1));
}

/// 9303-11 appendix G: password and session keys for AES-128
#[test]
fn derives_aes_keys() {
    let password = hex("7E2D2A41 C74EA0B3 8CD36F86 3939BFA8 E9032AAD");
    let key = kdf::derive(&password, KeyUse::Password, Cipher::Aes128).unwrap();
    assert_eq!(key.octets(), hex("89DED1B2 6624EC1E 634C1989 302849DD"));
    let secret = hex("28768D20 701247DA E81804C9 E780EDE5 82A9996D B4A31502 0B273319 7DB84925");
    let enc = kdf::derive(&secret, KeyUse::Encryption, Cipher::Aes128).unwrap();
    let mac = kdf::derive(&secret, KeyUse::Mac, Cipher::Aes128).unwrap();
    assert_eq!(enc.octets(), hex("F5F0E35C 0D7161EE 6724EE51 3A0D9A7F"));
    assert_eq!(mac.octets(), hex("FE251C78 58B356B2 4514B3BD 5F4297D1"));
    for cipher in [Cipher::Aes192, Cipher::Aes256] {
        let key = kdf::derive(&secret, KeyUse::Mac, cipher).unwrap();
        assert_eq!(key.octets().len(), cipher.key_len());
        assert_ne!(key.octets()[..16], *mac.octets(), "the longer keys come from SHA-256");
    }
}

/// 9303-11 appendix D.3: encryption and retail MAC of the terminal's message
#[test]
fn encrypts_and_authenticates_with_3des() {
    let enc = Key::new(Cipher::TripleDes, &hex("AB94FDECF2674FDFB9B391F85D7F76F2")).unwrap();
    let mac = Key::new(Cipher::TripleDes, &hex("7962D9ECE03D1ACD4C76089DCE131543")).unwrap();
    let plain = hex("781723860C06C2264608F919887022120B795240CB7049B01C19B33E32804F0B");
    let encrypted = enc.cbc_encrypt(&[0; 8], &plain).unwrap();
    assert_eq!(encrypted, hex("72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2"));
    assert_eq!(*enc.cbc_decrypt(&[0; 8], &encrypted).unwrap(), plain);
    assert_eq!(mac.mac(&encrypted).unwrap(), *hex("5F1448EEA8AD90A7"));
    assert!(mac.verify_mac(&encrypted, &hex("5F1448EEA8AD90A7")).unwrap());
    assert!(!mac.verify_mac(&encrypted, &hex("5F1448EEA8AD90A6")).unwrap());
    assert!(!mac.verify_mac(&encrypted, &hex("5F1448EEA8AD90")).unwrap());
}

/// NIST SP 800-38B appendix D (examples of the current publication), truncated
#[test]
fn authenticates_with_cmac() {
    let message = hex("6bc1bee22e409f96e93d7e117393172a");
    let cases = [
        (Cipher::Aes128, "2b7e151628aed2a6abf7158809cf4f3c", "070a16b46b4d4144"),
        (Cipher::Aes192, "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", "9e99a7bf31e71090"),
        (
            Cipher::Aes256,
            "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
            "28a7023f452e8f82",
        ),
    ];
    for (cipher, key, mac) in cases {
        let key = Key::new(cipher, &hex(key)).unwrap();
        assert_eq!(key.mac(&message).unwrap(), *hex(mac), "{cipher}");
    }
}

#[test]
fn refuses_wrong_lengths() {
    assert!(Key::new(Cipher::Aes128, &[0; 15]).is_none());
    let key = Key::new(Cipher::Aes128, &[0; 16]).unwrap();
    assert!(key.cbc_encrypt(&[0; 8], &[0; 16]).is_err());
    assert!(key.cbc_decrypt(&[0; 16], &[0; 15]).is_err());
    assert!(key.encrypt_block(&[0; 32]).is_err());
}

#[test]
fn pads_and_unpads() {
    assert_eq!(pad(&[], 8), hex("8000000000000000"));
    assert_eq!(pad(&[1; 8], 8).len(), 16);
    for len in 0..40 {
        let data = vec![0; len];
        assert_eq!(unpad(&pad(&data, 16), 16), Some(&*data));
    }
    assert_eq!(unpad(&[0; 16], 16), None);
    assert_eq!(unpad(&[], 16), None);
    assert_eq!(unpad(&[1, 2, 3, 4, 5, 6, 7, 8], 8), None);
    let mut long = vec![0x80];
    long.extend([0; 8]);
    assert_eq!(unpad(&long, 8), None, "padding is shorter than a block");
}

#[test]
fn debug_shows_no_key() {
    let key = Key::new(Cipher::Aes128, &[0xAB; 16]).unwrap();
    assert_eq!(format!("{key:?}"), "Key(AES-128, redacted)");
}
