//! The check of a public key that a relying party submits as a JWK (RFC 7517, RFC 7518 §6.3).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// The one algorithm that payloads are encrypted with.
pub(super) const ALGORITHM: &str = "RSA-OAEP-256";
/// The one type of key it takes.
pub(super) const KEY_TYPE: &str = "RSA";

const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
/// More than the encoding of the longest modulus that is taken, less than a burden.
const MAX_MEMBER_CHARACTERS: usize = 1024;
/// Members of a private or symmetric key (RFC 7518 §6.2.2, §6.3.2, §6.4).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Why a JWK is refused. Never carries a value of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum JwkError {
    /// It carries a part of a private key, which must not leave its owner.
    #[error("`jwk.{0}` is part of a private key; send the public key only, and replace this key")]
    PrivateMember(&'static str),
    /// The key is no RSA key.
    #[error("`jwk.kty` must be \"RSA\"")]
    KeyType,
    /// A member is absent or no text.
    #[error("`jwk.{0}` must be a string")]
    Missing(&'static str),
    /// A member is not base64url without padding (RFC 7515 §2).
    #[error("`jwk.{0}` must be base64url without padding")]
    Encoding(&'static str),
    /// The modulus is too short to be safe or too long to be sane.
    #[error("`jwk.n` must have 2048 to 4096 bits")]
    ModulusSize,
    /// The modulus is even, so it is no product of two large primes.
    #[error("`jwk.n` is not an RSA modulus")]
    Modulus,
    /// The public exponent is even, below 3 or beyond 32 bits.
    #[error("`jwk.e` must be an odd number from 3 to 2^32; 65537 is usual")]
    Exponent,
    /// The key is meant for something else than encryption.
    #[error("`jwk.use` must be \"enc\" or absent")]
    Use,
    /// The key is meant for another algorithm.
    #[error("`jwk.alg` must be \"RSA-OAEP-256\" or absent")]
    Algorithm,
    /// The key is meant for other operations than encryption.
    #[error("`jwk.key_ops` must contain \"encrypt\" or \"wrapKey\", or be absent")]
    Operations,
}

/// A public RSA key that payloads may be encrypted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PublicJwk(String);

impl PublicJwk {
    /// Checks a submitted key and keeps its public members only: `kty`, `n` and `e`.
    pub(super) fn check(jwk: &Map<String, Value>) -> Result<Self, JwkError> {
        if let Some(member) = PRIVATE_MEMBERS.into_iter().find(|name| jwk.contains_key(*name)) {
            return Err(JwkError::PrivateMember(member));
        }
        if jwk.get("kty").and_then(Value::as_str) != Some(KEY_TYPE) {
            return Err(JwkError::KeyType);
        }
        if jwk.get("use").is_some_and(|value| value != "enc") {
            return Err(JwkError::Use);
        }
        if jwk.get("alg").is_some_and(|value| value != ALGORITHM) {
            return Err(JwkError::Algorithm);
        }
        if jwk.get("key_ops").is_some_and(|value| !allows_encryption(value)) {
            return Err(JwkError::Operations);
        }
        let modulus = unsigned(jwk, "n")?;
        if !MODULUS_BITS.contains(&bits(&modulus)) {
            return Err(JwkError::ModulusSize);
        }
        if modulus.last().is_none_or(|byte| byte % 2 == 0) {
            return Err(JwkError::Modulus);
        }
        let exponent = unsigned(jwk, "e")?;
        let value = exponent
            .iter()
            .try_fold(0_u32, |value, byte| value.checked_mul(256).map(|v| v | u32::from(*byte)));
        if value.is_none_or(|value| value < 3 || value.is_multiple_of(2)) {
            return Err(JwkError::Exponent);
        }
        Ok(Self(format!(
            r#"{{"kty":"RSA","n":"{}","e":"{}"}}"#,
            URL_SAFE_NO_PAD.encode(modulus),
            URL_SAFE_NO_PAD.encode(exponent)
        )))
    }

    /// The key as canonical JSON.
    pub(super) fn into_json(self) -> String {
        self.0
    }
}

fn allows_encryption(operations: &Value) -> bool {
    operations
        .as_array()
        .is_some_and(|list| list.iter().any(|entry| entry == "encrypt" || entry == "wrapKey"))
}

/// A Base64urlUInt (RFC 7518 §2), without the leading zero bytes that some producers leave.
fn unsigned(jwk: &Map<String, Value>, member: &'static str) -> Result<Vec<u8>, JwkError> {
    let text = jwk.get(member).and_then(Value::as_str).ok_or(JwkError::Missing(member))?;
    if text.len() > MAX_MEMBER_CHARACTERS {
        return Err(JwkError::Encoding(member));
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| JwkError::Encoding(member))?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    Ok(bytes[zeros..].to_vec())
}

/// The length of a number without leading zero bytes, in bits.
fn bits(number: &[u8]) -> usize {
    number
        .first()
        .map_or(0, |first| number.len() * 8 - usize::try_from(first.leading_zeros()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;

    fn number(bits: usize, last: u8) -> String {
        let mut bytes = vec![0; bits.div_ceil(8)];
        bytes[0] = 1 << ((bits - 1) % 8);
        *bytes.last_mut().unwrap() |= last;
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn check(jwk: Value) -> Result<PublicJwk, JwkError> {
        PublicJwk::check(jwk.as_object().unwrap())
    }

    fn with(member: &str, value: Value) -> Value {
        let mut jwk = json!({ "kty": "RSA", "n": number(2048, 1), "e": "AQAB" });
        jwk[member] = value;
        jwk
    }

    #[test]
    fn only_public_members_are_kept() {
        let jwk = json!({
            "e": "AAEAAQ", "key_ops": ["encrypt"], "ext": true, "kid": "x", "use": "enc",
            "alg": "RSA-OAEP-256", "x5c": ["abc"], "n": number(2048, 1), "kty": "RSA",
        });
        let expected = format!(r#"{{"kty":"RSA","n":"{}","e":"AQAB"}}"#, number(2048, 1));
        assert_eq!(check(jwk).unwrap().into_json(), expected);
        assert!(check(with("n", json!(number(4096, 1)))).is_ok());
        assert!(check(with("e", json!("Aw"))).is_ok());
        assert!(check(with("e", json!("_____w"))).is_ok());
        assert!(check(with("key_ops", json!(["wrapKey"]))).is_ok());
    }

    #[test]
    fn unsafe_keys_are_refused() {
        for member in PRIVATE_MEMBERS {
            assert_eq!(check(with(member, json!("AQAB"))), Err(JwkError::PrivateMember(member)));
            assert_eq!(check(with(member, Value::Null)), Err(JwkError::PrivateMember(member)));
        }
        for (member, value, why) in [
            ("kty", json!("EC"), JwkError::KeyType),
            ("kty", json!("oct"), JwkError::KeyType),
            ("kty", json!("rsa"), JwkError::KeyType),
            ("kty", Value::Null, JwkError::KeyType),
            ("use", json!("sig"), JwkError::Use),
            ("use", json!(1), JwkError::Use),
            ("alg", json!("RSA-OAEP"), JwkError::Algorithm),
            ("alg", json!("RS256"), JwkError::Algorithm),
            ("key_ops", json!(["verify"]), JwkError::Operations),
            ("key_ops", json!("encrypt"), JwkError::Operations),
            ("n", Value::Null, JwkError::Missing("n")),
            ("n", json!(["AQAB"]), JwkError::Missing("n")),
            ("n", json!("a+/b"), JwkError::Encoding("n")),
            ("n", json!("AQAB="), JwkError::Encoding("n")),
            ("n", json!("A".repeat(1025)), JwkError::Encoding("n")),
            ("n", json!(""), JwkError::ModulusSize),
            ("n", json!(number(2047, 1)), JwkError::ModulusSize),
            ("n", json!(number(1024, 1)), JwkError::ModulusSize),
            ("n", json!(number(4097, 1)), JwkError::ModulusSize),
            ("n", json!(number(2048, 0)), JwkError::Modulus),
            ("e", Value::Null, JwkError::Missing("e")),
            ("e", json!(65537), JwkError::Missing("e")),
            ("e", json!(""), JwkError::Exponent),
            ("e", json!("AA"), JwkError::Exponent),
            ("e", json!("AQ"), JwkError::Exponent),
            ("e", json!("Ag"), JwkError::Exponent),
            ("e", json!("AQAA"), JwkError::Exponent),
            ("e", json!("AQAAAAE"), JwkError::Exponent),
        ] {
            assert_eq!(check(with(member, value.clone())), Err(why), "{member} = {value}");
        }
    }

    /// A short modulus must not pass by being padded with zero bytes.
    #[test]
    fn leading_zeros_do_not_count() {
        let mut bytes = vec![0; 128];
        bytes.extend(URL_SAFE_NO_PAD.decode(number(1024, 1)).unwrap());
        assert_eq!(
            check(with("n", json!(URL_SAFE_NO_PAD.encode(bytes)))),
            Err(JwkError::ModulusSize)
        );
    }
}
