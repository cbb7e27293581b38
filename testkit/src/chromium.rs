//! A real browser, driven by the Chrome DevTools Protocol.

mod axe;
mod keyboard;
mod look;
mod picture;
mod tab;
mod time;
mod traffic;
mod wire;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio_tungstenite::connect_async;

pub use axe::Axe;
pub use look::Screen;
pub use picture::read_qr_codes;
pub use tab::{Seen, Tab};
pub use traffic::Loaded;

use crate::{skipped, within};
use wire::Wire;

const SOON: Duration = Duration::from_secs(60);

/// A Chromium of its own, which is gone with the test.
pub struct Chromium {
    process: Child,
    _profile: TempDir,
    wire: Arc<Wire>,
    user_agent: String,
}

impl Chromium {
    /// Starts one; `None` where none is installed.
    pub async fn start() -> Option<Self> {
        let Some(program) = program() else {
            skipped("no Chromium on this machine");
            return None;
        };
        let profile = TempDir::new().unwrap();
        let mut process = Command::new(program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"])
            .args(["--no-first-run", "--hide-scrollbars", "--disable-background-networking"])
            .args(["--disable-component-update", "--disable-sync", "--remote-debugging-port=0"])
            // Names of this machine that browsers trust no more than any other: no TLS, no secrets.
            .arg("--host-resolver-rules=MAP *.test 127.0.0.1")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(process.stderr.take().unwrap());
        let (sender, address) = tokio::sync::oneshot::channel();
        // Read to its end, so that the browser never waits for a reader.
        std::thread::spawn(move || {
            let mut sender = Some(sender);
            for line in stderr.lines().map_while(Result::ok) {
                if let Some(at) = line.find("ws://")
                    && let Some(sender) = sender.take()
                {
                    let _ = sender.send(line[at..].to_owned());
                }
            }
        });
        let address = within(SOON, "a browser", address).await.unwrap();
        let (socket, _) = connect_async(address).await.unwrap();
        let wire = Wire::over(socket);
        let version = wire.call(None, "Browser.getVersion", json!({})).await;
        let user_agent = version["userAgent"].as_str().unwrap().to_owned();
        Some(Self { process, _profile: profile, wire, user_agent })
    }

    /// A window with a profile of its own: another browser, to a server.
    pub async fn window(&self, screen: Screen) -> Tab {
        let context = self.wire.call(None, "Target.createBrowserContext", json!({})).await;
        let profile = context["browserContextId"].as_str().unwrap();
        Tab::new(&self.wire, profile, &self.user_agent, screen).await
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths)
        .flat_map(|folder| {
            ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name))
        })
        .find(|path| Path::is_file(path))
}
