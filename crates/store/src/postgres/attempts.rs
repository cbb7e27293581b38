//! The attempts of a session.

use domain::attempt::{Attempt, AttemptState, Claim, FailureCode, HandoffToken, Phase};
use domain::browser::SameNetwork;
use domain::confirmation::{Flow, MatchCodeState};
use domain::id::SessionId;
use domain::key::KeyedHash;
use domain::session::Session;
use domain::time::Timestamp;

use super::failure::{Outcome, integer};
use super::link::{Query, params, query};
use super::row::Row;
use crate::error::StoreError;
use crate::json;

pub(super) const TABLE: &str = "attempts";

/// The attempts of a session, oldest first.
pub(super) fn of_session(session: &SessionId) -> Query {
    query(
        "SELECT * FROM attempts WHERE session_id = $1 ORDER BY position",
        params![session.to_string()],
    )
}

/// The attempts of several sessions, by session and then oldest first.
pub(super) fn of_sessions(sessions: Vec<String>) -> Query {
    query(
        "SELECT * FROM attempts WHERE session_id = ANY ($1) ORDER BY session_id, position",
        params![sessions],
    )
}

/// What writes the attempts of `session` that are new or differ from what is stored.
pub(super) fn save(session: &Session, stored: &[Attempt]) -> Outcome<Vec<Query>> {
    for (position, old) in stored.iter().enumerate() {
        let fixed = session.attempts.get(position).is_some_and(|new| {
            old.id == new.id && old.created_at == new.created_at && old.token == new.token
        });
        if !fixed {
            return Err(StoreError::Conflict("an attempt keeps its place and its token").into());
        }
    }
    let mut writes = Vec::new();
    for (position, attempt) in session.attempts.iter().enumerate() {
        match stored.get(position) {
            None => writes.push(insert(session, position, attempt)?),
            Some(old) if old != attempt => writes.push(update(attempt)?),
            Some(_) => {}
        }
    }
    Ok(writes)
}

fn insert(session: &Session, position: usize, attempt: &Attempt) -> Outcome<Query> {
    let state = StateColumns::of(&attempt.state)?;
    Ok(query(
        "INSERT INTO attempts (id, session_id, organization_id, position, created_at, updated_at,
             token_hash, token_issued_at, token_expires_at, state, claimed_at, fence, phase,
             phase_at, app_version, ended_at, assurance, failure_code, was_claimed, flow,
             same_network, match_code, progress, user_code_hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
             $19, $20, $21, $22, $23, $24)",
        params![
            attempt.id.to_string(),
            session.id.to_string(),
            session.organization.to_string(),
            integer(u64::try_from(position).unwrap_or(u64::MAX))?,
            attempt.created_at.as_millis(),
            attempt.updated_at.as_millis(),
            attempt.token.hash.0.to_vec(),
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
            attempt.user_code.map(|hash| hash.0.to_vec()),
        ],
    ))
}

fn update(attempt: &Attempt) -> Outcome<Query> {
    let state = StateColumns::of(&attempt.state)?;
    Ok(query(
        "UPDATE attempts SET updated_at = $2, state = $3, claimed_at = $4, fence = $5, phase = $6,
             phase_at = $7, app_version = $8, ended_at = $9, assurance = $10, failure_code = $11,
             was_claimed = $12, flow = $13, same_network = $14, match_code = $15,
             progress = $16, user_code_hash = $17
         WHERE id = $1",
        params![
            attempt.id.to_string(),
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
            attempt.user_code.map(|hash| hash.0.to_vec()),
        ],
    ))
}

/// How a state is stored. What a state does not have is null.
#[derive(Default)]
struct StateColumns {
    name: &'static str,
    claimed_at: Option<i64>,
    fence: Option<i64>,
    phase: Option<&'static str>,
    phase_at: Option<i64>,
    app_version: Option<String>,
    ended_at: Option<i64>,
    assurance: Option<String>,
    failure_code: Option<&'static str>,
    was_claimed: Option<bool>,
    flow: Option<&'static str>,
    same_network: Option<&'static str>,
    match_code: Option<&'static str>,
    progress: Option<i64>,
}

impl StateColumns {
    fn of(state: &AttemptState) -> Outcome<Self> {
        Ok(match state {
            AttemptState::Offered => Self { name: "offered", ..Self::default() },
            AttemptState::Claimed(claim) => Self {
                name: "claimed",
                claimed_at: Some(claim.claimed_at.as_millis()),
                fence: Some(integer(claim.fence)?),
                phase: Some(claim.phase.as_str()),
                phase_at: Some(claim.phase_at.as_millis()),
                app_version: claim.app_version.clone(),
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

pub(super) fn decode(row: &Row<'_>) -> Outcome<Attempt> {
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
