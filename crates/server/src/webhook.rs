//! Webhooks: what is sent, how it is sealed and signed, and the worker that sends it.

mod client;
mod payload;
pub(crate) mod seal;
mod signing;
pub(crate) mod worker;
