//! What a crash must not leave behind (SECURITY row 30).

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

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

/// Lets this process open as many files as the system allows it: every socket is one.
pub(crate) fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
}
