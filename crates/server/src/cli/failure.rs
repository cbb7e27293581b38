//! Why a command did not do what it was asked, as the operator reads it.

use std::fmt;
use std::path::Path;

use crate::settings::SettingsError;

/// A command that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) hint: String,
}

/// The kinds of failures; stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// The command line is wrong.
    Usage,
    /// A setting is wrong or unknown.
    Setting,
    /// A policy or its value is unknown.
    Policy,
    /// A colour, a logo, an address or an origin is refused.
    Branding,
    /// A domain does not say that it belongs to the organization.
    Domain,
    /// A scope is unknown.
    Scope,
    /// There is no organization or key with this id.
    NotFound,
    /// There is no data folder or database.
    NoData,
    /// The master secret cannot be read, or others can.
    MasterSecret,
    /// The database failed.
    Database,
    /// A file cannot be read or written.
    Io,
    /// Trust material cannot be used.
    Trust,
    /// A document's files cannot be found or named.
    Document,
    /// There is no reader, or no chip on it.
    Reader,
    /// What was given does not open the chip.
    ChipAccess,
    /// The chip was lost too often.
    TagLost,
    /// The chip does not do as it must.
    Chip,
    /// A description of a simulated chip is wrong.
    Description,
    /// The link is none, or is over.
    Link,
    /// A server cannot be reached, or answers something unexpected.
    Server,
    /// A step of the demo did not hold.
    Demo,
}

impl Code {
    fn as_str(self) -> &'static str {
        match self {
            Self::Usage => "USAGE",
            Self::Setting => "SETTING",
            Self::Policy => "POLICY",
            Self::Branding => "BRANDING",
            Self::Domain => "DOMAIN",
            Self::Scope => "SCOPE",
            Self::NotFound => "NOT_FOUND",
            Self::NoData => "NO_DATA",
            Self::MasterSecret => "MASTER_SECRET",
            Self::Database => "DATABASE",
            Self::Io => "IO",
            Self::Trust => "TRUST",
            Self::Document => "DOCUMENT",
            Self::Reader => "READER",
            Self::ChipAccess => "CHIP_ACCESS",
            Self::TagLost => "TAG_LOST",
            Self::Chip => "CHIP",
            Self::Description => "DESCRIPTION",
            Self::Link => "LINK",
            Self::Server => "SERVER",
            Self::Demo => "DEMO",
        }
    }

    /// 2 where the command line or a setting must change, 1 where the world must.
    pub(crate) fn exit(self) -> u8 {
        match self {
            Self::Usage
            | Self::Setting
            | Self::Policy
            | Self::Branding
            | Self::Scope
            | Self::Description => 2,
            _ => 1,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: hint.into() }
    }

    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Code::Usage, message, hint)
    }

    pub(crate) fn io(what: impl fmt::Display, error: &std::io::Error) -> Self {
        Self::new(Code::Io, format!("{what}: {error}"), "check that it exists and its permissions")
    }

    pub(crate) fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::io(path.display(), error)
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::new(Code::Setting, error.to_string(), error.hint())
    }
}

impl From<store::StoreError> for Failure {
    fn from(error: store::StoreError) -> Self {
        use store::StoreError as E;
        let hint = match &error {
            E::Unavailable | E::Refused(_) | E::Sqlstate(_) => {
                "check host, port, user, password and sslmode of --database, and that PostgreSQL runs \
                 there and lets this machine in"
            }
            _ => "check --data and --database; a running server does not stand in the way",
        };
        Self::new(Code::Database, with_causes(&error), hint)
    }
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Self {
        // clap writes `error: MESSAGE`, then tips and the usage, parted by empty lines.
        let text = error.render().to_string();
        let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
        let (message, rest) = text.split_once("\n\n").unwrap_or((text, ""));
        let rest: Vec<&str> = rest.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let hint = if rest.is_empty() { "try `kayle --help`".into() } else { rest.join("; ") };
        Self::usage(message.trim_end(), hint)
    }
}

/// An error and what it came from, in one line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
