//! The durations of a series as the report has them.

use crate::clock;
use crate::parts::buckets::{in_use, members};
use crate::parts::histogram;
use crate::parts::local;
use crate::parts::series::Series;
use crate::parts::totals::{Ending, Times, Totals};
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

/// Puts durations, in ticks, into a series.
pub(crate) fn record(series: &'static Series, durations: impl IntoIterator<Item = u64>) {
    let mut durations = durations.into_iter();
    local::with(|local| {
        let Some(block) = local.block(series) else {
            return;
        };
        for elapsed in durations.by_ref() {
            block.start();
            series.end(block, Ending::Ok, times(elapsed));
        }
    });
    // Where the storage of this thread is gone, or there is no block to be had.
    for elapsed in durations {
        record_shared(series, elapsed);
    }
}

/// Puts a duration, in ticks, into what the threads share of a series: for what is seldom, and not worth memory for each
/// thread.
pub(crate) fn record_shared(series: &Series, elapsed: u64) {
    series.shared().start();
    series.end_shared(Ending::Ok, Some(times(elapsed)));
}

fn times(elapsed: u64) -> Times {
    Times {
        elapsed,
        own: elapsed,
        busy: elapsed,
    }
}
