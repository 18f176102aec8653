//! One call: the time stamps at its ends, and the bookkeeping between them.
//!
//! Bookkeeping comes before the first stamp and after the last, so that a call's duration is its own. A sync call is a
//! [`Frame`], and so is every poll of a future: one that is ready when first polled costs what a sync call costs. What
//! lies before the poll that ends a call, perhaps on other threads, is kept in [`Pauses`].
//!
//! Self time: a call puts the time it took into its caller's `inner`; what a call took less its own `inner` is its
//! own. Over all calls of a thread the own times add up to the time of the outermost.

use std::marker::PhantomData;

use crate::clock;
use crate::parts::block::Block;
use crate::parts::local::{self, Local};
use crate::parts::series::Series;
use crate::parts::totals::{Ending, Times};

/// A sync call that runs, or one poll of a future. Belongs to the thread that started it.
pub(crate) struct Frame {
    series: &'static Series,
    block: Option<&'static Block>,
    start: u64,
    outer: u64,
    timed: bool,
    not_send: PhantomData<*const ()>,
}

impl Frame {
    /// A call begins.
    #[inline]
    pub(crate) fn enter(series: &'static Series) -> Self {
        let (block, timed, outer) = local::with(|local| {
            let block = local.block(series);
            (block, begin(series, local, block), local.descend())
        })
        .unwrap_or_else(|| (None, begin_shared(series), 0));
        Self {
            series,
            block,
            outer,
            timed,
            not_send: PhantomData,
            start: stamp(timed),
        }
    }

    /// A poll after the end of its call: counts nothing.
    pub(crate) const fn of_nothing(series: &'static Series) -> Self {
        Self {
            series,
            block: None,
            start: 0,
            outer: 0,
            timed: false,
            not_send: PhantomData,
        }
    }

    /// The call ends. Gives how many ticks it took when that was slow.
    #[inline]
    pub(crate) fn exit(&self, ending: Ending) -> Option<u64> {
        if !self.timed {
            self.exit_untimed(ending);
            return None;
        }
        let elapsed = clock::ticks().saturating_sub(self.start);
        let slow = local::with(|local| {
            let inner = local.inner();
            local.ascend(self.outer, elapsed);
            let times = Times {
                elapsed,
                own: elapsed.saturating_sub(inner),
                busy: elapsed,
            };
            end(self.series, self.block, ending, times)
        });
        slow.unwrap_or_else(|| self.exit_late(elapsed, ending))
            .then_some(elapsed)
    }

    #[inline]
    fn exit_untimed(&self, ending: Ending) {
        let block = local::with(|local| {
            let typical = self.block.map_or(0, Block::typical);
            local.ascend(self.outer, local.inner().max(typical));
            self.block
        });
        match block.flatten() {
            Some(block) => self.series.end_untimed(block, ending),
            None => _ = self.series.end_shared(ending, None),
        }
    }

    /// A call that outlives the storage of its thread, in a destructor.
    #[cold]
    #[inline(never)]
    fn exit_late(&self, elapsed: u64, ending: Ending) -> bool {
        let times = Times {
            elapsed,
            own: elapsed,
            busy: elapsed,
        };
        self.series.end_shared(ending, Some(times))
    }
}

/// The polls of a call that did not end it.
pub(crate) struct Pauses {
    start: u64,
    busy: u64,
    inner: u64,
    timed: bool,
}

impl Pauses {
    /// The first poll ends, and the call does not.
    pub(crate) fn after(first: &Frame) -> Self {
        let mut pauses = Self {
            start: first.start,
            busy: 0,
            inner: 0,
            timed: first.timed,
        };
        pauses.pause(first);
        pauses
    }

    /// Another poll begins.
    pub(crate) fn go_on(&self, series: &'static Series) -> Frame {
        Frame {
            outer: local::with(Local::descend).unwrap_or(0),
            timed: self.timed,
            start: stamp(self.timed),
            ..Frame::of_nothing(series)
        }
    }

    /// A poll ends, and the call does not.
    pub(crate) fn pause(&mut self, poll: &Frame) {
        let spent = stamp(self.timed).saturating_sub(poll.start);
        let inner = local::with(|local| {
            let inner = local.inner();
            local.ascend(poll.outer, inner.max(spent));
            inner
        });
        self.spend(spent, inner.unwrap_or(0));
    }

    /// A poll ends, and with it the call. Gives how many ticks the call took when that was slow.
    pub(crate) fn end(mut self, poll: &Frame, ending: Ending) -> Option<u64> {
        let series = poll.series;
        if !self.timed {
            let frame = Frame {
                block: local::with(|local| local.block(series)).flatten(),
                ..*poll
            };
            frame.exit_untimed(ending);
            return None;
        }
        let now = clock::ticks();
        let spent = now.saturating_sub(poll.start);
        let elapsed = now.saturating_sub(self.start);
        let slow = local::with(|local| {
            self.spend(spent, local.inner());
            local.ascend(poll.outer, spent);
            end(series, local.block(series), ending, self.times(elapsed))
        });
        let slow = slow.unwrap_or_else(|| {
            self.spend(spent, 0);
            series.end_shared(ending, Some(self.times(elapsed)))
        });
        slow.then_some(elapsed)
    }

    fn spend(&mut self, spent: u64, inner: u64) {
        self.busy = self.busy.saturating_add(spent);
        self.inner = self.inner.saturating_add(inner.min(spent));
    }

    fn times(&self, elapsed: u64) -> Times {
        Times {
            elapsed,
            own: self.busy.saturating_sub(self.inner),
            busy: self.busy,
        }
    }

    /// The future is dropped while the call runs. Gives how many ticks it took when that was slow.
    pub(crate) fn abandon(&self, series: &'static Series) -> Option<u64> {
        let elapsed = stamp(self.timed).saturating_sub(self.start);
        let block = local::with(|local| local.block(series)).flatten();
        let times = self.times(elapsed);
        let slow = match (block, self.timed) {
            (Some(block), true) => series.end(block, Ending::Cancelled, times),
            (Some(block), false) => {
                series.end_untimed(block, Ending::Cancelled);
                false
            }
            (None, _) => series.end_shared(Ending::Cancelled, self.timed.then_some(times)),
        };
        slow.then_some(elapsed)
    }
}

/// Counts a start, and says whether the call is timed.
#[inline]
fn begin(series: &'static Series, local: &Local, block: Option<&Block>) -> bool {
    let Some(block) = block else {
        return begin_shared(series);
    };
    block.start();
    let sample = series.sample();
    sample <= 1 || block.is_sampled(|| local.gap(sample))
}

#[cold]
#[inline(never)]
fn begin_shared(series: &'static Series) -> bool {
    let number = series.shared().start();
    series.sample() <= 1 || scattered(number).is_multiple_of(series.sample())
}

/// A timed call ended. True when it was slow.
#[inline]
fn end(series: &Series, block: Option<&Block>, ending: Ending, times: Times) -> bool {
    match block {
        Some(block) => series.end(block, ending, times),
        None => series.end_shared(ending, Some(times)),
    }
}

/// Makes neighbouring numbers look random; the finaliser of `SplitMix64`.
const fn scattered(number: u64) -> u64 {
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

#[inline]
fn stamp(timed: bool) -> u64 {
    if timed { clock::ticks() } else { 0 }
}
