//! What of a session stands in its row: each part as columns, and back.

use domain::browser::{AddressFamily, BoundBrowser, BrowserFamily, NetworkHash, OsFamily};
use domain::consent::Consent;
use domain::event::CancelReason;
use domain::key::KeyedHash;
use domain::session::{CancelToken, ResponseCode, Session, SessionState};
use domain::time::Timestamp;

use super::failure::Outcome;
use super::policy;
use super::row::Row;
use crate::json;

/// How a state is stored.
pub(super) struct StateColumns {
    pub(super) name: &'static str,
    pub(super) live_attempt: Option<String>,
    pub(super) completed_at: Option<i64>,
}

impl StateColumns {
    pub(super) fn of(state: &SessionState) -> Self {
        let (name, live_attempt, completed_at) = match state {
            SessionState::Created => ("created", None, None),
            SessionState::InProgress(attempt) => ("in_progress", Some(attempt.to_string()), None),
            SessionState::Completed(at) => ("completed", None, Some(at.as_millis())),
            SessionState::Expired(at) => ("expired", None, Some(at.as_millis())),
            SessionState::Cancelled(at) => ("cancelled", None, Some(at.as_millis())),
        };
        Self { name, live_attempt, completed_at }
    }
}

/// How the bound browser is stored. Without one, everything is null.
#[derive(Default)]
pub(super) struct BrowserColumns {
    pub(super) secret: Option<Vec<u8>>,
    pub(super) family: Option<&'static str>,
    pub(super) os: Option<&'static str>,
    pub(super) place: Option<String>,
    pub(super) address_family: Option<&'static str>,
    pub(super) network: Option<Vec<u8>>,
}

impl BrowserColumns {
    pub(super) fn of(browser: Option<&BoundBrowser>) -> Self {
        let Some(browser) = browser else { return Self::default() };
        Self {
            secret: Some(browser.secret.0.to_vec()),
            family: browser.browser.map(BrowserFamily::as_str),
            os: browser.os.map(OsFamily::as_str),
            place: browser.place.clone(),
            address_family: browser.network.map(|network| network.family.as_str()),
            network: browser.network.map(|network| network.hash.0.to_vec()),
        }
    }
}

/// How what a person did at the page is stored. What was not done is null.
pub(super) struct VisitColumns {
    pub(super) consent_version: Option<String>,
    pub(super) consent_locale: Option<String>,
    pub(super) consent_at: Option<i64>,
    pub(super) cancel_reason: Option<&'static str>,
    pub(super) extensions: i64,
    pub(super) returner: Option<Vec<u8>>,
    pub(super) response_code_hash: Option<Vec<u8>>,
    pub(super) response_code_expires_at: Option<i64>,
    pub(super) response_code_used_at: Option<i64>,
}

impl VisitColumns {
    pub(super) fn of(session: &Session) -> Self {
        let (consent, code) = (session.consent.as_ref(), session.response_code.as_ref());
        Self {
            consent_version: consent.map(|consent| consent.version.clone()),
            consent_locale: consent.map(|consent| consent.locale.clone()),
            consent_at: consent.map(|consent| consent.at.as_millis()),
            cancel_reason: session.cancel_reason.map(CancelReason::as_str),
            extensions: session.extensions.into(),
            returner: session.returner.map(|hash| hash.0.to_vec()),
            response_code_hash: code.map(|code| code.hash.0.to_vec()),
            response_code_expires_at: code.map(|code| code.expires_at.as_millis()),
            response_code_used_at: code.and_then(|code| code.used_at).map(Timestamp::as_millis),
        }
    }
}

/// A session without its attempts.
pub(super) fn decode(row: &Row<'_>) -> Outcome<Session> {
    Ok(Session {
        id: row.id("id")?,
        organization: row.id("organization_id")?,
        contract: row.parsed("contract", json::read_contract)?,
        policy: policy::decode(row)?,
        redirect_url: row.optional_text("redirect_url")?.map(str::to_owned),
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        expires_at: row.time("expires_at")?,
        state: decode_state(row)?,
        cancel_token: CancelToken {
            hash: KeyedHash(row.digest("cancel_token_hash")?),
            used_at: row.optional_time("cancel_token_used_at")?,
        },
        device: row.optional_hash("device_hash")?,
        device_proven: row.bool("device_proven")?,
        browser: decode_browser(row)?,
        returner: row.optional_hash("returner")?,
        consent: decode_consent(row)?,
        cancel_reason: row.optional_parsed("cancel_reason", CancelReason::parse)?,
        extensions: row.number("extensions")?,
        response_code: decode_response_code(row)?,
        confirmed: row.bool("confirmed")?,
        fence: row.number("fence")?,
        attempts: Vec::new(),
    })
}

fn decode_browser(row: &Row<'_>) -> Outcome<Option<BoundBrowser>> {
    let Some(secret) = row.optional_hash("browser_secret")? else { return Ok(None) };
    let family = row.optional_parsed("browser_address_family", AddressFamily::parse)?;
    let network = match family {
        Some(family) => {
            Some(NetworkHash { family, hash: KeyedHash(row.digest("browser_network")?) })
        }
        None => None,
    };
    Ok(Some(BoundBrowser {
        secret,
        browser: row.optional_parsed("browser_family", BrowserFamily::parse)?,
        os: row.optional_parsed("browser_os", OsFamily::parse)?,
        place: row.optional_text("browser_place")?.map(str::to_owned),
        network,
    }))
}

fn decode_consent(row: &Row<'_>) -> Outcome<Option<Consent>> {
    let Some(at) = row.optional_time("consent_at")? else { return Ok(None) };
    let version = row.text("consent_version")?.to_owned();
    Ok(Some(Consent { version, locale: row.text("consent_locale")?.to_owned(), at }))
}

fn decode_response_code(row: &Row<'_>) -> Outcome<Option<ResponseCode>> {
    let Some(hash) = row.optional_hash("response_code_hash")? else { return Ok(None) };
    Ok(Some(ResponseCode {
        hash,
        expires_at: row.time("response_code_expires_at")?,
        used_at: row.optional_time("response_code_used_at")?,
    }))
}

fn decode_state(row: &Row<'_>) -> Outcome<SessionState> {
    Ok(match row.text("state")? {
        "created" => SessionState::Created,
        "in_progress" => SessionState::InProgress(row.id("live_attempt_id")?),
        "completed" => SessionState::Completed(row.time("completed_at")?),
        "expired" => SessionState::Expired(row.time("completed_at")?),
        "cancelled" => SessionState::Cancelled(row.time("completed_at")?),
        _ => return Err(row.corrupt("state")),
    })
}
