//! Which server is loaded, and from which addresses.

use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::net::{TcpSocket, TcpStream, lookup_host};
use url::Url;

use crate::LoadError;

/// How many source addresses are used; each has about 28,000 ports.
const SOURCES: u8 = 32;

/// A server, by its address.
#[derive(Clone, Debug)]
pub struct Target {
    address: SocketAddr,
    authority: String,
}

impl Target {
    /// Resolves `http://HOST:PORT`.
    ///
    /// # Errors
    /// When the URL is of another form or does not resolve, or any of its addresses is not of this
    /// machine and `allow_remote` is not given.
    pub async fn resolve(url: &Url, allow_remote: bool) -> Result<Self, LoadError> {
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(LoadError::Url);
        };
        if url.scheme() != "http" || url.path() != "/" || url.query().is_some() {
            return Err(LoadError::Url);
        }
        let authority = format!("{host}:{port}");
        let addresses: Vec<_> = lookup_host(&authority).await?.collect();
        let remote = addresses.iter().find(|address| !address.ip().is_loopback());
        if let (Some(remote), false) = (remote, allow_remote) {
            return Err(LoadError::Remote(remote.ip()));
        }
        let address = *addresses.first().ok_or(LoadError::Url)?;
        Ok(Self { address, authority })
    }

    /// `HOST:PORT`, as the Host header has it.
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

/// Connects from one loopback address after the other, so that neither ports nor what the server
/// allows one address run out.
#[derive(Debug, Default)]
pub struct Sources(Cell<u8>);

impl Sources {
    /// A connection to the target.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn connect(&self, target: &Target) -> Result<TcpStream, LoadError> {
        let stream = match target.address.ip() {
            IpAddr::V4(address) if address.is_loopback() => {
                let socket = TcpSocket::new_v4()?;
                socket.set_reuseaddr(true)?;
                socket.bind(SocketAddr::from((self.next(), 0)))?;
                socket.connect(target.address).await?
            }
            _ => TcpStream::connect(target.address).await?,
        };
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn next(&self) -> Ipv4Addr {
        let turn = self.0.get();
        self.0.set((turn + 1) % SOURCES);
        Ipv4Addr::new(127, 0, 0, turn + 1)
    }
}
