//! Parts for tests that run the real binary as a process of its own.

use std::path::{Path, PathBuf};

use emrtd::UnixSeconds;
use emrtd::sim::{DocumentProfile, Holder, IssuingState, StateProfile};
use server::clock::{Clock, SystemClock};

use crate::RelyingParty;

/// A simulated passport in a folder.
pub struct PassportOnDisk {
    /// Where its EF files are.
    pub folder: PathBuf,
    /// Its state's certificate.
    pub csca: PathBuf,
    /// A photo.
    pub selfie: PathBuf,
    /// The holder's surname.
    pub surname: String,
}

/// Issues a passport now and writes it below `folder`.
pub fn passport_on_disk(folder: &Path) -> PassportOnDisk {
    let at = UnixSeconds(SystemClock.now().as_seconds());
    let state = IssuingState::new(StateProfile::utopia(), at).unwrap();
    let (holder, profile) = (Holder::example(), DocumentProfile::passport());
    let files = folder.join("passport");
    std::fs::create_dir(&files).unwrap();
    for (name, bytes) in state.issue(&holder, &profile).unwrap().files() {
        std::fs::write(files.join(name), bytes).unwrap();
    }
    let (csca, selfie) = (folder.join("csca.der"), folder.join("selfie.jpg"));
    std::fs::write(&csca, state.csca()).unwrap();
    std::fs::write(&selfie, profile.portrait).unwrap();
    PassportOnDisk { folder: files, csca, selfie, surname: holder.surname }
}

impl PassportOnDisk {
    /// `--selfie FILE` three times.
    pub fn selfie_args(&self) -> Vec<String> {
        let selfie = self.selfie.display().to_string();
        (0..3).flat_map(|_| ["--selfie".to_owned(), selfie.clone()]).collect()
    }
}

/// A relying party of a server that runs as its own process.
pub fn relying_party(url: &str, organization: &str, key: &str) -> RelyingParty {
    RelyingParty::new(url.to_owned(), organization.parse().unwrap(), key.to_owned())
}
