//! One data folder, one server, one master secret.

use std::path::Path;
use std::process::{Command, Output};

use crate::process::Scene;

fn kayle(data: &Path, args: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kayle"))
        .args(args)
        .arg("--data")
        .arg(data)
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

fn refused(output: &Output, what: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains(what), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_same_data_is_refused() {
    let scene = Scene::start("info").await;
    let second = kayle(&scene.data(), &["serve", "--listen", "127.0.0.1:0"], &[]);
    refused(&second, "another server runs on this data");
    assert!(
        kayle(&scene.data(), &["org", "list"], &[]).status.success(),
        "other commands work beside it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_master_secret_is_refused_before_it_makes_anything() {
    let mut scene = Scene::start("info").await;
    let other = scene.data().join("other.key");
    std::fs::write(&other, format!("{}\n", "5a".repeat(32))).unwrap();
    std::fs::set_permissions(&other, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let environment = [("KAYLE_MASTER_KEY_FILE", other.to_str().unwrap())];
    let organization = scene.rp.organization.as_str();
    let create =
        ["key", "create", "--org", organization, "--name", "n", "--scope", "sessions:read"];
    refused(&kayle(&scene.data(), &create, &environment), "another master secret");
    let data = scene.data();
    scene.stop_and_read_log();
    refused(
        &kayle(&data, &["serve", "--listen", "127.0.0.1:0"], &environment),
        "another master secret",
    );
}

/// The reference's link names no server; the phone then asks the one of its settings.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_without_a_server_leads_to_that_of_the_settings() {
    let scene = Scene::start("info").await;
    let session = scene.rp.session(&[("family_name", true)]).await;
    let handoff = scene.rp.handoff(&session.id).await;
    let phone = Command::new(env!("CARGO_BIN_EXE_kayle"))
        .args(["phone", &handoff.reference_link(), "--document"])
        .arg(&scene.passport.folder)
        .args(scene.passport.selfie_args())
        .env("KAYLE_PUBLIC_URL", scene.url())
        .output()
        .unwrap();
    assert!(phone.status.success(), "{}", String::from_utf8_lossy(&phone.stderr));
}
