//! What the writers of a shard know of its entries, each by its id.
//!
//! An id is that of the cell an entry is in, small and dense, so that policies can keep what they know in a list.

use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed};

use super::bounds::Bounds;
use super::entry::Mark;
use super::pages::Name;
use super::prefetch::prefetch;
use super::table::Entries;
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
    pub(super) fn evict<T>(&mut self, entries: &Entries<'_, T>) -> Option<u32> {
        self.policy.evict(|id| {
            let mark = Name::of_id(id).and_then(|name| entries.mark(name));
            mark.map_or(0, Mark::take_met)
        })
    }

    /// Has fetched what evictions will look at that are to come, which nobody has read for long.
    #[inline]
    pub(super) fn prefetch<T>(&mut self, entries: &Entries<'_, T>) {
        self.policy.look_ahead(
            |Ahead {
                 id,
                 hash,
                 known,
                 next,
             }| {
                prefetch(next);
                prefetch(known);
                if let Some(name) = Name::of_id(id) {
                    entries.prefetch(name, hash);
                }
            },
        );
    }
}
