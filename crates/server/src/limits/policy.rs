//! The rates. `docs/LIMITS.md` has the same table; a test compares them.

/// So many in so many seconds, all of them at once if need be.
#[derive(Debug)]
pub(crate) struct Policy {
    /// Its name in the `RateLimit` headers.
    pub(crate) name: &'static str,
    /// What it counts by.
    pub(crate) per: &'static str,
    /// How many.
    pub(crate) quota: u32,
    /// In how many seconds.
    pub(crate) window: u32,
}

const SESSION_AND_ADDRESS: &str = "session and address";
const ADDRESS: &str = "address";

macro_rules! policies {
    ($($(#[$doc:meta])* $name:ident = $wire:literal, $per:expr, $quota:literal, $window:literal;)*) => {
        $( $(#[$doc])* pub(crate) static $name: Policy =
            Policy { name: $wire, per: $per, quota: $quota, window: $window }; )*

        impl Policy {
            /// All of them.
            pub(crate) const ALL: &'static [&'static Self] = &[$( &$name, )*];
        }
    };
}

policies! {
    /// Every request: what keeps one address from taking the processor.
    REQUESTS = "requests", ADDRESS, 6000, 10;
    /// A page asks every 2 seconds, in each tab.
    STATUS = "status", SESSION_AND_ADDRESS, 120, 12;
    STATUS_OF_ADDRESS = "status-address", ADDRESS, 2400, 12;
    /// A page asks once a minute, in each tab.
    HANDOFF = "handoff", SESSION_AND_ADDRESS, 60, 60;
    HANDOFF_OF_ADDRESS = "handoff-address", ADDRESS, 600, 60;
    PAGE = "page", SESSION_AND_ADDRESS, 120, 60;
    PAGE_OF_ADDRESS = "page-address", ADDRESS, 1200, 60;
    /// Wrong codes that are typed: who guesses gets nowhere, and who mistypes tries again.
    USER_CODE = "user-code", ADDRESS, 60, 60;
    CANCEL = "cancel", SESSION_AND_ADDRESS, 20, 60;
    CANCEL_OF_ADDRESS = "cancel-address", ADDRESS, 200, 60;
    /// A person takes four steps; a page opens in each tab.
    STEP = "step", SESSION_AND_ADDRESS, 60, 60;
    STEP_OF_ADDRESS = "step-address", ADDRESS, 600, 60;
    /// A phone with a bad network comes back again and again.
    SOCKETS = "sockets", SESSION_AND_ADDRESS, 60, 60;
    SOCKETS_OF_ADDRESS = "sockets-address", ADDRESS, 1200, 60;
    /// Above it, hellos are looked at before they cost a write.
    HELLO_FAILURES = "hello-failures", SESSION_AND_ADDRESS, 10, 100;
    HELLO_FAILURES_OF_ADDRESS = "hello-failures-address", ADDRESS, 100, 100;
    /// Requests with an API key.
    API = "api", "API key", 5000, 10;
    /// New sessions, over all nodes together.
    SESSIONS = "sessions", "organization", 6000, 30;
    /// Answers 401: above it they become 429, and a right key is still right.
    UNAUTHORIZED = "unauthorized", ADDRESS, 60, 60;
}
