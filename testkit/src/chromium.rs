//! A real browser, driven by the Chrome DevTools Protocol.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::{skipped, within};

const SOON: Duration = Duration::from_secs(60);

/// A Chromium of its own, which is gone with the test.
pub struct Chromium {
    process: Child,
    _profile: TempDir,
    wire: Arc<Wire>,
}

/// A window with a profile of its own: another browser, to a server.
pub struct Tab {
    wire: Arc<Wire>,
    session: String,
}

/// What a window looks like.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Width in CSS pixels.
    pub width: u32,
    /// Height in CSS pixels.
    pub height: u32,
    /// Whether the person prefers dark colours.
    pub dark: bool,
    /// What the browser says it is, if not itself.
    pub user_agent: &'static str,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

struct Wire {
    socket: Mutex<(Socket, u64)>,
}

impl Screen {
    /// A computer.
    pub const DESKTOP: Self = Self { width: 1000, height: 1300, dark: false, user_agent: "" };
    /// A phone.
    pub const PHONE: Self = Self {
        width: 390,
        height: 844,
        dark: false,
        user_agent: "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
    };

    /// The same in dark colours.
    #[must_use]
    pub const fn dark(self) -> Self {
        Self { dark: true, ..self }
    }
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
        let wire = Arc::new(Wire { socket: Mutex::new((socket, 0)) });
        Some(Self { process, _profile: profile, wire })
    }

    /// A window that shares nothing with the others.
    pub async fn window(&self, screen: Screen) -> Tab {
        let call = async |method: &str, params| self.wire.call(None, method, params).await;
        let context = call("Target.createBrowserContext", json!({})).await;
        let target =
            json!({ "url": "about:blank", "browserContextId": context["browserContextId"] });
        let target = call("Target.createTarget", target).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = call("Target.attachToTarget", attach).await["sessionId"].clone();
        let tab =
            Tab { wire: Arc::clone(&self.wire), session: session.as_str().unwrap().to_owned() };
        tab.look(screen).await;
        tab
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Tab {
    /// Changes what the window looks like.
    pub async fn look(&self, screen: Screen) {
        let metrics = json!({
            "width": screen.width, "height": screen.height,
            "deviceScaleFactor": 1, "mobile": !screen.user_agent.is_empty(),
        });
        self.call("Emulation.setDeviceMetricsOverride", metrics).await;
        let scheme = if screen.dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features })).await;
        if !screen.user_agent.is_empty() {
            let agent = json!({ "userAgent": screen.user_agent });
            self.call("Emulation.setUserAgentOverride", agent).await;
        }
    }

    /// Goes to an address and waits until it is loaded.
    pub async fn open(&self, url: &str) {
        // Where only the fragment differs nothing would be loaded.
        self.call("Page.navigate", json!({ "url": "about:blank" })).await;
        self.call("Page.navigate", json!({ "url": url })).await;
        self.until("location.href !== 'about:blank' && document.readyState === 'complete'").await;
    }

    /// Waits until an expression holds.
    pub async fn until(&self, expression: &str) {
        let wait = format!(
            "new Promise((found) => {{ const look = () => {{ try {{ if ({expression}) return found(true); }} catch {{}} setTimeout(look, 20); }}; look(); }})"
        );
        loop {
            // A navigation takes the promise with it.
            if within(SOON, expression, self.evaluate(&wait)).await == json!(true) {
                return;
            }
        }
    }

    /// The value of an expression; null where it fails.
    pub async fn evaluate(&self, expression: &str) -> Value {
        let params =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        self.call("Runtime.evaluate", params).await["result"]["value"].clone()
    }

    /// What a person can read.
    pub async fn text(&self) -> String {
        self.evaluate("document.body.innerText").await.as_str().unwrap_or_default().to_owned()
    }

    /// The document as it stands.
    pub async fn html(&self) -> String {
        let html = self.evaluate("document.documentElement.outerHTML").await;
        html.as_str().unwrap_or_default().to_owned()
    }

    /// What the window shows, a PNG.
    pub async fn screenshot(&self) -> Vec<u8> {
        let shot = self.call("Page.captureScreenshot", json!({ "format": "png" })).await;
        BASE64_STANDARD.decode(shot["data"].as_str().unwrap()).unwrap()
    }

    async fn call(&self, method: &str, params: Value) -> Value {
        self.wire.call(Some(&self.session), method, params).await
    }
}

impl Wire {
    /// Calls a method; null where it is refused.
    async fn call(&self, session: Option<&str>, method: &str, params: Value) -> Value {
        let mut wire = self.socket.lock().await;
        wire.1 += 1;
        let id = wire.1;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = json!(session);
        }
        wire.0.send(Message::text(message.to_string())).await.unwrap();
        loop {
            let heard = within(SOON, method, wire.0.next()).await.unwrap().unwrap();
            let Message::Text(text) = heard else { continue };
            let mut answer: Value = serde_json::from_str(&text).unwrap();
            if answer["id"] == json!(id) {
                return answer["result"].take();
            }
        }
    }
}

/// Every text that a QR code in a picture holds.
pub fn read_qr_codes(png: &[u8]) -> Vec<String> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let samples = info.color_type.samples();
    let (width, height) = (info.width as usize, info.height as usize);
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        // The codes are black on white: one channel is as good as another.
        pixels[(y * width + x) * samples]
    });
    image.detect_grids().iter().filter_map(|grid| Some(grid.decode().ok()?.1)).collect()
}

fn program() -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths)
        .flat_map(|folder| {
            ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name))
        })
        .find(|path| Path::is_file(path))
}
