//! The master secret on disk: 64 hexadecimal digits and a line break, readable by its owner alone.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use domain::entropy::Entropy;
use domain::key::{MASTER_SECRET_BYTES, hex};
use zeroize::Zeroizing;

use super::failure::{Code, Failure};

const FILE_NAME: &str = "master.key";

/// The master secret.
pub(crate) type MasterSecret = Zeroizing<[u8; MASTER_SECRET_BYTES]>;

/// Why there is no master secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MasterSecretError {
    #[error("{}: {error}", path.display())]
    Io { path: PathBuf, error: std::io::Error },
    #[error("{}: others than its owner can read it (mode {mode:o})", path.display())]
    ReadableByOthers { path: PathBuf, mode: u32 },
    #[error("{}: not a master secret (64 hexadecimal digits)", path.display())]
    Malformed { path: PathBuf },
}

impl From<MasterSecretError> for Failure {
    fn from(error: MasterSecretError) -> Self {
        let hint = match &error {
            MasterSecretError::Io { .. } => {
                "KAYLE_MASTER_KEY_FILE names a file that is only read; the default is DATA/master.key"
                    .to_owned()
            }
            MasterSecretError::ReadableByOthers { path, .. } => {
                format!("chmod 600 {}; if others may have read it, it is no secret", path.display())
            }
            MasterSecretError::Malformed { .. } => {
                "restore it from a backup: keys and secrets made under it need it".to_owned()
            }
        };
        Self::new(Code::MasterSecret, error.to_string(), hint)
    }
}

/// Reads the secret from `file`, or else from the data folder, where it is made if it is absent.
pub(crate) fn load(
    file: Option<&Path>,
    data: &Path,
    entropy: &mut dyn Entropy,
) -> Result<MasterSecret, MasterSecretError> {
    match load_existing(file, data) {
        Err(MasterSecretError::Io { path, error })
            if file.is_none() && error.kind() == ErrorKind::NotFound =>
        {
            create(&path, data, entropy)?;
            read(&path)
        }
        result => result,
    }
}

/// Reads the secret from `file`, or else from the data folder.
pub(crate) fn load_existing(
    file: Option<&Path>,
    data: &Path,
) -> Result<MasterSecret, MasterSecretError> {
    match file {
        Some(file) => read(file),
        None => read(&data.join(FILE_NAME)),
    }
}

fn read(path: &Path) -> Result<MasterSecret, MasterSecretError> {
    let failed = |error| MasterSecretError::Io { path: path.to_owned(), error };
    let malformed = || MasterSecretError::Malformed { path: path.to_owned() };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(MasterSecretError::ReadableByOthers { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::with_capacity(2 * MASTER_SECRET_BYTES + 2));
    file.take(2 * MASTER_SECRET_BYTES as u64 + 2).read_to_string(&mut text).map_err(|error| {
        match error.kind() {
            ErrorKind::InvalidData => malformed(),
            _ => failed(error),
        }
    })?;
    decode(text.trim_end_matches(['\r', '\n'])).ok_or_else(malformed)
}

fn decode(digits: &str) -> Option<MasterSecret> {
    if digits.len() != 2 * MASTER_SECRET_BYTES {
        return None;
    }
    let mut secret = Zeroizing::new([0_u8; MASTER_SECRET_BYTES]);
    let mut nibbles = digits.chars().map(|digit| digit.to_digit(16));
    for byte in secret.iter_mut() {
        let (high, low) = (nibbles.next()??, nibbles.next()??);
        *byte = u8::try_from(high << 4 | low).ok()?;
    }
    Some(secret)
}

/// Makes the secret under another name and links it into place whole: of two processes that make
/// it at once one wins, and neither ever reads half a file.
fn create(path: &Path, data: &Path, entropy: &mut dyn Entropy) -> Result<(), MasterSecretError> {
    let failed = |error| MasterSecretError::Io { path: path.to_owned(), error };
    let mut secret = Zeroizing::new([0_u8; MASTER_SECRET_BYTES]);
    entropy.fill(secret.as_mut());
    let digits = Zeroizing::new(hex(secret.as_ref()) + "\n");
    let mut file = tempfile::Builder::new()
        .prefix(".master.key.")
        .permissions(std::fs::Permissions::from_mode(0o600))
        .tempfile_in(data)
        .map_err(failed)?;
    file.write_all(digits.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    match file.persist_noclobber(path) {
        Ok(_) => {}
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => return Ok(()),
        Err(error) => return Err(failed(error.error)),
    }
    // The name must survive power loss as the content does.
    std::fs::File::open(data).and_then(|folder| folder.sync_all()).map_err(failed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    struct Counting(u8);

    impl Entropy for Counting {
        fn fill(&mut self, buffer: &mut [u8]) {
            self.0 += 1;
            buffer.fill(self.0);
        }
    }

    #[test]
    fn is_made_once_for_its_owner_alone() {
        let data = tempfile::tempdir().unwrap();
        let first = load(None, data.path(), &mut Counting(0)).unwrap();
        let second = load(None, data.path(), &mut Counting(7)).unwrap();
        assert_eq!(*first, [1; 32]);
        assert_eq!(*first, *second);
        let path = data.path().join(FILE_NAME);
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_loser_of_a_race_takes_what_the_winner_made() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join(FILE_NAME);
        create(&path, data.path(), &mut Counting(0)).unwrap();
        create(&path, data.path(), &mut Counting(7)).unwrap();
        assert_eq!(*read(&path).unwrap(), [1; 32]);
    }

    #[test]
    fn is_refused_where_others_can_read_it() {
        let data = tempfile::tempdir().unwrap();
        load(None, data.path(), &mut Counting(0)).unwrap();
        let path = data.path().join(FILE_NAME);
        for mode in [0o640, 0o604, 0o666] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let error = load(None, data.path(), &mut Counting(0)).unwrap_err();
            assert!(matches!(error, MasterSecretError::ReadableByOthers { .. }), "{error}");
        }
    }

    #[test]
    fn a_named_file_is_read_and_never_made() {
        let data = tempfile::tempdir().unwrap();
        let named = data.path().join("named");
        let error = load(Some(&named), data.path(), &mut Counting(0)).unwrap_err();
        assert!(matches!(error, MasterSecretError::Io { .. }));
        assert!(!named.exists());
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        let data = tempfile::tempdir().unwrap();
        let named = data.path().join("named");
        for text in ["", "00", &"0".repeat(63), &"0".repeat(65), &"g".repeat(64), &"ä".repeat(32)]
        {
            std::fs::write(&named, text).unwrap();
            std::fs::set_permissions(&named, std::fs::Permissions::from_mode(0o600)).unwrap();
            let error = load(Some(&named), data.path(), &mut Counting(0)).unwrap_err();
            assert!(matches!(error, MasterSecretError::Malformed { .. }), "{text}: {error}");
        }
    }
}
