//! Migrations: forward only, all in one transaction, one process at a time.

use tokio_postgres::Client;

use super::failure::Outcome;
use crate::error::StoreError;
use crate::migration::{self, Migration, MigrationState, migrations};

const MIGRATIONS: &[Migration] = migrations![
    "0001_initial",
    "0002_binding",
    "0003_audit",
    "0004_allowances",
    "0005_page",
    "0006_branding",
    "0007_user_code_policy"
];

/// The advisory lock of whoever migrates: "Kayl", 1.
const LOCK: &str = "SELECT pg_advisory_xact_lock(1264679276, 1)";

/// The table that the steps are written down in.
pub(crate) const SCHEMA_TABLE: &str = "kayle_schema";

/// Makes it.
const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS kayle_schema (
    version bigint PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)";

/// Applies the missing steps. Of several processes that start at once, one migrates and the
/// others find it done.
pub(super) async fn run(client: &mut Client) -> Outcome<()> {
    let transaction = client.transaction().await?;
    // A step may take its time, and so may the process that does it.
    transaction
        .batch_execute("SET LOCAL lock_timeout = '120s'; SET LOCAL statement_timeout = 0")
        .await?;
    transaction.batch_execute(LOCK).await?;
    let found = schema_of(transaction.client()).await?;
    for (number, step) in migration::missing(found, MIGRATIONS) {
        transaction.batch_execute(SCHEMA).await?;
        transaction.batch_execute(step.sql).await?;
        transaction
            .execute(
                "INSERT INTO kayle_schema (version, name) VALUES ($1, $2)",
                &[&number, &step.name],
            )
            .await?;
        tracing::info!(step = step.name, "the database's schema was changed");
    }
    Ok(transaction.commit().await?)
}

/// What there is and what is missing; changes nothing.
pub(super) async fn state(client: &Client) -> Outcome<MigrationState> {
    Ok(MigrationState::new(schema_of(client).await?, MIGRATIONS))
}

/// The number of the last step that was applied. Other programs' tables in the same schema are
/// none of ours to live beside, except those of extensions.
async fn schema_of(client: &Client) -> Outcome<i64> {
    let row = client
        .query_one(
            "SELECT
                 (SELECT count(*) FROM pg_class c
                  WHERE c.relnamespace = current_schema()::regnamespace
                      AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
                      AND NOT EXISTS (
                          SELECT FROM pg_depend d
                          WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                              AND d.deptype = 'e')) AS tables,
                 to_regclass(quote_ident(current_schema()) || '.kayle_schema') IS NOT NULL AS ours",
            &[],
        )
        .await?;
    let (tables, ours): (i64, bool) = (row.try_get("tables")?, row.try_get("ours")?);
    if !ours {
        return if tables == 0 { Ok(0) } else { Err(StoreError::UnsupportedDatabase.into()) };
    }
    let row = client.query_one("SELECT coalesce(max(version), 0) FROM kayle_schema", &[]).await?;
    let (found, known) = (row.try_get(0)?, migration::known(MIGRATIONS));
    if found > known { Err(StoreError::TooNew { found, known }.into()) } else { Ok(found) }
}
