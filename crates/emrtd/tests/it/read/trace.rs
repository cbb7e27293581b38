//! Recorded exchanges.

use super::hex;
use crate::shared;

/// The exchanges of a recording: what went to the chip, and what came back.
pub(super) type Trace = Vec<(Vec<u8>, Vec<u8>)>;

/// One of this repository.
pub(super) fn committed(name: &str) -> Option<Trace> {
    shared::vector_if_any(&format!("apdu/{name}.txt")).map(|bytes| parse(&bytes))
}

/// A worked example of the standard.
pub(super) fn example(name: &str) -> Trace {
    committed(name).unwrap()
}

pub(super) fn parse(bytes: &[u8]) -> Trace {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let mut commands = Vec::new();
    let mut responses = Vec::new();
    for line in text.lines() {
        if let Some(command) = line.strip_prefix("> ") {
            commands.push(hex(command));
        } else if let Some(response) = line.strip_prefix("< ") {
            responses.push(hex(response));
        }
    }
    assert_eq!(commands.len(), responses.len());
    commands.into_iter().zip(responses).collect()
}
