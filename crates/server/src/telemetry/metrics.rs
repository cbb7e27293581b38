//! The metrics of one server.
//!
//! The recorder belongs to the server, not to the process: two servers in one process, as in
//! tests and in `kayle demo`, do not count into each other, and what is counted is visible in the
//! code that counts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};
use protocol::codes::{FailureCode, SocketCode};
use protocol::{ServerMessage, VerdictOutcome};
use store::{Commit, Observer, Store, Wakeups};

use super::catalog::{self, Kind, Metric};
use super::process;
use crate::clock::Clock;

const METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, None);

/// Counts what happens. Clones count into the same place.
#[derive(Clone)]
pub struct Metrics(Arc<Shared>);

struct Shared {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    clock: Arc<dyn Clock>,
    sessions_created: Counter,
    mints_new: Counter,
    mints_reused: Counter,
    claims: Counter,
    resumes: Counter,
    requests_open: Gauge,
    sockets: Gauge,
    socket_duration: Histogram,
    proof_wait: Histogram,
    proof_duration: Histogram,
    webhook_duration: Histogram,
    commits_failed: Counter,
    commit_units: Histogram,
    commit_duration: Histogram,
}

impl Metrics {
    /// Metrics that all stand at zero.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Result<Self, BuildError> {
        let mut builder = PrometheusBuilder::new();
        for metric in catalog::ALL {
            if let Kind::Histogram(bounds) = metric.kind {
                let name = Matcher::Full(metric.name.to_owned());
                builder = builder.set_buckets_for_metric(name, bounds)?;
            }
        }
        let recorder = builder.build_recorder();
        for Metric { name, kind, help, .. } in catalog::ALL {
            match kind {
                Kind::Counter => recorder.describe_counter((*name).into(), None, (*help).into()),
                Kind::Gauge => recorder.describe_gauge((*name).into(), None, (*help).into()),
                Kind::Histogram(_) => {
                    recorder.describe_histogram((*name).into(), None, (*help).into());
                }
            }
        }
        let counter = |metric, values: &[_]| counter(&recorder, metric, values);
        let histogram = |metric| histogram(&recorder, metric, &[]);
        let gauge = |metric, values: &[_]| gauge(&recorder, metric, values);
        gauge(&catalog::BUILD_INFO, &[env!("CARGO_PKG_VERSION")]).set(1.0);
        gauge(&catalog::PROCESS_START, &[])
            .set(Duration::from_millis(u64::try_from(clock.now().as_millis()).unwrap_or(0)));
        Ok(Self(Arc::new(Shared {
            sessions_created: counter(&catalog::SESSIONS_CREATED, &[]),
            mints_new: counter(&catalog::MINTS, &["new"]),
            mints_reused: counter(&catalog::MINTS, &["reused"]),
            claims: counter(&catalog::CLAIMS, &[]),
            resumes: counter(&catalog::RESUMES, &[]),
            requests_open: gauge(&catalog::HTTP_OPEN, &[]),
            sockets: gauge(&catalog::SOCKETS, &[]),
            socket_duration: histogram(&catalog::SOCKET_DURATION),
            proof_wait: histogram(&catalog::PROOF_WAIT),
            proof_duration: histogram(&catalog::PROOF_DURATION),
            webhook_duration: histogram(&catalog::WEBHOOK_DURATION),
            commits_failed: counter(&catalog::COMMITS_FAILED, &[]),
            commit_units: histogram(&catalog::COMMIT_UNITS),
            commit_duration: histogram(&catalog::COMMIT_DURATION),
            handle: recorder.handle(),
            recorder,
            clock,
        })))
    }

    /// A session was created.
    pub(crate) fn session_created(&self) {
        self.0.sessions_created.increment(1);
    }

    /// A handoff was given out.
    pub(crate) fn minted(&self, new: bool) {
        if new { &self.0.mints_new } else { &self.0.mints_reused }.increment(1);
    }

    /// A hello was granted.
    pub(crate) fn hello(&self, resumed: bool) {
        if resumed { &self.0.resumes } else { &self.0.claims }.increment(1);
    }

    /// A message goes to a phone: refusals and verdicts are counted by their codes.
    pub(crate) fn said(&self, message: &ServerMessage) {
        match message {
            ServerMessage::Error { code, .. } => {
                self.refused("socket", SocketCode::parse(code).map_or("other", SocketCode::as_str));
            }
            ServerMessage::Verdict(verdict) => {
                let code = match verdict.outcome {
                    VerdictOutcome::Accepted => "accepted",
                    VerdictOutcome::Rejected => FailureCode::parse(&verdict.reason_code)
                        .map_or("other", FailureCode::as_str),
                };
                self.counter(&catalog::VERDICTS, &[code]).increment(1);
            }
            _ => {}
        }
    }

    /// Something was refused with a stable code.
    pub(super) fn refused(&self, surface: &'static str, code: &'static str) {
        self.counter(&catalog::REFUSALS, &[surface, code]).increment(1);
    }

    pub(super) fn request_began(&self) {
        self.0.requests_open.increment(1.0);
    }

    pub(super) fn request_ended(
        &self,
        method: &'static str,
        route: &str,
        status: Option<u16>,
        took: Duration,
    ) {
        self.0.requests_open.decrement(1.0);
        let labels = [
            Label::from_static_parts("method", method),
            Label::new("route", route.to_owned()),
            Label::new("status", status.map_or("aborted".to_owned(), |status| status.to_string())),
        ];
        let key = Key::from_parts(catalog::HTTP_REQUESTS.name, labels.to_vec());
        self.0.recorder.register_counter(&key, &METADATA).increment(1);
        let route = Label::new("route", route.to_owned());
        let key = Key::from_parts(catalog::HTTP_DURATION.name, vec![route.clone()]);
        self.0.recorder.register_histogram(&key, &METADATA).record(took);
        if status == Some(429) {
            let key = Key::from_parts(catalog::RATE_LIMITED.name, vec![route]);
            self.0.recorder.register_counter(&key, &METADATA).increment(1);
        }
    }

    /// A socket was opened.
    pub(crate) fn socket_opened(&self) {
        self.0.sockets.increment(1.0);
    }

    /// A socket was closed by the server with this code, or by the phone.
    pub(crate) fn socket_closed(&self, code: Option<u16>, took: Duration) {
        self.0.socket_duration.record(took);
        let code = Label::new("code", code.map_or("peer".to_owned(), |code| code.to_string()));
        let key = Key::from_parts(catalog::SOCKETS_CLOSED.name, vec![code]);
        self.0.recorder.register_counter(&key, &METADATA).increment(1);
        // Last: who sees that it is gone finds it among those that were.
        self.0.sockets.decrement(1.0);
    }

    /// A phone has come one step further.
    pub(crate) fn step(&self, step: &'static str, took: Duration) {
        histogram(&self.0.recorder, &catalog::STEP_DURATION, &[step]).record(took);
    }

    /// A message of a phone has been answered.
    pub(crate) fn heard(&self, message: &'static str, took: Duration) {
        histogram(&self.0.recorder, &catalog::MESSAGE_DURATION, &[message]).record(took);
    }

    /// A proof was made, or found impossible.
    pub(crate) fn proved(&self, waited: Duration, took: Duration) {
        self.0.proof_wait.record(waited);
        self.0.proof_duration.record(took);
    }

    /// A try to deliver a webhook has ended.
    pub(crate) fn delivered(&self, result: &'static str, took: Duration) {
        self.0.webhook_duration.record(took);
        self.counter(&catalog::WEBHOOKS, &[result]).increment(1);
    }

    /// A clock for measuring.
    pub(crate) fn clock(&self) -> Duration {
        self.0.clock.monotonic()
    }

    /// Everything in the text format of Prometheus, 0.0.4.
    pub fn text(&self, store: &Store) -> String {
        let set = |metric, values: &[_], value: usize| {
            gauge(&self.0.recorder, metric, values).set(Duration::from_secs(value as u64));
        };
        let load = store.load();
        set(&catalog::STORE_QUEUE, &["writes"], load.writes_waiting);
        set(&catalog::STORE_QUEUE, &["reads"], load.reads_waiting);
        if let Some(pool) = load.pool {
            set(&catalog::STORE_POOL, &["idle"], pool.idle);
            set(&catalog::STORE_POOL, &["busy"], pool.open.saturating_sub(pool.idle));
        }
        let hears = store.wakeups() != Wakeups::Polling;
        set(&catalog::STORE_LISTENING, &[], hears.into());
        if let Some(bytes) = process::resident_bytes() {
            set(&catalog::PROCESS_MEMORY, &[], bytes);
        }
        if let Some(files) = process::open_files() {
            set(&catalog::PROCESS_FILES, &[], files);
        }
        self.0.handle.render()
    }

    /// Folds what was measured into its buckets. Until then every measurement is kept, so it must
    /// be called now and then even if nobody ever asks for the text.
    pub(crate) fn fold(&self) {
        self.0.handle.run_upkeep();
    }

    fn counter(&self, metric: &Metric, values: &[&'static str]) -> Counter {
        counter(&self.0.recorder, metric, values)
    }
}

impl Observer for Metrics {
    fn clock(&self) -> Duration {
        self.0.clock.monotonic()
    }

    fn commit(&self, commit: Commit) {
        self.0.commit_units.record(u32::try_from(commit.units).unwrap_or(u32::MAX));
        self.0.commit_duration.record(commit.took);
        if !commit.committed {
            self.0.commits_failed.increment(1);
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics(..)")
    }
}

fn key(metric: &Metric, values: &[&'static str]) -> Key {
    let labels = metric.labels.iter().zip(values);
    let labels: Vec<_> =
        labels.map(|(name, value)| Label::from_static_parts(name, value)).collect();
    Key::from_parts(metric.name, labels)
}

fn counter(recorder: &PrometheusRecorder, metric: &Metric, values: &[&'static str]) -> Counter {
    recorder.register_counter(&key(metric, values), &METADATA)
}

fn gauge(recorder: &PrometheusRecorder, metric: &Metric, values: &[&'static str]) -> Gauge {
    recorder.register_gauge(&key(metric, values), &METADATA)
}

fn histogram(recorder: &PrometheusRecorder, metric: &Metric, values: &[&'static str]) -> Histogram {
    recorder.register_histogram(&key(metric, values), &METADATA)
}
