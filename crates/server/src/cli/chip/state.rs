//! Simulated states in folders.

use std::path::{Path, PathBuf};

use domain::time::Timestamp;
use emrtd::UnixSeconds;
use emrtd::sim::{IssuingState, StateProfile};

use super::issue::write_private;
use crate::cli::failure::Failure;

const CRL_DAYS: i64 = 90;

/// The files of one simulated state.
pub(in crate::cli) struct StateFiles {
    /// The certificate that a server must trust to believe the state.
    pub(in crate::cli) csca: PathBuf,
    /// Its revocation list, which lists nobody.
    pub(in crate::cli) crl: PathBuf,
}

impl StateFiles {
    pub(in crate::cli) fn at(folder: &Path) -> Self {
        Self { csca: folder.join("csca.der"), crl: folder.join("crl.der") }
    }

    /// Makes a state and writes its files.
    pub(in crate::cli) fn make(
        &self,
        profile: StateProfile,
        now: Timestamp,
    ) -> Result<IssuingState, Failure> {
        let at = UnixSeconds(now.as_seconds());
        let state = IssuingState::new(profile, at)?;
        write_private(&self.csca, state.csca())?;
        write_private(&self.crl, &state.crl(&[], at, Some(at.plus_days(CRL_DAYS)))?)?;
        Ok(state)
    }

    /// The state that is there, or a new one; and whether it is new.
    pub(in crate::cli) fn open_or_make(
        &self,
        profile: StateProfile,
        now: Timestamp,
    ) -> Result<(IssuingState, bool), Failure> {
        Ok((self.make(profile, now)?, true))
    }
}
