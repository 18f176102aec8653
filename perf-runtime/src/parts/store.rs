//! Answers by key, bounded, with an end to their time.
//!
//! A store is a few shards. Each is a [`table`] that readers search without a lock, and the [`books`] of its writers:
//! the policy that says whom to evict. Readers say what they met in two bits of the entry, and write nothing else. Writers
//! reserve a place in the [`bounds`] of the whole store before they put anything in, and evict until there is one; so a
//! bound holds at every moment, and for the whole store and not for each shard.
//!
//! What a step takes out is handed back ([`Displaced`]), to be told to listeners and dropped after all locks; when
//! nobody can read it any more is known from [`grace`], and what waits for that is in [`limbo`].
//!
//! The time is handed in, as are hashes; the keys of others are compared and never trusted by their hash. `Hash` and `Eq`
//! of the keys are the only code of users that runs under a lock, and before anything has changed.

mod books;
mod bounds;
mod displaced;
mod entry;
mod grace;
mod index;
mod insert;
mod limbo;
mod pages;
mod prefetch;
mod sweep;
mod sync;
mod table;
#[cfg(test)]
mod tests;
mod turn;

use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::AtomicUsize;

use foldhash::fast::SeedableRandomState;

pub(crate) use self::bounds::Limits;
pub(crate) use self::displaced::{Cause, Displaced, Evicted};
pub(crate) use self::entry::{Entry, Freshness, Lifetime};
pub(crate) use self::turn::Turn;

use self::books::{Books, Expected};
use self::bounds::{Bounds, Place};
use self::entry::Body;
use self::grace::{Pin, pinned};
use self::limbo::Unlinked;
use self::pages::Name;
use self::table::{Locked, Table};
use crate::parts::key::{Key, Lookup};

type Shard<K, V> = Table<Body<K, V>, Books>;
/// See [`Store::find_at_once`].
pub(crate) type Found<'s, K, V> = table::Found<'s, Body<K, V>>;
type LockedShard<'s, K, V> = Locked<'s, Body<K, V>, Books>;

/// Entries that nobody reads end earlier.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Idle {
    /// So long after it was read last, in nanoseconds.
    pub(crate) time: u64,
    /// So long after it was fresh, an entry ends however often it is read.
    pub(crate) stale: u64,
}

/// See the module.
pub(crate) struct Store<K, V> {
    /// A power of two of them.
    shards: Box<[Shard<K, V>]>,
    /// The bits of the number of a shard.
    mask: usize,
    /// Of each shard.
    expected: Box<[Expected]>,
    seed: SeedableRandomState,
    idle: Option<Idle>,
    bounds: Bounds,
    /// Where the next sweep goes on: the shard, and the slot in it.
    swept: [AtomicUsize; 2],
}

/// Why nothing was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Absence {
    /// There is nothing under the key.
    Unknown,
    /// Its time is over; it may still be there.
    Expired,
}

/// A shard with fewer entries than this is not worth having.
const ENTRIES_PER_SHARD: u64 = 256;
/// No more shards than this for each processor.
const SHARDS_PER_PROCESSOR: usize = 4;

impl<K: Key, V: Send + Sync + 'static> Store<K, V> {
    pub(crate) fn new(limits: Limits, idle: Option<Idle>) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let most = limits.entries.unwrap_or(u64::MAX) / ENTRIES_PER_SHARD;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let shards = (processors * SHARDS_PER_PROCESSOR).clamp(1, most.max(1));
        // Rounded down.
        let shards = 1_usize << shards.ilog2();
        Self::with_shards(limits, idle, shards)
    }

    fn with_shards(limits: Limits, idle: Option<Idle>, shards: usize) -> Self {
        let bounds = Bounds::new(limits);
        Self {
            shards: (0..shards)
                .map(|_| Table::new(Books::new(&bounds, shards)))
                .collect(),
            mask: shards - 1,
            expected: (0..shards).map(|_| Expected::default()).collect(),
            seed: SeedableRandomState::random(),
            idle,
            bounds,
            swept: [const { AtomicUsize::new(0) }; 2],
        }
    }

    /// The hash of a key in this store, which differs from that in others.
    #[inline]
    pub(crate) fn hash(&self, key: &impl Lookup<K>) -> u64 {
        let mut hasher = self.seed.build_hasher();
        key.hash(&mut hasher);
        hasher.finish()
    }

    /// The same of a key that is owned.
    pub(crate) fn hash_of(&self, key: &K) -> u64 {
        self.seed.hash_one(key)
    }

    #[inline]
    fn number(&self, hash: u64) -> usize {
        // Neither the bits of the tag nor those that find the group.
        (hash >> 8) as usize & self.mask
    }

    #[inline]
    fn shard(&self, hash: u64) -> Option<&Shard<K, V>> {
        self.shards.get(self.number(hash))
    }

    /// What `read` makes of the entry, unless there is none or its time is over.
    ///
    /// Takes no lock, and writes no line that other threads read but for the first three times an entry is met after the
    /// policy has looked, and where a time to idle moves. `read` may use the store; while it runs, nothing that is taken
    /// out of any store meanwhile is dropped.
    #[expect(clippy::inline_always, reason = "the way of a hit, in one function")]
    #[inline(always)]
    pub(crate) fn look_up<R>(
        &self,
        hash: u64,
        key: &impl Lookup<K>,
        now: u64,
        read: impl FnOnce(&Entry<K, V>) -> R,
    ) -> Result<R, Absence> {
        // Ends here, after `read`.
        let pin = Pin::new();
        let shard = self.shard(hash).ok_or(Absence::Unknown)?;
        let found = shard.find(&pin, hash, |entry| key.is(entry.key()));
        let entry = found.ok_or(Absence::Unknown)?;
        let mark = entry.mark();
        if mark.is_expired(now) {
            return Err(Absence::Expired);
        }
        entry.meet(mark, now, self.idle.as_ref());
        Ok(read(entry))
    }

    /// The entry of a key in the usual case, without a call of anything. What it finds may be [over](Entry::is_before_end), and
    /// of what it does not find there may be something all the same.
    #[expect(clippy::inline_always, reason = "the way of a hit, in one function")]
    #[inline(always)]
    pub(crate) fn find_at_once(&self, hash: u64, key: &impl Lookup<K>) -> Option<Found<'_, K, V>> {
        self.shard(hash)?
            .find_at_once(hash, |entry| key.is(entry.key()))
    }

    /// The same for who need not know why there is nothing.
    #[expect(clippy::inline_always, reason = "the way of a hit, in one function")]
    #[inline(always)]
    pub(crate) fn read<R>(
        &self,
        hash: u64,
        key: &impl Lookup<K>,
        now: u64,
        read: impl FnOnce(&Entry<K, V>) -> R,
    ) -> Option<R> {
        self.look_up(hash, key, now, read).ok()
    }

    /// An answer under this hash will be put in before long.
    #[inline]
    pub(crate) fn expect(&self, hash: u64) {
        if let Some(expected) = self.expected.get(self.number(hash)) {
            expected.prefetch(hash);
        }
    }

    /// Whether nothing has been put in where this hash is since this thread looked there at `looked`. False when that is not
    /// known.
    #[inline]
    pub(crate) fn is_as_at(&self, hash: u64, looked: Turn) -> bool {
        self.shard(hash)
            .is_some_and(|shard| is_as_at(shard, looked))
    }

    /// As [`Store::read`] of the key that `is` knows, but the policy does not hear of it and no time to idle begins anew.
    pub(crate) fn peek<R>(
        &self,
        hash: u64,
        is: impl Fn(&K) -> bool,
        now: u64,
        read: impl FnOnce(&Entry<K, V>) -> R,
    ) -> Option<R> {
        pinned(|pin| {
            let shard = self.shard(hash)?;
            let entry = shard.find(pin, hash, |entry| is(entry.key()))?;
            (!entry.is_expired(now)).then(|| read(entry))
        })
    }

    /// Takes out what the policy has been told of.
    fn take<'s>(
        &self,
        locked: &mut LockedShard<'s, K, V>,
        name: Name,
        cause: Cause,
        now: u64,
        displaced: &mut Displaced<'s, K, V>,
    ) {
        locked.policy.remove(name.id());
        let freed = forget(locked, name, cause, now, displaced);
        self.bounds.give_back(freed);
    }

    /// Takes out the answer to a key.
    #[cfg(test)]
    pub(crate) fn remove(&self, hash: u64, key: &impl Lookup<K>, now: u64) -> Displaced<'_, K, V> {
        self.remove_by(hash, |kept| key.is(kept), now)
    }

    /// Takes out the answer to the key that `is` knows.
    pub(crate) fn remove_by(
        &self,
        hash: u64,
        is: impl Fn(&K) -> bool,
        now: u64,
    ) -> Displaced<'_, K, V> {
        let mut displaced = Displaced::none();
        if let Some(shard) = self.shard(hash) {
            let mut locked = shard.lock();
            let found = locked.find(hash, |entry| is(entry.key()));
            if let Some(name) = found.map(|(name, _)| name) {
                self.take(&mut locked, name, Cause::Invalidated, now, &mut displaced);
            }
        }
        displaced
    }

    /// Takes out everything that was there before; shard after shard, so that what comes meanwhile may stay.
    pub(crate) fn clear(&self, now: u64) -> Displaced<'_, K, V> {
        let mut displaced = Displaced::none();
        for shard in &self.shards {
            // Before the lock and dropped after it, for the allocator's sake.
            let mut books = Books::new(&self.bounds, self.shards.len());
            let mut locked = shard.lock();
            let entries = locked.len() as u64;
            std::mem::swap(&mut *locked, &mut books);
            displaced.add(locked.take_all(), Cause::Invalidated, now);
            self.bounds.give_back(Place {
                entries,
                weight: books.weight_of_all(),
            });
            drop(locked);
        }
        displaced.promptly(&self.shards)
    }

    /// How many there are, those included whose time is over and who have not been swept yet.
    pub(crate) fn entries(&self) -> u64 {
        self.bounds.entries()
    }

    /// The sum of the weights; 0 in a store without a bound on it.
    pub(crate) fn weight(&self) -> u64 {
        self.bounds.weight()
    }

    /// What the store needs besides what keys and values own, in bytes; an estimate.
    pub(crate) fn overhead(&self) -> usize {
        let shard = |shard: &Shard<K, V>| {
            let locked = shard.lock();
            locked.policy.memory() + locked.memory()
        };
        size_of::<Self>() + self.shards.iter().map(shard).sum::<usize>()
    }
}

/// See [`Store::is_as_at`].
#[inline]
fn is_as_at<K, V>(shard: &Shard<K, V>, looked: Turn) -> bool {
    shard.filled_by() == looked.thread && looked == Turn::now()
}

/// Takes out what the policy has been told of. Gives its place, which is still reserved.
#[must_use]
fn forget<'s, K, V>(
    locked: &mut LockedShard<'s, K, V>,
    name: Name,
    cause: Cause,
    now: u64,
    displaced: &mut Displaced<'s, K, V>,
) -> Place {
    // Known until the id comes again, as is the weight.
    let hash = locked.policy.hash(name.id());
    let Some(unlinked) = locked.remove(name, hash) else {
        return Place::NONE;
    };
    let freed = Place::of(locked.weight(name.id()));
    displaced.add(unlinked, cause, now);
    freed
}

fn rebuild<'s, K, V>(locked: &mut LockedShard<'s, K, V>, room: usize) -> Unlinked<'s, Body<K, V>> {
    locked.rebuild(room, |books, name| books.policy.hash(name.id()))
}
