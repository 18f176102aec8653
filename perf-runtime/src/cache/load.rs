//! One run of a body, timed.
//!
//! To read the clock twice costs as much as a body that does next to nothing. After a run that took less than a
//! microsecond a random number of the thread's next runs, 16 on the average, is represented by the last of them: it is
//! timed, and counts for all. The number is known before the time is, so that mean and distribution stay true; how often
//! bodies ran and how they ended is exact always. Longer runs are timed, each of them.

use std::mem::ManuallyDrop;

use super::Core;
use crate::clock::{self, coarse::Clock};
use crate::parts::local;
use crate::parts::series::Series;
use crate::parts::totals::{Ending, Times};

/// A load that runs. Dropped before its end it was cancelled, or it panicked.
pub(crate) struct Load {
    core: &'static Core,
    /// Of one that is not timed, nothing.
    start: u64,
    /// For how many loads it is timed.
    timed_for: u64,
}

/// From so many nanoseconds on, every load is timed.
const LONG: u64 = 1_000;
/// Of shorter ones, one in so many.
const SAMPLE: u64 = 16;

// What a load is made of goes in registers, both ways: from memory the processor would read as a whole what it has just
// written in parts, and wait for all that it has written before.
impl Load {
    #[inline]
    pub(super) fn begin(core: &'static Core, clock: &'static Clock) -> Self {
        let (start, timed_for) = begin(&core.loads, clock);
        Self {
            core,
            start,
            timed_for,
        }
    }

    #[inline]
    pub(super) fn end(self, ending: Ending) {
        ManuallyDrop::new(self).record(ending);
    }

    #[inline]
    fn record(&self, ending: Ending) {
        record(&self.core.loads, self.start, self.timed_for, ending);
    }
}

/// When it began, and for how many it is timed.
#[inline(never)]
fn begin(series: &'static Series, clock: &'static Clock) -> (u64, u64) {
    let timed_for = if let Some(block) = local::with(|local| local.block(series)).flatten() {
        series.start(block)
    } else {
        series.shared().start();
        1
    };
    if timed_for == 0 {
        return (0, 0);
    }
    let start = clock::ticks();
    clock.keep_up(start);
    (start, timed_for)
}

#[inline(never)]
fn record(series: &'static Series, start: u64, timed_for: u64, ending: Ending) {
    if timed_for == 0 {
        match local::with(|local| local.block(series)).flatten() {
            Some(block) => series.end_untimed(block, ending),
            None => _ = series.end_shared(ending, None),
        }
        return;
    }
    let elapsed = clock::ticks().saturating_sub(start);
    let times = Times {
        elapsed,
        own: elapsed,
        busy: elapsed,
    };
    let is_short = clock::nanos(elapsed, clock::factor()) < LONG;
    // A load may end on another thread than it began on.
    let ended = local::with(|local| {
        let block = local.block(series)?;
        series.end_for(block, ending, times, timed_for);
        if is_short {
            block.leave_out(local.gap(SAMPLE));
        }
        Some(())
    });
    if ended.flatten().is_none() {
        series.end_shared(ending, Some(times));
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.record(if std::thread::panicking() {
            Ending::Panic
        } else {
            Ending::Cancelled
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::Settings;
    use super::*;

    /// On a clock that stands still but for the loads.
    fn load(core: &'static Core, ticks: u64) {
        let load = Load::begin(core, Clock::system());
        clock::test::pass(ticks);
        load.end(Ending::Ok);
    }

    const SHORT: u64 = 10;
    const MUCH_LONGER: u64 = 1_000_000;

    #[test]
    fn short_loads_are_all_counted_and_represented_by_a_few() {
        clock::test::set(0);
        let core = Core::new("short loads", Settings::new());
        for _ in 0..10_000 {
            load(core, SHORT);
        }
        let totals = core.loads.totals();
        assert_eq!(totals.outcomes, [10_000, 0, 0, 0]);
        assert!(totals.timed <= 10_000, "{}", totals.timed);
        assert!(totals.timed > 10_000 - 2 * SAMPLE, "{}", totals.timed);
        assert_eq!(totals.sum, u128::from(totals.timed * SHORT));
    }

    #[test]
    fn long_loads_are_timed_each() {
        clock::test::set(0);
        let core = Core::new("long loads", Settings::new());
        for more in 0..1_000 {
            load(core, MUCH_LONGER + more);
        }
        let totals = core.loads.totals();
        assert_eq!(totals.timed, 1_000);
        let all = u128::from(1_000 * MUCH_LONGER + (0..1_000).sum::<u64>());
        assert_eq!((totals.sum, totals.max), (all, MUCH_LONGER + 999));
    }

    #[test]
    fn what_was_left_out_before_a_reset_is_not_made_up_for_after_it() {
        clock::test::set(0);
        let core = Core::new("loads and resets", Settings::new());
        for _ in 0..200 {
            load(core, SHORT);
            core.loads.reset();
            load(core, SHORT);
            let totals = core.loads.totals();
            assert_eq!(totals.outcomes, [1, 0, 0, 0]);
            assert!(totals.timed <= 1, "{}", totals.timed);
            for _ in 0..40 {
                load(core, SHORT);
            }
        }
    }

    #[test]
    fn a_reset_during_a_load_that_stands_for_others_leaves_it_itself() {
        clock::test::set(0);
        let core = Core::new("a reset within", Settings::new());
        for _ in 0..200 {
            let running = Load::begin(core, Clock::system());
            core.loads.reset();
            clock::test::pass(SHORT);
            running.end(Ending::Ok);
            let totals = core.loads.totals();
            assert_eq!(totals.outcomes, [1, 0, 0, 0]);
            assert!(totals.timed <= 1, "{}", totals.timed);
        }
    }
}
