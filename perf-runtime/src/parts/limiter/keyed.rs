//! A bucket for each key, and a bound on how many there are.
//!
//! A key is a number: the hash of what a user names, with a random seed. A bucket that is full again is as good as none,
//! so those go first when there is no room; a bucket that is not full is never thrown away, because its key would begin
//! with a full one. Keys that find no room share one bucket: they are limited together, and never not at all.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{
    AtomicU64, AtomicUsize,
    Ordering::{AcqRel, Acquire, Release},
};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Decision, Gcra, Promise, Quota};

/// Enough that threads with different keys seldom meet.
const SHARDS: usize = 16;

type Buckets = HashMap<u64, Gcra, BuildHasherDefault<AsItIs>>;

/// See the module.
pub(crate) struct Keyed {
    shards: [Shard; SHARDS],
    most: usize,
    len: AtomicUsize,
    /// Before this there is nothing to sweep, in units.
    sweep_at: AtomicU64,
    others: Gcra,
}

#[repr(align(64))]
struct Shard(Mutex<Buckets>);

/// Whose bucket a promise is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    /// A key's own.
    Key(u64),
    /// That of all keys for which there was no room.
    Others,
}

impl Keyed {
    /// Buckets for at most so many keys.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            shards: std::array::from_fn(|_| Shard(Mutex::new(Buckets::default()))),
            most,
            len: AtomicUsize::new(0),
            sweep_at: AtomicU64::new(0),
            others: Gcra::new(),
        }
    }

    /// How many keys have a bucket.
    pub(crate) fn len(&self) -> usize {
        self.len.load(Acquire)
    }

    /// Asks the bucket of `key`; see [`Gcra::take`].
    pub(crate) fn take(
        &self,
        key: u64,
        quota: &Quota,
        now: u64,
        tokens: u32,
        patience: u64,
    ) -> (Holder, Decision) {
        let ask = |bucket: &Gcra| bucket.take(quota, now, tokens, patience);
        if let Some(bucket) = self.shard(key).get(&key) {
            return (Holder::Key(key), ask(bucket));
        }
        if !self.has_room(quota, now) {
            return (Holder::Others, ask(&self.others));
        }
        let mut shard = self.shard(key);
        let bucket = match shard.entry(key) {
            Entry::Occupied(bucket) => {
                // Somebody else was first, and the room is not needed.
                self.len.fetch_sub(1, AcqRel);
                bucket.into_mut()
            }
            Entry::Vacant(place) => place.insert(Gcra::new()),
        };
        (Holder::Key(key), ask(bucket))
    }

    /// What the bucket of `key` says; nothing where it has none, which is as good as a full one.
    pub(crate) fn ask<R>(&self, key: u64, ask: impl FnOnce(&Gcra) -> R) -> Option<R> {
        self.of(Holder::Key(key), ask)
    }

    /// Fills all of them.
    pub(crate) fn refill_all(&self, now: u64) {
        self.others.refill(now);
        for shard in &self.shards {
            for bucket in lock(shard).values() {
                bucket.refill(now);
            }
        }
        self.sweep_at.store(0, Release);
    }

    /// See [`Gcra::keep`].
    pub(crate) fn keep(&self, holder: Holder, promise: Promise) {
        self.of(holder, |bucket| bucket.keep(promise));
    }

    /// See [`Gcra::give_back`].
    pub(crate) fn give_back(&self, holder: Holder, promise: Promise) {
        self.of(holder, |bucket| bucket.give_back(promise));
    }

    /// A bucket is there as long as there is a promise of it.
    fn of<R>(&self, holder: Holder, ask: impl FnOnce(&Gcra) -> R) -> Option<R> {
        match holder {
            Holder::Others => Some(ask(&self.others)),
            Holder::Key(key) => self.shard(key).get(&key).map(ask),
        }
    }

    /// Takes a place, after a sweep if there is none.
    fn has_room(&self, quota: &Quota, now: u64) -> bool {
        self.has_place() || (self.sweep(quota, now) && self.has_place())
    }

    fn has_place(&self) -> bool {
        let another = |len: usize| (len < self.most).then_some(len + 1);
        self.len.fetch_update(AcqRel, Acquire, another).is_ok()
    }

    /// Takes out the buckets that are full again, one shard at a time. False when there was none.
    #[cold]
    fn sweep(&self, quota: &Quota, now: u64) -> bool {
        let sweep_at = self.sweep_at.load(Acquire);
        // One that is too far away was written before the clock has gone back.
        if now < sweep_at && sweep_at - now <= quota.furthest() {
            return false;
        }
        let mut earliest = u64::MAX;
        let mut gone = 0;
        for shard in &self.shards {
            let mut buckets = lock(shard);
            let before = buckets.len();
            buckets.retain(|_, bucket| {
                let full_at = bucket.full_at(quota, now);
                earliest = earliest.min(full_at.unwrap_or(u64::MAX));
                full_at.is_some()
            });
            gone += before - buckets.len();
        }
        self.len.fetch_sub(gone, AcqRel);
        self.sweep_at.store(earliest, Release);
        gone > 0
    }

    fn shard(&self, key: u64) -> MutexGuard<'_, Buckets> {
        // Bits that the map within uses least.
        let [_, _, bits, ..] = key.to_be_bytes();
        lock(&self.shards[usize::from(bits) % SHARDS])
    }
}

fn lock(shard: &Shard) -> MutexGuard<'_, Buckets> {
    // Only arithmetic under it.
    shard.0.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keys are hashes already.
#[derive(Default)]
pub(crate) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
