//! A phone's socket, at the level of frames.

use futures_util::{SinkExt as _, StreamExt as _};
use protocol::{ClientMessage, Hello, ServerMessage, limits};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::{LoadError, Sources, Target, Ticket};

/// What an idle socket of the generator holds; twenty thousand of them share its memory.
const BUFFER: usize = 1024;

/// An open socket.
#[derive(Debug)]
pub struct PhoneSocket(WebSocketStream<TcpStream>);

impl PhoneSocket {
    /// Opens the socket at `path`.
    ///
    /// # Errors
    /// When the server does not take it.
    pub async fn connect(
        target: &Target,
        sources: &Sources,
        path: &str,
    ) -> Result<Self, LoadError> {
        let stream = sources.connect(target).await?;
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(limits::FRAME_BYTES))
            .max_frame_size(Some(limits::FRAME_BYTES));
        let url = format!("ws://{}{path}", target.authority());
        let (socket, _) = client_async_with_config(url, stream, Some(config)).await?;
        Ok(Self(socket))
    }

    /// Says hello with the ticket; the server must answer `hello_ok` and a challenge.
    ///
    /// # Errors
    /// When it refuses.
    pub async fn hello(&mut self, ticket: &Ticket, device: &str) -> Result<(), LoadError> {
        self.say_hello(ticket, device).await?;
        match self.hear().await? {
            ServerMessage::Ack { .. } => {}
            ServerMessage::Error { code, .. } => return Err(LoadError::Refused(code)),
            _ => return Err(LoadError::Unexpected("no acknowledgement of a hello")),
        }
        match self.hear().await? {
            ServerMessage::ActiveAuthChallenge { .. } => Ok(()),
            _ => Err(LoadError::Unexpected("no challenge after a hello")),
        }
    }

    /// Says hello and does not wait for the answer.
    ///
    /// # Errors
    /// When the socket is gone.
    pub async fn say_hello(&mut self, ticket: &Ticket, device: &str) -> Result<(), LoadError> {
        let hello = ClientMessage::Hello(Hello {
            attempt_id: ticket.attempt.clone(),
            mobile_write_token: ticket.token.clone(),
            device_id: device.into(),
            app_version: "load".to_owned(),
            ..Hello::default()
        });
        let frame = hello.encode().map_err(|_| LoadError::Unexpected("a ticket too long"))?;
        self.send(frame).await
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// When the socket is gone.
    pub async fn send(&mut self, frame: Vec<u8>) -> Result<(), LoadError> {
        Ok(self.0.send(Message::Binary(frame.into())).await?)
    }

    /// The next message of the server. Pings are answered on the way.
    ///
    /// # Errors
    /// When the socket is gone or the message cannot be read.
    pub async fn hear(&mut self) -> Result<ServerMessage, LoadError> {
        loop {
            let frame = self.frame().await?;
            match ServerMessage::decode(&frame) {
                Ok(Some(message)) => return Ok(message),
                Ok(None) => {}
                Err(_) => return Err(LoadError::Unexpected("a frame that is no message")),
            }
        }
    }

    /// The next binary frame. Pings are answered on the way.
    ///
    /// # Errors
    /// When the socket is gone.
    pub async fn frame(&mut self) -> Result<Vec<u8>, LoadError> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Binary(frame))) => return Ok(frame.into()),
                Some(Ok(Message::Close(_))) | None => return Err(WsError::ConnectionClosed.into()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
            }
        }
    }

    /// Closes the socket in both directions.
    ///
    /// # Errors
    /// When it is gone already.
    pub async fn close(mut self) -> Result<(), LoadError> {
        self.0.close(None).await?;
        while let Some(Ok(_)) = self.0.next().await {}
        Ok(())
    }
}

impl From<WsError> for LoadError {
    fn from(error: WsError) -> Self {
        Self::Socket(Box::new(error))
    }
}
