//! Simulated chips in folders.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use domain::time::Timestamp;
use emrtd::UnixSeconds;
use emrtd::sim::{ChipDescription, IssuingState, Personalisation};

use super::description::Lie;
use crate::cli::failure::{Code, Failure};

/// The files of one simulated chip.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Place {
    /// The chip, private keys included.
    pub(in crate::cli) chip: PathBuf,
    /// The printed zone.
    pub(in crate::cli) zone: PathBuf,
    /// A photo of the holder.
    pub(in crate::cli) selfie: PathBuf,
}

impl Place {
    pub(in crate::cli) fn at(folder: &Path) -> Self {
        Self {
            chip: folder.join("chip.bin"),
            zone: folder.join("mrz.txt"),
            selfie: folder.join("selfie.jpg"),
        }
    }
}

/// Makes a chip of `state` in a folder that exists. A chip that is there is never overwritten.
pub(in crate::cli) fn issue(
    place: &Place,
    state: &IssuingState,
    description: &ChipDescription,
    lies: Vec<Lie>,
    now: Timestamp,
) -> Result<Personalisation, Failure> {
    let at = UnixSeconds(now.as_seconds());
    let mut chip = Personalisation::issue(state, description, at)?;
    for lie in lies {
        chip = chip.with(lie.dishonesty()?)?;
    }
    write_private(&place.chip, &chip.encode())?;
    let (_, width) = description.document.format.lines();
    let mut zone = String::new();
    for line in chip.mrz().as_bytes().chunks(width) {
        zone.push_str(&String::from_utf8_lossy(line));
        zone.push('\n');
    }
    write_private(&place.zone, zone.as_bytes())?;
    write_private(&place.selfie, &description.document.portrait)?;
    Ok(chip)
}

/// Writes a new file that only its owner may read.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let create = File::options().write(true).create_new(true).mode(0o600).open(path);
    let written = create.and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::new(
            Code::Io,
            format!("{}: it is there already", path.display()),
            "name another folder, or remove it first",
        ),
        _ => Failure::file(path, &error),
    })
}
