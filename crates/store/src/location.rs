//! Where the database is.

use std::path::PathBuf;

/// Where the database is, as the configuration says it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Location {
    /// A file of SQLite.
    Sqlite(PathBuf),
}

/// The text names no database that can be opened. It is not repeated: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// A URL of PostgreSQL.
    #[error("this build speaks SQLite only; give sqlite:PATH instead of a PostgreSQL URL")]
    PostgresNotSupported,
    /// A URL of something else.
    #[error("unknown kind of database; give sqlite:PATH")]
    UnknownScheme,
    /// No path, or `:memory:`, which no second connection could share.
    #[error("the database needs the path of a file; give sqlite:PATH")]
    NoFile,
}

impl Location {
    /// Reads `sqlite:PATH` or a path.
    pub fn parse(text: &str) -> Result<Self, LocationError> {
        let path = if let Some(rest) = text.strip_prefix("sqlite:") {
            rest.strip_prefix("//").unwrap_or(rest)
        } else {
            match text.split_once("://") {
                Some(("postgres" | "postgresql", _)) => {
                    return Err(LocationError::PostgresNotSupported);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_sqlite_file() {
        let file = |path: &str| Ok(Location::Sqlite(PathBuf::from(path)));
        assert_eq!(Location::parse("sqlite:kayle.db"), file("kayle.db"));
        assert_eq!(Location::parse("sqlite:///var/lib/kayle.db"), file("/var/lib/kayle.db"));
        assert_eq!(Location::parse("/var/lib/kayle.db"), file("/var/lib/kayle.db"));
        assert_eq!(Location::parse("sqlite::memory:"), Err(LocationError::NoFile));
        assert_eq!(Location::parse(""), Err(LocationError::NoFile));
        assert_eq!(Location::parse("mysql://h/d"), Err(LocationError::UnknownScheme));
    }

    #[test]
    fn a_postgres_url_is_refused_without_repeating_its_password() {
        for url in ["postgres://kayle:hunter2@db/kayle", "postgresql://kayle:hunter2@db/kayle"] {
            let error = Location::parse(url);
            assert_eq!(error, Err(LocationError::PostgresNotSupported));
            assert!(!format!("{error:?}").contains("hunter2"));
        }
    }
}
