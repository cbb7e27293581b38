//! What organizations look like.

use domain::branding::{
    Accent, Branding, Edit, Logo, LogoRef, LogoType, Pages, VerifiedDomain, WebUrl,
};
use domain::id::OrganizationId;
use rusqlite::{Connection, params};

use super::failure::Outcome;
use super::row::Row;
use crate::json;

const TABLE: &str = "branding";
const KEY: &str = "organization_id";

pub(super) fn load(db: &Connection, id: &OrganizationId) -> Outcome<Branding> {
    let found = db
        .prepare_cached(
            "SELECT organization_id, accent, accent_dark, logo_type, logo_digest, terms_url,
                 privacy_url, frame_ancestors, verified_domain, verified_at
             FROM branding WHERE organization_id = ?1",
        )?
        .query_and_then([id.as_str()], |row| decode(&Row::keyed(TABLE, KEY, row)))?
        .next()
        .transpose()?;
    Ok(found.unwrap_or_default())
}

pub(super) fn logo(db: &Connection, id: &OrganizationId) -> Outcome<Option<Logo>> {
    db.prepare_cached(
        "SELECT organization_id, logo FROM branding
         WHERE organization_id = ?1 AND logo IS NOT NULL",
    )?
    .query_and_then([id.as_str()], |row| {
        let row = Row::keyed(TABLE, KEY, row);
        row.known("logo", Logo::new(row.bytes("logo")?.to_vec()).ok())
    })?
    .next()
    .transpose()
}

/// Stores what an organization looks like; the logo's bytes only if they were edited.
pub(super) fn save(
    db: &Connection,
    id: &OrganizationId,
    branding: &Branding,
    edits: &[Edit],
) -> Outcome<()> {
    let domain = branding.verified_domain.as_ref();
    db.prepare_cached(
        "INSERT INTO branding (organization_id, accent, accent_dark, terms_url, privacy_url,
             frame_ancestors, verified_domain, verified_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (organization_id) DO UPDATE SET accent = ?2, accent_dark = ?3,
             terms_url = ?4, privacy_url = ?5, frame_ancestors = ?6, verified_domain = ?7,
             verified_at = ?8",
    )?
    .execute(params![
        id.as_str(),
        branding.accent.map(|accent| accent.colour().to_string()),
        branding.accent_dark.map(|accent| accent.colour().to_string()),
        branding.terms_url.as_ref().map(WebUrl::as_str),
        branding.privacy_url.as_ref().map(WebUrl::as_str),
        json::origins(&branding.frame_ancestors),
        domain.map(|domain| domain.name.as_str()),
        domain.map(|domain| domain.at.as_millis()),
    ])?;
    for edit in edits {
        let Edit::Logo(logo) = edit else { continue };
        db.prepare_cached(
            "UPDATE branding SET logo_type = ?2, logo = ?3, logo_digest = ?4
             WHERE organization_id = ?1",
        )?
        .execute(params![
            id.as_str(),
            logo.as_ref().map(|logo| logo.media_type().as_str()),
            logo.as_ref().map(Logo::bytes),
            logo.as_ref().map(|logo| logo.reference().digest),
        ])?;
    }
    Ok(())
}

fn decode(row: &Row<'_>) -> Outcome<Branding> {
    let logo = row.optional_parsed("logo_type", LogoType::parse)?;
    let domain = row.optional_parsed("verified_domain", |text| text.parse().ok())?;
    Ok(Branding {
        accent: row.optional_parsed("accent", accent)?,
        accent_dark: row.optional_parsed("accent_dark", accent)?,
        logo: logo
            .map(|media_type| {
                Ok::<_, super::failure::Failure>(LogoRef {
                    media_type,
                    digest: row.digest("logo_digest")?,
                })
            })
            .transpose()?,
        terms_url: row.optional_parsed("terms_url", |text| text.parse().ok())?,
        privacy_url: row.optional_parsed("privacy_url", |text| text.parse().ok())?,
        frame_ancestors: row.parsed("frame_ancestors", json::read_origins)?,
        verified_domain: domain
            .map(|name| {
                Ok::<_, super::failure::Failure>(VerifiedDomain {
                    name,
                    at: row.time("verified_at")?,
                })
            })
            .transpose()?,
    })
}

fn accent<P: Pages>(text: &str) -> Option<Accent<P>> {
    Accent::new(text.parse().ok()?).ok()
}
