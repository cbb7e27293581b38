//! Resident memory of a server that holds the German master list, and of one that does not.
//!
//! Both are real processes that have verified a few documents, so that everything that is made on
//! first use is there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a benchmark")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use testkit::RelyingParty;
use testkit::crash::{self, PassportOnDisk};

const ROUNDS: usize = 3;
const VERIFICATIONS: usize = 5;

fn main() {
    let lists = shared().join("data/masterlists");
    let (list, root) =
        (lists.join("DE_ML_2026-05-28-08-28-45.ml"), lists.join("DE_ROOT_CA_CSCA07.cer"));
    if !list.is_file() {
        let _ = writeln!(std::io::stderr(), "skipped: {} is not there", list.display());
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let german = [list.as_os_str(), "--trust-signer".as_ref(), root.as_os_str()];
    let mut sizes: [Vec<u64>; 2] = Default::default();
    for _ in 0..ROUNDS {
        for (sizes, import) in sizes.iter_mut().zip([&[][..], &german]) {
            sizes.push(runtime.block_on(resident_kib(import)));
        }
    }
    let [without, with] = sizes.map(|mut sizes| {
        sizes.sort_unstable();
        sizes[sizes.len() / 2]
    });
    println!("| `kayle serve` after {VERIFICATIONS} verifications | VmRSS |");
    println!("|---|---|");
    println!("| with one CSCA certificate | {:.1} MB |", megabytes(without));
    println!("| and with the German list | {:.1} MB |", megabytes(with));
    println!("| difference | {:.1} MB |", megabytes(with.saturating_sub(without)));
}

/// Starts a server, imports, verifies, and looks.
async fn resident_kib(import: &[&std::ffi::OsStr]) -> u64 {
    let folder = tempfile::TempDir::new().unwrap();
    let passport = crash::passport_on_disk(folder.path());
    let data = folder.path().join("data");
    let operate = |args: &[&std::ffi::OsStr]| -> serde_json::Value {
        let output = kayle(&data).args(args).arg("--json").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let words = |line: &str| -> serde_json::Value {
        operate(&line.split(' ').map(AsRef::as_ref).collect::<Vec<_>>())
    };
    let organization = words("org create Bank")["id"].as_str().unwrap().to_owned();
    words(&format!("org set {organization} face_match=off"));
    let scopes = "sessions:read,sessions:write,webhooks:read,webhooks:write";
    let key = words(&format!("key create --org {organization} --name b --scope {scopes}"));
    operate(&["trust".as_ref(), "import".as_ref(), passport.csca.as_os_str()]);
    if !import.is_empty() {
        operate(&[&["trust".as_ref(), "import".as_ref()], import].concat());
    }
    let server = Server::start(&data);
    let rp = crash::relying_party(&server.url, &organization, key["key"].as_str().unwrap());
    for _ in 0..VERIFICATIONS {
        verify(&data, &server, &rp, &passport).await;
    }
    server.resident_kib()
}

async fn verify(data: &Path, server: &Server, rp: &RelyingParty, passport: &PassportOnDisk) {
    let session = rp.session(&[("family_name", true)]).await;
    let link = rp.handoff(&session.id).await.link(&server.url);
    let output = kayle(data)
        .args(["phone", &link, "--share", "all", "--document"])
        .arg(&passport.folder)
        .args(passport.selfie_args())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(data: &Path) -> Self {
        let mut process = kayle(data)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").expect("the ready line").to_owned();
        Self { process, url }
    }

    fn resident_kib(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn kayle(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kayle"));
    command.env("KAYLE_DATA", data);
    command
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn megabytes(kib: u64) -> f64 {
    kib as f64 * 1024.0 / 1e6
}

fn shared() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    std::env::var_os("KAYLE_SHARED_DATA").map_or_else(beside, PathBuf::from)
}
