//! An open socket, served by a task of its own: the server's pings are answered while the phone
//! waits for its holder.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use protocol::limits;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use url::Url;

/// Most messages that wait on either side. A server has one to answer at a time, or ten while a
/// chip is read, when nobody takes what it says.
const WAITING: usize = 64;

/// Dropping it drops the connection without a word, as a lost network does.
pub(super) struct Wire {
    outgoing: Sender<Message>,
    incoming: Receiver<Message>,
    task: JoinHandle<()>,
}

impl Wire {
    /// Opens a connection.
    pub(super) async fn open(url: &Url) -> Result<Self, Error> {
        let config = WebSocketConfig::default()
            .max_message_size(Some(limits::FRAME_BYTES))
            .max_frame_size(Some(limits::FRAME_BYTES));
        let (stream, _) = connect_async_with_config(url.as_str(), Some(config), true).await?;
        let (outgoing, from_phone) = channel(WAITING);
        let (to_phone, incoming) = channel(WAITING);
        let task = tokio::spawn(serve(stream, from_phone, to_phone));
        Ok(Self { outgoing, incoming, task })
    }

    /// Sends a message. Failing to is not yet the end: the server may have said why before it
    /// closed, and that is still to be read.
    pub(super) async fn send(&self, message: Message) {
        let _ = self.outgoing.send(message).await;
    }

    /// Sends a message that may as well get lost, without waiting.
    pub(super) fn mention(&self, message: Message) {
        let _ = self.outgoing.try_send(message);
    }

    /// The next message; `None` when the connection is gone.
    pub(super) async fn next(&mut self) -> Option<Message> {
        self.incoming.recv().await
    }

    /// Says goodbye and waits for the server's, for as long as `patience`.
    pub(super) async fn close(mut self, patience: Duration) {
        let goodbye = async {
            self.send(Message::Close(None)).await;
            while self.next().await.is_some() {}
        };
        let _ = timeout(patience, goodbye).await;
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Carries messages both ways until either side is gone. Reading answers pings.
async fn serve(
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    mut from_phone: Receiver<Message>,
    to_phone: Sender<Message>,
) {
    let (mut sink, mut stream) = stream.split();
    let sending = async {
        while let Some(message) = from_phone.recv().await {
            if sink.send(message).await.is_err() {
                // What the server said before it closed is still to be read.
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    let receiving = async {
        while let Some(Ok(message)) = stream.next().await {
            if to_phone.send(message).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = sending => {}
        () = receiving => {}
    }
}
