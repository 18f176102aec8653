//! Counts by bucket, of which only the groups in use take room.
//!
//! A function spends its time within a few octaves, so most of the [`BUCKETS`](histogram::BUCKETS) are never met. Kept
//! here are the groups that are: 304 bytes for an octave and a kilobyte for the durations below 256 ns, one after the
//! other, at most 11.4 KB for all of them. Two of the same groups are added number by number.

use std::ops::Range;

use crate::parts::histogram;

/// Every group there is.
const ALL: u64 = (1 << histogram::GROUPS) - 1;
const _: () = assert!(histogram::GROUPS < 64, "one bit for each group");

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Buckets {
    /// One bit for each group that is kept.
    groups: u64,
    /// The counts of the groups that are kept, in rising order.
    counts: Vec<u64>,
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
        let place = self.start(group) + (index - histogram::of_group(group).start);
        if let Some(known) = self.counts.get_mut(place) {
            *known = known.wrapping_add(count);
        }
    }

    /// Adds to all buckets of some groups what `more` has for the buckets of one, asked in rising order.
    pub(crate) fn add_groups<'a, T: Copy + Into<u64> + 'a>(
        &mut self,
        groups: u64,
        mut more: impl FnMut(Range<usize>) -> &'a [T],
    ) {
        if self.groups == 0 {
            self.counts.reserve_exact(room(groups));
            for group in members(groups) {
                let range = histogram::of_group(group);
                let end = self.counts.len() + range.len();
                let more = more(range).iter().map(|count| (*count).into());
                self.counts.extend(more);
                self.counts.resize(end, 0);
            }
            self.groups = groups & ALL;
            return;
        }
        self.keep(groups);
        for group in members(groups) {
            let range = histogram::of_group(group);
            let start = self.start(group);
            let known = self.counts.get_mut(start..start + range.len());
            for (known, more) in known.unwrap_or_default().iter_mut().zip(more(range)) {
                *known = known.wrapping_add((*more).into());
            }
        }
    }

    /// Adds all of another.
    pub(crate) fn add(&mut self, other: &Self) {
        if self.groups == 0 {
            self.groups = other.groups;
            self.counts.reserve_exact(other.counts.len());
            self.counts.extend_from_slice(&other.counts);
            return;
        }
        if self.groups == other.groups {
            for (known, more) in self.counts.iter_mut().zip(&other.counts) {
                *known = known.wrapping_add(*more);
            }
            return;
        }
        self.add_groups(other.groups, |range| {
            let start = other.start(histogram::group(range.start));
            let more = other.counts.get(start..start + range.len());
            more.unwrap_or_default()
        });
    }

    /// The groups that are kept, in rising order, with what each of their buckets counts.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (usize, &[u64])> {
        let mut left = self.counts.as_slice();
        members(self.groups).map(move |group| {
            let buckets = histogram::of_group(group).len();
            let (counts, rest) = left.split_at_checked(buckets).unwrap_or_default();
            left = rest;
            (group, counts)
        })
    }

    /// The buckets that are not empty and what they count, in rising order.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, u64)> {
        let of_group =
            |(group, counts): (usize, &[u64])| histogram::of_group(group).zip(counts.to_vec());
        self.groups()
            .flat_map(of_group)
            .filter(|(_, count)| *count > 0)
    }

    /// How many buckets are kept, empty ones among them.
    pub(crate) fn kept(&self) -> usize {
        self.counts.len()
    }

    /// Makes room for groups, not more than they need.
    fn keep(&mut self, groups: u64) {
        let new = groups & ALL & !self.groups;
        if new == 0 {
            return;
        }
        self.counts.reserve_exact(room(new));
        for group in members(new) {
            let start = self.start(group);
            let zeros = std::iter::repeat_n(0, histogram::of_group(group).len());
            if start == self.counts.len() {
                self.counts.extend(zeros);
            } else {
                self.counts.splice(start..start, zeros);
            }
            self.groups |= 1 << group;
        }
    }

    /// Where the counts of a group start, or would. All octaves but the last, which no other follows, are alike.
    fn start(&self, group: usize) -> usize {
        let below = self.groups & ((1 << group) - 1);
        let octaves = (below >> 1).count_ones() as usize * histogram::of_group(1).len();
        match below & 1 {
            0 => octaves,
            _ => histogram::of_group(0).len() + octaves,
        }
    }
}

/// How many buckets some groups have.
pub(crate) fn room(groups: u64) -> usize {
    let buckets = members(groups).map(|group| histogram::of_group(group).len());
    buckets.sum()
}

/// The groups in a set of them, rising.
pub(crate) fn members(mut groups: u64) -> impl Iterator<Item = usize> {
    groups &= ALL;
    std::iter::from_fn(move || {
        let group = groups.trailing_zeros();
        groups &= groups.checked_sub(1)?;
        Some(group as usize)
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
            prop_assert!(sum.kept() >= full.len());
            prop_assert_eq!(sum.iter().collect::<Vec<_>>(), full);
        }
    }

    #[test]
    fn one_octave_costs_one_octave() {
        let mut buckets = Buckets::new();
        let minute = histogram::index(60_000_000_000);
        for _ in 0..1_000 {
            buckets.add_to(minute, 1);
        }
        assert!(size_of_val(buckets.counts.as_slice()) <= 304);
        assert!(buckets.counts.capacity() <= 38);
        assert_eq!(buckets.iter().collect::<Vec<_>>(), [(minute, 1_000)]);
    }

    #[test]
    fn all_groups_at_once_are_all_buckets() {
        let mut buckets = Buckets::new();
        let table: Vec<_> = (1..=histogram::BUCKETS as u64).collect();
        buckets.add_groups(u64::MAX, |range| &table[range]);
        let all: Vec<_> = (0..histogram::BUCKETS).map(|i| (i, i as u64 + 1)).collect();
        assert_eq!(buckets.iter().collect::<Vec<_>>(), all);
    }

    #[test]
    fn what_is_no_bucket_is_not_counted() {
        let mut buckets = Buckets::new();
        buckets.add_to(histogram::BUCKETS, 1);
        buckets.add_to(usize::MAX, 1);
        assert_eq!(buckets.kept(), 0);
    }
}
