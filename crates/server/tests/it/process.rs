//! The real binary as processes of its own: a server, a phone, and what an operator sets up.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;
use testkit::crash::{self, PassportOnDisk};
use testkit::{Handoff, RelyingParty, WebhookSink};

/// A server process with one organization, a trusted passport and a webhook sink.
pub(crate) struct Scene {
    pub(crate) rp: RelyingParty,
    pub(crate) sink: WebhookSink,
    pub(crate) passport: PassportOnDisk,
    pub(crate) master_secret: String,
    url: String,
    server: Child,
    environment: Environment,
    folder: TempDir,
}

/// Variables of a process.
type Environment = Vec<(&'static str, String)>;

impl Scene {
    /// Starts everything; the server logs at `level`.
    pub(crate) async fn start(level: &str) -> Self {
        Self::start_with(vec![("KAYLE_LOG", level.to_owned())]).await
    }

    /// Starts everything; the server has these variables.
    pub(crate) async fn start_with(environment: Environment) -> Self {
        let folder = TempDir::new().unwrap();
        let passport = crash::passport_on_disk(folder.path());
        let (server, url) = serve(folder.path(), &environment);
        let kayle = |args: &[&str]| operate(folder.path(), args);
        let organization = kayle(&["org", "create", "Example Bank"]);
        let id = organization["id"].as_str().expect("an id").to_owned();
        kayle(&["org", "set", &id, "face_match=off"]);
        let scopes = "sessions:read,sessions:write,webhooks:read,webhooks:write";
        let key = kayle(&["key", "create", "--org", &id, "--name", "test", "--scope", scopes]);
        kayle(&["trust", "import", passport.csca.to_str().unwrap()]);
        let rp = crash::relying_party(&url, &id, key["key"].as_str().expect("the key"));
        let sink = WebhookSink::register(&rp).await;
        let master_secret =
            std::fs::read_to_string(data(folder.path()).join("master.key")).unwrap();
        Self { rp, sink, passport, master_secret, url, server, environment, folder }
    }

    /// The server's data folder.
    pub(crate) fn data(&self) -> std::path::PathBuf {
        data(self.folder.path())
    }

    /// Makes the server trust a state.
    pub(crate) fn trust(&self, csca: &[u8]) {
        let file = self.folder.path().join("another-csca.der");
        std::fs::write(&file, csca).unwrap();
        operate(self.folder.path(), &["trust", "import", file.to_str().unwrap()]);
    }

    /// Where the server answers.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Runs the phone to its end, which must be a success.
    pub(crate) fn phone(&self, handoff: &Handoff, environment: &[(&str, &str)]) -> Output {
        let output = Command::new(env!("CARGO_BIN_EXE_kayle"))
            .args(["phone", &handoff.link(&self.url), "--share", "all", "--document"])
            .arg(&self.passport.folder)
            .args(self.passport.selfie_args())
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// `kill -9`, and the server is started again on the same data.
    pub(crate) fn kill_and_restart(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
        (self.server, self.url) = serve(self.folder.path(), &self.environment);
    }

    /// SIGTERM, the end of the process, and all that the server ever logged.
    pub(crate) fn end_and_read_log(&mut self) -> Vec<u8> {
        let process = rustix::process::Pid::from_child(&self.server);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
        assert!(self.server.wait().unwrap().success());
        std::fs::read(log(self.folder.path())).unwrap()
    }

    /// Where the server gives metrics; it was told to.
    pub(crate) fn operator_url(&self) -> String {
        let text = std::fs::read_to_string(log(self.folder.path())).unwrap();
        let line = text.lines().find(|line| line.contains("metrics are served")).unwrap();
        let address = line.split("address=").nth(1).unwrap();
        format!("http://{}", address.split_whitespace().next().unwrap())
    }

    /// `kill -9`, and all that the server ever logged.
    pub(crate) fn stop_and_read_log(&mut self) -> Vec<u8> {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
        std::fs::read(log(self.folder.path())).unwrap()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn data(folder: &Path) -> std::path::PathBuf {
    folder.join("data")
}

fn log(folder: &Path) -> std::path::PathBuf {
    folder.join("server.log")
}

fn serve(folder: &Path, environment: &Environment) -> (Child, String) {
    let log = File::options().create(true).append(true).open(log(folder)).unwrap();
    let mut process = Command::new(env!("CARGO_BIN_EXE_kayle"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data(folder))
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("listening on ").expect("the ready line").to_owned();
    (process, url)
}

fn operate(folder: &Path, args: &[&str]) -> serde_json::Value {
    let output = Command::new(env!("CARGO_BIN_EXE_kayle"))
        .args(args)
        .arg("--data")
        .arg(data(folder))
        .arg("--json")
        .output()
        .unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
