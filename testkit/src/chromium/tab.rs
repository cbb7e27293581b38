//! One tab.

use std::sync::Arc;

use serde_json::{Value, json};

use super::wire::Wire;
use super::{SOON, Screen};
use crate::{pause, within};

/// A tab of a window. Tabs of one window share cookies, and those of two windows nothing.
pub struct Tab {
    pub(super) wire: Arc<Wire>,
    pub(super) session: String,
    pub(super) user_agent: String,
    profile: String,
}

/// What a screen reader is told of an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// `button`, `heading`, …
    pub role: String,
    /// What it is called.
    pub name: String,
}

impl Tab {
    pub(super) async fn new(
        wire: &Arc<Wire>,
        profile: &str,
        user_agent: &str,
        screen: Screen,
    ) -> Self {
        let target = json!({ "url": "about:blank", "browserContextId": profile });
        let target = wire.call(None, "Target.createTarget", target).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = wire.call(None, "Target.attachToTarget", attach).await;
        let tab = Self {
            wire: Arc::clone(wire),
            session: attached["sessionId"].as_str().unwrap().to_owned(),
            user_agent: user_agent.to_owned(),
            profile: profile.to_owned(),
        };
        tab.call("Page.enable", json!({})).await;
        tab.call("Network.enable", json!({})).await;
        // Behind other tabs it works as in front of them.
        tab.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await;
        tab.look(screen).await;
        tab
    }

    /// The frame of another site that is in the page, as a tab of its own.
    pub async fn frame(&self) -> Self {
        let attach =
            json!({ "autoAttach": true, "waitForDebuggerOnStart": false, "flatten": true });
        self.call("Target.setAutoAttach", attach).await;
        let attached = async {
            loop {
                let frame = self.wire.events(&self.session).into_iter().rev().find(|event| {
                    event["method"] == "Target.attachedToTarget"
                        && event["params"]["targetInfo"]["type"] == "iframe"
                });
                match frame {
                    Some(event) => return event["params"]["sessionId"].clone(),
                    None => pause().await,
                }
            }
        };
        let session = within(SOON, "a frame", attached).await;
        Self {
            wire: Arc::clone(&self.wire),
            session: session.as_str().unwrap().to_owned(),
            user_agent: self.user_agent.clone(),
            profile: self.profile.clone(),
        }
    }

    /// Another tab of the same window.
    pub async fn beside(&self, screen: Screen) -> Self {
        Self::new(&self.wire, &self.profile, &self.user_agent, screen).await
    }

    /// Goes to an address and waits until it is loaded.
    pub async fn open(&self, url: &str) {
        // Where only the fragment differs nothing would be loaded.
        self.call("Page.navigate", json!({ "url": "about:blank" })).await;
        self.call("Page.navigate", json!({ "url": url })).await;
        self.until("location.href !== 'about:blank' && document.readyState === 'complete'").await;
    }

    /// Loads the page again and waits until it is there.
    pub async fn reload(&self) {
        self.evaluate("window.beforeReload = true").await;
        self.call("Page.reload", json!({})).await;
        self.until("!window.beforeReload && document.readyState === 'complete'").await;
    }

    /// Presses the back button.
    pub async fn back(&self) {
        let history = self.call("Page.getNavigationHistory", json!({})).await;
        let at = usize::try_from(history["currentIndex"].as_u64().unwrap()).unwrap();
        let entry = &history["entries"][at.checked_sub(1).expect("something to go back to")];
        self.call("Page.navigateToHistoryEntry", json!({ "entryId": entry["id"] })).await;
    }

    /// Turns scripts of pages on or off, from the next page on.
    pub async fn scripts(&self, on: bool) {
        self.call("Emulation.setScriptExecutionDisabled", json!({ "value": !on })).await;
    }

    /// Runs this in every new page before its own scripts.
    pub async fn before_scripts(&self, source: &str) {
        let source = json!({ "source": source });
        self.call("Page.addScriptToEvaluateOnNewDocument", source).await;
    }

    /// Waits until an expression holds.
    pub async fn until(&self, expression: &str) {
        let asked = format!("(() => {{ try {{ return !!({expression}); }} catch {{}} }})()");
        let found = async {
            while self.evaluate(&asked).await != true {
                pause().await;
            }
        };
        within(SOON, expression, found).await;
    }

    /// Waits until the page is at this screen, all of it: a new document says its screen before
    /// the rest of it is there and its scripts have run.
    pub async fn until_screen(&self, name: &str) {
        let at = format!("document.body.dataset.screen === {name:?}");
        self.until(&format!("document.readyState === 'complete' && {at}")).await;
    }

    /// The value of an expression; null where it fails.
    pub async fn evaluate(&self, expression: &str) -> Value {
        let params = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true,
            "userGesture": true,
        });
        self.call("Runtime.evaluate", params).await["result"]["value"].clone()
    }

    /// The value of an expression that is a text; empty where it is none.
    pub async fn read(&self, expression: &str) -> String {
        self.evaluate(expression).await.as_str().unwrap_or_default().to_owned()
    }

    /// What a person can read, without the marks around what may run in another direction.
    pub async fn text(&self) -> String {
        self.read(r"document.body.innerText.replace(/[\u2066-\u2069]/g, '')").await
    }

    /// The document as it stands.
    pub async fn html(&self) -> String {
        self.read("document.documentElement.outerHTML").await
    }

    /// What a screen reader goes through, in its order.
    pub async fn accessibility(&self) -> Vec<Seen> {
        let tree = self.call("Accessibility.getFullAXTree", json!({})).await;
        let nodes = tree["nodes"].as_array().cloned().unwrap_or_default();
        let seen = |node: &Value| {
            let text = |member: &str| node[member]["value"].as_str().unwrap_or_default().to_owned();
            Seen { role: text("role"), name: text("name") }
        };
        nodes.iter().filter(|node| node["ignored"] != true).map(seen).collect()
    }

    /// Closes it.
    pub async fn close(self) {
        self.call("Page.close", json!({})).await;
    }

    pub(super) async fn call(&self, method: &str, params: Value) -> Value {
        self.wire.call(Some(&self.session), method, params).await
    }
}
