//! What the handoff costs the server, beside peers that do the least, in one run.
//!
//! The server is the real `kayle serve`. It, each peer and the load (this process) are processes
//! of their own, so that CPU time is counted apart; rounds of server and peer take turns.
//! `quick` as an argument does a tenth of the work.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a benchmark")]

mod peers;
mod processes;
mod table;

use std::path::Path;
use std::time::Duration;

use kayle_load::{Http, PhoneSocket, Report, Site, Stopwatch, drive, raise_open_files};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use processes::Server;
use table::Line;

const CLIENTS: usize = 64;
const ROUNDS: usize = 5;
const STARTS: usize = 9;
const SOCKETS: u64 = 20_000;
/// Files that are open besides the sockets.
const SPARE_FILES: u64 = 200;
/// About the size of a hello on the wire.
const HELLO_BYTES: usize = 256;

/// How much is done.
struct Scale {
    sessions: u64,
    mints: u64,
    statuses: u64,
    hellos: u64,
    wake_ups: u64,
    sockets: u64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, word, name, argument] = &arguments[..]
        && word == "peer"
    {
        return peers::run(name, argument);
    }
    let part = if arguments.iter().any(|argument| argument == "quick") { 10 } else { 1 };
    let files = raise_open_files(SOCKETS + SPARE_FILES);
    let scale = Scale {
        sessions: 100_000 / part,
        mints: 10_000 / part,
        statuses: 20_000 / part,
        hellos: 3_000 / part,
        wake_ups: 1_000 / part,
        sockets: SOCKETS.min(files.saturating_sub(SPARE_FILES)) / part,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let lines = runtime.block_on(run(&scale));
    println!();
    table::print(&lines);
}

async fn run(scale: &Scale) -> Vec<Line> {
    // On the disk that the build is on: a folder in memory would make commits free.
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let data = folder.path().join("data");
    let key = processes::api_key(&data);
    let mut lines = vec![cold_start(&data)];
    let server = Server::kayle(&data);
    let peer = Server::peer("commits", folder.path().join("peer.db").to_str().unwrap());
    let (site, mut clients) = server.site(&key, CLIENTS).await;
    let (beside, mut others) = peer.site("", CLIENTS).await;
    let stop = CancellationToken::new();

    let idle = server.sample().resident;
    let mut sessions = Vec::new();
    let created = server
        .measure(async {
            let (made, report) = site.sessions(&mut clients, scale.sessions, &stop).await;
            sessions = made;
            report
        })
        .await;
    let full = server.sample().resident;
    show("create", &created);
    let (peer_sessions, _) = beside.sessions(&mut others, scale.sessions, &stop).await;
    lines.push(goal_cpu("create session, CPU each", 45.0, &[&created]));

    let (mut mints, mut commits, mut tickets) = (Vec::new(), Vec::new(), Vec::new());
    let rounds = usize::try_from(scale.mints).unwrap();
    let rounds = sessions.chunks(rounds).zip(peer_sessions.chunks(rounds / 5)).take(ROUNDS);
    for (sessions, peer_sessions) in rounds {
        let minted = async {
            let (made, report) = site.tickets(&mut clients, sessions, &stop).await;
            tickets.extend(made);
            report
        };
        mints.push(server.measure(minted).await);
        let committed = async { beside.tickets(&mut others, peer_sessions, &stop).await.1 };
        commits.push(peer.measure(committed).await);
    }
    show("mint", &mints[0]);
    show("mint, one commit each", &commits[0]);
    lines.push(mint_rate(&mints, &commits));
    lines.push(goal_cpu("mint, CPU each", 45.0, &mints.iter().collect::<Vec<_>>()));
    drop(peer);

    let minted = &sessions[..usize::try_from(scale.mints).unwrap()];
    lines.push(status(&server, &site, &mut clients, minted, scale).await);
    lines.extend(sockets(&server, &site, &tickets, scale).await);
    drop(server);
    lines.push(idle_sockets(&data, &key, scale).await);
    lines.push(goal_memory("resident, idle", idle, 20.0));
    let name = format!("resident, after {} sessions", scale.sessions);
    lines.push(goal_memory(&name, full, 60.0));
    lines
}

fn cold_start(data: &Path) -> Line {
    let mut times: Vec<_> = (0..STARTS).map(|_| Server::kayle(data).started_in).collect();
    times.sort();
    let median = times[times.len() / 2];
    Line {
        measure: "cold start to listening".into(),
        goal: "100 ms".into(),
        result: format!("{:.0} ms", median.as_secs_f64() * 1e3),
        beside: format!(
            "{STARTS} starts; the slowest {:.0} ms",
            times[STARTS - 1].as_secs_f64() * 1e3
        ),
        met: median < Duration::from_millis(100),
    }
}

fn mint_rate(mints: &[Report], commits: &[Report]) -> Line {
    let rate = |reports: &[Report]| median(reports.iter().map(Report::per_second));
    let (ours, theirs) = (rate(mints), rate(commits));
    let goal = (5.0 * theirs).min(10_000.0);
    Line {
        measure: format!("mint, {CLIENTS} clients, durable"),
        goal: format!("{goal:.0}/s"),
        result: format!("{ours:.0}/s"),
        beside: format!("one commit each: {theirs:.0}/s; {:.1} times that", ours / theirs),
        met: ours >= goal,
    }
}

async fn status(
    server: &Server,
    site: &Site,
    clients: &mut [Http],
    sessions: &[String],
    scale: &Scale,
) -> Line {
    let body = site.status(&mut clients[0], &sessions[0]).await.unwrap();
    let peer = Server::peer("bytes", std::str::from_utf8(&body).unwrap());
    let (bare, mut bare_clients) = peer.site("", CLIENTS).await;
    let stop = CancellationToken::new();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let asked = site.statuses(clients, sessions, scale.statuses, &stop);
        ours.push(server.measure(asked).await);
        let asked = bare.statuses(&mut bare_clients, sessions, scale.statuses, &stop);
        theirs.push(peer.measure(asked).await);
    }
    show("status", &ours[0]);
    show("status, bare", &theirs[0]);
    goal_ratio("status, CPU each", "bare axum handler", &ours, &theirs)
}

async fn sockets(
    server: &Server,
    site: &Site,
    tickets: &[kayle_load::Ticket],
    scale: &Scale,
) -> [Line; 2] {
    let echo = Server::peer("echo", "");
    let (bare, _) = echo.site("", 0).await;
    let stop = CancellationToken::new();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut rounds = tickets.chunks(usize::try_from(scale.hellos).unwrap());
    for tickets in rounds.by_ref().take(ROUNDS) {
        ours.push(server.measure(site.hellos(CLIENTS, tickets, &stop)).await);
        let count = u64::try_from(tickets.len()).unwrap();
        let mut phones = [(); CLIENTS];
        let echoed = drive(&mut phones, count, &stop, async |(): &mut (), _| {
            let watch = Stopwatch::start();
            let mut socket: PhoneSocket = bare.open("echo").await?;
            socket.send(vec![0; HELLO_BYTES]).await?;
            socket.frame().await?;
            let took = watch.elapsed();
            socket.close().await?;
            Ok(took)
        });
        theirs.push(echo.measure(echoed).await);
    }
    show("hello", &ours[0]);
    show("hello, bare", &theirs[0]);
    let hello = goal_ratio(
        "connect, hello, ack, challenge: CPU each",
        "bare axum WebSocket echo",
        &ours,
        &theirs,
    );
    let tickets = &tickets[tickets.len() - usize::try_from(scale.wake_ups).unwrap()..];
    let woken = server.measure(site.wake_ups(site, 16, tickets, &stop)).await;
    show("wake-up", &woken);
    let p99 = woken.latency_at(0.99);
    let wake_up = Line {
        measure: "from a claim to the event at the page, one node, p99".into(),
        goal: "50 ms".into(),
        result: format!("{:.1} ms", p99.as_secs_f64() * 1e3),
        beside: format!("p50 {:.1} ms", woken.latency_at(0.5).as_secs_f64() * 1e3),
        met: p99 < Duration::from_millis(50),
    };
    [hello, wake_up]
}

/// On a server that has done nothing else, so that no memory is there to be used again.
async fn idle_sockets(data: &Path, key: &str, scale: &Scale) -> Line {
    let stop = CancellationToken::new();
    let tickets = {
        let server = Server::kayle(data);
        let (site, mut clients) = server.site(key, CLIENTS).await;
        let (sessions, _) = site.sessions(&mut clients, scale.sockets, &stop).await;
        site.tickets(&mut clients, &sessions, &stop).await.0
    };
    let server = Server::kayle(data);
    let (site, _) = server.site(key, 0).await;
    let before = server.sample().resident;
    let (held, report) = site.hold(CLIENTS, &tickets, &stop).await;
    assert!(report.failures.is_empty(), "{report}");
    let after = server.sample().resident;
    show("hold", &report);
    let count = u64::try_from(held.len()).unwrap();
    let each = kilobytes((after - before) / count);
    Line {
        measure: format!("memory each of {count} idle sockets after hello"),
        goal: "12 kB".into(),
        result: format!("{each:.1} kB"),
        beside: format!("in all {:.0} MB", kilobytes(after - before) / 1e3),
        met: each <= 12.0,
    }
}

fn goal_cpu(measure: &str, goal: f64, reports: &[&Report]) -> Line {
    let each = median(reports.iter().map(|report| micros(report)));
    Line {
        measure: measure.into(),
        goal: format!("{goal:.0} µs"),
        result: format!("{each:.1} µs"),
        beside: format!("{:.0}/s", median(reports.iter().map(|report| report.per_second()))),
        met: each <= goal,
    }
}

fn goal_ratio(measure: &str, peer: &str, ours: &[Report], theirs: &[Report]) -> Line {
    let ratio = median(ours.iter().zip(theirs).map(|(ours, theirs)| micros(ours) / micros(theirs)));
    let result = median(ours.iter().map(micros));
    let beside = median(theirs.iter().map(micros));
    Line {
        measure: measure.into(),
        goal: "3 times".into(),
        result: format!("{result:.1} µs, {ratio:.2} times"),
        beside: format!("{peer}: {beside:.1} µs"),
        met: ratio <= 3.0,
    }
}

fn goal_memory(measure: &str, bytes: u64, goal: f64) -> Line {
    let megabytes = kilobytes(bytes) / 1e3;
    Line {
        measure: measure.into(),
        goal: format!("{goal:.0} MB"),
        result: format!("{megabytes:.1} MB"),
        beside: String::new(),
        met: megabytes < goal,
    }
}

fn micros(report: &Report) -> f64 {
    report.cpu_each().unwrap().as_secs_f64() * 1e6
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn kilobytes(bytes: u64) -> f64 {
    bytes as f64 / 1e3
}

fn show(name: &str, report: &Report) {
    println!("{name}: {report}");
}
