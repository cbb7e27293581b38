//! Allowances.

use std::sync::Arc;

use domain::time::Timestamp;

use super::Postgres;
use super::link::{params, query};
use super::row::Row;
use crate::allowances::{Allowances, Drawn, Rate};
use crate::backend::Answer;

impl Allowances for Postgres {
    fn draw_allowance(
        &self,
        name: &str,
        holder: &str,
        rate: Rate,
        want: u32,
        now: Timestamp,
    ) -> Answer<Drawn> {
        let about = Arc::new((name.to_owned(), holder.to_owned()));
        self.run(move |link| {
            let about = Arc::clone(&about);
            async move {
                let (name, holder) = (&about.0, &about.1);
                // A row to lock must be there; one that nothing was drawn from is spent since ever.
                let make = query(
                    "INSERT INTO allowances (name, holder, spent_until) VALUES ($1, $2, 0)
                     ON CONFLICT DO NOTHING",
                    params![name.clone(), holder.clone()],
                );
                let lock = query(
                    "SELECT * FROM allowances WHERE name = $1 AND holder = $2 FOR UPDATE",
                    params![name.clone(), holder.clone()],
                );
                let found = link.begin(vec![make, lock]).await?;
                let row = found.last().and_then(|rows| rows.first());
                let spent_until =
                    row.map(|row| Row::keyed("allowances", "holder", row).integer("spent_until"));
                let (spent_until, drawn) = rate.draw(spent_until.transpose()?, want, now);
                let spend = query(
                    "UPDATE allowances SET spent_until = $3 WHERE name = $1 AND holder = $2",
                    params![name.clone(), holder.clone(), spent_until],
                );
                link.commit(vec![spend]).await?;
                Ok(drawn)
            }
        })
    }
}
