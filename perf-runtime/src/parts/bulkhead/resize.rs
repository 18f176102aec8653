//! More permits, or fewer, while calls run and wait.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use std::task::Waker;

use super::sync::lock;
use super::{Bulkhead, Handover, IN_USE, MAX, MOST, QUEUED, max_of};

impl Bulkhead {
    /// Changes how many permits there are, at least one. New ones are granted to those who have waited longest. Of fewer than
    /// before none is taken from who has it, and those who wait are woken to look whether they wait for their own callers now.
    pub(crate) fn resize(&self, max: u32) -> Handover {
        let max = u64::from(max.clamp(1, MOST));
        let (to_wake, mut handover) = self.with_queue(|queue| {
            self.peak.will_be(max);
            let anew = |state: u64| Some(state & QUEUED | max << MAX | state & IN_USE);
            let before = self.state.fetch_update(AcqRel, Acquire, anew);
            if before.is_ok_and(|before| max_of(before) <= max) {
                return Vec::new();
            }
            // Ours in the place of theirs, which are woken outside of the lock; they bring another one when they look.
            let theirs = |waker| std::mem::replace(waker, Waker::noop().clone());
            queue.waiting.values_mut().map(theirs).collect()
        });
        handover.wakers.extend(to_wake);
        handover
    }

    /// Changes how many may wait. Those who do so already stay, also where they are more.
    pub(crate) fn resize_queue(&self, places: usize) {
        // Who joins sees the one number or the other.
        let _queue = lock(&self.queue);
        self.places.store(places, Release);
    }
}
