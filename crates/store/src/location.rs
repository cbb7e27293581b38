//! Where the database is.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// Where the database is, as the configuration says it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Location {
    /// A file of SQLite.
    Sqlite(PathBuf),
    /// A database of a PostgreSQL server.
    Postgres(Box<PostgresUrl>),
}

/// A URL of PostgreSQL, taken apart. Its password is in no text that this type gives.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    pub(crate) config: Config,
    pub(crate) verify: Verify,
    pub(crate) root_certificates: Option<PathBuf>,
}

/// What is asked of the server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verify {
    /// Nothing: against listeners, not against who stands in between.
    Nothing,
    /// That an authority signed it.
    Authority,
    /// That an authority signed it for the host.
    Host,
}

/// The text names no database that can be opened. It is not repeated: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// A URL of PostgreSQL that cannot be read.
    #[error("the PostgreSQL URL cannot be read; give postgres://USER:PASSWORD@HOST:PORT/DATABASE")]
    PostgresUrl,
    /// An unknown `sslmode`.
    #[error("sslmode is one of disable, prefer, require, verify-ca, verify-full")]
    SslMode,
    /// A URL of something else.
    #[error("unknown kind of database; give sqlite:PATH or postgres://USER@HOST/DATABASE")]
    UnknownScheme,
    /// No path, or `:memory:`, which no second connection could share.
    #[error("the database needs the path of a file; give sqlite:PATH")]
    NoFile,
}

impl Location {
    /// Reads `postgres://…`, `postgresql://…`, `sqlite:PATH` or a path.
    pub fn parse(text: &str) -> Result<Self, LocationError> {
        let path = if let Some(rest) = text.strip_prefix("sqlite:") {
            rest.strip_prefix("//").unwrap_or(rest)
        } else {
            match text.split_once("://") {
                Some(("postgres" | "postgresql", _)) => {
                    return PostgresUrl::parse(text).map(|url| Self::Postgres(Box::new(url)));
                }
                Some(_) => return Err(LocationError::UnknownScheme),
                None => text,
            }
        };
        if path.is_empty() || path.starts_with(':') {
            return Err(LocationError::NoFile);
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }
}

impl PostgresUrl {
    /// Reads a URL as libpq does (PostgreSQL manual §34.1.1.2). `sslmode` and `sslrootcert` are
    /// read here, since the driver knows neither `verify-full` nor files.
    fn parse(text: &str) -> Result<Self, LocationError> {
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        let (mut mode, mut root_certificates) = (None, None);
        let mut others = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = Some(decoded(value)?),
                Some(("sslrootcert", value)) => {
                    root_certificates = Some(PathBuf::from(decoded(value)?));
                }
                _ => others.push(pair),
            }
        }
        let rest = if others.is_empty() {
            base.to_owned()
        } else {
            format!("{base}?{}", others.join("&"))
        };
        let mut config: Config = rest.parse().map_err(|_| LocationError::PostgresUrl)?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(LocationError::PostgresUrl);
        }
        // As libpq does it, a root certificate makes `require` check the chain.
        let (mode, verify) = match (mode.as_deref().unwrap_or("prefer"), &root_certificates) {
            ("disable", _) => (SslMode::Disable, Verify::Nothing),
            ("prefer", _) => (SslMode::Prefer, Verify::Nothing),
            ("require", None) => (SslMode::Require, Verify::Nothing),
            ("require", Some(_)) | ("verify-ca", _) => (SslMode::Require, Verify::Authority),
            ("verify-full", _) => (SslMode::Require, Verify::Host),
            _ => return Err(LocationError::SslMode),
        };
        config.ssl_mode(mode);
        Ok(Self { config, verify, root_certificates })
    }
}

/// Names the database, and neither user nor password.
impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        for (number, host) in self.config.get_hosts().iter().enumerate() {
            let separator = if number == 0 { "" } else { "," };
            match host {
                Host::Tcp(name) => write!(f, "{separator}{name}")?,
                Host::Unix(path) => write!(f, "{separator}{}", path.display())?,
            }
        }
        write!(f, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

fn decoded(value: &str) -> Result<String, LocationError> {
    let text = percent_decode_str(value).decode_utf8();
    text.map(|text| text.into_owned()).map_err(|_| LocationError::PostgresUrl)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_path_is_a_file_of_sqlite() {
        let file = |path: &str| Ok(Location::Sqlite(PathBuf::from(path)));
        assert_eq!(Location::parse("sqlite:kayle.db"), file("kayle.db"));
        assert_eq!(Location::parse("sqlite:///var/lib/kayle.db"), file("/var/lib/kayle.db"));
        assert_eq!(Location::parse("/var/lib/kayle.db"), file("/var/lib/kayle.db"));
        assert_eq!(Location::parse("sqlite::memory:"), Err(LocationError::NoFile));
        assert_eq!(Location::parse(""), Err(LocationError::NoFile));
        assert_eq!(Location::parse("mysql://h/d"), Err(LocationError::UnknownScheme));
    }

    fn postgres(text: &str) -> Result<PostgresUrl, LocationError> {
        Location::parse(text).map(|location| match location {
            Location::Postgres(url) => *url,
            Location::Sqlite(_) => panic!("{text} is no path"),
        })
    }

    #[test]
    fn the_password_of_a_url_is_in_no_text() {
        for scheme in ["postgres", "postgresql"] {
            let url = format!("{scheme}://kayle:hunter2@db.example:5433/kayle");
            let location = Location::parse(&url).unwrap();
            assert_eq!(format!("{location:?}"), "Postgres(postgres://db.example/kayle)");
            let parsed = postgres(&url).unwrap();
            assert_eq!(parsed.config.get_password(), Some(b"hunter2".as_slice()));
        }
        for broken in [
            "postgres://kayle:hunter2@db:port/kayle",
            "postgres://kayle:hunter2@db/kayle?unheard=of",
            "postgres://kayle:hunter2@db/kayle?sslmode=hunter2",
            "postgres:///kayle?password=hunter2",
        ] {
            let error = postgres(broken).unwrap_err();
            assert!(!format!("{error:?} {error}").contains("hunter2"), "{broken}");
        }
    }

    #[test]
    fn sslmode_says_what_is_asked_of_the_server() {
        let modes = [
            ("", SslMode::Prefer, Verify::Nothing),
            ("?sslmode=disable", SslMode::Disable, Verify::Nothing),
            ("?sslmode=require", SslMode::Require, Verify::Nothing),
            ("?sslmode=require&sslrootcert=%2Fca.pem", SslMode::Require, Verify::Authority),
            ("?connect_timeout=3&sslmode=verify-full", SslMode::Require, Verify::Host),
        ];
        for (query, mode, verify) in modes {
            let url = postgres(&format!("postgres://kayle@db/kayle{query}")).unwrap();
            assert_eq!((url.config.get_ssl_mode(), url.verify), (mode, verify), "{query}");
            let file = query.contains("rootcert").then(|| PathBuf::from("/ca.pem"));
            assert_eq!(url.root_certificates, file);
        }
        let allow = postgres("postgres://kayle@db/kayle?sslmode=allow");
        assert_eq!(allow, Err(LocationError::SslMode));
    }
}
