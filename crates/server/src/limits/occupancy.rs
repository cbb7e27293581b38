//! How much of something is taken, by whom.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts by key. It holds as many keys as have something open.
pub(crate) struct Occupancy<K>(Arc<Mutex<HashMap<K, u32>>>);

/// What is counted, until it is dropped.
pub(crate) struct Held<K: Eq + Hash> {
    key: Option<K>,
    amount: u32,
    open: Occupancy<K>,
}

impl<K> Default for Occupancy<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash + Clone> Occupancy<K> {
    /// Counts one more under `key`; `None` if it has `most` already.
    pub(crate) fn enter(&self, key: K, most: u32) -> Option<Held<K>> {
        self.take(key, 1, most)
    }

    /// Counts `amount` more under `key`; `None` if it would have more than `most`.
    pub(crate) fn take(&self, key: K, amount: u32, most: u32) -> Option<Held<K>> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.get(&key).copied().unwrap_or(0).checked_add(amount)?;
        if count > most {
            return None;
        }
        open.insert(key.clone(), count);
        Some(Held { key: Some(key), amount, open: Self(Arc::clone(&self.0)) })
    }
}

impl<K: Eq + Hash> Drop for Held<K> {
    fn drop(&mut self) {
        let Some(key) = self.key.take() else { return };
        let mut open = self.open.0.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(&key) {
            Some(count) if *count > self.amount => *count -= self.amount,
            _ => {
                open.remove(&key);
                // A flood leaves a large empty table behind.
                if open.capacity() > 64 && open.len() < open.capacity() / 4 {
                    open.shrink_to_fit();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back() {
        let open = Occupancy::default();
        let first = open.enter("a", 2);
        let second = open.enter("a", 2);
        assert!(first.is_some() && second.is_some());
        assert!(open.enter("a", 2).is_none());
        assert!(open.enter("b", 2).is_some(), "others are not concerned");
        drop(first);
        assert!(open.enter("a", 2).is_some());
        drop(second);
        assert!(open.0.lock().is_ok_and(|open| open.is_empty()));
    }

    #[test]
    fn amounts_are_given_back_as_they_were_taken() {
        let open = Occupancy::default();
        let first = open.take("a", 60, 100);
        assert!(open.take("a", 41, 100).is_none());
        assert!(open.take("a", u32::MAX, u32::MAX).is_none(), "nor more than can be counted");
        let nothing = open.take("a", 0, 100);
        let second = open.take("a", 40, 100);
        assert!(first.is_some() && second.is_some());
        drop(first);
        assert!(open.take("a", 61, 100).is_none());
        assert!(open.take("a", 60, 100).is_some());
        drop((second, nothing));
        assert!(open.0.lock().is_ok_and(|open| open.is_empty()));
    }
}
