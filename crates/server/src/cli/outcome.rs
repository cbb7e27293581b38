//! How results and failures are printed.

use std::io::Write;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::failure::Failure;

/// What a command found: once for people, once for programs.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// For people, without the last line break. Empty prints nothing.
    pub(crate) human: String,
    /// For programs. `None` where a command has no result.
    pub(crate) json: Option<Value>,
    /// Whether it is what was hoped for; decides the exit code.
    pub(crate) passed: bool,
}

impl Outcome {
    pub(crate) fn done(human: impl Into<String>, json: Value) -> Self {
        Self { human: human.into(), json: Some(json), passed: true }
    }

    pub(crate) fn silent() -> Self {
        Self { human: String::new(), json: None, passed: true }
    }

    pub(crate) fn print(self, as_json: bool) -> ExitCode {
        let written = match (as_json, &self.json) {
            (true, Some(json)) => print_line(json),
            (true, None) => Ok(()),
            (false, _) if self.human.is_empty() => Ok(()),
            (false, _) => print_line(&self.human),
        };
        match written {
            Ok(()) if self.passed => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        }
    }
}

/// Reports a failure on stderr, and on stdout too where programs read it.
pub(crate) fn fail(failure: &Failure, as_json: bool) -> ExitCode {
    let Failure { code, message, hint } = failure;
    // A closed stderr or stdout leaves the exit code, which says the same.
    let _ = writeln!(std::io::stderr(), "error[{code}]: {message}\nhint: {hint}");
    if as_json {
        let error = json!({ "code": code.to_string(), "message": message, "hint": hint });
        let _ = print_line(&json!({ "error": error }));
    }
    ExitCode::from(code.exit())
}

/// Writes a line on stdout at once, so that a pipe sees it.
pub(crate) fn print_line(line: impl std::fmt::Display) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// Writes a line on stderr: progress for people, never a result.
pub(crate) fn note(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
