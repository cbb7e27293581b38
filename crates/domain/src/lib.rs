//! Decisions without effects.
//!
//! A [`session::Session`] is the one aggregate: it owns its attempts, so that every rule about a
//! handoff is decided over one value, inside one store unit. A transition consumes the session,
//! takes the time as a parameter and returns a [`session::Transition`] or a typed refusal. Nothing
//! here reads a clock, draws randomness, awaits or talks to a database.

pub mod access;
pub mod assurance;
pub mod attempt;
pub mod audit;
pub mod branding;
pub mod browser;
pub mod chip;
pub mod claim;
pub mod confirmation;
pub mod consent;
pub mod device;
pub mod entropy;
pub mod event;
pub mod id;
pub mod key;
pub mod organization;
pub mod policy;
pub mod session;
pub mod share;
pub mod time;
pub mod verdict;
pub mod webhook;
