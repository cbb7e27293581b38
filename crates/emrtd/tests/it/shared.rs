//! Finds the shared specimens, which are not part of the repository.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use emrtd::UnixSeconds;

/// 2026-06-01T00:00:00Z
pub(crate) const NOW: UnixSeconds = UnixSeconds(1_780_272_000);

/// A file of the shared data, or `None` with a line that says so.
pub(crate) fn shared(path: &str) -> Option<Vec<u8>> {
    let bytes = shared_if_any(path);
    if bytes.is_none() {
        let _ = writeln!(std::io::stderr(), "skipped: shared data {path} is absent");
    }
    bytes
}

/// As [`shared`], for a file that not every specimen has.
pub(crate) fn shared_if_any(path: &str) -> Option<Vec<u8>> {
    fs::read(data().join(path)).ok()
}

/// A folder of the shared data, or `None` with a line that says so.
pub(crate) fn folder(path: &str) -> Option<PathBuf> {
    let folder = data().join(path);
    if !folder.is_dir() {
        let _ = writeln!(std::io::stderr(), "skipped: shared data {path} is absent");
        return None;
    }
    Some(folder)
}

fn data() -> PathBuf {
    let root = std::env::var_os("KAYLE_SHARED_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    root.join("data")
}

/// A vector of this crate.
pub(crate) fn vector(name: &str) -> Vec<u8> {
    vector_if_any(name).unwrap()
}

/// As [`vector`], for one that may not be there.
pub(crate) fn vector_if_any(name: &str) -> Option<Vec<u8>> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    fs::read(file).ok()
}
