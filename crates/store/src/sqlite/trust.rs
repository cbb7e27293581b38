//! Trust items and their generation.

use rusqlite::{Connection, params};

use super::Sqlite;
use super::failure::Outcome;
use super::row::Row;
use crate::backend::Answer;
use crate::trust::{ImportCounts, Trust, TrustItem, TrustKind};

const TABLE: &str = "trust_items";

impl Trust for Sqlite {
    fn import_trust(&self, items: Vec<TrustItem>) -> Answer<ImportCounts> {
        self.write(move |unit| {
            let mut counts = ImportCounts::default();
            for item in &items {
                import(unit.db, item, &mut counts)?;
            }
            if counts.added + counts.upgraded > 0 {
                unit.db
                    .prepare_cached("UPDATE trust_generation SET generation = generation + 1")?
                    .execute([])?;
            }
            Ok(counts)
        })
    }

    fn trust_items(&self) -> Answer<Vec<TrustItem>> {
        self.read(|db| {
            db.prepare_cached("SELECT * FROM trust_items ORDER BY fingerprint")?
                .query_and_then([], |row| decode(&Row::keyed(TABLE, "fingerprint", row)))?
                .collect()
        })
    }

    fn trust_generation(&self) -> Answer<u64> {
        self.read(|db| {
            db.prepare_cached("SELECT * FROM trust_generation")?
                .query_and_then([], |row| {
                    Row::keyed("trust_generation", "only", row).number("generation")
                })?
                .next()
                .unwrap_or(Ok(0))
        })
    }
}

fn import(db: &Connection, item: &TrustItem, counts: &mut ImportCounts) -> Outcome<()> {
    let verified: Option<bool> = db
        .prepare_cached("SELECT fingerprint, verified FROM trust_items WHERE fingerprint = ?1")?
        .query_and_then([item.fingerprint], |row| {
            Row::keyed(TABLE, "fingerprint", row).bool("verified")
        })?
        .next()
        .transpose()?;
    match verified {
        None => {
            db.prepare_cached(
                "INSERT INTO trust_items (fingerprint, kind, der, source, verified, imported_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                item.fingerprint,
                item.kind.as_str(),
                item.der,
                item.source,
                item.verified,
                item.imported_at.as_millis(),
            ])?;
            counts.added += 1;
        }
        Some(false) if item.verified => {
            db.prepare_cached(
                "UPDATE trust_items SET verified = TRUE, source = ?2, imported_at = ?3
                 WHERE fingerprint = ?1",
            )?
            .execute(params![
                item.fingerprint,
                item.source,
                item.imported_at.as_millis()
            ])?;
            counts.upgraded += 1;
        }
        Some(_) => counts.known += 1,
    }
    Ok(())
}

fn decode(row: &Row<'_>) -> Outcome<TrustItem> {
    Ok(TrustItem {
        fingerprint: row.digest("fingerprint")?,
        kind: row.parsed("kind", TrustKind::parse)?,
        der: row.bytes("der")?.to_vec(),
        source: row.text("source")?.to_owned(),
        verified: row.bool("verified")?,
        imported_at: row.time("imported_at")?,
    })
}
