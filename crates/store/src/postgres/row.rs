//! Decoding rows. Every failure names the table, the column and the row, and nothing else.

use std::str::FromStr;

use domain::key::KeyedHash;
use domain::time::Timestamp;
use tokio_postgres::types::FromSql;

use super::failure::{Failure, Outcome};
use crate::error::StoreError;

/// A row of a table.
pub(super) struct Row<'a> {
    row: &'a tokio_postgres::Row,
    table: &'static str,
    key: &'static str,
}

impl<'a> Row<'a> {
    /// A row of `table`, whose primary key is the column `id`.
    pub(super) fn of(table: &'static str, row: &'a tokio_postgres::Row) -> Self {
        Self { row, table, key: "id" }
    }

    /// A row of `table`, which has another primary key than `id`.
    pub(super) fn keyed(
        table: &'static str,
        key: &'static str,
        row: &'a tokio_postgres::Row,
    ) -> Self {
        Self { row, table, key }
    }

    /// The error that `column` cannot be read.
    pub(super) fn corrupt(&self, column: &'static str) -> Failure {
        let text = self.row.try_get::<_, &str>(self.key).map(str::to_owned);
        let bytes = |_| self.row.try_get::<_, &[u8]>(self.key).map(domain::key::hex);
        let integer = |_| self.row.try_get::<_, i64>(self.key).map(|id| id.to_string());
        let row = text.or_else(bytes).or_else(integer).unwrap_or_default();
        StoreError::Corrupt { table: self.table, column, row }.into()
    }

    /// `value`, or the error that `column` cannot be read.
    pub(super) fn known<T>(&self, column: &'static str, value: Option<T>) -> Outcome<T> {
        value.ok_or_else(|| self.corrupt(column))
    }

    fn get<T: FromSql<'a>>(&self, column: &'static str) -> Outcome<T> {
        self.row.try_get(column).map_err(|_| self.corrupt(column))
    }

    pub(super) fn text(&self, column: &'static str) -> Outcome<&'a str> {
        self.get(column)
    }

    pub(super) fn optional_text(&self, column: &'static str) -> Outcome<Option<&'a str>> {
        self.get(column)
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
        self.get(column)
    }

    pub(super) fn optional_integer(&self, column: &'static str) -> Outcome<Option<i64>> {
        self.get(column)
    }

    /// An integer within the bounds of `T`.
    pub(super) fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Outcome<T> {
        self.known(column, T::try_from(self.integer(column)?).ok())
    }

    pub(super) fn bool(&self, column: &'static str) -> Outcome<bool> {
        self.get(column)
    }

    pub(super) fn time(&self, column: &'static str) -> Outcome<Timestamp> {
        Ok(Timestamp(self.integer(column)?))
    }

    pub(super) fn optional_time(&self, column: &'static str) -> Outcome<Option<Timestamp>> {
        Ok(self.optional_integer(column)?.map(Timestamp))
    }

    pub(super) fn bytes(&self, column: &'static str) -> Outcome<&'a [u8]> {
        self.get(column)
    }

    /// 32 bytes.
    pub(super) fn digest(&self, column: &'static str) -> Outcome<[u8; 32]> {
        self.known(column, self.bytes(column)?.try_into().ok())
    }

    pub(super) fn optional_hash(&self, column: &'static str) -> Outcome<Option<KeyedHash>> {
        match self.get::<Option<&[u8]>>(column)? {
            None => Ok(None),
            Some(bytes) => {
                self.known(column, bytes.try_into().ok()).map(|hash| Some(KeyedHash(hash)))
            }
        }
    }
}
