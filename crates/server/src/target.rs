//! Which URLs a relying party may name, and which addresses this server will connect to.
//!
//! The rules for a URL are checked when it is stored and again before each use; the rules for an
//! address are checked between name resolution and connecting, so that a name cannot lead inside
//! (server-side request forgery, ASVS 5.0 15.3.2).

mod resolver;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

pub(crate) use resolver::GuardedResolver;

/// The longest URL that is taken, in bytes.
pub(crate) const MAX_URL_BYTES: usize = 2048;

/// Names that never mean a host on the internet (RFC 6761, RFC 6762, RFC 8375, ICANN's
/// reservation of `internal`). Others are judged by the addresses they resolve to.
const SPECIAL_NAMES: [&str; 4] = ["localhost", "local", "internal", "home.arpa"];

/// Which URLs and addresses are allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetRules {
    /// Whether `http` and `https` to the machine itself are allowed: only where the server itself
    /// is reached there, that is, on a developer's machine.
    allow_loopback: bool,
}

/// Why a URL is refused. Never carries the URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It does not parse.
    #[error("is not an absolute URL")]
    Malformed,
    /// It is longer than [`MAX_URL_BYTES`].
    #[error("is longer than 2048 bytes")]
    TooLong,
    /// It carries a user name or a password.
    #[error("must not contain a user name or a password")]
    Credentials,
    /// It carries a fragment, which no request would carry.
    #[error("must not contain a fragment")]
    Fragment,
    /// It is not `https`.
    #[error("must be an https URL")]
    Scheme,
    /// Its host is an address that is not on the public internet.
    #[error("must not name a private, local or reserved address")]
    Address,
    /// Its host is a name that is not on the public internet.
    #[error("must not name a local host")]
    LocalName,
}

impl TargetRules {
    /// The rules of a server that is reached at `public_url`.
    pub fn for_public_url(public_url: &Url) -> Self {
        Self { allow_loopback: is_loopback_host(public_url) }
    }

    /// Checks a URL that this server will send requests to.
    pub fn check_webhook(&self, text: &str) -> Result<Url, TargetError> {
        let url = parse(text)?;
        if url.fragment().is_some() {
            return Err(TargetError::Fragment);
        }
        self.check_host(url)
    }

    fn check_host(&self, url: Url) -> Result<Url, TargetError> {
        if self.allow_loopback && is_loopback_host(&url) && matches!(url.scheme(), "http" | "https")
        {
            return Ok(url);
        }
        if url.scheme() != "https" {
            return Err(TargetError::Scheme);
        }
        match url.host() {
            Some(Host::Ipv4(address)) if !is_public_v4(address) => Err(TargetError::Address),
            Some(Host::Ipv6(address)) if !is_public_v6(address) => Err(TargetError::Address),
            Some(Host::Domain(name)) if is_special_name(name) => Err(TargetError::LocalName),
            Some(_) => Ok(url),
            None => Err(TargetError::Malformed),
        }
    }

    /// Checks a URL that a person's browser will be sent to.
    ///
    /// This server never connects to it, but the browser of a person would: into the network that
    /// the person is in, if the target could be an address of one.
    pub fn check_redirect(&self, text: &str) -> Result<Url, TargetError> {
        self.check_host(parse(text)?)
    }

    /// Whether a connection may be made to `address`, which `host` resolved to.
    pub(crate) fn may_connect(&self, host: &str, address: IpAddr) -> bool {
        if self.allow_loopback && is_localhost(host) {
            return address.is_loopback();
        }
        is_public(address)
    }
}

/// Whether an address is on the public internet.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn parse(text: &str) -> Result<Url, TargetError> {
    if text.len() > MAX_URL_BYTES {
        return Err(TargetError::TooLong);
    }
    let url = Url::parse(text).map_err(|_| TargetError::Malformed)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(TargetError::Credentials);
    }
    Ok(url)
}

fn is_loopback_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_localhost(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn is_localhost(name: &str) -> bool {
    name.strip_suffix('.').unwrap_or(name).eq_ignore_ascii_case("localhost")
}

/// Expects a name as the URL parser leaves it: lower case, punycode.
fn is_special_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    SPECIAL_NAMES.iter().any(|special| {
        name.strip_suffix(special).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// Everything that the IANA special-purpose registry does not call globally reachable, and
/// multicast.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _) // this network, private, loopback, multicast, reserved
            | (100, 64..=127, _) // carrier-grade NAT, RFC 6598
            | (169, 254, _) // link-local, and where clouds keep their metadata
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2) // protocol assignments; documentation
            | (192, 88, 99) // 6to4 relays, RFC 7526
            | (198, 18 | 19, _) // benchmarking, RFC 2544
            | (198, 51, 100)
            | (203, 0, 113) // documentation, RFC 5737
    )
}

/// Global unicast (2000::/3) without its special parts; and the forms that stand for a public
/// IPv4 address, which is where the packets end up.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0xffff) => embedded(g, h), // IPv4-mapped, RFC 4291 §2.5.5.2
        (0x64, 0xff9b, 0, 0, 0, 0) => embedded(g, h), // NAT64, RFC 6052
        (0x2002, ..) => embedded(b, c),            // 6to4, RFC 3056
        (0x2001, 0..=0x1ff, ..) => false,          // protocol assignments, Teredo among them
        (0x2001, 0xdb8, ..) => false,              // documentation, RFC 3849
        (0x3fff, 0..=0xfff, ..) => false,          // documentation, RFC 9637
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const PUBLIC: TargetRules = TargetRules { allow_loopback: false };
    const LOCAL: TargetRules = TargetRules { allow_loopback: true };

    #[test]
    fn addresses_inside_are_not_public() {
        for inside in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::10.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::808:808",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:a9fe:a9fe::1",
            "2002:c0a8:101::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
    }

    #[test]
    fn addresses_outside_are_public() {
        for outside in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2001:4860:4860::8888",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
        ] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn webhook_urls_lead_to_public_hosts_over_https() {
        for good in [
            "https://rp.example/hook",
            "https://rp.example:8443/hook?tenant=1",
            "https://1.1.1.1/",
            "https://[2606:4700:4700::1111]/",
            "https://notlocalhost/",
            "https://locals.example/",
        ] {
            assert!(PUBLIC.check_webhook(good).is_ok(), "{good}");
            assert!(LOCAL.check_webhook(good).is_ok(), "{good}");
        }
        use TargetError::{Address, Credentials, Fragment, LocalName, Malformed, Scheme, TooLong};
        let long = format!("https://rp.example/{}", "a".repeat(2048));
        for (bad, why) in [
            ("", Malformed),
            ("rp.example/hook", Malformed),
            ("https://", Malformed),
            ("https://user@rp.example/", Credentials),
            ("https://:pw@rp.example/", Credentials),
            ("https://rp.example/#a", Fragment),
            ("https://rp.example/#", Fragment),
            ("http://rp.example/", Scheme),
            ("ftp://rp.example/", Scheme),
            ("file:///etc/passwd", Scheme),
            ("gopher://rp.example/", Scheme),
            ("https://10.0.0.1/", Address),
            ("https://0x0a000001/", Address),
            ("https://167772161/", Address),
            ("https://169.254.169.254/latest/meta-data", Address),
            ("https://[fd00:ec2::254]/", Address),
            ("https://[::ffff:a9fe:a9fe]/", Address),
            ("https://metadata.internal/", LocalName),
            ("https://metadata.google.internal./", LocalName),
            ("https://printer.local/", LocalName),
            ("https://a.localhost/", LocalName),
            (long.as_str(), TooLong),
        ] {
            assert_eq!(PUBLIC.check_webhook(bad), Err(why), "{bad}");
            assert_eq!(LOCAL.check_webhook(bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn loopback_is_for_servers_on_loopback() {
        let loopbacks = [
            "http://localhost:9000/hook",
            "http://LOCALHOST/hook",
            "http://127.0.0.1:9000/hook",
            "http://127.1.2.3/",
            "http://[::1]:9000/",
            "https://localhost/",
            "https://127.0.0.1/",
            "https://0x7f.1/",
        ];
        for url in loopbacks {
            assert!(LOCAL.check_webhook(url).is_ok(), "{url}");
            assert!(PUBLIC.check_webhook(url).is_err(), "{url}");
        }
        for (public_url, rules) in [
            ("http://127.0.0.1:8080", LOCAL),
            ("http://localhost:8080", LOCAL),
            ("http://[::1]:8080", LOCAL),
            ("https://verify.example", PUBLIC),
            ("http://0.0.0.0:8080", PUBLIC),
            ("http://192.168.1.5:8080", PUBLIC),
            ("https://localhost.example", PUBLIC),
        ] {
            let public_url = Url::parse(public_url).unwrap();
            assert_eq!(TargetRules::for_public_url(&public_url), rules, "{public_url}");
        }
    }

    #[test]
    fn redirect_urls_lead_to_public_hosts() {
        for good in ["https://rp.example/done?x=1#top", "https://8.8.8.8/"] {
            assert!(PUBLIC.check_redirect(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("nonsense", TargetError::Malformed),
            ("javascript:alert(1)", TargetError::Scheme),
            ("data:text/html,x", TargetError::Scheme),
            ("http://rp.example/", TargetError::Scheme),
            ("http://127.0.0.1/", TargetError::Scheme),
            ("https://a:b@rp.example/", TargetError::Credentials),
            ("https://10.1.2.3/", TargetError::Address),
            ("https://[::1]/", TargetError::Address),
            ("https://localhost/", TargetError::LocalName),
        ] {
            assert_eq!(PUBLIC.check_redirect(bad), Err(why), "{bad}");
        }
        assert!(LOCAL.check_redirect("http://127.0.0.1:3000/done").is_ok());
        assert_eq!(LOCAL.check_redirect("http://rp.example/"), Err(TargetError::Scheme));
    }

    #[test]
    fn only_localhost_may_resolve_to_loopback() {
        let loopback = "127.0.0.1".parse().unwrap();
        let outside = "1.1.1.1".parse().unwrap();
        assert!(LOCAL.may_connect("localhost", loopback));
        assert!(!LOCAL.may_connect("localhost", outside));
        assert!(!LOCAL.may_connect("rp.example", loopback));
        assert!(LOCAL.may_connect("rp.example", outside));
        assert!(!PUBLIC.may_connect("localhost", loopback));
        assert!(!PUBLIC.may_connect("rp.example", "10.0.0.1".parse().unwrap()));
    }
}
