//! How many entries there are of which hash, for those who do not lock.
//!
//! A key that is well is found to be so by one load, also while others are not: no entry has its part of the hash. Whether
//! one has come since is another load. Entries come and go under the lock of their table; nobody else writes here.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::super::sync::AtomicU64;

/// Few enough that a table stays small, and enough that a handful of keys that are not well leave the others alone.
const PARTS: usize = 256;
/// `[have come 32][are there 32]`, so that one that has come and gone is seen, too.
const THERE: u64 = u32::MAX as u64;
const HAS_COME: u64 = THERE + 1;

/// See the module.
pub(super) struct Census(Box<[AtomicU64]>);

/// What is known of a part of the hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    hash: u64,
    word: u64,
}

impl Count {
    /// Whether there is no entry.
    #[inline]
    pub(super) const fn is_zero(self) -> bool {
        self.word & THERE == 0
    }
}

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

    /// Of those entries that may have this hash.
    #[inline]
    pub(super) fn of(&self, hash: u64) -> Count {
        let word = self.part(hash).map_or(THERE, |part| part.load(Acquire));
        Count { hash, word }
    }

    /// Whether there was no entry then, and none has come since.
    #[inline]
    pub(super) fn is_still_zero(&self, then: Count) -> bool {
        then.is_zero() && self.of(then.hash) == then
    }

    /// An entry comes. Under the lock.
    pub(super) fn add(&self, hash: u64) {
        self.change(hash, |word| word.wrapping_add(HAS_COME + 1));
    }

    /// An entry goes. Under the lock.
    pub(super) fn remove(&self, hash: u64) {
        self.change(hash, |word| word.wrapping_sub(1));
    }

    /// All of them go. Under the lock.
    pub(super) fn clear(&self) {
        for part in &self.0 {
            part.store(part.load(Relaxed) & !THERE, Release);
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
    fn an_entry_that_has_come_is_seen_also_when_it_has_gone() {
        let census = Census::new();
        let before = census.of(7);
        assert!(census.is_still_zero(before));
        census.add(7);
        assert!(!census.is_still_zero(before) && !census.of(7).is_zero());
        census.remove(7);
        assert!(!census.is_still_zero(before) && census.of(7).is_zero());
    }

    #[test]
    fn entries_of_other_hashes_say_nothing() {
        let census = Census::new();
        census.add(1 << 40);
        let (other, same) = (census.of(2 << 40), census.of(1 << 40));
        assert!(other.is_zero() && !same.is_zero());
        census.clear();
        assert!(census.is_still_zero(other) && census.of(1 << 40).is_zero());
    }
}
