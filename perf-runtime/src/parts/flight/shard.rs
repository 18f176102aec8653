//! Some of the keys: the records of those that are led or waited for, under a lock, and beside it the word of the one that
//! nobody has met.
//!
//! Most runs are met by nobody: their record is written, never looked at, and taken out. So the number of such a run
//! stands in a word as well, and the record is theirs who take it out of there: the one who leads, when its run has ended,
//! which then needs no lock; or whoever comes to the same key under the lock, for whom the run is from then on one like
//! any other. A run that has ended without the lock leaves its record behind, as good as new, and the next one is written
//! over it. What is left there are keys; so those that have something to drop do not go this way.
//!
//! An answer is kept while the word still says so, which is asked where those who take out what is kept do not come in
//! between: they have looked here before. So one of the two sees the other.

#![expect(
    clippy::inline_always,
    reason = "the way of a run that nobody meets, in one function"
)]

use std::sync::atomic::Ordering::{Relaxed, Release};

use super::lock::{AtomicU64, Mutex, MutexGuard, lock};
use super::record::{Table, Ticket};

/// See the module.
// On lines of its own, so that threads with different keys do not meet.
#[repr(align(64))]
pub(super) struct Shard<K, A> {
    /// The flight of the run that nobody has met; 0 for none.
    unmet: AtomicU64,
    table: Mutex<Table<K, A>>,
}

impl<K: Eq, A> Shard<K, A> {
    pub(super) fn new() -> Self {
        Self {
            unmet: AtomicU64::new(0),
            table: Mutex::new(Table::new()),
        }
    }

    /// Leads, where nothing else is led. Else the key comes back, and the records are there to be looked through.
    #[inline(always)]
    pub(super) fn lead(
        &self,
        hash: u64,
        key: K,
    ) -> Result<Ticket, (MutexGuard<'_, Table<K, A>>, K)> {
        let mut table = lock(&self.table);
        match table.lead(hash, key, &self.unmet) {
            Ok(ticket) => Ok(ticket),
            Err(key) => Err((self.met(table, |led| led == hash), key)),
        }
    }

    /// The records, for who comes to a key of this hash.
    pub(super) fn lock(&self, hash: u64) -> MutexGuard<'_, Table<K, A>> {
        self.met(lock(&self.table), |led| led == hash)
    }

    /// The records, for who comes to every key.
    pub(super) fn lock_all(&self) -> MutexGuard<'_, Table<K, A>> {
        self.met(lock(&self.table), |_| true)
    }

    #[inline(never)]
    fn met<'s>(
        &self,
        mut table: MutexGuard<'s, Table<K, A>>,
        is_meant: impl Fn(u64) -> bool,
    ) -> MutexGuard<'s, Table<K, A>> {
        table.meet(is_meant, &self.unmet);
        table
    }

    #[cfg(test)]
    pub(super) fn is_free(&self) -> bool {
        self.table.try_lock().is_ok()
    }

    /// Whether nobody has met this run.
    #[inline]
    pub(super) fn is_unmet(&self, flight: u64) -> bool {
        // What was written before another lock is seen under it.
        self.unmet.load(Relaxed) == flight
    }

    /// Ends a run that nobody has met; false when somebody has.
    #[inline]
    pub(super) fn end_unmet(&self, flight: u64) -> bool {
        // Who finds it ended finds what it has kept.
        self.unmet
            .compare_exchange(flight, 0, Release, Relaxed)
            .is_ok()
    }
}
