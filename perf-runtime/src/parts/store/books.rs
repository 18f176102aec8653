//! What the writers of a shard know of its entries, each by its id.
//!
//! An id is small and dense, so that policies can keep what they know in a list; it stays with a key when a new answer
//! replaces the old one.

use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed};

use super::bounds::Bounds;
use super::entry::Entry;
use super::prefetch::prefetch;
use super::table::{Entries, Slot};
use crate::parts::policy::{Ahead, Policy, Whereabouts};

/// Where the policy of a shard will look, for who has not locked it.
///
/// Out of date now and then, and good for nothing but to have the line fetched.
#[derive(Default)]
pub(super) struct Expected {
    first: AtomicPtr<u8>,
    blocks: AtomicUsize,
}

impl Expected {
    /// Somebody will come with this hash.
    #[inline]
    pub(super) fn prefetch(&self, hash: u64) {
        prefetch(self.known().of(hash));
    }

    /// Called under the lock of the shard.
    #[inline]
    pub(super) fn update(&self, books: &Books) {
        let now = books.policy.whereabouts();
        if self.known() != now {
            self.first.store(now.first.cast_mut(), Relaxed);
            self.blocks.store(now.blocks, Relaxed);
        }
    }

    #[inline]
    fn known(&self) -> Whereabouts {
        Whereabouts {
            first: self.first.load(Relaxed),
            blocks: self.blocks.load(Relaxed),
        }
    }
}

/// Whom a policy has given up.
pub(super) struct GivenUp {
    pub(super) id: u32,
    /// Its slot, if that is known.
    pub(super) slot: Option<Slot>,
}

pub(super) struct Books {
    pub(super) policy: Policy,
    /// For as many entries as the index should be, if it is known how many there will be.
    expected: usize,
}

impl Books {
    pub(super) fn new(bounds: &Bounds, shards: usize) -> Self {
        let expected = bounds.share(shards).unwrap_or(usize::MAX);
        Self {
            policy: Policy::new(expected),
            // With some vacancies, ways are short.
            expected: expected.saturating_add(expected / 16),
        }
    }

    /// For how many entries to make the next index, where there are so many.
    pub(super) fn room_beyond(&self, entries: usize) -> usize {
        let most = entries.saturating_mul(2).max(7);
        let least = entries + entries / 16 + 1;
        self.expected.clamp(least, most)
    }

    /// The id of the next entry. None when there are too many entries.
    pub(super) fn new_id(&mut self) -> Option<u32> {
        self.policy.new_id()
    }

    /// What an entry weighs, or did until it left.
    pub(super) fn weight(&self, id: u32) -> u32 {
        self.policy.weight_of(id)
    }

    pub(super) fn set_weight(&mut self, id: u32, weight: u32) {
        self.policy.set_weight(id, weight);
    }

    pub(super) fn weight_of_all(&self) -> u64 {
        self.policy.weight()
    }

    /// Whom the policy gives up.
    #[inline]
    pub(super) fn evict<K, V>(&mut self, entries: &Entries<'_, Entry<K, V>>) -> Option<GivenUp> {
        // It is one of the last two that nobody has read, most often: the newcomer, and who would go for it.
        let mut unread = [(u32::MAX, None); 2];
        let id = self.policy.evict(|id, hash| {
            let found = entries.find(hash, |entry| entry.id == id);
            let times = found.map_or(0, |(_, entry)| entry.take_used());
            if times == 0 {
                let [_, before] = unread;
                unread = [before, (id, found.map(|(slot, _)| slot))];
            }
            times
        })?;
        let known = unread.iter().find(|(asked, _)| *asked == id);
        let slot = known.and_then(|(_, slot)| *slot);
        Some(GivenUp { id, slot })
    }

    /// Has fetched what evictions will look at that are to come: each is at the end of a chain of lines that nobody else
    /// has read for long.
    pub(super) fn prefetch<K, V>(&mut self, entries: &Entries<'_, Entry<K, V>>) {
        self.policy.look_ahead(|ahead| match ahead {
            Ahead::Far { hash, next, known } => {
                prefetch(next);
                prefetch(known);
                entries.prefetch_way(hash);
            }
            Ahead::Near { hash } => entries.prefetch(hash),
        });
    }

    pub(super) fn memory(&self) -> usize {
        self.policy.memory()
    }
}
