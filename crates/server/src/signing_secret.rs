//! The secret that webhook requests of an endpoint are signed with, and its form at rest.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::entropy::{Entropy, random_text};
use domain::id::EndpointId;
use domain::key::{KEY_ID, Keys, Secret};
use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};
use zeroize::Zeroizing;

const PREFIX: &str = "whsec_";
const RANDOM_CHARACTERS: usize = 32;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// A secret at rest cannot be sealed or opened. Says nothing about its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SecretError {
    /// Not `<key id>.<nonce>.<ciphertext and tag>`.
    #[error("a stored signing secret is malformed")]
    Malformed,
    /// Sealed under a key that this server does not hold.
    #[error("a stored signing secret is sealed under an unknown key")]
    UnknownKey,
    /// The master secret is another one, or the row was changed or moved to another endpoint.
    #[error("a stored signing secret is not authentic")]
    NotAuthentic,
    /// AES-256-GCM is not available.
    #[error("a signing secret cannot be sealed")]
    Unavailable,
}

/// A fresh signing secret: `whsec_` and 32 letters or digits, 165 bits.
pub(crate) fn generate(entropy: &mut dyn Entropy) -> Secret {
    let random = Zeroizing::new(random_text(RANDOM_CHARACTERS, entropy));
    Secret::new(format!("{PREFIX}{}", random.as_str()))
}

/// Encrypts a secret for the database: AES-256-GCM, bound to its endpoint.
pub(crate) fn seal(
    secret: &Secret,
    endpoint: &EndpointId,
    keys: &Keys,
    entropy: &mut dyn Entropy,
) -> Result<String, SecretError> {
    let mut nonce = [0; NONCE_BYTES];
    entropy.fill(&mut nonce);
    let mut tag = [0; TAG_BYTES];
    let mut sealed = encrypt_aead(
        Cipher::aes_256_gcm(),
        keys.at_rest().as_slice(),
        Some(&nonce),
        &associated_data(endpoint),
        secret.reveal().as_bytes(),
        &mut tag,
    )
    .map_err(|_| SecretError::Unavailable)?;
    sealed.extend_from_slice(&tag);
    Ok(format!("{KEY_ID}.{}.{}", URL_SAFE_NO_PAD.encode(nonce), URL_SAFE_NO_PAD.encode(sealed)))
}

/// Decrypts a secret from the database.
pub(crate) fn open(
    sealed: &str,
    endpoint: &EndpointId,
    keys: &Keys,
) -> Result<Secret, SecretError> {
    let mut parts = sealed.split('.');
    let (Some(key_id), Some(nonce), Some(sealed), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(SecretError::Malformed);
    };
    if key_id != KEY_ID {
        return Err(SecretError::UnknownKey);
    }
    let nonce = URL_SAFE_NO_PAD.decode(nonce).map_err(|_| SecretError::Malformed)?;
    let sealed = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| SecretError::Malformed)?;
    if nonce.len() != NONCE_BYTES {
        return Err(SecretError::Malformed);
    }
    let (ciphertext, tag) = sealed.split_last_chunk::<TAG_BYTES>().ok_or(SecretError::Malformed)?;
    let plain = Zeroizing::new(
        decrypt_aead(
            Cipher::aes_256_gcm(),
            keys.at_rest().as_slice(),
            Some(&nonce),
            &associated_data(endpoint),
            ciphertext,
            tag,
        )
        .map_err(|_| SecretError::NotAuthentic)?,
    );
    let text = std::str::from_utf8(&plain).map_err(|_| SecretError::Malformed)?;
    Ok(Secret::new(text))
}

fn associated_data(endpoint: &EndpointId) -> Vec<u8> {
    format!("{endpoint}|{KEY_ID}").into_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    struct Counting(u8);

    impl Entropy for Counting {
        fn fill(&mut self, buffer: &mut [u8]) {
            for byte in buffer {
                self.0 = self.0.wrapping_add(1);
                *byte = self.0;
            }
        }
    }

    fn endpoint(letter: &str) -> EndpointId {
        format!("whe_{}", letter.repeat(32)).parse().unwrap()
    }

    #[test]
    fn a_secret_is_prefixed_and_comes_back_from_rest() {
        let keys = Keys::derive(&[1; 32]);
        let mut entropy = Counting(0);
        let secret = generate(&mut entropy);
        assert_eq!(secret.reveal().len(), 38);
        assert!(secret.reveal().starts_with("whsec_"));
        let first = seal(&secret, &endpoint("a"), &keys, &mut entropy).unwrap();
        let second = seal(&secret, &endpoint("a"), &keys, &mut entropy).unwrap();
        assert_ne!(first, second, "each has a nonce of its own");
        assert!(first.starts_with("k1."));
        assert!(!first.contains(secret.reveal()));
        let opened = open(&first, &endpoint("a"), &keys).unwrap();
        assert_eq!(opened.reveal(), secret.reveal());
    }

    #[test]
    fn a_changed_or_moved_secret_is_refused() {
        let keys = Keys::derive(&[1; 32]);
        let mut entropy = Counting(0);
        let secret = generate(&mut entropy);
        let sealed = seal(&secret, &endpoint("a"), &keys, &mut entropy).unwrap();
        let refusal = |sealed: &str, endpoint: &EndpointId, keys: &Keys| {
            open(sealed, endpoint, keys).map(|_| ()).unwrap_err()
        };

        assert_eq!(refusal(&sealed, &endpoint("b"), &keys), SecretError::NotAuthentic);
        let other = Keys::derive(&[2; 32]);
        assert_eq!(refusal(&sealed, &endpoint("a"), &other), SecretError::NotAuthentic);

        let parts: Vec<&str> = sealed.split('.').collect();
        for part in [1, 2] {
            let mut bytes = URL_SAFE_NO_PAD.decode(parts[part]).unwrap();
            for at in 0..bytes.len() {
                bytes[at] ^= 1;
                let mut changed = parts.clone();
                let encoded = URL_SAFE_NO_PAD.encode(&bytes);
                changed[part] = &encoded;
                let changed = changed.join(".");
                assert_eq!(refusal(&changed, &endpoint("a"), &keys), SecretError::NotAuthentic);
                bytes[at] ^= 1;
            }
        }

        let renamed = sealed.replacen("k1", "k2", 1);
        assert_eq!(refusal(&renamed, &endpoint("a"), &keys), SecretError::UnknownKey);
        for malformed in ["", "k1", "k1.", "k1..", "k1.AAAA.AAAA", "k1.*.*", &format!("{sealed}.")]
        {
            assert_eq!(refusal(malformed, &endpoint("a"), &keys), SecretError::Malformed);
        }
    }
}
