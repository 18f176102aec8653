//! The most permits that were in use at once, and the most that there were.
//!
//! Two numbers, because permits come and go: what was in use at its peak is no more than there were, at most, and may be more
//! than there are.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Release, SeqCst};

use super::sync::{AtomicU64, lock};
use super::{Bulkhead, IN_USE, max_of};

/// See the module.
pub(super) struct Peak {
    in_use: AtomicU64,
    there: AtomicU64,
}

impl Peak {
    pub(super) fn new(max: u64) -> Self {
        Self {
            in_use: AtomicU64::new(0),
            there: AtomicU64::new(max),
        }
    }

    /// So many are in use, since a step in the one order of all that `SeqCst` steps have.
    #[inline]
    pub(super) fn rises_to(&self, in_use: u64) {
        // Written by the few who are the first to be so many.
        if self.in_use.load(SeqCst) < in_use {
            self.in_use.fetch_max(in_use, SeqCst);
        }
    }

    /// There will be so many. Before anybody can be let in by that.
    pub(super) fn will_be(&self, max: u64) {
        self.there.fetch_max(max, AcqRel);
    }
}

impl Bulkhead {
    /// The most that were in use at once.
    pub(crate) fn peak(&self) -> u64 {
        self.peak.in_use.load(Acquire).max(self.in_use())
    }

    /// The most that there were at once, those included that were taken away while they were in use: never less than the peak,
    /// if it is asked for after it.
    pub(crate) fn highest(&self) -> u64 {
        self.peak.there.load(Acquire)
    }

    /// Starts both anew, with what is in use and what there is.
    pub(crate) fn reset_peak(&self) {
        // Against a resize meanwhile.
        let _queue = lock(&self.queue);
        // Of whoever takes one meanwhile, either the load below sees it, or it sees this store: all four steps are in one order.
        self.peak.in_use.store(0, SeqCst);
        let state = self.state.load(SeqCst);
        let in_use = state & IN_USE;
        self.peak.in_use.fetch_max(in_use, SeqCst);
        self.peak.there.store(max_of(state).max(in_use), Release);
    }
}
