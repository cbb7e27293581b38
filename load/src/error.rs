//! What goes wrong under load.

/// Why an operation failed, or cannot be tried. It holds no token and no id.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The URL cannot be used.
    #[error("expected http://HOST:PORT without a path")]
    Url,
    /// The server is somebody else's.
    #[error("{0} is not a loopback address")]
    Remote(std::net::IpAddr),
    /// The connection cannot be made or was lost.
    #[error("connection: {0}")]
    Io(#[from] std::io::Error),
    /// The connection spoke no proper HTTP.
    #[error("http: {0}")]
    Http(#[from] hyper::Error),
    /// A request that cannot be written.
    #[error("request: {0}")]
    Request(#[from] hyper::http::Error),
    /// The server answered with an error.
    #[error("status {0}")]
    Status(u16),
    /// The socket cannot be opened or was lost.
    #[error("socket: {0}")]
    Socket(#[from] Box<tokio_tungstenite::tungstenite::Error>),
    /// The server refused what the phone said, with this code.
    #[error("refused with {0}")]
    Refused(String),
    /// The phone could not go on.
    #[error("phone: {0}")]
    Phone(#[from] phone::PhoneError),
    /// The verification did not end as it should.
    #[error("outcome: {0}")]
    Outcome(String),
    /// The answer is not what the protocol says.
    #[error("unexpected answer: {0}")]
    Unexpected(&'static str),
    /// No answer in time.
    #[error("no answer within {} seconds", crate::drive::PATIENCE.as_secs())]
    Slow,
}
