//! The key that tells this device from others.

use std::fmt;

use p256::ecdsa::signature::Signer;
use p256::ecdsa::{DerSignature, Signature, SigningKey};
use protocol::limits::DEVICE_KEY_BYTES;

/// A P-256 key of this device, wherever it is kept: secure hardware, or memory.
pub trait DeviceKey: fmt::Debug + Send + Sync {
    /// The public key, SEC1 uncompressed (SEC1 §2.3.3).
    fn public_point(&self) -> [u8; DEVICE_KEY_BYTES];

    /// Signs `statement` by ECDSA with SHA-256; the signature as DER. `None` when the key cannot be
    /// used, as when its owner does not unlock it.
    fn sign(&self, statement: &[u8]) -> Option<Vec<u8>>;
}

/// A [`DeviceKey`] in memory. Signs deterministically (RFC 6979).
#[derive(Clone)]
pub struct SoftwareDeviceKey(SigningKey);

impl SoftwareDeviceKey {
    /// Size of the private key, in bytes.
    pub const BYTES: usize = 32;

    /// The key of this scalar, big-endian: the same bytes are the same device. `None` where they
    /// are zero or not below the order of the curve, as one of 2^32 random ones is.
    #[must_use]
    pub fn from_bytes(scalar: &[u8; Self::BYTES]) -> Option<Self> {
        SigningKey::from_slice(scalar).ok().map(Self)
    }
}

impl DeviceKey for SoftwareDeviceKey {
    fn public_point(&self) -> [u8; DEVICE_KEY_BYTES] {
        let mut bytes = [0; DEVICE_KEY_BYTES];
        let point = self.0.verifying_key().to_sec1_point(false);
        for (byte, from) in bytes.iter_mut().zip(point.as_bytes()) {
            *byte = *from;
        }
        bytes
    }

    fn sign(&self, statement: &[u8]) -> Option<Vec<u8>> {
        let signature: Signature = self.0.try_sign(statement).ok()?;
        let der: DerSignature = signature.to_der();
        Some(der.as_bytes().to_vec())
    }
}

/// The public half only.
impl fmt::Debug for SoftwareDeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = protocol::device::device_id(&self.public_point());
        f.debug_tuple("SoftwareDeviceKey").field(&id).finish()
    }
}
