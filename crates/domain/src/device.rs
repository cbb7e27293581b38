//! The device key: proof that whoever says hello holds it (SECURITY row 18).

use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{DerSignature, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::id::{AttemptId, SessionId};
use crate::key::{KeyedHash, Keys, hex};
use crate::session::Hello;

/// Size of a P-256 point in SEC1 uncompressed form, in bytes (SEC1 §2.3.3).
const POINT_BYTES: usize = 65;

/// First byte of such a point.
const UNCOMPRESSED: u8 = 4;

/// The public key of a device: a point of P-256.
#[derive(Clone, Debug)]
pub struct DeviceKey {
    key: VerifyingKey,
    id: String,
}

/// Proof that the sender of one [`Hello`] holds the private key whose hash is its device id.
///
/// Only [`DeviceProven::verify`] makes one, and [`crate::session::Session::hello`] takes it for
/// that attempt, that token and that device alone:
///
/// ```compile_fail,E0451
/// use domain::device::DeviceProven;
/// use domain::session::Hello;
/// fn skip(hello: &Hello) -> DeviceProven {
///     DeviceProven {
///         attempt: hello.attempt.clone(),
///         token: hello.token.clone(),
///         device: hello.device.clone(),
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct DeviceProven {
    attempt: AttemptId,
    token: KeyedHash,
    device: KeyedHash,
}

/// The device did not prove its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeviceProofError {
    /// The key is no point of P-256 in uncompressed form.
    #[error("the device key is not an uncompressed point of P-256")]
    Key,
    /// The device id is not the hash of the key.
    #[error("the device id is not that of the key")]
    Device,
    /// The signature is malformed or not the key's over the statement.
    #[error("the signature does not verify")]
    Signature,
}

impl DeviceKey {
    /// Reads an uncompressed point.
    ///
    /// # Errors
    /// [`DeviceProofError::Key`].
    pub fn parse(point: &[u8]) -> Result<Self, DeviceProofError> {
        // The reader of points takes compressed ones too, which would give one key two ids.
        if point.len() != POINT_BYTES || point.first() != Some(&UNCOMPRESSED) {
            return Err(DeviceProofError::Key);
        }
        let key = VerifyingKey::from_sec1_bytes(point).map_err(|_| DeviceProofError::Key)?;
        Ok(Self { key, id: hex(&Sha256::digest(point)) })
    }

    /// The device id that belongs to it: the SHA-256 of the point, in lower-case hexadecimal.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl DeviceProven {
    /// Verifies that `signature` (ECDSA with SHA-256, DER) over `statement` was made with `key`,
    /// and that `key` is the one that the hello's device id names.
    ///
    /// The statement must have been built by the verifier, from the session, the attempt and the
    /// token of this hello and from a nonce that it drew for it.
    ///
    /// # Errors
    /// Which of the two does not hold.
    pub fn verify(
        hello: &Hello,
        session: &SessionId,
        keys: &Keys,
        key: &DeviceKey,
        statement: &str,
        signature: &[u8],
    ) -> Result<Self, DeviceProofError> {
        if keys.device_hash(session, key.id()) != hello.device {
            return Err(DeviceProofError::Device);
        }
        let signature =
            DerSignature::try_from(signature).map_err(|_| DeviceProofError::Signature)?;
        key.key
            .verify(statement.as_bytes(), &signature)
            .map_err(|_| DeviceProofError::Signature)?;
        Ok(Self { attempt: hello.attempt.clone(), token: hello.token, device: hello.device })
    }

    /// Whether it was made for this hello.
    pub(crate) fn is_of(&self, hello: &Hello) -> bool {
        self.attempt == hello.attempt && self.token == hello.token && self.device == hello.device
    }
}

impl PartialEq for DeviceKey {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for DeviceKey {}
