//! Import of the German master list and what it becomes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a benchmark")]
fn main() {
    divan::main();
}
