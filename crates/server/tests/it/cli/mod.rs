//! The command line, through the real binary.

mod audit;
mod branding;
mod chip;
mod demo;
mod document;
mod help;
mod keys;
mod master_secret;
mod migrate;
mod organizations;
mod pcsc;
mod phone;
mod serve;
mod settings;
mod trust;

use std::ffi::OsStr;
use std::io::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use emrtd::UnixSeconds;
use emrtd::sim::{DocumentProfile, Holder, IssuingState, SimulatedDocument, StateProfile};
use serde_json::Value;
use tempfile::TempDir;

/// 2026-05-05T11:00:00Z.
const NOW: UnixSeconds = UnixSeconds(1_777_978_800);

/// A working directory with a data folder, and the binary.
struct Kayle {
    folder: TempDir,
}

/// What a command did.
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Kayle {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    /// One with an organization; its id.
    fn with_organization() -> (Self, String) {
        let kayle = Self::new();
        let organization = kayle.json(&["org", "create", "Example Bank"]);
        let id = organization["id"].as_str().unwrap().to_owned();
        (kayle, id)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The binary in the working directory, without the caller's settings.
    fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kayle"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("KAYLE_") {
                command.env_remove(name);
            }
        }
        command.current_dir(self.folder.path()).args(args).stdin(Stdio::null());
        command
    }

    fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Ran {
        Ran::from(self.command(args).output().unwrap())
    }

    /// The result of a command that must succeed.
    fn json<S: AsRef<OsStr>>(&self, args: &[S]) -> Value {
        let ran = Ran::from(self.command(args).arg("--json").output().unwrap());
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran.json()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Writes a document's EF files into a folder.
    fn write_document(&self, name: &str, document: &SimulatedDocument) -> PathBuf {
        for (file, bytes) in document.files() {
            self.write(&format!("{name}/{file}"), &bytes);
        }
        self.path(name)
    }

    fn serve(&self) -> Server {
        let mut process = self
            .command(&["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let url = line.trim_end().strip_prefix("listening on ").expect("the ready line").to_owned();
        Server { process, stdout, url }
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// The one JSON value on stdout.
    fn json(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "{}", self.stdout);
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// Asserts that it failed with this exit code and error code, and with a hint.
    fn assert_failed(&self, code: i32, error: &str) {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        assert!(self.stderr.starts_with(&format!("error[{error}]: ")), "{}", self.stderr);
        assert!(self.stderr.contains("\nhint: "), "{}", self.stderr);
    }
}

/// `kayle serve`, killed when dropped.
struct Server {
    process: Child,
    stdout: BufReader<std::process::ChildStdout>,
    url: String,
}

impl Server {
    fn signal(&self, name: &str) {
        let killed =
            Command::new("kill").args([name, &self.process.id().to_string()]).status().unwrap();
        assert!(killed.success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn utopia() -> IssuingState {
    IssuingState::new(StateProfile::utopia(), NOW).unwrap()
}

fn passport(state: &IssuingState) -> SimulatedDocument {
    state.issue(&Holder::example(), &DocumentProfile::passport()).unwrap()
}

/// The shared data, where it exists.
fn shared() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("KAYLE_SHARED_DATA").map_or_else(beside, PathBuf::from);
    let data = shared.join("data");
    if data.is_dir() {
        return Some(data);
    }
    let _ = writeln!(std::io::stderr(), "skipped: {} is not there", data.display());
    None
}
