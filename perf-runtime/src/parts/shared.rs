//! What the threads know of a series that cannot have a block of their own: those that end, and those beyond the cap.
//!
//! Every thread adds to the same numbers with atomic additions: exact, but dearer, and dearer still under contention.

use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

use crate::clock;
use crate::parts::histogram;
use crate::parts::totals::{Ending, Outcomes, Times, Totals};

/// See the module. Times in ticks.
pub(crate) struct Shared {
    started: AtomicU64,
    ended: [AtomicU64; 4],
    slow: AtomicU64,
    own: AtomicU64,
    busy: AtomicU64,
    sum_low: AtomicU64,
    sum_high: AtomicU64,
    min: AtomicU64,
    max: AtomicU64,
    buckets: Box<[AtomicU64]>,
}

impl Shared {
    pub(crate) fn new() -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            started: zero(),
            ended: [zero(), zero(), zero(), zero()],
            slow: zero(),
            own: zero(),
            busy: zero(),
            sum_low: zero(),
            sum_high: zero(),
            min: AtomicU64::new(u64::MAX),
            max: zero(),
            buckets: std::iter::repeat_with(zero)
                .take(histogram::BUCKETS)
                .collect(),
        }
    }

    /// A call began. Gives its number, counted from 0.
    pub(crate) fn start(&self) -> u64 {
        self.started.fetch_add(1, Relaxed)
    }

    /// A call ended.
    pub(crate) fn end(&self, ending: Ending) {
        if let Some(ended) = self.ended.get(ending as usize) {
            ended.fetch_add(1, Release);
        }
    }

    /// The times of a call.
    pub(crate) fn time(&self, times: Times) {
        self.own.fetch_add(times.own, Relaxed);
        self.busy.fetch_add(times.busy, Relaxed);
        let low = self.sum_low.fetch_add(times.elapsed, Relaxed);
        if low.checked_add(times.elapsed).is_none() {
            self.sum_high.fetch_add(1, Relaxed);
        }
        self.min.fetch_min(times.elapsed, Relaxed);
        self.max.fetch_max(times.elapsed, Relaxed);
        let index = histogram::index(clock::nanos(times.elapsed, clock::factor()));
        if let Some(bucket) = self.buckets.get(index) {
            bucket.fetch_add(1, Release);
        }
    }

    /// A timed call was slow.
    pub(crate) fn count_slow(&self) {
        self.slow.fetch_add(1, Relaxed);
    }

    /// Adds to `totals` what ended since `before`. The starts are [apart](Self::add_started).
    pub(crate) fn add_ended(&self, before: Outcomes, totals: &mut Totals) {
        for (index, bucket) in self.buckets.iter().enumerate() {
            let count = bucket.load(Acquire);
            if count > 0 {
                totals.buckets.add_to(index, count);
                totals.timed = totals.timed.wrapping_add(count);
            }
        }
        let high = u128::from(self.sum_high.load(Relaxed)) << 64;
        let sum = high | u128::from(self.sum_low.load(Relaxed));
        totals.sum = totals.sum.wrapping_add(sum);
        totals.min = totals.min.min(self.min.load(Relaxed));
        totals.max = totals.max.max(self.max.load(Relaxed));
        totals.own = totals.own.wrapping_add(self.own.load(Relaxed));
        totals.busy = totals.busy.wrapping_add(self.busy.load(Relaxed));
        totals.slow = totals.slow.wrapping_add(self.slow.load(Relaxed));
        let mut since = self.ended();
        for (count, before) in since.iter_mut().zip(before) {
            totals.running = totals.running.wrapping_sub(*count);
            *count = count.wrapping_sub(before);
        }
        totals.add_outcomes(since);
    }

    /// See [`Block::add_started`](super::block::Block::add_started).
    pub(crate) fn add_started(&self, totals: &mut Totals) {
        totals.running = totals.running.wrapping_add(self.started.load(Relaxed));
    }

    /// How many calls ended, ever.
    pub(crate) fn ended(&self) -> Outcomes {
        self.ended.each_ref().map(|number| number.load(Acquire))
    }

    /// Forgets the times. Those of a call that ends meanwhile may be forgotten in part.
    pub(crate) fn empty(&self) {
        let numbers = [
            &self.slow,
            &self.own,
            &self.busy,
            &self.sum_low,
            &self.sum_high,
            &self.max,
        ];
        for number in numbers.into_iter().chain(&self.buckets) {
            number.store(0, Relaxed);
        }
        self.min.store(u64::MAX, Relaxed);
    }
}
