//! What is known of a series, added up: plain numbers, no atomics.

use crate::parts::buckets::Buckets;

/// How a call can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With an answer that is no error.
    Ok,
    /// With an error.
    Error,
    /// It unwound.
    Panic,
    /// Its future was dropped before it was ready.
    Cancelled,
}

/// Calls by the way they ended, in the order of [`Ending`].
pub(crate) type Outcomes = [u64; 4];

/// The times of one call, in ticks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// From start to end.
    pub(crate) elapsed: u64,
    /// While it ran, its measured callees left out.
    pub(crate) own: u64,
    /// While it ran.
    pub(crate) busy: u64,
}

/// Sums over calls; times in ticks.
#[derive(Debug)]
pub(crate) struct Totals {
    /// Started minus ended. Wraps: the parts of one series may end each other's calls, only their sum has a meaning.
    pub(crate) running: u64,
    pub(crate) outcomes: Outcomes,
    pub(crate) slow: u64,
    pub(crate) own: u64,
    pub(crate) busy: u64,
    /// How many calls were timed; everything below is about these.
    pub(crate) timed: u64,
    pub(crate) sum: u128,
    /// `u64::MAX` when nothing was timed.
    pub(crate) min: u64,
    pub(crate) max: u64,
    pub(crate) buckets: Buckets,
}

impl Totals {
    /// Nothing happened.
    pub(crate) const fn new() -> Self {
        Self {
            running: 0,
            outcomes: [0; 4],
            slow: 0,
            own: 0,
            busy: 0,
            timed: 0,
            sum: 0,
            min: u64::MAX,
            max: 0,
            buckets: Buckets::new(),
        }
    }

    /// Calls that ended.
    pub(crate) fn calls(&self) -> u64 {
        self.outcomes.iter().sum()
    }

    /// Calls in flight. The parts are read one after the other, so while calls run a part may be seen to have ended a
    /// call whose start another part had not shown yet; that is no call in flight.
    pub(crate) fn in_flight(&self) -> u64 {
        if self.running.cast_signed() < 0 {
            0
        } else {
            self.running
        }
    }

    pub(crate) fn add_outcomes(&mut self, outcomes: Outcomes) {
        for (sum, more) in self.outcomes.iter_mut().zip(outcomes) {
            *sum = sum.wrapping_add(more);
        }
    }

    /// Adds everything `other` knows.
    pub(crate) fn add(&mut self, other: &Self) {
        self.running = self.running.wrapping_add(other.running);
        self.add_outcomes(other.outcomes);
        self.slow = self.slow.wrapping_add(other.slow);
        self.own = self.own.wrapping_add(other.own);
        self.busy = self.busy.wrapping_add(other.busy);
        self.timed = self.timed.wrapping_add(other.timed);
        self.sum = self.sum.wrapping_add(other.sum);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.buckets.add(&other.buckets);
    }

    /// Forgets what ended; what runs stays.
    pub(crate) fn reset(&mut self) {
        let running = self.running;
        *self = Self::new();
        self.running = running;
    }
}
