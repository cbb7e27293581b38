//! Readers that nobody here wrote read our simulated chip; `docs/INTEROP.md` says which.

mod build;
mod cases;
mod counterparty;
mod jmrtd;
mod openpace;
