//! Thousands of phones against a running server.
//!
//! A [`Site`] is the server that is loaded; [`drive`] runs clients against it, all on the calling
//! thread, so that the generator takes one core at most; a [`Report`] tells how long the
//! operations took, and [`Process`] what they cost the server.

mod drive;
mod error;
mod http;
mod process;
mod report;
mod site;
mod socket;
mod target;
mod verification;

pub use drive::{Stopwatch, drive};
pub use error::LoadError;
pub use http::{Events, Http};
pub use process::{Cost, Process, Sample, raise_open_files};
pub use report::Report;
pub use site::{Site, Ticket};
pub use socket::PhoneSocket;
pub use target::{Sources, Target};
pub use verification::{Document, verifications};
