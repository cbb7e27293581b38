//! Settings: flags win over `KAYLE_*` variables, those over the TOML file, those over defaults.
//!
//! A key or variable that is not known is an error that names the nearest known one: a mistyped
//! setting that is silently ignored is how a server ends up with a default nobody wanted.

mod key;
mod values;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use axum::http::HeaderName;
use ipnet::IpNet;
use url::Url;

pub use self::key::Key;
use self::key::known;
use self::values::Values;
use crate::apps::Apps;
use crate::client_address::ForwardedHeader;
use crate::limits::RateLimits;

/// The file is read whole; no sensible one comes near this.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Everything that can be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `listen`: where the server listens. Port 0 picks a free one.
    pub listen: SocketAddr,
    /// `data`: the folder of the database and the master secret.
    pub data: PathBuf,
    /// `database`: the database, if it is not `DATA/kayle.db`.
    pub database: Option<String>,
    /// `public_url`: under which URL people and phones reach the server.
    pub public_url: Option<Url>,
    /// `ios_app_url`, `android_app_url`, `apple_app_ids`, `android_apps`: the apps that open
    /// handoff links.
    pub apps: Apps,
    /// `master_key_file`: the master secret, if it is not `DATA/master.key`.
    pub master_key_file: Option<PathBuf>,
    /// `trusted_proxies`: the networks of our own reverse proxies, whose word on addresses is
    /// believed.
    pub trusted_proxies: Vec<IpNet>,
    /// `forwarded_header`: the header in which they say who the client is.
    pub forwarded_header: ForwardedHeader,
    /// `place_header`: the header in which they say where a client is, roughly.
    pub place_header: Option<HeaderName>,
    /// `rate_limits`: on, off, or how many times the documented limits.
    pub rate_limits: RateLimits,
    /// `metrics_listen`: where metrics and health are given to the operator, if anywhere.
    pub metrics_listen: Option<SocketAddr>,
    /// `otlp_endpoint`: the collector that traces are sent to, if any.
    pub otlp_endpoint: Option<Url>,
    /// `log`: which log lines are written (`info`, `server=debug`, …).
    pub log: Option<String>,
    /// `log_format`: how they are written.
    pub log_format: LogFormat,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// One line of text each.
    #[default]
    Text,
    /// One JSON object each.
    Json,
}

/// Values given on the command line.
pub type Flags = BTreeMap<Key, String>;

/// Why settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The file has a key that is no setting.
    #[error("{}: unknown setting `{key}`", file.display())]
    UnknownKey {
        /// The file.
        file: PathBuf,
        /// The key.
        key: String,
        /// The known key that is most like it.
        nearest: &'static str,
    },
    /// The environment has a `KAYLE_*` variable that is no setting.
    #[error("unknown variable `{variable}`")]
    UnknownVariable {
        /// The variable.
        variable: String,
        /// The known variable that is most like it.
        nearest: String,
    },
    /// A value cannot be read.
    #[error("{source_name}: {reason}")]
    Invalid {
        /// Where the value comes from: `--listen`, `KAYLE_LISTEN`, or the file and key.
        source_name: String,
        /// What is expected.
        reason: String,
    },
    /// The file cannot be read.
    #[error("{}: {reason}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
}

impl SettingsError {
    /// What the operator can do.
    pub fn hint(&self) -> String {
        match self {
            Self::UnknownKey { nearest, .. } => {
                format!("did you mean `{nearest}`? known settings: {}", known(Key::name))
            }
            Self::UnknownVariable { nearest, .. } => {
                format!("did you mean `{nearest}`? known variables: {}", known(Key::variable))
            }
            Self::Invalid { .. } => "flags win over KAYLE_* variables, those over the file".into(),
            Self::File { .. } => "name a readable TOML file with --config".into(),
        }
    }
}

impl Settings {
    /// Reads the settings from the three places.
    ///
    /// Paths are relative to the working directory, wherever they are written. An empty variable
    /// counts as absent.
    pub fn load(
        flags: Flags,
        environment: impl IntoIterator<Item = (String, String)>,
        file: Option<&Path>,
    ) -> Result<Self, SettingsError> {
        let text = file.map(read_file).transpose()?;
        Self::merge(flags, environment, file.zip(text.as_deref()))
    }

    fn merge(
        flags: Flags,
        environment: impl IntoIterator<Item = (String, String)>,
        file: Option<(&Path, &str)>,
    ) -> Result<Self, SettingsError> {
        let mut values = Values::default();
        if let Some((path, text)) = file {
            values.add_file(path, text)?;
        }
        values.add_environment(environment)?;
        values.add_flags(flags);
        values.finish()
    }
}

fn read_file(path: &Path) -> Result<String, SettingsError> {
    let failed = |reason: String| SettingsError::File { file: path.to_owned(), reason };
    let size = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
    if size > MAX_FILE_BYTES {
        return Err(failed("too large for a settings file".into()));
    }
    std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::net::IpAddr;
    use std::num::NonZeroU32;

    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn file(text: &str) -> Option<(&Path, &str)> {
        Some((Path::new("kayle.toml"), text))
    }

    #[test]
    fn defaults_need_nothing() {
        let settings = Settings::merge(Flags::new(), [], None).unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(settings.data, Path::new("kayle-data"));
        assert_eq!(settings.database, None);
        assert_eq!(settings.log_format, LogFormat::Text);
    }

    #[test]
    fn flags_win_over_variables_and_those_over_the_file() {
        let text = "data = 'f'\nlisten = '127.0.0.1:1'\nlog = 'warn'";
        let variables = environment(&[("KAYLE_DATA", "e"), ("KAYLE_LISTEN", "127.0.0.1:2")]);
        let flags = Flags::from([(Key::Data, "c".to_owned())]);
        let settings = Settings::merge(flags, variables, file(text)).unwrap();
        assert_eq!(settings.data, Path::new("c"));
        assert_eq!(settings.listen.port(), 2);
        assert_eq!(settings.log.as_deref(), Some("warn"));
    }

    #[test]
    fn an_unknown_key_names_the_nearest_known_one() {
        let error = Settings::merge(Flags::new(), [], file("listne = 'x'")).unwrap_err();
        assert!(
            matches!(&error, SettingsError::UnknownKey { key, nearest: "listen", .. } if key == "listne")
        );
        assert!(error.hint().contains("did you mean `listen`?"), "{}", error.hint());
        let error = Settings::merge(Flags::new(), [], file("[database]\nurl = 'x'")).unwrap_err();
        assert!(matches!(error, SettingsError::Invalid { .. }));
    }

    #[test]
    fn an_unknown_variable_names_the_nearest_known_one() {
        let variables = environment(&[("KAYLE_PUBLICURL", "http://localhost")]);
        let error = Settings::merge(Flags::new(), variables, None).unwrap_err();
        assert!(
            matches!(&error, SettingsError::UnknownVariable { nearest, .. } if nearest == "KAYLE_PUBLIC_URL")
        );
        let variables =
            environment(&[("KAYLE_SHARED_DATA", "x"), ("HOME", "y"), ("KAYLE_LOG", "")]);
        assert_eq!(Settings::merge(Flags::new(), variables, None).unwrap().log, None);
    }

    #[test]
    fn apps_are_checked_at_the_start() {
        let text = "ios_app_url = 'https://apps.apple.com/app/id1'\napple_app_ids = 'A1B2C3D4E5.com.example'";
        let apps = Settings::merge(Flags::new(), [], file(text)).unwrap().apps;
        assert_eq!(apps.ios.unwrap().host_str(), Some("apps.apple.com"));
        assert_eq!((apps.apple_ids.len(), apps.android), (1, None));
        let variables = environment(&[("KAYLE_ANDROID_APPS", "com.example=AB")]);
        let error = Settings::merge(Flags::new(), variables, None).unwrap_err();
        assert!(
            error.to_string().starts_with("KAYLE_ANDROID_APPS: `com.example=AB` is no app"),
            "{error}"
        );
    }

    #[test]
    fn an_unreadable_value_names_its_source() {
        let variables = environment(&[("KAYLE_LISTEN", "here")]);
        let error = Settings::merge(Flags::new(), variables, None).unwrap_err();
        assert!(error.to_string().starts_with("KAYLE_LISTEN: expected ADDRESS:PORT"), "{error}");
        let error = Settings::merge(Flags::new(), [], file("log_format = 'xml'")).unwrap_err();
        assert_eq!(error.to_string(), "kayle.toml: log_format: expected `text` or `json`");
    }

    #[test]
    fn networks_and_limits_are_read_or_refused() {
        let with = |file_text: &str| Settings::merge(Flags::new(), [], file(file_text));
        let settings = with("trusted_proxies = '10.0.0.0/8, ::1'\nrate_limits = '4'").unwrap();
        assert_eq!(settings.trusted_proxies.len(), 2);
        assert!(settings.trusted_proxies[1].contains(&"::1".parse::<IpAddr>().unwrap()));
        assert_eq!(settings.rate_limits, RateLimits::Times(NonZeroU32::new(4).unwrap()));
        assert_eq!(settings.forwarded_header, ForwardedHeader::XForwardedFor);
        let settings = with("forwarded_header = 'Forwarded'").unwrap();
        assert_eq!(settings.forwarded_header, ForwardedHeader::Forwarded);
        assert_eq!(with("rate_limits = 'off'").unwrap().rate_limits, RateLimits::Off);
        for wrong in [
            "trusted_proxies = '10.0.0.0/33'",
            "trusted_proxies = 'proxy'",
            "rate_limits = '0'",
            "rate_limits = '1001'",
            "rate_limits = 'none'",
            "place_header = 'a b'",
            "forwarded_header = 'x-real-ip'",
            "forwarded_header = 'x-forwarded-for, forwarded'",
        ] {
            assert!(matches!(with(wrong), Err(SettingsError::Invalid { .. })), "{wrong}");
        }
    }
}
