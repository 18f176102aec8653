//! What the writers of a shard know of its entries, each by its id.
//!
//! An id is small and dense, so that policies can keep what they know in a list; it stays with a key when a new answer
//! replaces the old one.

use super::bounds::Bounds;
use super::entry::Entry;
use super::table::{Entries, Slot, prefetch};
use crate::parts::policy::Policy;

/// What is known of an entry that is nowhere.
const NOWHERE: Slot = Slot(u32::MAX);

pub(super) struct Books {
    pub(super) policy: Policy,
    /// By id, the slot of an entry.
    places: Vec<Slot>,
    /// For as many entries as the index should be, if it is known how many there will be.
    expected: usize,
}

impl Books {
    pub(super) fn new(bounds: &Bounds, shards: usize) -> Self {
        let expected = bounds.share(shards).unwrap_or(usize::MAX);
        Self {
            policy: Policy::new(expected),
            places: Vec::new(),
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
        let id = self.policy.new_id()?;
        if self.places.len() <= id as usize {
            self.places
                .reserve_exact(self.policy.room() - self.places.len());
            self.places.resize(id as usize + 1, NOWHERE);
        }
        Some(id)
    }

    /// Where the entry is. Asked of ids in use only.
    pub(super) fn slot(&self, id: u32) -> Slot {
        self.places.get(id as usize).copied().unwrap_or(NOWHERE)
    }

    pub(super) fn set_slot(&mut self, id: u32, slot: Slot) {
        if let Some(place) = self.places.get_mut(id as usize) {
            *place = slot;
        }
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
    pub(super) fn evict<K, V>(&mut self, entries: &Entries<'_, Entry<K, V>>) -> Option<u32> {
        let places = &self.places;
        self.policy.evict(|id, _| {
            let slot = places.get(id as usize).copied().unwrap_or(NOWHERE);
            entries.get(slot).map_or(0, Entry::take_used)
        })
    }

    /// Has fetched what the next eviction will look at: each is at the end of a chain of lines that nobody else has read
    /// for long.
    pub(super) fn prefetch<K, V>(&self, entries: &Entries<'_, Entry<K, V>>) {
        self.policy.each_next(|id, known| {
            prefetch(known);
            entries.prefetch(self.slot(id));
        });
    }

    pub(super) fn memory(&self) -> usize {
        self.policy.memory() + self.places.capacity() * size_of::<Slot>()
    }
}
