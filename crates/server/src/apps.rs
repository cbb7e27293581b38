//! The apps that open handoff links: where people get them, and what vouches for them.

use std::collections::BTreeMap;
use std::fmt;

use url::Url;

/// An Apple team id has this many characters.
const TEAM_ID_CHARACTERS: usize = 10;
/// SHA-256.
const FINGERPRINT_BYTES: usize = 32;
/// Longest name of a bundle or package.
const MAX_NAME: usize = 155;

/// What the settings say of apps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Apps {
    /// Where people get the app for iOS (`ios_app_url`).
    pub ios: Option<Url>,
    /// Where people get the app for Android (`android_app_url`).
    pub android: Option<Url>,
    /// Which apps for iOS may claim the links of this server (`apple_app_ids`).
    pub apple_ids: Vec<AppleAppId>,
    /// Which apps for Android may (`android_apps`).
    pub android_packages: AndroidPackages,
}

/// `TEAMID.bundle`, as Apple's association file names an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppleAppId(String);

/// Packages, each with the SHA-256 fingerprints of the certificates that may have signed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AndroidPackages(BTreeMap<String, Vec<String>>);

impl AppleAppId {
    /// Reads ids with commas between them.
    ///
    /// # Errors
    /// When one is not `TEAMID.bundle`; says what is expected.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, String> {
        items(text).map(Self::parse).collect()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let is_id = text.split_once('.').is_some_and(|(team, bundle)| {
            team.len() == TEAM_ID_CHARACTERS
                && team.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
                && bundle.len() <= MAX_NAME
                && bundle.split('.').all(|part| {
                    !part.is_empty()
                        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                })
        });
        if is_id {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("`{text}` is no app id: expected such as A1B2C3D4E5.com.example.app"))
        }
    }
}

impl fmt::Display for AppleAppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AndroidPackages {
    /// Reads `package=fingerprint` with commas between them; a package with several signers comes
    /// several times.
    ///
    /// # Errors
    /// When one has another form; says what is expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut packages = BTreeMap::<String, Vec<String>>::new();
        for item in items(text) {
            let (package, fingerprint) = item
                .split_once('=')
                .filter(|(package, _)| is_package(package))
                .and_then(|(package, text)| Some((package, fingerprint(text)?)))
                .ok_or_else(|| {
                    format!(
                        "`{item}` is no app: expected such as com.example.app=AB:CD:… (SHA-256)"
                    )
                })?;
            let fingerprints = packages.entry(package.to_owned()).or_default();
            if !fingerprints.contains(&fingerprint) {
                fingerprints.push(fingerprint);
            }
        }
        Ok(Self(packages))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each package with its fingerprints, upper-case hex with colons.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.iter().map(|(package, fingerprints)| (package.as_str(), fingerprints.as_slice()))
    }
}

/// Where an app is to be had. Plain http could be answered by anybody.
///
/// # Errors
/// When it is no https URL; says what is expected.
pub fn store_url(text: &str) -> Result<Url, String> {
    Url::parse(text)
        .ok()
        .filter(|url| url.scheme() == "https" && url.has_host() && url.username().is_empty())
        .ok_or_else(|| "expected an https URL".to_owned())
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

/// Two or more Java identifiers with dots between them.
fn is_package(text: &str) -> bool {
    text.len() <= MAX_NAME
        && text.contains('.')
        && text.split('.').all(|part| {
            part.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
}

/// `AB:CD:…` or `abcd…`; the first of them.
fn fingerprint(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|char| *char != ':').collect();
    let is_whole = digits.len() == 2 * FINGERPRINT_BYTES
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        && (!text.contains(':') || text.split(':').all(|pair| pair.len() == 2));
    let pairs = digits.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair));
    is_whole.then(|| pairs.collect::<Vec<_>>().join(":").to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    #[test]
    fn apple_ids_are_a_team_and_a_bundle() {
        let ids = AppleAppId::parse_list("A1B2C3D4E5.com.example.app, ZZZZZZZZZZ.x-y,").unwrap();
        let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
        assert_eq!(ids, ["A1B2C3D4E5.com.example.app", "ZZZZZZZZZZ.x-y"]);
        for wrong in [
            "com.example.app",
            "A1B2C3D4E5",
            "a1b2c3d4e5.x",
            "A1B2C3D4E5.",
            "A1B2C3D4E5.a b",
            "A1B2C3D4E5.*",
        ] {
            assert!(AppleAppId::parse_list(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn packages_gather_their_signers() {
        let (one, other) = ("ab".repeat(32), "CD".repeat(32));
        let colons = vec!["CD"; 32].join(":");
        let text = format!("com.example.app={one},com.example.app={other}, org.x={colons}");
        let packages = AndroidPackages::parse(&text).unwrap();
        let listed: Vec<_> = packages.iter().collect();
        let upper = vec!["AB"; 32].join(":");
        assert_eq!(listed[0], ("com.example.app", &[upper, colons.clone()][..]));
        assert_eq!(listed[1], ("org.x", &[colons][..]));
        let short = format!("com.example={}", "ab".repeat(31));
        let odd = format!("com.example=a:{}", "b".repeat(63));
        let alone = format!("example={one}");
        for wrong in ["com.example.app", "com.example=", short.as_str(), &odd, &alone] {
            assert!(AndroidPackages::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn stores_are_reached_by_tls() {
        assert!(store_url("https://apps.apple.com/app/id1").is_ok());
        for wrong in ["http://apps.apple.com/", "javascript:1", "apps.apple.com", "https://u@x/"] {
            assert!(store_url(wrong).is_err(), "{wrong}");
        }
    }
}
