//! What is measured: a tool and its rows.
//!
//! A row is one way to call a tool in a loop, a shape says which rows of other tools it can be compared with, and a tool
//! is everything that shares one process. Tools are tables of functions: a row names no type of a tool, so that all of
//! them go through one harness.

use std::cell::Cell;

use serde::{Deserialize, Serialize};

use crate::harness::two_reads_of_the_counter;

/// Which row of a peer a row is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Shape {
    /// A plain function.
    Sync,
    /// A future that is ready when first polled.
    Ready,
    /// A future that waits once.
    Suspended,
    /// A hit among a thousand numbers.
    Hit,
    /// A hit among a million numbers.
    HitMillion,
    /// A hit by `&str`, the answer an `Arc`.
    HitText,
    /// A hit of an async function.
    HitAsync,
    /// What a bounded cache makes of a skewed stream over ten times its capacity: hits, misses, evictions.
    Evict,
    /// A miss, always: load, insert, evict.
    Miss,
    /// Two calls of one process, the one the other's baseline.
    Paired,
    /// A closed breaker that looks at failures in a row.
    Breaker,
    /// A closed breaker that looks at the last hundred calls, none of which failed.
    BreakerWindow,
    /// The same when one call of a hundred fails.
    BreakerSeldom,
    /// A closed breaker around a future that is ready when first polled.
    BreakerAsync,
    /// An open breaker.
    Open,
    /// An open breaker around a future.
    OpenAsync,
    /// A closed breaker for each of 64 keys.
    Keyed,
    /// The same with one of them open.
    KeyedOpen,
    /// A rate limiter that lets the call pass.
    Limited,
    /// A rate limiter that does not.
    Denied,
    /// A limit on calls at the same time, never reached.
    Bulkhead,
    /// A retry around what does not fail.
    Retry,
    /// The same around a future that is ready when first polled.
    RetryAsync,
    /// A time limit around such a future.
    Timeout,
    /// Retry, breaker and time limit around such a future.
    Stack3,
    /// Retry, breaker, rate limiter, bulkhead and time limit around such a future.
    Stack5,
    /// A caller whose item is in a batch with nobody else's.
    Alone,
    /// 64 tasks of one thread that hand in one item after the other.
    Batch64,
    /// The same with two threads.
    Batch64Two,
    /// 1,024 tasks of one thread.
    Batch1024,
    /// The same with two threads.
    Batch1024Two,
    /// A body that runs on a thread for such bodies, awaited.
    Offloaded,
    /// The same for 64 tasks.
    Offloaded64,
}

/// One thing to measure.
pub struct Row {
    /// Its name, unlike that of any other row of the tool.
    pub name: &'static str,
    /// Which row of a peer it is compared with.
    pub shape: Shape,
    /// Measured calls in one turn.
    pub calls_per_turn: u64,
    /// Makes the calls of this many turns.
    pub run: fn(turns: u64),
    /// Its baseline.
    pub beside: fn(turns: u64),
    /// What has to be done once per process before.
    pub fill: fn(),
    /// What every thread has to do before it makes the calls of this many turns, untimed.
    pub prepare: fn(turns: u64),
}

impl Row {
    /// A row whose `run` makes one call per turn.
    #[must_use]
    pub const fn new(name: &'static str, shape: Shape, run: fn(turns: u64)) -> Self {
        Self {
            name,
            shape,
            calls_per_turn: 1,
            run,
            beside: two_reads_of_the_counter,
            fill: || {},
            prepare: |_| {},
        }
    }

    /// The row's baseline, in place of two reads of the counter.
    #[must_use]
    pub const fn beside(mut self, baseline: fn(turns: u64)) -> Self {
        self.beside = baseline;
        self
    }

    /// What has to be done once per process before the row is measured.
    #[must_use]
    pub const fn filled_by(mut self, fill: fn()) -> Self {
        self.fill = fill;
        self
    }

    /// What every thread has to do before it makes the calls of this many turns, and those of the baseline.
    #[must_use]
    pub const fn prepared_by(mut self, prepare: fn(turns: u64)) -> Self {
        self.prepare = prepare;
        self
    }

    /// The row makes this many measured calls per turn.
    #[must_use]
    pub const fn calls_per_turn(mut self, calls: u64) -> Self {
        self.calls_per_turn = calls;
        self
    }
}

/// A row from one call: neither its argument nor its answer is known to the optimizer.
#[macro_export]
macro_rules! row {
    ($name:literal, $shape:ident, |$x:ident| $call:expr) => {
        $crate::rows::Row::new($name, $crate::rows::Shape::$shape, |turns| {
            for turn in 0..turns {
                let $x = ::std::hint::black_box(turn);
                let _ = ::std::hint::black_box($call);
            }
        })
    };
}

/// A tool: what has to live while it measures, and its rows.
pub struct Tool {
    /// Its name.
    pub name: &'static str,
    /// Switches it on; runs once per process.
    pub start: fn(),
    /// What is measured.
    pub rows: fn() -> Vec<Row>,
    /// It works in the background after a call; its processor time is read when it rests.
    pub background: bool,
}

thread_local! {
    static LOADS: Cell<u64> = const { Cell::new(0) };
}

/// Counts one run of what a cache is there to spare, on this thread.
pub fn count_load() {
    LOADS.set(LOADS.get() + 1);
}

/// Loads counted on this thread so far.
#[must_use]
pub fn loads() -> u64 {
    LOADS.get()
}
