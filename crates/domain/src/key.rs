//! Keys derived from the one master secret, and the keyed values made with them.
//!
//! Every purpose has a key of its own (HKDF-SHA256, RFC 5869, the purpose as `info`), so that a
//! value made for one purpose can never pass for another, and each could be rotated alone.

use std::fmt;
use std::net::IpAddr;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::audit::Chain;
use crate::browser::{AddressFamily, NetworkHash};
use crate::id::{AttemptId, OrganizationId, SessionId};
use crate::time::Timestamp;

/// The number of bytes of a master secret.
pub const MASTER_SECRET_BYTES: usize = 32;

/// Names the generation of derived keys; stored beside what they made.
pub const KEY_ID: &str = "k1";

/// Consonants that are not taken for digits, and make no words (RFC 8628 §6.1).
const USER_CODE_ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const USER_CODE_LENGTH: usize = 8;

/// As long as a block of SHA-256, so that making an HMAC from it cannot fail.
type MacKey = [u8; 64];

/// A keyed hash at rest. Compared in constant time; shown by nobody.
#[derive(Clone, Copy)]
pub struct KeyedHash(pub [u8; 32]);

impl PartialEq for KeyedHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for KeyedHash {}

impl fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyedHash(..)")
    }
}

/// A secret that is shown once, to whom it was made for.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, to be handed to its owner.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The keys of one installation.
#[derive(ZeroizeOnDrop)]
pub struct Keys {
    handoff_token: MacKey,
    handoff_token_hash: MacKey,
    device: MacKey,
    cancel_token: MacKey,
    api_key: MacKey,
    document_id: MacKey,
    challenge: MacKey,
    browser: MacKey,
    network: MacKey,
    match_code: MacKey,
    response_code: MacKey,
    user_code: MacKey,
    user_code_hash: MacKey,
    audit: MacKey,
    at_rest: [u8; 32],
    check: MacKey,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(..)")
    }
}

impl Keys {
    /// Derives all keys from the master secret.
    pub fn derive(master: &[u8; MASTER_SECRET_BYTES]) -> Self {
        let hkdf = Hkdf::<Sha256>::new(Some(b"kayle/k1"), master);
        let key = |purpose: &str| {
            let mut out: MacKey = [0; 64];
            #[expect(
                clippy::expect_used,
                reason = "64 bytes are within the 255 blocks that HKDF can give; a key of zeros must never be used"
            )]
            hkdf.expand(purpose.as_bytes(), &mut out).expect("RFC 5869 §2.3");
            out
        };
        let mut at_rest = [0; 32];
        at_rest.copy_from_slice(&Zeroizing::new(key("secrets-at-rest"))[..32]);
        Self {
            handoff_token: key("handoff-token"),
            handoff_token_hash: key("handoff-token-hash"),
            device: key("device-id"),
            cancel_token: key("cancel-token"),
            api_key: key("api-key"),
            document_id: key("document-id"),
            challenge: key("active-authentication-challenge"),
            browser: key("browser-secret"),
            network: key("network"),
            match_code: key("match-code"),
            response_code: key("response-code"),
            user_code: key("user-code"),
            user_code_hash: key("user-code-hash"),
            audit: key("audit-chain"),
            at_rest,
            check: key("key-check"),
        }
    }

    /// The mobile write token of an attempt: 64 hexadecimal digits.
    ///
    /// Derived, never stored: the same attempt and time give the same token, which is how a
    /// handoff asked for again within the minute is answered with the token already shown.
    pub fn handoff_token(
        &self,
        session: &SessionId,
        attempt: &AttemptId,
        issued_at: Timestamp,
    ) -> Secret {
        let message = format!("handoff-token|{session}|{attempt}|{}", issued_at.as_millis());
        Secret::new(hex(&mac(&self.handoff_token, message.as_bytes())))
    }

    /// What the database holds of a mobile write token.
    pub fn handoff_token_hash(&self, token: &str) -> KeyedHash {
        KeyedHash(mac(&self.handoff_token_hash, token.as_bytes()))
    }

    /// What the database holds of a device id, per session: rows of two sessions of one phone
    /// cannot be linked without the key.
    pub fn device_hash(&self, session: &SessionId, device_id: &str) -> KeyedHash {
        let message = Zeroizing::new(format!("{session}|{device_id}"));
        KeyedHash(mac(&self.device, message.as_bytes()))
    }

    /// What the database holds of a cancel token.
    pub fn cancel_token_hash(&self, token: &str) -> KeyedHash {
        KeyedHash(mac(&self.cancel_token, token.as_bytes()))
    }

    /// What the database holds of an API key; also its look-up key.
    pub fn api_key_hash(&self, key: &str) -> KeyedHash {
        KeyedHash(mac(&self.api_key, key.as_bytes()))
    }

    /// The eight bytes that a chip signs in active authentication (9303-11 §6.1).
    pub fn active_auth_challenge(&self, attempt: &AttemptId, fence: u64) -> [u8; 8] {
        let full = mac(&self.challenge, format!("{attempt}|{fence}").as_bytes());
        let mut challenge = [0_u8; 8];
        challenge.copy_from_slice(&full[..8]);
        challenge
    }

    /// What the database holds of a browser's secret, per session: one browser's sessions cannot
    /// be linked without the key.
    pub fn browser_hash(&self, session: &SessionId, secret: &str) -> KeyedHash {
        let message = Zeroizing::new(format!("{session}|{secret}"));
        KeyedHash(mac(&self.browser, message.as_bytes()))
    }

    /// What the database holds of the network that a request came from, per session. `prefix` is
    /// what one subscriber is given: an IPv4 address, or an IPv6 address with its last 64 bits
    /// zero.
    pub fn network_hash(&self, session: &SessionId, prefix: IpAddr) -> NetworkHash {
        let family = match prefix {
            IpAddr::V4(_) => AddressFamily::V4,
            IpAddr::V6(_) => AddressFamily::V6,
        };
        let message = Zeroizing::new(format!("{session}|{prefix}"));
        NetworkHash { family, hash: KeyedHash(mac(&self.network, message.as_bytes())) }
    }

    /// What the match codes of an attempt are drawn from.
    pub(crate) fn match_codes(&self, attempt: &AttemptId) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(mac(&self.match_code, attempt.as_str().as_bytes()))
    }

    /// What the database holds of a response code.
    pub fn response_code_hash(&self, session: &SessionId, code: &str) -> KeyedHash {
        let message = Zeroizing::new(format!("{session}|{code}"));
        KeyedHash(mac(&self.response_code, message.as_bytes()))
    }

    /// The user code of an attempt: eight letters of RFC 8628 §6.1, without the dash. Derived like
    /// its token.
    pub fn user_code(
        &self,
        session: &SessionId,
        attempt: &AttemptId,
        issued_at: Timestamp,
    ) -> Secret {
        let message = format!("{session}|{attempt}|{}", issued_at.as_millis());
        let bytes = Zeroizing::new(mac(&self.user_code, message.as_bytes()));
        // 128 bits modulo 20^8: no letter is favoured by more than 2^-93.
        let mut number =
            bytes[..16].iter().fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
        let letters = USER_CODE_ALPHABET.len() as u128;
        let code = (0..USER_CODE_LENGTH).map(|_| {
            let letter = usize::try_from(number % letters).unwrap_or_default();
            number /= letters;
            char::from(USER_CODE_ALPHABET[letter])
        });
        Secret::new(code.collect::<String>())
    }

    /// What the database holds of a user code; also its look-up key. Takes it as people type it:
    /// case, dashes and spaces do not count.
    pub fn user_code_hash(&self, typed: &str) -> KeyedHash {
        let letters = typed.chars().filter(char::is_ascii_alphanumeric).take(2 * USER_CODE_LENGTH);
        let code = Zeroizing::new(letters.collect::<String>().to_ascii_uppercase());
        KeyedHash(mac(&self.user_code_hash, code.as_bytes()))
    }

    /// A pseudonym of a document for one organization (REFERENCE 6.5), 64 hexadecimal digits.
    pub fn document_id(
        &self,
        organization: &OrganizationId,
        country: &str,
        kind: &str,
        number: &str,
    ) -> String {
        document_id(&self.document_id, organization.as_str(), country, kind, number)
    }

    /// What links the records of the audit trail.
    pub fn audit_chain(&self) -> Chain {
        Chain::new(&self.audit)
    }

    /// Tells whether two installations have the same master secret, and nothing else about it.
    pub fn check_value(&self) -> KeyedHash {
        KeyedHash(mac(&self.check, KEY_ID.as_bytes()))
    }

    /// The key under which secrets that must be read back are encrypted at rest.
    pub fn at_rest(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.at_rest)
    }
}

fn document_id(
    key: &MacKey,
    organization: &str,
    country: &str,
    kind: &str,
    number: &str,
) -> String {
    let normal = |part: &str| {
        let joined = Zeroizing::new(part.split_whitespace().collect::<String>());
        Zeroizing::new(joined.to_uppercase())
    };
    let (country, kind, number) = (normal(country), normal(kind), normal(number));
    let message =
        Zeroizing::new(format!("{}|{}|{}|{}", organization.trim(), *country, *kind, *number));
    hex(&mac(key, message.as_bytes()))
}

fn mac(key: &MacKey, message: &[u8]) -> [u8; 32] {
    let mut hmac = Hmac::<Sha256>::new(key.into());
    hmac.update(message);
    hmac.finalize().into_bytes().into()
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn document_id_matches_the_reference_vector() {
        // HMAC pads a short key with zeros (RFC 2104 §2), so the padded key is the vector's key.
        let mut key = [0; 64];
        key[..11].copy_from_slice(b"test-secret");
        assert_eq!(
            document_id(&key, "org_123", "GBR", "P", "123456789"),
            "7e849e270a46aee80a87f26063cc76902c89a9ee0f74af8f57166f85398fa8c6"
        );
        assert_eq!(
            document_id(&key, " org_123", "gbr", "p ", "123 456 789"),
            "7e849e270a46aee80a87f26063cc76902c89a9ee0f74af8f57166f85398fa8c6"
        );
    }

    #[test]
    fn no_two_purposes_share_a_key() {
        let keys = Keys::derive(&[7; 32]);
        let hashes = [
            keys.handoff_token_hash("x").0,
            keys.cancel_token_hash("x").0,
            keys.api_key_hash("x").0,
            mac(&keys.browser, b"x"),
            mac(&keys.network, b"x"),
            mac(&keys.match_code, b"x"),
            *keys.at_rest(),
        ];
        for (at, hash) in hashes.iter().enumerate() {
            assert!(!hashes[..at].contains(hash));
        }
    }
}
