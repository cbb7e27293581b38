//! What goes over the network, and the network itself.

use serde_json::{Value, json};

use super::Tab;

/// One request of a tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// What was asked.
    pub url: String,
    /// Its method.
    pub method: String,
    /// The `Referer` that it carried.
    pub referrer: Option<String>,
    /// What was sent with it.
    pub body: Option<String>,
    /// What came over the network for it, headers and all, in bytes.
    pub bytes: u64,
    /// Whether all of it has come.
    pub complete: bool,
}

impl Tab {
    /// Every request since the tab was opened, or since `forget_traffic`.
    pub fn traffic(&self) -> Vec<Loaded> {
        let mut all: Vec<(Value, Loaded)> = Vec::new();
        for mut event in self.wire.events(&self.session) {
            let params = event["params"].take();
            let id = &params["requestId"];
            let known =
                all.iter_mut().rev().find(|(known, _)| known == id).map(|(_, loaded)| loaded);
            let length = params["encodedDataLength"].as_f64().unwrap_or_default();
            match (event["method"].as_str().unwrap_or_default(), known) {
                ("Network.requestWillBeSent", _) => {
                    let loaded = requested(&params["request"]);
                    // What is not of the network is in no one's log.
                    if !loaded.url.starts_with("data:") && !loaded.url.starts_with("about:") {
                        all.push((id.clone(), loaded));
                    }
                }
                ("Network.responseReceived", Some(loaded)) => {
                    let length = &params["response"]["encodedDataLength"];
                    loaded.bytes = bytes(length.as_f64().unwrap_or_default());
                }
                ("Network.dataReceived", Some(loaded)) => loaded.bytes += bytes(length),
                ("Network.loadingFinished", Some(loaded)) => {
                    loaded.bytes = bytes(length);
                    loaded.complete = true;
                }
                ("Network.loadingFailed", Some(loaded)) => loaded.complete = true,
                _ => {}
            }
        }
        all.into_iter().map(|(_, loaded)| loaded).collect()
    }

    /// Begins the list of requests anew.
    pub fn forget_traffic(&self) {
        self.wire.forget(&self.session);
    }

    /// Every address that the tab was at, with what follows `#`.
    pub fn addresses(&self) -> Vec<String> {
        let events = self.wire.events(&self.session);
        let at = |event: &Value| {
            let params = &event["params"];
            let url = match event["method"].as_str()? {
                "Page.frameNavigated" => {
                    let frame = &params["frame"];
                    let fragment = frame["urlFragment"].as_str().unwrap_or_default();
                    return Some(format!("{}{fragment}", frame["url"].as_str()?));
                }
                "Page.navigatedWithinDocument" => &params["url"],
                _ => return None,
            };
            url.as_str().map(str::to_owned)
        };
        events.iter().filter_map(at).collect()
    }

    /// Every address that the back and forward buttons of the tab lead to.
    pub async fn history(&self) -> Vec<String> {
        let history = self.call("Page.getNavigationHistory", json!({})).await;
        let entries = history["entries"].as_array().unwrap();
        entries.iter().map(|entry| entry["url"].as_str().unwrap().to_owned()).collect()
    }

    /// Takes the network away, or gives it back.
    pub async fn offline(&self, offline: bool) {
        let conditions = json!({
            "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        self.call("Network.emulateNetworkConditions", conditions).await;
    }

    /// Holds requests to such addresses for good, `*` for anything: no answer comes.
    pub async fn stall(&self, pattern: &str) {
        let patterns = json!({ "patterns": [{ "urlPattern": pattern }] });
        self.call("Fetch.enable", patterns).await;
    }
}

fn requested(request: &Value) -> Loaded {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Loaded {
        url: text(&request["url"]).unwrap_or_default(),
        method: text(&request["method"]).unwrap_or_default(),
        referrer: text(&request["headers"]["Referer"]).filter(|referrer| !referrer.is_empty()),
        body: text(&request["postData"]),
        bytes: 0,
        complete: false,
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of bytes")]
fn bytes(length: f64) -> u64 {
    length.max(0.0) as u64
}
