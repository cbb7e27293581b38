//! Connections: how they are opened, and what must hold before Kayle lives on them.

use std::time::Duration;

use deadpool_postgres::{
    Manager, ManagerConfig, Pool, RecyclingMethod, Runtime,
    tokio_postgres::{Client, Config},
};
use openssl::error::ErrorStack;
use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};
use postgres_openssl::MakeTlsConnector;

use super::failure::Outcome;
use crate::error::StoreError;
use crate::location::{PostgresUrl, Verify};

/// How many connections one process opens for work; the listener has one more.
const CONNECTIONS: usize = 16;

/// How long a call waits for one of them.
const WAIT: Duration = Duration::from_secs(5);

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);

/// How long the network may swallow what was sent.
const UNANSWERED: Duration = Duration::from_secs(10);

/// How long a statement, a lock, and a transaction that says nothing may take, in milliseconds.
/// Whoever holds a lock and dies silently loses it after the last of them.
const TIMEOUTS: &str = "-c statement_timeout=10000 -c lock_timeout=5000 \
    -c idle_in_transaction_session_timeout=10000 \
    -c default_transaction_isolation=read\\ committed";

/// The URL as it is connected to, with everything that this store asks of a connection.
pub(super) fn configured(url: &PostgresUrl) -> Config {
    let mut config = url.config.clone();
    let options = match config.get_options() {
        Some(options) => format!("{TIMEOUTS} {options}"),
        None => TIMEOUTS.to_owned(),
    };
    config.options(options);
    if config.get_application_name().is_none() {
        config.application_name("kayle");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(UNANSWERED);
    }
    config.keepalives_idle(Duration::from_secs(30));
    config
}

/// What makes TLS as the URL asks for it.
pub(super) fn tls(url: &PostgresUrl) -> Result<MakeTlsConnector, StoreError> {
    if let Some(file) = &url.root_certificates {
        std::fs::metadata(file).map_err(|error| StoreError::Io(error.kind()))?;
    }
    connector(url).map_err(|_| StoreError::Refused("its root certificates cannot be used"))
}

fn connector(url: &PostgresUrl) -> Result<MakeTlsConnector, ErrorStack> {
    let mut builder = SslConnector::builder(SslMethod::tls_client())?;
    if let Some(file) = &url.root_certificates {
        builder.set_ca_file(file)?;
    }
    let verify = url.verify;
    builder.set_verify(match verify {
        Verify::Nothing => SslVerifyMode::NONE,
        Verify::Authority | Verify::Host => SslVerifyMode::PEER,
    });
    let mut connector = MakeTlsConnector::new(builder.build());
    connector.set_callback(move |connection, _| {
        connection.set_verify_hostname(verify == Verify::Host);
        Ok(())
    });
    Ok(connector)
}

/// The connections of a process. None is opened yet.
pub(super) fn pool(config: Config, tls: MakeTlsConnector) -> Result<Pool, StoreError> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    Pool::builder(Manager::from_config(config, tls, recycling))
        .max_size(CONNECTIONS)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(WAIT))
        .create_timeout(Some(CONNECT))
        .recycle_timeout(Some(CONNECT))
        .build()
        .map_err(|_| StoreError::Unavailable)
}

/// Refuses a server that acknowledges what it may forget.
pub(super) async fn check_durability(client: &Client) -> Outcome<()> {
    let row = client
        .query_one(
            "SELECT current_setting('synchronous_commit'), current_setting('fsync'),
                 current_setting('server_encoding')",
            &[],
        )
        .await?;
    let setting = |index: usize| row.try_get::<_, &str>(index);
    if setting(0)? == "off" {
        return Err(StoreError::Refused("synchronous_commit is off: it would forget").into());
    }
    if setting(1)? == "off" {
        tracing::warn!(
            "the database server runs with fsync off: a crash of its machine loses data"
        );
    }
    if setting(2)? != "UTF8" {
        return Err(StoreError::Refused("its encoding is not UTF8").into());
    }
    Ok(())
}
