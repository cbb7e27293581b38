//! The relying party of `examples/relying-party`, on a port of its own.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use domain::key::Secret;
use relying_party::{Config, Outcome, RelyingParty};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::event::Event;
use crate::cli::failure::{Code, Failure, with_causes};

pub(super) struct Shop {
    /// Its start page.
    pub(super) url: Url,
    relying_party: RelyingParty,
    /// A result page was asked for.
    asked: Arc<Notify>,
    stop: CancellationToken,
    server: JoinHandle<std::io::Result<()>>,
}

impl Shop {
    /// Makes itself known to Kayle and listens.
    pub(super) async fn start(kayle: Url, api_key: &Secret) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::io("the relying party", &error);
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let url = Url::parse(&format!("http://{address}"))
            .map_err(|error| Failure::new(Code::Demo, error.to_string(), "no URL was made"))?;
        let config =
            Config { kayle, api_key: api_key.reveal().to_owned(), public_url: url.clone() };
        let relying_party = RelyingParty::register(config).await?;
        let asked = Arc::new(Notify::new());
        let router = relying_party.router().layer(from_fn_with_state(Arc::clone(&asked), note));
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let serve = axum::serve(listener, router).with_graceful_shutdown(stopped);
        let server = tokio::spawn(async move { serve.await });
        Ok(Self { url, relying_party, asked, stop, server })
    }

    /// Waits until somebody was shown that they are verified; the event that says so.
    pub(super) async fn verified(&self) -> Event {
        loop {
            self.asked.notified().await;
            for verification in self.relying_party.verifications().values() {
                if let Outcome::Verified(event) = verification.outcome() {
                    return Event(event);
                }
            }
        }
    }

    /// Answers what was asked, then ends.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        let _ = self.server.await;
    }
}

async fn note(State(asked): State<Arc<Notify>>, request: Request, next: Next) -> Response {
    let is_result = request.uri().path().starts_with("/result/");
    let response = next.run(request).await;
    if is_result {
        asked.notify_one();
    }
    response
}

impl From<relying_party::Error> for Failure {
    fn from(error: relying_party::Error) -> Self {
        Self::new(Code::Demo, with_causes(&error), "run it again with KAYLE_LOG=debug")
    }
}
