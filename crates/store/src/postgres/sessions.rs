//! Sessions: the closed unit, reads and lists.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::attempt::Attempt;
use domain::audit::{self, Actor};
use domain::id::{AttemptId, OrganizationId, SessionId};
use domain::key::KeyedHash;
use domain::session::{Session, Transition};
use domain::time::Timestamp;

use super::audit::tell;
use super::failure::{Failure, Outcome, integer};
use super::link::{Link, Query, params, query};
use super::row::Row;
use super::session_columns::{BrowserColumns, StateColumns, VisitColumns, decode};
use super::{Postgres, Shared, attempts, detached, limited, outbox};
use crate::backend::Answer;
use crate::error::StoreError;
use crate::json;
use crate::open::Changed;
use crate::page::Page;
use crate::sessions::{AttemptFilter, Change, SessionFilter, SessionUnit, Sessions};

const TABLE: &str = "sessions";

/// How long a unit waits for those before it over the same session.
const TURN: Duration = Duration::from_secs(10);

impl Sessions for Postgres {
    fn create_session(&self, session: Session, by: Actor) -> Answer<()> {
        self.run(move |link| {
            let writes = insert(&session, &by);
            async move { link.apply(writes?).await.map(drop) }
        })
    }

    fn session_unit(&self, id: &SessionId, now: Timestamp, work: SessionUnit) -> Answer<()> {
        let (shared, id) = (Arc::clone(&self.shared), id.clone());
        detached(async move {
            let turn = limited(TURN, shared.turns.take(&id)).await;
            let _turn = turn.ok_or(StoreError::Busy)?;
            let work = Arc::new(Mutex::new(work));
            let changed = Arc::new(Mutex::new(None));
            let unit = |link: Arc<Link>| {
                let (shared, id, work) = (Arc::clone(&shared), id.clone(), Arc::clone(&work));
                let changed = Arc::clone(&changed);
                async move { run(&link, &shared, &id, now, &work, &changed).await }
            };
            let done = shared.run(unit).await;
            // Also where the answer to the commit was lost: it may have been carried out.
            let changed = changed.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(changed) = changed {
                shared.wake(changed);
            }
            done
        })
    }

    fn read_session(&self, id: &SessionId) -> Answer<Option<Session>> {
        let id = id.clone();
        self.run(move |link| {
            let reads = vec![by_id(&id), attempts::of_session(&id)];
            async move { one(&link.snapshot(reads).await?) }
        })
    }

    fn list_sessions(
        &self,
        organization: &OrganizationId,
        filter: SessionFilter,
        now: Timestamp,
    ) -> Answer<Page<Session>> {
        let organization = organization.clone();
        self.run(move |link| {
            let (read, page) = (list(&organization, &filter, now), filter.page.clone());
            async move {
                let found = link.begin_snapshot(vec![read]).await?.pop().unwrap_or_default();
                let sessions: Outcome<Vec<Session>> =
                    found.iter().map(|row| decode(&Row::of(TABLE, row))).collect();
                let page = page.page(sessions?);
                let ids = page.items.iter().map(|session| session.id.to_string()).collect();
                let mut by_session = end_with_attempts(&link, ids).await?;
                let with_attempts = |mut session: Session| {
                    session.attempts = by_session.remove(&session.id).unwrap_or_default();
                    session.at(now).session
                };
                let items = page.items.into_iter().map(with_attempts).collect();
                Ok(Page { items, has_more: page.has_more })
            }
        })
    }

    fn list_attempts(
        &self,
        organization: &OrganizationId,
        filter: AttemptFilter,
        now: Timestamp,
    ) -> Answer<Page<(SessionId, Attempt)>> {
        let organization = organization.clone();
        self.run(move |link| {
            let (read, page) = (list_attempts(&organization, &filter, now), filter.page.clone());
            async move {
                let found = link.begin_snapshot(vec![read]).await?.pop().unwrap_or_default();
                let ids = found.iter().map(|row| {
                    let row = Row::of(attempts::TABLE, row);
                    Ok((row.id("id")?, row.id("session_id")?))
                });
                let page = page.page(ids.collect::<Outcome<Vec<(AttemptId, SessionId)>>>()?);
                let sessions = load_all(&link, &page.items, now).await?;
                let attempt = |(attempt, id): (AttemptId, SessionId)| {
                    let attempt = sessions.get(&id)?.attempt(&attempt)?.clone();
                    Some((id, attempt))
                };
                let items = page.items.into_iter().filter_map(attempt).collect();
                Ok(Page { items, has_more: page.has_more })
            }
        })
    }

    fn expire_sessions(&self, now: Timestamp, limit: u32) -> Answer<u32> {
        let shared = Arc::clone(&self.shared);
        detached(async move {
            let batch = |link: Arc<Link>| {
                let shared = Arc::clone(&shared);
                async move { expire(&link, &shared, now, limit).await }
            };
            let expired = shared.run(batch).await?;
            let count = u32::try_from(expired.len()).unwrap_or(limit);
            expired.into_iter().for_each(|changed| shared.wake(changed));
            Ok(count)
        })
    }

    fn due_sessions(&self, now: Timestamp, limit: u32) -> Answer<Vec<SessionId>> {
        self.run(move |link| async move {
            let due = query(
                "SELECT id FROM sessions
                 WHERE state IN ('created', 'in_progress') AND expires_at <= $1
                 ORDER BY expires_at LIMIT $2",
                params![now.as_millis(), i64::from(limit)],
            );
            link.read(due).await?.iter().map(|row| Row::of(TABLE, row).id("id")).collect()
        })
    }

    fn forget_returners(&self, before: Timestamp, limit: u32) -> Answer<u32> {
        self.run(move |link| async move {
            let forget = query(
                "UPDATE sessions SET returner = NULL WHERE id IN (
                     SELECT id FROM sessions WHERE returner IS NOT NULL AND completed_at <= $1
                     ORDER BY completed_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)",
                params![before.as_millis(), i64::from(limit)],
            );
            let rows = link.write(vec![forget]).await?.into_iter().sum::<u64>();
            Ok(u32::try_from(rows).unwrap_or(limit))
        })
    }

    fn find_user_code(
        &self,
        hash: KeyedHash,
        now: Timestamp,
    ) -> Answer<Option<(SessionId, AttemptId)>> {
        self.run(move |link| async move {
            let find = query(
                "SELECT a.id, a.session_id FROM attempts a JOIN sessions s ON s.id = a.session_id
                 WHERE a.user_code_hash = $1 AND a.state = 'offered' AND a.token_expires_at > $2
                     AND s.state = 'created' AND s.expires_at > $2
                 LIMIT 2",
                params![hash.0.to_vec(), now.as_millis()],
            );
            match &link.read(find).await?[..] {
                [row] => {
                    let row = Row::of(attempts::TABLE, row);
                    Ok(Some((row.id("session_id")?, row.id("id")?)))
                }
                // None, or two that share it.
                _ => Ok(None),
            }
        })
    }
}

/// The closed unit. Expiry comes first and is kept whatever the unit says. `committing` is set
/// before the commit is sent.
async fn run(
    link: &Link,
    shared: &Shared,
    id: &SessionId,
    now: Timestamp,
    work: &Mutex<SessionUnit>,
    committing: &Mutex<Option<Changed>>,
) -> Outcome<()> {
    // Two statements: one that waits for the lock would see the attempts as they were before.
    let found = link.begin(vec![lock(id), attempts::of_session(id)]).await?;
    let stored = one(&found)?.ok_or(StoreError::NotFound("session"))?;
    let Transition { session: current, mut events, .. } = stored.clone().at(now);
    let change = {
        let mut work = work.lock().unwrap_or_else(PoisonError::into_inner);
        work(current.clone())
    };
    let (session, by) = match change {
        Some(Change { session, events: more, by }) => {
            events.extend(more);
            (session, by)
        }
        None => (current, None),
    };
    if session == stored && events.is_empty() {
        return Ok(());
    }
    let mut writes = save(&stored, &session)?;
    let entries = audit::of_session(Some(&stored), &session, &events, by.as_ref(), now);
    writes.extend(tell(&entries));
    let changed = Changed { session: session.id.clone(), events: !events.is_empty() };
    if changed.events {
        let subscribers = outbox::Subscribers::load(link, &session.organization).await?;
        for event in events {
            writes.extend(subscribers.record(shared, &session.organization, event, now)?);
        }
    }
    *committing.lock().unwrap_or_else(PoisonError::into_inner) = Some(changed);
    link.commit(writes).await.map(drop)
}

/// Ends what is due. Whoever holds a session's lock expires it too, so that nobody waits for it.
async fn expire(link: &Link, shared: &Shared, now: Timestamp, limit: u32) -> Outcome<Vec<Changed>> {
    let lease = query(
        "SELECT * FROM sessions
         WHERE state IN ('created', 'in_progress') AND expires_at <= $1
         ORDER BY expires_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED",
        params![now.as_millis(), i64::from(limit)],
    );
    let found = link.begin(vec![lease]).await?.pop().unwrap_or_default();
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let ids = found.iter().map(|row| row.try_get("id")).collect::<Result<Vec<String>, _>>()?;
    let attempts = link.read(attempts::of_sessions(ids)).await?;
    let mut of: BTreeMap<&str, Vec<&tokio_postgres::Row>> = BTreeMap::new();
    for attempt in &attempts {
        of.entry(attempt.try_get("session_id")?).or_default().push(attempt);
    }
    let mut subscribers = BTreeMap::new();
    let (mut writes, mut expired) = (Vec::new(), Vec::new());
    for row in &found {
        let attempts = of.remove(row.try_get::<_, &str>("id")?).unwrap_or_default();
        let stored = match with_attempts(row, attempts) {
            Ok(stored) => stored,
            Err(Failure::Store(error @ StoreError::Corrupt { .. })) => {
                tracing::error!(%error, "a session could not be expired");
                continue;
            }
            Err(failure) => return Err(failure),
        };
        let Transition { session, events, .. } = stored.clone().at(now);
        writes.extend(save(&stored, &session)?);
        writes.extend(tell(&audit::of_session(Some(&stored), &session, &events, None, now)));
        expired.push(Changed { session: session.id.clone(), events: !events.is_empty() });
        for event in events {
            let organization = &session.organization;
            if !subscribers.contains_key(organization) {
                let loaded = outbox::Subscribers::load(link, organization).await?;
                subscribers.insert(organization.clone(), loaded);
            }
            if let Some(subscribers) = subscribers.get(organization) {
                writes.extend(subscribers.record(shared, organization, event, now)?);
            }
        }
    }
    link.commit(writes).await?;
    Ok(expired)
}

fn insert(session: &Session, by: &Actor) -> Outcome<Vec<Query>> {
    let state = StateColumns::of(&session.state);
    let browser = BrowserColumns::of(session.browser.as_ref());
    let visit = VisitColumns::of(session);
    let insert = query(
        "INSERT INTO sessions (id, organization_id, contract, face_match, chip_proof, revocation,
             expired_documents, redirect_url, created_at, updated_at, expires_at, state,
             live_attempt_id, completed_at, cancel_token_hash, cancel_token_used_at, device_hash,
             fence, browser_binding, match_code, device_proof, same_network, device_proven,
             confirmed, browser_secret, browser_family, browser_os, browser_place,
             browser_address_family, browser_network, consent_version, consent_locale, consent_at,
             cancel_reason, extensions, returner, response_code_hash, response_code_expires_at,
             response_code_used_at, user_code)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
             $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30,
             $31, $32, $33, $34, $35, $36, $37, $38, $39, $40)",
        params![
            session.id.to_string(),
            session.organization.to_string(),
            json::contract(&session.contract),
            session.policy.face_match.as_str(),
            session.policy.chip_proof.as_str(),
            session.policy.revocation.as_str(),
            session.policy.expired_documents.as_str(),
            session.redirect_url.clone(),
            session.created_at.as_millis(),
            session.updated_at.as_millis(),
            session.expires_at.as_millis(),
            state.name,
            state.live_attempt,
            state.completed_at,
            session.cancel_token.hash.0.to_vec(),
            session.cancel_token.used_at.map(Timestamp::as_millis),
            session.device.map(|hash| hash.0.to_vec()),
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
        ],
    );
    let mut writes = vec![insert];
    writes.extend(attempts::save(session, &[])?);
    writes.extend(tell(&audit::of_session(None, session, &[], Some(by), session.created_at)));
    Ok(writes)
}

/// What writes the rows that differ.
fn save(old: &Session, new: &Session) -> Outcome<Vec<Query>> {
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
    let mut writes = attempts::save(new, &old.attempts)?;
    let state = StateColumns::of(&new.state);
    let browser = BrowserColumns::of(new.browser.as_ref());
    let visit = VisitColumns::of(new);
    writes.push(query(
        "UPDATE sessions SET updated_at = $2, expires_at = $3, state = $4, live_attempt_id = $5,
             completed_at = $6, cancel_token_used_at = $7, device_hash = $8, fence = $9,
             device_proven = $10, confirmed = $11, browser_secret = $12, browser_family = $13,
             browser_os = $14, browser_place = $15, browser_address_family = $16,
             browser_network = $17, consent_version = $18,
             consent_locale = $19, consent_at = $20, cancel_reason = $21, extensions = $22,
             returner = $23, response_code_hash = $24, response_code_expires_at = $25,
             response_code_used_at = $26
         WHERE id = $1",
        params![
            new.id.to_string(),
            new.updated_at.as_millis(),
            new.expires_at.as_millis(),
            state.name,
            state.live_attempt,
            state.completed_at,
            new.cancel_token.used_at.map(Timestamp::as_millis),
            new.device.map(|hash| hash.0.to_vec()),
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
        ],
    ));
    Ok(writes)
}

fn by_id(id: &SessionId) -> Query {
    query("SELECT * FROM sessions WHERE id = $1", params![id.to_string()])
}

/// Holds every other unit over the session up. It does not hold up references to the row, which
/// never change it (PostgreSQL manual §13.3.2).
fn lock(id: &SessionId) -> Query {
    query("SELECT * FROM sessions WHERE id = $1 FOR NO KEY UPDATE", params![id.to_string()])
}

/// The session in the first rows with the attempts in the second.
fn one(found: &[Vec<tokio_postgres::Row>]) -> Outcome<Option<Session>> {
    let [sessions, attempts] = found else { return Ok(None) };
    let Some(row) = sessions.first() else { return Ok(None) };
    with_attempts(row, attempts).map(Some)
}

fn with_attempts<'a>(
    row: &tokio_postgres::Row,
    attempts: impl IntoIterator<Item = &'a tokio_postgres::Row>,
) -> Outcome<Session> {
    let mut session = decode(&Row::of(TABLE, row))?;
    let attempts = attempts.into_iter();
    let attempts = attempts.map(|row| attempts::decode(&Row::of(attempts::TABLE, row)));
    session.attempts = attempts.collect::<Outcome<_>>()?;
    Ok(session)
}

fn list(organization: &OrganizationId, filter: &SessionFilter, now: Timestamp) -> Query {
    query(
        "SELECT * FROM sessions
         WHERE organization_id = $1 AND id > $2
             AND ($3::bigint IS NULL OR created_at >= $3)
             AND ($4::bigint IS NULL OR created_at <= $4)
             AND ($5::text IS NULL OR $5 = CASE
                 WHEN state IN ('created', 'in_progress') AND expires_at <= $6 THEN 'expired'
                 ELSE state END)
         ORDER BY id LIMIT $7",
        params![
            organization.to_string(),
            filter.page.after().to_owned(),
            filter.created_from.map(Timestamp::as_millis),
            filter.created_to.map(Timestamp::as_millis),
            filter.status.map(|status| status.as_str()),
            now.as_millis(),
            filter.page.rows(),
        ],
    )
}

fn list_attempts(organization: &OrganizationId, filter: &AttemptFilter, now: Timestamp) -> Query {
    // A statement of its own for the attempts of one session, which are few.
    let narrow = match filter.session {
        None => "$3::text IS NULL",
        Some(_) => "a.session_id = $3",
    };
    query(
        format!(
            "SELECT a.id, a.session_id FROM attempts a JOIN sessions s ON s.id = a.session_id
             WHERE a.organization_id = $1 AND {narrow} AND a.id > $2
                 AND ($4::text IS NULL OR $4 = CASE
                     WHEN a.state IN ('offered', 'claimed') THEN CASE
                         WHEN s.state IN ('created', 'in_progress') AND s.expires_at <= $5
                         THEN 'failed' ELSE 'in_progress' END
                     WHEN a.state = 'superseded' THEN 'cancelled'
                     ELSE a.state END)
             ORDER BY a.id LIMIT $6"
        ),
        params![
            organization.to_string(),
            filter.page.after().to_owned(),
            filter.session.as_ref().map(ToString::to_string),
            filter.status.map(|status| status.as_str()),
            now.as_millis(),
            filter.page.rows(),
        ],
    )
}

/// The sessions of these attempts as they stand at `now`, so that a session whose time has run
/// out shows its attempts as the domain would end them. Ends the snapshot.
async fn load_all(
    link: &Link,
    of: &[(AttemptId, SessionId)],
    now: Timestamp,
) -> Outcome<BTreeMap<SessionId, Session>> {
    let mut ids: Vec<String> = of.iter().map(|(_, session)| session.to_string()).collect();
    ids.sort();
    ids.dedup();
    let read = query("SELECT * FROM sessions WHERE id = ANY ($1)", params![ids.clone()]);
    let found = link.read(read).await?;
    let mut by_session = end_with_attempts(link, ids).await?;
    let session = |row| {
        let mut session = decode(&Row::of(TABLE, row))?;
        session.attempts = by_session.remove(&session.id).unwrap_or_default();
        Ok((session.id.clone(), session.at(now).session))
    };
    found.iter().map(session).collect()
}

async fn end_with_attempts(
    link: &Link,
    sessions: Vec<String>,
) -> Outcome<BTreeMap<SessionId, Vec<Attempt>>> {
    let found = link.end_snapshot(vec![attempts::of_sessions(sessions)]).await?;
    let mut by_session: BTreeMap<SessionId, Vec<Attempt>> = BTreeMap::new();
    for row in found.iter().flatten() {
        let row = Row::of(attempts::TABLE, row);
        by_session.entry(row.id("session_id")?).or_default().push(attempts::decode(&row)?);
    }
    Ok(by_session)
}
