//! Simulated states in folders.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::time::Timestamp;
use emrtd::UnixSeconds;
use emrtd::sim::{IssuingState, KeyKind, PrivateKey, StateKeys};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::description::StateDescription;
use super::issue::write_private;
use crate::cli::failure::{Code, Failure};
use crate::cli::folder::read_bounded;

const CRL_DAYS: i64 = 90;
const MAX_BYTES: u64 = 1 << 20;

/// The files of one simulated state.
pub(in crate::cli) struct StateFiles {
    /// What makes it the same state again: its description and its private keys.
    pub(in crate::cli) key: PathBuf,
    /// The certificate that a server must trust to believe the state.
    pub(in crate::cli) csca: PathBuf,
    /// Its revocation list, which lists nobody.
    pub(in crate::cli) crl: PathBuf,
}

/// The content of the key file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// Seconds since 1970: around then its certificates begin.
    made_at: i64,
    state: StateDescription,
    /// PKCS #8 in base64.
    csca: String,
    signer: String,
    list_signer: String,
}

impl StateFiles {
    pub(in crate::cli) fn at(folder: &Path) -> Self {
        Self {
            key: folder.join("state.key"),
            csca: folder.join("csca.der"),
            crl: folder.join("crl.der"),
        }
    }

    /// Makes a state and writes its files.
    pub(in crate::cli) fn make(
        &self,
        description: &StateDescription,
        now: Timestamp,
    ) -> Result<IssuingState, Failure> {
        let profile = description.profile()?;
        let at = UnixSeconds(now.as_seconds());
        let keys = StateKeys::generate(&profile)?;
        let kept = Kept {
            made_at: at.0,
            state: description.clone(),
            csca: encode(&keys.csca)?,
            signer: encode(&keys.signer)?,
            list_signer: encode(&keys.list_signer)?,
        };
        let state = IssuingState::with_keys(profile, at, keys)?;
        let kept = serde_json::to_vec(&kept).map(Zeroizing::new);
        write_private(&self.key, &kept.map_err(|error| self.unusable(&error.to_string()))?)?;
        write_private(&self.csca, state.csca())?;
        write_private(&self.crl, &state.crl(&[], at, Some(at.plus_days(CRL_DAYS)))?)?;
        Ok(state)
    }

    /// The state that is there, or a new one; and whether it is new.
    pub(in crate::cli) fn open_or_make(
        &self,
        description: &StateDescription,
        now: Timestamp,
    ) -> Result<(IssuingState, bool), Failure> {
        if !self.key.exists() {
            return Ok((self.make(description, now)?, true));
        }
        let bytes = Zeroizing::new(read_bounded(&self.key, MAX_BYTES)?);
        let kept: Kept =
            serde_json::from_slice(&bytes).map_err(|error| self.unusable(&format!("{error}")))?;
        if *description != StateDescription::default() && *description != kept.state {
            return Err(Failure::new(
                Code::Description,
                format!("{}: the state there is another one", self.key.display()),
                "leave `state` out of the description, or name another folder with --state",
            ));
        }
        let profile = kept.state.profile()?;
        let decode = |text: &str, kind| self.decode(text, kind);
        let keys = StateKeys {
            csca: decode(&kept.csca, profile.csca)?,
            signer: decode(&kept.signer, profile.signer)?,
            list_signer: decode(&kept.list_signer, profile.signer)?,
        };
        Ok((IssuingState::with_keys(profile, UnixSeconds(kept.made_at), keys)?, false))
    }

    fn decode(&self, text: &str, kind: KeyKind) -> Result<PrivateKey, Failure> {
        let der = BASE64.decode(text).map(Zeroizing::new);
        let der = der.map_err(|error| self.unusable(&error.to_string()))?;
        PrivateKey::from_pkcs8(&der, kind).map_err(|_| self.unusable("no private key"))
    }

    fn unusable(&self, why: &str) -> Failure {
        Failure::new(
            Code::Chip,
            format!("{}: {why}", self.key.display()),
            "`kayle chip new` makes states",
        )
    }
}

fn encode(key: &PrivateKey) -> Result<String, Failure> {
    Ok(BASE64.encode(&*key.to_pkcs8()?))
}
