//! The key of this phone: in a file, so that it stays the same phone, or for one run.

use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use domain::entropy::Entropy;
use domain::key::hex;
use phone::{DeviceKey, SoftwareDeviceKey};
use zeroize::Zeroizing;

use crate::cli::failure::{Code, Failure};
use crate::cli::folder::read_bounded;

const BYTES: usize = SoftwareDeviceKey::BYTES;
/// All but one of 2^32 random texts are a key.
const TRIES: usize = 8;

/// The key in `file`, which is made if it is absent: 64 hexadecimal digits and a line break,
/// readable by its owner alone. Without a file, a key of this run.
pub(super) fn load(
    file: Option<&Path>,
    entropy: &mut dyn Entropy,
) -> Result<Arc<dyn DeviceKey>, Failure> {
    let Some(path) = file else { return Ok(Arc::new(fresh(entropy)?.1)) };
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => create(path, entropy),
        _ => read(path),
    }
}

fn read(path: &Path) -> Result<Arc<dyn DeviceKey>, Failure> {
    let text = Zeroizing::new(read_bounded(path, 2 * BYTES as u64 + 2)?);
    let key = decode(text.trim_ascii_end()).and_then(|bytes| SoftwareDeviceKey::from_bytes(&bytes));
    key.map(|key| Arc::new(key) as Arc<dyn DeviceKey>).ok_or_else(|| {
        let message = format!("{}: not a device key (64 hexadecimal digits)", path.display());
        Failure::new(Code::Io, message, "name another file; it is made if it is absent")
    })
}

fn create(path: &Path, entropy: &mut dyn Entropy) -> Result<Arc<dyn DeviceKey>, Failure> {
    let (bytes, key) = fresh(entropy)?;
    let digits = Zeroizing::new(hex(bytes.as_ref()) + "\n");
    std::fs::File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(digits.as_bytes()))
        .map_err(|error| Failure::file(path, &error))?;
    Ok(Arc::new(key))
}

fn fresh(
    entropy: &mut dyn Entropy,
) -> Result<(Zeroizing<[u8; BYTES]>, SoftwareDeviceKey), Failure> {
    for _ in 0..TRIES {
        let mut bytes = Zeroizing::new([0; BYTES]);
        entropy.fill(bytes.as_mut());
        if let Some(key) = SoftwareDeviceKey::from_bytes(&bytes) {
            return Ok((bytes, key));
        }
    }
    Err(Failure::new(Code::Io, "no device key can be drawn", "is the system's generator broken?"))
}

fn decode(digits: &[u8]) -> Option<Zeroizing<[u8; BYTES]>> {
    if digits.len() != 2 * BYTES {
        return None;
    }
    let mut bytes = Zeroizing::new([0_u8; BYTES]);
    let mut nibbles = digits.iter().map(|digit| char::from(*digit).to_digit(16));
    for byte in bytes.iter_mut() {
        let (high, low) = (nibbles.next()??, nibbles.next()??);
        *byte = u8::try_from(high << 4 | low).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::entropy::OsEntropy;

    #[test]
    fn a_file_keeps_the_phone_the_same() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("device.key");
        let first = load(Some(&path), &mut OsEntropy).unwrap();
        let again = load(Some(&path), &mut OsEntropy).unwrap();
        assert_eq!(first.public_point(), again.public_point());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let other = load(None, &mut OsEntropy).unwrap();
        assert_ne!(first.public_point(), other.public_point());
        std::fs::write(&path, "00".repeat(BYTES)).unwrap();
        assert!(load(Some(&path), &mut OsEntropy).is_err(), "zero is no key");
        std::fs::write(&path, "x").unwrap();
        assert!(load(Some(&path), &mut OsEntropy).is_err());
    }
}
