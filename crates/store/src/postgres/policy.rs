//! The policies of an organization or a session, a column each.

use domain::policy::{
    BrowserBinding, ChipProofPolicy, DeviceProofPolicy, ExpiredDocuments, FaceMatch,
    MatchCodePolicy, Policy, RevocationPolicy, SameNetworkPolicy, UserCodePolicy,
};

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
        browser_binding: row
            .parsed(BrowserBinding::KEY, |text| BrowserBinding::parse(text).ok())?,
        match_code: row.parsed(MatchCodePolicy::KEY, |text| MatchCodePolicy::parse(text).ok())?,
        device_proof: row
            .parsed(DeviceProofPolicy::KEY, |text| DeviceProofPolicy::parse(text).ok())?,
        same_network: row
            .parsed(SameNetworkPolicy::KEY, |text| SameNetworkPolicy::parse(text).ok())?,
        user_code: row.parsed(UserCodePolicy::KEY, |text| UserCodePolicy::parse(text).ok())?,
    })
}
