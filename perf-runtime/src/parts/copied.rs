//! A block's numbers as a reader took them, before it is known that they belong together.
//!
//! Only the groups of buckets in use are copied and added, one after the other as they are in a sum; the room for them
//! is used again for the next block.

use crate::clock;
use crate::parts::buckets::Group;
use crate::parts::histogram;
use crate::parts::totals::Totals;

/// Durations that wait in a block to be put into their buckets.
pub(crate) const PENDING: usize = 16;

/// See the module.
pub(crate) struct Copied {
    /// Everything but the durations by frequency.
    pub(crate) plain: Totals,
    /// One bit for each group of buckets that was copied.
    pub(crate) groups: u64,
    /// The counts of these groups, in rising order.
    pub(crate) buckets: Vec<Group<u32>>,
    /// How many durations wait.
    pub(crate) waiting: usize,
    pub(crate) pending: [u64; PENDING],
}

impl Copied {
    /// Nothing was copied yet.
    pub(crate) const fn new() -> Self {
        Self {
            plain: Totals::new(),
            groups: 0,
            buckets: Vec::new(),
            waiting: 0,
            pending: [0; PENDING],
        }
    }

    /// Makes a copy that a fold has touched agree with itself: what waits may be in its bucket already, so a call counts
    /// as timed when a bucket has it. Sum, minimum and maximum may be older by the calls of that fold.
    pub(crate) fn believe_buckets(&mut self) {
        self.waiting = 0;
        let counts = self.buckets.as_flattened().iter();
        self.plain.timed = counts.map(|count| u64::from(*count)).sum();
    }

    /// Adds it all.
    pub(crate) fn add_to(&self, totals: &mut Totals) {
        totals.add(&self.plain);
        totals.buckets.add_groups(self.groups, &self.buckets);
        let factor = clock::factor();
        for elapsed in self.pending.iter().take(self.waiting).copied() {
            totals.sum = totals.sum.wrapping_add(u128::from(elapsed));
            totals.min = totals.min.min(elapsed);
            totals.max = totals.max.max(elapsed);
            let index = histogram::index(clock::nanos(elapsed, factor));
            totals.buckets.add_to(index, 1);
        }
    }
}
