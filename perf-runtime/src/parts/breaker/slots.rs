//! The calls of the last while, in ten slots of time.
//!
//! A slot counts what happened in its tenth of the window; the window is the running slot and the nine before it. The
//! numbers of a slot belong to one tenth of one generation: whoever finds those of another there starts them anew, so
//! nobody has to come by when time passes. A clock that leaps only makes slots of another time, which do not count.
//!
//! Under several threads no call is lost, but for those of a thread that was stopped for longer than the window between
//! reading the time and counting.

use std::sync::atomic::Ordering::{AcqRel, Acquire};

use super::ring::Mark;
use super::sync::AtomicU64;

/// How many slots a window has.
const SLOTS: u8 = 10;
const COUNT: u32 = 32;
const COUNT_MASK: u64 = (1 << COUNT) - 1;
const SLOT: u32 = 20;

/// See the module. A number is `[generation 12][slot 20][count 32]`.
pub(super) struct Slots {
    width_ns: u64,
    slots: [Slot; SLOTS as usize],
}

struct Slot {
    calls: AtomicU64,
    failures: AtomicU64,
    slow: AtomicU64,
}

/// What a window has in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sums {
    pub(super) calls: u64,
    pub(super) failures: u64,
    pub(super) slow: u64,
}

impl Slots {
    pub(super) fn new(window_ns: u64) -> Self {
        Self {
            width_ns: (window_ns / u64::from(SLOTS)).max(1),
            slots: std::array::from_fn(|_| Slot {
                calls: AtomicU64::new(0),
                failures: AtomicU64::new(0),
                slow: AtomicU64::new(0),
            }),
        }
    }

    pub(super) fn push(&self, generation: u64, now_ns: u64, mark: Mark) {
        let number = now_ns / self.width_ns;
        let Some(slot) = self.slot(number) else {
            return;
        };
        let tag = tag(generation, number);
        add(&slot.calls, tag, 1);
        // Also where there is nothing to add: all three belong to one time, wherever the clock has leapt.
        add(&slot.failures, tag, u64::from(mark.failure));
        add(&slot.slow, tag, u64::from(mark.slow));
    }

    pub(super) fn sums(&self, generation: u64, now_ns: u64) -> Sums {
        let last = now_ns / self.width_ns;
        let numbers = last.saturating_sub(u64::from(SLOTS) - 1)..=last;
        numbers.fold(Sums::default(), |sums, number| {
            let Some(slot) = self.slot(number) else {
                return sums;
            };
            let tag = tag(generation, number);
            // Failures first: who is seen there has been seen among the calls.
            let bad = (count(&slot.failures, tag), count(&slot.slow, tag));
            Sums {
                calls: sums.calls + count(&slot.calls, tag),
                failures: sums.failures + bad.0,
                slow: sums.slow + bad.1,
            }
        })
    }

    fn slot(&self, number: u64) -> Option<&Slot> {
        self.slots
            .get(usize::try_from(number % u64::from(SLOTS)).ok()?)
    }
}

/// Whose a number is. What a slot begins with, zero, is that of the first slot of all, and counts nothing.
const fn tag(generation: u64, number: u64) -> u64 {
    let slot = number & ((1 << SLOT) - 1);
    (generation << SLOT | slot) << COUNT
}

fn add(number: &AtomicU64, tag: u64, more: u64) {
    let mut known = number.load(Acquire);
    loop {
        let new = if known & !COUNT_MASK != tag {
            tag | more
        } else if more > 0 && known & COUNT_MASK < COUNT_MASK {
            known + more
        } else {
            return;
        };
        match number.compare_exchange_weak(known, new, AcqRel, Acquire) {
            Ok(_) => return,
            Err(other) => known = other,
        }
    }
}

fn count(number: &AtomicU64, tag: u64) -> u64 {
    let known = number.load(Acquire);
    if known & !COUNT_MASK == tag {
        known & COUNT_MASK
    } else {
        0
    }
}
