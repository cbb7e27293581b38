//! What a crash must not leave behind (SECURITY row 30).

use rustix::process::{Resource, Rlimit, setrlimit};

/// Turns core dumps off, and panics into a line that says where and not what.
///
/// A core file would hold the master secret and whatever documents are being checked; the message
/// of a panic can quote the text it stumbled over.
pub(crate) fn apply() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "core dumps could not be turned off");
    }
    std::panic::set_hook(Box::new(|panic| {
        let place =
            panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        tracing::error!(place, "a part of the program panicked");
    }));
}
