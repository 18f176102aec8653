//! How many entries there are of which hash, for those who do not lock.
//!
//! A key that is well is found to be so by one load, also while others are not: no entry has its part of the hash. Whether
//! there is one by the end of a call is another load; one that has come and gone meanwhile has nothing left to be changed by
//! a success. Entries come and go under the lock of their table; nobody else writes here.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::super::sync::AtomicU64;

/// Few enough that a table stays small, and enough that a handful of keys that are not well leave the others alone.
const PARTS: usize = 256;

/// See the module.
pub(super) struct Census(Box<[AtomicU64]>);

/// Where a hash is counted.
#[inline]
pub(super) fn part(hash: u64) -> usize {
    // Those bits are not what a table of hashes goes by.
    usize::try_from(hash >> 40).unwrap_or(0) % PARTS
}

impl Census {
    pub(super) fn new() -> Self {
        Self((0..PARTS).map(|_| AtomicU64::new(0)).collect())
    }

    #[inline]
    fn part(&self, hash: u64) -> Option<&AtomicU64> {
        self.0.get(part(hash))
    }

    /// Whether there is no entry that may have this hash.
    #[inline]
    pub(super) fn has_none(&self, hash: u64) -> bool {
        let part = self.part(hash);
        part.is_some_and(|part| part.load(Acquire) == 0)
    }

    /// An entry comes. Under the lock.
    pub(super) fn add(&self, hash: u64) {
        self.change(hash, |entries| entries.wrapping_add(1));
    }

    /// An entry goes. Under the lock.
    pub(super) fn remove(&self, hash: u64) {
        self.change(hash, |entries| entries.wrapping_sub(1));
    }

    /// All of them go. Under the lock.
    pub(super) fn clear(&self) {
        for part in &self.0 {
            part.store(0, Release);
        }
    }

    fn change(&self, hash: u64, change: impl FnOnce(u64) -> u64) {
        if let Some(part) = self.part(hash) {
            part.store(change(part.load(Relaxed)), Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Census;

    #[test]
    fn an_entry_is_seen_while_it_is_there() {
        let census = Census::new();
        assert!(census.has_none(7));
        census.add(7);
        census.add(7);
        census.remove(7);
        assert!(!census.has_none(7));
        census.remove(7);
        assert!(census.has_none(7));
    }

    #[test]
    fn entries_of_other_hashes_say_nothing() {
        let census = Census::new();
        census.add(1 << 40);
        assert!(census.has_none(2 << 40) && !census.has_none(1 << 40));
        census.clear();
        assert!(census.has_none(1 << 40));
    }
}
