//! One run of a body, timed.

use super::Core;
use crate::clock::{self, coarse::Clock};
use crate::parts::local;
use crate::parts::series::Series;
use crate::parts::totals::{Ending, Times};

/// A load that runs. Dropped before its end it was cancelled, or it panicked.
pub(crate) struct Load {
    core: &'static Core,
    start: u64,
    is_over: bool,
}

impl Load {
    pub(super) fn begin(core: &'static Core, clock: &'static Clock) -> Self {
        let series = &core.loads;
        match local::with(|local| local.block(series)).flatten() {
            Some(block) => block.start(),
            None => _ = series.shared().start(),
        }
        let start = clock::ticks();
        clock.keep_up(start);
        Self {
            core,
            start,
            is_over: false,
        }
    }

    pub(super) fn end(mut self, ending: Ending) {
        self.is_over = true;
        self.record(ending);
    }

    fn record(&self, ending: Ending) {
        let series: &'static Series = &self.core.loads;
        let elapsed = clock::ticks().saturating_sub(self.start);
        let times = Times {
            elapsed,
            own: elapsed,
            busy: elapsed,
        };
        // A load may end on another thread than it began on.
        match local::with(|local| local.block(series)).flatten() {
            Some(block) => _ = series.end(block, ending, times),
            None => _ = series.end_shared(ending, Some(times)),
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        if !self.is_over {
            let ending = if std::thread::panicking() {
                Ending::Panic
            } else {
                Ending::Cancelled
            };
            self.record(ending);
        }
    }
}
