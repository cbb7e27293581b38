//! The SQLite side: an exclusive hold on the file, and rows as `COPY` takes them.

use std::collections::BTreeSet;
use std::path::Path;

use bytes::Bytes;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use tokio::sync::mpsc;

use super::MoveError;
use super::shape::{Kind, SourceTable, Table, quoted};
use crate::error::StoreError;
use crate::sqlite;

/// Batches are about this long.
const BATCH_BYTES: usize = 256 << 10;

/// An SQLite file that no other process has open.
pub(super) struct Source {
    db: Connection,
}

/// Some rows, as lines of `COPY`.
pub(super) struct Batch {
    pub(super) lines: Bytes,
    pub(super) rows: u64,
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Self, MoveError> {
        if !path.is_file() {
            return Err(MoveError::NoSource);
        }
        match sqlite::open_alone(path) {
            Ok((_, schema)) if !schema.pending.is_empty() => {
                Err(MoveError::SourcePending { found: schema.found, known: schema.known })
            }
            Ok((db, _)) => Ok(Self { db }),
            Err(StoreError::Busy) => Err(MoveError::SourceInUse),
            Err(error) => Err(error.into()),
        }
    }

    /// The tables, in the order of their names.
    pub(super) fn tables(&self) -> Result<Vec<SourceTable>, StoreError> {
        let names = self.texts(
            "SELECT name FROM sqlite_schema
             WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
            &[],
        )?;
        names.into_iter().map(|name| self.table(name)).collect()
    }

    fn table(&self, name: String) -> Result<SourceTable, StoreError> {
        let of = |query| self.texts(query, &[&name]);
        let columns = of("SELECT name FROM pragma_table_info(?1) ORDER BY cid")?;
        let key = of("SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk")?;
        let refers_to: BTreeSet<String> =
            of("SELECT \"table\" FROM pragma_foreign_key_list(?1)")?.into_iter().collect();
        Ok(SourceTable { name, columns, key, refers_to })
    }

    fn texts(&self, query: &str, of: &[&String]) -> Result<Vec<String>, StoreError> {
        let read = || -> rusqlite::Result<Vec<String>> {
            let mut statement = self.db.prepare(query)?;
            let rows = statement.query_map(rusqlite::params_from_iter(of), |row| row.get(0))?;
            rows.collect()
        };
        read().map_err(sqlite::store_error)
    }

    /// How many rows a table has.
    pub(super) fn count(&self, table: &Table) -> Result<u64, StoreError> {
        let query = format!("SELECT count(*) FROM {}", quoted(&table.name));
        let count: i64 =
            self.db.query_row(&query, [], |row| row.get(0)).map_err(sqlite::store_error)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Sends all rows of a table in the order of its primary key, and gives the file back. Ends
    /// early if nobody receives any more.
    pub(super) fn read(
        self,
        table: &Table,
        batches: &mpsc::Sender<Batch>,
    ) -> Result<Self, MoveError> {
        let order: Vec<String> = table.order().map(quoted).collect();
        let (columns, name) = (table.column_list(|name| name), quoted(&table.name));
        let query = format!("SELECT {columns} FROM {name} ORDER BY {}", order.join(", "));
        {
            let mut statement = self.db.prepare(&query).map_err(sqlite::store_error)?;
            let mut rows = statement.query([]).map_err(sqlite::store_error)?;
            let (mut lines, mut count) = (Vec::new(), 0);
            while let Some(row) = rows.next().map_err(sqlite::store_error)? {
                write_line(table, row, &mut lines)?;
                count += 1;
                if lines.len() >= BATCH_BYTES {
                    let batch = Batch { lines: std::mem::take(&mut lines).into(), rows: count };
                    count = 0;
                    if batches.blocking_send(batch).is_err() {
                        break;
                    }
                }
            }
            // Whoever receives no more has a better reason to give.
            let _ = batches.blocking_send(Batch { lines: lines.into(), rows: count });
        }
        Ok(self)
    }
}

/// One line of `COPY`'s text format, exactly as PostgreSQL writes it.
fn write_line(table: &Table, row: &rusqlite::Row<'_>, line: &mut Vec<u8>) -> Result<(), MoveError> {
    for (at, (column, kind)) in table.columns.iter().enumerate() {
        if at > 0 {
            line.push(b'\t');
        }
        let value = row.get_ref(at).map_err(sqlite::store_error)?;
        write_value(*kind, value, line).ok_or_else(|| MoveError::Unfit {
            table: table.name.clone(),
            column: column.clone(),
            row: key_of(table, row),
        })?;
    }
    line.push(b'\n');
    Ok(())
}

/// The primary key of a row, for a message: ids, numbers and hashes.
fn key_of(table: &Table, row: &rusqlite::Row<'_>) -> String {
    let part = |column: &String| match row.get_ref(column.as_str()) {
        Ok(ValueRef::Integer(number)) => number.to_string(),
        Ok(ValueRef::Text(text)) => String::from_utf8_lossy(text).escape_default().to_string(),
        Ok(ValueRef::Blob(bytes)) => domain::key::hex(bytes),
        Ok(ValueRef::Null | ValueRef::Real(_)) | Err(_) => "?".to_owned(),
    };
    table.key.iter().map(part).collect::<Vec<_>>().join(" ")
}

/// `None` if PostgreSQL cannot hold the value.
fn write_value(kind: Kind, value: ValueRef<'_>, line: &mut Vec<u8>) -> Option<()> {
    match (kind, value) {
        (_, ValueRef::Null) => line.extend_from_slice(b"\\N"),
        (Kind::Boolean, ValueRef::Integer(0)) => line.push(b'f'),
        (Kind::Boolean, ValueRef::Integer(1)) => line.push(b't'),
        (Kind::Integer, ValueRef::Integer(number)) => {
            line.extend_from_slice(number.to_string().as_bytes());
        }
        (Kind::Text, ValueRef::Text(text)) => {
            std::str::from_utf8(text).ok()?;
            for byte in text {
                match byte {
                    0 => return None,
                    b'\\' => line.extend_from_slice(b"\\\\"),
                    0x08 => line.extend_from_slice(b"\\b"),
                    0x0c => line.extend_from_slice(b"\\f"),
                    b'\n' => line.extend_from_slice(b"\\n"),
                    b'\r' => line.extend_from_slice(b"\\r"),
                    b'\t' => line.extend_from_slice(b"\\t"),
                    0x0b => line.extend_from_slice(b"\\v"),
                    other => line.push(*other),
                }
            }
        }
        (Kind::Bytes, ValueRef::Blob(bytes)) => {
            line.extend_from_slice(b"\\\\x");
            line.extend_from_slice(domain::key::hex(bytes).as_bytes());
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    fn written(kind: Kind, value: ValueRef<'_>) -> Option<String> {
        let mut line = Vec::new();
        write_value(kind, value, &mut line)?;
        Some(String::from_utf8(line).unwrap())
    }

    #[test]
    fn values_are_written_as_copy_writes_them() {
        let text = |text: &'static str| written(Kind::Text, ValueRef::Text(text.as_bytes()));
        assert_eq!(text("plain ä").unwrap(), "plain ä");
        assert_eq!(text("\\N\t\n\r\u{8}\u{b}\u{c}").unwrap(), r"\\N\t\n\r\b\v\f");
        assert_eq!(text("a\0b"), None);
        assert_eq!(written(Kind::Text, ValueRef::Text(&[0xff])), None);
        assert_eq!(written(Kind::Bytes, ValueRef::Blob(&[0, 0xab])).unwrap(), r"\\x00ab");
        assert_eq!(written(Kind::Bytes, ValueRef::Null).unwrap(), r"\N");
        assert_eq!(
            written(Kind::Integer, ValueRef::Integer(i64::MIN)).unwrap(),
            "-9223372036854775808"
        );
        assert_eq!(written(Kind::Boolean, ValueRef::Integer(1)).unwrap(), "t");
        assert_eq!(written(Kind::Boolean, ValueRef::Integer(2)), None);
        assert_eq!(written(Kind::Integer, ValueRef::Real(1.0)), None);
    }
}
