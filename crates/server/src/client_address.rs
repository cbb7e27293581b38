//! Who really asks: the address behind a reverse proxy, believed only where the proxy is ours.
//!
//! Anyone can write `X-Forwarded-For`. It is read only where the peer of the connection is listed
//! in `trusted_proxies`, and only as far as trusted proxies wrote it: from the right, past every
//! hop that is one of them. Of the two headers that exist, proxies write one and pass the other on
//! as a client wrote it, so that only the one of `forwarded_header` is read.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::app::App;
use crate::envelope::ApiError;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED: HeaderName = HeaderName::from_static("forwarded");

/// No honest chain of proxies is longer.
const MAX_HOPS: usize = 32;

/// Longest place, in characters; it is shown on a phone.
const MAX_PLACE: usize = 64;

/// Whose word on addresses and places counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// The networks of our own reverse proxies (`trusted_proxies`).
    pub trusted: Vec<IpNet>,
    /// The header in which they say who the client is (`forwarded_header`).
    pub forwarded_header: ForwardedHeader,
    /// The header in which they say where the client is, roughly (`place_header`).
    pub place_header: Option<HeaderName>,
}

/// A header in which proxies say who the client is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// The address of the client: the peer, or what trusted proxies say of it. IPv4 inside IPv6
/// (`::ffff:0:0/96`) is IPv4 here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientAddress {
    /// The client's own.
    Known(IpAddr),
    /// That of a proxy which did not say, readably, whom it speaks for, or is not trusted.
    Proxy(IpAddr),
}

/// Where the client is, roughly, as trusted proxies say; at most 64 printable characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place(pub(crate) Option<String>);

/// What limits count as one client: an IPv4 address, or the /64 of an IPv6 one, which is what a
/// single subscriber is given.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Network(pub(crate) IpAddr);

impl ClientAddress {
    /// The client's or, where it cannot be told, the proxy's.
    pub(crate) const fn ip(self) -> IpAddr {
        match self {
            Self::Known(address) | Self::Proxy(address) => address,
        }
    }

    /// What limits count it under.
    pub(crate) fn network(self) -> Network {
        Network(match self.ip() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => {
                Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
            }
        })
    }

    /// The network of the client itself, to compare with another's: two clients of a proxy that
    /// says nothing of them are not in one network.
    pub(crate) fn known_network(self) -> Option<Network> {
        matches!(self, Self::Known(_)).then(|| self.network())
    }
}

impl ForwardedHeader {
    /// Its name.
    pub(crate) const fn name(self) -> HeaderName {
        match self {
            Self::XForwardedFor => X_FORWARDED_FOR,
            Self::Forwarded => FORWARDED,
        }
    }

    /// The address that one of its elements names.
    fn read(self, element: &str) -> Option<IpAddr> {
        match self {
            Self::XForwardedFor => address_of_hop(element),
            Self::Forwarded => forwarded_for(element),
        }
    }
}

/// Addresses are personal data, and logs keep none.
impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network(…)")
    }
}

impl Proxies {
    /// The client behind this peer. Where trusted proxies wrote nothing, or what cannot be read,
    /// limits count the proxy.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> ClientAddress {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            // A proxy that the operator forgot to name, or a client that pretends to be one: what it
            // says is not believed, and that it is the client itself is not believed either.
            let forwards = [ForwardedHeader::XForwardedFor, ForwardedHeader::Forwarded]
                .iter()
                .any(|header| headers.contains_key(header.name()));
            return if forwards { ClientAddress::Proxy(peer) } else { ClientAddress::Known(peer) };
        }
        self.walk(headers).map_or(ClientAddress::Proxy(peer), ClientAddress::Known)
    }

    /// The place that a trusted peer states.
    pub(crate) fn place(&self, peer: IpAddr, headers: &HeaderMap) -> Place {
        let header = self.place_header.as_ref().filter(|_| self.trusts(peer.to_canonical()));
        let mut values = header.into_iter().flat_map(|header| headers.get_all(header));
        // Two values: one of them is the client's own.
        let (Some(value), None) = (values.next(), values.next()) else { return Place(None) };
        let text = std::str::from_utf8(value.as_bytes()).map(str::trim).unwrap_or_default();
        let readable =
            !text.is_empty() && text.chars().count() <= MAX_PLACE && text.chars().all(is_printable);
        Place(readable.then(|| text.to_owned()))
    }

    /// Whether the address is one of our own proxies. It must be canonical.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// The rightmost hop that is no trusted proxy; the leftmost one if all are.
    fn walk(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let lines: Vec<_> = headers.get_all(self.forwarded_header.name()).iter().collect();
        let hops = lines.iter().rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        let mut client = None;
        for (count, hop) in hops.enumerate() {
            let hop = std::str::from_utf8(hop).ok()?;
            let address = self.forwarded_header.read(hop.trim())?.to_canonical();
            client = Some(address);
            if !self.trusts(address) {
                return client;
            }
            if count >= MAX_HOPS {
                return None;
            }
        }
        client
    }
}

/// `192.0.2.1`, `2001:db8::1`, and both with a port.
fn address_of_hop(hop: &str) -> Option<IpAddr> {
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok();
    hop.parse::<IpAddr>()
        .ok()
        .or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
        .or_else(|| bracketed().map(IpAddr::V6))
}

/// The `for` of one element of `Forwarded` (RFC 7239 §4). No address has a comma, a semicolon or
/// an escape in it, so an element that is cut at one inside quotes is no address either.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut nodes = element.split(';').filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value.trim())
    });
    let (node, None) = (nodes.next()?, nodes.next()) else { return None };
    match node.strip_prefix('"') {
        Some(quoted) => address_of_hop(quoted.strip_suffix('"')?),
        None => address_of_hop(node),
    }
}

/// Neither control characters nor the invisible ones that reorder or hide text (Unicode Cf).
fn is_printable(char: char) -> bool {
    !char.is_control()
        && !matches!(char,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

impl FromRequestParts<App> for ClientAddress {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let peer = peer(parts, app).await?;
        Ok(app.proxies.client(peer, &parts.headers))
    }
}

impl FromRequestParts<App> for Place {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let peer = peer(parts, app).await?;
        Ok(app.proxies.place(peer, &parts.headers))
    }
}

/// The other end of the connection; the accept loop puts it into every request.
async fn peer(parts: &mut Parts, app: &App) -> Result<IpAddr, ApiError> {
    match ConnectInfo::<SocketAddr>::from_request_parts(parts, app).await {
        Ok(ConnectInfo(peer)) => Ok(peer.ip()),
        Err(missing) => Err(ApiError::internal(&missing)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use axum::http::HeaderValue;

    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn proxies() -> Proxies {
        Proxies {
            trusted: vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()],
            forwarded_header: ForwardedHeader::XForwardedFor,
            place_header: Some(HeaderName::from_static("x-place")),
        }
    }

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let line = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap())
        };
        lines.iter().map(line).collect()
    }

    fn client(peer: &str, lines: &[(&'static str, &str)]) -> String {
        proxies().client(peer.parse().unwrap(), &headers(lines)).ip().to_string()
    }

    /// As `client`, where proxies write `Forwarded`.
    fn client_of_forwarded(peer: &str, lines: &[(&'static str, &str)]) -> String {
        let proxies = Proxies { forwarded_header: ForwardedHeader::Forwarded, ..proxies() };
        proxies.client(peer.parse().unwrap(), &headers(lines)).ip().to_string()
    }

    #[test]
    fn a_stranger_cannot_say_who_it_is() {
        for lines in [
            &[("x-forwarded-for", "192.0.2.1")][..],
            &[("forwarded", "for=192.0.2.1")],
            &[("x-forwarded-for", "10.0.0.1, 10.0.0.2")],
        ] {
            assert_eq!(client("198.51.100.7", lines), "198.51.100.7");
            assert_eq!(client_of_forwarded("198.51.100.7", lines), "198.51.100.7");
        }
        let nobody = Proxies::default();
        let said = headers(&[("x-forwarded-for", "192.0.2.1")]);
        let peer = PROXY.parse().unwrap();
        assert_eq!(nobody.client(peer, &said), ClientAddress::Proxy(peer), "not that of a client");
    }

    #[test]
    fn what_the_client_wrote_itself_is_never_reached() {
        let xff = |value| client(PROXY, &[("x-forwarded-for", value)]);
        assert_eq!(xff("192.0.2.1"), "192.0.2.1");
        assert_eq!(xff("192.0.2.66, 198.51.100.7"), "198.51.100.7");
        assert_eq!(xff("garbage, 198.51.100.7, 10.1.1.1"), "198.51.100.7");
        assert_eq!(xff("10.9.9.9, 198.51.100.7, 10.1.1.1"), "198.51.100.7");
        let two = [("x-forwarded-for", "192.0.2.66"), ("x-forwarded-for", "198.51.100.7")];
        assert_eq!(client(PROXY, &two), "198.51.100.7");
        let quoted = [("forwarded", "for=\"x, for=198.51.100.7")];
        assert_eq!(client_of_forwarded(PROXY, &quoted), "198.51.100.7");
    }

    #[test]
    fn both_headers_are_read_in_all_their_spellings() {
        for (value, address) in [
            ("192.0.2.1:4711", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ] {
            assert_eq!(client(PROXY, &[("x-forwarded-for", value)]), address, "{value}");
        }
        for (value, address) in [
            ("for=192.0.2.1", "192.0.2.1"),
            ("proto=https;For=\"[2001:db8::1]:4711\";by=10.0.0.1", "2001:db8::1"),
            ("for=192.0.2.66, for=198.51.100.7;proto=http, for=10.1.1.1", "198.51.100.7"),
        ] {
            assert_eq!(client_of_forwarded(PROXY, &[("forwarded", value)]), address, "{value}");
        }
        assert_eq!(client("::ffff:10.0.0.1", &[("x-forwarded-for", "192.0.2.1")]), "192.0.2.1");
    }

    #[test]
    fn what_cannot_be_read_makes_it_the_peer() {
        for value in ["", "unknown", "_hidden", "192.0.2.1, ", "for", "192.0.2.999", "\u{fc}"] {
            assert_eq!(client(PROXY, &[("x-forwarded-for", value)]), PROXY, "{value}");
        }
        for value in
            ["for=unknown", "by=192.0.2.1", "for=192.0.2.1;for=192.0.2.2", "for=\"192.0.2.1"]
        {
            assert_eq!(client_of_forwarded(PROXY, &[("forwarded", value)]), PROXY, "{value}");
        }
        assert_eq!(client(PROXY, &[("x-forwarded-for", &["10.0.0.2"; 40].join(","))]), PROXY);
    }

    /// The proxy writes one header and passes the other on as a client wrote it.
    #[test]
    fn the_header_that_proxies_do_not_write_is_not_read() {
        for foreign in ["for=192.0.2.66", "for=198.51.100.7", "for=unknown", "for=\"", ""] {
            let lines = [("x-forwarded-for", "198.51.100.7"), ("forwarded", foreign)];
            assert_eq!(client(PROXY, &lines), "198.51.100.7", "{foreign}");
            assert_eq!(client(PROXY, &[("forwarded", foreign)]), PROXY, "{foreign}");
        }
        for foreign in ["192.0.2.66", "unknown", ""] {
            let lines = [("forwarded", "for=198.51.100.7"), ("x-forwarded-for", foreign)];
            assert_eq!(client_of_forwarded(PROXY, &lines), "198.51.100.7", "{foreign}");
            let lines = [("x-forwarded-for", foreign)];
            assert_eq!(client_of_forwarded(PROXY, &lines), PROXY, "{foreign}");
        }
    }

    /// Else two strangers whose proxy says nothing readable of them would be in one network.
    #[test]
    fn who_cannot_be_told_is_in_no_known_network() {
        let network = |lines: &[(&'static str, &str)]| {
            proxies().client(PROXY.parse().unwrap(), &headers(lines)).known_network().is_some()
        };
        assert!(network(&[("x-forwarded-for", "192.0.2.1")]));
        for said in ["unknown", "", "_hidden"] {
            assert!(!network(&[("x-forwarded-for", said)]), "{said}");
        }
        assert!(!network(&[]));
        assert!(!network(&[("forwarded", "for=192.0.2.1")]));
    }

    /// Else all people behind a proxy that `trusted_proxies` does not name would be in one network.
    #[test]
    fn who_comes_through_a_proxy_that_is_not_named_is_in_no_known_network() {
        let client = |lines: &[(&'static str, &str)]| {
            proxies().client("203.0.113.7".parse().unwrap(), &headers(lines))
        };
        assert!(client(&[]).known_network().is_some());
        for header in ["x-forwarded-for", "forwarded"] {
            let through = client(&[(header, "192.0.2.1")]);
            assert!(through.known_network().is_none(), "{header}");
            assert_eq!(through.ip().to_string(), "203.0.113.7", "limits count the peer");
        }
    }

    #[test]
    fn an_ipv6_client_is_its_64() {
        let network = |text: &str| ClientAddress::Known(text.parse().unwrap()).network();
        assert_eq!(network("2001:db8:1:2:3::4"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(format!("{:?}", network("192.0.2.1")), "Network(…)");
    }

    #[test]
    fn a_place_is_printable_bounded_and_a_trusted_proxys_word() {
        let place =
            |peer: &str, lines: &[_]| proxies().place(peer.parse().unwrap(), &headers(lines)).0;
        assert_eq!(place(PROXY, &[("x-place", " Zürich, CH ")]).unwrap(), "Zürich, CH");
        assert_eq!(place("192.0.2.1", &[("x-place", "Bern")]), None);
        assert_eq!(place(PROXY, &[("x-place", "Bern"), ("x-place", "Rome")]), None);
        assert_eq!(place(PROXY, &[("x-place", "")]), None);
        assert_eq!(place(PROXY, &[("x-place", "Be\u{202e}rn")]), None);
        let long = "x".repeat(65);
        assert_eq!(place(PROXY, &[("x-place", &long)]), None);
        assert_eq!(place(PROXY, &[]), None);
    }
}
