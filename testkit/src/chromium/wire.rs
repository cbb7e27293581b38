//! The connection to the browser: calls that wait for their own answer only, and what the browser
//! tells of by itself.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::SOON;
use crate::within;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(super) struct Wire {
    sink: tokio::sync::Mutex<SplitSink<Socket, Message>>,
    heard: Arc<Mutex<Heard>>,
    count: AtomicU64,
}

#[derive(Default)]
struct Heard {
    waiting: HashMap<u64, oneshot::Sender<Value>>,
    /// What was told, by the session of the tab.
    events: HashMap<String, Vec<Value>>,
}

impl Wire {
    pub(super) fn over(socket: Socket) -> Arc<Self> {
        let (sink, stream) = socket.split();
        let heard = Arc::new(Mutex::new(Heard::default()));
        tokio::spawn(listen(stream, Arc::clone(&heard)));
        Arc::new(Self { sink: tokio::sync::Mutex::new(sink), heard, count: AtomicU64::new(1) })
    }

    /// Calls a method; null where it is refused.
    pub(super) async fn call(&self, session: Option<&str>, method: &str, params: Value) -> Value {
        let id = self.count.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        self.heard.lock().unwrap().waiting.insert(id, sender);
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = json!(session);
        }
        self.sink.lock().await.send(Message::text(message.to_string())).await.unwrap();
        within(SOON, method, answer).await.expect("the browser is alive")
    }

    /// What the browser told of this tab since it was opened.
    pub(super) fn events(&self, session: &str) -> Vec<Value> {
        self.heard.lock().unwrap().events.get(session).cloned().unwrap_or_default()
    }

    /// Forgets what was told of this tab.
    pub(super) fn forget(&self, session: &str) {
        self.heard.lock().unwrap().events.remove(session);
    }
}

async fn listen(mut stream: SplitStream<Socket>, heard: Arc<Mutex<Heard>>) {
    while let Some(Ok(message)) = stream.next().await {
        let Message::Text(text) = message else { continue };
        let mut message: Value = serde_json::from_str(&text).unwrap();
        let mut heard = heard.lock().unwrap();
        if let Some(sender) = message["id"].as_u64().and_then(|id| heard.waiting.remove(&id)) {
            let _ = sender.send(message["result"].take());
        } else if let Some(session) = message["sessionId"].as_str().map(str::to_owned) {
            heard.events.entry(session).or_default().push(message);
        }
    }
    // Whoever waits hears that nothing comes any more.
    heard.lock().unwrap().waiting.clear();
}
