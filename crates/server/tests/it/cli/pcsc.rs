//! A whole verification over real PC/SC: phone, pcscd, the virtual reader vpcd, simulated chip.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::Kayle;
use super::phone::Scene;

const PCSCD: &str = "/usr/sbin/pcscd";
/// The driver of vsmartcard, and where its first reader listens.
const VPCD_DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";
const VPCD: &str = "127.0.0.1:35963";
const READER: &str = "pcsc:Virtual PCD";
/// Where pcscd listens once it is ready, which is after its readers are.
const SERVICE: &str = "/run/pcscd/pcscd.comm";

/// A process that is told to end, and waited for, when dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // SIGTERM: pcscd takes its socket away.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

/// Whether everything is there that this needs.
fn is_possible() -> bool {
    if !cfg!(feature = "pcsc") {
        testkit::skipped("built without --features pcsc");
        return false;
    }
    for file in [PCSCD, VPCD_DRIVER] {
        if !Path::new(file).exists() {
            testkit::skipped(&format!("{file} is not there (pcscd, vsmartcard-vpcd)"));
            return false;
        }
    }
    true
}

/// pcscd, unless one runs already: it is one to a machine.
fn start_pcscd() -> Process {
    let pcscd = Command::new(PCSCD)
        .arg("--foreground")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    Process(pcscd)
}

/// Puts a chip on the virtual reader, and comes back when it is there.
fn serve(kayle: &Kayle, chip: &str) -> Process {
    let mut served = kayle
        .command(&["chip", "serve", "--vpcd", VPCD, chip])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(served.stderr.take().unwrap()).lines();
    let connected = lines.any(|line| line.is_ok_and(|line| line.starts_with("connected to")));
    assert!(connected, "vpcd does not listen on {VPCD}");
    // What it says later must not end it for want of a reader.
    std::thread::spawn(move || lines.for_each(drop));
    Process(served)
}

#[tokio::test]
async fn a_whole_verification_over_pcsc() {
    if !is_possible() {
        return;
    }
    // Accepted only if the chip proves itself to the server.
    let scene = Scene::with_policies(&["face_match=off", "chip_proof=required"]);
    scene.kayle.json(&["chip", "new", "--out", "chip"]);
    scene.kayle.json(&["trust", "import", "chip/csca.der"]);
    let _pcscd = start_pcscd();
    let served = serve(&scene.kayle, "chip/chip.bin");
    testkit::within(Duration::from_secs(60), "pcscd is ready", async {
        while !Path::new(SERVICE).exists() {
            testkit::pause().await;
        }
    })
    .await;

    let trust = ["--trust", "chip/csca.der"];
    let read = ["chip", "read", "--reader", READER, "--mrz-file", "chip/mrz.txt"];
    let read = scene.kayle.json(&[&read[..], &trust].concat());
    assert_eq!(read["access"]["access"], "pace_gm");
    assert_eq!(read["verification"]["active_authentication"]["result"], "proven");
    assert_eq!(read["verification"]["chip_authentication"]["result"], "proven");

    let session = scene.session().await;
    let payload = scene.hand_off(&session).await;
    let selfies = ["--selfie", "chip/selfie.jpg"].repeat(3);
    let phone = ["phone", &payload, "--reader", READER, "--mrz-file", "chip/mrz.txt"];
    let report = scene.kayle.json(&[&phone[..], &["--api", &scene.server.url], &selfies].concat());
    assert_eq!(report["outcome"], "shared");
    assert_eq!(report["chip"]["access"]["access"], "pace_gm");
    let steps = report["chip"]["steps"].to_string();
    assert!(steps.contains("protected command relayed"), "{steps}");

    let can = ["--can", "500540"];
    let unknown = ["chip", "read", "--reader", "pcsc:no such reader"];
    let unknown = scene.kayle.run(&[&unknown[..], &can].concat());
    unknown.assert_failed(1, "READER");
    assert!(unknown.stderr.contains("Virtual PCD 00 00"), "the readers there are are listed");
    drop(served);
}
