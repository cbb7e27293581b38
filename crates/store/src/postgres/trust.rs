//! Trust items, their sources and their generation.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use domain::audit::Entry;

use super::Postgres;
use super::audit::tell;
use super::failure::Outcome;
use super::link::{Link, Query, params, query};
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
    ) AS ranked
    WHERE place = 1 ORDER BY fingerprint";

const GENERATION: &str = "SELECT * FROM trust_generation";

impl Trust for Postgres {
    fn import_trust(&self, items: Vec<TrustItem>) -> Answer<ImportCounts> {
        let items = Arc::new(items);
        self.run(move |link| {
            let items = Arc::clone(&items);
            async move { import(&link, &items).await }
        })
    }

    fn update_trust(&self, update: TrustUpdate) -> Answer<()> {
        let update = Arc::new(update);
        self.run(move |link| {
            let update = Arc::clone(&update);
            async move {
                let locked = link.begin(vec![lock()]).await?;
                if generation(locked.first())? != update.generation {
                    let why = "the trust material was changed meanwhile";
                    return Err(StoreError::Conflict(why).into());
                }
                let mut writes = apply(&update);
                if changes(&update) {
                    let (next, at) = (update.generation + 1, update.source.imported_at);
                    writes.extend(tell(&[Entry::trust_changed(next, at)]));
                }
                link.commit(writes).await.map(drop)
            }
        })
    }

    fn trust_items(&self) -> Answer<Vec<TrustItem>> {
        self.run(|link| async move { items(&link.read(query(ITEMS, params![])).await?) })
    }

    fn trust_snapshot(&self) -> Answer<TrustSnapshot> {
        self.run(|link| async move {
            let reads = [
                GENERATION,
                ITEMS,
                "SELECT * FROM trust_sources ORDER BY name",
                "SELECT * FROM trust_vouchers ORDER BY source, fingerprint",
            ];
            let found = link.snapshot(reads.map(|read| query(read, params![])).into()).await?;
            let rows = |number: usize| found.get(number).map_or(&[][..], Vec::as_slice);
            Ok(TrustSnapshot {
                generation: generation(found.first())?,
                items: items(rows(1))?,
                sources: sources(rows(2))?,
                vouchers: vouchers(rows(3))?,
            })
        })
    }

    fn trust_generation(&self) -> Answer<u64> {
        self.run(|link| async move {
            let found = link.read(query(GENERATION, params![])).await?;
            generation(Some(&found))
        })
    }
}

/// The generation, and nobody else begins another until the transaction ends.
fn lock() -> Query {
    query("SELECT * FROM trust_generation FOR UPDATE", params![])
}

async fn import(link: &Link, items: &[TrustItem]) -> Outcome<ImportCounts> {
    let best = query(
        "SELECT fingerprint, bool_or(verified) AS verified FROM trust_vouchers GROUP BY fingerprint",
        params![],
    );
    let found = link.begin(vec![lock(), best]).await?;
    let best = found.last().into_iter().flatten().map(|row| {
        let row = Row::keyed("trust_vouchers", "fingerprint", row);
        Ok((row.digest("fingerprint")?, row.bool("verified")?))
    });
    let mut best = best.collect::<Outcome<HashMap<[u8; 32], bool>>>()?;
    let mut counts = ImportCounts::default();
    let sources: BTreeMap<&str, TrustSource> =
        items.iter().map(|item| (item.source.as_str(), source_of(item))).collect();
    let mut writes: Vec<Query> = sources.values().map(put_source).collect();
    for item in items {
        match best.get(&item.fingerprint) {
            None => counts.added += 1,
            Some(false) if item.verified => counts.upgraded += 1,
            Some(_) => {
                counts.known += 1;
                continue;
            }
        }
        best.insert(item.fingerprint, item.verified);
        writes.extend(put(&item.source, item));
    }
    if counts.added + counts.upgraded > 0
        && let Some(at) = items.iter().map(|item| item.imported_at).max()
    {
        writes.push(begin_generation());
        writes.extend(tell(&[Entry::trust_changed(generation(found.first())? + 1, at)]));
    }
    link.commit(writes).await?;
    Ok(counts)
}

fn apply(update: &TrustUpdate) -> Vec<Query> {
    let TrustUpdate { source, put: held, withdrawn, superseded, .. } = update;
    let mut writes = vec![put_source(source)];
    writes.extend(held.iter().flat_map(|item| put(&source.name, item)));
    writes.extend(withdrawn.iter().map(|fingerprint| {
        query(
            "DELETE FROM trust_vouchers WHERE source = $1 AND fingerprint = $2",
            params![source.name.clone(), fingerprint.to_vec()],
        )
    }));
    writes.extend(superseded.iter().map(|fingerprint| {
        query("DELETE FROM trust_vouchers WHERE fingerprint = $1", params![fingerprint.to_vec()])
    }));
    writes.push(query(
        "DELETE FROM trust_items i WHERE NOT EXISTS (
             SELECT FROM trust_vouchers v WHERE v.fingerprint = i.fingerprint)",
        params![],
    ));
    writes.push(query(
        "DELETE FROM trust_sources s WHERE NOT EXISTS (
             SELECT FROM trust_vouchers v WHERE v.source = s.name)",
        params![],
    ));
    if changes(update) {
        writes.push(begin_generation());
    }
    writes
}

/// Whether it begins a generation.
fn changes(update: &TrustUpdate) -> bool {
    update.put.len() + update.withdrawn.len() + update.superseded.len() > 0
}

fn source_of(item: &TrustItem) -> TrustSource {
    TrustSource { name: item.source.clone(), edition: None, imported_at: item.imported_at }
}

/// An edition that is not known does not erase one that was.
fn put_source(source: &TrustSource) -> Query {
    query(
        "INSERT INTO trust_sources AS old (name, edition, imported_at) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE
         SET edition = coalesce(excluded.edition, old.edition), imported_at = excluded.imported_at",
        params![source.name.clone(), source.edition, source.imported_at.as_millis()],
    )
}

fn put(source: &str, item: &TrustItem) -> [Query; 2] {
    let insert = query(
        "INSERT INTO trust_items (fingerprint, kind, der, imported_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (fingerprint) DO NOTHING",
        params![
            item.fingerprint.to_vec(),
            item.kind.as_str(),
            item.der.clone(),
            item.imported_at.as_millis(),
        ],
    );
    let vouch = query(
        "INSERT INTO trust_vouchers (source, fingerprint, verified) VALUES ($1, $2, $3)
         ON CONFLICT (source, fingerprint) DO UPDATE SET verified = excluded.verified",
        params![source.to_owned(), item.fingerprint.to_vec(), item.verified],
    );
    [insert, vouch]
}

fn begin_generation() -> Query {
    query("UPDATE trust_generation SET generation = generation + 1", params![])
}

fn generation(found: Option<&Vec<tokio_postgres::Row>>) -> Outcome<u64> {
    match found.and_then(|rows| rows.first()) {
        Some(row) => Row::keyed("trust_generation", "one", row).number("generation"),
        None => Ok(0),
    }
}

fn items(found: &[tokio_postgres::Row]) -> Outcome<Vec<TrustItem>> {
    found.iter().map(|row| decode(&Row::keyed(TABLE, "fingerprint", row))).collect()
}

fn sources(found: &[tokio_postgres::Row]) -> Outcome<Vec<TrustSource>> {
    let source = |row| {
        let row = Row::keyed("trust_sources", "name", row);
        Ok(TrustSource {
            name: row.text("name")?.to_owned(),
            edition: row.optional_integer("edition")?,
            imported_at: row.time("imported_at")?,
        })
    };
    found.iter().map(source).collect()
}

fn vouchers(found: &[tokio_postgres::Row]) -> Outcome<Vec<TrustVoucher>> {
    let voucher = |row| {
        let row = Row::keyed("trust_vouchers", "fingerprint", row);
        Ok(TrustVoucher {
            source: row.text("source")?.to_owned(),
            fingerprint: row.digest("fingerprint")?,
            verified: row.bool("verified")?,
        })
    };
    found.iter().map(voucher).collect()
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
