//! The audit trail: linked by the writer, in the transaction that it tells of.

use domain::audit::{Chain, Entry, Head, Record};
use rusqlite::{Connection, params};

use super::Sqlite;
use super::failure::{Outcome, integer};
use super::row::Row;
use crate::audit::AuditTrail;
use crate::backend::Answer;

impl AuditTrail for Sqlite {
    fn append_audit(&self, entry: Entry) -> Answer<()> {
        self.write(move |unit| {
            unit.tell(entry);
            Ok(())
        })
    }

    fn read_audit(&self, after: u64, limit: u32) -> Answer<Vec<Record>> {
        self.read(move |db| {
            db.prepare_cached("SELECT * FROM audit WHERE number > ?1 ORDER BY number LIMIT ?2")?
                .query_and_then(params![integer(after)?, limit], |row| decode(&row_of(row)))?
                .collect()
        })
    }

    fn audit_head(&self) -> Answer<Head> {
        self.read(head)
    }

    fn count_unlinked_audit(&self) -> Answer<u64> {
        Box::pin(std::future::ready(Ok(0)))
    }

    fn link_audit(&self, _limit: u32) -> Answer<u32> {
        Box::pin(std::future::ready(Ok(0)))
    }
}

/// Links the entries to the end of the trail. The end is read each time: another process may have
/// written since.
pub(super) fn append(db: &Connection, chain: &Chain, entries: &[Entry]) -> Outcome<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut head = head(db)?;
    let mut insert = db.prepare_cached(
        "INSERT INTO audit (number, at, actor, action, organization_id, session_id, attempt_id,
             object, code, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    for entry in entries {
        head = chain.append(&head, entry);
        let [actor, action, organization, session, attempt, object, code] = entry.columns();
        insert.execute(params![
            integer(head.number)?,
            entry.at.as_millis(),
            actor.as_deref(),
            action.as_deref(),
            organization.as_deref(),
            session.as_deref(),
            attempt.as_deref(),
            object.as_deref(),
            code.as_deref(),
            head.hash,
        ])?;
    }
    Ok(())
}

fn head(db: &Connection) -> Outcome<Head> {
    db.prepare_cached("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1")?
        .query_and_then([], |row| {
            let row = row_of(row);
            Ok(Head { number: row.number("number")?, hash: row.digest("hash")? })
        })?
        .next()
        .unwrap_or(Ok(Head::START))
}

fn row_of<'a>(row: &'a rusqlite::Row<'a>) -> Row<'a> {
    Row::keyed("audit", "number", row)
}

fn decode(row: &Row<'_>) -> Outcome<Record> {
    let text =
        |column| -> Outcome<Option<String>> { Ok(row.optional_text(column)?.map(str::to_owned)) };
    Ok(Record {
        number: row.number("number")?,
        at: row.time("at")?,
        columns: [
            text("actor")?,
            text("action")?,
            text("organization_id")?,
            text("session_id")?,
            text("attempt_id")?,
            text("object")?,
            text("code")?,
        ],
        hash: row.digest("hash")?,
    })
}
