//! The phone, in a process of its own.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::cli::chip::Place;
use crate::cli::failure::{Code, Failure};

pub(super) struct PhoneProcess {
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl PhoneProcess {
    /// A phone that is handed a link.
    pub(super) fn new(link: &str, place: &Place) -> Result<Self, Failure> {
        let program = std::env::current_exe()
            .map_err(|error| Failure::io("the path of this program", &error))?;
        let mut reader = OsString::from("sim:");
        reader.push(&place.chip);
        let mut arguments: Vec<OsString> = vec![
            "phone".into(),
            link.into(),
            "--reader".into(),
            reader,
            "--mrz-file".into(),
            place.zone.clone().into(),
            "--share".into(),
            "all".into(),
        ];
        for _ in 0..3 {
            arguments.extend(["--selfie".into(), place.selfie.clone().into()]);
        }
        Ok(Self { program, arguments })
    }

    /// The command as it is pasted in a shell.
    pub(super) fn command_line(&self) -> String {
        let words = std::iter::once(self.program.as_os_str())
            .chain(self.arguments.iter().map(OsString::as_os_str));
        words.map(|word| quote(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
    }

    /// Runs it to its end, and tells it the number that the page shows once it does; its report, if
    /// the fields were shared.
    pub(super) async fn run(
        &self,
        match_code: impl Future<Output = Result<String, Failure>>,
    ) -> Result<Value, Failure> {
        let failed = |error: std::io::Error| Failure::file(&self.program, &error);
        let mut process = Command::new(&self.program)
            .arg("--json")
            .args(&self.arguments)
            .args(["--match-code", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let stdin = process.stdin.take();
        let tell = async {
            let code = match_code.await?;
            if let Some(mut stdin) = stdin {
                // A phone that has ended says why itself.
                let _ = stdin.write_all(format!("{code}\n").as_bytes()).await;
            }
            Ok::<_, Failure>(())
        };
        let ended = process.wait_with_output();
        tokio::pin!(ended);
        let output = tokio::select! {
            output = &mut ended => output.map_err(failed)?,
            told = tell => {
                told?;
                ended.await.map_err(failed)?
            }
        };
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        if !output.status.success() {
            return Err(Failure::new(
                Code::Demo,
                format!("the phone ended with {}: {report}", output.status),
                "its own words are above",
            ));
        }
        Ok(report)
    }
}

fn quote(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_survive_the_shell() {
        assert_eq!(super::quote("/tmp/a-b.bin"), "/tmp/a-b.bin");
        assert_eq!(super::quote("kayle-id://%7B"), "'kayle-id://%7B'");
        assert_eq!(super::quote("it's"), r"'it'\''s'");
        assert_eq!(super::quote(""), "''");
    }
}
