//! How much a store may keep, and how much it keeps: exact, over all its shards.
//!
//! Nothing is put in whose place has not been reserved here before, and a place is given back after what was in it has
//! been taken out. So what is in never exceeds the bound.

use std::ops::AddAssign;
use std::sync::atomic::Ordering::{AcqRel, Acquire};

use super::sync::AtomicU64;

/// What a store may keep at most. The default keeps everything.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    pub(crate) entries: Option<u64>,
    /// The sum of the weights, in whatever unit the entries are weighed.
    pub(crate) weight: Option<u64>,
}

// On lines of its own: every writer writes it, no reader reads it.
#[repr(align(128))]
pub(super) struct Bounds {
    limits: Limits,
    entries: AtomicU64,
    weight: AtomicU64,
}

impl Bounds {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            entries: AtomicU64::new(0),
            weight: AtomicU64::new(0),
        }
    }

    pub(super) fn are_weighed(&self) -> bool {
        self.limits.weight.is_some()
    }

    /// How many entries one of so many shards will have when the store is full, about; none when nobody knows.
    pub(super) fn share(&self, shards: usize) -> Option<usize> {
        let share = self.limits.entries?.div_ceil(shards.max(1) as u64);
        // Some shards get more than others; three standard deviations are enough for nearly all.
        let more = if shards > 1 { 3 * share.isqrt() } else { 0 };
        usize::try_from(share.checked_add(more)?).ok()
    }

    pub(super) fn entries(&self) -> u64 {
        self.entries.load(Acquire)
    }

    pub(super) fn weight(&self) -> u64 {
        self.weight.load(Acquire)
    }

    /// What an entry weighs for this store; none when it has no place even in an empty one.
    pub(super) fn admit(&self, weight: u64) -> Option<u32> {
        if self.limits.entries == Some(0) {
            return None;
        }
        let Some(most) = self.limits.weight else {
            return Some(1);
        };
        u32::try_from(weight).ok().filter(|_| weight <= most)
    }

    /// Reserves a place, all of it or nothing.
    pub(super) fn reserve(&self, place: Place) -> bool {
        if !reserve(&self.entries, place.entries, self.limits.entries) {
            return false;
        }
        let fits = !self.are_weighed() || reserve(&self.weight, place.weight, self.limits.weight);
        if !fits {
            self.entries.fetch_sub(place.entries, AcqRel);
        }
        fits
    }

    pub(super) fn give_back(&self, place: Place) {
        if place.entries > 0 {
            self.entries.fetch_sub(place.entries, AcqRel);
        }
        if place.weight > 0 && self.are_weighed() {
            self.weight.fetch_sub(place.weight, AcqRel);
        }
    }
}

/// Room for so many entries of so much weight together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) entries: u64,
    pub(super) weight: u64,
}

impl Place {
    pub(super) const NONE: Self = Self {
        entries: 0,
        weight: 0,
    };

    /// That of one entry.
    pub(super) fn of(weight: u32) -> Self {
        Self {
            entries: 1,
            weight: u64::from(weight),
        }
    }

    /// That of more weight for one that has its place.
    pub(super) fn weighing(weight: u32) -> Self {
        Self {
            entries: 0,
            weight: u64::from(weight),
        }
    }

    /// What of it is more than another one has.
    pub(super) fn beyond(self, other: Self) -> Self {
        Self {
            entries: self.entries.saturating_sub(other.entries),
            weight: self.weight.saturating_sub(other.weight),
        }
    }
}

impl AddAssign for Place {
    fn add_assign(&mut self, other: Self) {
        self.entries += other.entries;
        self.weight += other.weight;
    }
}

fn reserve(total: &AtomicU64, more: u64, most: Option<u64>) -> bool {
    let most = most.unwrap_or(u64::MAX);
    let add = |now: u64| now.checked_add(more).filter(|sum| *sum <= most);
    more == 0 || total.fetch_update(AcqRel, Acquire, add).is_ok()
}
