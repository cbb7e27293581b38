//! A connection that is kept open, one request at a time.

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response};
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
        let response = self.ask(method, path, bearer, body).await?;
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

    /// Follows server-sent events. The connection is theirs from then on.
    ///
    /// # Errors
    /// When the connection is lost, or the status is not 2xx.
    pub async fn follow(mut self, path: &str) -> Result<Events, LoadError> {
        let response = self.ask(Method::GET, path, None, Bytes::new()).await?;
        let status = response.status();
        if !status.is_success() {
            return Err(LoadError::Status(status.as_u16()));
        }
        Ok(Events { body: response.into_body(), unread: Vec::new(), _connection: self })
    }

    async fn ask(
        &mut self,
        method: Method,
        path: &str,
        bearer: Option<&str>,
        body: Bytes,
    ) -> Result<Response<Incoming>, LoadError> {
        let mut request = Request::builder().method(method).uri(path).header(HOST, &self.authority);
        if let Some(key) = bearer {
            request = request.header(AUTHORIZATION, format!("Bearer {key}"));
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        self.sender.ready().await?;
        Ok(self.sender.send_request(request.body(Full::new(body))?).await?)
    }
}

/// Server-sent events as they come.
#[derive(Debug)]
pub struct Events {
    body: Incoming,
    unread: Vec<u8>,
    _connection: Http,
}

impl Events {
    /// Waits for the next event; comments are none.
    ///
    /// # Errors
    /// When the stream ends before, or sends too much.
    pub async fn next(&mut self) -> Result<(), LoadError> {
        while !take_event(&mut self.unread) {
            let frame =
                self.body.frame().await.ok_or(LoadError::Unexpected("no more events"))??;
            self.unread.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
            if self.unread.len() > MAX_ANSWER {
                return Err(LoadError::Unexpected("an event without an end"));
            }
        }
        Ok(())
    }
}

/// Takes what is read up to the end of the first event, if that is there, and comments before it.
fn take_event(unread: &mut Vec<u8>) -> bool {
    const END: &[u8] = b"\n\n";
    while let Some(at) = unread.windows(END.len()).position(|bytes| bytes == END) {
        let is_comment = unread.starts_with(b":");
        unread.drain(..at + END.len());
        if !is_comment {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_taken_one_by_one_and_comments_are_none() {
        let mut unread = b":\n\nevent: screen\ndata: 1\n\n:\n\ndata: 2\n\ndata".to_vec();
        assert!(take_event(&mut unread) && take_event(&mut unread));
        assert_eq!(unread, b"data");
        assert!(!take_event(&mut unread));
        unread.extend_from_slice(b": 3\n");
        assert!(!take_event(&mut unread));
        unread.extend_from_slice(b"\n:");
        assert!(take_event(&mut unread));
        assert_eq!(unread, b":");
    }
}
