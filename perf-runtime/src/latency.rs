//! The durations of a series as the report has them.

use crate::clock;
use crate::parts::buckets::{in_use, members};
use crate::parts::histogram;
use crate::parts::totals::Totals;
use crate::snapshot::{Bucket, Histogram};

/// The durations that were timed, in nanoseconds.
pub(crate) fn latency(totals: &Totals) -> Histogram {
    let factor = clock::factor();
    let some = totals.timed > 0;
    let groups = || totals.buckets.groups();
    let sets: Vec<u64> = groups().map(|(_, counts)| in_use(counts)).collect();
    let room = sets.iter().map(|set| set.count_ones() as usize).sum();
    let mut buckets = Vec::with_capacity(room);
    for ((first, counts), set) in groups().zip(sets) {
        buckets.extend(members(set).filter_map(|place| {
            let (low_ns, high_ns) = histogram::bounds(first + place);
            let count = *counts.get(place)?;
            Some(Bucket {
                low_ns,
                high_ns,
                count,
            })
        }));
    }
    Histogram {
        count: totals.timed,
        sum_ns: clock::nanos_of_sum(totals.sum, factor),
        min_ns: some.then(|| clock::nanos(totals.min, factor)),
        max_ns: some.then(|| clock::nanos(totals.max, factor)),
        buckets,
    }
}
