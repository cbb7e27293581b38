//! The same questions put to code that nobody here wrote.

mod ec;
mod mrz;
mod symmetric;
