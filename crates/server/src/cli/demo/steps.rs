//! What was done, and how long it took.

use std::time::Duration;

use domain::time::Timestamp;
use serde_json::{Value, json};

use crate::cli::outcome::{note, print_line};
use crate::cli::table;
use crate::clock::{Clock, SystemClock};

/// The steps of a demo. Where programs read stdout, people are told on stderr.
pub(super) struct Steps {
    began: Timestamp,
    last: Timestamp,
    done: Vec<(String, u128)>,
    for_programs: bool,
}

impl Steps {
    pub(super) fn new(for_programs: bool) -> Self {
        let now = SystemClock.now();
        Self { began: now, last: now, done: Vec::new(), for_programs }
    }

    /// Ends a step.
    pub(super) fn done(&mut self, step: impl Into<String>) {
        let step = step.into();
        let now = SystemClock.now();
        let took = now.since(self.last).as_millis();
        self.last = now;
        self.add(step, took);
    }

    /// Ends a step of which parts are known, each with its milliseconds: they are steps of their
    /// own, and `rest` is what remains.
    pub(super) fn done_in_part(&mut self, parts: Vec<(String, u64)>, rest: impl Into<String>) {
        for (step, took) in parts {
            let until = self.last + Duration::from_millis(took);
            // Another clock may have been faster than this one.
            if until > SystemClock.now() {
                break;
            }
            self.last = until;
            self.add(step, took.into());
        }
        self.done(rest);
    }

    fn add(&mut self, step: String, took: u128) {
        self.say(format!("{took:5} ms  {step}"));
        self.done.push((step, took));
    }

    pub(super) fn say(&self, line: impl AsRef<str>) {
        if self.for_programs {
            note(line.as_ref());
        } else {
            // Whoever closed stdout does not want to hear it.
            let _ = print_line(line.as_ref());
        }
    }

    pub(super) fn total_ms(&self) -> u64 {
        u64::try_from(self.last.since(self.began).as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn table(&self) -> String {
        let mut rows = vec![["STEP".to_owned(), "MS".to_owned()]];
        rows.extend(self.done.iter().map(|(step, took)| [step.clone(), took.to_string()]));
        rows.push(["total".to_owned(), self.total_ms().to_string()]);
        table::columns(&rows)
    }

    pub(super) fn to_json(&self) -> Value {
        let step = |(step, took): &(String, u128)| json!({ "step": step, "ms": u64::try_from(*took).unwrap_or(u64::MAX) });
        self.done.iter().map(step).collect()
    }
}
