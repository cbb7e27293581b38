//! The id under which a request is found in the logs.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderName, HeaderValue};
use domain::entropy::{Entropy, random_text};

use crate::client_address::Proxies;

/// The header in which it is taken and given.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A UUID has 36; some proxies write longer ones.
const MAX_LENGTH: usize = 64;

/// The letters before the number: enough that two starts of a server do not share them.
const PREFIX_LENGTH: usize = 12;

/// The id of one request: 1 to 64 of `A-Z a-z 0-9 . _ -`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    /// As it is logged.
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// As it is answered.
    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    /// An id that a proxy gave, if it is well-formed: nothing else may reach a log.
    fn parse(value: &HeaderValue) -> Option<Self> {
        let bytes = value.as_bytes();
        let known = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        ((1..=MAX_LENGTH).contains(&bytes.len()) && bytes.iter().all(known))
            .then(|| Self(value.clone()))
    }
}

/// Gives ids: a random prefix for each start, and a number. They need to be unique, not secret.
#[derive(Debug)]
pub(crate) struct RequestIds {
    prefix: String,
    next: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new(entropy: &mut dyn Entropy) -> Self {
        Self { prefix: random_text(PREFIX_LENGTH, entropy), next: AtomicU64::new(1) }
    }

    /// The id that a trusted proxy gave the request, or a new one. Anyone else could give many
    /// requests one id, and hide among them.
    pub(super) fn of(&self, request: &Request, proxies: &Proxies) -> RequestId {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let is_trusted = peer.is_some_and(|peer| proxies.trusts(peer.ip().to_canonical()));
        let mut given = request.headers().get_all(X_REQUEST_ID).iter();
        match (given.next(), given.next()) {
            (Some(one), None) if is_trusted => RequestId::parse(one),
            _ => None,
        }
        .unwrap_or_else(|| self.next())
    }

    fn next(&self) -> RequestId {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let text = format!("{}-{number}", self.prefix);
        RequestId(HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("none")))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use axum::body::Body;

    use super::*;
    use crate::entropy::OsEntropy;

    fn request(peer: &str, ids: &[&[u8]]) -> Request {
        let mut request = Request::new(Body::empty());
        request.extensions_mut().insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
        for id in ids {
            request.headers_mut().append(X_REQUEST_ID, HeaderValue::from_bytes(id).unwrap());
        }
        request
    }

    fn proxies() -> Proxies {
        Proxies { trusted: vec!["10.0.0.0/8".parse().unwrap()], ..Proxies::default() }
    }

    #[test]
    fn a_trusted_proxy_names_its_requests() {
        let ids = RequestIds::new(&mut OsEntropy);
        for peer in ["10.0.0.1:80", "[::ffff:10.0.0.1]:80"] {
            let id = ids.of(&request(peer, &[b"8f3c-Request_1.a"]), &proxies());
            assert_eq!(id.as_str(), "8f3c-Request_1.a");
        }
    }

    #[test]
    fn what_strangers_say_and_what_is_malformed_is_replaced() {
        let ids = RequestIds::new(&mut OsEntropy);
        let long = [b'a'; 65];
        let cases: [(&str, &[&[u8]]); 7] = [
            ("192.0.2.1:80", &[b"mine"]),
            ("10.0.0.1:80", &[b""]),
            ("10.0.0.1:80", &[b"a b"]),
            ("10.0.0.1:80", &[b"a\tlevel=error"]),
            ("10.0.0.1:80", &[&[0xfc]]),
            ("10.0.0.1:80", &[&long]),
            ("10.0.0.1:80", &[b"one", b"two"]),
        ];
        let mut seen = Vec::new();
        for (peer, given) in cases {
            let id = ids.of(&request(peer, given), &proxies());
            assert!(given.iter().all(|given| *given != id.as_str().as_bytes()));
            assert!(RequestId::parse(&id.header()).is_some(), "{id:?}");
            assert!(!seen.contains(&id), "{id:?} was given twice");
            seen.push(id);
        }
        assert!(Proxies::default().trusted.is_empty());
        let id = ids.of(&request("10.0.0.1:80", &[b"mine"]), &Proxies::default());
        assert_ne!(id.as_str(), "mine");
    }
}
