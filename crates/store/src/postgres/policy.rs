//! The policies of an organization or a session, a column each.

use domain::policy::{ChipProofPolicy, ExpiredDocuments, FaceMatch, Policy, RevocationPolicy};

use super::failure::Outcome;
use super::row::Row;

/// Reads the columns of a row.
pub(super) fn decode(row: &Row<'_>) -> Outcome<Policy> {
    Ok(Policy {
        face_match: row.parsed(FaceMatch::KEY, |text| FaceMatch::parse(text).ok())?,
        chip_proof: row.parsed(ChipProofPolicy::KEY, |text| ChipProofPolicy::parse(text).ok())?,
        revocation: row.parsed(RevocationPolicy::KEY, |text| RevocationPolicy::parse(text).ok())?,
        expired_documents: row
            .parsed(ExpiredDocuments::KEY, |text| ExpiredDocuments::parse(text).ok())?,
    })
}
