//! The drawing in ARCHITECTURE.md, compared with what the crates really import.

#![allow(clippy::expect_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Which siblings each crate may import, outside its tests.
const DRAWING: &[(&str, &[&str])] = &[
    ("emrtd", &[]),
    ("protocol", &[]),
    ("domain", &["emrtd"]),
    ("store", &["domain"]),
    ("phone", &["protocol", "emrtd"]),
    ("server", &["protocol", "domain", "store", "emrtd", "phone", "relying-party"]),
    // An integrator copies from it, and has none of ours.
    ("relying-party", &[]),
    ("testkit", &["protocol", "domain", "store", "emrtd", "phone", "server", "postgres-cluster"]),
    ("postgres-cluster", &[]),
    ("kayle-load", &["protocol", "phone"]),
    ("fuzz-driver", &["emrtd"]),
];

/// Which outside crates a crate must not import, outside its tests.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("emrtd", &["tokio", "axum", "rusqlite", "serde_json", "getrandom", "rand", "jiff"]),
    ("protocol", &["axum", "rusqlite", "openssl", "tokio"]),
    (
        "domain",
        &["tokio", "axum", "rusqlite", "serde_json", "getrandom", "rand", "jiff", "openssl"],
    ),
    ("store", &["axum", "capnp", "reqwest"]),
    ("server", &["rusqlite"]),
    ("phone", &["rusqlite", "axum"]),
    ("kayle-load", &["rusqlite", "axum"]),
    ("relying-party", &["rusqlite", "capnp"]),
];

fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("dependencies");
            let normal = dependencies
                .iter()
                .filter(|dependency| dependency["kind"] != "dev")
                .map(|dependency| dependency["name"].as_str().expect("name").to_owned())
                .collect();
            (package["name"].as_str().expect("name").to_owned(), normal)
        })
        .collect()
}

#[test]
fn crates_import_only_the_siblings_of_the_drawing() {
    let imports = imports();
    let drawn: BTreeSet<&str> = DRAWING.iter().map(|(name, _)| *name).collect();
    let present: BTreeSet<&str> = imports.keys().map(String::as_str).collect();
    assert_eq!(
        present, drawn,
        "a crate is not in the drawing, or the drawing shows one that is gone"
    );
    for (name, allowed) in DRAWING {
        for sibling in
            imports[*name].iter().filter(|dependency| drawn.contains(dependency.as_str()))
        {
            assert!(allowed.contains(&sibling.as_str()), "{name} must not import {sibling}");
        }
    }
}

#[test]
fn crates_keep_away_from_what_they_must_not_know() {
    let imports = imports();
    for (name, forbidden) in FORBIDDEN {
        for dependency in *forbidden {
            assert!(!imports[*name].contains(*dependency), "{name} must not import {dependency}");
        }
    }
}

#[test]
fn parts_of_the_server_meet_in_domain_and_store_only() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/server/src");
    let parts = ["http", "ws", "web", "webhook"];
    for part in parts {
        for file in rust_files(&source, part) {
            let text = std::fs::read_to_string(&file).expect("source is text");
            for other in parts.iter().filter(|other| **other != part) {
                assert!(
                    !text.contains(&format!("crate::{other}::")),
                    "{} imports {other}",
                    file.display()
                );
            }
        }
    }
}

fn rust_files(source: &std::path::Path, part: &str) -> Vec<std::path::PathBuf> {
    let mut files = vec![source.join(format!("{part}.rs"))];
    let mut folders = vec![source.join(part)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the part has a folder") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    assert!(files.len() > 1, "{part} has no files");
    files
}
