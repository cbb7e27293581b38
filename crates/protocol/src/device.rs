//! The device key: its id, and the statement that it signs.
//!
//! Both sides build the statement from what they hold themselves; only the nonce and the signature
//! cross the wire. A signature is worth nothing in another session, for another attempt or token,
//! to another server, or for another nonce.

use sha2::{Digest, Sha256};

use crate::limits;

/// What a device key signs (ECDSA with SHA-256 over P-256).
///
/// `origin` is the ASCII origin of the URL that the phone connected to, with the scheme `http` or
/// `https`: `https://verify.example`, `http://127.0.0.1:8787`. The token appears as its hash.
#[must_use]
pub fn statement(
    origin: &str,
    session_id: &str,
    attempt_id: &str,
    mobile_write_token: &str,
    nonce: &[u8],
) -> String {
    let token = hex(&Sha256::digest(mobile_write_token));
    let nonce = hex(nonce);
    format!("kayle device proof v1\n{origin}\n{session_id}\n{attempt_id}\n{token}\n{nonce}")
}

/// The device id of a key, 64 lower-case hexadecimal digits: the SHA-256 of the public point in
/// SEC1 uncompressed form (SEC1 §2.3.3).
#[must_use]
pub fn device_id(public_key: &[u8; limits::DEVICE_KEY_BYTES]) -> String {
    hex(&Sha256::digest(public_key))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statement_is_these_bytes() {
        let text = statement("https://verify.example", "vs_1", "va_1", "abc", &[0, 255]);
        assert_eq!(
            text,
            "kayle device proof v1\nhttps://verify.example\nvs_1\nva_1\n\
             ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n00ff"
        );
    }

    #[test]
    fn the_id_is_the_hash_of_the_point() {
        let id = device_id(&[4; 65]);
        assert_eq!(id, hex(&Sha256::digest([4; 65])));
        assert_eq!(id.len(), 64);
    }
}
