//! Allowances.

use domain::time::Timestamp;
use rusqlite::params;

use super::Sqlite;
use super::row::Row;
use crate::allowances::{Allowances, Drawn, Rate};
use crate::backend::Answer;

impl Allowances for Sqlite {
    fn draw_allowance(
        &self,
        name: &str,
        holder: &str,
        rate: Rate,
        want: u32,
        now: Timestamp,
    ) -> Answer<Drawn> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.write(move |unit| {
            let spent_until = unit
                .db
                .prepare_cached("SELECT * FROM allowances WHERE name = ?1 AND holder = ?2")?
                .query_and_then([&name, &holder], |row| {
                    Row::keyed("allowances", "holder", row).integer("spent_until")
                })?
                .next()
                .transpose()?;
            let (spent_until, drawn) = rate.draw(spent_until, want, now);
            unit.db
                .prepare_cached(
                    "INSERT INTO allowances (name, holder, spent_until) VALUES (?1, ?2, ?3)
                     ON CONFLICT (name, holder) DO UPDATE SET spent_until = excluded.spent_until",
                )?
                .execute(params![name, holder, spent_until])?;
            Ok(drawn)
        })
    }
}
