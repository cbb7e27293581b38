//! The audit trail: committed unlinked with the change that it tells of, and linked by one process
//! at a time.

use std::sync::Arc;

use domain::audit::{Entry, Head, Record};
use domain::time::Timestamp;

use super::failure::{Outcome, integer};
use super::link::{Link, Query, params, query};
use super::row::Row;
use super::{Postgres, Shared};
use crate::audit::AuditTrail;
use crate::backend::Answer;
use crate::page::MAX_PAGE;

/// The advisory lock of whoever links: "Kayl", 3.
const LINKING: &str = "SELECT pg_try_advisory_xact_lock(1264679276, 3) AS mine";

const HEAD: &str = "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1";

/// The texts of an entry: see [`Entry::columns`].
type Texts = [Option<String>; 7];

impl AuditTrail for Postgres {
    fn append_audit(&self, entry: Entry) -> Answer<()> {
        self.run(move |link| {
            let writes = tell(std::slice::from_ref(&entry));
            async move { link.apply(writes).await.map(drop) }
        })
    }

    fn read_audit(&self, after: u64, limit: u32) -> Answer<Vec<Record>> {
        self.run(move |link| async move {
            let read = query(
                "SELECT * FROM audit WHERE number > $1 ORDER BY number LIMIT $2",
                params![integer(after)?, i64::from(limit)],
            );
            link.read(read).await?.iter().map(|row| decode(&row_of(row))).collect()
        })
    }

    fn audit_head(&self) -> Answer<Head> {
        self.run(|link| async move { head(link.read(query(HEAD, params![])).await?.first()) })
    }

    fn count_unlinked_audit(&self) -> Answer<u64> {
        self.run(|link| async move {
            let count = query("SELECT count(*) AS count FROM audit_unlinked", params![]);
            let found = link.read(count).await?;
            let count: Option<i64> = found.first().map(|row| row.try_get("count")).transpose()?;
            Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
        })
    }

    fn link_audit(&self, limit: u32) -> Answer<u32> {
        let shared = Arc::clone(&self.shared);
        self.run(move |link| {
            let shared = Arc::clone(&shared);
            async move { link_some(&link, &shared, limit.min(MAX_PAGE)).await }
        })
    }
}

/// What writes the entries, to be linked later.
pub(super) fn tell(entries: &[Entry]) -> Vec<Query> {
    let insert = |entry: &Entry| {
        let [actor, action, organization, session, attempt, object, code] =
            entry.columns().map(|text| text.map(String::from));
        query(
            "INSERT INTO audit_unlinked
                 (at, actor, action, organization_id, session_id, attempt_id, object, code)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            params![
                entry.at.as_millis(),
                actor,
                action,
                organization,
                session,
                attempt,
                object,
                code,
            ],
        )
    };
    entries.iter().map(insert).collect()
}

/// Links the oldest entries to the end of the trail. The end is read under the lock.
async fn link_some(link: &Link, shared: &Shared, limit: u32) -> Outcome<u32> {
    let unlinked =
        query("SELECT * FROM audit_unlinked ORDER BY place LIMIT $1", params![i64::from(limit)]);
    let reads = vec![query(LINKING, params![]), query(HEAD, params![]), unlinked];
    let found = link.begin(reads).await?;
    let [mine, last, unlinked] = found.as_slice() else { return Ok(0) };
    let mine = mine.first().map(|row| row.try_get("mine")).transpose()?;
    if mine != Some(true) || unlinked.is_empty() {
        return Ok(0);
    }
    let mut head = head(last.first())?;
    let mut places = Vec::with_capacity(unlinked.len());
    let mut writes = Vec::with_capacity(unlinked.len() + 1);
    for row in unlinked {
        let row = Row::keyed("audit_unlinked", "place", row);
        let (at, texts) = (row.time("at")?, texts(&row)?);
        head = shared.chain.append_columns(&head, at, &texts);
        writes.push(insert(&head, at, texts)?);
        places.push(row.integer("place")?);
    }
    let linked = u32::try_from(places.len()).unwrap_or(limit);
    writes.push(query("DELETE FROM audit_unlinked WHERE place = ANY ($1)", params![places]));
    link.commit(writes).await?;
    Ok(linked)
}

fn insert(head: &Head, at: Timestamp, texts: Texts) -> Outcome<Query> {
    let [actor, action, organization, session, attempt, object, code] = texts;
    Ok(query(
        "INSERT INTO audit (number, at, actor, action, organization_id, session_id, attempt_id,
             object, code, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params![
            integer(head.number)?,
            at.as_millis(),
            actor,
            action,
            organization,
            session,
            attempt,
            object,
            code,
            head.hash.to_vec(),
        ],
    ))
}

fn head(last: Option<&tokio_postgres::Row>) -> Outcome<Head> {
    let Some(row) = last.map(row_of) else { return Ok(Head::START) };
    Ok(Head { number: row.number("number")?, hash: row.digest("hash")? })
}

fn row_of(row: &tokio_postgres::Row) -> Row<'_> {
    Row::keyed("audit", "number", row)
}

fn decode(row: &Row<'_>) -> Outcome<Record> {
    Ok(Record {
        number: row.number("number")?,
        at: row.time("at")?,
        columns: texts(row)?,
        hash: row.digest("hash")?,
    })
}

fn texts(row: &Row<'_>) -> Outcome<Texts> {
    let text =
        |column| -> Outcome<Option<String>> { Ok(row.optional_text(column)?.map(str::to_owned)) };
    Ok([
        text("actor")?,
        text("action")?,
        text("organization_id")?,
        text("session_id")?,
        text("attempt_id")?,
        text("object")?,
        text("code")?,
    ])
}
