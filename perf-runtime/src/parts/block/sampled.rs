//! Which calls are timed, where not all are.
//!
//! Either one in so many is, and times say nothing of how many calls there were; or a timed call stands for those before
//! it that were left out, and there are as many times as calls but for the last few.

use std::sync::atomic::Ordering::{Relaxed, Release};

use super::{Block, add, slot};
use crate::parts::copied::PENDING;
use crate::parts::totals::Times;

impl Block {
    /// Whether this call is timed, when one in `sample` is: the gap to the next is random with that mean, so that no
    /// rhythm of the program can hide from it.
    #[inline]
    pub(crate) fn is_sampled(&self, gap: impl FnOnce() -> u64) -> bool {
        let left = match self.gap.load(Relaxed) {
            0 => gap(),
            left => left,
        };
        let left = left.saturating_sub(1);
        self.gap.store(left, Relaxed);
        left == 0
    }

    /// For how many calls this one is timed: none, itself, or those of the [gap](Self::leave_out) that ends with it, too.
    #[inline]
    pub(crate) fn stands_for(&self) -> u64 {
        match self.gap.load(Relaxed) {
            0 => 1,
            1 => {
                self.gap.store(0, Relaxed);
                self.stands_for.load(Relaxed)
            }
            left => {
                self.gap.store(left - 1, Relaxed);
                0
            }
        }
    }

    /// Of the next so many calls only the last is timed, and stands for all of them.
    pub(crate) fn leave_out(&self, gap: u64) {
        self.gap.store(gap, Relaxed);
        self.stands_for.store(gap, Relaxed);
    }

    /// The times of so many calls that took the same, as [`time`](Self::time) has those of one.
    pub(crate) fn time_many(&self, times: Times, calls: u64) -> bool {
        add(&self.own, times.own.wrapping_mul(calls));
        add(&self.busy, times.busy.wrapping_mul(calls));
        let before = self.timed.load(Relaxed);
        let after = before.wrapping_add(calls);
        let waiting = slot(before);
        // Those that stay in the ring, which are the last.
        let stay = slot(after);
        if waiting as u64 + calls < PENDING as u64 {
            for pending in self.pending.iter().take(stay).skip(waiting) {
                pending.store(times.elapsed, Relaxed);
            }
            self.timed.store(after, Release);
            return false;
        }
        let epoch = self.open();
        let pending = self.pending.iter().take(waiting);
        let pending = pending.map(|pending| (pending.load(Relaxed), 1));
        let folded = calls.saturating_sub(stay as u64);
        let is_full = self.fold_in(pending.chain([(times.elapsed, folded)]));
        for pending in self.pending.iter().take(stay) {
            pending.store(times.elapsed, Relaxed);
        }
        self.timed.store(after, Relaxed);
        self.close(epoch);
        is_full
    }

    /// Learns what a call takes of its caller's time, from the timed ones: their moving average.
    pub(crate) fn learn(&self, busy: u64) {
        let typical = self.typical.load(Relaxed);
        let next = if typical == 0 {
            busy
        } else {
            typical - typical / 8 + busy / 8
        };
        self.typical.store(next, Relaxed);
    }

    /// What a call usually takes of its caller's time.
    #[inline]
    pub(crate) fn typical(&self) -> u64 {
        self.typical.load(Relaxed)
    }
}
