//! Typed, prefixed identifiers (REFERENCE 1.1).

use std::fmt;
use std::str::FromStr;

use crate::entropy::{Entropy, random_text};

/// The text is not an identifier of the kind that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct InvalidId {
    /// What an identifier of this kind looks like.
    pub expected: &'static str,
}

macro_rules! prefixed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $length:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// A fresh identifier.
            pub fn random(entropy: &mut dyn Entropy) -> Self {
                Self(format!("{}{}", $prefix, random_text($length, entropy)))
            }

            /// The identifier as it stands on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                match text.strip_prefix($prefix) {
                    Some(rest)
                        if rest.len() == $length
                            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
                    {
                        Ok(Self(text.to_owned()))
                    }
                    _ => Err(InvalidId { expected: concat!($prefix, " and ", $length, " letters or digits") }),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

prefixed_id!(
    /// A verification session.
    SessionId, "vs_", 64
);
prefixed_id!(
    /// A verification attempt.
    AttemptId, "va_", 64
);
prefixed_id!(
    /// An event.
    EventId, "evt_", 64
);
prefixed_id!(
    /// The delivery of an event to an endpoint.
    DeliveryId, "whd_", 64
);
prefixed_id!(
    /// A webhook endpoint.
    EndpointId, "whe_", 32
);
prefixed_id!(
    /// A webhook encryption key.
    EncryptionKeyId, "whk_", 32
);

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// A fresh identifier (UUID version 4, RFC 9562 §5.4).
            pub fn random(entropy: &mut dyn Entropy) -> Self {
                Self(random_uuid(entropy))
            }

            /// The identifier as it stands on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let shaped = text.len() == 36
                    && text.bytes().enumerate().all(|(at, byte)| match at {
                        8 | 13 | 18 | 23 => byte == b'-',
                        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
                    });
                if shaped { Ok(Self(text.to_owned())) } else { Err(InvalidId { expected: "a UUID" }) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

uuid_id!(
    /// An organization: a relying party.
    OrganizationId
);
uuid_id!(
    /// The record of an API key (not the key itself).
    ApiKeyId
);

fn random_uuid(entropy: &mut dyn Entropy) -> String {
    let mut bytes = [0_u8; 16];
    entropy.fill(&mut bytes);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}
