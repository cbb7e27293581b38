//! The documents, compared with the code that they describe.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use domain::claim::Claim;
use protocol::codes::{FailureCode, SocketCode};
use server::settings::Key;
use store::DeliveryError;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file below a folder with this extension; a file itself if it is one.
fn files(path: PathBuf, extension: &str) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path];
    }
    let entries = fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir() || path.extension().is_some_and(|found| found == extension))
        .flat_map(|path| files(path, extension))
        .collect()
}

/// The source of the REST API, the page and the upgrade to the socket, without its tests.
fn edge() -> Vec<String> {
    let source = root().join("crates/server/src");
    ["body.rs", "envelope.rs", "http.rs", "http", "telemetry/health.rs", "web.rs", "web", "ws.rs"]
        .into_iter()
        .flat_map(|part| files(source.join(part), "rs"))
        .map(|file| fs::read_to_string(file).unwrap())
        .map(|text| text.split("#[cfg(test)]").next().unwrap().to_owned())
        .collect()
}

/// The plain string literals of a source text.
fn literals(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split('"').skip(1).step_by(2))
}

/// Where a link to a heading leads (github.com's rule, as far as these documents need it).
fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|char| char.is_alphanumeric() || matches!(char, '-' | '_' | ' '))
        .map(|char| if char == ' ' { '-' } else { char })
        .collect()
}

fn anchors(markdown: &str) -> BTreeSet<String> {
    let headings = markdown.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect()
}

fn documents() -> Vec<PathBuf> {
    ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "docs"]
        .into_iter()
        .flat_map(|part| files(root().join(part), "md"))
        .collect()
}

/// The words between single backticks, outside of code blocks.
fn quoted(markdown: &str) -> BTreeSet<&str> {
    let prose = markdown.split("```").step_by(2);
    prose.flat_map(|text| text.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn every_code_has_a_section() {
    let sections = anchors(&read("docs/ERRORS.md"));
    let mut codes: BTreeSet<String> =
        SocketCode::ALL.iter().map(|code| code.as_str().to_owned()).collect();
    codes.extend(FailureCode::ALL.iter().map(|code| code.as_str().to_owned()));
    codes.extend(domain::attempt::FailureCode::ALL.map(|code| code.as_str().to_owned()));
    codes.extend(
        [DeliveryError::NoEncryptionKey, DeliveryError::EncryptionFailed]
            .map(|code| code.as_str().to_owned()),
    );
    let rest: BTreeSet<String> = edge()
        .iter()
        .flat_map(|text| literals(text))
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'))
        .filter(|text| text.contains('_') || text.len() >= "FORBIDDEN".len())
        .map(str::to_owned)
        .collect();
    for known in ["UNAUTHORIZED", "FORBIDDEN", "SESSION_NOT_FOUND", "ORIGIN_NOT_ALLOWED"] {
        assert!(rest.contains(known), "the search does not find {known}");
    }
    codes.extend(rest);
    let missing: Vec<_> =
        codes.iter().filter(|code| !sections.contains(&code.to_lowercase())).collect();
    assert!(missing.is_empty(), "docs/ERRORS.md has no section on {missing:?}");
}

#[test]
fn every_section_is_about_a_code() {
    let text = read("docs/ERRORS.md");
    let source: String = edge().concat();
    for section in text.lines().filter_map(|line| line.strip_prefix("## ")) {
        let code = section.to_uppercase();
        let known = SocketCode::parse(&code).is_some()
            || FailureCode::parse(section).is_some()
            || domain::attempt::FailureCode::parse(section).is_some()
            || DeliveryError::parse(section).is_some()
            || source.contains(&format!("\"{code}\""));
        assert!(known, "docs/ERRORS.md explains `{section}`, which no code emits");
    }
}

#[test]
fn every_route_is_documented() {
    let api = read("docs/API.md");
    let mut found = 0;
    for text in edge() {
        for route in text.split(".route(").skip(1).flat_map(|rest| rest.split('"').nth(1)) {
            found += 1;
            assert!(api.contains(&format!("{route}`")), "docs/API.md does not have {route}");
        }
    }
    assert!(found >= 20, "the search finds {found} routes only");
}

#[test]
fn every_documented_route_exists() {
    let source: String = edge().concat();
    let api = read("docs/API.md");
    for heading in api.lines().filter_map(|line| line.strip_prefix("### `")) {
        let (_, path) = heading.trim_end_matches('`').split_once(' ').expect("METHOD PATH");
        assert!(source.contains(&format!("\"{path}\"")), "docs/API.md has {path}");
    }
}

#[test]
fn every_rate_is_documented() {
    let text = read("docs/LIMITS.md");
    let rates = server::limits::rates();
    assert!(rates.len() > 10);
    for (name, per, quota, window) in rates {
        let row = format!("| `{name}` | {per} | {quota} | {window} |");
        assert!(text.contains(&row), "docs/LIMITS.md does not have {row}");
    }
}

#[test]
fn every_claim_is_documented() {
    let api = read("docs/API.md");
    for key in Claim::known_keys().chain(["age_over_N"]) {
        assert!(api.contains(&format!("`{key}`")), "docs/API.md does not have {key}");
    }
}

#[test]
fn every_audited_action_is_documented() {
    let text = read("docs/AUDIT.md");
    for action in domain::audit::Action::ALL {
        let row = format!("| `{}` |", action.as_str());
        assert!(text.contains(&row), "docs/AUDIT.md does not have {row}");
    }
    for column in domain::audit::Record::COLUMNS {
        assert!(text.contains(&format!("`{column}`")), "docs/AUDIT.md does not have {column}");
    }
}

#[test]
fn every_setting_is_documented() {
    let cli = read("docs/CLI.md");
    for key in Key::ALL {
        let row = format!("| `{}` | `{}` |", key.name(), key.variable());
        assert!(cli.contains(&row), "docs/CLI.md does not have {row}");
    }
}

/// A variable of this name that no setting has stops every command.
#[test]
fn every_named_variable_is_a_setting() {
    let known: Vec<String> = Key::ALL.iter().map(|key| key.variable()).collect();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        // What stands before a test is the test's.
        let lines = text.lines().filter(|line| !line.contains("cargo test"));
        let words = lines
            .flat_map(|line| line.split(|char: char| !(char.is_ascii_uppercase() || char == '_')));
        for word in words.filter(|word| word.starts_with("KAYLE_") && *word != "KAYLE_") {
            let is_known = known.iter().any(|known| known == word) || word == "KAYLE_SHARED_DATA";
            assert!(is_known, "{}: {word} is no setting", document.display());
        }
    }
}

#[test]
fn every_metric_is_documented() {
    let operations = read("docs/OPERATIONS.md");
    let metrics = server::telemetry::catalog::ALL;
    for metric in metrics {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let (name, kind, labels) = (metric.name, metric.kind.as_str(), labels.join(", "));
        let row = format!("| `{name}` | {kind} | {labels} | {} |\n", metric.help);
        assert!(operations.contains(&row), "docs/OPERATIONS.md does not have {row}");
    }
    let rows = operations
        .lines()
        .filter(|line| line.starts_with("| `kayle_") || line.starts_with("| `process_"));
    assert_eq!(rows.count(), metrics.len(), "docs/OPERATIONS.md has a metric that is gone");
}

#[test]
fn the_table_of_country_exceptions_is_that_of_the_code() {
    let text = read("docs/TRUST.md");
    let exceptions: Vec<String> = emrtd::verify::country_exceptions()
        .map(|(state, country, why)| format!("| `{state}` | `{country}` | {why} |"))
        .chain(
            emrtd::verify::icao_states()
                .map(|(state, country)| format!("| `{state}` | `{country}` | 9303-3 §5 |")),
        )
        .collect();
    let documented: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("| `") && line.matches('`').count() == 4)
        .collect();
    assert_eq!(documented, exceptions);
}

#[test]
fn every_deviation_type_is_documented() {
    use emrtd::trust::DeviationKind as Kind;
    let text = read("docs/TRUST.md");
    for kind in [
        Kind::CertOrKey,
        Kind::SignerSignature,
        Kind::SignerEncoding,
        Kind::CscaEncoding,
        Kind::ActiveAuthenticationKeyCompromised,
        Kind::Lds,
        Kind::DataGroupMalformed(None),
        Kind::DataGroupHashWrong(None),
        Kind::SodSignatureWrong,
        Kind::ComInconsistent,
        Kind::Mrz,
        Kind::MrzWrongData,
        Kind::MrzWrongCheckDigit,
        Kind::Chip,
        Kind::NationalUse,
    ] {
        let row = format!("| {} | {} |", kind.code(), kind.meaning());
        assert!(text.contains(&row), "docs/TRUST.md does not have {row}");
    }
}

#[test]
fn every_link_leads_somewhere() {
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.starts_with("https://") {
                continue;
            }
            let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
            let file = match path {
                "" => document.clone(),
                path => document.parent().unwrap().join(path),
            };
            assert!(file.exists(), "{}: {target} leads nowhere", document.display());
            if !fragment.is_empty() {
                let there = anchors(&fs::read_to_string(&file).unwrap());
                assert!(there.contains(fragment), "{}: no #{fragment}", document.display());
            }
        }
    }
}

#[test]
fn every_named_file_exists() {
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        let named = quoted(&text).into_iter().filter(|word| {
            ["crates/", "testkit/", "docs/", ".ci/"].iter().any(|start| word.starts_with(start))
        });
        for path in named {
            assert!(root().join(path).exists(), "{}: no {path}", document.display());
        }
    }
}

/// Where a test stands that is named `crate::it::module::test`, or `crate::module::test` beside the
/// code: the file, if there is one.
fn file_of(test: &str) -> Option<PathBuf> {
    let (module, _) = test.rsplit_once("::")?;
    let mut parts = module.split("::");
    let name = parts.next()?;
    let base = match name {
        "testkit" => root().join(name),
        name => root().join("crates").join(name),
    };
    let parts: Vec<&str> = parts.collect();
    let binary = parts.first().filter(|first| base.join("tests").join(first).is_dir());
    let folder = base.join(if binary.is_some() { "tests" } else { "src" });
    let path = folder.join(parts.join("/"));
    [path.with_extension("rs"), path.join("mod.rs"), path.join("main.rs"), path.join("tests.rs")]
        .into_iter()
        .find(|file| file.is_file())
}

#[test]
fn every_test_named_by_its_path_exists() {
    let text = read("docs/THREATS.md");
    let tests: Vec<&str> = quoted(&text).into_iter().filter(|name| name.contains("::")).collect();
    assert!(tests.len() > 30, "the search finds {} tests only", tests.len());
    let missing: Vec<&str> = tests
        .into_iter()
        .filter(|test| {
            let name = test.rsplit("::").next().unwrap();
            let source = file_of(test).map(|file| fs::read_to_string(file).unwrap());
            // A macro that makes tests of one kind lists their names.
            let written = [format!("fn {name}("), format!("    {name}: ")];
            !source.is_some_and(|source| written.iter().any(|name| source.contains(name.as_str())))
        })
        .collect();
    assert!(missing.is_empty(), "docs/THREATS.md names tests that are not there: {missing:?}");
}

#[test]
fn every_named_test_exists() {
    let sources: String = ["crates", "testkit"]
        .into_iter()
        .flat_map(|part| files(root().join(part), "rs"))
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    let text = read("docs/SECURITY.md");
    let word = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let tests: Vec<&str> = quoted(&text)
        .into_iter()
        .filter(|name| word(name) && name.matches('_').count() >= 2)
        .collect();
    assert!(tests.len() > 20, "the search finds {} tests only", tests.len());
    for test in tests {
        assert!(sources.contains(&format!("fn {test}(")), "there is no test {test}");
    }
}
