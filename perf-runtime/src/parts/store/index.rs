//! Where entries are: tags to compare eight at a time, and the name of a cell for each.
//!
//! A group has eight tags of a byte of a hash each, which are compared at once (the generic group of Abseil's "Swiss
//! tables" and hashbrown), and half a line of eight names. Tags stand apart from the names: a byte an entry stays near the
//! processor where the names do not, and a search that finds nothing looks at nothing else. One that finds something has
//! the names fetched while it compares.
//!
//! An entry whose group is full goes to another, and those it has passed count it; a search goes on only where the count is
//! not zero. So a slot is free again as soon as its entry is gone, and nothing has to be cleaned up (the overflow count of
//! Folly's F14). The ways from one group differ in their step, a power of two, which leads through all groups because
//! their number is odd; with one step for all, the ways of strangers join, and after some turnover a miss goes through
//! tens of groups. Each way has a count of its own: one in ten groups has been passed, but one in fifty by who goes the
//! way that a search for what is not there would.
//!
//! One thread writes, any number read meanwhile, and each step is published with one store. Nothing here looks into a
//! cell.

use std::hint::assert_unchecked;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::pages::Name;
use super::prefetch::prefetch;
use super::sync::{AtomicU32, AtomicU64};

/// How many slots a group has.
const WIDTH: usize = 8;
/// How many of them are to be in use at most, on the average: then nearly every search ends in its first group.
const FULL: usize = 5;
const LOW_BITS: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = LOW_BITS << 7;
/// No tag is zero.
const EMPTY: u64 = 0;
/// How many ways there are from a group, each with so many bits of its count.
const WAYS: u64 = 8;
const COUNT_BITS: u64 = 4;
/// A count that has come so far stays there.
const MANY: u32 = (1 << COUNT_BITS) - 1;

/// Of each group, by its number.
pub(super) struct Index {
    tags: Box<[AtomicU64]>,
    /// How many entries have passed it, by their way.
    passed: Box<[AtomicU32]>,
    slots: Box<[Slots]>,
}

#[repr(align(32))]
struct Slots([AtomicU32; WIDTH]);

/// Where an entry is, or may be put.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    group: usize,
    place: usize,
}

/// Where nobody is.
const NOBODY: u32 = 0;

impl Index {
    /// An index that finds `entries` without long ways.
    pub(super) fn for_entries(entries: usize) -> Self {
        let groups = match entries.div_ceil(FULL) {
            0 => 0,
            more => more | 1,
        };
        let slots = || Slots([const { AtomicU32::new(NOBODY) }; WIDTH]);
        Self {
            tags: (0..groups).map(|_| AtomicU64::new(repeat(EMPTY))).collect(),
            passed: (0..groups).map(|_| AtomicU32::new(0)).collect(),
            slots: (0..groups).map(|_| slots()).collect(),
        }
    }

    /// How many entries it is for.
    pub(super) fn room(&self) -> usize {
        self.tags.len() * FULL
    }

    /// One more than the number of the last slot.
    pub(super) fn slots(&self) -> usize {
        self.tags.len() * WIDTH
    }

    /// The tags of the group of a slot, and the slot.
    #[inline]
    fn place(&self, slot: Slot) -> Option<(&AtomicU64, &AtomicU32)> {
        let tags = self.tags.get(slot.group)?;
        Some((tags, self.slots.get(slot.group)?.0.get(slot.place)?))
    }

    /// What `see` makes of the first name of this hash of which it makes anything.
    #[expect(clippy::inline_always, reason = "the way of a hit, in one function")]
    #[inline(always)]
    pub(super) fn find<R>(&self, hash: u64, mut see: impl FnMut(Name) -> Option<R>) -> Option<R> {
        let found = self.search(hash, &mut see);
        found.map(|(_, seen)| seen)
    }

    /// The same, and in which slot it is.
    #[expect(clippy::inline_always, reason = "the way of a hit, in one function")]
    #[inline(always)]
    fn search<R>(&self, hash: u64, mut see: impl FnMut(Name) -> Option<R>) -> Option<(Slot, R)> {
        let first = self.first_group(hash);
        prefetch(self.slots.as_ptr().wrapping_add(first).cast::<u8>());
        let found = self.search_group(first, hash, &mut see);
        if found.is_some() || self.nobody_passed(first, hash) {
            return found;
        }
        self.search_beyond(first, hash, &mut see)
    }

    /// As [`Index::find`], but only where nearly all are found: in the first place that has the tag. Calls nothing but
    /// `see`.
    #[expect(clippy::inline_always, reason = "the way of a hit, in one function")]
    #[inline(always)]
    pub(super) fn find_near<R>(&self, hash: u64, see: impl FnOnce(Name) -> Option<R>) -> Option<R> {
        let first = self.first_group(hash);
        prefetch(self.slots.as_ptr().wrapping_add(first).cast::<u8>());
        let found = self.tagged(first, hash)?;
        if found == 0 {
            return None;
        }
        let place = self.slots.get(first)?.0.get(first_byte(found))?;
        see(Name::new(place.load(Acquire))?)
    }

    /// In which slots of a group is the tag of a hash, now and then one more.
    #[inline]
    fn tagged(&self, group: usize, hash: u64) -> Option<u64> {
        // SAFETY: both were made for as many groups, and neither changes.
        unsafe { assert_unchecked(self.slots.len() == self.tags.len()) };
        let tags = self.tags.get(group)?.load(Acquire);
        Some(zero_bytes(tags ^ repeat(tag(hash))))
    }

    #[expect(clippy::inline_always, reason = "the way of a hit, in one function")]
    #[inline(always)]
    fn search_group<R>(
        &self,
        group: usize,
        hash: u64,
        see: &mut impl FnMut(Name) -> Option<R>,
    ) -> Option<(Slot, R)> {
        let mut found = self.tagged(group, hash)?;
        let slots = self.slots.get(group)?;
        while found != 0 {
            let place = first_byte(found);
            let number = slots.0.get(place)?.load(Acquire);
            // Nobody's where it was taken out since; another where that was put there since.
            if let Some(name) = Name::new(number)
                && let Some(seen) = see(name)
            {
                return Some((Slot { group, place }, seen));
            }
            found &= found - 1;
        }
        None
    }

    #[inline]
    fn nobody_passed(&self, group: usize, hash: u64) -> bool {
        let passed = self.passed.get(group);
        passed.is_none_or(|passed| passed.load(Acquire) >> count_of(hash) & MANY == 0)
    }

    /// Apart, so that the usual search is short.
    #[cold]
    #[inline(never)]
    fn search_beyond<R>(
        &self,
        first: usize,
        hash: u64,
        see: &mut impl FnMut(Name) -> Option<R>,
    ) -> Option<(Slot, R)> {
        let mut at = first;
        for _ in 1..self.tags.len() {
            at = self.next_group(at, hash);
            let found = self.search_group(at, hash, see);
            if found.is_some() || self.nobody_passed(at, hash) {
                return found;
            }
        }
        None
    }

    /// Says that this hash will be looked for soon.
    #[inline]
    pub(super) fn prefetch(&self, hash: u64) {
        let first = self.first_group(hash);
        prefetch(self.tags.as_ptr().wrapping_add(first).cast::<u8>());
        prefetch(self.slots.as_ptr().wrapping_add(first).cast::<u8>());
    }

    /// Bytes allocated.
    pub(super) fn memory(&self) -> usize {
        let group = size_of::<AtomicU64>() + size_of::<AtomicU32>() + size_of::<Slots>();
        self.tags.len() * group
    }

    /// Where an entry of this hash may be put. None when the index is full.
    #[inline]
    pub(super) fn vacancy(&self, hash: u64) -> Option<Slot> {
        let first = self.first_group(hash);
        self.vacancy_in(first)
            .or_else(|| self.vacancy_beyond(first, hash))
    }

    #[inline]
    fn vacancy_in(&self, group: usize) -> Option<Slot> {
        let empty = zero_bytes(self.tags.get(group)?.load(Relaxed) ^ repeat(EMPTY));
        let place = first_byte(empty);
        (empty != 0).then_some(Slot { group, place })
    }

    #[cold]
    #[inline(never)]
    fn vacancy_beyond(&self, first: usize, hash: u64) -> Option<Slot> {
        let mut at = first;
        for _ in 1..self.tags.len() {
            at = self.next_group(at, hash);
            let vacancy = self.vacancy_in(at);
            if vacancy.is_some() {
                return vacancy;
            }
        }
        None
    }

    #[inline]
    fn next_group(&self, group: usize, hash: u64) -> usize {
        let groups = self.tags.len();
        let mut next = group + (1 << way(hash));
        while next >= groups {
            next -= groups;
        }
        next
    }

    /// Puts an entry where there is none.
    #[inline]
    pub(super) fn put(&self, slot: Slot, hash: u64, name: Name) {
        if let Some((tags, place)) = self.place(slot) {
            // In this order, so that who finds the tag finds the entry.
            place.store(name.number(), Release);
            let now = with_byte(tags.load(Relaxed), slot.place, tag(hash));
            tags.store(now, Release);
            self.count(hash, slot.group, |passed| passed + 1);
        }
    }

    /// Changes the counts of the groups that an entry has passed; those of a taken one are not zero.
    #[inline]
    fn count(&self, hash: u64, last: usize, change: impl Fn(u32) -> u32) {
        let first = self.first_group(hash);
        if first != last {
            self.count_from(first, hash, last, change);
        }
    }

    #[cold]
    #[inline(never)]
    fn count_from(&self, first: usize, hash: u64, last: usize, change: impl Fn(u32) -> u32) {
        let mut at = first;
        for _ in 0..self.tags.len() {
            let Some(passed) = self.passed.get(at).filter(|_| at != last) else {
                return;
            };
            let (all, place) = (passed.load(Relaxed), count_of(hash));
            let now = all >> place & MANY;
            if now != MANY {
                passed.store(all & !(MANY << place) | change(now) << place, Release);
            }
            at = self.next_group(at, hash);
        }
    }

    #[inline]
    fn slot(&self, name: Name, hash: u64) -> Option<Slot> {
        let found = self.search(hash, |other| (other == name).then_some(()));
        found.map(|(slot, ())| slot)
    }

    /// Whether an entry is here, which was put in with this hash.
    #[inline]
    pub(super) fn has(&self, name: Name, hash: u64) -> bool {
        self.slot(name, hash).is_some()
    }

    /// Puts an entry in the place of another of the same key and hash. False when that is not here.
    pub(super) fn replace(&self, before: Name, hash: u64, name: Name) -> bool {
        let place = self.slot(before, hash).and_then(|slot| self.place(slot));
        place.is_some_and(|(_, place)| {
            place.store(name.number(), Release);
            true
        })
    }

    /// Takes out an entry that was put in with this hash. False when it is not here.
    #[inline]
    pub(super) fn take(&self, name: Name, hash: u64) -> bool {
        let Some(slot) = self.slot(name, hash) else {
            return false;
        };
        let Some((tags, place)) = self.place(slot) else {
            return false;
        };
        place.store(NOBODY, Release);
        let now = with_byte(tags.load(Relaxed), slot.place, EMPTY);
        tags.store(now, Release);
        self.count(hash, slot.group, |passed| passed.saturating_sub(1));
        true
    }

    /// Those in `count` slots from `first` on.
    pub(super) fn names(&self, first: usize, count: usize) -> impl Iterator<Item = Name> {
        let last = first.saturating_add(count).min(self.slots());
        (first..last).filter_map(|slot| {
            let (group, place) = (slot / WIDTH, slot % WIDTH);
            let (_, place) = self.place(Slot { group, place })?;
            Name::new(place.load(Acquire))
        })
    }

    /// The high half of the hash times the number of groups, of which again the high half: even, without a division, for
    /// any number of groups. Tag and shard come from the low half.
    #[inline]
    fn first_group(&self, hash: u64) -> usize {
        (((hash >> 32) * self.tags.len() as u64) >> 32) as usize
    }
}

const fn repeat(byte: u64) -> u64 {
    byte * LOW_BITS
}

#[inline]
fn tag(hash: u64) -> u64 {
    // Which is an addition, where one of a byte would be more.
    (hash & 0xff).max(1)
}

/// Which way it is from the first group on: by bits that neither tell the group nor are in the tag.
#[inline]
fn way(hash: u64) -> u64 {
    (hash >> 32) % WAYS
}

/// Where the count of that is.
#[inline]
fn count_of(hash: u64) -> u64 {
    way(hash) * COUNT_BITS
}

/// The high bit of every byte that is zero, and now and then of one above such a byte that is one.
#[inline]
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(LOW_BITS) & !word & HIGH_BITS
}

#[inline]
fn first_byte(bits: u64) -> usize {
    bits.trailing_zeros() as usize / 8
}

fn with_byte(word: u64, at: usize, byte: u64) -> u64 {
    word & !(0xff << (at * 8)) | byte << (at * 8)
}

#[cfg(test)]
mod tests;
