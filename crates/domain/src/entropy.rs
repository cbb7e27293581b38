//! Randomness, as a parameter.

/// A source of cryptographically secure random bytes.
pub trait Entropy {
    /// Fills `buffer` with random bytes.
    fn fill(&mut self, buffer: &mut [u8]);
}

const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// `length` characters of `0-9a-z`, each equally likely.
///
/// A byte of 252 or more is drawn again: 252 is the largest multiple of 36 that a byte holds, and
/// a plain modulo would favour some letters.
pub fn random_text(length: usize, entropy: &mut dyn Entropy) -> String {
    let mut text = String::with_capacity(length);
    let mut pool = [0_u8; 64];
    while text.len() < length {
        entropy.fill(&mut pool);
        for byte in pool.iter().filter(|byte| **byte < 252).take(length - text.len()) {
            text.push(char::from(ALPHABET[usize::from(byte % 36)]));
        }
    }
    text
}
