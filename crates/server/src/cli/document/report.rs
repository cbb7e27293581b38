//! How a verdict is shown.

use std::path::Path;

use domain::key::hex;
use emrtd::UnixSeconds;
use emrtd::lds::DataGroup;
use emrtd::trust::{CertificateSummary, DeviationDescription, KnownDeviation};
use emrtd::verify::{
    Check, Outcome as CheckOutcome, PassiveFailure, PassiveReport, Revocation, Validity,
};
use serde_json::{Value, json};

use crate::cli::outcome::Outcome;
use crate::cli::table;

/// What a verification ended with.
pub(in crate::cli) enum Verdict {
    Proven(PassiveReport),
    NotProven { reason: &'static str, text: String, report: PassiveReport },
}

impl From<PassiveFailure> for Verdict {
    fn from(failure: PassiveFailure) -> Self {
        Self::NotProven {
            reason: failure.reason.code(),
            text: failure.to_string(),
            report: *failure.report,
        }
    }
}

impl Verdict {
    fn report(&self) -> &PassiveReport {
        match self {
            Self::Proven(report) | Self::NotProven { report, .. } => report,
        }
    }
}

pub(in crate::cli) fn outcome(folder: &Path, at: UnixSeconds, verdict: &Verdict) -> Outcome {
    Outcome {
        human: human(folder, at, verdict),
        json: Some(to_json(folder, at, verdict)),
        passed: matches!(verdict, Verdict::Proven(_)),
    }
}

fn human(folder: &Path, at: UnixSeconds, verdict: &Verdict) -> String {
    let report = verdict.report();
    let mut lines = vec![format!("{} at {at}", folder.display()), String::new()];
    let heading = ["CHECK", "CLAUSE", "RESULT", ""].map(str::to_owned);
    let checks = report.checks.iter().map(|check| {
        let (result, detail) = result(check);
        [check.name.code().to_owned(), check.name.clause().to_owned(), result.to_owned(), detail]
    });
    lines.push(table::columns(&std::iter::once(heading).chain(checks).collect::<Vec<_>>()));
    lines.push(String::new());
    for (at, certificate) in report.chain.iter().enumerate() {
        let role = if at == 0 { "signer" } else { "CSCA" };
        lines.push(format!("{role:10}  {}", certificate.subject));
        lines.push(format!(
            "{:10}  {}, {} to {}, serial {}",
            "",
            certificate.key,
            certificate.not_before.date(),
            certificate.not_after.date(),
            certificate.serial
        ));
    }
    if let Some(provenance) = &report.csca_provenance {
        let verified = if provenance.verified { "verified" } else { "NOT VERIFIED" };
        lines.push(format!("{:10}  {} ({verified})", "source", provenance.source));
    }
    for (name, algorithm) in algorithms(report) {
        if let Some(algorithm) = algorithm {
            lines.push(format!("{name:10}  {algorithm}"));
        }
    }
    lines.push(format!("{:10}  {}", "revocation", revocation(&report.revocation)));
    if let Some(expired) = report.document_expired {
        let state = if expired {
            "EXPIRED; a server refuses it unless told to report"
        } else {
            "not expired"
        };
        lines.push(format!("{:10}  {state}", "document"));
    }
    lines.push(format!("{:10}  {}", "proven", names(&report.proven)));
    lines.push(format!("{:10}  {}", "not given", names(&report.not_given)));
    let leniencies = leniencies(report);
    if !leniencies.is_empty() {
        lines.push(format!("{:10}  {}", "leniencies", leniencies.join(", ")));
    }
    for known in &report.deviations {
        let scope = if known.is_by_signer_alone() { "" } else { " (some documents of the state)" };
        for description in known.descriptions() {
            let meaning = description.kind.meaning();
            lines.push(format!("{:10}  {meaning}{scope}", "deviation"));
        }
    }
    lines.push(match verdict {
        Verdict::Proven(_) => format!("{:10}  PROVEN", "verdict"),
        Verdict::NotProven { reason, text, .. } => {
            format!("{:10}  NOT PROVEN: {text} [{reason}]", "verdict")
        }
    });
    lines.join("\n")
}

fn to_json(folder: &Path, at: UnixSeconds, verdict: &Verdict) -> Value {
    let report = verdict.report();
    let checks: Vec<Value> = report
        .checks
        .iter()
        .map(|check| {
            let (result, detail) = result(check);
            json!({
                "check": check.name.code(),
                "clause": check.name.clause(),
                "result": result,
                "detail": detail,
            })
        })
        .collect();
    let reason = match verdict {
        Verdict::Proven(_) => Value::Null,
        Verdict::NotProven { reason, text, .. } => json!({ "code": reason, "message": text }),
    };
    let provenance = report
        .csca_provenance
        .as_ref()
        .map(|provenance| json!({ "source": provenance.source, "verified": provenance.verified }));
    let algorithms: serde_json::Map<String, Value> = algorithms(report)
        .into_iter()
        .map(|(name, algorithm)| (name.replace(' ', "_"), algorithm.clone().into()))
        .collect();
    json!({
        "proven": matches!(verdict, Verdict::Proven(_)),
        "reason": reason,
        "folder": folder.display().to_string(),
        "at": at.to_string(),
        "checks": checks,
        "chain": report.chain.iter().map(certificate).collect::<Vec<_>>(),
        "csca_source": provenance,
        "algorithms": algorithms,
        "revocation": revocation_code(&report.revocation),
        "document_expired": report.document_expired,
        "signed_at": report.signed_at.map(|at| at.to_string()),
        "signer_validity": report.signer_validity.map(validity),
        "csca_validity": report.csca_validity.map(validity),
        "data_groups": report.proven.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "not_given": report.not_given.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "leniencies": leniencies(report),
        "deviations": report.deviations.iter().flat_map(deviations).collect::<Vec<_>>(),
    })
}

fn deviations(known: &KnownDeviation) -> Vec<Value> {
    let one = |description: &DeviationDescription| {
        json!({
            "code": description.kind.code(),
            "meaning": description.kind.meaning(),
            "data_group": description.kind.data_group(),
            "text": description.text,
            "all_of_signer": known.is_by_signer_alone(),
        })
    };
    known.descriptions().iter().map(one).collect()
}

fn result(check: &Check) -> (&'static str, String) {
    match &check.outcome {
        CheckOutcome::Passed => ("passed", check.detail.clone()),
        CheckOutcome::Failed => ("FAILED", check.detail.clone()),
        CheckOutcome::NotDone => ("not done", check.detail.clone()),
        CheckOutcome::Noted(note) => ("noted", note.clone()),
    }
}

fn algorithms(report: &PassiveReport) -> [(&'static str, &Option<String>); 5] {
    let algorithms = &report.algorithms;
    [
        ("sod", &algorithms.sod_signature),
        ("digest", &algorithms.digest),
        ("signer key", &algorithms.signer_key),
        ("signer", &algorithms.signer_signature),
        ("csca key", &algorithms.csca_key),
    ]
}

fn certificate(certificate: &CertificateSummary) -> Value {
    json!({
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "serial": certificate.serial,
        "country": certificate.country,
        "key": certificate.key,
        "not_before": certificate.not_before.to_string(),
        "not_after": certificate.not_after.to_string(),
        "fingerprint": hex(&certificate.fingerprint),
        "self_signed": certificate.self_signed,
    })
}

fn validity(validity: Validity) -> Value {
    json!({
        "not_before": validity.not_before.to_string(),
        "not_after": validity.not_after.to_string(),
        "valid": validity.at_check,
    })
}

fn revocation(revocation: &Revocation) -> String {
    match revocation {
        Revocation::NotRevoked { this_update, .. } => {
            format!("not revoked (list of {this_update})")
        }
        Revocation::Revoked { this_update } => format!("REVOKED (list of {this_update})"),
        Revocation::Stale { this_update } => {
            format!("not on the newest list, which is overdue (of {this_update})")
        }
        Revocation::Unknown => "unknown: no revocation list of this CSCA".to_owned(),
    }
}

fn revocation_code(revocation: &Revocation) -> &'static str {
    match revocation {
        Revocation::NotRevoked { .. } => "not_revoked",
        Revocation::Revoked { .. } => "revoked",
        Revocation::Stale { .. } => "stale",
        Revocation::Unknown => "unknown",
    }
}

fn leniencies(report: &PassiveReport) -> Vec<String> {
    let of_csca = report.csca_leniencies.iter().map(|leniency| leniency.code().to_owned());
    let of_document = report.tolerated.iter().map(|tolerated| tolerated.code().to_owned());
    of_document.chain(of_csca).collect()
}

fn names(groups: &[DataGroup]) -> String {
    if groups.is_empty() {
        return "none".to_owned();
    }
    groups.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
