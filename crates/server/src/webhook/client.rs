//! The HTTP client for webhooks: it connects to public addresses only.

use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::tls::Version;

use crate::target::{GuardedResolver, TargetError, TargetRules};

const DELIVERY_ID: HeaderName = HeaderName::from_static("x-kayle-delivery-id");
const EVENT: HeaderName = HeaderName::from_static("x-kayle-event");
const SIGNATURE: HeaderName = HeaderName::from_static("x-kayle-signature");

/// Sends webhook requests.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    rules: TargetRules,
}

/// One request (REFERENCE 7.3).
pub(super) struct Request<'a> {
    pub(super) url: &'a str,
    pub(super) delivery: &'a str,
    pub(super) event: &'static str,
    pub(super) signature: &'a str,
    pub(super) body: String,
}

/// Why there is no answer. Says nothing of the URL, which may carry the receiver's secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoAnswer {
    /// The URL is not one that requests may go to.
    #[error("the URL {0}")]
    Target(TargetError),
    /// The name does not resolve to a public address, or nothing answers there.
    #[error("no connection")]
    Connect,
    /// The connection broke before an answer came.
    #[error("the connection broke")]
    Broken,
}

impl Client {
    /// A client that resolves names as the system does.
    pub(super) fn new(rules: TargetRules) -> reqwest::Result<Self> {
        Self::resolving(GuardedResolver::new(rules.clone()), rules)
    }

    /// No redirects, which could lead inside; no proxy from the environment, which would connect
    /// for us without our rules; no kept connections, so that each request goes to an address
    /// that was checked for it.
    fn resolving(resolver: GuardedResolver, rules: TargetRules) -> reqwest::Result<Self> {
        let http = reqwest::Client::builder()
            .dns_resolver(resolver)
            .redirect(Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(0)
            .retry(reqwest::retry::never())
            .referer(false)
            .tls_version_min(Version::TLS_1_2)
            .user_agent(concat!("kayle/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http, rules })
    }

    /// Sends a request and waits for the head of its answer. The body is not read.
    ///
    /// An address literal in the URL is never resolved, so the URL is checked here once more.
    pub(super) async fn send(&self, request: Request<'_>) -> Result<u16, NoAnswer> {
        let url = self.rules.check_webhook(request.url).map_err(NoAnswer::Target)?;
        let answer = self
            .http
            .post(url)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/jose"))
            .header(DELIVERY_ID, request.delivery)
            .header(EVENT, request.event)
            .header(SIGNATURE, request.signature)
            .body(request.body)
            .send()
            .await;
        match answer {
            Ok(answer) => Ok(answer.status().as_u16()),
            Err(error) if error.is_connect() => Err(NoAnswer::Connect),
            Err(_) => Err(NoAnswer::Broken),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::net::IpAddr;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::Router;
    use axum::http::StatusCode;
    use axum::response::Redirect;
    use axum::routing::post;
    use tokio::net::TcpListener;
    use url::Url;

    use super::*;

    fn rules(public_url: &str) -> TargetRules {
        TargetRules::for_public_url(&Url::parse(public_url).unwrap())
    }

    fn resolving_to(rules: TargetRules, addresses: &[&str]) -> Client {
        let addresses: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
        let resolver = GuardedResolver::answering(rules.clone(), addresses);
        Client::resolving(resolver, rules).unwrap()
    }

    async fn send(client: &Client, url: &str) -> Result<u16, NoAnswer> {
        let request = Request {
            url,
            delivery: "whd_x",
            event: "verification.session.expired",
            signature: "t=1,v1=00",
            body: "payload".to_owned(),
        };
        client.send(request).await
    }

    /// Serves on loopback; counts what connects at all.
    async fn serve(router: Router) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, router).await });
        port
    }

    async fn connections() -> (u16, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&seen);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        (port, seen)
    }

    #[tokio::test]
    async fn a_name_that_resolves_inside_is_not_connected_to() {
        let (port, seen) = connections().await;
        let url = format!("https://rebind.example:{port}/");
        for rules in [rules("https://verify.example"), rules("http://127.0.0.1:1")] {
            for inside in ["127.0.0.1", "::ffff:127.0.0.1", "::1", "169.254.169.254", "10.0.0.1"] {
                let client = resolving_to(rules.clone(), &[inside]);
                assert_eq!(send(&client, &url).await, Err(NoAnswer::Connect), "{inside}");
            }
        }
        assert_eq!(seen.load(Ordering::SeqCst), 0);

        // The listener does count: this name may lead to it.
        let client = resolving_to(rules("http://127.0.0.1:1"), &["127.0.0.1"]);
        let mut attempt =
            Box::pin(async move { send(&client, &format!("http://localhost:{port}/")).await });
        loop {
            tokio::select! {
                _ = &mut attempt => break,
                () = tokio::task::yield_now() => {}
            }
            if seen.load(Ordering::SeqCst) > 0 {
                break;
            }
        }
        assert_eq!(seen.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn redirects_are_not_followed() {
        let (inside, seen) = connections().await;
        let target = format!("http://127.0.0.1:{inside}/");
        let port =
            serve(Router::new().route("/", post(async move || Redirect::temporary(&target)))).await;
        let client = Client::new(rules("http://127.0.0.1:1")).unwrap();
        let answer = send(&client, &format!("http://127.0.0.1:{port}/")).await;
        assert_eq!(answer, Ok(307));
        assert_eq!(seen.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn literals_inside_are_refused_at_send_time() {
        let port = serve(Router::new().route("/", post(async || StatusCode::OK))).await;
        let url = format!("http://127.0.0.1:{port}/");
        let allowed = Client::new(rules("http://127.0.0.1:1")).unwrap();
        assert_eq!(send(&allowed, &url).await, Ok(200));
        let public = Client::new(rules("https://verify.example")).unwrap();
        assert_eq!(send(&public, &url).await, Err(NoAnswer::Target(TargetError::Scheme)));
        let url = format!("https://127.0.0.1:{port}/");
        assert_eq!(send(&public, &url).await, Err(NoAnswer::Target(TargetError::Address)));
    }
}
