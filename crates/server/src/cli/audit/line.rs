//! A line of an export.

use std::borrow::Cow;

use domain::audit::Record;
use domain::key::hex;
use serde::{Deserialize, Serialize};

use crate::iso;

/// A record with the hash of the one before it, so that each line can be checked alone.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line<'a> {
    number: u64,
    at: Cow<'a, str>,
    actor: Option<Cow<'a, str>>,
    action: Option<Cow<'a, str>>,
    organization: Option<Cow<'a, str>>,
    session: Option<Cow<'a, str>>,
    attempt: Option<Cow<'a, str>>,
    object: Option<Cow<'a, str>>,
    code: Option<Cow<'a, str>>,
    previous: Cow<'a, str>,
    hash: Cow<'a, str>,
}

impl<'a> Line<'a> {
    pub(super) fn of(record: &'a Record, previous: &[u8; 32]) -> Self {
        let [actor, action, organization, session, attempt, object, code] =
            record.columns.each_ref().map(|text| text.as_deref().map(Cow::Borrowed));
        Self {
            number: record.number,
            at: iso::iso(record.at).into(),
            actor,
            action,
            organization,
            session,
            attempt,
            object,
            code,
            previous: hex(previous).into(),
            hash: hex(&record.hash).into(),
        }
    }

    /// The hash before the record, and the record. `None` if a time or a hash is none.
    pub(super) fn into_record(self) -> Option<([u8; 32], Record)> {
        let columns = [
            self.actor,
            self.action,
            self.organization,
            self.session,
            self.attempt,
            self.object,
            self.code,
        ];
        let record = Record {
            number: self.number,
            at: iso::parse(&self.at)?,
            columns: columns.map(|text| text.map(Cow::into_owned)),
            hash: Record::parse_hash(&self.hash)?,
        };
        Some((Record::parse_hash(&self.previous)?, record))
    }
}
