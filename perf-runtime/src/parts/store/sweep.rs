//! What goes over all entries: looking at them, and taking out those that meet a condition.
//!
//! Looking takes no lock. What a look has found is taken out under the lock of its shard, a few at a time, and only if it
//! is still what was looked at.

use std::sync::atomic::Ordering::Relaxed;

use super::displaced::{Cause, Displaced};
use super::entry::Entry;
use super::grace::pinned;
use super::pages::Name;
use super::{Shard, Store, rebuild};
use crate::parts::key::Key;

/// How many entries are taken out of a shard at once: a few microseconds in which its other writers wait.
const AT_ONCE: usize = 64;
/// An index of no more slots than this is never too large.
const SMALL: usize = 64;
/// How many slots are looked at under one pin.
const LOOKED_AT: usize = 1024;

impl<K: Key, V: Send + Sync + 'static> Store<K, V> {
    /// Shows every entry that is there the whole time, expired ones included, and of those that come or go meanwhile
    /// some.
    pub(crate) fn for_each(&self, mut see: impl FnMut(&Entry<K, V>)) {
        for shard in 0..self.shards.len() {
            self.for_each_of(shard, &mut see);
        }
    }

    /// The same for one of the shards, by its number; false when there are not so many.
    pub(crate) fn for_each_of(&self, shard: usize, see: impl FnMut(&Entry<K, V>)) -> bool {
        let shard = self.shards.get(shard);
        if let Some(shard) = shard {
            pinned(|pin| {
                let entries = shard.entries(pin, 0, usize::MAX);
                entries.map(|(_, entry)| entry).for_each(see);
            });
        }
        shard.is_some()
    }

    /// Takes out what `is_meant`, which is asked without any lock. A panic of it leaves the rest where it is.
    ///
    /// An answer that comes meanwhile may stay.
    pub(crate) fn remove_if(
        &self,
        mut is_meant: impl FnMut(&K, &V) -> bool,
        now: u64,
    ) -> Displaced<'_, K, V> {
        let mut displaced = Displaced::none();
        for shard in &self.shards {
            // Who is about to put something in has done so.
            drop(shard.lock());
            pinned(|pin| {
                let meant = shard.entries(pin, 0, usize::MAX);
                let meant = meant.filter(|(_, entry)| is_meant(entry.key(), entry.value()));
                let meant: Vec<_> = meant.collect();
                for some in meant.chunks(AT_ONCE) {
                    self.take_out(shard, some, Cause::Invalidated, now, &mut displaced);
                }
            });
        }
        displaced.promptly(&self.shards)
    }

    /// Takes out those whose time is over, among about so many `slots` from where the last sweep has ended, once around
    /// at most; then drops what nobody reads. Gives what was taken out to `expired`, some at a time.
    pub(crate) fn sweep<'s>(
        &'s self,
        now: u64,
        slots: usize,
        mut expired: impl FnMut(Displaced<'s, K, V>),
    ) {
        let [shard_at, slot_at] = &self.swept;
        let slots_of = |shard: &Shard<K, V>| pinned(|pin| shard.slots(pin));
        let all = self.shards.iter().map(slots_of).sum();
        let (mut number, mut first) = if slots < all {
            (shard_at.load(Relaxed), slot_at.load(Relaxed))
        } else {
            (0, 0)
        };
        let mut left = slots.min(all);
        let mut ended = 0;
        while left > 0 && ended <= self.shards.len() {
            let Some(shard) = self.shards.get(number) else {
                (number, first) = (0, 0);
                continue;
            };
            let slots = slots_of(shard);
            let count = left.min(LOOKED_AT).min(slots.saturating_sub(first));
            let mut displaced = Displaced::none();
            pinned(|pin| {
                let over = shard.entries(pin, first, count);
                let over: Vec<_> = over.filter(|(_, entry)| entry.is_expired(now)).collect();
                for some in over.chunks(AT_ONCE) {
                    self.take_out(shard, some, Cause::Expired, now, &mut displaced);
                }
            });
            expired(displaced);
            left -= count;
            first += count;
            if first >= slots {
                shrink(shard);
                (number, first) = (number + 1, 0);
                ended += 1;
            }
        }
        shard_at.store(number, Relaxed);
        slot_at.store(first, Relaxed);
        self.shards.iter().for_each(Shard::collect);
    }
}

impl<K: Key, V: Send + Sync + 'static> Store<K, V> {
    /// Takes out those of the entries that are still there, and still expired if that is why.
    fn take_out<'s>(
        &'s self,
        shard: &'s Shard<K, V>,
        entries: &[(Name, &Entry<K, V>)],
        cause: Cause,
        now: u64,
        displaced: &mut Displaced<'s, K, V>,
    ) {
        let mut locked = shard.lock();
        for &(name, entry) in entries {
            // Nobody else is in the cell: it is not used again while this one may be read.
            let hash = locked.policy.hash(name.id());
            let is_there = locked.has(name, hash);
            if is_there && (cause != Cause::Expired || entry.is_expired(now)) {
                self.take(&mut locked, name, cause, now, displaced);
            }
        }
    }
}

/// Gives back most of an index that has become much too large.
fn shrink<K, V>(shard: &Shard<K, V>) {
    // Goes after the lock.
    let _before;
    let mut locked = shard.lock();
    if locked.slots() > SMALL && locked.len() < locked.slots() / 8 {
        let room = locked.len() * 2;
        _before = rebuild(&mut locked, room);
    }
}
