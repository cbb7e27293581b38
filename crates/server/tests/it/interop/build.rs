//! Builds the counterparties, once for all tests of a run and not at all while nothing changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::counterparty::Counterparty;

/// JMRTD, or nothing where it cannot be had; that is said.
pub(super) fn jmrtd() -> Option<Counterparty> {
    static FOLDER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let folder = available(FOLDER.get_or_init(build_jmrtd))?;
    Some(Counterparty::start(
        Command::new("java")
            .args(["-XX:TieredStopAtLevel=1", "-Xshare:auto", "-cp"])
            .arg(format!("{0}/classes:{0}/lib/*", folder.display()))
            .arg("interop.Main"),
    ))
}

/// OpenPACE, or nothing where it cannot be had; that is said.
pub(super) fn openpace() -> Option<Counterparty> {
    static PROGRAM: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let program = available(PROGRAM.get_or_init(build_openpace))?;
    Some(Counterparty::start(&mut Command::new(program)))
}

fn available<T>(built: &Result<T, String>) -> Option<&T> {
    built.as_ref().map_err(|why| testkit::skipped(why)).ok()
}

fn build_jmrtd() -> Result<PathBuf, String> {
    for tool in ["java", "javac", "mvn"] {
        if Command::new(tool).arg("-version").output().is_err() {
            return Err(format!("interop with JMRTD: there is no {tool}"));
        }
    }
    let source = source("jmrtd");
    let target = target("jmrtd");
    let stamp = target.join("built-from");
    let current = contents(&source);
    if fs::read(&stamp).is_ok_and(|built| built == current) {
        return Ok(target);
    }
    let maven = |network: &[&str]| {
        Command::new("mvn")
            .args(["--quiet", "--batch-mode"])
            .args(network)
            .arg(format!("-DtargetFolder={}", target.display()))
            .arg("compile")
            .current_dir(&source)
            .output()
            .unwrap()
    };
    let mut output = maven(&["--offline"]);
    if !output.status.success() {
        output = maven(&[]);
    }
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!said.contains("COMPILATION ERROR"), "{said}");
    if !output.status.success() {
        return Err(format!("interop with JMRTD: Maven cannot have it: {said}"));
    }
    fs::write(&stamp, current).unwrap();
    Ok(target)
}

fn build_openpace() -> Result<PathBuf, String> {
    let flags = Command::new("pkg-config")
        .args(["--cflags", "--libs", "libeac", "jansson", "libcrypto"])
        .output()
        .ok()
        .filter(|output| output.status.success())
        .ok_or("interop with OpenPACE: there is no libeac, jansson, libcrypto or pkg-config")?;
    let program = target("openpace").join("reader");
    let compiler = Command::new("cc")
        .args(["-O1", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&program)
        .arg(source("openpace").join("reader.c"))
        .args(String::from_utf8_lossy(&flags.stdout).split_whitespace())
        .output()
        .map_err(|_| "interop with OpenPACE: there is no cc")?;
    assert!(compiler.status.success(), "{}", String::from_utf8_lossy(&compiler.stderr));
    Ok(program)
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/interop").join(name)
}

fn target(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("interop").join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The bytes of every file of a folder, in order of their paths.
fn contents(folder: &Path) -> Vec<u8> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let bytes = |path: &PathBuf| {
        if path.is_dir() { contents(path) } else { fs::read(path).unwrap() }
    };
    paths.iter().flat_map(bytes).collect()
}
