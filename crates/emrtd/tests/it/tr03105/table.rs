//! `docs/TR-03105.md`, written from the cases.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use super::{Case, There, Verdict, algorithms, security_object, signed_data, signer_certificate};

/// Cases without a test, and why.
const LEFT_OUT: [(u8, &str, &str); 4] = [
    (16, "ECDSA, and EF.SOD holds no signer certificate", "Deleted in version 1.5 of the plan."),
    (34, "A wrong signing time", "Deleted in version 1.1 of the plan."),
    (35, "No signing time", "Deleted in version 1.1 of the plan."),
    (
        93,
        "EF.SOD without a checksum of EF.CardSecurity",
        "9303-10 has no such checksum: EF.SOD lists data groups 1 to 16, and EF.CardSecurity \
         carries a signature of its own.",
    ),
];

const COUNT: u8 = 98;

#[test]
fn every_case_is_tested_or_left_out_for_a_reason() {
    let tested: Vec<u8> = cases().map(number).collect();
    let all: BTreeSet<u8> = tested.iter().copied().chain(LEFT_OUT.map(|row| row.0)).collect();
    assert_eq!(all, (1..=COUNT).collect());
    assert_eq!(tested.len() + LEFT_OUT.len(), usize::from(COUNT));
}

#[test]
fn every_other_verdict_is_explained() {
    for case in cases() {
        let differs = match (case.there, case.here) {
            (There::Success, Verdict::Genuine) => false,
            (There::Success, _) => true,
            (There::Failure, Verdict::Refused(_)) => false,
            (There::Failure, _) => true,
            // What ICAO expects is not in this plan.
            (There::Moved(_), Verdict::Genuine | Verdict::Refused(_)) => false,
            (There::Moved(_), _) => true,
        };
        assert!(!differs || !case.remark.is_empty(), "{}", case.name);
    }
}

/// With `KAYLE_WRITE_DOCS` set, it writes the file instead.
#[test]
fn the_document_is_current() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/TR-03105.md");
    let document = document();
    if std::env::var_os("KAYLE_WRITE_DOCS").is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == document, "run the test with KAYLE_WRITE_DOCS=1");
}

fn cases() -> impl Iterator<Item = &'static Case> {
    [algorithms::CASES, signed_data::CASES, security_object::CASES, signer_certificate::CASES]
        .into_iter()
        .flatten()
}

fn number(case: &Case) -> u8 {
    case.name.strip_prefix("lds_h_").unwrap().parse().unwrap()
}

fn document() -> String {
    let mut rows: Vec<(u8, String)> = cases().map(|case| (number(case), row(case))).collect();
    for (number, purpose, why) in LEFT_OUT {
        rows.push((number, format!("| LDS_H_{number:02} | {purpose} | – | – | – | {why} |")));
    }
    rows.sort();
    let (mut same, mut noted) = (0, 0);
    for case in cases() {
        match case.here {
            Verdict::Noting(_) | Verdict::NotGiven(_) => noted += 1,
            _ => same += 1,
        }
    }
    let mut text = String::from(HEAD);
    let _ = writeln!(
        text,
        "{} cases: {} tested, {} left out. Of those tested, {same} end in a plain verdict and \
         {noted} in one that names what the document breaks.\n",
        COUNT,
        same + noted,
        LEFT_OUT.len(),
    );
    text.push_str(
        "| case | the document | there | Kayle | test | remark |\n|---|---|---|---|---|---|\n",
    );
    for (_, row) in rows {
        text.push_str(&row);
        text.push('\n');
    }
    text
}

fn row(case: &Case) -> String {
    let Case { purpose, remark, .. } = case;
    let there = match case.there {
        There::Success => "successful".to_owned(),
        There::Failure => "failed".to_owned(),
        There::Moved(id) => format!("moved to ICAO {id}"),
    };
    let here = match case.here {
        Verdict::Genuine => "genuine".to_owned(),
        Verdict::Noting(noted) => {
            let codes: Vec<String> =
                noted.iter().map(|tolerated| format!("`{}`", tolerated.code())).collect();
            format!("genuine, noting {}", codes.join(", "))
        }
        Verdict::NotGiven(group) => format!("genuine, noting that {group} was not given"),
        Verdict::Refused(reason) => format!("refused: `{}`", reason.code()),
    };
    let module = case.module.trim_start_matches("it::");
    let name = case.name;
    let id = name.to_uppercase();
    format!("| {id} | {purpose} | {there} | {here} | `{module}::{name}` | {remark} |")
}

const HEAD: &str = "# TR-03105: the cases on EF.SOD

<!-- Written by `tests/it/tr03105` of the crate `emrtd`, which fails when this file is not what
it would write. To write it: `KAYLE_WRITE_DOCS=1 cargo test -p emrtd --features sim tr03105`. -->

BSI TR-03105 part 5.1 is a test plan for inspection systems. Its unit LDS_H is about EF.SOD, with
98 cases. Here is what Kayle makes of each. The documents are made by the simulated issuing states
of `emrtd::sim`, since the plan describes them and publishes only some; the wording is ours.

\"There\" is what the plan expects. Some cases have moved to an ICAO test plan; their titles tell
what they are. \"Noting\" means that the verdict stands and its report names the broken rule, which
the assurance shows: such rules are broken by real documents, or guard nothing. Kayle never relies
on them: the signatures, the hashes, the chain, the key usage and the countries are checked always.

";
