//! What an organization decides once for all its sessions.

use std::fmt;

/// Whether the chip's portrait must be matched with a selfie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FaceMatch {
    /// The portrait must match: the default.
    #[default]
    Required,
    /// No match is made; the assurance of every verdict says so.
    Off,
}

/// The policies of an organization. A session keeps those it was created under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Policy {
    /// `face_match = required | off`.
    pub face_match: FaceMatch,
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
        f.write_str("face_match=required|off")
    }
}

impl FaceMatch {
    /// The value as it is written and stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Off => "off",
        }
    }

    /// Reads a value.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        match text {
            "required" => Ok(Self::Required),
            "off" => Ok(Self::Off),
            other => Err(PolicyError::UnknownValue {
                key: "face_match",
                value: other.to_owned(),
                known: "required, off",
            }),
        }
    }
}

impl Policy {
    /// Applies one `KEY=VALUE`.
    pub fn assign(mut self, assignment: &str) -> Result<Self, PolicyError> {
        let (key, value) = assignment
            .split_once('=')
            .ok_or_else(|| PolicyError::NotAnAssignment(assignment.to_owned()))?;
        match key.trim() {
            "face_match" => self.face_match = FaceMatch::parse(value.trim())?,
            other => return Err(PolicyError::UnknownKey(other.to_owned())),
        }
        Ok(self)
    }

    /// All policies with their values, as they are shown.
    pub fn entries(&self) -> [(&'static str, &'static str); 1] {
        [("face_match", self.face_match.as_str())]
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
            Err("unknown policy `facematch`; known policies: face_match=required|off".to_owned())
        );
        let unknown_value =
            Policy::default().assign("face_match=no").map_err(|error| error.to_string());
        assert_eq!(
            unknown_value,
            Err("policy `face_match` does not take `no`; it takes: required, off".to_owned())
        );
        assert_eq!(
            Policy::default().assign("face_match=off"),
            Ok(Policy { face_match: FaceMatch::Off })
        );
    }
}
