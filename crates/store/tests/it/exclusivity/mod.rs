//! Exclusivity, shown against a model: random lives of a session run through the real store and
//! through a reference that shares no code with it, and recorded histories of concurrent calls are
//! checked for linearizability (SECURITY rows 2-5, 20, 23, 24; REFERENCE 3).

mod concurrent;
mod history;
mod model;
mod node;
mod real;
mod sequences;
