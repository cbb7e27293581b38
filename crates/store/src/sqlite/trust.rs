//! Trust items, their sources and their generation.

use domain::audit::Entry;
use rusqlite::{Connection, params};

use super::Sqlite;
use super::failure::Outcome;
use super::row::Row;
use crate::backend::Answer;
use crate::error::StoreError;
use crate::trust::{
    ImportCounts, Trust, TrustItem, TrustKind, TrustSnapshot, TrustSource, TrustUpdate,
    TrustVoucher,
};

const TABLE: &str = "trust_items";

/// Each item once, with the best of its vouchers.
const ITEMS: &str = "
    SELECT fingerprint, kind, der, imported_at, verified, source FROM (
        SELECT item.*, voucher.verified, voucher.source, row_number() OVER (
            PARTITION BY item.fingerprint ORDER BY voucher.verified DESC, voucher.source
        ) AS place
        FROM trust_items AS item JOIN trust_vouchers AS voucher USING (fingerprint)
    )
    WHERE place = 1 ORDER BY fingerprint";

impl Trust for Sqlite {
    fn import_trust(&self, items: Vec<TrustItem>) -> Answer<ImportCounts> {
        self.write(move |unit| {
            let mut counts = ImportCounts::default();
            for item in &items {
                put_source(unit.db, &source_of(item))?;
                import(unit.db, item, &mut counts)?;
            }
            if counts.added + counts.upgraded > 0
                && let Some(at) = items.iter().map(|item| item.imported_at).max()
            {
                begin_generation(unit.db)?;
                unit.tell(Entry::trust_changed(generation(unit.db)?, at));
            }
            Ok(counts)
        })
    }

    fn update_trust(&self, update: TrustUpdate) -> Answer<()> {
        self.write(move |unit| {
            if generation(unit.db)? != update.generation {
                return Err(StoreError::Conflict("the trust material was changed meanwhile").into());
            }
            apply(unit.db, &update)?;
            let now = generation(unit.db)?;
            if now != update.generation {
                unit.tell(Entry::trust_changed(now, update.source.imported_at));
            }
            Ok(())
        })
    }

    fn trust_items(&self) -> Answer<Vec<TrustItem>> {
        self.read(items)
    }

    fn trust_snapshot(&self) -> Answer<TrustSnapshot> {
        self.read(|db| {
            Ok(TrustSnapshot {
                generation: generation(db)?,
                items: items(db)?,
                sources: sources(db)?,
                vouchers: vouchers(db)?,
            })
        })
    }

    fn trust_generation(&self) -> Answer<u64> {
        self.glance(generation)
    }
}

fn import(db: &Connection, item: &TrustItem, counts: &mut ImportCounts) -> Outcome<()> {
    match best_voucher(db, item)? {
        None => counts.added += 1,
        Some(false) if item.verified => counts.upgraded += 1,
        Some(_) => {
            counts.known += 1;
            return Ok(());
        }
    }
    put(db, &item.source, item)
}

/// Whether the item is there, and then whether it is verified by any source.
fn best_voucher(db: &Connection, item: &TrustItem) -> Outcome<Option<bool>> {
    db.prepare_cached(
        "SELECT fingerprint, max(verified) AS verified FROM trust_vouchers
         WHERE fingerprint = ?1 GROUP BY fingerprint",
    )?
    .query_and_then([item.fingerprint], |row| {
        Row::keyed("trust_vouchers", "fingerprint", row).bool("verified")
    })?
    .next()
    .transpose()
}

fn apply(db: &Connection, update: &TrustUpdate) -> Outcome<()> {
    let TrustUpdate { source, put: held, withdrawn, superseded, .. } = update;
    put_source(db, source)?;
    for item in held {
        put(db, &source.name, item)?;
    }
    for fingerprint in withdrawn {
        db.prepare_cached("DELETE FROM trust_vouchers WHERE source = ?1 AND fingerprint = ?2")?
            .execute(params![source.name, fingerprint])?;
    }
    for fingerprint in superseded {
        db.prepare_cached("DELETE FROM trust_vouchers WHERE fingerprint = ?1")?
            .execute([fingerprint])?;
    }
    db.prepare_cached(
        "DELETE FROM trust_items WHERE fingerprint NOT IN (SELECT fingerprint FROM trust_vouchers)",
    )?
    .execute([])?;
    db.prepare_cached(
        "DELETE FROM trust_sources WHERE name NOT IN (SELECT source FROM trust_vouchers)",
    )?
    .execute([])?;
    if held.len() + withdrawn.len() + superseded.len() > 0 {
        begin_generation(db)?;
    }
    Ok(())
}

fn source_of(item: &TrustItem) -> TrustSource {
    TrustSource { name: item.source.clone(), edition: None, imported_at: item.imported_at }
}

/// An edition that is not known does not erase one that was.
fn put_source(db: &Connection, source: &TrustSource) -> Outcome<()> {
    db.prepare_cached(
        "INSERT INTO trust_sources (name, edition, imported_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (name) DO UPDATE
         SET edition = coalesce(excluded.edition, edition), imported_at = excluded.imported_at",
    )?
    .execute(params![source.name, source.edition, source.imported_at.as_millis()])?;
    Ok(())
}

fn put(db: &Connection, source: &str, item: &TrustItem) -> Outcome<()> {
    db.prepare_cached(
        "INSERT INTO trust_items (fingerprint, kind, der, imported_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (fingerprint) DO NOTHING",
    )?
    .execute(params![
        item.fingerprint,
        item.kind.as_str(),
        item.der,
        item.imported_at.as_millis()
    ])?;
    db.prepare_cached(
        "INSERT INTO trust_vouchers (source, fingerprint, verified) VALUES (?1, ?2, ?3)
         ON CONFLICT (source, fingerprint) DO UPDATE SET verified = excluded.verified",
    )?
    .execute(params![source, item.fingerprint, item.verified])?;
    Ok(())
}

fn begin_generation(db: &Connection) -> Outcome<()> {
    db.prepare_cached("UPDATE trust_generation SET generation = generation + 1")?.execute([])?;
    Ok(())
}

fn generation(db: &Connection) -> Outcome<u64> {
    db.prepare_cached("SELECT * FROM trust_generation")?
        .query_and_then([], |row| Row::keyed("trust_generation", "only", row).number("generation"))?
        .next()
        .unwrap_or(Ok(0))
}

fn items(db: &Connection) -> Outcome<Vec<TrustItem>> {
    db.prepare_cached(ITEMS)?
        .query_and_then([], |row| decode(&Row::keyed(TABLE, "fingerprint", row)))?
        .collect()
}

fn sources(db: &Connection) -> Outcome<Vec<TrustSource>> {
    db.prepare_cached("SELECT * FROM trust_sources ORDER BY name")?
        .query_and_then([], |row| {
            let row = Row::keyed("trust_sources", "name", row);
            Ok(TrustSource {
                name: row.text("name")?.to_owned(),
                edition: row.optional_integer("edition")?,
                imported_at: row.time("imported_at")?,
            })
        })?
        .collect()
}

fn vouchers(db: &Connection) -> Outcome<Vec<TrustVoucher>> {
    db.prepare_cached("SELECT * FROM trust_vouchers ORDER BY source, fingerprint")?
        .query_and_then([], |row| {
            let row = Row::keyed("trust_vouchers", "fingerprint", row);
            Ok(TrustVoucher {
                source: row.text("source")?.to_owned(),
                fingerprint: row.digest("fingerprint")?,
                verified: row.bool("verified")?,
            })
        })?
        .collect()
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
