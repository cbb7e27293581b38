//! The signature of a webhook request (REFERENCE 7.3).

use domain::key::{Secret, hex};
use domain::time::Timestamp;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;

/// The value of `X-Kayle-Signature`: `t=<Unix seconds>,v1=<lower-case hex>`.
///
/// `v1` is HMAC-SHA256 over `<t>.<body>`, under the whole secret with its prefix. The time is
/// under the signature, so a receiver can refuse a request that was kept and sent again.
pub(super) fn signature_header(
    secret: &Secret,
    at: Timestamp,
    body: &str,
) -> Result<String, ErrorStack> {
    let seconds = at.as_seconds();
    let key = PKey::hmac(secret.reveal().as_bytes())?;
    let mut signer = Signer::new(MessageDigest::sha256(), &key)?;
    signer.update(format!("{seconds}.").as_bytes())?;
    signer.update(body.as_bytes())?;
    Ok(format!("t={seconds},v1={}", hex(&signer.sign_to_vec()?)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// REFERENCE C.1.
    #[test]
    fn the_reference_vector_is_met() {
        let secret = Secret::new(format!("whsec_{}", "e".repeat(32)));
        assert_eq!(
            signature_header(&secret, Timestamp(1_714_914_000_999), "payload").unwrap(),
            "t=1714914000,v1=3b6b5510026be4a4c92e2d008dd01c4c7748ef1bfcb85a629da3951405dd7b36"
        );
    }
}
