//! The attempts of a session.

use domain::attempt::{Attempt, AttemptState, Claim, FailureCode, HandoffToken, Phase};
use domain::browser::SameNetwork;
use domain::confirmation::{Flow, MatchCodeState};
use domain::id::SessionId;
use domain::key::KeyedHash;
use domain::session::Session;
use domain::time::Timestamp;
use rusqlite::{Connection, params};

use super::failure::{Outcome, found, integer};
use super::row::Row;
use crate::error::StoreError;
use crate::json;

pub(super) const TABLE: &str = "attempts";

/// The attempts of a session, oldest first.
pub(super) fn load(db: &Connection, session: &SessionId) -> Outcome<Vec<Attempt>> {
    let mut query =
        db.prepare_cached("SELECT * FROM attempts WHERE session_id = ?1 ORDER BY position")?;
    let rows = query.query_and_then([session.as_str()], |row| decode(&Row::of(TABLE, row)))?;
    rows.collect()
}

/// Writes the attempts of `session` that are new or differ from what is stored.
pub(super) fn save(db: &Connection, session: &Session, stored: &[Attempt]) -> Outcome<()> {
    for (position, old) in stored.iter().enumerate() {
        let fixed = session.attempts.get(position).is_some_and(|new| {
            old.id == new.id && old.created_at == new.created_at && old.token == new.token
        });
        if !fixed {
            return Err(StoreError::Conflict("an attempt keeps its place and its token").into());
        }
    }
    for (position, attempt) in session.attempts.iter().enumerate() {
        match stored.get(position) {
            None => insert(db, session, position, attempt)?,
            Some(old) if old != attempt => update(db, attempt)?,
            Some(_) => {}
        }
    }
    Ok(())
}

fn insert(db: &Connection, session: &Session, position: usize, attempt: &Attempt) -> Outcome<()> {
    let state = StateColumns::of(&attempt.state)?;
    db.prepare_cached(
        "INSERT INTO attempts (id, session_id, organization_id, position, created_at, updated_at,
             token_hash, token_issued_at, token_expires_at, state, claimed_at, fence, phase,
             phase_at, app_version, ended_at, assurance, failure_code, was_claimed, flow,
             same_network, match_code, progress, user_code_hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
             ?19, ?20, ?21, ?22, ?23, ?24)",
    )?
    .execute(params![
        attempt.id.as_str(),
        session.id.as_str(),
        session.organization.as_str(),
        integer(u64::try_from(position).unwrap_or(u64::MAX))?,
        attempt.created_at.as_millis(),
        attempt.updated_at.as_millis(),
        attempt.token.hash.0,
        attempt.token.issued_at.as_millis(),
        attempt.token.expires_at.as_millis(),
        state.name,
        state.claimed_at,
        state.fence,
        state.phase,
        state.phase_at,
        state.app_version,
        state.ended_at,
        state.assurance,
        state.failure_code,
        state.was_claimed,
        state.flow,
        state.same_network,
        state.match_code,
        state.progress,
        attempt.user_code.map(|hash| hash.0),
    ])?;
    Ok(())
}

fn update(db: &Connection, attempt: &Attempt) -> Outcome<()> {
    let state = StateColumns::of(&attempt.state)?;
    let rows = db
        .prepare_cached(
            "UPDATE attempts SET updated_at = ?2, state = ?3, claimed_at = ?4, fence = ?5,
                 phase = ?6, phase_at = ?7, app_version = ?8, ended_at = ?9, assurance = ?10,
                 failure_code = ?11, was_claimed = ?12, flow = ?13, same_network = ?14,
                 match_code = ?15,
             progress = ?16, user_code_hash = ?17
             WHERE id = ?1",
        )?
        .execute(params![
            attempt.id.as_str(),
            attempt.updated_at.as_millis(),
            state.name,
            state.claimed_at,
            state.fence,
            state.phase,
            state.phase_at,
            state.app_version,
            state.ended_at,
            state.assurance,
            state.failure_code,
            state.was_claimed,
            state.flow,
            state.same_network,
            state.match_code,
            state.progress,
            attempt.user_code.map(|hash| hash.0),
        ])?;
    found(rows, "attempt")
}

/// How a state is stored. What a state does not have is null.
#[derive(Default)]
struct StateColumns<'a> {
    name: &'static str,
    claimed_at: Option<i64>,
    fence: Option<i64>,
    phase: Option<&'static str>,
    phase_at: Option<i64>,
    app_version: Option<&'a str>,
    ended_at: Option<i64>,
    assurance: Option<String>,
    failure_code: Option<&'static str>,
    was_claimed: Option<bool>,
    flow: Option<&'static str>,
    same_network: Option<&'static str>,
    match_code: Option<&'static str>,
    progress: Option<i64>,
}

impl<'a> StateColumns<'a> {
    fn of(state: &'a AttemptState) -> Outcome<Self> {
        Ok(match state {
            AttemptState::Offered => Self { name: "offered", ..Self::default() },
            AttemptState::Claimed(claim) => Self {
                name: "claimed",
                claimed_at: Some(claim.claimed_at.as_millis()),
                fence: Some(integer(claim.fence)?),
                phase: Some(claim.phase.as_str()),
                phase_at: Some(claim.phase_at.as_millis()),
                app_version: claim.app_version.as_deref(),
                flow: Some(claim.flow.as_str()),
                same_network: Some(claim.network.as_str()),
                match_code: Some(claim.match_code.as_str()),
                progress: claim.progress.map(i64::from),
                ..Self::default()
            },
            AttemptState::Superseded { at } => {
                Self { name: "superseded", ended_at: Some(at.as_millis()), ..Self::default() }
            }
            AttemptState::Succeeded { at, assurance } => Self {
                name: "succeeded",
                ended_at: Some(at.as_millis()),
                assurance: Some(json::assurance(assurance)),
                ..Self::default()
            },
            AttemptState::Failed { at, code, claimed } => Self {
                name: "failed",
                ended_at: Some(at.as_millis()),
                failure_code: Some(code.as_str()),
                was_claimed: Some(*claimed),
                ..Self::default()
            },
        })
    }
}

fn decode(row: &Row<'_>) -> Outcome<Attempt> {
    Ok(Attempt {
        id: row.id("id")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        token: HandoffToken {
            hash: KeyedHash(row.digest("token_hash")?),
            issued_at: row.time("token_issued_at")?,
            expires_at: row.time("token_expires_at")?,
        },
        user_code: row.optional_hash("user_code_hash")?,
        state: decode_state(row)?,
    })
}

fn decode_state(row: &Row<'_>) -> Outcome<AttemptState> {
    let ended_at = || -> Outcome<Timestamp> { row.time("ended_at") };
    Ok(match row.text("state")? {
        "offered" => AttemptState::Offered,
        "claimed" => AttemptState::Claimed(Claim {
            claimed_at: row.time("claimed_at")?,
            fence: row.number("fence")?,
            phase: row.parsed("phase", Phase::parse)?,
            phase_at: row.time("phase_at")?,
            app_version: row.optional_text("app_version")?.map(str::to_owned),
            flow: row.parsed("flow", Flow::parse)?,
            network: row.parsed("same_network", SameNetwork::parse)?,
            match_code: row.parsed("match_code", MatchCodeState::parse)?,
            progress: match row.optional_integer("progress")? {
                Some(percent) => Some(row.known("progress", u8::try_from(percent).ok())?),
                None => None,
            },
        }),
        "superseded" => AttemptState::Superseded { at: ended_at()? },
        "succeeded" => AttemptState::Succeeded {
            at: ended_at()?,
            assurance: row.parsed("assurance", json::read_assurance)?,
        },
        "failed" => AttemptState::Failed {
            at: ended_at()?,
            code: row.parsed("failure_code", FailureCode::parse)?,
            claimed: row.bool("was_claimed")?,
        },
        _ => return Err(row.corrupt("state")),
    })
}
