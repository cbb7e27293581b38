//! What the page costs the server, beside a bare handler of the same bytes, in one run.
//!
//! The server is the real `kayle serve`; it, the bare handler and the load (this process) are
//! processes of their own, and their rounds take turns. `quick` as an argument does a tenth.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a benchmark")]

#[expect(dead_code, reason = "the other benchmark measures starts too")]
#[path = "handoff/processes.rs"]
mod processes;
#[path = "handoff/table.rs"]
mod table;

use axum::Router;
use axum::body::Bytes;
use axum::http::header;
use axum::response::Html;
use axum::routing::get;
use kayle_load::{Http, Report, Stopwatch, drive};
use reqwest::Method;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use processes::Server;
use table::Line;

const CLIENTS: usize = 64;
const ROUNDS: usize = 5;
const SESSIONS: u64 = 1000;
/// How many times the cost of the bare handler the page may have.
const GOAL: f64 = 10.0;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let [_, word, _, body] = &arguments[..]
        && word == "peer"
    {
        return runtime.block_on(bare(body.clone().into()));
    }
    let quick = arguments.iter().any(|argument| argument == "quick");
    let pages = if quick { 2_000 } else { 20_000 };
    let line = runtime.block_on(run(pages));
    println!();
    table::print(&[line]);
}

/// The bytes of the page, from nowhere.
async fn bare(body: Bytes) {
    let answer = async move || ([(header::CACHE_CONTROL, "no-store")], Html(body));
    let router = Router::new().route("/{id}", get(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("listening on http://{}", listener.local_addr().unwrap());
    axum::serve(listener, router).await.unwrap();
}

async fn run(count: u64) -> Line {
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let data = folder.path().join("data");
    let key = processes::api_key(&data);
    let server = Server::kayle(&data);
    let (site, mut clients) = server.site(&key, CLIENTS).await;
    let (sessions, _) = site.sessions(&mut clients, SESSIONS, &CancellationToken::new()).await;
    let path = format!("/{}", sessions[0]);
    let page = clients[0].send(Method::GET, &path, None, Bytes::new()).await.unwrap();
    assert!(page.starts_with(b"<!doctype html>"), "the page of a session");
    let peer = Server::peer("page", std::str::from_utf8(&page).unwrap());
    let (_, mut others) = peer.site("", CLIENTS).await;

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(server.measure(pages(&mut clients, &sessions, count)).await);
        theirs.push(peer.measure(pages(&mut others, &sessions, count)).await);
    }
    println!("page: {}", ours[0]);
    println!("page, bare: {}", theirs[0]);
    let ratio =
        median(ours.iter().zip(&theirs).map(|(ours, theirs)| micros(ours) / micros(theirs)));
    Line {
        measure: format!("the consent page, {} bytes, CPU each", page.len()),
        goal: format!("{GOAL} times"),
        result: format!("{:.1} µs, {ratio:.2} times", median(ours.iter().map(micros))),
        beside: format!("bare axum handler: {:.1} µs", median(theirs.iter().map(micros))),
        met: ratio <= GOAL,
    }
}

async fn pages(clients: &mut [Http], sessions: &[String], count: u64) -> Report {
    drive(clients, count, &CancellationToken::new(), async |client: &mut Http, number| {
        let session = &sessions[usize::try_from(number).unwrap() % sessions.len()];
        let path = format!("/{session}");
        let watch = Stopwatch::start();
        client.send(Method::GET, &path, None, Bytes::new()).await?;
        Ok(watch.elapsed())
    })
    .await
}

fn micros(report: &Report) -> f64 {
    report.cpu_each().unwrap().as_secs_f64() * 1e6
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
