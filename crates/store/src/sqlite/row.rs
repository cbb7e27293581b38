//! Decoding rows. Every failure names the table, the column and the row, and nothing else.

use std::cell::Cell;
use std::str::FromStr;

use domain::key::KeyedHash;
use domain::time::Timestamp;
use rusqlite::types::ValueRef;

use super::failure::{Failure, Outcome};
use crate::error::StoreError;

/// A row of a table whose primary key is the column `id`.
pub(super) struct Row<'a> {
    row: &'a rusqlite::Row<'a>,
    table: &'static str,
    key: &'static str,
    /// Where to look for the next column: decoding goes by the order of the columns, nearly.
    next: Cell<usize>,
}

impl<'a> Row<'a> {
    /// A row of `table`.
    pub(super) fn of(table: &'static str, row: &'a rusqlite::Row<'a>) -> Self {
        Self { row, table, key: "id", next: Cell::new(0) }
    }

    /// A row of `table`, which has another primary key than `id`.
    pub(super) fn keyed(
        table: &'static str,
        key: &'static str,
        row: &'a rusqlite::Row<'a>,
    ) -> Self {
        Self { row, table, key, next: Cell::new(0) }
    }

    /// The error that `column` cannot be read.
    pub(super) fn corrupt(&self, column: &'static str) -> Failure {
        let row = match self.row.get_ref(self.key) {
            Ok(ValueRef::Text(id)) => String::from_utf8_lossy(id).into_owned(),
            Ok(ValueRef::Blob(id)) => domain::key::hex(id),
            Ok(ValueRef::Integer(id)) => id.to_string(),
            _ => String::new(),
        };
        StoreError::Corrupt { table: self.table, column, row }.into()
    }

    /// The value of a column. By its name alone, the driver compares it with every other first.
    fn value(&self, column: &'static str) -> Outcome<ValueRef<'a>> {
        let (next, columns) = (self.next.get(), self.row.as_ref());
        let ahead = (next..columns.column_count())
            .find(|index| columns.column_name(*index).is_ok_and(|name| name == column));
        let index = ahead.map_or_else(|| columns.column_index(column), Ok)?;
        self.next.set(index + 1);
        Ok(self.row.get_ref(index)?)
    }

    /// `value`, or the error that `column` cannot be read.
    pub(super) fn known<T>(&self, column: &'static str, value: Option<T>) -> Outcome<T> {
        value.ok_or_else(|| self.corrupt(column))
    }

    pub(super) fn text(&self, column: &'static str) -> Outcome<&'a str> {
        self.known(column, self.optional_text(column)?)
    }

    pub(super) fn optional_text(&self, column: &'static str) -> Outcome<Option<&'a str>> {
        match self.value(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(text) => match std::str::from_utf8(text) {
                Ok(text) => Ok(Some(text)),
                Err(_) => Err(self.corrupt(column)),
            },
            _ => Err(self.corrupt(column)),
        }
    }

    /// A text that `parse` knows.
    pub(super) fn parsed<T>(
        &self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Outcome<T> {
        self.known(column, parse(self.text(column)?))
    }

    /// A text that `parse` knows, or nothing.
    pub(super) fn optional_parsed<T>(
        &self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Outcome<Option<T>> {
        match self.optional_text(column)? {
            Some(text) => self.known(column, parse(text)).map(Some),
            None => Ok(None),
        }
    }

    pub(super) fn id<T: FromStr>(&self, column: &'static str) -> Outcome<T> {
        self.parsed(column, |text| text.parse().ok())
    }

    pub(super) fn optional_id<T: FromStr>(&self, column: &'static str) -> Outcome<Option<T>> {
        self.optional_parsed(column, |text| text.parse().ok())
    }

    pub(super) fn integer(&self, column: &'static str) -> Outcome<i64> {
        self.known(column, self.optional_integer(column)?)
    }

    pub(super) fn optional_integer(&self, column: &'static str) -> Outcome<Option<i64>> {
        match self.value(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(value) => Ok(Some(value)),
            _ => Err(self.corrupt(column)),
        }
    }

    /// An integer within the bounds of `T`.
    pub(super) fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Outcome<T> {
        self.known(column, T::try_from(self.integer(column)?).ok())
    }

    pub(super) fn bool(&self, column: &'static str) -> Outcome<bool> {
        match self.integer(column)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.corrupt(column)),
        }
    }

    pub(super) fn time(&self, column: &'static str) -> Outcome<Timestamp> {
        Ok(Timestamp(self.integer(column)?))
    }

    pub(super) fn optional_time(&self, column: &'static str) -> Outcome<Option<Timestamp>> {
        Ok(self.optional_integer(column)?.map(Timestamp))
    }

    pub(super) fn bytes(&self, column: &'static str) -> Outcome<&'a [u8]> {
        match self.value(column)? {
            ValueRef::Blob(bytes) => Ok(bytes),
            _ => Err(self.corrupt(column)),
        }
    }

    /// 32 bytes.
    pub(super) fn digest(&self, column: &'static str) -> Outcome<[u8; 32]> {
        self.known(column, self.bytes(column)?.try_into().ok())
    }

    pub(super) fn optional_hash(&self, column: &'static str) -> Outcome<Option<KeyedHash>> {
        match self.value(column)? {
            ValueRef::Null => Ok(None),
            _ => Ok(Some(KeyedHash(self.digest(column)?))),
        }
    }
}
