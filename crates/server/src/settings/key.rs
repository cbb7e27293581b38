//! The names of settings, in the file, in the environment and on the command line.

use std::fmt;

pub(super) const VARIABLE_PREFIX: &str = "KAYLE_";

/// A setting, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// See [`super::Settings::listen`].
    Listen,
    /// See [`super::Settings::data`].
    Data,
    /// See [`super::Settings::database`].
    Database,
    /// See [`super::Settings::public_url`].
    PublicUrl,
    /// See [`super::Settings::apps`].
    IosAppUrl,
    /// See [`super::Settings::apps`].
    AndroidAppUrl,
    /// See [`super::Settings::apps`].
    AppleAppIds,
    /// See [`super::Settings::apps`].
    AndroidApps,
    /// See [`super::Settings::master_key_file`].
    MasterKeyFile,
    /// See [`super::Settings::trusted_proxies`].
    TrustedProxies,
    /// See [`super::Settings::forwarded_header`].
    ForwardedHeader,
    /// See [`super::Settings::place_header`].
    PlaceHeader,
    /// See [`super::Settings::rate_limits`].
    RateLimits,
    /// See [`super::Settings::metrics_listen`].
    MetricsListen,
    /// See [`super::Settings::otlp_endpoint`].
    OtlpEndpoint,
    /// See [`super::Settings::log`].
    Log,
    /// See [`super::Settings::log_format`].
    LogFormat,
}

impl Key {
    /// All settings.
    pub const ALL: &[Self] = &[
        Self::Listen,
        Self::Data,
        Self::Database,
        Self::PublicUrl,
        Self::IosAppUrl,
        Self::AndroidAppUrl,
        Self::AppleAppIds,
        Self::AndroidApps,
        Self::MasterKeyFile,
        Self::TrustedProxies,
        Self::ForwardedHeader,
        Self::PlaceHeader,
        Self::RateLimits,
        Self::MetricsListen,
        Self::OtlpEndpoint,
        Self::Log,
        Self::LogFormat,
    ];

    /// The key in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::Data => "data",
            Self::Database => "database",
            Self::PublicUrl => "public_url",
            Self::IosAppUrl => "ios_app_url",
            Self::AndroidAppUrl => "android_app_url",
            Self::AppleAppIds => "apple_app_ids",
            Self::AndroidApps => "android_apps",
            Self::MasterKeyFile => "master_key_file",
            Self::TrustedProxies => "trusted_proxies",
            Self::ForwardedHeader => "forwarded_header",
            Self::PlaceHeader => "place_header",
            Self::RateLimits => "rate_limits",
            Self::MetricsListen => "metrics_listen",
            Self::OtlpEndpoint => "otlp_endpoint",
            Self::Log => "log",
            Self::LogFormat => "log_format",
        }
    }

    /// The variable in the environment.
    pub fn variable(self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.name().to_ascii_uppercase())
    }

    pub(super) fn flag(self) -> String {
        format!("--{}", self.name().replace('_', "-"))
    }
}

/// All names, to be listed in a hint.
pub(super) fn known<T: fmt::Display>(name: impl Fn(Key) -> T) -> String {
    Key::ALL.iter().map(|key| name(*key).to_string()).collect::<Vec<_>>().join(", ")
}

/// The name that is most like `given`.
pub(super) fn nearest<T: AsRef<str>>(given: &str, name: impl Fn(Key) -> T) -> T {
    let given = given.to_ascii_lowercase();
    let likeness =
        |candidate: &T| strsim::jaro_winkler(&given, &candidate.as_ref().to_ascii_lowercase());
    Key::ALL.iter().fold(name(Key::Listen), |best, key| {
        let candidate = name(*key);
        if likeness(&candidate) > likeness(&best) { candidate } else { best }
    })
}
