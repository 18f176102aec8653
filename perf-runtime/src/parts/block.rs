//! What one thread knows of one series.
//!
//! Only the thread that owns a block writes it, with plain loads and stores: no locked instruction, no line that another
//! thread writes. A call leaves its duration in a ring of 16 entries, at an address that is known before its time stamp
//! is: a store whose address depends on a stamp just read delays the next one by more than all the rest costs (7 ns of
//! 26 on a Zen 4). Every 16 calls the ring is folded into the buckets.
//!
//! A reader copies the block while its owner works. `epoch` is odd while the owner folds, as in a sequence lock, so a
//! copy is taken again when a fold came between; the owner never waits for a reader. Counts of calls are outside of it:
//! they only ever grow.
//!
//! After a reset of the series the block still has the old `era`. A reader then takes from it what is in flight and
//! nothing else; the owner clears it with its next call.

use std::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
    fence,
};

use crate::clock;
use crate::parts::buckets::{Group, members};
use crate::parts::copied::{Copied, PENDING};
use crate::parts::histogram::{self, GROUP};
use crate::parts::totals::{Ending, Outcomes, Times, Totals};

/// How often a reader takes its copy again before it is content with one that a fold may have touched, of which it then
/// believes the buckets alone. A fold takes about 100 ns; this is only reached when the owner is held up in the middle
/// of one, because the machine has more threads to run than processors.
const ATTEMPTS: u32 = 10_000;
/// A bucket as full as this asks for the block to be emptied: half of what it can hold.
const FULL: u32 = 1 << 31;

/// See the module. Times in ticks. The fields of the first 128 bytes are those every call touches.
#[repr(C, align(128))]
pub(crate) struct Block {
    started: AtomicU64,
    ended: [AtomicU64; 4],
    own: AtomicU64,
    busy: AtomicU64,
    timed: AtomicU64,
    era: AtomicU64,
    slow: AtomicU64,
    /// Calls until the next timed one, when only some are.
    gap: AtomicU64,
    /// What a call usually takes of its caller's time, when only some are timed.
    typical: AtomicU64,
    /// For how many calls the next timed one stands, when short ones are not all timed.
    stands_for: AtomicU64,
    epoch: AtomicU64,
    sum_low: AtomicU64,
    sum_high: AtomicU64,
    min: AtomicU64,
    max: AtomicU64,
    /// `ended` when the era began.
    ended_before: [AtomicU64; 4],
    /// One bit for each group of buckets that is not empty.
    groups: AtomicU64,
    pending: [AtomicU64; PENDING],
    buckets: [AtomicU32; histogram::BUCKETS],
}

const _: () = assert!(
    size_of::<Block>() <= 6016,
    "a site may cost a thread six kilobytes, what it takes to find the block included"
);

/// Adds to a number that only this thread writes.
#[inline]
fn add(number: &AtomicU64, more: u64) {
    number.store(number.load(Relaxed).wrapping_add(more), Relaxed);
}

impl Block {
    pub(crate) const fn new() -> Self {
        Self {
            started: AtomicU64::new(0),
            ended: [const { AtomicU64::new(0) }; 4],
            own: AtomicU64::new(0),
            busy: AtomicU64::new(0),
            timed: AtomicU64::new(0),
            era: AtomicU64::new(0),
            slow: AtomicU64::new(0),
            gap: AtomicU64::new(0),
            typical: AtomicU64::new(0),
            stands_for: AtomicU64::new(0),
            epoch: AtomicU64::new(0),
            sum_low: AtomicU64::new(0),
            sum_high: AtomicU64::new(0),
            min: AtomicU64::new(u64::MAX),
            max: AtomicU64::new(0),
            ended_before: [const { AtomicU64::new(0) }; 4],
            groups: AtomicU64::new(0),
            pending: [const { AtomicU64::new(0) }; PENDING],
            buckets: [const { AtomicU32::new(0) }; histogram::BUCKETS],
        }
    }

    /// A call began.
    #[inline]
    pub(crate) fn start(&self) {
        add(&self.started, 1);
    }

    /// A call ended.
    #[inline]
    pub(crate) fn end(&self, ending: Ending) {
        if let Some(ended) = self.ended.get(ending as usize) {
            // Whoever sees the end of a call sees its start.
            ended.store(ended.load(Relaxed).wrapping_add(1), Release);
        }
    }

    /// The times of a call. True when a bucket is so full that the block should be [emptied](Self::empty).
    #[inline]
    pub(crate) fn time(&self, times: Times) -> bool {
        add(&self.own, times.own);
        add(&self.busy, times.busy);
        let count = self.timed.load(Relaxed);
        let place = slot(count);
        if let Some(pending) = self.pending.get(place) {
            pending.store(times.elapsed, Relaxed);
        }
        if place == PENDING - 1 {
            return self.fold(count.wrapping_add(1));
        }
        self.timed.store(count.wrapping_add(1), Release);
        false
    }

    /// A timed call was slow.
    pub(crate) fn count_slow(&self) {
        add(&self.slow, 1);
    }

    /// The era of the series that this block is in.
    #[inline]
    pub(crate) fn era(&self) -> u64 {
        self.era.load(Relaxed)
    }

    /// The groups of buckets that are not empty.
    pub(crate) fn groups(&self) -> u64 {
        self.groups.load(Relaxed)
    }

    #[inline(never)]
    fn fold(&self, timed: u64) -> bool {
        let epoch = self.open();
        let pending = self.pending.iter();
        let is_full = self.fold_in(pending.map(|pending| (pending.load(Relaxed), 1)));
        self.timed.store(timed, Relaxed);
        self.close(epoch);
        is_full
    }

    /// Adds durations, each of so many calls. True when a bucket is so full that the block should be emptied.
    #[inline]
    fn fold_in(&self, durations: impl Iterator<Item = (u64, u64)>) -> bool {
        let factor = clock::factor();
        let mut sum: u128 = 0;
        let mut min = self.min.load(Relaxed);
        let mut max = self.max.load(Relaxed);
        let mut groups = self.groups.load(Relaxed);
        let mut fullest = 0;
        for (elapsed, calls) in durations {
            sum += u128::from(elapsed) * u128::from(calls);
            min = min.min(elapsed);
            max = max.max(elapsed);
            let index = histogram::index(clock::nanos(elapsed, factor));
            groups |= 1 << histogram::group(index);
            if let Some(bucket) = self.buckets.get(index) {
                let more = u32::try_from(calls).unwrap_or(u32::MAX);
                let count = bucket.load(Relaxed).saturating_add(more);
                bucket.store(count, Relaxed);
                fullest = fullest.max(count);
            }
        }
        let sum = sum.wrapping_add(self.sum());
        self.sum_low.store(low(sum), Relaxed);
        self.sum_high.store(low(sum >> 64), Relaxed);
        self.min.store(min, Relaxed);
        self.max.store(max, Relaxed);
        self.groups.store(groups, Relaxed);
        fullest >= FULL
    }

    /// Forgets the times.
    pub(crate) fn empty(&self) {
        let epoch = self.open();
        self.forget_times();
        self.close(epoch);
    }

    /// Begins an era: forgets everything but what is in flight.
    #[cold]
    pub(crate) fn begin(&self, era: u64) {
        let epoch = self.open();
        self.forget_times();
        for (before, ended) in self.ended_before.iter().zip(&self.ended) {
            before.store(ended.load(Relaxed), Relaxed);
        }
        // What was left out belongs to the era before.
        self.gap.store(0, Relaxed);
        self.era.store(era, Relaxed);
        self.close(epoch);
    }

    /// Forgets everything, for the next owner.
    pub(crate) fn clear(&self) {
        let epoch = self.open();
        self.forget_times();
        for number in self.ended_before.iter().chain(&self.ended) {
            number.store(0, Relaxed);
        }
        for number in [&self.started, &self.gap, &self.typical, &self.era] {
            number.store(0, Relaxed);
        }
        self.close(epoch);
    }

    fn forget_times(&self) {
        for number in [
            &self.own,
            &self.busy,
            &self.slow,
            &self.timed,
            &self.sum_low,
            &self.sum_high,
            &self.max,
            &self.groups,
        ] {
            number.store(0, Relaxed);
        }
        self.min.store(u64::MAX, Relaxed);
        for bucket in &self.buckets {
            bucket.store(0, Relaxed);
        }
    }

    fn open(&self) -> u64 {
        let epoch = self.epoch.load(Relaxed);
        self.epoch.store(epoch.wrapping_add(1), Relaxed);
        // No store of the fold is seen before the epoch is odd.
        fence(Release);
        epoch
    }

    fn close(&self, epoch: u64) {
        self.epoch.store(epoch.wrapping_add(2), Release);
    }

    fn sum(&self) -> u128 {
        u128::from(self.sum_high.load(Relaxed)) << 64 | u128::from(self.sum_low.load(Relaxed))
    }

    /// Adds to `totals` what ended in this era. The starts are [apart](Self::add_started). `copy` is where the numbers
    /// stand until it is known that they belong together; what is in it is lost.
    pub(crate) fn add_ended(&self, era: u64, copy: &mut Copied, totals: &mut Totals) {
        for attempt in 0..=ATTEMPTS {
            let epoch = self.epoch.load(Acquire);
            let patient = attempt < ATTEMPTS;
            if epoch.is_multiple_of(2) || !patient {
                self.copy(era, copy);
                fence(Acquire);
                let is_whole = self.epoch.load(Relaxed) == epoch && epoch.is_multiple_of(2);
                if is_whole || !patient {
                    if !is_whole {
                        copy.believe_buckets();
                    }
                    copy.add_to(totals);
                    return;
                }
            }
            if attempt < 100 {
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
    }

    fn copy(&self, era: u64, copy: &mut Copied) {
        copy.plain = Totals::new();
        copy.groups = 0;
        copy.waiting = 0;
        // The times first: a call ends before it is timed, so there are never more timed calls than calls.
        if self.era.load(Relaxed) == era {
            self.copy_times(copy);
            // Whoever sees a call in a bucket sees its end.
            fence(Acquire);
        }
        let plain = &mut copy.plain;
        let ended: Outcomes = load(&self.ended, Acquire);
        for count in ended {
            plain.running = plain.running.wrapping_sub(count);
        }
        if self.era.load(Relaxed) == era {
            let before: Outcomes = load(&self.ended_before, Relaxed);
            plain.add_outcomes(ended);
            for (outcome, before) in plain.outcomes.iter_mut().zip(before) {
                *outcome = outcome.wrapping_sub(before);
            }
        }
    }

    fn copy_times(&self, copy: &mut Copied) {
        let timed = self.timed.load(Acquire);
        copy.plain.timed = timed;
        copy.plain.own = self.own.load(Relaxed);
        copy.plain.busy = self.busy.load(Relaxed);
        copy.plain.slow = self.slow.load(Relaxed);
        copy.plain.sum = self.sum();
        copy.plain.min = self.min.load(Relaxed);
        copy.plain.max = self.max.load(Relaxed);
        copy.groups = self.groups.load(Relaxed);
        copy.buckets.clear();
        copy.buckets
            .reserve_exact(copy.groups.count_ones() as usize);
        let of_group = members(copy.groups).map(|group| self.group(group));
        copy.buckets.extend(of_group);
        copy.waiting = slot(timed);
        for (to, pending) in copy
            .pending
            .iter_mut()
            .zip(&self.pending)
            .take(copy.waiting)
        {
            *to = pending.load(Relaxed);
        }
    }

    /// What the buckets of a group count; nothing in place of those that the last group lacks.
    fn group(&self, group: usize) -> Group<u32> {
        let buckets = self.buckets.get(histogram::of_group(group));
        let buckets = buckets.unwrap_or_default();
        if let Some(full) = buckets.first_chunk::<GROUP>() {
            return full.each_ref().map(|bucket| bucket.load(Relaxed));
        }
        let mut counts = [0; GROUP];
        for (count, bucket) in counts.iter_mut().zip(buckets) {
            *count = bucket.load(Relaxed);
        }
        counts
    }

    /// Adds to `totals` what started. To be read after everything that [ended](Self::add_ended), of all blocks: a call
    /// may start on one thread and end on another.
    pub(crate) fn add_started(&self, totals: &mut Totals) {
        totals.running = totals.running.wrapping_add(self.started.load(Relaxed));
    }
}

/// The place of the next duration in the ring.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "less than 16")]
const fn slot(timed: u64) -> usize {
    (timed % PENDING as u64) as usize
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is wanted")]
const fn low(sum: u128) -> u64 {
    sum as u64
}

fn load(numbers: &[AtomicU64; 4], order: std::sync::atomic::Ordering) -> Outcomes {
    numbers.each_ref().map(|number| number.load(order))
}

mod sampled;
#[cfg(test)]
mod tests;
