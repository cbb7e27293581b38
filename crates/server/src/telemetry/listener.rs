//! The listener for machines of the operator: metrics and health, apart from the public one.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::health;
use crate::app::App;
use crate::target::is_public;

/// How often measurements are folded into their buckets.
const FOLD: Duration = Duration::from_secs(5);

const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Serves until it is aborted: it outlives the public listener, so that whoever asks while the
/// server drains is told.
pub(crate) fn serve(listener: TcpListener, app: App) -> JoinHandle<()> {
    let router = health::routes().route("/metrics", get(text)).with_state(app);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "metrics are no longer served");
        }
    })
}

/// Whether strangers may reach the address. Metrics hold no secret, but say how much business
/// there is.
pub(crate) fn is_exposed(address: SocketAddr) -> bool {
    let ip: IpAddr = address.ip().to_canonical();
    ip.is_unspecified() || is_public(ip)
}

/// Folds measurements until the server stops.
pub(crate) async fn fold(app: App) {
    loop {
        let next = app.now() + FOLD;
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = app.clock.sleep_until(next) => app.metrics.fold(),
        }
    }
}

async fn text(State(app): State<App>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, TEXT_FORMAT)], app.metrics.text(&app.store))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn only_loopback_and_private_addresses_are_not_exposed() {
        for (address, exposed) in [
            ("127.0.0.1:9090", false),
            ("[::1]:9090", false),
            ("10.1.2.3:9090", false),
            ("[fd00::1]:9090", false),
            ("[::ffff:192.168.0.1]:9090", false),
            ("0.0.0.0:9090", true),
            ("[::]:9090", true),
            ("1.1.1.1:9090", true),
            ("[2606:4700::1111]:9090", true),
        ] {
            assert_eq!(is_exposed(address.parse().unwrap()), exposed, "{address}");
        }
    }
}
