//! A connection that is kept open, one request at a time.

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;

use crate::{LoadError, Sources, Target};

/// The longest answer that is read.
const MAX_ANSWER: usize = 1 << 20;

/// One client's connection.
#[derive(Debug)]
pub struct Http {
    sender: SendRequest<Full<Bytes>>,
    authority: String,
}

impl Http {
    /// Connects.
    ///
    /// # Errors
    /// When the server does not take the connection.
    pub async fn connect(target: &Target, sources: &Sources) -> Result<Self, LoadError> {
        let stream = sources.connect(target).await?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // How it ends is told to whoever sends the next request.
        tokio::spawn(connection);
        Ok(Self { sender, authority: target.authority().to_owned() })
    }

    /// Sends a request, with JSON if `body` is not empty, and reads the answer.
    ///
    /// # Errors
    /// When the connection is lost, or the status is not 2xx.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        bearer: Option<&str>,
        body: Bytes,
    ) -> Result<Bytes, LoadError> {
        let mut request = Request::builder().method(method).uri(path).header(HOST, &self.authority);
        if let Some(key) = bearer {
            request = request.header(AUTHORIZATION, format!("Bearer {key}"));
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        self.sender.ready().await?;
        let response = self.sender.send_request(request.body(Full::new(body))?).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_ANSWER)
            .collect()
            .await
            .map_err(|_| LoadError::Unexpected("a body that breaks off"))?;
        if status.is_success() {
            Ok(body.to_bytes())
        } else {
            Err(LoadError::Status(status.as_u16()))
        }
    }
}
