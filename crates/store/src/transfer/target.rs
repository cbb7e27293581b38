//! The PostgreSQL side: one transaction over an empty schema.

use std::collections::BTreeMap;
use std::pin::pin;

use bytes::Bytes;
use futures_util::{SinkExt, TryStreamExt};
use openssl::sha::Sha256;
use tokio::sync::mpsc;
use tokio_postgres::{Client, Transaction};

use super::shape::{Kind, Table, TargetTables, in_postgres, quoted};
use super::source::Batch;
use super::{MoveError, MovedTable};
use crate::postgres;

/// Rows that a migration leaves in an installation that nobody has used, as a condition.
const SEEDS: &[(&str, &str)] = &[("trust_generation", "generation = 0")];

/// What waits in PostgreSQL for a moment, and in SQLite for none: audit entries to be linked.
const WAITING: &str = "audit_unlinked";

/// A transaction that holds every other one away.
pub(super) struct Target<'a> {
    transaction: Transaction<'a>,
}

impl<'a> Target<'a> {
    pub(super) async fn begin(client: &'a mut Client) -> Result<Self, MoveError> {
        let transaction = client.transaction().await.map_err(failed)?;
        // A server that starts now waits here, and finds the installation moved.
        transaction
            .batch_execute(
                "SET LOCAL bytea_output = 'hex';
                 SET LOCAL statement_timeout = 0;
                 SET LOCAL idle_in_transaction_session_timeout = 0;
                 LOCK TABLE installation IN ACCESS EXCLUSIVE MODE",
            )
            .await
            .map_err(failed)?;
        Ok(Self { transaction })
    }

    /// The tables of the schema but for those that are PostgreSQL's own.
    pub(super) async fn tables(&self) -> Result<TargetTables, MoveError> {
        let rows = self
            .transaction
            .query(
                "SELECT c.table_name::text, c.column_name::text, c.data_type::text
                 FROM information_schema.columns c
                 JOIN information_schema.tables t USING (table_schema, table_name)
                 WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE'",
                &[],
            )
            .await
            .map_err(failed)?;
        let mut tables: TargetTables = BTreeMap::new();
        for row in rows {
            let [table, column, kind] = [0, 1, 2].map(|at| row.get::<_, String>(at));
            if table != postgres::SCHEMA_TABLE && table != WAITING {
                tables.entry(table).or_default().insert(column, kind_of(&kind));
            }
        }
        Ok(tables)
    }

    /// Deletes what the migrations wrote and nobody has changed.
    pub(super) async fn clear_seeds(&self) -> Result<(), MoveError> {
        for (table, condition) in SEEDS {
            let delete = format!("DELETE FROM {} WHERE {condition}", quoted(table));
            self.transaction.execute(&delete, &[]).await.map_err(failed)?;
        }
        Ok(())
    }

    /// A table that is not empty.
    pub(super) async fn first_with_rows(
        &self,
        tables: &[Table],
    ) -> Result<Option<String>, MoveError> {
        for table in tables.iter().map(|table| table.name.as_str()).chain([WAITING]) {
            let any = format!("SELECT EXISTS (SELECT FROM {})", quoted(table));
            if self.transaction.query_one(&any, &[]).await.map_err(failed)?.get(0) {
                return Ok(Some(table.to_owned()));
            }
        }
        Ok(None)
    }

    /// Writes the rows as they come.
    pub(super) async fn fill(
        &self,
        table: &Table,
        mut batches: mpsc::Receiver<Batch>,
        mut progress: impl FnMut(u64),
    ) -> Result<MovedTable, MoveError> {
        let copy =
            format!("COPY {} ({}) FROM STDIN", quoted(&table.name), table.column_list(in_postgres));
        let mut sink = pin!(self.transaction.copy_in::<_, Bytes>(&copy).await.map_err(failed)?);
        let (mut rows, mut hash) = (0, Sha256::new());
        while let Some(batch) = batches.recv().await {
            hash.update(&batch.lines);
            rows += batch.rows;
            sink.send(batch.lines).await.map_err(failed)?;
            progress(batch.rows);
        }
        sink.finish().await.map_err(failed)?;
        Ok(MovedTable { name: table.name.clone(), rows, sha256: hash.finish() })
    }

    /// What PostgreSQL holds now, in the order in which it was sent.
    pub(super) async fn read_back(&self, table: &Table) -> Result<MovedTable, MoveError> {
        let order: Vec<String> = table
            .order()
            .map(|column| match table.kind(column) {
                // By bytes, as SQLite orders texts.
                Some(Kind::Text) => format!("{} COLLATE \"C\"", quoted(in_postgres(column))),
                _ => quoted(in_postgres(column)),
            })
            .collect();
        let (columns, name) = (table.column_list(in_postgres), quoted(&table.name));
        let order = order.join(", ");
        let copy = format!("COPY (SELECT {columns} FROM {name} ORDER BY {order}) TO STDOUT");
        let mut lines = pin!(self.transaction.copy_out(&copy).await.map_err(failed)?);
        let (mut rows, mut hash) = (0, Sha256::new());
        while let Some(chunk) = lines.try_next().await.map_err(failed)? {
            // A line break within a value is escaped.
            rows += chunk.iter().filter(|byte| **byte == b'\n').count() as u64;
            hash.update(&chunk);
        }
        Ok(MovedTable { name: table.name.clone(), rows, sha256: hash.finish() })
    }

    /// Sets counters behind what was copied, and commits.
    pub(super) async fn commit(self, tables: &[Table]) -> Result<(), MoveError> {
        for table in tables {
            for (column, kind) in &table.columns {
                if *kind == Kind::Integer {
                    let column = in_postgres(column);
                    let set = format!(
                        "SELECT setval(pg_get_serial_sequence($1, $2), max({column}))
                         FROM {name} HAVING max({column}) > 0
                             AND pg_get_serial_sequence($1, $2) IS NOT NULL",
                        column = quoted(column),
                        name = quoted(&table.name),
                    );
                    let name = quoted(&table.name);
                    self.transaction.execute(&set, &[&name, &column]).await.map_err(failed)?;
                }
            }
        }
        self.transaction.commit().await.map_err(failed)
    }
}

fn kind_of(data_type: &str) -> Option<Kind> {
    match data_type {
        "text" => Some(Kind::Text),
        "bigint" | "integer" | "smallint" => Some(Kind::Integer),
        "boolean" => Some(Kind::Boolean),
        "bytea" => Some(Kind::Bytes),
        _ => None,
    }
}

fn failed(error: tokio_postgres::Error) -> MoveError {
    MoveError::Store(postgres::store_error(error))
}
