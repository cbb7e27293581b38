//! Runs the relying party. It needs to be told where Kayle is, and an API key of it.

use anyhow::Context;
use relying_party::{Config, RelyingParty};
use tokio::net::TcpListener;
use url::Url;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let variable = |name| std::env::var(name).with_context(|| format!("{name} is not set"));
    let or = |name, default: &str| variable(name).unwrap_or_else(|_| default.to_owned());
    let listen = or("RP_LISTEN", "127.0.0.1:3000");
    let config = Config {
        kayle: Url::parse(&variable("RP_KAYLE_URL")?).context("RP_KAYLE_URL")?,
        api_key: variable("RP_KAYLE_API_KEY")?,
        public_url: Url::parse(&or("RP_URL", &format!("http://{listen}"))).context("RP_URL")?,
    };
    let listener = TcpListener::bind(&listen).await.with_context(|| listen.clone())?;
    let start_page = config.public_url.clone();
    let relying_party = RelyingParty::register(config).await?;
    tracing::info!("start at {start_page}");
    Ok(axum::serve(listener, relying_party.router()).await?)
}
