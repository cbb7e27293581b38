//! The assurance of a verdict as relying parties read it (docs/WEBHOOKS.md).

use domain::access::{Downgrade, PaceCam};
use domain::assurance::Assurance;
use domain::browser::SameNetwork;
use serde::Serialize;

/// The JSON of an assurance.
#[derive(Serialize)]
pub(crate) struct AssuranceView {
    passive_authentication: bool,
    chip_proof: &'static str,
    chip_proof_algorithm: Option<String>,
    active_authentication: &'static str,
    chip_authentication: &'static str,
    phone_reported: Option<PhoneReportView>,
    face_match: &'static str,
    revocation: &'static str,
    document_expired: Option<bool>,
    certificates_valid: bool,
    trust_verified: bool,
    leniencies: Vec<String>,
    deviations: Vec<String>,
    device_proof: Option<bool>,
    match_code: Option<&'static str>,
    same_network: Option<bool>,
    flow: Option<&'static str>,
    browser_bound: Option<bool>,
}

#[derive(Serialize)]
struct PhoneReportView {
    access: &'static str,
    downgrade: Option<&'static str>,
    pace_cam: Option<&'static str>,
}

impl AssuranceView {
    /// The assurance as it is shown.
    pub(crate) fn of(assurance: &Assurance) -> Self {
        let handoff = assurance.handoff;
        Self {
            // An attempt cannot succeed without the proof.
            passive_authentication: true,
            chip_proof: assurance.chip_proof().as_str(),
            chip_proof_algorithm: assurance.chip_proof_algorithm().map(str::to_owned),
            active_authentication: assurance.active_authentication.as_str(),
            chip_authentication: assurance.chip_authentication.as_str(),
            phone_reported: assurance.phone_reported.map(|report| PhoneReportView {
                access: report.access.as_str(),
                downgrade: report.downgrade.map(Downgrade::as_str),
                pace_cam: report.pace_cam.map(PaceCam::as_str),
            }),
            face_match: assurance.face_match.as_str(),
            revocation: assurance.revocation.as_str(),
            document_expired: assurance.document_expired,
            certificates_valid: assurance.certificates_valid,
            trust_verified: assurance.trust_verified,
            leniencies: assurance.leniencies.clone(),
            deviations: assurance.deviations.clone(),
            device_proof: handoff.map(|handoff| handoff.device_proof),
            match_code: handoff.map(|handoff| handoff.match_code.as_str()),
            same_network: handoff.and_then(|handoff| match handoff.same_network {
                SameNetwork::Same => Some(true),
                SameNetwork::Different => Some(false),
                SameNetwork::Unknown => None,
            }),
            flow: handoff.map(|handoff| handoff.flow.as_str()),
            browser_bound: handoff.map(|handoff| handoff.browser_bound),
        }
    }
}
