//! Servers under load, each a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use kayle_load::{Http, Process, Report, Sample, Site, Stopwatch, Target};
use serde_json::Value;

/// A process that has said where it listens.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    /// From starting the process to its word that it listens.
    pub(crate) started_in: Duration,
}

impl Server {
    /// `kayle serve` on a folder, without limits on what one address may ask, and without a line
    /// in the log for each request.
    pub(crate) fn kayle(data: &Path) -> Self {
        let mut command = kayle(data);
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        command.envs([("KAYLE_RATE_LIMITS", "off"), ("KAYLE_LOG", "warn")]);
        Self::start(command)
    }

    /// This program, as a peer.
    pub(crate) fn peer(name: &str, argument: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["peer", name, argument]);
        Self::start(command)
    }

    fn start(mut command: Command) -> Self {
        let watch = Stopwatch::start();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let started_in = watch.elapsed();
        let url = line.trim().strip_prefix("listening on ").expect("the ready line").to_owned();
        Self { child, url, started_in }
    }

    pub(crate) fn sample(&self) -> Sample {
        Process::new(self.child.id()).sample().unwrap()
    }

    /// The site, and clients that are connected to it.
    pub(crate) async fn site(&self, key: &str, clients: usize) -> (Site, Vec<Http>) {
        let target = Target::resolve(&self.url.parse().unwrap(), false).await.unwrap();
        let site = Site::new(target, key.into());
        let clients = site.clients(clients).await.unwrap();
        (site, clients)
    }

    /// Runs `work` and adds what it cost this server. All of it must succeed.
    pub(crate) async fn measure(&self, work: impl Future<Output = Report>) -> Report {
        let before = self.sample();
        let mut report = work.await;
        assert!(report.failures.is_empty(), "{report}");
        report.cost = Some(before.until(self.sample()));
        report
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An organization without a face match, and its API key.
pub(crate) fn api_key(data: &Path) -> String {
    let operate = |line: &str| -> Value {
        let output = kayle(data).args(line.split(' ')).arg("--json").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let organization = operate("org create Bank")["id"].as_str().unwrap().to_owned();
    operate(&format!("org set {organization} face_match=off"));
    let scope = "sessions:read,sessions:write";
    let key = operate(&format!("key create --org {organization} --name b --scope {scope}"));
    key["key"].as_str().unwrap().to_owned()
}

fn kayle(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kayle"));
    command.env("KAYLE_DATA", data);
    command
}
