//! Every metric of the server, described once; `docs/OPERATIONS.md` has the same table.
//!
//! Labels take values from closed sets: route templates, codes, names of steps. Never an id, an
//! address or a text that a client chose.

/// A metric, by its name in the exposition.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name, by the conventions of Prometheus.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// The labels that every sample has.
    pub labels: &'static [&'static str],
    /// The text of its `HELP` line.
    pub help: &'static str,
}

/// The kinds of metrics.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by these upper bounds.
    Histogram(&'static [f64]),
}

impl Kind {
    /// The word of the `TYPE` line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

/// Seconds that a machine takes.
const WORK: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Seconds that a person takes.
const PATIENCE: &[f64] = &[0.25, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0];
/// Units in one commit.
const UNITS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

macro_rules! catalog {
    ($( $metric:ident = $kind:expr, $name:literal [$($label:literal),*] $help:literal; )*) => {
        $(
            #[doc = $help]
            pub const $metric: Metric =
                Metric { name: $name, kind: $kind, labels: &[$($label),*], help: $help };
        )*

        /// Every metric.
        pub const ALL: &[Metric] = &[$( $metric ),*];
    };
}

catalog! {
    BUILD_INFO = Kind::Gauge, "kayle_build_info" ["version"]
        "Always 1; the label says which version runs.";
    PROCESS_START = Kind::Gauge, "process_start_time_seconds" []
        "When the server started, in seconds since 1970.";
    PROCESS_MEMORY = Kind::Gauge, "process_resident_memory_bytes" []
        "Memory of the process that is in RAM.";
    PROCESS_FILES = Kind::Gauge, "process_open_fds" []
        "Open file descriptors, sockets among them.";

    HTTP_REQUESTS = Kind::Counter, "kayle_http_requests_total" ["method", "route", "status"]
        "Requests by route template; status is `aborted` if the client left first.";
    HTTP_DURATION = Kind::Histogram(WORK), "kayle_http_request_duration_seconds" ["route"]
        "From the head of a request to the head of its answer.";
    HTTP_OPEN = Kind::Gauge, "kayle_http_requests_in_progress" []
        "Requests that are being answered.";
    REFUSALS = Kind::Counter, "kayle_refusals_total" ["surface", "code"]
        "Errors by their stable code, answered over http or said on a socket.";
    RATE_LIMITED = Kind::Counter, "kayle_rate_limit_refusals_total" ["route"]
        "Requests answered with 429.";

    SESSIONS_CREATED = Kind::Counter, "kayle_sessions_created_total" []
        "Sessions created.";
    MINTS = Kind::Counter, "kayle_mints_total" ["result"]
        "Handoffs given out: a new one, or the one of the last minute again (reused).";
    CLAIMS = Kind::Counter, "kayle_claims_total" []
        "Handoffs claimed by a phone.";
    RESUMES = Kind::Counter, "kayle_resumes_total" []
        "Hellos of a phone that had claimed before.";
    VERDICTS = Kind::Counter, "kayle_verdicts_total" ["code"]
        "Verdicts said to phones: accepted, or the code of the rejection.";

    SOCKETS = Kind::Gauge, "kayle_sockets" []
        "Open sockets of phones.";
    SOCKETS_CLOSED = Kind::Counter, "kayle_sockets_closed_total" ["code"]
        "Sockets closed, by the close code of the server; `peer` if the phone left first.";
    SOCKET_DURATION = Kind::Histogram(PATIENCE), "kayle_socket_duration_seconds" []
        "How long sockets were open.";
    STEP_DURATION = Kind::Histogram(PATIENCE), "kayle_step_duration_seconds" ["step"]
        "From the end of the step before (or the open socket) to the end of this one: hello, match_code, each phase, share.";
    MESSAGE_DURATION = Kind::Histogram(WORK), "kayle_message_duration_seconds" ["message"]
        "From a message of a phone to the answer, proofs and commits included.";
    PROOF_WAIT = Kind::Histogram(WORK), "kayle_proof_wait_seconds" []
        "How long a proof waited for a free core.";
    PROOF_DURATION = Kind::Histogram(WORK), "kayle_proof_duration_seconds" []
        "How long a proof held its core.";

    WEBHOOKS = Kind::Counter, "kayle_webhook_deliveries_total" ["result"]
        "Tries to deliver a webhook: the class of the status, or why there was no answer.";
    WEBHOOK_DURATION = Kind::Histogram(WORK), "kayle_webhook_duration_seconds" []
        "How long a try took.";

    COMMITS_FAILED = Kind::Counter, "kayle_store_commit_failures_total" []
        "Transactions that did not commit, with all their units.";
    COMMIT_UNITS = Kind::Histogram(UNITS), "kayle_store_commit_units" []
        "Units that shared a transaction.";
    COMMIT_DURATION = Kind::Histogram(WORK), "kayle_store_commit_duration_seconds" []
        "From the begin of a transaction to the end of its commit.";
    STORE_QUEUE = Kind::Gauge, "kayle_store_queue_depth" ["queue"]
        "Writes and reads that wait for the database.";
    STORE_POOL = Kind::Gauge, "kayle_store_connections" ["state"]
        "Pooled connections to PostgreSQL, idle and busy; absent on SQLite.";
    STORE_LISTENING = Kind::Gauge, "kayle_store_listening" []
        "0 while the connection that tells of other nodes' changes is down and they are polled for.";
}
