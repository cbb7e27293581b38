//! The browser that opened a session, and whether the phone is where it is (SECURITY rows 12, 14
//! and 15).

use crate::audit::Actor;
use crate::key::KeyedHash;

/// Defines a closed list of names that people read.
macro_rules! names {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $( $(#[$variant_meta:meta])* $variant:ident = $text:literal, )* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $( $(#[$variant_meta])* $variant, )* }

        impl $name {
            /// Every one.
            pub const ALL: &[Self] = &[$( Self::$variant, )*];

            /// The name, as it is shown and stored.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $text, )* }
            }

            /// Reads a name; `None` if there is none like it.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|name| name.as_str() == text)
            }
        }
    };
}

names! {
    /// A family of browsers, without a version.
    pub enum BrowserFamily {
        /// Google Chrome and what says it is.
        Chrome = "Chrome",
        /// Microsoft Edge.
        Edge = "Edge",
        /// Mozilla Firefox.
        Firefox = "Firefox",
        /// Opera.
        Opera = "Opera",
        /// Apple Safari.
        Safari = "Safari",
        /// Samsung Internet.
        SamsungInternet = "Samsung Internet",
    }
}

names! {
    /// A family of operating systems, without a version.
    pub enum OsFamily {
        /// Android.
        Android = "Android",
        /// ChromeOS.
        ChromeOs = "ChromeOS",
        /// iOS and iPadOS.
        Ios = "iOS",
        /// Linux on a desktop.
        Linux = "Linux",
        /// macOS. An iPad that asks for desktop pages says this too.
        MacOs = "macOS",
        /// Windows.
        Windows = "Windows",
    }
}

/// The network that a request came from, as far as it may be remembered: a keyed hash of the
/// address's prefix, per session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkHash {
    /// Which kind of address.
    pub family: AddressFamily,
    /// The hash.
    pub hash: KeyedHash,
}

names! {
    /// A kind of network address.
    pub enum AddressFamily {
        /// IPv4.
        V4 = "ipv4",
        /// IPv6.
        V6 = "ipv6",
    }
}

names! {
    /// Whether page and phone were seen in one network.
    pub enum SameNetwork {
        /// They were.
        Same = "same",
        /// They were not.
        Different = "different",
        /// It cannot be told: no browser is bound, or one came over IPv4 and the other over IPv6.
        Unknown = "unknown",
    }
}

/// The browser that holds a session until a phone has claimed it.
///
/// It is known by the keyed hash of a secret that its cookie alone has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundBrowser {
    /// The keyed hash of its secret, per session.
    pub secret: KeyedHash,
    /// Its family, as it says.
    pub browser: Option<BrowserFamily>,
    /// Its operating system, as it says.
    pub os: Option<OsFamily>,
    /// Where it is, roughly, in words of the operator's proxy.
    pub place: Option<String>,
    /// The network it came from.
    pub network: Option<NetworkHash>,
}

/// Who asks something about a session at its public routes.
#[derive(Clone, Debug)]
pub enum Visitor {
    /// Somebody without a secret.
    Unknown,
    /// A browser with this secret, at the API.
    Browser(KeyedHash),
    /// A browser that our page runs in. If no browser is bound yet, this one shall be.
    Page(BoundBrowser),
    /// A browser that our page runs in and that keeps no cookies. It cannot be bound.
    PageWithoutCookies,
}

/// The session is bound to another browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session was opened in another browser")]
pub struct BrowserMismatch;

impl Visitor {
    /// The keyed hash of the secret that the visitor holds.
    pub const fn secret(&self) -> Option<&KeyedHash> {
        match self {
            Self::Unknown | Self::PageWithoutCookies => None,
            Self::Browser(secret) => Some(secret),
            Self::Page(browser) => Some(&browser.secret),
        }
    }

    /// Whether it asks at our page, where people agree before anything else.
    pub const fn is_page(&self) -> bool {
        matches!(self, Self::Page(_) | Self::PageWithoutCookies)
    }

    /// What the audit trail calls the visitor.
    pub const fn actor(&self) -> Actor {
        match self {
            Self::Unknown | Self::Browser(_) => Actor::Anyone,
            Self::Page(_) | Self::PageWithoutCookies => Actor::Page,
        }
    }
}

impl SameNetwork {
    /// Compares where two requests came from.
    pub fn of(one: Option<&NetworkHash>, other: Option<&NetworkHash>) -> Self {
        match (one, other) {
            (Some(one), Some(other)) if one.family == other.family => {
                if one.hash == other.hash {
                    Self::Same
                } else {
                    Self::Different
                }
            }
            _ => Self::Unknown,
        }
    }
}
