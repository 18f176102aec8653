//! Counts by bucket, of which only the groups in use take room.
//!
//! A function spends its time within a few octaves, so most of the [`BUCKETS`](histogram::BUCKETS) are never met. Kept
//! here are the groups of [`GROUP`] neighbours that are: 192 bytes each, one after the other, at most 11.5 KB for all of
//! them.

use crate::parts::histogram::{self, GROUP, GROUPS};

/// Every group there is.
const ALL: u64 = (1 << GROUPS) - 1;
const _: () = assert!(GROUPS < 64, "one bit for each group");

/// The counts of one group.
pub(crate) type Group<T> = [T; GROUP];

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Buckets {
    /// One bit for each group that is kept.
    groups: u64,
    /// The groups that are kept, in rising order.
    counts: Vec<Group<u64>>,
}

impl Buckets {
    /// All empty.
    pub(crate) const fn new() -> Self {
        Self {
            groups: 0,
            counts: Vec::new(),
        }
    }

    /// Adds to one bucket.
    pub(crate) fn add_to(&mut self, index: usize, count: u64) {
        if index >= histogram::BUCKETS {
            return;
        }
        let group = histogram::group(index);
        self.keep(1 << group);
        let place = self.place(group);
        let known = self.counts.get_mut(place);
        if let Some(known) = known.and_then(|counts| counts.get_mut(index % GROUP)) {
            *known = known.wrapping_add(count);
        }
    }

    /// Adds the counts of some groups, which are there in rising order.
    pub(crate) fn add_groups<T: Copy + Into<u64>>(&mut self, groups: u64, counts: &[Group<T>]) {
        self.keep(groups);
        for (group, counts) in members(groups & ALL).zip(counts) {
            let place = self.place(group);
            if let Some(known) = self.counts.get_mut(place) {
                for (known, more) in known.iter_mut().zip(counts) {
                    *known = known.wrapping_add((*more).into());
                }
            }
        }
    }

    /// Adds all of another.
    pub(crate) fn add(&mut self, other: &Self) {
        self.add_groups(other.groups, &other.counts);
    }

    /// The set of the groups that are kept.
    pub(crate) fn kept(&self) -> u64 {
        self.groups
    }

    /// Each group that is kept, in rising order: its first bucket, and what all of its buckets count.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (usize, &Group<u64>)> {
        let first = |group| histogram::of_group(group).start;
        members(self.groups).map(first).zip(&self.counts)
    }

    /// The buckets that are not empty and what they count, in rising order.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, u64)> {
        let of_group = |(first, counts): (usize, &Group<u64>)| (first..).zip(*counts);
        self.groups()
            .flat_map(of_group)
            .filter(|(_, count)| *count > 0)
    }

    /// Makes room for groups, not more than they need.
    pub(crate) fn keep(&mut self, groups: u64) {
        let new = groups & ALL & !self.groups;
        if new == 0 {
            return;
        }
        let empty = [0; GROUP];
        let room = new.count_ones() as usize;
        if self.groups == 0 {
            self.counts = vec![empty; room];
            self.groups = new;
            return;
        }
        self.counts.reserve_exact(room);
        for group in members(new) {
            self.counts.insert(self.place(group), empty);
            self.groups |= 1 << group;
        }
    }

    /// Where a group stands, or would.
    fn place(&self, group: usize) -> usize {
        let below = self.groups & ((1 << group) - 1);
        below.count_ones() as usize
    }
}

/// The set of those buckets of a group that are not empty. Which they are is as good as random, so asking one after the
/// other and doing something about each would be a branch that no processor predicts.
pub(crate) fn in_use(counts: &Group<u64>) -> u64 {
    let places = counts.iter().zip(0_u32..);
    places.fold(0, |set, (count, place)| {
        set | u64::from(*count > 0) << place
    })
}

/// The members of a set, rising.
pub(crate) fn members(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let member = set.trailing_zeros();
        set &= set.checked_sub(1)?;
        Some(member as usize)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_count_as_a_full_table_does(
            one in prop::collection::vec((0..histogram::BUCKETS, 1..9_u64), 0..60),
            other in prop::collection::vec((0..histogram::BUCKETS, 1..9_u64), 0..60),
        ) {
            let mut table = vec![0; histogram::BUCKETS];
            let mut fill = |parts: &[(usize, u64)]| {
                let mut buckets = Buckets::new();
                for (index, count) in parts {
                    table[*index] += count;
                    buckets.add_to(*index, *count);
                }
                buckets
            };
            let (mut sum, other) = (fill(&one), fill(&other));
            sum.add(&other);
            let full: Vec<_> = table.into_iter().enumerate().filter(|(_, n)| *n > 0).collect();
            prop_assert!(full.len() <= sum.counts.len() * GROUP);
            prop_assert_eq!(sum.iter().collect::<Vec<_>>(), full);
        }
    }

    #[test]
    fn one_duration_costs_one_group() {
        let mut buckets = Buckets::new();
        let minute = histogram::index(60_000_000_000);
        for _ in 0..1_000 {
            buckets.add_to(minute, 1);
        }
        assert!(size_of_val(buckets.counts.as_slice()) <= 192);
        assert_eq!(buckets.counts.capacity(), 1);
        assert_eq!(buckets.iter().collect::<Vec<_>>(), [(minute, 1_000)]);
    }

    #[test]
    fn all_groups_at_once_are_all_buckets() {
        let mut buckets = Buckets::new();
        let of_group = |group| {
            let mut counts = [0; GROUP];
            for (count, index) in counts.iter_mut().zip(histogram::of_group(group)) {
                *count = index as u64 + 1;
            }
            counts
        };
        let table: Vec<Group<u64>> = (0..GROUPS).map(of_group).collect();
        buckets.add_groups(u64::MAX, &table);
        let all: Vec<_> = (0..histogram::BUCKETS).map(|i| (i, i as u64 + 1)).collect();
        assert_eq!(buckets.iter().collect::<Vec<_>>(), all);
    }

    #[test]
    fn what_is_no_bucket_is_not_counted() {
        let mut buckets = Buckets::new();
        buckets.add_to(histogram::BUCKETS, 1);
        buckets.add_to(usize::MAX, 1);
        assert_eq!((buckets.kept(), buckets.counts.len()), (0, 0));
    }
}
