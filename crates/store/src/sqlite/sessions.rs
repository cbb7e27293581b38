//! Sessions: the closed unit, reads and lists.

use std::collections::BTreeMap;

use domain::attempt::Attempt;
use domain::audit::{self, Actor};
use domain::id::{AttemptId, OrganizationId, SessionId};
use domain::key::KeyedHash;
use domain::session::{Session, Transition};
use domain::time::Timestamp;
use rusqlite::{Connection, params};

use super::failure::{Failure, Outcome, found, integer};
use super::row::Row;
use super::session_columns::{BrowserColumns, StateColumns, VisitColumns, decode};
use super::writer::Unit;
use super::{Sqlite, attempts, outbox};
use crate::backend::Answer;
use crate::error::StoreError;
use crate::json;
use crate::open::Changed;
use crate::page::Page;
use crate::sessions::{AttemptFilter, Change, SessionFilter, SessionUnit, Sessions};

const TABLE: &str = "sessions";

/// One session. Its columns are in the order in which [`decode`] asks for them, which [`Row`] finds
/// fastest: every poll of a page runs this.
const BY_ID: &str = "SELECT id, organization_id, contract, face_match, chip_proof, revocation,
        expired_documents, browser_binding, match_code, device_proof, same_network, user_code,
        redirect_url,
        created_at, updated_at, expires_at, state, live_attempt_id, completed_at,
        cancel_token_hash, cancel_token_used_at, device_hash, device_proven, browser_secret,
        browser_address_family, browser_network, browser_family, browser_os, browser_place,
        returner, consent_at, consent_version, consent_locale, cancel_reason, extensions,
        response_code_hash, response_code_expires_at, response_code_used_at, confirmed, fence
    FROM sessions WHERE id = ?1";

impl Sessions for Sqlite {
    fn create_session(&self, session: Session, by: Actor) -> Answer<()> {
        self.write(move |unit| {
            insert(unit.db, &session)?;
            attempts::save(unit.db, &session, &[])?;
            unit.entries = audit::of_session(None, &session, &[], Some(&by), session.created_at);
            Ok(())
        })
    }

    fn session_unit(&self, id: &SessionId, now: Timestamp, work: SessionUnit) -> Answer<()> {
        let id = id.clone();
        self.write(move |unit| run(unit, &id, now, work))
    }

    fn read_session(&self, id: &SessionId) -> Answer<Option<Session>> {
        let id = id.clone();
        self.glance(move |db| load(db, &id))
    }

    fn list_sessions(
        &self,
        organization: &OrganizationId,
        filter: SessionFilter,
        now: Timestamp,
    ) -> Answer<Page<Session>> {
        let organization = organization.clone();
        self.read(move |db| list(db, &organization, &filter, now))
    }

    fn list_attempts(
        &self,
        organization: &OrganizationId,
        filter: AttemptFilter,
        now: Timestamp,
    ) -> Answer<Page<(SessionId, Attempt)>> {
        let organization = organization.clone();
        self.read(move |db| list_attempts(db, &organization, &filter, now))
    }

    fn expire_sessions(&self, now: Timestamp, limit: u32) -> Answer<u32> {
        self.write(move |unit| expire(unit, now, limit))
    }

    fn due_sessions(&self, now: Timestamp, limit: u32) -> Answer<Vec<SessionId>> {
        self.read(move |db| due(db, now, limit))
    }

    fn forget_returners(&self, before: Timestamp, limit: u32) -> Answer<u32> {
        self.write(move |unit| forget_returners(unit.db, before, limit))
    }

    fn find_user_code(
        &self,
        hash: KeyedHash,
        now: Timestamp,
    ) -> Answer<Option<(SessionId, AttemptId)>> {
        self.read(move |db| find_user_code(db, hash, now))
    }
}

fn forget_returners(db: &Connection, before: Timestamp, limit: u32) -> Outcome<u32> {
    let forgotten = db
        .prepare_cached(
            "UPDATE sessions SET returner = NULL WHERE id IN (
                 SELECT id FROM sessions WHERE returner IS NOT NULL AND completed_at <= ?1
                 ORDER BY completed_at LIMIT ?2)",
        )?
        .execute(params![before.as_millis(), limit])?;
    Ok(u32::try_from(forgotten).unwrap_or(limit))
}

fn find_user_code(
    db: &Connection,
    hash: KeyedHash,
    now: Timestamp,
) -> Outcome<Option<(SessionId, AttemptId)>> {
    let mut query = db.prepare_cached(
        "SELECT a.id, a.session_id FROM attempts a JOIN sessions s ON s.id = a.session_id
         WHERE a.user_code_hash = ?1 AND a.state = 'offered' AND a.token_expires_at > ?2
             AND s.state = 'created' AND s.expires_at > ?2
         LIMIT 2",
    )?;
    let rows = query.query_and_then(params![hash.0, now.as_millis()], |row| {
        let row = Row::of(attempts::TABLE, row);
        Ok::<(SessionId, AttemptId), Failure>((row.id("session_id")?, row.id("id")?))
    })?;
    Ok(only(rows.collect::<Outcome<Vec<_>>>()?))
}

/// The one there is, if it is one.
fn only<T>(mut found: Vec<T>) -> Option<T> {
    if found.len() == 1 { found.pop() } else { None }
}

fn due(db: &Connection, now: Timestamp, limit: u32) -> Outcome<Vec<SessionId>> {
    let mut query = db.prepare_cached(
        "SELECT id FROM sessions
         WHERE state IN ('created', 'in_progress') AND expires_at <= ?1
         ORDER BY expires_at LIMIT ?2",
    )?;
    let rows = query
        .query_and_then(params![now.as_millis(), limit], |row| Row::of(TABLE, row).id("id"))?;
    rows.collect()
}

fn expire(unit: &mut Unit<'_>, now: Timestamp, limit: u32) -> Outcome<u32> {
    let mut expired = 0;
    for id in due(unit.db, now, limit)? {
        match load(unit.db, &id) {
            Ok(Some(stored)) => {
                apply(unit, stored, now, Box::new(|_| None))?;
                expired += 1;
            }
            Ok(None) => {}
            Err(Failure::Store(error @ StoreError::Corrupt { .. })) => {
                tracing::error!(%error, "a session could not be expired");
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(expired)
}

/// The closed unit. Expiry comes first and is kept whatever the unit says.
fn run(unit: &mut Unit<'_>, id: &SessionId, now: Timestamp, work: SessionUnit) -> Outcome<()> {
    let stored = load(unit.db, id)?.ok_or(StoreError::NotFound("session"))?;
    apply(unit, stored, now, work)
}

fn apply(
    unit: &mut Unit<'_>,
    stored: Session,
    now: Timestamp,
    mut work: SessionUnit,
) -> Outcome<()> {
    let Transition { session: current, mut events, .. } = stored.clone().at(now);
    let (session, by) = match work(current.clone()) {
        Some(Change { session, events: more, by }) => {
            events.extend(more);
            (session, by)
        }
        None => (current, None),
    };
    if session == stored && events.is_empty() {
        return Ok(());
    }
    save(unit.db, &stored, &session)?;
    unit.entries.extend(audit::of_session(Some(&stored), &session, &events, by.as_ref(), now));
    let changed = Changed { session: session.id.clone(), events: !events.is_empty() };
    for event in events {
        outbox::record(unit, &session.organization, event, now)?;
    }
    unit.changed.push(changed);
    Ok(())
}

fn insert(db: &Connection, session: &Session) -> Outcome<()> {
    let state = StateColumns::of(&session.state);
    let browser = BrowserColumns::of(session.browser.as_ref());
    let visit = VisitColumns::of(session);
    db.prepare_cached(
        "INSERT INTO sessions (id, organization_id, contract, face_match, chip_proof, revocation,
             expired_documents, redirect_url, created_at, updated_at, expires_at, state,
             live_attempt_id, completed_at, cancel_token_hash, cancel_token_used_at, device_hash,
             fence, browser_binding, match_code, device_proof, same_network, device_proven,
             confirmed, browser_secret, browser_family, browser_os, browser_place,
             browser_address_family, browser_network, consent_version, consent_locale, consent_at,
             cancel_reason, extensions, returner, response_code_hash, response_code_expires_at,
             response_code_used_at, user_code)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
             ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30,
             ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38, ?39, ?40)",
    )?
    .execute(params![
        session.id.as_str(),
        session.organization.as_str(),
        json::contract(&session.contract),
        session.policy.face_match.as_str(),
        session.policy.chip_proof.as_str(),
        session.policy.revocation.as_str(),
        session.policy.expired_documents.as_str(),
        session.redirect_url,
        session.created_at.as_millis(),
        session.updated_at.as_millis(),
        session.expires_at.as_millis(),
        state.name,
        state.live_attempt,
        state.completed_at,
        session.cancel_token.hash.0,
        session.cancel_token.used_at.map(Timestamp::as_millis),
        session.device.map(|hash| hash.0),
        integer(session.fence)?,
        session.policy.browser_binding.as_str(),
        session.policy.match_code.as_str(),
        session.policy.device_proof.as_str(),
        session.policy.same_network.as_str(),
        session.device_proven,
        session.confirmed,
        browser.secret,
        browser.family,
        browser.os,
        browser.place,
        browser.address_family,
        browser.network,
        visit.consent_version,
        visit.consent_locale,
        visit.consent_at,
        visit.cancel_reason,
        visit.extensions,
        visit.returner,
        visit.response_code_hash,
        visit.response_code_expires_at,
        visit.response_code_used_at,
        session.policy.user_code.as_str(),
    ])?;
    Ok(())
}

/// Writes the rows that differ.
fn save(db: &Connection, old: &Session, new: &Session) -> Outcome<()> {
    let fixed = old.id == new.id
        && old.organization == new.organization
        && old.contract == new.contract
        && old.policy == new.policy
        && old.redirect_url == new.redirect_url
        && old.created_at == new.created_at
        && old.cancel_token.hash == new.cancel_token.hash;
    if !fixed {
        return Err(StoreError::Conflict("a session keeps what it was created with").into());
    }
    attempts::save(db, new, &old.attempts)?;
    let touched =
        Session { updated_at: new.updated_at, attempts: new.attempts.clone(), ..old.clone() };
    if touched == *new {
        // The usual end of a mint. Naming a column of an index in an update rewrites the index,
        // whether or not the value changes.
        let rows = db
            .prepare_cached("UPDATE sessions SET updated_at = ?2 WHERE id = ?1")?
            .execute(params![new.id.as_str(), new.updated_at.as_millis()])?;
        return found(rows, "session");
    }
    let state = StateColumns::of(&new.state);
    let browser = BrowserColumns::of(new.browser.as_ref());
    let visit = VisitColumns::of(new);
    let rows = db
        .prepare_cached(
            "UPDATE sessions SET updated_at = ?2, expires_at = ?3, state = ?4,
                 live_attempt_id = ?5, completed_at = ?6, cancel_token_used_at = ?7,
                 device_hash = ?8, fence = ?9, device_proven = ?10, confirmed = ?11,
                 browser_secret = ?12, browser_family = ?13, browser_os = ?14,
                 browser_place = ?15, browser_address_family = ?16, browser_network = ?17,
                 consent_version = ?18, consent_locale = ?19, consent_at = ?20,
                 cancel_reason = ?21, extensions = ?22, returner = ?23, response_code_hash = ?24,
                 response_code_expires_at = ?25, response_code_used_at = ?26
             WHERE id = ?1",
        )?
        .execute(params![
            new.id.as_str(),
            new.updated_at.as_millis(),
            new.expires_at.as_millis(),
            state.name,
            state.live_attempt,
            state.completed_at,
            new.cancel_token.used_at.map(Timestamp::as_millis),
            new.device.map(|hash| hash.0),
            integer(new.fence)?,
            new.device_proven,
            new.confirmed,
            browser.secret,
            browser.family,
            browser.os,
            browser.place,
            browser.address_family,
            browser.network,
            visit.consent_version,
            visit.consent_locale,
            visit.consent_at,
            visit.cancel_reason,
            visit.extensions,
            visit.returner,
            visit.response_code_hash,
            visit.response_code_expires_at,
            visit.response_code_used_at,
        ])?;
    found(rows, "session")
}

fn load(db: &Connection, id: &SessionId) -> Outcome<Option<Session>> {
    let session = db
        .prepare_cached(BY_ID)?
        .query_and_then([id.as_str()], |row| decode(&Row::of(TABLE, row)))?
        .next()
        .transpose()?;
    session.map(|session| with_attempts(db, session)).transpose()
}

fn with_attempts(db: &Connection, mut session: Session) -> Outcome<Session> {
    session.attempts = attempts::load(db, &session.id)?;
    Ok(session)
}

fn list(
    db: &Connection,
    organization: &OrganizationId,
    filter: &SessionFilter,
    now: Timestamp,
) -> Outcome<Page<Session>> {
    let mut query = db.prepare_cached(
        "SELECT * FROM sessions
         WHERE organization_id = ?1 AND id > ?2
             AND (?3 IS NULL OR created_at >= ?3)
             AND (?4 IS NULL OR created_at <= ?4)
             AND (?5 IS NULL OR ?5 = CASE
                 WHEN state IN ('created', 'in_progress') AND expires_at <= ?6 THEN 'expired'
                 ELSE state END)
         ORDER BY id LIMIT ?7",
    )?;
    let rows = query.query_and_then(
        params![
            organization.as_str(),
            filter.page.after(),
            filter.created_from.map(Timestamp::as_millis),
            filter.created_to.map(Timestamp::as_millis),
            filter.status.map(|status| status.as_str()),
            now.as_millis(),
            filter.page.rows(),
        ],
        |row| decode(&Row::of(TABLE, row)),
    )?;
    let sessions = rows.collect::<Outcome<Vec<Session>>>()?;
    let page = filter.page.page(sessions);
    let items = page
        .items
        .into_iter()
        .map(|session| Ok(with_attempts(db, session)?.at(now).session))
        .collect::<Outcome<_>>()?;
    Ok(Page { items, has_more: page.has_more })
}

/// The attempts are taken from their sessions, so that a session whose time has run out shows
/// them as the domain would end them.
fn list_attempts(
    db: &Connection,
    organization: &OrganizationId,
    filter: &AttemptFilter,
    now: Timestamp,
) -> Outcome<Page<(SessionId, Attempt)>> {
    // As in `deliveries::list`: the attempts of one session are few.
    let narrow = match filter.session {
        None => "a.organization_id = ?1 AND ?3 IS NULL",
        Some(_) => "+a.organization_id = ?1 AND a.session_id = ?3",
    };
    let mut query = db.prepare_cached(&format!(
        "SELECT a.id, a.session_id FROM attempts a JOIN sessions s ON s.id = a.session_id
         WHERE {narrow} AND a.id > ?2
             AND (?4 IS NULL OR ?4 = CASE
                 WHEN a.state IN ('offered', 'claimed') THEN CASE
                     WHEN s.state IN ('created', 'in_progress') AND s.expires_at <= ?5
                     THEN 'failed' ELSE 'in_progress' END
                 WHEN a.state = 'superseded' THEN 'cancelled'
                 ELSE a.state END)
         ORDER BY a.id LIMIT ?6"
    ))?;
    let rows = query.query_and_then(
        params![
            organization.as_str(),
            filter.page.after(),
            filter.session.as_ref().map(SessionId::as_str),
            filter.status.map(|status| status.as_str()),
            now.as_millis(),
            filter.page.rows(),
        ],
        |row| {
            let row = Row::of(attempts::TABLE, row);
            Ok::<(AttemptId, SessionId), Failure>((row.id("id")?, row.id("session_id")?))
        },
    )?;
    let page = filter.page.page(rows.collect::<Outcome<Vec<_>>>()?);
    let mut sessions = BTreeMap::new();
    let mut items = Vec::new();
    for (attempt, id) in page.items {
        if !sessions.contains_key(&id) {
            let session = load(db, &id)?.ok_or(StoreError::NotFound("session"))?;
            sessions.insert(id.clone(), session.at(now).session);
        }
        let attempt = sessions.get(&id).and_then(|session| session.attempt(&attempt));
        items.extend(attempt.map(|attempt| (id, attempt.clone())));
    }
    Ok(Page { items, has_more: page.has_more })
}
