//! The shapes that are stored as JSON: contracts, assurances and lists of names.
//!
//! Reading gives `None` for whatever this version does not know; the caller names the row.

use std::collections::BTreeMap;

use domain::access::PhoneReport;
use domain::assurance::{Assurance, HandoffAssurance, ProofState, RevocationState};
use domain::branding::FrameAncestors;
use domain::browser::SameNetwork;
use domain::claim::Claim;
use domain::confirmation::{Flow, MatchCodeState};
use domain::policy::FaceMatch;
use domain::share::{FieldSource, ShareContract, ShareField};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A contract: claim key to field, as in REFERENCE 1.3.
pub(crate) fn contract(contract: &ShareContract) -> String {
    let fields: BTreeMap<&str, Field> = contract
        .fields()
        .map(|(key, field)| {
            let source = match field.source {
                FieldSource::Default => Source::Default,
                FieldSource::RelyingParty => Source::RelyingParty,
            };
            (key, Field { required: field.required, reason: field.reason.clone(), source })
        })
        .collect();
    json!(fields).to_string()
}

pub(crate) fn read_contract(text: &str) -> Option<ShareContract> {
    let fields: BTreeMap<String, Field> = serde_json::from_str(text).ok()?;
    let fields = fields.into_iter().map(|(key, field)| {
        let claim = Claim::parse(&key).ok()?;
        let source = match field.source {
            Source::Default => FieldSource::Default,
            Source::RelyingParty => FieldSource::RelyingParty,
        };
        let field = ShareField { claim, required: field.required, reason: field.reason, source };
        Some((key, field))
    });
    fields.collect::<Option<_>>().map(ShareContract::stored)
}

/// The assurance of a verdict. It says which proofs were made, and nothing of the person.
pub(crate) fn assurance(assurance: &Assurance) -> String {
    let Assurance {
        active_authentication,
        chip_authentication,
        phone_reported,
        face_match,
        revocation,
        document_expired,
        certificates_valid,
        trust_verified,
        leniencies,
        deviations,
        handoff,
    } = assurance;
    let revocation = match revocation {
        RevocationState::NotRevoked => Revocation::NotRevoked,
        RevocationState::Stale => Revocation::Stale,
        RevocationState::Unknown => Revocation::Unknown,
    };
    json!(Verdict {
        active_authentication: Proof::of(active_authentication),
        chip_authentication: Proof::of(chip_authentication),
        phone_reported: phone_reported.map(Reported::of),
        face_match: face_match.as_str().to_owned(),
        revocation,
        document_expired: *document_expired,
        certificates_valid: *certificates_valid,
        trust_verified: *trust_verified,
        leniencies: leniencies.clone(),
        deviations: deviations.clone(),
        handoff: handoff.map(Handoff::of),
    })
    .to_string()
}

pub(crate) fn read_assurance(text: &str) -> Option<Assurance> {
    let verdict: Verdict = serde_json::from_str(text).ok()?;
    Some(Assurance {
        active_authentication: verdict.active_authentication.read(),
        chip_authentication: verdict.chip_authentication.read(),
        phone_reported: match verdict.phone_reported {
            Some(reported) => Some(reported.read()?),
            None => None,
        },
        face_match: FaceMatch::parse(&verdict.face_match).ok()?,
        revocation: match verdict.revocation {
            Revocation::NotRevoked => RevocationState::NotRevoked,
            Revocation::Stale => RevocationState::Stale,
            Revocation::Unknown => RevocationState::Unknown,
        },
        document_expired: verdict.document_expired,
        certificates_valid: verdict.certificates_valid,
        trust_verified: verdict.trust_verified,
        leniencies: verdict.leniencies,
        deviations: verdict.deviations,
        handoff: match verdict.handoff {
            Some(handoff) => Some(handoff.read()?),
            None => None,
        },
    })
}

impl Proof {
    fn of(state: &ProofState) -> Self {
        match state {
            ProofState::NotOffered => Self::NotOffered {},
            ProofState::NotAttempted => Self::NotAttempted {},
            ProofState::KeyCompromised => Self::KeyCompromised {},
            ProofState::Proven { algorithm } => Self::Proven { algorithm: algorithm.clone() },
        }
    }

    fn read(self) -> ProofState {
        match self {
            Self::NotOffered {} => ProofState::NotOffered,
            Self::NotAttempted {} => ProofState::NotAttempted,
            Self::KeyCompromised {} => ProofState::KeyCompromised,
            Self::Proven { algorithm } => ProofState::Proven { algorithm },
        }
    }
}

impl Handoff {
    fn of(handoff: HandoffAssurance) -> Self {
        Self {
            device_proof: handoff.device_proof,
            match_code: handoff.match_code.as_str().to_owned(),
            same_network: handoff.same_network.as_str().to_owned(),
            flow: handoff.flow.as_str().to_owned(),
            browser_bound: handoff.browser_bound,
        }
    }

    fn read(&self) -> Option<HandoffAssurance> {
        Some(HandoffAssurance {
            device_proof: self.device_proof,
            match_code: MatchCodeState::parse(&self.match_code)?,
            same_network: SameNetwork::parse(&self.same_network)?,
            flow: Flow::parse(&self.flow)?,
            browser_bound: self.browser_bound,
        })
    }
}

impl Reported {
    fn of(report: PhoneReport) -> Self {
        Self {
            access: report.access.as_str().to_owned(),
            downgrade: report.downgrade.map(|downgrade| downgrade.as_str().to_owned()),
            pace_cam: report.pace_cam.map(|outcome| outcome.as_str().to_owned()),
        }
    }

    fn read(&self) -> Option<PhoneReport> {
        PhoneReport::parse(
            &self.access,
            self.downgrade.as_deref().unwrap_or_default(),
            self.pace_cam.as_deref().unwrap_or_default(),
        )
    }
}

/// A list of names: scopes, kinds of events.
pub(crate) fn names(names: impl Iterator<Item = &'static str>) -> String {
    Value::from_iter(names).to_string()
}

/// Origins that may frame pages, as a JSON array.
pub(crate) fn origins(origins: &FrameAncestors) -> String {
    Value::from_iter(origins.iter()).to_string()
}

pub(crate) fn read_origins(text: &str) -> Option<FrameAncestors> {
    FrameAncestors::new(read_names(text, |origin| origin.parse().ok())?).ok()
}

pub(crate) fn read_names<T>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let names: Vec<String> = serde_json::from_str(text).ok()?;
    names.iter().map(|name| parse(name)).collect()
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Field {
    required: bool,
    reason: String,
    source: Source,
}

#[derive(Serialize, Deserialize)]
enum Source {
    #[serde(rename = "default")]
    Default,
    #[serde(rename = "rc")]
    RelyingParty,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Verdict {
    active_authentication: Proof,
    chip_authentication: Proof,
    phone_reported: Option<Reported>,
    face_match: String,
    revocation: Revocation,
    document_expired: Option<bool>,
    certificates_valid: bool,
    trust_verified: bool,
    leniencies: Vec<String>,
    /// Attempts of earlier states of development have none.
    #[serde(default)]
    deviations: Vec<String>,
    /// Nor this.
    #[serde(default)]
    handoff: Option<Handoff>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Handoff {
    device_proof: bool,
    match_code: String,
    same_network: String,
    flow: String,
    browser_bound: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case", deny_unknown_fields)]
enum Proof {
    NotOffered {},
    NotAttempted {},
    KeyCompromised {},
    Proven { algorithm: String },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reported {
    access: String,
    downgrade: Option<String>,
    pace_cam: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Revocation {
    NotRevoked,
    Stale,
    Unknown,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use domain::share::RequestedField;

    use super::*;

    #[test]
    fn the_stored_shapes_stay_as_they_are() {
        let requested = RequestedField {
            key: "age_over_18".into(),
            is_object: true,
            required: Some(true),
            reason: Some("to sell wine".into()),
        };
        let asked = ShareContract::requested(&[requested]).unwrap();
        let text = contract(&asked);
        assert_eq!(
            text,
            r#"{"age_over_18":{"required":true,"reason":"to sell wine","source":"rc"},"kayle_document_id":{"required":true,"reason":"Sharing \"Kayle Document ID\"","source":"default"}}"#
        );
        assert_eq!(read_contract(&text), Some(asked));

        let proven = Assurance {
            active_authentication: ProofState::Proven { algorithm: "RSA".into() },
            chip_authentication: ProofState::NotOffered,
            phone_reported: PhoneReport::parse("pace_gm", "", "not_run"),
            face_match: FaceMatch::Off,
            revocation: RevocationState::Stale,
            document_expired: None,
            certificates_valid: true,
            trust_verified: false,
            leniencies: vec!["a".into()],
            deviations: vec!["b".into()],
            handoff: Some(HandoffAssurance {
                device_proof: true,
                match_code: MatchCodeState::Confirmed,
                same_network: SameNetwork::Different,
                flow: Flow::CrossDevice,
                browser_bound: true,
            }),
        };
        let text = assurance(&proven);
        assert_eq!(
            text,
            r#"{"active_authentication":{"state":"proven","algorithm":"RSA"},"chip_authentication":{"state":"not_offered"},"phone_reported":{"access":"pace_gm","downgrade":null,"pace_cam":"not_run"},"face_match":"off","revocation":"stale","document_expired":null,"certificates_valid":true,"trust_verified":false,"leniencies":["a"],"deviations":["b"],"handoff":{"device_proof":true,"match_code":"confirmed","same_network":"different","flow":"cross_device","browser_bound":true}}"#
        );
        let earlier = text.replace(&text[text.find(r#","handoff""#).unwrap()..], "}");
        assert_eq!(read_assurance(&earlier), Some(Assurance { handoff: None, ..proven.clone() }));
        assert_eq!(read_assurance(&text), Some(proven));
    }

    #[test]
    fn what_this_version_does_not_know_is_not_guessed() {
        assert_eq!(
            read_contract(r#"{"shoe_size":{"required":true,"reason":"r","source":"rc"}}"#),
            None
        );
        assert_eq!(read_contract("[]"), None);
        assert_eq!(read_assurance("{}"), None);
    }
}
