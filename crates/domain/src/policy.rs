//! What an organization decides once for all its sessions.

use std::fmt;

/// Defines a policy: its key, and an enum of the values it takes, the default first.
macro_rules! policy {
    (
        $(#[$meta:meta])*
        pub enum $name:ident = $key:literal {
            $(#[$default_meta:meta])* $default:ident = $default_text:literal,
            $( $(#[$variant_meta:meta])* $variant:ident = $text:literal, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
        pub enum $name {
            $(#[$default_meta])* #[default] $default,
            $( $(#[$variant_meta])* $variant, )*
        }

        impl $name {
            /// The key it is set by.
            pub const KEY: &str = $key;

            /// Every value, the default first.
            pub const ALL: &[Self] = &[Self::$default, $( Self::$variant, )*];

            /// The value as it is written and stored.
            pub const fn as_str(self) -> &'static str {
                match self { Self::$default => $default_text, $( Self::$variant => $text, )* }
            }

            /// Reads a value.
            pub fn parse(text: &str) -> Result<Self, PolicyError> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text).ok_or_else(|| {
                    PolicyError::UnknownValue {
                        key: Self::KEY,
                        value: text.to_owned(),
                        known: concat!($default_text, $( ", ", $text, )*),
                    }
                })
            }

            /// `KEY=value|value`.
            const USAGE: &str = concat!($key, "=", $default_text, $( "|", $text, )*);
        }
    };
}

policy! {
    /// Whether the chip's portrait must be matched with a selfie.
    pub enum FaceMatch = "face_match" {
        /// The portrait must match.
        Required = "required",
        /// No match is made; the assurance of every verdict says so.
        Off = "off",
    }
}

policy! {
    /// Whether the chip must prove that it is not a copy.
    pub enum ChipProofPolicy = "chip_proof" {
        /// What the document and the phone can do is asked for, and the assurance says what was
        /// done. A proof that fails is refused.
        WhenAvailable = "when_available",
        /// A document without a proof is refused.
        Required = "required",
    }
}

policy! {
    /// What becomes of a document whose signer cannot be looked up in a current revocation list.
    pub enum RevocationPolicy = "revocation" {
        /// It is accepted, and the assurance says so.
        Report = "report",
        /// It is refused. Most states publish no list.
        Strict = "strict",
    }
}

policy! {
    /// What becomes of a document past its date of expiry.
    pub enum ExpiredDocuments = "expired_documents" {
        /// It is refused.
        Refuse = "refuse",
        /// It is accepted, and the assurance says so.
        Report = "report",
    }
}

policy! {
    /// Whether the browser that opened a session is the only one that may ask for its links until
    /// a phone has claimed it.
    pub enum BrowserBinding = "browser_binding" {
        /// From when our page was opened in it. Before that, whoever knows the session's id may.
        WhenOpened = "when_opened",
        /// Always: only our page, in a browser that shows its cookie, gets the first links.
        Required = "required",
        /// Never: whoever knows the session's id may.
        Off = "off",
    }
}

policy! {
    /// Whether the person tells the phone which code the page shows.
    pub enum MatchCodePolicy = "match_code" {
        /// If the phone knows how to ask, and a browser is bound that can show the code.
        WhenSupported = "when_supported",
        /// Always, but for a button on the phone itself, pressed in the same network. A phone that
        /// cannot ask is refused.
        Required = "required",
        /// Never.
        Off = "off",
    }
}

policy! {
    /// Whether the phone proves the key that its device id names.
    pub enum DeviceProofPolicy = "device_proof" {
        /// If it has one.
        WhenAvailable = "when_available",
        /// A phone that proves none is refused.
        Required = "required",
    }
}

policy! {
    /// What becomes of a phone that is not in the network of the page.
    pub enum SameNetworkPolicy = "same_network" {
        /// The assurance says so.
        Report = "report",
        /// It is refused.
        Required = "required",
    }
}

policy! {
    /// Whether the page shows a code to type to those who cannot scan.
    pub enum UserCodePolicy = "user_code" {
        /// If they ask for it.
        Offered = "offered",
        /// Never: what can be typed can be told on the telephone.
        Off = "off",
    }
}

/// The policies of an organization. A session keeps those it was created under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Policy {
    /// `face_match = required | off`.
    pub face_match: FaceMatch,
    /// `chip_proof = when_available | required`.
    pub chip_proof: ChipProofPolicy,
    /// `revocation = report | strict`.
    pub revocation: RevocationPolicy,
    /// `expired_documents = refuse | report`.
    pub expired_documents: ExpiredDocuments,
    /// `browser_binding = when_opened | required | off`.
    pub browser_binding: BrowserBinding,
    /// `match_code = when_supported | required | off`.
    pub match_code: MatchCodePolicy,
    /// `device_proof = when_available | required`.
    pub device_proof: DeviceProofPolicy,
    /// `same_network = report | required`.
    pub same_network: SameNetworkPolicy,
    /// `user_code = offered | off`.
    pub user_code: UserCodePolicy,
}

/// A policy assignment that names no known key or value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The text is not `KEY=VALUE`.
    #[error("`{0}` is not KEY=VALUE; known policies: {known}", known = KnownPolicies)]
    NotAnAssignment(String),
    /// No policy has this name.
    #[error("unknown policy `{0}`; known policies: {known}", known = KnownPolicies)]
    UnknownKey(String),
    /// The policy does not take this value.
    #[error("policy `{key}` does not take `{value}`; it takes: {known}")]
    UnknownValue {
        /// The policy.
        key: &'static str,
        /// What was given.
        value: String,
        /// What it takes.
        known: &'static str,
    },
}

/// The known policies with their values, as a person reads them.
struct KnownPolicies;

impl fmt::Display for KnownPolicies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usages = [
            FaceMatch::USAGE,
            ChipProofPolicy::USAGE,
            RevocationPolicy::USAGE,
            ExpiredDocuments::USAGE,
            BrowserBinding::USAGE,
            MatchCodePolicy::USAGE,
            DeviceProofPolicy::USAGE,
            SameNetworkPolicy::USAGE,
            UserCodePolicy::USAGE,
        ];
        f.write_str(&usages.join(", "))
    }
}

impl Policy {
    /// Applies one `KEY=VALUE`.
    pub fn assign(self, assignment: &str) -> Result<Self, PolicyError> {
        let (key, value) = assignment
            .split_once('=')
            .ok_or_else(|| PolicyError::NotAnAssignment(assignment.to_owned()))?;
        self.set(key.trim(), value.trim())
    }

    /// Sets one policy.
    ///
    /// # Errors
    /// [`PolicyError`], if there is no such policy or it does not take the value.
    pub fn set(mut self, key: &str, value: &str) -> Result<Self, PolicyError> {
        match key {
            FaceMatch::KEY => self.face_match = FaceMatch::parse(value)?,
            ChipProofPolicy::KEY => self.chip_proof = ChipProofPolicy::parse(value)?,
            RevocationPolicy::KEY => self.revocation = RevocationPolicy::parse(value)?,
            ExpiredDocuments::KEY => self.expired_documents = ExpiredDocuments::parse(value)?,
            BrowserBinding::KEY => self.browser_binding = BrowserBinding::parse(value)?,
            MatchCodePolicy::KEY => self.match_code = MatchCodePolicy::parse(value)?,
            DeviceProofPolicy::KEY => self.device_proof = DeviceProofPolicy::parse(value)?,
            SameNetworkPolicy::KEY => self.same_network = SameNetworkPolicy::parse(value)?,
            UserCodePolicy::KEY => self.user_code = UserCodePolicy::parse(value)?,
            other => return Err(PolicyError::UnknownKey(other.to_owned())),
        }
        Ok(self)
    }

    /// Whether a phone can meet them at all: a code that no page shows and a network that no page
    /// is in cannot be compared.
    pub fn can_be_met(&self) -> bool {
        self.browser_binding != BrowserBinding::Off
            || (self.match_code != MatchCodePolicy::Required
                && self.same_network != SameNetworkPolicy::Required)
    }

    /// All policies with their values, as they are shown.
    pub fn entries(&self) -> [(&'static str, &'static str); 9] {
        [
            (FaceMatch::KEY, self.face_match.as_str()),
            (ChipProofPolicy::KEY, self.chip_proof.as_str()),
            (RevocationPolicy::KEY, self.revocation.as_str()),
            (ExpiredDocuments::KEY, self.expired_documents.as_str()),
            (BrowserBinding::KEY, self.browser_binding.as_str()),
            (MatchCodePolicy::KEY, self.match_code.as_str()),
            (DeviceProofPolicy::KEY, self.device_proof.as_str()),
            (SameNetworkPolicy::KEY, self.same_network.as_str()),
            (UserCodePolicy::KEY, self.user_code.as_str()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_and_values_list_the_known_ones() {
        let unknown_key =
            Policy::default().assign("facematch=off").map_err(|error| error.to_string());
        assert_eq!(
            unknown_key,
            Err("unknown policy `facematch`; known policies: face_match=required|off, \
                 chip_proof=when_available|required, revocation=report|strict, \
                 expired_documents=refuse|report, browser_binding=when_opened|required|off, \
                 match_code=when_supported|required|off, \
                 device_proof=when_available|required, same_network=report|required, \
                 user_code=offered|off"
                .to_owned())
        );
        let unknown_value =
            Policy::default().assign("face_match=no").map_err(|error| error.to_string());
        assert_eq!(
            unknown_value,
            Err("policy `face_match` does not take `no`; it takes: required, off".to_owned())
        );
    }

    #[test]
    fn each_policy_is_set_by_its_own_key() {
        let defaults = Policy::default().entries();
        assert_eq!(
            defaults.map(|(_, value)| value),
            [
                "required",
                "when_available",
                "report",
                "refuse",
                "when_opened",
                "when_supported",
                "when_available",
                "report",
                "offered"
            ]
        );
        let others = [
            "off", "required", "strict", "report", "off", "required", "required", "required", "off",
        ];
        for (at, (key, value)) in (0..).zip(defaults.map(|(key, _)| key).iter().zip(others)) {
            let mut expected = defaults;
            expected[at] = (key, value);
            let assigned = Policy::default().assign(&format!("{key}={value}"));
            assert_eq!(assigned.map(|policy| policy.entries()), Ok(expected));
        }
    }
}
