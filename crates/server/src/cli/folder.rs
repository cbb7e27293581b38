//! A folder of EF files, as readers and test sets write them.
//!
//! [`ElementaryFile::from_name`] knows the names; everything else in the folder is left alone.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::{Path, PathBuf};

use emrtd::lds::DataGroup;
use phone::ElementaryFile;

use super::failure::{Code, Failure};

/// Real files stay below 64 KiB; DG2 with several faces may be larger.
const MAX_FILE_BYTES: u64 = 4 << 20;
const MAX_ENTRIES: usize = 10_000;

/// The EF files of one document.
pub(crate) struct Folder {
    pub(crate) sod: Vec<u8>,
    pub(crate) data_groups: BTreeMap<DataGroup, Vec<u8>>,
}

/// Reads the EF files of a folder.
pub(crate) fn read(folder: &Path) -> Result<Folder, Failure> {
    let mut found = find(folder)?;
    let Some(sod) = found.remove(&ElementaryFile::Sod) else {
        return Err(Failure::new(
            Code::Document,
            format!("{}: no EF.SOD", folder.display()),
            "expected EF_SOD.bin, SOD_cms.der or ef011D.bin",
        ));
    };
    let mut data_groups = BTreeMap::new();
    for (name, path) in &found {
        if let ElementaryFile::DataGroup(number) = name
            && let Some(group) = DataGroup::new(*number)
        {
            data_groups.insert(group, read_file(path)?);
        }
    }
    Ok(Folder { sod: read_file(&sod)?, data_groups })
}

fn find(folder: &Path) -> Result<HashMap<ElementaryFile, PathBuf>, Failure> {
    let failed = |error: std::io::Error| Failure::file(folder, &error);
    let mut found = HashMap::new();
    for entry in std::fs::read_dir(folder).map_err(failed)?.take(MAX_ENTRIES) {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(name) = name.and_then(ElementaryFile::from_name) else { continue };
        if !path.is_file() {
            return Err(Failure::new(
                Code::Document,
                format!("{}: not a regular file", path.display()),
                "a pipe or a folder is no file of a chip",
            ));
        }
        if let Some(other) = found.insert(name, path.clone()) {
            return Err(Failure::new(
                Code::Document,
                format!("{} and {} are the same file of the chip", other.display(), path.display()),
                "leave one of them in the folder",
            ));
        }
    }
    Ok(found)
}

/// Reads a file whole, up to a bound that no honest file reaches.
fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    read_bounded(path, MAX_FILE_BYTES)
}

/// Reads a file of at most `limit` bytes whole.
pub(crate) fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::file(path, &error);
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(Failure::new(
            Code::Io,
            format!("{}: more than {limit} bytes", path.display()),
            "no file of this kind is so large; is it the right one?",
        ));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    #[test]
    fn two_files_for_one_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["EF_SOD.bin", "SOD_cms.der"] {
            std::fs::write(folder.path().join(name), b"x").unwrap();
        }
        let failure = read(folder.path()).err().unwrap();
        assert_eq!(failure.code, Code::Document);
    }
}
