//! Proofs cannot be forged outside the crate: the compiler says so.
//!
//! The files of `tests/forgery` are compiled against the library of this very
//! test run. Each line that must not compile ends in `//~` and the error code
//! it is refused with; any other error, or its absence, fails the test. The
//! `compile_fail` examples of the documentation do not check their codes on a
//! stable compiler, and `trybuild` would build OpenSSL once more.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

#[test]
fn proofs_cannot_be_written_down() {
    assert_refused("literal.rs");
}

#[test]
fn proofs_cannot_be_constructed_otherwise() {
    assert_refused("construct.rs");
}

#[test]
fn proofs_cannot_be_changed() {
    assert_refused("change.rs");
}

#[test]
fn chip_proofs_need_a_proven_document() {
    assert_refused("unproven.rs");
}

fn assert_refused(name: &str) {
    let source = fs::read_to_string(directory().join(name)).unwrap();
    let expected: Vec<(usize, String)> = (1..)
        .zip(source.lines())
        .filter_map(|(number, line)| {
            let (_, code) = line.split_once("//~ ")?;
            Some((number, code.to_owned()))
        })
        .collect();
    assert!(!expected.is_empty());
    // The borrow checker runs only on what has no other errors, so the lines
    // it is to refuse are compiled alone.
    let (late, early): (Vec<_>, Vec<_>) =
        expected.into_iter().partition(|(_, code)| BORROW_CHECKER.contains(&code.as_str()));
    assert_eq!(errors(name, &source, &late), early);
    if !late.is_empty() {
        assert_eq!(errors(name, &source, &early), late);
    }
}

/// Errors of the compiler when the functions around `left_out` lines are gone.
fn errors(name: &str, source: &str, left_out: &[(usize, String)]) -> Vec<(usize, String)> {
    let mut lines: Vec<&str> = source.lines().collect();
    for (number, _) in left_out {
        let start = (0..*number).rev().find(|at| starts_item(lines[*at])).unwrap();
        let end = (*number..lines.len()).find(|at| lines[*at] == "}").unwrap();
        lines[start..=end].fill("");
    }
    let output = compile(name, &lines.join("\n"), &library());
    let stderr = String::from_utf8(output.stderr).unwrap();
    let mut found: Vec<(usize, String)> = stderr.lines().filter_map(error).collect();
    found.sort();
    found.dedup();
    found
}

fn starts_item(line: &str) -> bool {
    line.starts_with("pub fn") || line.starts_with("impl")
}

/// `name.rs:LINE:COLUMN: error[CODE]: message`
fn error(line: &str) -> Option<(usize, String)> {
    let (place, rest) = line.split_once(": error")?;
    // An error without a code is one nobody expects.
    let code = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let code = code.map_or(rest, |(code, _)| code);
    let number = place.rsplit(':').nth(1)?.parse().ok()?;
    Some((number, code.to_owned()))
}

/// The newest library of this build that the control compiles against.
fn library() -> PathBuf {
    let control = fs::read_to_string(directory().join("honest.rs")).unwrap();
    let mut candidates: Vec<PathBuf> = fs::read_dir(dependencies())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with("libemrtd-") && name.ends_with(".rlib")
        })
        .collect();
    candidates.sort_by_key(|path| fs::metadata(path).and_then(|data| data.modified()).ok());
    let mut refusals = String::new();
    while let Some(candidate) = candidates.pop() {
        let output = compile("honest.rs", &control, &candidate);
        if output.status.success() {
            return candidate;
        }
        refusals.push_str(&String::from_utf8_lossy(&output.stderr));
    }
    panic!("the control does not compile: {refusals}");
}

fn compile(name: &str, source: &str, library: &Path) -> Output {
    let work = tempdir(name);
    fs::write(work.join(name), source).unwrap();
    let mut externally = std::ffi::OsString::from("emrtd=");
    externally.push(library);
    Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into()))
        .current_dir(&work)
        .args(["--edition", "2024", "--crate-type", "lib", "--emit", "metadata"])
        .args(["--error-format", "short", "--cap-lints", "allow", "--extern"])
        .arg(externally)
        .arg("-L")
        .arg(dependencies())
        .arg(name)
        .output()
        .unwrap()
}

/// A directory per thread, since tests compile the control at the same time.
fn tempdir(name: &str) -> PathBuf {
    let thread = format!("{:?}", std::thread::current().id());
    let thread: String = thread.chars().filter(char::is_ascii_alphanumeric).collect();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("forgery").join(name).join(thread);
    fs::create_dir_all(&path).unwrap();
    path
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/forgery")
}

/// Where cargo puts libraries, next to this test.
fn dependencies() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().to_owned()
}

/// Assignment through `&`, moves out of borrows, use after move.
const BORROW_CHECKER: [&str; 3] = ["E0382", "E0507", "E0594"];
