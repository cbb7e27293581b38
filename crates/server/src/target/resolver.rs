//! Name resolution for clients that may be led anywhere by a relying party.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::TargetRules;

/// The most addresses of a name that are tried.
const MAX_ADDRESSES: usize = 8;

/// Addresses, when they are found.
type Pending = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Resolves a name to addresses.
type Lookup = Arc<dyn Fn(String) -> Pending + Send + Sync>;

/// Gives the client only addresses that it may connect to.
pub(crate) struct GuardedResolver {
    rules: TargetRules,
    lookup: Lookup,
}

impl GuardedResolver {
    /// Resolves names as the system does.
    pub(crate) fn new(rules: TargetRules) -> Self {
        Self { rules, lookup: Arc::new(|name| Box::pin(system_lookup(name))) }
    }

    /// Says these of every name.
    #[cfg(test)]
    pub(crate) fn answering(rules: TargetRules, addresses: Vec<IpAddr>) -> Self {
        let lookup = move |_| -> Pending {
            let addresses = addresses.clone();
            Box::pin(async move { Ok(addresses) })
        };
        Self { rules, lookup: Arc::new(lookup) }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the name resolves to no public address")]
struct NoPublicAddress;

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let rules = self.rules.clone();
        let host = name.as_str().to_owned();
        let found = (self.lookup)(host.clone());
        Box::pin(async move {
            // The client puts the port of the URL in place of 0.
            let allowed: Vec<SocketAddr> = found
                .await?
                .into_iter()
                .filter(|address| rules.may_connect(&host, *address))
                .take(MAX_ADDRESSES)
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            if allowed.is_empty() {
                return Err(NoPublicAddress.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

async fn system_lookup(name: String) -> io::Result<Vec<IpAddr>> {
    Ok(tokio::net::lookup_host((name, 0)).await?.map(|found| found.ip()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn inside_addresses_are_dropped_from_a_mixed_answer() {
        let rules = TargetRules::for_public_url(&"https://verify.example".parse().unwrap());
        let addresses = ["127.0.0.1", "1.1.1.1", "fd00::1", "10.0.0.1"];
        let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
        let resolver = GuardedResolver::answering(rules, addresses);
        let found = resolver.resolve("mixed.example".parse().unwrap()).await.ok().unwrap();
        assert_eq!(found.collect::<Vec<_>>(), ["1.1.1.1:0".parse().unwrap()]);
    }
}
