//! Where entries are: tags to compare eight at a time, and a pointer for each.
//!
//! A group is one cache line: seven tags of seven bits of a hash each, a count, and seven pointers. The tags are compared
//! at once (the generic group of Abseil's "Swiss tables" and hashbrown). An entry whose group is full goes to another, and
//! those it has passed count it; a search goes on only where the count is not zero. So a slot is free again as soon as
//! its entry is gone, and nothing has to be cleaned up (the overflow count of Folly's F14). The ways from one group differ
//! in their step, a power of two, which leads through all groups because their number is odd; with one step for all, the
//! ways of strangers join, and after some turnover a miss goes through tens of groups.
//!
//! One thread writes, any number read meanwhile, and each step is published with one store. Nothing here follows a
//! pointer.

use std::ptr::{NonNull, null_mut};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::sync::{AtomicPtr, AtomicU64};

/// How many slots a group has.
const WIDTH: usize = 7;
/// How many of them are to be in use at most, on the average: then a miss looks at two groups, a hit at 1.2.
const FULL: usize = 5;
/// By how much the numbers of groups are apart in those of slots: the eighth byte of the tags is the count.
const STRIDE: usize = 8;
const LOW_BITS: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = LOW_BITS << 7;
/// Has the high bit, which no tag has.
const EMPTY: u8 = 0b1000_0000;
/// The high bits of the seven tags.
const TAGS: u64 = HIGH_BITS >> 8;
/// The unit of the count, and all of it: a count that has come so far stays there.
const ONE: u64 = 1 << 56;
const ALL: u64 = 0xff << 56;

pub(super) struct Index<T> {
    groups: Box<[Group<T>]>,
}

#[repr(align(64))]
struct Group<T> {
    tags: AtomicU64,
    slots: [AtomicPtr<T>; WIDTH],
}

impl<T> Index<T> {
    /// An index that finds `entries` without long ways.
    pub(super) fn for_entries(entries: usize) -> Self {
        let group = || Group {
            tags: AtomicU64::new(TAGS),
            slots: [const { AtomicPtr::new(null_mut()) }; WIDTH],
        };
        let groups = match entries.div_ceil(FULL) {
            0 => 0,
            more => more | 1,
        };
        Self {
            groups: (0..groups).map(|_| group()).collect(),
        }
    }

    /// How many entries it is for.
    pub(super) fn room(&self) -> usize {
        self.groups.len() * FULL
    }

    /// One more than the number of the last slot. Not every number has a slot.
    pub(super) fn slots(&self) -> usize {
        self.groups.len() * STRIDE
    }

    fn place(&self, slot: usize) -> Option<(&Group<T>, &AtomicPtr<T>)> {
        let group = self.groups.get(slot / STRIDE)?;
        Some((group, group.slots.get(slot % STRIDE)?))
    }

    /// The entry of this hash that `is` it.
    #[inline]
    pub(super) fn find(&self, hash: u64, is: impl FnMut(NonNull<T>) -> bool) -> Option<NonNull<T>> {
        self.search(hash, is).map(|(_, entry)| entry)
    }

    /// The same, and in which slot it is.
    #[inline]
    pub(super) fn search(
        &self,
        hash: u64,
        mut is: impl FnMut(NonNull<T>) -> bool,
    ) -> Option<(usize, NonNull<T>)> {
        let wanted = repeat(tag(hash));
        let mut at = self.first_group(hash);
        for _ in 0..self.groups.len() {
            let group = self.groups.get(at)?;
            let tags = group.tags.load(Acquire);
            let mut found = zero_bytes(tags ^ wanted) & TAGS;
            while found != 0 {
                let place = first_byte(found);
                let entry = group.slots.get(place)?.load(Acquire);
                // Null where it was taken out since; another where that was put there since.
                if let Some(entry) = NonNull::new(entry)
                    && is(entry)
                {
                    return Some((at * STRIDE + place, entry));
                }
                found &= found - 1;
            }
            if tags & ALL == 0 {
                return None;
            }
            at = self.next_group(at, hash);
        }
        None
    }

    /// The entries that a search for this hash compares first, and most often alone.
    #[inline]
    pub(super) fn likely(&self, hash: u64) -> impl Iterator<Item = *const T> {
        let group = self.groups.get(self.first_group(hash));
        group.into_iter().flat_map(move |group| {
            let tags = group.tags.load(Relaxed);
            let mut found = zero_bytes(tags ^ repeat(tag(hash))) & TAGS;
            std::iter::from_fn(move || {
                let place = group.slots.get(first_byte(found))?;
                found &= found - 1;
                Some(place.load(Relaxed).cast_const())
            })
        })
    }

    /// Where a search for this hash begins.
    #[inline]
    pub(super) fn address(&self, hash: u64) -> *const u8 {
        let groups = self.groups.as_ptr();
        groups.wrapping_add(self.first_group(hash)).cast()
    }

    /// Where an entry of this hash may be put. None when the index is full.
    pub(super) fn vacancy(&self, hash: u64) -> Option<usize> {
        let mut at = self.first_group(hash);
        for _ in 0..self.groups.len() {
            let empty = self.groups.get(at)?.tags.load(Relaxed) & TAGS;
            if empty != 0 {
                return Some(at * STRIDE + first_byte(empty));
            }
            at = self.next_group(at, hash);
        }
        None
    }

    #[inline]
    fn next_group(&self, group: usize, hash: u64) -> usize {
        let groups = self.groups.len();
        let mut next = group + (1 << (tag(hash) % 8));
        while next >= groups {
            next -= groups;
        }
        next
    }

    /// Puts an entry where there is none.
    pub(super) fn put(&self, slot: usize, hash: u64, entry: NonNull<T>) {
        if let Some((group, place)) = self.place(slot) {
            // In this order, so that who finds the tag finds the entry.
            place.store(entry.as_ptr(), Release);
            let tags = with_byte(group.tags.load(Relaxed), slot % STRIDE, tag(hash));
            group.tags.store(tags, Release);
            self.count(hash, slot, |tags| tags + ONE);
        }
    }

    /// Changes the counts of the groups that an entry has passed; those of a taken one are not zero.
    #[inline]
    fn count(&self, hash: u64, slot: usize, change: impl Fn(u64) -> u64) {
        let mut at = self.first_group(hash);
        for _ in 0..self.groups.len() {
            let Some(group) = self.groups.get(at).filter(|_| at != slot / STRIDE) else {
                return;
            };
            let tags = group.tags.load(Relaxed);
            if tags & ALL != ALL {
                group.tags.store(change(tags), Release);
            }
            at = self.next_group(at, hash);
        }
    }

    /// Puts an entry in the place of another of the same key.
    pub(super) fn replace(&self, slot: usize, entry: NonNull<T>) -> Option<NonNull<T>> {
        let (_, place) = self.place(slot)?;
        let before = NonNull::new(place.load(Relaxed))?;
        place.store(entry.as_ptr(), Release);
        Some(before)
    }

    /// Takes out the entry that was put there with this hash.
    pub(super) fn take(&self, slot: usize, hash: u64) -> Option<NonNull<T>> {
        let (group, place) = self.place(slot)?;
        let entry = NonNull::new(place.load(Relaxed))?;
        place.store(null_mut(), Release);
        let tags = with_byte(group.tags.load(Relaxed), slot % STRIDE, EMPTY);
        group.tags.store(tags, Release);
        self.count(hash, slot, |tags| tags.checked_sub(ONE).unwrap_or(tags));
        Some(entry)
    }

    pub(super) fn get(&self, slot: usize) -> Option<NonNull<T>> {
        NonNull::new(self.place(slot)?.1.load(Acquire))
    }

    /// The entries of `count` slots from `first` on.
    pub(super) fn entries(&self, first: usize, count: usize) -> impl Iterator<Item = NonNull<T>> {
        let last = first.saturating_add(count).min(self.slots());
        (first..last).filter_map(|slot| self.get(slot))
    }

    /// The high half of the hash times the number of groups, of which again the high half: even, without a division, for
    /// any number of groups. Tag and shard come from the low half.
    #[inline]
    fn first_group(&self, hash: u64) -> usize {
        (((hash >> 32) * self.groups.len() as u64) >> 32) as usize
    }
}

const fn repeat(byte: u8) -> u64 {
    byte as u64 * LOW_BITS
}

#[inline]
fn tag(hash: u64) -> u8 {
    hash.to_le_bytes()[0] >> 1
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

fn with_byte(word: u64, at: usize, byte: u8) -> u64 {
    word & !(0xff << (at * 8)) | u64::from(byte) << (at * 8)
}
