use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Which CSCA of a store signed which certificate, by the SHA-256 of the whole
/// certificate.
///
/// That one key signed one sequence of bytes does not change, so it is proven
/// once. Everything that can change is not in here: validity and revocation
/// are looked at each time, and another set of CSCAs is another store with an
/// empty cache. Only proven signatures get in, so nobody fills it with
/// certificates of his own making.
#[derive(Debug, Default)]
pub(super) struct ChainCache(Mutex<Halves>);

/// When the young half is full, it becomes the old one, and what was not used
/// since the last time is forgotten.
#[derive(Debug, Default)]
struct Halves {
    young: HashMap<[u8; 32], usize>,
    old: HashMap<[u8; 32], usize>,
}

impl ChainCache {
    /// The index of the CSCA that signed the certificate, if that was proven.
    pub(super) fn get(&self, certificate: &[u8; 32]) -> Option<usize> {
        let mut halves = self.lock();
        if let Some(csca) = halves.young.get(certificate) {
            return Some(*csca);
        }
        let csca = halves.old.remove(certificate)?;
        halves.insert(*certificate, csca);
        Some(csca)
    }

    /// Remembers a signature that was just verified.
    pub(super) fn insert(&self, certificate: [u8; 32], csca: usize) {
        self.lock().insert(certificate, csca);
    }

    /// How many are remembered.
    pub(super) fn len(&self) -> usize {
        let halves = self.lock();
        halves.young.len() + halves.old.len()
    }

    /// Nothing panics under the lock, and each entry is whole by itself.
    fn lock(&self) -> MutexGuard<'_, Halves> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Halves {
    fn insert(&mut self, certificate: [u8; 32], csca: usize) {
        if self.young.len() >= HALF {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(certificate, csca);
    }
}

/// A state signs with a few document signers at a time.
const HALF: usize = 1024;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    fn key(number: usize) -> [u8; 32] {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_be_bytes());
        key
    }

    #[test]
    fn it_is_bounded_and_forgets_what_is_not_used() {
        let cache = ChainCache::default();
        for number in 0..10 * HALF {
            cache.insert(key(number), number);
            assert_eq!(cache.get(&key(0)), Some(0), "used all the time, after {number}");
            assert!(cache.len() <= 2 * HALF);
        }
        assert_eq!(cache.get(&key(1)), None);
        assert_eq!(cache.get(&key(10 * HALF - 1)), Some(10 * HALF - 1));
    }

    #[test]
    fn a_panic_of_another_thread_does_not_spoil_it() {
        let cache = ChainCache::default();
        cache.insert(key(1), 1);
        let panicked = std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    let _guard = cache.lock();
                    panic!("on purpose");
                })
                .join()
        });
        assert!(panicked.is_err() && cache.0.is_poisoned());
        assert_eq!(cache.get(&key(1)), Some(1));
    }
}
