//! What the writers of a shard know of its entries, each by its id.
//!
//! An id is small and dense, so that policies can keep what they know in a list; it stays with a key when a new answer
//! replaces the old one.

use super::bounds::Bounds;
use super::entry::Entry;
use super::table::{Entries, Slot};
use crate::parts::policy::Policy;

/// The end of the list of free ids.
const NO_MORE: u32 = u32::MAX;

pub(super) struct Books {
    pub(super) policy: Policy,
    /// By id, the slot of an entry; of a free id, the next free one.
    places: Vec<u32>,
    free: u32,
    /// By id; empty in a store that weighs nothing.
    weights: Vec<u32>,
    is_weighed: bool,
    weight_of_all: u64,
    /// As many entries as there will be, if that is known.
    expected: usize,
}

impl Books {
    pub(super) fn new(bounds: &Bounds, shards: usize) -> Self {
        Self {
            policy: Policy::new(),
            places: Vec::new(),
            free: NO_MORE,
            weights: Vec::new(),
            is_weighed: bounds.are_weighed(),
            weight_of_all: 0,
            expected: bounds.share(shards).unwrap_or(usize::MAX),
        }
    }

    /// For how many entries to make the next index, where there are so many.
    pub(super) fn room_beyond(&self, entries: usize) -> usize {
        let most = entries.saturating_mul(2).max(7);
        let least = entries + entries / 16 + 1;
        self.expected.clamp(least, most)
    }

    /// The id of the next entry. None when there are four billion entries.
    pub(super) fn new_id(&mut self) -> Option<u32> {
        if let Some(next) = self.places.get(self.free as usize) {
            return Some(std::mem::replace(&mut self.free, *next));
        }
        let id = u32::try_from(self.places.len())
            .ok()
            .filter(|id| *id != NO_MORE)?;
        push(&mut self.places, NO_MORE, self.expected);
        if self.is_weighed {
            self.weights.push(0);
        }
        Some(id)
    }

    pub(super) fn free_id(&mut self, id: u32) {
        self.set_weight(id, 0);
        if let Some(place) = self.places.get_mut(id as usize) {
            *place = self.free;
            self.free = id;
        }
    }

    /// Where the entry is. Asked of ids in use only.
    pub(super) fn slot(&self, id: u32) -> Slot {
        Slot(self.places.get(id as usize).copied().unwrap_or(NO_MORE))
    }

    pub(super) fn set_slot(&mut self, id: u32, slot: Slot) {
        if let Some(place) = self.places.get_mut(id as usize) {
            *place = slot.0;
        }
    }

    pub(super) fn weight(&self, id: u32) -> u32 {
        self.weights.get(id as usize).copied().unwrap_or(1)
    }

    pub(super) fn set_weight(&mut self, id: u32, weight: u32) {
        if let Some(known) = self.weights.get_mut(id as usize) {
            self.weight_of_all = self.weight_of_all - u64::from(*known) + u64::from(weight);
            *known = weight;
        }
    }

    pub(super) fn weight_of_all(&self) -> u64 {
        self.weight_of_all
    }

    /// Whom the policy gives up.
    pub(super) fn evict<K, V>(&mut self, entries: &Entries<'_, Entry<K, V>>) -> Option<u32> {
        let places = &self.places;
        self.policy.evict(|id| {
            let slot = places.get(id as usize).copied().unwrap_or(NO_MORE);
            entries.get(Slot(slot)).map_or(0, Entry::take_used)
        })
    }

    pub(super) fn memory(&self) -> usize {
        self.policy.memory() + (self.places.capacity() + self.weights.capacity()) * size_of::<u32>()
    }
}

/// Not twice the room where less will do.
fn push(list: &mut Vec<u32>, new: u32, expected: usize) {
    let room = list.capacity();
    if list.len() == room && room < expected && expected < room * 2 {
        list.reserve_exact(expected - room);
    }
    list.push(new);
}
