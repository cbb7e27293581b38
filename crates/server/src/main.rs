//! The `kayle` command.
fn main() {}
