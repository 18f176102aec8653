//! Putting an answer in, and taking out what has to go for it.
//!
//! A place is reserved before anything is put in. While there is none, somebody is evicted and their place is taken over:
//! first in the shard of the key, and elsewhere when that is empty.

use super::bounds::Place;
use super::displaced::{Cause, Displaced};
use super::entry::{Entry, Lifetime};
use super::pages::Name;
use super::table::Empty;
use super::{LockedShard, Store, Turn, forget, is_as_at, rebuild};
use crate::parts::key::Key;

impl<K: Key, V: Send + Sync + 'static> Store<K, V> {
    /// Keeps an answer, in the place of the one there was.
    ///
    /// The weight counts in a store with a bound on it. What has to go for it is in the answer, and so is the new entry
    /// itself when it is heavier than the whole bound: then the key has no answer any more.
    pub(crate) fn insert(
        &self,
        hash: u64,
        key: K,
        value: V,
        weight: u64,
        lifetime: Lifetime,
        now: u64,
    ) -> Displaced<'_, K, V> {
        let mut displaced = Displaced::none();
        let entry = Entry::new(key, value, lifetime);
        let unknown = None;
        self.insert_entry(
            hash,
            entry,
            weight,
            (now, unknown),
            |_| true,
            &mut displaced,
        );
        displaced
    }

    /// The same for who says how what has to go is given back, and whether the entry is still wanted; it is given back
    /// when it is not. `missed` is when the key was looked for and not there, if that is known.
    ///
    /// Whether it is wanted is asked under the lock. So who first sees to it that it is not, and then takes out what is
    /// there, leaves nothing behind.
    // The entry is made before the lock, so that in a panic of `Eq` it is dropped after it.
    pub(crate) fn insert_entry<'s>(
        &'s self,
        hash: u64,
        entry: Entry<K, V>,
        weight: u64,
        (now, missed): (u64, Option<Turn>),
        is_wanted: impl Fn(&Entry<K, V>) -> bool,
        displaced: &mut Displaced<'s, K, V>,
    ) -> Option<Entry<K, V>> {
        let shard = self.shard(hash)?;
        let weight = self.bounds.admit(weight);
        let mut locked = shard.lock();
        if !is_wanted(&entry) {
            return Some(entry);
        }
        let mut present = if missed.is_some_and(|missed| is_as_at(shard, missed)) {
            None
        } else {
            name_of(&locked, hash, &entry)
        };
        let Some(weight) = weight else {
            if let Some(name) = present {
                self.take(&mut locked, name, Cause::Replaced, now, displaced);
            }
            displaced.add(locked.refuse(entry), Cause::TooHeavy, now);
            return None;
        };
        if present.is_none() {
            locked.policy.record_miss(hash);
        }
        // The places of those that had to go, which this one takes.
        let mut held = Place::NONE;
        loop {
            let before = present.map_or(0, |name| locked.weight(name.id()));
            let needed = Place {
                entries: u64::from(present.is_none()),
                weight: u64::from(weight.saturating_sub(before)),
            };
            // One goes for one, most often.
            if held == needed {
                break;
            }
            if self.bounds.reserve(needed.beyond(held)) {
                break self.bounds.give_back(held.beyond(needed));
            }
            if let Some((name, freed)) = evict(&mut locked, now, displaced) {
                present = present.filter(|present| *present != name);
                held += freed;
            } else {
                // Before `Eq` runs again.
                self.bounds.give_back(std::mem::take(&mut held));
                drop(locked);
                self.evict_elsewhere(hash, now, displaced);
                locked = shard.lock();
                if !is_wanted(&entry) {
                    return Some(entry);
                }
                present = name_of(&locked, hash, &entry);
            }
        }
        let Some(empty) = locked.empty() else {
            // There are 67 million in this shard. What was there is not the answer any more.
            if let Some(name) = present {
                let more = weight.saturating_sub(locked.weight(name.id()));
                self.bounds.give_back(Place::weighing(more));
                self.take(&mut locked, name, Cause::Replaced, now, displaced);
            } else {
                self.bounds.give_back(Place::of(weight));
            }
            displaced.add(locked.refuse(entry), Cause::Size, now);
            return None;
        };
        if let Some(name) = present {
            self.replace(
                &mut locked,
                (name, hash),
                (empty, entry),
                weight,
                now,
                displaced,
            );
        } else {
            if let Some(expected) = self.expected.get(self.number(hash)) {
                expected.update(&locked);
            }
            put(&mut locked, hash, (empty, entry), weight, displaced);
            let (entries, books) = locked.parts();
            books.prefetch(&entries);
        }
        None
    }

    fn replace<'s>(
        &self,
        locked: &mut LockedShard<'s, K, V>,
        (before, hash): (Name, u64),
        (empty, entry): (Empty, Entry<K, V>),
        weight: u32,
        now: u64,
        displaced: &mut Displaced<'s, K, V>,
    ) {
        let name = empty.name();
        let Some(replaced) = locked.replace(before, hash, empty, entry) else {
            return;
        };
        locked.policy.rename(before.id(), name.id());
        let less = locked.weight(name.id()).saturating_sub(weight);
        locked.set_weight(name.id(), weight);
        self.bounds.give_back(Place::weighing(less));
        displaced.add(replaced, Cause::Replaced, now);
    }

    /// Evicts from the first shard that has anything, this one being the last to be asked.
    fn evict_elsewhere<'s>(&'s self, hash: u64, now: u64, displaced: &mut Displaced<'s, K, V>) {
        let own = self.number(hash);
        for shard in self
            .shards
            .iter()
            .cycle()
            .skip(own + 1)
            .take(self.shards.len())
        {
            let mut locked = shard.lock();
            if let Some((_, freed)) = evict(&mut locked, now, displaced) {
                self.bounds.give_back(freed);
                return;
            }
        }
    }
}

/// Takes out whom the policy gives up for another; nobody when nobody is there. Gives its place, which is still reserved.
#[inline]
fn evict<'s, K, V>(
    locked: &mut LockedShard<'s, K, V>,
    now: u64,
    displaced: &mut Displaced<'s, K, V>,
) -> Option<(Name, Place)> {
    let (entries, books) = locked.parts();
    let name = Name::of_id(books.evict(&entries)?)?;
    let Some(evicted) = displaced.evicted_mut() else {
        return Some((name, forget(locked, name, Cause::Size, now, displaced)));
    };
    let hash = locked.policy.hash(name.id());
    let is_expired = locked.discard(name, hash, |entry| entry.is_expired(now));
    let Some(is_expired) = is_expired else {
        return Some((name, Place::NONE));
    };
    if is_expired {
        evicted.expired += 1;
    } else {
        evicted.living += 1;
    }
    if locked.has_many_unseen() {
        displaced.add_unseen(locked.take_unseen());
    }
    Some((name, Place::of(locked.weight(name.id()))))
}

#[inline(never)]
fn name_of<K: Key, V>(
    locked: &LockedShard<'_, K, V>,
    hash: u64,
    entry: &Entry<K, V>,
) -> Option<Name> {
    let found = locked.find(hash, |other| other.key() == entry.key());
    found.map(|(name, _)| name)
}

/// Puts in an entry whose place in the bounds is reserved.
#[expect(
    clippy::inline_always,
    reason = "it is called from one place, with a lot"
)]
#[inline(always)]
fn put<'s, K, V>(
    locked: &mut LockedShard<'s, K, V>,
    hash: u64,
    (empty, entry): (Empty, Entry<K, V>),
    weight: u32,
    displaced: &mut Displaced<'s, K, V>,
) {
    let vacancy = loop {
        if let Some(vacancy) = locked.vacancy(hash) {
            break vacancy;
        }
        let room = locked.room_beyond(locked.len());
        displaced.add_index(rebuild(locked, room));
    };
    let id = empty.name().id();
    locked.insert(vacancy, empty, hash, entry);
    locked.policy.insert(id, hash, weight);
}
