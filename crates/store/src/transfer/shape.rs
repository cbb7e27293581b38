//! Tables as two databases describe them.

use std::collections::{BTreeMap, BTreeSet};

/// A table or a column that one side has and the other has not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaDifference {
    /// A table of SQLite that PostgreSQL does not have.
    #[error("PostgreSQL has no table {0}")]
    MissingTable(String),
    /// A table of PostgreSQL that SQLite does not have.
    #[error("SQLite has no table {0}")]
    SurplusTable(String),
    /// A column of SQLite that PostgreSQL does not have.
    #[error("PostgreSQL has no column {0}.{1}")]
    MissingColumn(String, String),
    /// A column of PostgreSQL that SQLite does not have.
    #[error("SQLite has no column {0}.{1}")]
    SurplusColumn(String, String),
    /// A column of PostgreSQL has a type that is not copied.
    #[error("{0}.{1} has a type that cannot be moved")]
    Type(String, String),
    /// Tables refer to each other in a circle.
    #[error("table {0} refers to itself by way of others")]
    Circle(String),
}

/// How a value is written for PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    Boolean,
    Bytes,
}

/// A table of SQLite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SourceTable {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    /// The columns of the primary key, in its order.
    pub(super) key: Vec<String>,
    /// The tables that must be filled before this one.
    pub(super) refers_to: BTreeSet<String>,
}

/// Tables of PostgreSQL: the kind of each column, `None` for a type that is not copied.
pub(super) type TargetTables = BTreeMap<String, BTreeMap<String, Option<Kind>>>;

/// A table that both sides have with the same columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<(String, Kind)>,
    pub(super) key: Vec<String>,
}

impl Table {
    pub(super) fn kind(&self, column: &str) -> Option<Kind> {
        self.columns.iter().find(|(name, _)| name == column).map(|(_, kind)| *kind)
    }

    /// The columns that order the rows: the primary key, or all if there is none.
    pub(super) fn order(&self) -> impl Iterator<Item = &str> {
        let all = self.columns.iter().map(|(name, _)| name.as_str());
        let key = self.key.iter().map(String::as_str);
        key.chain(all.take(if self.key.is_empty() { usize::MAX } else { 0 }))
    }

    /// The columns for a statement, as `name` gives their names.
    pub(super) fn column_list<'a>(&'a self, name: impl Fn(&'a str) -> &'a str) -> String {
        let names: Vec<String> =
            self.columns.iter().map(|(column, _)| quoted(name(column))).collect();
        names.join(", ")
    }
}

/// What PostgreSQL calls a column of SQLite: `only` is a word of its own there.
pub(super) fn in_postgres(column: &str) -> &str {
    if column == "only" { "one" } else { column }
}

/// A name as SQL takes it, whatever it is.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The tables of both sides, those first that others refer to.
pub(super) fn matched(
    source: Vec<SourceTable>,
    target: &TargetTables,
) -> Result<Vec<Table>, SchemaDifference> {
    if let Some(name) = target.keys().find(|name| source.iter().all(|table| table.name != **name)) {
        return Err(SchemaDifference::SurplusTable(name.clone()));
    }
    ordered(source)?.into_iter().map(|table| compared(table, target)).collect()
}

fn compared(source: SourceTable, target: &TargetTables) -> Result<Table, SchemaDifference> {
    let SourceTable { name, columns, key, .. } = source;
    let Some(theirs) = target.get(&name) else {
        return Err(SchemaDifference::MissingTable(name));
    };
    let is_ours =
        |theirs: &&String| columns.iter().any(|ours| in_postgres(ours) == theirs.as_str());
    if let Some(column) = theirs.keys().find(|column| !is_ours(column)) {
        return Err(SchemaDifference::SurplusColumn(name, column.clone()));
    }
    let columns = columns.into_iter().map(|column| match theirs.get(in_postgres(&column)) {
        None => Err(SchemaDifference::MissingColumn(name.clone(), column)),
        Some(None) => Err(SchemaDifference::Type(name.clone(), column)),
        Some(Some(kind)) => Ok((column, *kind)),
    });
    let columns = columns.collect::<Result<_, _>>()?;
    Ok(Table { name, columns, key })
}

fn ordered(mut waiting: Vec<SourceTable>) -> Result<Vec<SourceTable>, SchemaDifference> {
    waiting.sort_by(|a, b| a.name.cmp(&b.name));
    let mut ready: Vec<SourceTable> = Vec::new();
    while !waiting.is_empty() {
        let free = waiting.iter().position(|table| {
            table
                .refers_to
                .iter()
                .all(|other| *other == table.name || ready.iter().any(|ready| ready.name == *other))
        });
        match free {
            Some(at) => ready.push(waiting.remove(at)),
            None => return Err(SchemaDifference::Circle(waiting.swap_remove(0).name)),
        }
    }
    Ok(ready)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    fn source(name: &str, columns: &[&str], refers_to: &[&str]) -> SourceTable {
        let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        SourceTable {
            name: name.to_owned(),
            columns: texts(columns),
            key: vec!["id".to_owned()],
            refers_to: refers_to.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn target(tables: &[(&str, &[&str])]) -> TargetTables {
        let columns = |names: &[&str]| {
            names.iter().map(|name| ((*name).to_owned(), Some(Kind::Text))).collect()
        };
        tables.iter().map(|(name, names)| ((*name).to_owned(), columns(names))).collect()
    }

    #[test]
    fn tables_come_after_those_they_refer_to() {
        let tables = vec![
            source("a", &["id"], &["c", "a"]),
            source("b", &["id"], &["a"]),
            source("c", &["id"], &[]),
        ];
        let target = target(&[("a", &["id"]), ("b", &["id"]), ("c", &["id"])]);
        let names: Vec<_> =
            matched(tables, &target).unwrap().into_iter().map(|table| table.name).collect();
        assert_eq!(names, ["c", "a", "b"]);
        let circle = vec![source("a", &["id"], &["b"]), source("b", &["id"], &["a"])];
        assert_eq!(ordered(circle), Err(SchemaDifference::Circle("a".to_owned())));
    }

    #[test]
    fn what_one_side_alone_has_is_an_error() {
        let (a, id, more) = ("a".to_owned(), &["id"][..], &["id", "more"][..]);
        let cases = [
            (vec![source("a", id, &[])], target(&[]), SchemaDifference::MissingTable(a.clone())),
            (vec![], target(&[("a", id)]), SchemaDifference::SurplusTable(a.clone())),
            (
                vec![source("a", more, &[])],
                target(&[("a", id)]),
                SchemaDifference::MissingColumn(a.clone(), "more".to_owned()),
            ),
            (
                vec![source("a", id, &[])],
                target(&[("a", more)]),
                SchemaDifference::SurplusColumn(a.clone(), "more".to_owned()),
            ),
        ];
        for (source, target, expected) in cases {
            assert_eq!(matched(source, &target), Err(expected));
        }
        let mut odd = target(&[("a", id)]);
        odd.get_mut("a").unwrap().insert("id".to_owned(), None);
        let expected = SchemaDifference::Type(a, "id".to_owned());
        assert_eq!(matched(vec![source("a", id, &[])], &odd), Err(expected));
    }
}
