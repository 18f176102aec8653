//! One call: the time stamps at its ends, and the bookkeeping between them.
//!
//! Bookkeeping comes before the first stamp and after the last, so that a call's duration is its own. A sync call is a
//! [`Frame`]; a future is polled many times, perhaps on many threads, and keeps a [`Progress`] between the polls.
//!
//! Self time: a call puts the time it took into its caller's `inner`; what a call took less its own `inner` is its
//! own. Over all calls of a thread the own times add up to the time of the outermost.

use std::marker::PhantomData;

use crate::clock;
use crate::parts::block::Block;
use crate::parts::local::{self, Local};
use crate::parts::series::Series;
use crate::parts::totals::{Ending, Times};

/// A sync call that runs. Belongs to the thread that started it.
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

/// What a future that is polled as one call knows of itself.
pub(crate) struct Progress {
    start: u64,
    busy: u64,
    inner: u64,
    state: State,
}

/// A word wide: a new [`Progress`] is then written as whole words, which the first poll can read back at once.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
enum State {
    NeverPolled,
    Timed,
    Untimed,
    Ended,
}

/// One poll. Belongs to the thread that polls.
pub(crate) struct Turn {
    /// Known when this is the first poll, in which most futures are ready.
    block: Option<&'static Block>,
    start: u64,
    outer: u64,
}

impl Progress {
    /// Not a call yet: that begins with the first poll.
    pub(crate) const fn new() -> Self {
        Self {
            start: 0,
            busy: 0,
            inner: 0,
            state: State::NeverPolled,
        }
    }

    /// Whether the call has ended; polls after that do not count.
    #[inline]
    pub(crate) fn has_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// Whether the call runs, between polls or in one.
    #[inline]
    pub(crate) fn runs(&self) -> bool {
        matches!(self.state, State::Timed | State::Untimed)
    }

    /// A poll begins.
    #[inline]
    pub(crate) fn begin(&mut self, series: &'static Series) -> Turn {
        if self.state != State::NeverPolled {
            return self.go_on();
        }
        let (block, timed, outer) = local::with(|local| {
            let block = local.block(series);
            (block, begin(series, local, block), local.descend())
        })
        .unwrap_or_else(|| (None, begin_shared(series), 0));
        self.state = if timed { State::Timed } else { State::Untimed };
        let start = stamp(timed);
        self.start = start;
        Turn {
            block,
            start,
            outer,
        }
    }

    #[inline]
    fn go_on(&self) -> Turn {
        Turn {
            block: None,
            outer: local::with(Local::descend).unwrap_or(0),
            start: stamp(self.state == State::Timed),
        }
    }

    /// A poll ends, and the call does not.
    #[inline]
    pub(crate) fn pause(&mut self, turn: &Turn) {
        let spent = stamp(self.state == State::Timed).saturating_sub(turn.start);
        let inner = local::with(|local| {
            let inner = local.inner();
            local.ascend(turn.outer, inner.max(spent));
            inner
        });
        self.spend(spent, inner.unwrap_or(0));
    }

    /// A poll ends, and with it the call. Gives how many ticks the call took when that was slow.
    #[inline]
    pub(crate) fn end(
        &mut self,
        series: &'static Series,
        turn: &Turn,
        ending: Ending,
    ) -> Option<u64> {
        if self.state != State::Timed {
            self.end_untimed(series, turn, ending);
            return None;
        }
        self.state = State::Ended;
        let now = clock::ticks();
        let spent = now.saturating_sub(turn.start);
        let elapsed = now.saturating_sub(self.start);
        let slow = local::with(|local| {
            self.spend(spent, local.inner());
            local.ascend(turn.outer, spent);
            let block = turn.block.or_else(|| local.block(series));
            end(series, block, ending, self.times(elapsed))
        });
        slow.unwrap_or_else(|| self.end_late(series, spent, elapsed, ending))
            .then_some(elapsed)
    }

    #[inline(never)]
    fn end_untimed(&mut self, series: &'static Series, turn: &Turn, ending: Ending) {
        self.state = State::Ended;
        let block = local::with(|local| {
            let block = local.block(series);
            let typical = block.map_or(0, Block::typical);
            local.ascend(turn.outer, local.inner().max(typical));
            block
        });
        match block.flatten() {
            Some(block) => series.end_untimed(block, ending),
            None => _ = series.end_shared(ending, None),
        }
    }

    /// A poll that outlives the storage of its thread, in a destructor.
    #[cold]
    #[inline(never)]
    fn end_late(
        &mut self,
        series: &'static Series,
        spent: u64,
        elapsed: u64,
        ending: Ending,
    ) -> bool {
        self.spend(spent, 0);
        series.end_shared(ending, Some(self.times(elapsed)))
    }

    #[inline]
    fn spend(&mut self, spent: u64, inner: u64) {
        self.busy = self.busy.saturating_add(spent);
        self.inner = self.inner.saturating_add(inner.min(spent));
    }

    #[inline]
    fn times(&self, elapsed: u64) -> Times {
        Times {
            elapsed,
            own: self.busy.saturating_sub(self.inner),
            busy: self.busy,
        }
    }

    /// The future is dropped while the call runs. Gives how many ticks it took when that was slow.
    #[cold]
    #[inline(never)]
    pub(crate) fn abandon(&mut self, series: &'static Series) -> Option<u64> {
        let is_timed = self.state == State::Timed;
        self.state = State::Ended;
        let elapsed = stamp(is_timed).saturating_sub(self.start);
        let block = local::with(|local| local.block(series)).flatten();
        let times = self.times(elapsed);
        let slow = match (block, is_timed) {
            (Some(block), true) => series.end(block, Ending::Cancelled, times),
            (Some(block), false) => {
                series.end_untimed(block, Ending::Cancelled);
                false
            }
            (None, _) => series.end_shared(Ending::Cancelled, is_timed.then_some(times)),
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
