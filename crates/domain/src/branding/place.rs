//! Places on the web that an organization names: pages, origins and domains.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

/// The longest URL that is taken, in bytes.
pub const MAX_URL_BYTES: usize = 512;

/// How many origins may frame the pages of one organization.
pub const MAX_ANCESTORS: usize = 16;

/// Why a place is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// It does not parse.
    #[error("is not an absolute URL")]
    Malformed,
    /// It is too long.
    #[error("is longer than 512 bytes")]
    TooLong,
    /// It is neither `https` nor a loopback address.
    #[error("must be an https URL (http for loopback only)")]
    Scheme,
    /// It carries a user name or a password.
    #[error("must not contain a user name or a password")]
    Credentials,
    /// It is more than an origin.
    #[error("must be an origin: https://host or https://host:port, nothing after it")]
    NotAnOrigin,
    /// It is no name of a domain.
    #[error("is not a domain name as example.com (with a port for loopback only)")]
    NotADomain,
    /// There are too many.
    #[error("no more than 16 origins may frame the pages of an organization")]
    TooMany,
}

/// A page of the web: `https`, or `http` on loopback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebUrl(String);

/// An origin whose pages may show ours in a frame.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FrameAncestor(String);

/// Origins, each once, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameAncestors(Vec<FrameAncestor>);

/// The name of a domain, lower case and in punycode; on loopback with its port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainName(String);

impl WebUrl {
    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WebUrl {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let url = parse(text)?.to_string();
        if url.len() > MAX_URL_BYTES { Err(PlaceError::TooLong) } else { Ok(Self(url)) }
    }
}

impl FrameAncestor {
    /// The origin as `Content-Security-Policy` takes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FrameAncestor {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let url = parse(text)?;
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(PlaceError::NotAnOrigin);
        }
        // A word of a policy: a host with a mark that parts words would be several, and none has IPv6.
        let origin = url.origin().ascii_serialization();
        if origin.contains([';', ',', ' ', '*', '\'', '"', '[']) {
            return Err(PlaceError::NotAnOrigin);
        }
        Ok(Self(origin))
    }
}

impl FrameAncestors {
    /// Takes no more than [`MAX_ANCESTORS`].
    pub fn new(mut origins: Vec<FrameAncestor>) -> Result<Self, PlaceError> {
        origins.sort();
        origins.dedup();
        if origins.len() > MAX_ANCESTORS { Err(PlaceError::TooMany) } else { Ok(Self(origins)) }
    }

    /// Whether nobody may.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The origins.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(FrameAncestor::as_str)
    }
}

impl DomainName {
    /// The name, on loopback with its port.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A file of `/.well-known` there: over `http` on loopback, over `https` everywhere else.
    pub fn well_known(&self, file: &str) -> String {
        let host = self.0.rsplit_once(':').map_or(self.0.as_str(), |(host, _)| host);
        let is_loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok();
        let scheme = if is_loopback { "http" } else { "https" };
        format!("{scheme}://{}/.well-known/{file}", self.0)
    }
}

impl FromStr for DomainName {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let wrong = PlaceError::NotADomain;
        if text.len() > 253 || text.contains(['/', '\\', '?', '#', '@']) {
            return Err(wrong);
        }
        let url = Url::parse(&format!("http://{text}")).map_err(|_| wrong)?;
        let host = url.host_str().ok_or(wrong)?;
        if is_loopback(&url) {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            return Ok(Self(format!("{host}{port}")));
        }
        let is_name = matches!(url.host(), Some(Host::Domain(_)))
            && host.contains('.')
            && host.split('.').all(is_label);
        if is_name && url.port().is_none() && !text.contains(':') {
            Ok(Self(host.to_owned()))
        } else {
            Err(wrong)
        }
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Letters, digits and hyphens inside (RFC 1123 §2.1).
fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn parse(text: &str) -> Result<Url, PlaceError> {
    if text.len() > MAX_URL_BYTES {
        return Err(PlaceError::TooLong);
    }
    let url = Url::parse(text).map_err(|_| PlaceError::Malformed)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(PlaceError::Credentials);
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err(PlaceError::Scheme),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        // An IPv6 literal holds colons; those of loopback are not worth the trouble.
        Some(Host::Ipv6(_)) | None => false,
    }
}
