//! The steps from an empty database to the current schema.

/// A step. One that was released never changes.
#[derive(Debug)]
pub(crate) struct Migration {
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

/// The migrations of these names, in their order, from the folder `migrations` beside the file.
macro_rules! migrations {
    ($($name:literal),+ $(,)?) => {
        &[$(crate::migration::Migration {
            name: $name,
            sql: include_str!(concat!("migrations/", $name, ".sql")),
        }),+]
    };
}
pub(crate) use migrations;

/// Which steps a database has behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationState {
    /// The number of the last step that was applied; 0 for an empty database, or none.
    pub found: i64,
    /// The number of the last step that this version knows.
    pub known: i64,
    /// The names of the steps that opening the database would apply.
    pub pending: Vec<&'static str>,
}

impl MigrationState {
    pub(crate) fn new(found: i64, steps: &[Migration]) -> Self {
        let pending = missing(found, steps).map(|(_, step)| step.name).collect();
        Self { found, known: known(steps), pending }
    }
}

/// The number of the last of `steps`.
pub(crate) fn known(steps: &[Migration]) -> i64 {
    i64::try_from(steps.len()).unwrap_or(i64::MAX)
}

/// The steps after the one with the number `found`, with their numbers.
pub(crate) fn missing(found: i64, steps: &[Migration]) -> impl Iterator<Item = (i64, &Migration)> {
    (1_i64..).zip(steps).skip_while(move |(number, _)| *number <= found)
}
