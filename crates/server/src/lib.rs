//! The `kayle` server and command line.
//!
//! `http`, `ws`, `web` and `webhook` never import each other; they meet in `domain` and `store`
//! and are wired in [`app`].

pub mod app;
pub mod apps;
mod assurance;
mod audit;
mod body;
mod browser;
pub mod cli;
pub mod client_address;
pub mod clock;
mod connections;
pub mod entropy;
mod envelope;
mod expiry;
mod handoff;
mod hardening;
mod http;
mod hub;
mod iso;
pub mod limits;
mod path;
pub mod settings;
mod signing_secret;
mod target;
pub mod telemetry;
pub mod texts;
mod trust;
mod web;
mod webhook;
mod ws;
