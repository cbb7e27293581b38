//! What organizations look like.

use deadpool_postgres::tokio_postgres;
use domain::branding::{Accent, Branding, Edit, Logo, LogoRef, LogoType, Pages, VerifiedDomain};
use domain::id::OrganizationId;

use super::failure::{Failure, Outcome};
use super::link::{Query, params, query};
use super::row::Row;
use crate::json;

const TABLE: &str = "branding";
const KEY: &str = "organization_id";

pub(super) fn by_id(id: &OrganizationId) -> Query {
    query(
        "SELECT organization_id, accent, accent_dark, logo_type, logo_digest, terms_url,
             privacy_url, frame_ancestors, verified_domain, verified_at
         FROM branding WHERE organization_id = $1",
        params![id.to_string()],
    )
}

pub(super) fn logo_by_id(id: &OrganizationId) -> Query {
    query(
        "SELECT organization_id, logo FROM branding
         WHERE organization_id = $1 AND logo IS NOT NULL",
        params![id.to_string()],
    )
}

/// Stores what an organization looks like; the logo's bytes only if they were edited.
pub(super) fn save(id: &OrganizationId, branding: &Branding, edits: &[Edit]) -> Vec<Query> {
    let domain = branding.verified_domain.as_ref();
    let all = query(
        "INSERT INTO branding (organization_id, accent, accent_dark, terms_url, privacy_url,
             frame_ancestors, verified_domain, verified_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (organization_id) DO UPDATE SET accent = $2, accent_dark = $3,
             terms_url = $4, privacy_url = $5, frame_ancestors = $6, verified_domain = $7,
             verified_at = $8",
        params![
            id.to_string(),
            branding.accent.map(|accent| accent.colour().to_string()),
            branding.accent_dark.map(|accent| accent.colour().to_string()),
            branding.terms_url.as_ref().map(|url| url.as_str().to_owned()),
            branding.privacy_url.as_ref().map(|url| url.as_str().to_owned()),
            json::origins(&branding.frame_ancestors),
            domain.map(|domain| domain.name.as_str().to_owned()),
            domain.map(|domain| domain.at.as_millis()),
        ],
    );
    let logos = edits.iter().filter_map(|edit| match edit {
        Edit::Logo(logo) => Some(query(
            "UPDATE branding SET logo_type = $2, logo = $3, logo_digest = $4
             WHERE organization_id = $1",
            params![
                id.to_string(),
                logo.as_ref().map(|logo| logo.media_type().as_str()),
                logo.as_ref().map(|logo| logo.bytes().to_vec()),
                logo.as_ref().map(|logo| logo.reference().digest.to_vec()),
            ],
        )),
        _ => None,
    });
    std::iter::once(all).chain(logos).collect()
}

/// The branding of the only row, or the default.
pub(super) fn decode_first(rows: &[tokio_postgres::Row]) -> Outcome<Branding> {
    let found = rows.first().map(|row| decode(&Row::keyed(TABLE, KEY, row))).transpose()?;
    Ok(found.unwrap_or_default())
}

pub(super) fn decode_logo(rows: &[tokio_postgres::Row]) -> Outcome<Option<Logo>> {
    let decode = |row| {
        let row = Row::keyed(TABLE, KEY, row);
        row.known("logo", Logo::new(row.bytes("logo")?.to_vec()).ok())
    };
    rows.first().map(decode).transpose()
}

fn decode(row: &Row<'_>) -> Outcome<Branding> {
    let logo = row.optional_parsed("logo_type", LogoType::parse)?;
    let domain = row.optional_parsed("verified_domain", |text| text.parse().ok())?;
    Ok(Branding {
        accent: row.optional_parsed("accent", accent)?,
        accent_dark: row.optional_parsed("accent_dark", accent)?,
        logo: logo
            .map(|media_type| {
                Ok::<_, Failure>(LogoRef { media_type, digest: row.digest("logo_digest")? })
            })
            .transpose()?,
        terms_url: row.optional_parsed("terms_url", |text| text.parse().ok())?,
        privacy_url: row.optional_parsed("privacy_url", |text| text.parse().ok())?,
        frame_ancestors: row.parsed("frame_ancestors", json::read_origins)?,
        verified_domain: domain
            .map(|name| Ok::<_, Failure>(VerifiedDomain { name, at: row.time("verified_at")? }))
            .transpose()?,
    })
}

fn accent<P: Pages>(text: &str) -> Option<Accent<P>> {
    Accent::new(text.parse().ok()?).ok()
}
