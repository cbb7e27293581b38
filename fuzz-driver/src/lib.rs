//! What is fuzzed, in one place: cargo-fuzz runs the [`TARGETS`] where a nightly
//! toolchain is present, the `fuzz-driver` binary where it is not, and the tests
//! of this crate run every file of the corpus and some mutations of it.
//!
//! A target takes any bytes. It fails by a panic: one of its own assertions, or
//! of the code it calls.

pub mod corpus;
pub mod mutate;
pub mod seeds;
mod targets;

pub use targets::{TARGETS, Target};
