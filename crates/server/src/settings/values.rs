//! Values as they were given, from wherever, and what they say.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use url::Url;

use super::key::{VARIABLE_PREFIX, nearest};
use super::{Flags, Key, LogFormat, Settings, SettingsError};
use crate::apps::{AndroidPackages, AppleAppId, Apps, store_url};
use crate::client_address::ForwardedHeader;
use crate::limits::RateLimits;

/// Variables with the prefix that are no settings: where the tests find shared data.
const OTHER_VARIABLES: [&str; 1] = ["KAYLE_SHARED_DATA"];

/// Above this, nothing is limited any more, and `off` says so.
const MAX_TIMES: u32 = 1000;

/// What was given, each value with the name of the place it comes from. Later places win.
#[derive(Default)]
pub(super) struct Values(BTreeMap<Key, (String, String)>);

impl Values {
    pub(super) fn add_file(&mut self, path: &Path, text: &str) -> Result<(), SettingsError> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            SettingsError::File { file: path.to_owned(), reason: error.message().to_owned() }
        })?;
        for (name, value) in table {
            let source = format!("{}: {name}", path.display());
            let Some(key) = Key::ALL.iter().copied().find(|key| key.name() == name) else {
                let nearest = nearest(&name, Key::name);
                return Err(SettingsError::UnknownKey { file: path.into(), key: name, nearest });
            };
            let toml::Value::String(value) = value else {
                return Err(SettingsError::Invalid {
                    source_name: source,
                    reason: "expected a text in quotes".into(),
                });
            };
            self.0.insert(key, (source, value));
        }
        Ok(())
    }

    pub(super) fn add_environment(
        &mut self,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), SettingsError> {
        for (variable, value) in environment {
            if !variable.starts_with(VARIABLE_PREFIX)
                || OTHER_VARIABLES.contains(&variable.as_str())
            {
                continue;
            }
            let Some(key) = Key::ALL.iter().copied().find(|key| key.variable() == variable) else {
                let nearest = nearest(&variable, Key::variable);
                return Err(SettingsError::UnknownVariable { variable, nearest });
            };
            if !value.is_empty() {
                self.0.insert(key, (variable, value));
            }
        }
        Ok(())
    }

    pub(super) fn add_flags(&mut self, flags: Flags) {
        self.0.extend(flags.into_iter().map(|(key, value)| (key, (key.flag(), value))));
    }

    pub(super) fn finish(mut self) -> Result<Settings, SettingsError> {
        Ok(Settings {
            listen: self
                .take(Key::Listen, address)?
                .unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))),
            data: self.take(Key::Data, path)?.unwrap_or_else(|| "kayle-data".into()),
            database: self.take(Key::Database, |text| Ok(text.to_owned()))?,
            public_url: self.take(Key::PublicUrl, |text| {
                Url::parse(text).map_err(|error| format!("expected an http(s) URL: {error}"))
            })?,
            apps: Apps {
                ios: self.take(Key::IosAppUrl, store_url)?,
                android: self.take(Key::AndroidAppUrl, store_url)?,
                apple_ids: self.take(Key::AppleAppIds, AppleAppId::parse_list)?.unwrap_or_default(),
                android_packages: self
                    .take(Key::AndroidApps, AndroidPackages::parse)?
                    .unwrap_or_default(),
            },
            master_key_file: self.take(Key::MasterKeyFile, path)?,
            trusted_proxies: self.take(Key::TrustedProxies, networks)?.unwrap_or_default(),
            forwarded_header: self
                .take(Key::ForwardedHeader, forwarded_header)?
                .unwrap_or_default(),
            place_header: self.take(Key::PlaceHeader, |text| {
                text.parse().map_err(|_| "expected the name of a header".into())
            })?,
            rate_limits: self.take(Key::RateLimits, rate_limits)?.unwrap_or_default(),
            metrics_listen: self.take(Key::MetricsListen, address)?,
            otlp_endpoint: self.take(Key::OtlpEndpoint, collector)?,
            log: self.take(Key::Log, |text| Ok(text.to_owned()))?,
            log_format: self
                .take(Key::LogFormat, |text| match text {
                    "text" => Ok(LogFormat::Text),
                    "json" => Ok(LogFormat::Json),
                    _ => Err("expected `text` or `json`".into()),
                })?
                .unwrap_or_default(),
        })
    }

    fn take<T>(
        &mut self,
        key: Key,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, SettingsError> {
        let Some((source_name, value)) = self.0.remove(&key) else { return Ok(None) };
        read(&value).map(Some).map_err(|reason| SettingsError::Invalid { source_name, reason })
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "expected ADDRESS:PORT, such as 127.0.0.1:8080".into())
}

fn collector(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(_) if cfg!(not(feature = "otlp")) => {
            Err("this build sends no traces; build with --features otlp".into())
        }
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        _ => Err("expected an http(s) URL, such as http://127.0.0.1:4318".into()),
    }
}

fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("expected a path".into()) } else { Ok(text.into()) }
}

/// Networks with commas between them; an address alone is a network of one.
fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    let network = |text: &str| {
        let alone = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse().or_else(|_| alone()).map_err(|_| {
            format!("`{text}` is no network: expected such as 10.0.0.0/8, fd00::/8, 192.0.2.1")
        })
    };
    text.split(',').map(str::trim).filter(|text| !text.is_empty()).map(network).collect()
}

fn forwarded_header(text: &str) -> Result<ForwardedHeader, String> {
    let all = [ForwardedHeader::XForwardedFor, ForwardedHeader::Forwarded];
    all.into_iter()
        .find(|header| text.eq_ignore_ascii_case(header.name().as_str()))
        .ok_or_else(|| "expected `x-forwarded-for` or `forwarded`".into())
}

fn rate_limits(text: &str) -> Result<RateLimits, String> {
    match text {
        "on" => Ok(RateLimits::default()),
        "off" => Ok(RateLimits::Off),
        times => match times.parse::<NonZeroU32>() {
            Ok(times) if times.get() <= MAX_TIMES => Ok(RateLimits::Times(times)),
            _ => Err(format!("expected `on`, `off`, or how many times: 1 to {MAX_TIMES}")),
        },
    }
}
