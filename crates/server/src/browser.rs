//! The browser at our pages: the secret in its cookie, and what a person is told of it
//! (SECURITY rows 12, 14 and 15).
//!
//! The secret is drawn when a page is shown and stored nowhere but in the cookie. The sessions that
//! it is bound to hold keyed hashes of it, each with a key of its own session.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use domain::browser::{BoundBrowser, BrowserFamily, OsFamily, Visitor};
use domain::entropy::Entropy;
use domain::id::SessionId;
use domain::key::{Keys, Secret, hex};

use crate::app::{App, Shared};
use crate::client_address::{ClientAddress, Network, Place};
use crate::envelope::ApiError;

/// Name of the cookie. Where the server is reached by https, the prefix `__Host-` makes browsers
/// take it from this host alone, for the whole host, over https.
const COOKIE: &str = "kayle_browser";
const HOST_COOKIE: &str = "__Host-kayle_browser";

const SECRET_BYTES: usize = 32;

/// How much of a user agent is looked at, in bytes.
const USER_AGENT_BYTES: usize = 512;

/// Whoever sent a request, as a browser.
pub(crate) struct Browser {
    secret: Option<Secret>,
    /// Read only when the browser is bound.
    agent: Option<HeaderValue>,
    place: Option<String>,
    /// None where it cannot be told.
    network: Option<Network>,
    framed: bool,
}

/// Where a page is that a browser gets its cookie from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// In a window of its own: the cookie is kept from requests that other sites make.
    Own,
    /// In a frame of an organization's site: such a cookie would not come back there, so it is kept
    /// apart for that site instead (CHIPS).
    Embedded,
}

impl Browser {
    /// Whether it has sent a secret.
    pub(crate) const fn has_secret(&self) -> bool {
        self.secret.is_some()
    }

    /// A `Set-Cookie` with the secret that it has sent, if it has; for a window of its own.
    pub(crate) fn same_cookie(&self, app: &Shared) -> Result<Option<HeaderValue>, ApiError> {
        self.secret.as_ref().map(|secret| cookie_with(app, secret, Cookie::Own)).transpose()
    }

    /// Whether it asks for a document to show in a frame.
    pub(crate) const fn is_framed(&self) -> bool {
        self.framed
    }

    /// This browser as it asks the API about a session.
    pub(crate) fn visitor(&self, keys: &Keys, session: &SessionId) -> Visitor {
        match &self.secret {
            Some(secret) => Visitor::Browser(keys.browser_hash(session, secret.reveal())),
            None => Visitor::Unknown,
        }
    }

    /// This browser as our page in it takes a step, which binds it. One that keeps no cookies cannot
    /// be bound.
    pub(crate) fn page_visitor(&self, keys: &Keys, session: &SessionId) -> Visitor {
        let Some(secret) = &self.secret else { return Visitor::PageWithoutCookies };
        let agent = readable(self.agent.as_ref());
        Visitor::Page(BoundBrowser {
            secret: keys.browser_hash(session, secret.reveal()),
            browser: browser_of(agent),
            os: os_of(agent),
            place: self.place.clone(),
            network: self.network.map(|network| keys.network_hash(session, network.0)),
        })
    }
}

impl FromRequestParts<App> for Browser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let address = ClientAddress::from_request_parts(parts, app).await?;
        let Place(place) = Place::from_request_parts(parts, app).await?;
        Ok(Self {
            secret: secret_of(&parts.headers, cookie_name(app)),
            agent: parts.headers.get(header::USER_AGENT).cloned(),
            place,
            network: address.known_network(),
            framed: parts.headers.get("sec-fetch-dest").is_some_and(|dest| dest == "iframe"),
        })
    }
}

/// A `Set-Cookie` with a fresh secret.
pub(crate) fn new_cookie(app: &Shared, cookie: Cookie) -> Result<HeaderValue, ApiError> {
    let secret = app.random(|entropy: &mut dyn Entropy| {
        let mut bytes = [0; SECRET_BYTES];
        entropy.fill(&mut bytes);
        Secret::new(hex(&bytes))
    });
    cookie_with(app, &secret, cookie)
}

fn cookie_with(app: &Shared, secret: &Secret, cookie: Cookie) -> Result<HeaderValue, ApiError> {
    let name = cookie_name(app);
    let keep = match cookie {
        Cookie::Embedded => "SameSite=None; Secure; Partitioned",
        Cookie::Own if is_https(app) => "SameSite=Lax; Secure",
        Cookie::Own => "SameSite=Lax",
    };
    let cookie = format!("{name}={}; Path=/; HttpOnly; {keep}", secret.reveal());
    let mut value = HeaderValue::try_from(cookie).map_err(|error| ApiError::internal(&error))?;
    value.set_sensitive(true);
    Ok(value)
}

fn is_https(app: &Shared) -> bool {
    app.public_url.scheme() == "https"
}

fn cookie_name(app: &Shared) -> &'static str {
    if is_https(app) { HOST_COOKIE } else { COOKIE }
}

/// The secret in the request's cookies; none if there are two, for one of them was planted.
fn secret_of(headers: &HeaderMap, name: &str) -> Option<Secret> {
    let mut secrets = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(found, _)| *found == name)
        .map(|(_, value)| value);
    let (Some(secret), None) = (secrets.next(), secrets.next()) else { return None };
    let is_ours = secret.len() == 2 * SECRET_BYTES
        && secret.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_ours.then(|| Secret::new(secret))
}

fn readable(agent: Option<&HeaderValue>) -> &str {
    let agent = agent.and_then(|agent| agent.to_str().ok());
    agent.and_then(|agent| agent.get(..agent.len().min(USER_AGENT_BYTES))).unwrap_or_default()
}

/// The family that a user agent names. Nearly all of them name several; the more particular one
/// comes first here.
fn browser_of(agent: &str) -> Option<BrowserFamily> {
    const MARKS: [(&str, BrowserFamily); 12] = [
        ("Edg/", BrowserFamily::Edge),
        ("EdgA/", BrowserFamily::Edge),
        ("EdgiOS/", BrowserFamily::Edge),
        ("OPR/", BrowserFamily::Opera),
        ("OPT/", BrowserFamily::Opera),
        ("SamsungBrowser/", BrowserFamily::SamsungInternet),
        ("FxiOS/", BrowserFamily::Firefox),
        ("Firefox/", BrowserFamily::Firefox),
        ("CriOS/", BrowserFamily::Chrome),
        ("Chrome/", BrowserFamily::Chrome),
        ("Chromium/", BrowserFamily::Chrome),
        ("Safari/", BrowserFamily::Safari),
    ];
    first_of(agent, &MARKS)
}

fn os_of(agent: &str) -> Option<OsFamily> {
    const MARKS: [(&str, OsFamily); 9] = [
        ("iPhone", OsFamily::Ios),
        ("iPad", OsFamily::Ios),
        ("iPod", OsFamily::Ios),
        ("Android", OsFamily::Android),
        ("CrOS", OsFamily::ChromeOs),
        ("Windows", OsFamily::Windows),
        ("Macintosh", OsFamily::MacOs),
        ("Mac OS X", OsFamily::MacOs),
        ("Linux", OsFamily::Linux),
    ];
    first_of(agent, &MARKS)
}

fn first_of<T: Copy>(agent: &str, marks: &[(&str, T)]) -> Option<T> {
    marks.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, family)| *family)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_read_off_user_agents() {
        for (agent, browser, os) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
                Some(BrowserFamily::Edge),
                Some(OsFamily::Windows),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
                Some(BrowserFamily::Safari),
                Some(OsFamily::Ios),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.0.0 Mobile/15E148 Safari/604.1",
                Some(BrowserFamily::Chrome),
                Some(OsFamily::Ios),
            ),
            (
                "Mozilla/5.0 (Linux; Android 15; SM-S931B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36",
                Some(BrowserFamily::SamsungInternet),
                Some(OsFamily::Android),
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
                Some(BrowserFamily::Firefox),
                Some(OsFamily::Linux),
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
                Some(BrowserFamily::Safari),
                Some(OsFamily::MacOs),
            ),
            ("curl/8.5.0", None, None),
            ("", None, None),
        ] {
            assert_eq!((browser_of(agent), os_of(agent)), (browser, os), "{agent}");
        }
    }

    #[test]
    fn only_the_head_of_a_user_agent_is_read() {
        let named = |padding: usize| {
            let agent = format!("{}Firefox/1", "x".repeat(padding));
            browser_of(readable(Some(&HeaderValue::try_from(agent).unwrap())))
        };
        assert_eq!(named(USER_AGENT_BYTES - "Firefox/".len()), Some(BrowserFamily::Firefox));
        assert_eq!(named(USER_AGENT_BYTES), None);
    }

    #[test]
    fn a_planted_or_malformed_cookie_is_none() {
        let good = "a1".repeat(SECRET_BYTES);
        let read = |lines: &[String]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::COOKIE, HeaderValue::try_from(line).unwrap());
            }
            secret_of(&headers, COOKIE).map(|secret| secret.reveal().to_owned())
        };
        assert_eq!(read(&[format!("a=b; {COOKIE}={good}; c")]), Some(good.clone()));
        for lines in [
            vec![],
            vec![format!("{COOKIE}=")],
            vec![format!("{COOKIE}={}", &good[1..])],
            vec![format!("{COOKIE}={good}a1")],
            vec![format!("{COOKIE}={}", good.to_uppercase())],
            vec![format!("{HOST_COOKIE}={good}")],
            vec![format!("{COOKIE}={good}; {COOKIE}={good}")],
            vec![format!("{COOKIE}={good}"), format!("{COOKIE}={}", "b2".repeat(32))],
        ] {
            assert_eq!(read(&lines), None, "{lines:?}");
        }
    }
}
