//! Simulated issuing states and documents.
