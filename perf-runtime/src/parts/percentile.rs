//! A percentile of the durations of late, kept while they come.
//!
//! Durations are counted by [bucket](histogram), within 1 %. Every 64th of them looks for the percentile anew, and once
//! some thousands are counted, all counts are halved: what is old counts for less and less. Nothing is known before there
//! are [`ENOUGH`].

use std::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

use crate::parts::histogram;

#[cfg(test)]
mod tests;

/// How many durations there must be.
pub(crate) const ENOUGH: u64 = 100;
/// After how many durations the percentile is looked for again.
const LOOK_EVERY: u64 = 64;
/// From how many on the counts are halved.
const MANY: u64 = 4096;

const UNKNOWN: u64 = u64::MAX;

/// See the module.
pub(crate) struct Percentile {
    share: f64,
    counts: Box<[AtomicU32]>,
    recorded: AtomicU64,
    /// The percentile in nanoseconds.
    value: AtomicU64,
    is_looking: AtomicBool,
}

impl Percentile {
    /// `share` is 0.95 for the 95th.
    pub(crate) fn new(share: f64) -> Self {
        Self {
            share,
            counts: (0..histogram::BUCKETS).map(|_| AtomicU32::new(0)).collect(),
            recorded: AtomicU64::new(0),
            value: AtomicU64::new(UNKNOWN),
            is_looking: AtomicBool::new(false),
        }
    }

    /// In nanoseconds, rounded up to the end of a bucket; nothing before there were enough.
    #[inline]
    pub(crate) fn get(&self) -> Option<u64> {
        Some(self.value.load(Relaxed)).filter(|value| *value != UNKNOWN)
    }

    /// Something took so many nanoseconds.
    pub(crate) fn record(&self, nanos: u64) {
        if let Some(count) = self.counts.get(histogram::index(nanos)) {
            count.fetch_add(1, Relaxed);
        }
        let recorded = self.recorded.fetch_add(1, Relaxed).wrapping_add(1);
        if recorded >= ENOUGH && (recorded == ENOUGH || recorded.is_multiple_of(LOOK_EVERY)) {
            self.look();
        }
    }

    /// One looks, others go on: they would find the same.
    #[cold]
    fn look(&self) {
        if self.is_looking.swap(true, Acquire) {
            return;
        }
        let counts = || self.counts.iter().map(|count| count.load(Relaxed));
        let all: u64 = counts().map(u64::from).sum();
        let wanted = rank(self.share, all);
        let mut up_to = 0;
        let found = counts().position(|count| {
            up_to += u64::from(count);
            up_to >= wanted
        });
        if let Some(bucket) = found {
            let (_, end) = histogram::bounds(bucket);
            self.value.store(end.min(UNKNOWN - 1), Relaxed);
        }
        if all >= MANY {
            for count in &self.counts {
                // Those who count meanwhile are not lost.
                count.fetch_sub(count.load(Relaxed) / 2, Relaxed);
            }
        }
        self.is_looking.store(false, Release);
    }
}

/// How many of `all` are not longer than the percentile, at least one.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "some thousands"
)]
fn rank(share: f64, all: u64) -> u64 {
    ((all as f64 * share.clamp(0.0, 1.0)).ceil() as u64).max(1)
}
