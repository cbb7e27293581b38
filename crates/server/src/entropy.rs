//! Randomness from the operating system.

use domain::entropy::Entropy;

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    #[expect(clippy::disallowed_methods, reason = "the one place that draws from the system")]
    fn fill(&mut self, buffer: &mut [u8]) {
        // A system without randomness can make no secret; there is nothing sensible to go on with.
        if getrandom::fill(buffer).is_err() {
            std::process::abort();
        }
    }
}
