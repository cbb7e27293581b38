//! A PostgreSQL cluster of this process's own, and a fresh database for each test.
//!
//! A crate of its own, so that the tests of the store can use it: the testkit depends on the store.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "test support: a failure here fails the test"
)]

mod skip;

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::NoTls;

pub use skip::skipped;

/// Which server to use instead of a cluster of our own; its user may create databases.
const URL: &str = "TEST_POSTGRES_URL";

/// The password for connections over TCP; the socket needs none.
const PASSWORD: &str = "correct horse";

/// How often a port is tried that somebody else may take first.
const TRIES: usize = 3;

/// Runs the server until this process closes the pipe by ending, whatever ends it; then removes
/// everything. The server starts after the pipe is known to work.
const KEEPER: &str = r#"
    trap '' INT TERM HUP
    "$1/postgres" -D "$2/data" -k "$2" -c listen_addresses=127.0.0.1 -p "$3" \
        -c max_connections=400 -c shared_buffers=32MB -c log_min_messages=warning \
        -c wal_level=minimal -c max_wal_senders=0 \
        >"$2/log" 2>&1 </dev/null &
    cat >/dev/null
    kill -QUIT $!
    wait $!
    rm -rf "$2"
"#;

/// A server that tests may make databases on.
struct Cluster {
    /// Up to the name of the database.
    base: String,
    query: String,
    /// Ends the server when it is closed. It is never read: the process's end closes it.
    _keeper: Option<Child>,
    tcp: Option<u16>,
}

/// A database that is gone after its test.
#[derive(Debug)]
pub struct PostgresDatabase {
    /// Its URL.
    pub url: String,
    /// Its URL over TCP, with a password that must not show, if the cluster is our own.
    pub tcp_url: Option<String>,
    name: String,
}

impl PostgresDatabase {
    /// A fresh database; `None`, with a line that says so, where there is no server to have.
    pub async fn new() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let cluster = match cluster() {
            Ok(cluster) => cluster,
            Err(why) => {
                skipped(&format!("PostgreSQL: {why}"));
                return None;
            }
        };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("kayle_test_{}_{number}", std::process::id());
        execute(&cluster.url("postgres"), &format!("CREATE DATABASE {name}")).await;
        let tcp_url = cluster.tcp.map(|port| {
            let password = PASSWORD.replace(' ', "%20");
            format!("postgres://kayle:{password}@127.0.0.1:{port}/{name}")
        });
        Some(Self { url: cluster.url(&name), tcp_url, name })
    }

    /// A connection for what only tests do.
    pub async fn connect(&self) -> tokio_postgres::Client {
        connect(&self.url).await
    }

    /// Ends every connection to the database, as a restart of the server does.
    pub async fn disconnect_all(&self) {
        let name = &self.name;
        let end = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        );
        execute(&self.administration(), &end).await;
    }

    /// Lets nobody connect, or lets them again.
    pub async fn allow_connections(&self, allow: bool) {
        let name = &self.name;
        let alter = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {allow}");
        execute(&self.administration(), &alter).await;
    }

    /// Runs a statement that concerns the database from outside of it.
    pub async fn administer(&self, sql: &str) {
        execute(&self.administration(), &sql.replace("DATABASE_NAME", &self.name)).await;
    }

    fn administration(&self) -> String {
        self.url.replace(&self.name, "postgres")
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        // A cluster of our own goes as a whole.
        if std::env::var_os(URL).is_none() {
            return;
        }
        let (url, name) = (self.administration(), self.name.clone());
        let _ = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                execute(&url, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
            });
        })
        .join();
    }
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn execute(url: &str, sql: &str) {
    connect(url).await.batch_execute(sql).await.unwrap();
}

impl Cluster {
    fn url(&self, database: &str) -> String {
        format!("{}/{database}{}", self.base, self.query)
    }
}

fn cluster() -> Result<&'static Cluster, String> {
    static CLUSTER: OnceLock<Result<Cluster, String>> = OnceLock::new();
    CLUSTER.get_or_init(start).as_ref().map_err(Clone::clone)
}

fn start() -> Result<Cluster, String> {
    if let Ok(url) = std::env::var(URL) {
        let (base, query) = match url.split_once('?') {
            Some((base, query)) => (base, format!("?{query}")),
            None => (url.as_str(), String::new()),
        };
        let (scheme, rest) = base.split_once("://").ok_or("TEST_POSTGRES_URL is no URL")?;
        let authority = rest.split('/').next().unwrap_or(rest);
        let base = format!("{scheme}://{authority}");
        return Ok(Cluster { base, query, _keeper: None, tcp: None });
    }
    let programs = programs().ok_or("install its server programs, or set TEST_POSTGRES_URL")?;
    let folder = tempfile::Builder::new().prefix("kayle-pg").tempdir().map_err(text)?.keep();
    initialize(&programs, &folder).inspect_err(|_| {
        let _ = std::fs::remove_dir_all(&folder);
    })?;
    for _ in 0..TRIES {
        let port = free_port().map_err(text)?;
        let keeper = keep(&programs, &folder, port).map_err(text)?;
        if ready(&programs, &folder, port) {
            let socket = folder.display().to_string().replace('/', "%2F");
            return Ok(Cluster {
                base: format!("postgres://kayle@{socket}:{port}"),
                query: String::new(),
                _keeper: Some(keeper),
                tcp: Some(port),
            });
        }
    }
    let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    Err(format!("the server does not start: {log}"))
}

/// Where `initdb` and `postgres` are: on the path, or where Debian puts them.
fn programs() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).collect::<Vec<_>>();
    on_path.into_iter().chain(folders.into_iter().rev()).find(|folder| {
        ["initdb", "postgres", "pg_isready"].iter().all(|program| folder.join(program).is_file())
    })
}

fn initialize(programs: &Path, folder: &Path) -> Result<(), String> {
    let password = folder.join("password");
    std::fs::write(&password, PASSWORD).map_err(text)?;
    if let Some((user, group)) = unprivileged() {
        for path in [folder, &password] {
            chown(path, Some(user), Some(group)).map_err(text)?;
        }
    }
    // The collation is one that sorts otherwise than bytes do, as on most machines.
    let icu = ["--locale-provider=icu", "--icu-locale=en-US"];
    let mut failure = String::new();
    for locale in [&icu[..], &[]] {
        let output = command(&programs.join("initdb"))
            .args(["--username=kayle", "--auth-local=trust", "--auth-host=scram-sha-256"])
            .args(["--encoding=UTF8", "--locale=C", "--no-sync"])
            .args(locale)
            .arg(format!("--pwfile={}", password.display()))
            .arg("-D")
            .arg(folder.join("data"))
            .output()
            .map_err(text)?;
        if output.status.success() {
            return Ok(());
        }
        failure = String::from_utf8_lossy(&output.stderr).into_owned();
    }
    Err(failure)
}

/// A program that runs as somebody whom PostgreSQL accepts: it refuses to run as root.
fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    if let Some((user, group)) = unprivileged() {
        command.uid(user).gid(group);
    }
    command.current_dir("/");
    command
}

/// The user and group `postgres`, or `nobody`, if this process is root's.
fn unprivileged() -> Option<(u32, u32)> {
    if std::fs::metadata("/proc/self").ok()?.uid() != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    ["postgres", "nobody"].into_iter().find_map(|name| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    })
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn keep(programs: &Path, folder: &Path, port: u16) -> std::io::Result<Child> {
    command(Path::new("/bin/sh"))
        .args(["-c", KEEPER, "keeper"])
        .args([programs, folder])
        .arg(port.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // So that it outlives an interrupt at the keyboard and can tidy up.
        .process_group(0)
        .spawn()
}

/// Waits for the server; `false` if it ended instead.
#[expect(clippy::disallowed_methods, reason = "a server that starts in a process of its own")]
fn ready(programs: &Path, folder: &Path, port: u16) -> bool {
    for _ in 0..300 {
        let asked = Command::new(programs.join("pg_isready"))
            .arg("--quiet")
            .arg("-h")
            .arg(folder)
            .arg("-p")
            .arg(port.to_string())
            .status();
        if asked.is_ok_and(|status| status.success()) {
            return true;
        }
        let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        if log.contains("FATAL") && log.contains("bind") {
            return false;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    false
}

fn text(error: std::io::Error) -> String {
    error.to_string()
}
